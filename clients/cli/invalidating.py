"""`fortrolig consent invalidate`, `record-invalidation` and `incident`: it never was a consent, and what to report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated

import typer

from clients.cli.finding import ChildOption, ConsentArgument, find
from clients.cli.naming import who
from clients.cli.openings import opening_json, opening_lines
from clients.cli.reading import not_a_word
from clients.cli.recorded import FormOption, PersonOption, UnitOption, told_to
from clients.cli.sending import moment
from clients.cli.session import Session, command
from clients.sdk.invalidating import Incident, Invalid, incident, invalidate, invalidate_for
from protocol.identifiers import PersonId
from protocol.statements.invalidating import CAUSES
from protocol.statements.recorded import FORMS

CauseOption = Annotated[str, typer.Option(help="Why it was no consent: mistake, not-informed or pressure.")]

_CAUSES: Mapping[str, tuple[str, str]] = {
    "mistake": ("det skjedde ved en feil", "it was a mistake"),
    "not-informed": ("det ble ikke forklart hva det betyr", "it was not explained what it means"),
    "pressure": ("det ble ikke gitt frivillig", "it was not given freely"),
}
_DONE = (
    (
        "Samtykket er erklært ugyldig fra begynnelsen. Ingenting deles eller åpnes mer, og alle som tok del, varsles. "
        "Loggen står som den er. Er noen i fare, ring politiet på 112."
    ),
    (
        "The consent is declared void from the beginning. Nothing more is shared or opened, and all who took part are "
        "told. The log stays as it is. If somebody is in danger, call the police on 112."
    ),
)
_WAITS = (
    "Erklæringen er registrert hos serveren, men står ikke i loggen ennå. Kjør kommandoen en gang til senere.",
    "The declaration is recorded at the server, but not yet in the log. Run the command again later.",
)
_STEPS: tuple[tuple[str, str], ...] = (
    (
        "Bruk ikke det dere fikk, uten et eget grunnlag i loven, og gi det ikke videre.",
        "Do not use what you got without a ground of its own in law, and do not pass it on.",
    ),
    (
        "Meld dette som avvik der du arbeider, og gi beskjed til personvernombudet.",
        "Report this as an incident where you work, and tell the data protection officer.",
    ),
    (
        "Virksomheten vurderer melding til Datatilsynet innen 72 timer (GDPR artikkel 33).",
        "Your organisation considers notifying the data protection authority within 72 hours (GDPR article 33).",
    ),
    (
        "Det som må stå i journalen, står der etter journalreglene, med merknad om at samtykket var ugyldig.",
        "What must stand in the record stays there by the rules on records, with a note that the consent was void.",
    ),
    (
        "Trengs et samtykke, be om et nytt: det som er erklært ugyldig, blir aldri gyldig igjen.",
        "If a consent is needed, ask for a new one: what was declared void never becomes valid again.",
    ),
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    command(app, "invalidate")(invalidate_consent)
    command(app, "record-invalidation")(record_invalidation)
    command(app, "incident")(show_incident)


async def invalidate_consent(
    session: Session, consent: ConsentArgument, cause: CauseOption, child: ChildOption = None
) -> None:
    """Declare that it never was a consent: void from the beginning, not only from now as when you withdraw.

    Whoever may withdraw may declare it. What was read cannot be unread; the log goes on telling what was permitted.

    Example: `fortrolig consent invalidate 3fa9c1 --cause pressure`
    """
    _check(cause, CAUSES)
    async with session.client() as client:
        known = await find(client, consent, child)
        logged = await invalidate(client, known, cause)
    session.show(
        {"consent": known.digest, "cause": cause, "state": "invalidated" if logged else "waiting"},
        session.say(*(_DONE if logged else _WAITS)),
    )


async def record_invalidation(
    session: Session,
    consent: ConsentArgument,
    person: PersonOption,
    form: FormOption,
    cause: CauseOption,
    child: ChildOption = None,
    unit: UnitOption = None,
) -> None:
    """Declare it for somebody without a key who tells you so, as a professional whose unit takes part.

    Example: `fortrolig consent record-invalidation 3fa9c1 --for per_… --by oral --cause pressure --child sub_…`
    """
    _check(form, FORMS)
    _check(cause, CAUSES)
    async with session.client() as client:
        told = await told_to(client, unit, person, form)
        known = await find(client, consent, child)
        logged = await invalidate_for(client, known, told, cause)
    session.show(
        {"consent": known.digest, "for": told.person, "cause": cause, "state": "invalidated" if logged else "waiting"},
        session.say(*(_DONE if logged else _WAITS)),
    )


async def show_incident(session: Session, consent: ConsentArgument, child: ChildOption = None) -> None:
    """Write what an incident report of a void consent must say: who declared it, why, who opened what, what to do.

    The family sees every opening, a unit its own. Nothing is sent anywhere.

    Example: `fortrolig consent incident 3fa9c1`
    """
    async with session.client() as client:
        known = await find(client, consent, child)
        found = await incident(client, known)
        me = client.person
    session.show(
        {
            "consent": known.digest,
            "invalid": [invalid_json(one) for one in found.invalid],
            "openings": opening_json(found.openings),
            "steps": [session.say(*one) for one in _STEPS],
        },
        *_report(session, known.digest, found, me),
    )


def invalid_json(one: Invalid) -> dict[str, object]:
    """Tell of a declaration as JSON."""
    return {"by": one.by, "at": one.at, "cause": one.cause}


def invalid_line(session: Session, one: Invalid, me: PersonId) -> str:
    """Say in a line who declared a consent void, when and why."""
    by, why = who(session, one.by, me), session.say(*_CAUSES[one.cause])
    return session.say(
        f"Erklært ugyldig fra begynnelsen {moment(one.at)} av {by}: {why}",
        f"Declared void from the beginning {moment(one.at)} by {by}: {why}",
    )


def _report(session: Session, consent: str, found: Incident, me: PersonId) -> Iterator[str]:
    title = session.say("Avvik: et samtykke var ugyldig", "Incident: a consent was void")
    yield f"[bold]{title}[/bold]"
    yield session.say(f"Samtykke {consent}", f"Consent {consent}")
    yield from (invalid_line(session, one, me) for one in found.invalid)
    yield ""
    yield from opening_lines(session, found.openings, me)
    yield ""
    yield session.say("Hva som må gjøres:", "What must be done:")
    yield from (f"  {number}. {session.say(*step)}" for number, step in enumerate(_STEPS, 1))


def _check(given: str, words: tuple[str, ...]) -> None:
    if given not in words:
        raise not_a_word(given, words)
