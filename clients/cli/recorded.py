"""`fortrolig consent record-…`: what a professional writes down for somebody who has no key."""

from __future__ import annotations

from typing import Annotated

import typer

from clients.cli.finding import ChildOption, ConsentArgument, find
from clients.cli.plain import plain
from clients.cli.reading import identifier, not_a_word, own_unit
from clients.cli.session import Session, command
from clients.sdk.errors import Misused
from clients.sdk.recorded import withdraw_for
from protocol.identifiers import PersonId
from protocol.statements.recorded import FORMS, RecordedAct

PersonOption = Annotated[str, typer.Option("--for", help="Whose word it is (per_…).")]
FormOption = Annotated[str, typer.Option("--by", help="How they said it: oral or paper.")]
UnitOption = Annotated[str | None, typer.Option(help="The unit you write it down for, if you are in several.")]

_FORMS = {"oral": ("muntlig", "orally"), "paper": ("på papir", "on paper")}


def register(app: typer.Typer) -> None:
    """Add the commands to `fortrolig consent`."""
    command(app, "record-withdrawal")(record_withdrawal)


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
    if form not in FORMS:
        raise not_a_word(form, FORMS)
    whose = identifier(PersonId, person)
    async with session.client() as client:
        acting = await own_unit(client, unit)
        if acting is None:
            raise Misused("not-staff", "This is for professionals: you are in no unit.")
        known = await find(client, consent, child)
        logged = await withdraw_for(client, known, acting, whose, form)
    session.show(
        {"consent": known.digest, "for": whose, "state": "withdrawn" if logged else "waiting"},
        session.say(
            "Samtykket er trukket, og du står som den som skrev det ned. Si fra til den det gjelder.",
            "The consent is withdrawn, and you stand as the one who wrote it down. Tell the person it concerns.",
        ),
    )


def recorded_line(session: Session, word: RecordedAct, who: str) -> str:
    """Say in a line that a word was written down by somebody else, and how it was said."""
    nb, en = _FORMS[word.form]
    return session.say(
        f"Trukket {nb} av {who}, skrevet ned ved {plain(word.unit)}",
        f"Withdrawn {en} by {who}, written down at {plain(word.unit)}",
    )
