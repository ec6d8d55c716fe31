"""`fortrolig shield`: hide a matter from the parents, decide on it, be told first."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Annotated, Any

import typer

from clients.cli.plain import plain
from clients.cli.reading import child as find_child
from clients.cli.reading import identifier, matter, own_unit, word
from clients.cli.reading import unit as find_unit
from clients.cli.session import Session, command
from clients.sdk import shields
from clients.sdk.client import Client
from clients.sdk.errors import Misused
from clients.sdk.shields import About, Hidden
from clients.sdk.transport import clock
from protocol.consent.age import wall_clock
from protocol.consent.shielding import TOLD_FIRST
from protocol.consent.vocabulary import ALL_ASPECTS, Aspect, Ground
from protocol.identifiers import Instant, MatterId, PersonId, SubjectId

app = typer.Typer(help="Keep a matter from the parents, and decide on it.", no_args_is_help=True)

ChildOption = Annotated[str | None, typer.Option("--child", help="The child (sub_…); not needed if you have one only.")]
MatterArgument = Annotated[str, typer.Argument(help="The matter (mat_…).")]
UnitOption = Annotated[str | None, typer.Option(help="The unit you act for, if you are in several.")]
FromOption = Annotated[
    list[str] | None,
    typer.Option("--from", help="Whom it is kept from (per_…); repeat. Everybody else in the family, if not given."),
]
ReasonOption = Annotated[
    Path | None,
    typer.Option("--reason-file", help="Read the reason from this file; asked for or piped in, if not given."),
]
GroundOption = Annotated[
    str, typer.Option(help="youth-asks (pbrl § 3-4, 12 to 15 years) or weighty (below 16, weighty concerns).")
]

_ASKED_BY_YOUTH = (
    (
        "Dette vises ikke for foreldrene dine før en behandler har bestemt noe annet. Blir svaret nei, får du vite "
        "det først, minst en uke før noe vises. Du kan når som helst ombestemme deg: `fortrolig shield end`."
    ),
    (
        "This is not shown to your parents unless a professional decides otherwise. If the answer is no, you are told "
        "first, at least a week before anything is shown. You can change your mind at any time: `fortrolig shield end`."
    ),
)
_ASKED = (
    "Saken er skjult fra nå, foreløpig. En behandler må avgjøre det: `fortrolig shield decide`.",
    "The matter is hidden from now, provisionally. A professional must decide on it: `fortrolig shield decide`.",
)
_WITHHELD = (
    (
        "Saken holdes tilbake. Skriv begrunnelsen i journalen også. Skal noe annet gjelde senere, "
        "ta en ny beslutning; ingenting vises av seg selv når fristen for ny vurdering er ute."
    ),
    (
        "The matter is withheld. Write the reason in the record too. If something else is to hold later, decide "
        "anew; nothing is shown by itself when the review is due."
    ),
)
_DECLINED = (
    (
        "Beslutningen er registrert. Saken er fortsatt skjult: ungdommen skal få vite det først. Den vises tidligst "
        "en uke etter at ungdommen har lest det, eller du har sagt det: `fortrolig shield told`."
    ),
    (
        "The decision is recorded. The matter is still hidden: the youth is told first. It is shown a week after the "
        "youth has read it at the earliest, or after you have said it: `fortrolig shield told`."
    ),
)
_ENDED = (
    "Det er ikke lenger skjult. Foreldrene dine kan se det fra nå.",
    "It is no longer hidden. Your parents can see it from now on.",
)
_TOLD = (
    "Det er registrert at barnet har fått vite det. Etter en uke vises det som ikke lenger skal skjules.",
    "It is recorded that the child has been told. After a week what is not to be hidden is shown.",
)


@command(app, "ask")
async def ask(
    session: Session,
    to: Annotated[str, typer.Option(help="The health unit that decides: its name or id (unt_…).")],
    in_matter: Annotated[str | None, typer.Option("--matter", help="The matter; a new one if not given.")] = None,
    persons: FromOption = None,
    child: ChildOption = None,
    unit: UnitOption = None,
) -> None:
    """Ask that a matter be kept from the parents: from 12 to 15 years yourself, below 16 as a professional.

    It is hidden at once. Ask before anything is in the matter, and nothing will have been seen.

    Example: `fortrolig shield ask --to "Helsestasjon for ungdom"`
    """
    async with session.client() as client:
        about = await _about(client, unit, child, in_matter)
        hidden_from = await _persons(client, about.subject, persons)
        said = await shields.ask(client, about, await find_unit(client, to), hidden_from)
    words = _ASKED_BY_YOUTH if about.unit is None else _ASKED
    session.show(
        {"matter": about.matter, "shield": said},
        session.say(*words),
        session.say(f"Saken: {about.matter}", f"The matter: {about.matter}"),
    )


@command(app, "decide")
async def decide(
    session: Session,
    in_matter: MatterArgument,
    answer: Annotated[str, typer.Argument(help="withhold or decline.")],
    ground: GroundOption = str(Ground.YOUTH_ASKS),
    persons: FromOption = None,
    hides: Annotated[
        list[str] | None,
        typer.Option("--hides", help="content, log or notices, to hide less than everything; repeat."),
    ] = None,
    review_days: Annotated[int, typer.Option(help="In how many days it is reviewed.", min=1, max=182)] = 90,
    child: ChildOption = None,
    unit: UnitOption = None,
    reason: ReasonOption = None,
) -> None:
    """Decide, as a professional of a health unit, whether a matter is withheld from the parents.

    The reason stays in your keyring; write it in the record too. If you decline, or withhold less than before, the
    youth is told first.

    Example: `fortrolig shield decide mat_… withhold --child sub_… --reason-file begrunnelse.txt`
    """
    if answer not in {"withhold", "decline"}:
        raise Misused("bad-word", f"{answer!r} is none of withhold, decline.", given=answer, words="withhold, decline")
    why, kept = word(Ground, ground), frozenset(word(Aspect, one) for one in hides or ALL_ASPECTS)
    words = session.words("ground", reason)
    async with session.client() as client:
        about = await _about(client, unit, child, in_matter)
        if answer == "decline":
            said = await shields.decline(client, about, words, ground=why)
        else:
            named = await _persons(client, about.subject, persons)
            said = await shields.withhold(client, about, named, words, ground=why, for_days=review_days, hides=kept)
    told = _DECLINED if answer == "decline" else _WITHHELD
    session.show({"matter": about.matter, "decision": said}, session.say(*told))


@command(app, "told")
async def told(session: Session, in_matter: MatterArgument, child: ChildOption = None, unit: UnitOption = None) -> None:
    """Record, as a professional, that you have told the child of the last decision.

    A youth who reads `fortrolig shield list` has been told by that.

    Example: `fortrolig shield told mat_… --child sub_…`
    """
    async with session.client() as client:
        about = await _about(client, unit, child, in_matter)
        found = [each for each in await shields.listed(client, about.subject) if each.matter == about.matter]
        decision = found[0].shielding.standing if found else None
        if decision is None:
            raise Misused("no-decision", "Nothing has been decided in this matter.")
        said = await shields.tell(client, about, decision.digest)
    session.show({"matter": about.matter, "notice": said}, session.say(*_TOLD))


@command(app, "end")
async def end(session: Session, in_matter: MatterArgument, child: ChildOption = None) -> None:
    """End what you asked for yourself: your parents can see the matter from then on.

    Example: `fortrolig shield end mat_…`
    """
    async with session.client() as client:
        about = About(None, await find_child(client, child), matter(in_matter))
        said = await shields.end(client, about)
    session.show({"matter": about.matter, "ended": said}, session.say(*_ENDED))


@command(app, "list")
async def list_(session: Session, child: ChildOption = None) -> None:
    """Show what is kept from whom around a child, and what was decided, as far as you may know of it.

    If you are the youth, you have been told of a decision when you have read it here.

    Example: `fortrolig shield list`
    """
    async with session.client() as client:
        subject = await find_child(client, child)
        found = await shields.listed(client, subject)
        at = clock()
        if not (await client.transport.get("/v1/me"))["units"]:
            # The youth: nobody else of the family is told of any of this.
            for each in found:
                if (decision := shields.needs_notice(each)) is not None:
                    await shields.tell(client, About(None, subject, each.matter), decision.digest)
            found = await shields.listed(client, subject)
    session.show(
        {"shields": [_brief(each, at) for each in found]},
        *(line for each in found for line in _lines(session, each, at)),
        *([] if found else [session.say("Ingenting er skjult.", "Nothing is hidden.")]),
    )


async def _about(client: Client, unit: str | None, child: str | None, in_matter: str | None) -> About:
    where = MatterId.of(secrets.token_bytes(16)) if in_matter is None else matter(in_matter)
    return About(await own_unit(client, unit), await find_child(client, child), where)


async def _persons(client: Client, subject: SubjectId, written: list[str] | None) -> tuple[PersonId, ...]:
    if written is None:
        return await shields.others(client, subject)
    return tuple(identifier(PersonId, one) for one in written)


def _brief(hidden: Hidden, at: Instant) -> dict[str, Any]:
    decision = hidden.shielding.standing
    return {
        "matter": hidden.matter,
        "from": sorted(hidden.persons(at)),
        "decision": None if decision is None else decision.digest,
        "withheld": None if decision is None else bool(decision.persons),
        "review_at": None if decision is None or not decision.persons else decision.review_at,
        "told": hidden.told,
        "ends": hidden.ends(),
    }


def _lines(session: Session, hidden: Hidden, at: Instant) -> list[str]:
    persons, decision, ends = sorted(hidden.persons(at)), hidden.shielding.standing, hidden.ends()
    shown = ", ".join(plain(one) for one in persons)
    lines = [
        session.say(f"{hidden.matter}: skjult for {shown}", f"{hidden.matter}: hidden from {shown}")
        if persons
        else session.say(f"{hidden.matter}: ikke skjult", f"{hidden.matter}: not hidden")
    ]
    if decision is None:
        lines.append(session.say("  En behandler har ikke bestemt noe ennå.", "  No professional has decided yet."))
    elif decision.persons:
        day = _day(decision.review_at)
        lines.append(session.say(f"  Holdt tilbake; vurderes på nytt {day}.", f"  Withheld; to be reviewed {day}."))
    else:
        lines.append(
            session.say(
                "  En behandler har bestemt at det ikke skal skjules. Snakk med behandleren hvis du er uenig; du kan "
                "klage til Statsforvalteren.",
                "  A professional has decided that it is not to be hidden. Talk to them if you disagree; you can "
                "appeal to the County Governor.",
            )
        )
    if persons and ends is not None:
        lines.append(session.say(f"  Vises fra {_moment(ends)}.", f"  Shown from {_moment(ends)}."))
    elif persons and decision is not None and not decision.persons:
        week = TOLD_FIRST // 86_400_000
        lines.append(
            session.say(
                f"  Vises {week} dager etter at du har fått vite det.", f"  Shown {week} days after the youth was told."
            )
        )
    return lines


def _day(at: Instant) -> str:
    return f"{wall_clock(at):%d.%m.%Y}"


def _moment(at: Instant) -> str:
    return f"{wall_clock(at):%d.%m.%Y %H:%M}"
