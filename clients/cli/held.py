"""`fortrolig held`: what waits for signatures, sealed and not sent; see it, and throw it away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import typer

from clients.cli.answers import answer_lines
from clients.cli.my_consents import brief, lines
from clients.cli.plain import plain
from clients.cli.reading import identifier
from clients.cli.sending import ShareArgument, moment, unclear
from clients.cli.session import Session, command
from clients.sdk import holding, units
from clients.sdk.client import Client
from clients.sdk.overview import overview
from protocol.identifiers import ShareId, SubjectId

app = typer.Typer(help="What waits for signatures, sealed and not sent: see it, throw it away.", no_args_is_help=True)

_NAMES = ("share", "author", "unit", "subject", "matter", "to", "t", "not_after")


@command(app, "list")
async def list_held(session: Session) -> None:
    """List what waits for consents: your own and your units', sealed, not sent.

    Example: `fortrolig held list`
    """
    async with session.client() as client:
        await client.load_policy()
        waiting = await holding.holds(client)
    session.show(
        {"held": [_brief(one) for one in waiting]},
        *(_line(session, one) for one in waiting),
        session.say(
            f"{len(waiting)} venter, ikke sendt." if waiting else "Ingenting venter.",
            f"{len(waiting)} waiting, not sent." if waiting else "Nothing waits.",
        ),
    )


@command(app, "show")
async def show(session: Session, share: ShareArgument) -> None:
    """Show what a held share waits for: whom it goes to, until when it is kept, and who must still act.

    Its content stays sealed. `fortrolig release` sends it once everybody has acted.

    Example: `fortrolig held show shr_3fa9`
    """
    async with session.client() as client:
        one = await _find(client, share)
        found = await overview(client, identifier(SubjectId, str(one["subject"])))
        under = [each for each in found.consents if each.known.digest in one["consents"]]
        me = client.person
        names: Mapping[str, str] = {unit.unit: unit.name for unit in await units.registered(client)}
    to = ", ".join(names.get(each, each) for each in one["to"])
    kept = moment(one["not_after"])
    session.show(
        {**_brief(one), "consents": [brief(each) for each in under]},
        _line(session, one),
        session.say(f"    til {to}", f"    to {to}"),
        session.say(
            f"    blir liggende til {kept}, og slettes så usendt", f"    kept until {kept}, then deleted unsent"
        ),
        *(
            line
            for each in under
            for line in (*lines(session, found, each, me), *answer_lines(session, each.known, me))
        ),
    )


@command(app, "drop")
async def drop(session: Session, share: ShareArgument) -> None:
    """Throw a held share away, unsent: its files are deleted at the server. This cannot be undone, and it is logged.

    Example: `fortrolig held drop shr_3fa9`
    """
    async with session.client() as client:
        one = await _find(client, share)
        await holding.drop(client, identifier(ShareId, str(one["share"])))
    session.show(
        {"share": one["share"], "state": "dropped"},
        session.say(
            f"Kastet, ikke sendt: {one['share']}. Mottakerne får ikke vite om det.",
            f"Thrown away, not sent: {one['share']}. Its recipients are not told.",
        ),
    )


async def _find(client: Client, written: str) -> Mapping[str, Any]:
    await client.load_policy()
    fitting = [one for one in await holding.holds(client) if str(one["share"]).startswith(written)]
    if len(fitting) != 1:
        raise unclear(written, len(fitting))
    return fitting[0]


def _brief(one: Mapping[str, Any]) -> dict[str, Any]:
    return {name: one[name] for name in _NAMES}


def _line(session: Session, one: Mapping[str, Any]) -> str:
    since = session.say(f"venter siden {moment(one['t'])}", f"waiting since {moment(one['t'])}")
    return f"{plain(str(one['share']))}  {plain(str(one['matter']))}  [dim]{since}[/dim]"
