"""`fortrolig consent withdraw`: a consent, or a part of it."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Annotated

import typer

from clients.cli.finding import ChildOption, ConsentArgument, find
from clients.cli.reading import holders, word
from clients.cli.session import Session, command
from clients.sdk import consents, withdrawing
from clients.sdk.client import Client
from clients.sdk.errors import Misused, Tampered
from clients.sdk.narrowing import narrow
from protocol.consent.age import OSLO
from protocol.consent.narrowing import MOST_RECEIVERS, Less
from protocol.consent.vocabulary import Category
from protocol.identifiers import Instant

_WITHDRAWN = (
    "Samtykket er trukket. Fra nå kan ingenting deles eller åpnes på det. Det som alt er lest, er lest.",
    "The consent is withdrawn. From now nothing is shared or opened under it. What was read stays read.",
)
_NARROWED = (
    (
        "Den delen er trukket. Fra nå kan den ikke deles eller åpnes, og det som ikke var åpnet, er slettet. "
        "Resten av samtykket står. Det som alt er lest, er lest."
    ),
    (
        "That part is withdrawn. From now it is not shared or opened, and what was not opened is deleted. "
        "The rest of the consent stands. What was read stays read."
    ),
)
_WAITS = (
    (
        "Tilbaketrekkingen er registrert hos serveren, men står ikke i loggen ennå. Ingenting kan åpnes imens. "
        "Kjør kommandoen en gang til senere for å få kvitteringen."
    ),
    (
        "The withdrawal is recorded at the server, but not yet in the log. Nothing can be opened meanwhile. "
        "Run the command again later for the receipt."
    ),
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, "withdraw")(withdraw)


async def withdraw(
    session: Session,
    consent: ConsentArgument,
    child: ChildOption = None,
    only_recipient: Annotated[
        list[str] | None, typer.Option(help="Withdraw it for this recipient only (a unit or person); repeat.")
    ] = None,
    only_category: Annotated[
        list[str] | None, typer.Option(help="Withdraw it for this sort of content only; repeat.")
    ] = None,
    ends: Annotated[
        str | None, typer.Option(help="Let it end earlier: the last day it holds (YYYY-MM-DD).", show_default=False)
    ] = None,
) -> None:
    """Withdraw a consent: from now nothing is shared or opened under it. What was read cannot be unread.

    With an option only a part is withdrawn, and the rest stands. A part that is withdrawn never comes back: give a new
    consent instead. What you signed on this machine you can withdraw whole even where the server's log no longer holds
    (exit code 4).

    Example: `fortrolig consent withdraw 3fa9c1 --only-recipient Fjord`
    """
    async with session.client() as client:
        less = await _less(client, only_recipient or [], only_category or [], ends)
        try:
            known = await find(client, consent, child)
            logged = await (consents.withdraw(client, known) if less == Less() else narrow(client, known, less))
        except Tampered as broken:
            if less != Less():
                raise
            raise await withdrawing.in_spite_of(client, consent, broken) from broken
    done, state = (_WITHDRAWN, "withdrawn") if less == Less() else (_NARROWED, "narrowed")
    part = {} if less == Less() else {"less": less.to_json()}
    session.show(
        {"consent": known.digest, "state": state if logged else "waiting", **part},
        session.say(*(done if logged else _WAITS)),
    )


async def _less(client: Client, recipients: list[str], categories: list[str], ends: str | None) -> Less:
    gone = tuple(sorted(set(await holders(client, recipients))))
    if len(gone) > MOST_RECEIVERS:
        raise Misused("too-many-recipients", f"Name at most {MOST_RECEIVERS} recipients at once.", most=MOST_RECEIVERS)
    sorts = tuple(sorted({word(Category, one) for one in categories}))
    end = None if ends is None else end_of_day(ends)
    return Less(gone, sorts, end, end)


def end_of_day(written: str) -> Instant:
    """Return the midnight, Europe/Oslo, that ends a day written YYYY-MM-DD; raises `Misused`."""
    try:
        after = date.fromisoformat(written) + timedelta(days=1)
    except (ValueError, OverflowError) as error:
        raise Misused("bad-day", f"{written!r} is not a day. Write it as YYYY-MM-DD.", given=written) from error
    return Instant(int(datetime.combine(after, time(), OSLO).timestamp()) * 1000)
