"""`fortrolig exclusion`: keep somebody out of everything around a child."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clients.cli.finding import ChildOption, day
from clients.cli.plain import plain
from clients.cli.reading import child as find_child
from clients.cli.reading import identifier, own_unit
from clients.cli.reading import unit as find_unit
from clients.cli.session import Session, command
from clients.sdk import exclusions, units
from clients.sdk.client import Client
from clients.sdk.errors import Misused
from protocol.consent.keeping_out import KeptOut
from protocol.identifiers import PersonId, UnitId

app = typer.Typer(help="Keep somebody out of everything around a child.", no_args_is_help=True)

UnitOption = Annotated[str | None, typer.Option(help="The unit you act for, if you are in several.")]

_EXCLUDED = (
    (
        "Personen åpner ikke noe om barnet fra nå, og ser ikke at det er til. Det som sendes til {unit} fra nå, "
        "forsegles utenom personen, og venter til enheten har laget en postkasse for det; den som forvalter enheten, "
        "får se at det trengs, men ikke hvilket barn det gjelder. Det som er lest, er lest. Jobber personen flere "
        "steder, gjør det samme der."
    ),
    (
        "This person opens nothing about the child from now on, and does not see that it exists. What is sent to "
        "{unit} from now on is sealed past them, and waits until the unit has made a mailbox for that; its custodian "
        "is shown that it is needed, not for which child. What was read is read. If this person works elsewhere too, "
        "do the same there."
    ),
)
_BLOCKED = (
    (
        "Alle saker rundt barnet er skjult for personen fra nå, også de som kommer: enheter, steder, ansatte og tider. "
        "Personen får ikke vite det. Det tar ikke bort en underskrift som loven krever; skal den andre signere alene, "
        "trengs `fortrolig fact one-guardian`. Skriv begrunnelsen i journalen også. Er noen i fare, ring 112."
    ),
    (
        "Every matter around the child is hidden from this person from now on, those to come too: units, places, staff "
        "and times. They are not told. It takes away no signature that the law asks; for the other to sign alone, "
        "`fortrolig fact one-guardian` is needed. Write the reason in the record too. If somebody is in danger, call "
        "112."
    ),
)


@command(app, "add")
async def add(
    session: Session,
    person: Annotated[str, typer.Argument(help="Who is kept out: their name as the unit shows it, or per_….")],
    unit: Annotated[str, typer.Option(help="Where they work: the unit's name or id.")],
    child: ChildOption = None,
) -> None:
    """Keep a named member of staff out, as the child's guardian or as the youth: in small places, a neighbour.

    It works at once, and the person is not told. It is refused where nobody else would be left to read in the unit.

    Example: `fortrolig exclusion add "Kari Nordmann" --unit "BUP Fjord"`
    """
    async with session.client() as client:
        subject, where = await find_child(client, child), await find_unit(client, unit)
        who, name = await _member(client, where, person)
        said = await exclusions.exclude(client, subject, where, who)
    words = [each.format(unit=plain(name)) for each in _EXCLUDED]
    session.show({"exclusion": said, "person": who, "unit": where}, session.say(words[0], words[1]))


@command(app, "block")
async def block(
    session: Session,
    person: Annotated[
        str, typer.Argument(help="From whom everything is hidden (per_…): somebody on the child's sheet.")
    ],
    review_days: Annotated[int, typer.Option(help="In how many days it is reviewed.", min=1, max=182)] = 90,
    child: ChildOption = None,
    unit: UnitOption = None,
    reason: Annotated[
        Path | None,
        typer.Option("--reason-file", help="Read the reason from this file; asked for or piped in, if not given."),
    ] = None,
) -> None:
    """Hide every matter of a child from a guardian who is a danger, as health personnel (pbrl § 3-4, third paragraph).

    For violence, or an address that is kept confidential. Nothing of it ends by itself; at the review, decide anew.

    Example: `fortrolig exclusion block per_… --child sub_… --reason-file begrunnelse.txt`
    """
    words = session.words("ground", reason)
    async with session.client() as client:
        acting, subject = await own_unit(client, unit), await find_child(client, child)
        if acting is None:
            raise Misused("not-staff", "This is for professionals: you are in no unit.")
        who = identifier(PersonId, person)
        said = await exclusions.block(client, acting, subject, who, words, review_days)
    session.show({"block": said, "person": who}, session.say(*_BLOCKED))


@command(app, "end")
async def end(
    session: Session,
    exclusion: Annotated[str, typer.Argument(help="Which one: the beginning of what `exclusion list` shows.")],
    child: ChildOption = None,
    unit: UnitOption = None,
) -> None:
    """End an exclusion that you, or for a block your unit's profession, decided.

    Example: `fortrolig exclusion end 3fa9c1`
    """
    async with session.client() as client:
        subject = await find_child(client, child)
        found = [each for each in await exclusions.listed(client, subject) if each.digest.startswith(exclusion)]
        if len(found) != 1:
            raise Misused(
                "unclear-exclusion", f"{exclusion!r} fits {len(found)}; `fortrolig exclusion list` shows them."
            )
        acting = await own_unit(client, unit) if found[0].mailbox is None else None
        await exclusions.end(client, acting, subject, found[0].digest)
    session.show({"ended": found[0].digest}, session.say("Det gjelder ikke lenger.", "It holds no longer."))


@command(app, "list")
async def list_(session: Session, child: ChildOption = None) -> None:
    """Show who is kept out around a child, as far as you may know of it.

    Example: `fortrolig exclusion list`
    """
    async with session.client() as client:
        found = await exclusions.listed(client, await find_child(client, child))
    session.show(
        {"exclusions": [_brief(each) for each in found]},
        *(_line(session, each) for each in found),
        *([] if found else [session.say("Ingen holdes utenfor.", "Nobody is kept out.")]),
    )


async def _member(client: Client, unit: UnitId, written: str) -> tuple[PersonId, str]:
    """Find a member of a unit by id or name, and the unit's name; raises `Misused`."""
    staff = await units.staff(client, unit)
    fitting = [each for each in staff.members if written in {each.person, each.name}]
    if len(fitting) != 1:
        raise Misused("unclear-person", f"{written!r} fits {len(fitting)} there; `fortrolig unit staff` shows them.")
    return fitting[0].person, staff.name


def _brief(word: KeptOut) -> dict[str, object]:
    return {
        "exclusion": word.digest,
        "person": word.person,
        "unit": word.mailbox or word.unit,
        "block": word.mailbox is None,
        "since": word.at,
    }


def _line(session: Session, word: KeptOut) -> str:
    since, short, person = day(word.at), word.digest[:8], plain(word.person)
    if word.mailbox is None:
        return session.say(
            f"{short}  {person}: alt er skjult siden {since}", f"{short}  {person}: everything is hidden since {since}"
        )
    return session.say(
        f"{short}  {person} hos {word.mailbox}: holdt utenfor siden {since}",
        f"{short}  {person} at {word.mailbox}: kept out since {since}",
    )
