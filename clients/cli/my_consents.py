"""`fortrolig consent list` and `show`: everything that waits, is in force, has ended, in lines that fit a telephone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import typer

from clients.cli.answers import answer_lines, answers
from clients.cli.finding import ChildOption, ConsentArgument, day, fitting, role
from clients.cli.invalidating import invalid_json, invalid_line
from clients.cli.naming import category_names, named, series, who
from clients.cli.openings import latest, latest_lines, opening_json, opening_lines
from clients.cli.plain import plain, prose
from clients.cli.reading import child as find_child
from clients.cli.recorded import recorded_line
from clients.cli.session import Session, command
from clients.cli.states import STATES
from clients.sdk import receiving
from clients.sdk.client import Client
from clients.sdk.invalidating import invalid
from clients.sdk.openings import Opening, openings
from clients.sdk.overview import Next, Overview, Place, Shown, overview
from clients.sdk.recorded import written_down
from protocol.consent.answer import Missing
from protocol.consent.terms import Party, UnitParty
from protocol.consent.vocabulary import Purpose
from protocol.identifiers import Instant, PersonId
from protocol.texts import sentence

_PLACES: Mapping[Place, tuple[str, str]] = {
    Place.WAITING: ("Venter på noen", "Waiting for somebody"),
    Place.IN_FORCE: ("Gjelder nå", "In force"),
    Place.ENDED: ("Avsluttet", "Ended"),
}
_EMPTY: Mapping[Place, tuple[str, str]] = {
    Place.WAITING: ("Ingenting venter.", "Nothing waits."),
    Place.IN_FORCE: (
        "Ingenting gjelder nå: ingen kan dele noe om barnet her.",
        "Nothing is in force: nobody can share anything about the child here.",
    ),
    Place.ENDED: ("Ingenting er avsluttet.", "Nothing has ended."),
}
_PURPOSES: Mapping[Purpose, tuple[str, str]] = {
    Purpose.REFERRAL: ("henvisning", "referral"),
    Purpose.INFORMATION: ("innhenting av opplysninger", "information"),
    Purpose.COORDINATION: ("samarbeid", "coordination"),
    Purpose.DISCHARGE: ("utskriving", "discharge"),
    Purpose.OWN_SENDING: ("egen innsending", "own sending"),
}


def register(app: typer.Typer) -> None:
    """Add the commands."""
    command(app, "list")(list_consents)
    command(app, "show")(show)


async def list_consents(session: Session, child: ChildOption = None) -> None:
    """Show all consents around a child: what waits for somebody, what is in force, what has ended.

    Each says who can see what until when, who opened something last, and who must still act. Renewing is offered 14
    days before the end.

    Example: `fortrolig consent list`
    """
    async with session.client() as client:
        found = await overview(client, await find_child(client, child))
        opened = await openings(client, [shown.known for shown in found.consents])
        me = client.person
    if not found.consents:
        session.show({"consents": []}, session.say("Ingen samtykker ennå.", "No consents yet."))
        return
    session.show(
        {
            "consents": [
                {**brief(shown), "last_opened": opening_json(latest(opened[shown.known.digest]))}
                for shown in found.consents
            ]
        },
        *(line for place in Place for line in _section(session, found, place, opened, me)),
    )


async def show(session: Session, consent: ConsentArgument, child: ChildOption = None) -> None:
    """Show one consent: the text to read before you sign, who has signed, who must still act, and what comes next.

    It shows who received and opened what under it, each proved by the reader's own signature and the log, and how far
    came what you and your units sent in the matter.

    Example: `fortrolig consent show 3fa9c1`
    """
    async with session.client() as client:
        found = await overview(client, await find_child(client, child))
        known = fitting([shown.known for shown in found.consents], consent)
        [shown] = [one for one in found.consents if one.known is known]
        sent = await _sent_in(client, shown)
        opened = (await openings(client, [known]))[known.digest]
        me = client.person
    terms = known.terms
    session.show(
        {**brief(shown), "terms": terms.to_json(), "openings": opening_json(opened), "sent": sent},
        f"[bold]{prose(terms.text.body)}[/bold]",
        "",
        *lines(session, found, shown, me),
        "",
        *_signatures(session, shown, me),
        *answer_lines(session, known, me),
        "",
        *opening_lines(session, opened, me),
        "",
        *_sent_lines(session, found, sent, me),
    )


def brief(shown: Shown) -> dict[str, Any]:
    """Tell of a consent as JSON: what it is for, what is left of it, who must still act, what comes next."""
    known, left = shown.known, shown.left
    standing = known.standing
    return {
        "consent": known.digest,
        "id": known.terms.id,
        "matter": known.terms.matter,
        "purpose": str(known.terms.purpose),
        "kind": str(known.terms.kind),
        "place": str(shown.place),
        "state": str(standing.state),
        "reason": None if standing.reason is None else str(standing.reason),
        "missing": [f"{one.act}:{one.person}" for one in standing.missing],
        "senders": [party.id for party in known.terms.senders],
        "receivers": [party.id for party in left.receivers],
        "categories": [str(category) for category in left.categories],
        "share_until": left.share_until,
        "read_until": left.read_until,
        "signed": [each.person for each in known.facts.signatures if each.disputed_at is None],
        "recorded": [word.to_json() for word in written_down(known)],
        "answers": answers(known),
        "narrowed": [{"by": each.person, "at": each.at, **each.less.to_json()} for each in known.facts.narrowings],
        "invalid": [invalid_json(each) for each in invalid(known)],
        "next": str(shown.next),
        "next_at": shown.at,
    }


def _section(
    session: Session, found: Overview, place: Place, opened: Mapping[str, Sequence[Opening]], me: PersonId
) -> Iterator[str]:
    some = [shown for shown in found.consents if shown.place is place]
    yield f"[bold]{session.say(*_PLACES[place])}[/bold] ({len(some)})"
    if not some:
        yield f"  {session.say(*_EMPTY[place])}"
    for shown in some:
        yield from lines(session, found, shown, me)
        yield from latest_lines(session, opened[shown.known.digest], me)
    yield ""


def lines(session: Session, found: Overview, shown: Shown, me: PersonId) -> Iterator[str]:
    """Tell of one consent, a fact a line, whatever of it is left."""
    known, left = shown.known, shown.left
    state = session.say(*STATES[known.standing.state])
    purpose = session.say(*_PURPOSES[known.terms.purpose])
    yield f"  [bold]{known.digest[:16]}[/bold]  {purpose}, {known.terms.kind}"
    yield f"    [bold]{state}[/bold]"
    if shown.place is not Place.ENDED:
        readers = series(_parties(session, found, left.receivers, me))
        yield f"    {session.say('Hvem kan se', 'Who can see')}: {readers}"
        yield f"    {session.say('Hva', 'What')}: {series(category_names(session, left.categories))}"
        yield session.say(f"    Deles til {day(left.share_until)}", f"    Shared until {day(left.share_until)}")
        yield session.say(f"    Leses til {day(left.read_until)}", f"    Read until {day(left.read_until)}")
    if known.standing.reason is not None:
        yield f"    {plain(sentence(known.standing.reason, session.language))}"
    for missing in sorted(known.standing.missing, key=lambda one: one.person != me):
        yield f"    {_must_act(session, missing, me)}"
    yield f"    [dim]{_next(session, shown)}[/dim]"


def _must_act(session: Session, missing: Missing, me: PersonId) -> str:
    person = who(session, missing.person, me)
    told = f"{session.say('Mangler', 'Missing')}: {person} - {role(session, missing.act)}"
    return f"[bold]{told}[/bold]" if missing.person == me else told


def _next(session: Session, shown: Shown) -> str:
    at = "" if shown.at is None else day(shown.at)
    return session.say(
        *{
            Next.SOMEBODY_ACTS: (
                "Videre: ingenting deles før dette er på plass.",
                "Next: nothing is shared before this is in place.",
            ),
            Next.RENEW_LATER: (
                f"Videre: kan fornyes fra {at}. Det skjer aldri av seg selv.",
                f"Next: can be renewed from {at}. That never happens by itself.",
            ),
            Next.RENEW_NOW: (
                "Videre: slutter snart. Om dere vil fortsette: fortrolig consent renew.",
                "Next: ends soon. To go on: fortrolig consent renew.",
            ),
            Next.READING_ENDS: (f"Videre: ingen kan lese etter {at}.", f"Next: nobody can read after {at}."),
            Next.NOTHING: ("Videre: ingenting skjer.", "Next: nothing happens."),
        }[shown.next]
    )


def _signatures(session: Session, shown: Shown, me: PersonId) -> Iterator[str]:
    for signature in shown.known.facts.signatures:
        signer = who(session, signature.person, me)
        if signature.disputed_at is not None:
            signer += session.say(" (bestridt)", " (disputed)")
        yield session.say(f"  Signert {day(signature.at)}: {signer}", f"  Signed {day(signature.at)}: {signer}")
    for narrowing in shown.known.facts.narrowings:
        by = who(session, narrowing.person, me)
        yield session.say(f"  En del trukket {day(narrowing.at)}: {by}", f"  Part withdrawn {day(narrowing.at)}: {by}")
    for declared in invalid(shown.known):
        yield f"  {invalid_line(session, declared, me)}"
    for word in written_down(shown.known):
        yield f"  {recorded_line(session, word, who(session, word.person, me))}"


async def _sent_in(client: Client, shown: Shown) -> list[dict[str, Any]]:
    """Return what I and my units have sent in the consent's matter, and who has opened it."""
    return [item for item in await receiving.sent(client) if item["matter"] == shown.known.terms.matter]


def _sent_lines(session: Session, found: Overview, sent: list[dict[str, Any]], me: PersonId) -> Iterator[str]:
    if not sent:
        yield session.say("Du har ikke sendt noe i denne saken.", "You have sent nothing in this matter.")
    for item in sent:
        yield session.say(f"Sendt {day(Instant(item['t']))}:", f"Sent {day(Instant(item['t']))}:")
        for one in item["recipients"]:
            receiver = named(session, found.names, one["to"], me)
            yield f"  {receiver}: {_reached(session, one)}"


def _reached(session: Session, one: Mapping[str, Any]) -> str:
    if one["opened"] is not None:
        opened = day(Instant(one["opened"]))
        return session.say(f"åpnet {opened} av {one['opened_by']}", f"opened {opened} by {one['opened_by']}")
    if one["withdrawn"]:
        return session.say("trukket tilbake uåpnet", "withdrawn unopened")
    return session.say("ikke åpnet", "not opened")


def _parties(session: Session, found: Overview, parties: tuple[Party, ...], me: PersonId) -> list[str]:
    wide = session.say("med underenheter", "with sub-units")
    return [
        named(session, found.names, party.id, me)
        + (f" ({wide})" if isinstance(party, UnitParty) and party.subunits else "")
        for party in parties
    ]
