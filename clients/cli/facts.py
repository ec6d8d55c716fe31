"""`fortrolig fact`: what a professional records that the rules use."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from clients.cli.plain import plain
from clients.cli.reading import child as find_child
from clients.cli.reading import identifier, matter, not_a_word, own_unit, word
from clients.cli.session import Session, command
from clients.sdk import facts
from clients.sdk.client import Client
from clients.sdk.consents import situation
from clients.sdk.errors import Misused
from clients.sdk.transport import clock
from protocol.consent.age import wall_clock
from protocol.consent.vocabulary import Purpose
from protocol.facts import Recorded
from protocol.identifiers import Instant, PersonId
from protocol.statements.capacity import GROUNDS, INFORMED
from protocol.statements.facts import CHANNELS, HEARD, RESULTS

app = typer.Typer(help="Record what the rules use: grounds, attempts, assessments.", no_args_is_help=True)

ChildOption = Annotated[str | None, typer.Option("--child", help="The child (sub_…); not needed if you have one only.")]
MatterOption = Annotated[str, typer.Option("--matter", help="The matter (mat_…).")]
UnitOption = Annotated[str | None, typer.Option(help="The unit you record it for, if you are in several.")]
GuardianOption = Annotated[str, typer.Option(help="The guardian (per_…).")]
GroundOption = Annotated[
    Path | None,
    typer.Option("--ground-file", help="Read the reason from this file; asked for or piped in, if not given."),
]

_KINDS = {
    "fact-one-guardian": ("én forelder kan samtykke alene", "one guardian may consent alone"),
    "fact-assessment": ("vurdering etter nei", "assessment after a no"),
    "fact-capacity": ("kan ikke samtykke", "cannot consent"),
    "fact-attempt": ("forsøk på å nå forelder", "attempt to reach a guardian"),
    "fact-end": ("slutt på noe registrert", "end of a recorded fact"),
}


@command(app, "one-guardian")
async def one_guardian(
    session: Session,
    guardian: GuardianOption,
    heard: Annotated[str, typer.Option(help="What became of hearing them: heard, unreachable or not-asked.")],
    in_matter: MatterOption,
    child: ChildOption = None,
    unit: UnitOption = None,
    days: Annotated[int, typer.Option(help="For how many days it holds; at most 90.", min=1, max=90)] = 30,
    ground: GroundOption = None,
) -> None:
    """Record that help is necessary to avoid harm, so that this guardian need not sign: for health personnel.

    It reaches health services only, never anybody outside them. The reason stays in your keyring; write it in the
    record too. Who could not be reached must have been tried: `fortrolig fact attempt`.

    Example: `fortrolig fact one-guardian --guardian per_… --heard unreachable --matter mat_… --child sub_…`
    """
    _check(heard, HEARD)
    words = session.words("ground", ground)
    async with session.client() as client:
        about = await _about(client, unit, child, in_matter)
        person = identifier(PersonId, guardian)
        made = await facts.one_guardian(client, about, person, heard, words, for_days=days)
    session.show(
        {"fact": made},
        session.say(
            "Grunnlaget er registrert. Forelderen kan klage til Statsforvalteren; si fra om det.",
            "The ground is recorded. The guardian may appeal to the County Governor; tell them so.",
        ),
    )


@command(app, "attempt")
async def attempt(
    session: Session,
    guardian: GuardianOption,
    channel: Annotated[str, typer.Option(help="letter, meeting, message, phone or visit.")],
    result: Annotated[str, typer.Option(help="no-answer, refused-to-answer or wrong-address.")],
    in_matter: MatterOption,
    child: ChildOption = None,
    unit: UnitOption = None,
    hours_ago: Annotated[int, typer.Option(help="How many hours ago it was.", min=0)] = 0,
) -> None:
    """Record that you tried to reach a guardian and got no answer. Silence is never a consent.

    Example: `fortrolig fact attempt --guardian per_… --channel phone --result no-answer --matter mat_… --child sub_…`
    """
    _check(channel, CHANNELS)
    _check(result, RESULTS)
    async with session.client() as client:
        about = await _about(client, unit, child, in_matter)
        at = Instant(clock() - hours_ago * 3_600_000)
        tried = facts.Tried(identifier(PersonId, guardian), channel, result, at)
        made = await facts.attempt(client, about, tried)
    session.show({"fact": made}, session.say("Forsøket er registrert.", "The attempt is recorded."))


@command(app, "assess")
async def assess(
    session: Session,
    in_matter: MatterOption,
    child: ChildOption = None,
    unit: UnitOption = None,
    ground: GroundOption = None,
) -> None:
    """Record your assessment after a youth said no, as health personnel. Until then nothing is shared.

    Example: `fortrolig fact assess --matter mat_… --child sub_… --ground-file vurdering.txt`
    """
    words = session.words("ground", ground)
    async with session.client() as client:
        made = await facts.assess(client, await _about(client, unit, child, in_matter), words)
    session.show({"fact": made}, session.say("Vurderingen er registrert.", "The assessment is recorded."))


@command(app, "capacity")
async def capacity(
    session: Session,
    purpose: Annotated[list[str], typer.Option(help="For what: referral, information, …; may be repeated.")],
    ground: Annotated[
        str,
        typer.Option(help="physical-disorder, mental-disorder, dementia or intellectual-disability; stays with you."),
    ],
    person: Annotated[str, typer.Option("--person", help="Was the person told of it? told or not-possible.")],
    kin: Annotated[str, typer.Option("--kin", help="Were the next of kin? told or not-possible.")],
    in_matter: MatterOption,
    child: ChildOption = None,
    unit: UnitOption = None,
    days: Annotated[
        int, typer.Option(help="For how many days, before it is assessed anew; at most 183.", min=1, max=183)
    ] = 91,
    reason: GroundOption = None,
) -> None:
    """Record that somebody of 16 or more obviously cannot consent, for one matter: for health personnel.

    At 16 and 17 those with parental responsibility sign meanwhile, from 18 a representative; never against the person's
    no, and never to coercion. It ends by itself. The ground and the reason stay in your keyring; write them in the
    record too.

    Example: `fortrolig fact capacity --purpose referral --ground dementia --person told --kin told --matter mat_…`
    """
    _check(ground, GROUNDS)
    _check(person, INFORMED)
    _check(kin, INFORMED)
    assessed = facts.Assessed(tuple({word(Purpose, each) for each in purpose}), ground, person, kin)
    words = session.words("ground", reason)
    async with session.client() as client:
        made = await facts.capacity(
            client, await _about(client, unit, child, in_matter), assessed, words, for_days=days
        )
    session.show(
        {"fact": made},
        session.say(
            "Det er registrert. Personen kan klage til Statsforvalteren; si fra om det. Er det akutt, ring 113.",
            "It is recorded. The person may appeal to the County Governor; tell them so. In an emergency call 113.",
        ),
    )


@command(app, "end")
async def end(
    session: Session,
    fact: Annotated[str, typer.Argument(help="The fact: its digest, or enough of its beginning.")],
    child: ChildOption = None,
) -> None:
    """End something that your unit recorded, from now on.

    Example: `fortrolig fact end 3fa9c1 --child sub_…`
    """
    async with session.client() as client:
        found = facts.known(await situation(client, await find_child(client, child)))
        made = await facts.end(client, _fitting(found, fact))
    session.show({"fact": made}, session.say("Det gjelder ikke lenger.", "It holds no longer."))


@command(app, "list")
async def list_(session: Session, child: ChildOption = None) -> None:
    """Show what is recorded around a child, as far as you may know of it.

    Example: `fortrolig fact list --child sub_…`
    """
    async with session.client() as client:
        found = facts.known(await situation(client, await find_child(client, child)))
    session.show({"facts": [_brief(each) for each in found]}, *(_line(session, each) for each in found))


async def _about(client: Client, unit: str | None, child: str | None, in_matter: str) -> facts.About:
    acting = await own_unit(client, unit)
    if acting is None:
        raise Misused("not-staff", "This is for professionals: you are in no unit.")
    return facts.About(acting, await find_child(client, child), matter(in_matter))


def _check(given: str, words: tuple[str, ...]) -> None:
    if given not in words:
        raise not_a_word(given, words)


def _fitting(found: tuple[Recorded, ...], written: str) -> Recorded:
    fitting = [each for each in found if each.digest.startswith(written)]
    if len(fitting) != 1:
        raise Misused(
            "unclear-fact",
            f"{written!r} fits {len(fitting)} recorded facts; `fortrolig fact list` shows them.",
            given=written,
            count=len(fitting),
        )
    return fitting[0]


def _brief(fact: Recorded) -> dict[str, Any]:
    return {
        "fact": fact.digest,
        "kind": fact.kind,
        "unit": fact.unit,
        "matter": fact.matter,
        "by": fact.by,
        "at": fact.at,
        "guardian": fact.guardian,
        "purposes": [str(each) for each in fact.purposes],
        "ends": fact.fact,
        "holds_from": fact.holds_from,
        "holds_to": fact.holds_to,
    }


def _line(session: Session, fact: Recorded) -> str:
    until = (
        "" if fact.holds_to is None else session.say(f"  til {_day(fact.holds_to)}", f"  until {_day(fact.holds_to)}")
    )
    about = "" if fact.guardian is None else f"  {plain(fact.guardian)}"
    about += f"  {', '.join(fact.purposes)}" if fact.purposes else ""
    return f"{fact.digest[:16]}  {session.say(*_KINDS[fact.kind])}  {_day(fact.at)}{until}{about}"


def _day(at: Instant) -> str:
    return f"{wall_clock(at):%d.%m.%Y}"
