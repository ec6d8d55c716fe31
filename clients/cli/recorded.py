"""`fortrolig consent record-…`: what a professional writes down for somebody who has no key."""

from __future__ import annotations

from typing import Annotated

import typer

from clients.cli.certificates import read_given
from clients.cli.finding import ChildOption, ConsentArgument, find
from clients.cli.plain import plain
from clients.cli.reading import identifier, not_a_word, own_unit
from clients.cli.session import Session, command
from clients.sdk.certificates import BadCertificate, Certificate
from clients.sdk.client import Client
from clients.sdk.errors import Misused
from clients.sdk.recorded import Told, confirm_for, sign_for, withdraw_for, withdraw_terms_for
from clients.sdk.recorded import dispute as dispute_record
from protocol.identifiers import PersonId
from protocol.statements.recorded import FORMS, IDENTITIES, RecordedAct

PersonOption = Annotated[str, typer.Option("--for", help="Whose word it is (per_…).")]
FormOption = Annotated[str, typer.Option("--by", help="How they said it: oral or paper.")]
UnitOption = Annotated[str | None, typer.Option(help="The unit you write it down for, if you are in several.")]

_WORDS = {
    "recorded-signature": ("Sagt ja", "Said yes"),
    "recorded-confirmation": ("Ja bekreftet", "Yes confirmed"),
    "recorded-withdrawal": ("Trukket", "Withdrawn"),
    "recorded-invalidation": ("Erklært ugyldig", "Declared void"),
}
_FORMS = {"oral": ("muntlig", "orally"), "paper": ("på papir", "on paper")}


def register(app: typer.Typer) -> None:
    """Add the commands to `fortrolig consent`."""
    command(app, "record")(record)
    command(app, "confirm-record")(confirm_record)
    command(app, "record-withdrawal")(record_withdrawal)
    command(app, "withdraw-shown")(withdraw_shown)
    command(app, "dispute")(dispute)


async def record(
    session: Session,
    consent: ConsentArgument,
    person: PersonOption,
    form: FormOption,
    identity: Annotated[str, typer.Option(help="How you know who it is: call-back, document or known.")],
    interpreter: Annotated[str | None, typer.Option(help="The interpreter's language, if there was one.")] = None,
    child: ChildOption = None,
    unit: UnitOption = None,
) -> None:
    """Record that somebody without a key said yes, after you read them the text. A second colleague must confirm it.

    `fortrolig consent show` prints the text to read. It is marked as recorded wherever it is shown, the policy may
    refuse it, and the person may dispute it.

    Example: `fortrolig consent record 3fa9c1 --for per_… --by oral --identity document --interpreter somali`
    """
    _check(form, FORMS)
    _check(identity, IDENTITIES)
    async with session.client() as client:
        told = await told_to(client, unit, person, form)
        known = await find(client, consent, child)
        await sign_for(client, known, told, identity, interpreter)
    session.show(
        {"consent": known.digest, "for": told.person},
        session.say("Skrevet ned. En kollega må bekrefte det.", "Written down. A colleague must confirm it."),
    )


async def confirm_record(
    session: Session,
    consent: ConsentArgument,
    person: PersonOption,
    form: FormOption,
    child: ChildOption = None,
    unit: UnitOption = None,
) -> None:
    """Confirm what a colleague recorded, as the second person: they said it to you too.

    Example: `fortrolig consent confirm-record 3fa9c1 --for per_… --by oral`
    """
    _check(form, FORMS)
    async with session.client() as client:
        told = await told_to(client, unit, person, form)
        known = await find(client, consent, child)
        await confirm_for(client, known, told)
    session.show(
        {"consent": known.digest, "for": told.person},
        session.say("Bekreftet. Si fra til den det gjelder.", "Confirmed. Tell the person it concerns."),
    )


async def dispute(session: Session, consent: ConsentArgument, child: ChildOption = None) -> None:
    """Say that you did not say what was recorded of you: from now it counts for nothing.

    Example: `fortrolig consent dispute 3fa9c1`
    """
    async with session.client() as client:
        known = await find(client, consent, child)
        await dispute_record(client, known)
    session.show(
        {"consent": known.digest},
        session.say("Det som ble skrevet ned, gjelder ikke lenger.", "What was written down counts no longer."),
    )


async def record_withdrawal(
    session: Session,
    consent: ConsentArgument,
    person: PersonOption,
    form: FormOption,
    child: ChildOption = None,
    unit: UnitOption = None,
) -> None:
    """Withdraw a consent for somebody who asks you to, as a professional whose unit takes part in it.

    It works at once, like their own withdrawal, and is marked as recorded by you.

    Example: `fortrolig consent record-withdrawal 3fa9c1 --for per_… --by oral --child sub_…`
    """
    _check(form, FORMS)
    async with session.client() as client:
        acting, whose, _ = await told_to(client, unit, person, form)
        known = await find(client, consent, child)
        logged = await withdraw_for(client, known, acting, whose, form)
    session.show(
        {"consent": known.digest, "for": whose, "state": "withdrawn" if logged else "waiting"},
        session.say(
            "Samtykket er trukket, og du står som den som skrev det ned. Si fra til den det gjelder.",
            "The consent is withdrawn, and you stand as the one who wrote it down. Tell the person it concerns.",
        ),
    )


async def withdraw_shown(
    session: Session,
    certificate: Annotated[
        str,
        typer.Argument(metavar="FILE|TEXT", help="The certificate you are shown: the PDF, or its codes."),
    ],
    person: PersonOption,
    form: FormOption,
    unit: UnitOption = None,
    *,
    name_shown: Annotated[
        bool,
        typer.Option(
            "--our-name-may-be-shown",
            help="The person knows that your unit's name will stand with the withdrawal, for everybody who sees it.",
        ),
    ] = False,
) -> None:
    """Withdraw a consent in which your unit takes no part, for somebody without a key who shows you its certificate.

    It works at once. Your unit's name then shows to everybody who sees the consent, the other parent among them: if
    nobody may know that the person has been with you, let a unit that takes part record it instead.

    Example: `fortrolig consent withdraw-shown samtykke.pdf --for per_… --by oral --our-name-may-be-shown`
    """
    _check(form, FORMS)
    if not name_shown:
        raise Misused(
            "name-shown",
            "Your unit's name will show to everybody who sees the consent. If the person is safe with that, repeat "
            "with --our-name-may-be-shown; if not, let a unit that takes part record it.",
        )
    try:
        terms = Certificate.read(read_given(certificate).decode("latin-1")).terms
    except BadCertificate as error:
        raise Misused(error.code, f"This is no certificate of a consent: {error}.", what=str(error)) from error
    async with session.client() as client:
        told = await told_to(client, unit, person, form)
        logged = await withdraw_terms_for(client, terms, told)
    session.show(
        {"consent": terms.digest, "for": told.person, "state": "withdrawn" if logged else "waiting"},
        session.say(
            "Samtykket er trukket, og enheten din står som den som skrev det ned.",
            "The consent is withdrawn, and your unit stands as the one that wrote it down.",
        ),
    )


async def told_to(client: Client, unit: str | None, person: str, form: str) -> Told:
    """Say how somebody's word came to a professional; raises `Misused` (`not-staff`) for anybody else."""
    whose, acting = identifier(PersonId, person), await own_unit(client, unit)
    if acting is None:
        raise Misused("not-staff", "This is for professionals: you are in no unit.")
    return Told(acting, whose, form)


def _check(given: str, words: tuple[str, ...]) -> None:
    if given not in words:
        raise not_a_word(given, words)


def recorded_line(session: Session, word: RecordedAct, who: str) -> str:
    """Say in a line that a word was written down by somebody else, and how it was said."""
    nb, en = _FORMS[word.form]
    said_nb, said_en = _WORDS[word.kind]
    return session.say(
        f"{said_nb} {nb} av {who}, skrevet ned ved {plain(word.unit)}",
        f"{said_en} {en} by {who}, written down at {plain(word.unit)}",
    )
