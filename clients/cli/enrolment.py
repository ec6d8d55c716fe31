"""`fortrolig invite`, `enrol`, `whoami`: how a person comes in."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from clients.cli.plain import plain
from clients.cli.reading import not_a_word
from clients.cli.reading import unit as find_unit
from clients.cli.session import Session, command
from clients.sdk import enrolment
from protocol.statements.identity import ROLES


def register(app: typer.Typer) -> None:
    """Add the commands."""
    command(app, "invite")(invite)
    command(app, "enrol")(enrol)
    command(app, "whoami")(whoami)


async def invite(
    session: Session,
    role: Annotated[str, typer.Option(help="person (family), custodian, staff or supervisor.")] = "person",
    unit: Annotated[str | None, typer.Option(help="For custodians and staff: the unit.")] = None,
    name: Annotated[str | None, typer.Option(help="For professionals: the name that everybody sees.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write the slip to this file instead of showing it.")] = None,
) -> None:
    """Make an invitation to hand over in the room.

    The slip holds a secret that the server never learns. Give it only to the person it is for: not by e-mail.

    Example: `fortrolig invite --role staff --unit Fjord --name "Kari Nordmann" --out slip.txt`
    """
    if out is not None and out.exists():
        raise FileExistsError(errno.EEXIST, "there already", str(out))
    if role not in ROLES:
        raise not_a_word(role, ROLES)
    async with session.client() as client:
        where = None if unit is None else await find_unit(client, unit)
        slip = await enrolment.invite(client, role, unit=where, name=name)
    if out is not None:
        # Never there, not even empty, with a mode that lets others read the secret.
        with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(f"{slip}\n")
        session.show(
            {"invitation": slip.invitation, "file": str(out)},
            session.say(f"Invitasjonen ligger i {out}.", f"The invitation is in {out}."),
        )
        return
    session.show(
        {"invitation": slip.invitation, "slip": str(slip)},
        session.say("Gi denne til personen, i rommet:", "Hand this to the person, in the room:"),
        f"[bold]{escape(str(slip))}[/bold]",
        session.say("Den gjelder i 14 dager, én gang.", "It is good for 14 days, once."),
    )


async def enrol(
    session: Session,
    slip_file: Annotated[Path | None, typer.Option(help="The file with your invitation; else it is asked for.")] = None,
) -> None:
    """Enrol with the invitation that you were handed. Your keys are made here and never leave this machine.

    Example: `fortrolig enrol --slip-file slip.txt`
    """
    slip = enrolment.Slip.parse(session.secret("invitation", slip_file))
    home = await enrolment.enrol(session.home, session.passphrase(new=True), slip)
    person = home.profile.person
    session.show(
        {"person": person, "server": slip.server},
        session.say(
            "Nøklene dine er laget. Den som inviterte deg, må nå gå god for dem; etterpå er du i gang.",
            "Your keys are made. Whoever invited you must now vouch for them; after that you can begin.",
        ),
        session.say(f"Du er {person}.", f"You are {person}."),
    )


async def whoami(session: Session) -> None:
    """Show who you are here, your units, and the children you are on the sheet of.

    Example: `fortrolig whoami`
    """
    async with session.client() as client:
        await client.load_policy()
        me = await client.transport.get("/v1/me")
    session.show(
        me,
        session.say(f"Du er {me['person']}.", f"You are {me['person']}."),
        *(plain(f"{one['role']} {one['name'] or ''} {one['unit'] or ''}") for one in me["roles"]),
        *(session.say(f"  medlem av {unit}", f"  member of {unit}") for unit in me["units"]),
        *(session.say(f"  barn: {subject}", f"  child: {subject}") for subject in me["subjects"]),
    )
