"""`fortrolig registrar order`, `mandate`, `settle`, `confirm`, `lift`, `authorities`: two registrars say who signs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any

import typer

from clients.cli.plain import plain
from clients.cli.reading import identifier, unit, word
from clients.cli.session import Session, command
from clients.sdk import authorities
from clients.sdk.authorities import Decision, Standing
from clients.sdk.errors import Misused
from clients.sdk.transport import clock
from protocol.consent.age import midnight, wall_clock
from protocol.consent.case import parse_date
from protocol.consent.vocabulary import AuthorityKind, Purpose
from protocol.identifiers import Instant, PersonId, SubjectId
from protocol.statements.authority import AuthorityEndBody, decision_number

ChildArgument = Annotated[str, typer.Argument(help="The child (sub_…).")]
NumberOption = Annotated[
    str, typer.Option("--paper-number", help="The number on the paper: capital letters, digits, / . -")
]
DecidedOption = Annotated[str, typer.Option("--decided", help="The date on the paper, YYYY-MM-DD.")]
UntilOption = Annotated[str | None, typer.Option(help="The day it ends (YYYY-MM-DD, midnight in Oslo).")]

_KINDS: dict[AuthorityKind, tuple[str, str]] = {
    AuthorityKind.CARE_ORDER: ("omsorgsovertakelse", "care order"),
    AuthorityKind.EMERGENCY_ORDER: ("akuttvedtak", "emergency order"),
    AuthorityKind.MANDATE: ("representantens oppdrag", "representative's mandate"),
    AuthorityKind.RESPONSIBILITY: ("avklart foreldreansvar", "parental responsibility settled"),
}
_STATES: dict[str, tuple[str, str]] = {
    "counts": ("gjelder", "counts"),
    "recorded": ("venter på en annen registerfører", "waits for another registrar"),
    "ending": ("slutten venter på en annen registerfører", "its end waits for another registrar"),
    "recheck": ("må kontrolleres og registreres på nytt", "must be rechecked and recorded anew"),
    "ended": ("er avsluttet", "has ended"),
}


def register(app: typer.Typer) -> None:
    """Add the commands."""
    command(app, "order")(order)
    command(app, "mandate")(mandate)
    command(app, "settle")(settle)
    command(app, "confirm")(confirm)
    command(app, "lift")(lift)
    command(app, "authorities")(show)


async def order(
    session: Session,
    child: ChildArgument,
    number: NumberOption,
    decided: DecidedOption,
    service: Annotated[str, typer.Option(help="The child welfare service: its name or id.")],
    signer: Annotated[list[str], typer.Option(help="Who signs for the service (per_…); once for each.")],
    until: UntilOption = None,
    purpose: Annotated[list[str] | None, typer.Option(help="What it reaches: referral, …; all, if not given.")] = None,
    *,
    emergency: Annotated[bool, typer.Option("--emergency", help="It is an emergency order: give --until.")] = False,
) -> None:
    """Record a care order or an emergency order, by which the child welfare service signs instead of the parents.

    From now nobody signs for the child; when another registrar has confirmed it, the service does. Record it anew when
    it has been rechecked: an emergency order within a week (it ends within six weeks), a care order within a year.
    Whoever signs is a person you vouch for, invited as a person: a member of the service's mailbox is not enough.

    Example: `fortrolig registrar order sub_… --paper-number B-26-4 --decided 2026-08-20 --service unt_… --signer per_…`
    """
    async with session.client() as client:
        decision = Decision(
            by=AuthorityKind.EMERGENCY_ORDER if emergency else AuthorityKind.CARE_ORDER,
            number=_number(number),
            decided_on=_day(decided),
            persons=_persons(signer),
            unit=await unit(client, service),
            purposes=tuple(sorted({word(Purpose, one) for one in purpose})) if purpose else authorities.ORDERED,
            holds_to=_until(until, required=emergency),
        )
        digest = await authorities.record(client, identifier(SubjectId, child), decision)
    _told(session, digest, child)


async def mandate(
    session: Session,
    child: ChildArgument,
    number: NumberOption,
    decided: DecidedOption,
    representative: Annotated[str, typer.Option(help="The representative (per_…).")],
    until: UntilOption = None,
) -> None:
    """Record the mandate of a representative, who signs for a child that is here without parents, until it ends.

    It counts once another registrar has confirmed it.

    Example: `fortrolig registrar mandate sub_… --paper-number R-12 --decided 2026-08-20 --representative per_… --until 2027-08-20`
    """  # noqa: E501  (an example is one line)
    decision = Decision(
        by=AuthorityKind.MANDATE,
        number=_number(number),
        decided_on=_day(decided),
        persons=_persons([representative]),
        holds_to=_until(until, required=True),
    )
    async with session.client() as client:
        digest = await authorities.record(client, identifier(SubjectId, child), decision)
    _told(session, digest, child)


async def settle(
    session: Session,
    child: ChildArgument,
    number: NumberOption,
    decided: DecidedOption,
    guardian: Annotated[list[str], typer.Option(help="Who has parental responsibility (per_…); once for each.")],
    until: UntilOption = None,
) -> None:
    """Record, by documents, who has parental responsibility where the register says unknown or other.

    Name exactly those whom the child's sheet lists as guardians. It counts once another registrar has confirmed it.

    Example: `fortrolig registrar settle sub_… --paper-number TING-17/2026 --decided 2026-08-20 --guardian per_…`
    """
    decision = Decision(
        by=AuthorityKind.RESPONSIBILITY,
        number=_number(number),
        decided_on=_day(decided),
        persons=_persons(guardian),
        holds_to=_until(until, required=False),
    )
    async with session.client() as client:
        digest = await authorities.record(client, identifier(SubjectId, child), decision)
    _told(session, digest, child)


async def confirm(
    session: Session,
    child: ChildArgument,
    said: Annotated[str, typer.Argument(help="What another registrar recorded: its digest, or enough of it.")],
    number: NumberOption,
) -> None:
    """Confirm, as a second registrar, what another recorded. Read the paper yourself, and type its number from it.

    Example: `fortrolig registrar confirm sub_… 3fa9c1 --paper-number BHN-26-417`
    """
    subject = identifier(SubjectId, child)
    async with session.client() as client:
        directory = await client.directory(subjects=[subject])
        waiting = authorities.fitting(authorities.awaiting(directory, subject), said)
        ends = isinstance(waiting.body, AuthorityEndBody)
        about = waiting.body.authority if isinstance(waiting.body, AuthorityEndBody) else waiting.digest
        recorded = authorities.fitting(authorities.standing(directory, subject), about)
        if recorded.said.number != _number(number):
            raise Misused("other-number", "The number on your paper is not the one that was recorded; confirm nothing.")
        await authorities.confirm(client, subject, waiting.digest)
    session.show(
        {"confirmed": waiting.digest, "ends": ends},
        session.say("Bekreftet. Det gjelder ikke lenger:", "Confirmed. This holds no longer:")
        if ends
        else session.say("Bekreftet. Fra nå gjelder:", "Confirmed. This counts from now:"),
        f"  {_what(session, recorded)}",
    )


async def lift(
    session: Session,
    child: ChildArgument,
    said: Annotated[str, typer.Argument(help="What has ended: its digest, or enough of it.")],
) -> None:
    """Record that an order, a mandate or a settlement has ended. From now nobody signs by it.

    When another registrar has confirmed the end, the parents sign again, and anew: what they signed before an order
    carries nothing more. What nobody had confirmed yet is gone at once.

    Example: `fortrolig registrar lift sub_… 3fa9c1`
    """
    subject = identifier(SubjectId, child)
    async with session.client() as client:
        found = authorities.standing(await client.directory(subjects=[subject]), subject)
        digest = await authorities.end(client, subject, authorities.fitting(found, said))
    _told(session, digest, child)


async def show(session: Session, child: ChildArgument) -> None:
    """Show what is recorded about who signs for a child, and what waits for a second registrar.

    The family and those who take part in its consents may see it too.

    Example: `fortrolig registrar authorities sub_…`
    """
    subject = identifier(SubjectId, child)
    async with session.client() as client:
        directory = await client.directory(subjects=[subject])
        found, waiting = authorities.standing(directory, subject), authorities.awaiting(directory, subject)
    now = clock()
    lines = [f"{each.digest[:16]}  {_what(session, each)} {session.say(*_STATES[_state(each, now)])}" for each in found]
    lines += [
        session.say(f"Venter på en annen registerfører: {each.digest[:16]}", f"Waits for another: {each.digest[:16]}")
        for each in waiting
    ]
    session.show(
        {"authorities": [_brief(each, now) for each in found], "awaiting": [each.digest for each in waiting]},
        *(lines or [session.say("Ingenting er registrert.", "Nothing is recorded.")]),
    )


def _told(session: Session, digest: str, child: str) -> None:
    session.show(
        {"recorded": digest},
        session.say(
            f"Registrert som {digest[:16]}. En annen registerfører må bekrefte:",
            f"Recorded as {digest[:16]}. Another registrar must confirm it:",
        ),
        f"  fortrolig registrar confirm {child} {digest[:16]} --paper-number …",
    )


def _number(written: str) -> str:
    try:
        return decision_number(written.strip().upper())
    except ValueError as error:
        raise Misused(
            "bad-number", f"The number has letters that no number has: {written!r}.", given=written
        ) from error


def _day(written: str) -> date:
    try:
        return parse_date(written)
    except ValueError as error:
        raise Misused("bad-day", f"{written!r} is not a day. Write it as YYYY-MM-DD.", given=written) from error


def _until(written: str | None, *, required: bool) -> Instant | None:
    if written is None and required:
        raise Misused("no-end", "This always ends: give the day with --until YYYY-MM-DD.")
    return None if written is None else midnight(_day(written))


def _persons(written: Sequence[str]) -> tuple[PersonId, ...]:
    return tuple(sorted({identifier(PersonId, one) for one in written}))


def _state(each: Standing, at: Instant) -> str:
    fact = each.fact
    if not fact.stands(at):
        return "ended"
    if fact.counts(at):
        return "counts"
    if fact.ending_at is not None:
        return "ending"
    return "recorded" if fact.known_at is None else "recheck"


def _brief(each: Standing, at: Instant) -> dict[str, Any]:
    said = each.said
    return {
        "authority": each.digest,
        "by": str(said.by),
        "number": said.number,
        "decided_on": said.decided_on.isoformat(),
        "unit": said.unit,
        "persons": list(said.persons),
        "purposes": [str(purpose) for purpose in said.purposes],
        "holds_from": said.holds_from,
        "holds_to": said.holds_to,
        "not_after": said.not_after,
        "recorded_by": each.by,
        "state": _state(each, at),
    }


def _what(session: Session, each: Standing) -> str:
    said = each.said
    ends = None if said.holds_to is None else f"{wall_clock(said.holds_to):%d.%m.%Y}"
    until = "" if ends is None else session.say(f", til {ends}", f", until {ends}")
    return f"{session.say(*_KINDS[said.by])} {plain(said.number)} ({said.decided_on}){until}:"
