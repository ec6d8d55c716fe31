"""`fortrolig unit`: register units; admit and remove their staff."""

from __future__ import annotations

from typing import Annotated

import typer

from clients.cli.plain import plain
from clients.cli.reading import identifier, word
from clients.cli.reading import unit as find_unit
from clients.cli.session import Session, command
from clients.sdk import renewing, units
from clients.sdk.errors import Misused
from protocol.consent.vocabulary import Regime
from protocol.identifiers import PersonId
from protocol.national_id import BadNationalId, Numbers, OrganisationNumber

app = typer.Typer(help="Units and who works in them (for registrars and custodians).", no_args_is_help=True)


@command(app, "create")
async def create(
    session: Session,
    name: Annotated[str, typer.Option(help="The unit's name, which everybody sees.")],
    entity: Annotated[str, typer.Option(help="The legal entity's name.")],
    organisation: Annotated[str, typer.Option(help="The legal entity's organisation number.")],
    regime: Annotated[str, typer.Option(help="Confidentiality: health, education, child-welfare or other.")],
    parent: Annotated[str | None, typer.Option(help="The unit above it.")] = None,
) -> None:
    """Register a unit, as a registrar. Then invite its custodian.

    Example: `fortrolig unit create --name "Fjord legesenter" --entity Fjord --organisation 313… --regime health`
    """
    try:
        number = OrganisationNumber.parse(organisation, Numbers.SYNTHETIC).text
    except BadNationalId as error:
        raise Misused(error.code, f"The organisation number does not hold: {error}.") from error
    async with session.client() as client:
        above = None if parent is None else await find_unit(client, parent)
        unit = await units.create(
            client, name=name, entity=entity, organisation=number, regime=word(Regime, regime), parent=above
        )
    session.show(
        {"unit": unit, "name": name},
        session.say(f"{name} er registrert som {unit}.", f"{name} is registered as {unit}."),
    )


@command(app, "own-keys")
async def own_keys(
    session: Session,
    unit: Annotated[str, typer.Argument(help="The unit, by name or id.")],
    only: Annotated[
        bool,
        typer.Option("--only/--also-recorded", help="Take nothing, or also what rests on recorded signatures."),
    ],
) -> None:
    """State, as a registrar, that a unit receives nothing on signatures that professionals recorded for somebody.

    Without it the root's policy decides. What is sent to such a unit needs everybody's own key; other recipients of the
    same consent are not affected.

    Example: `fortrolig unit own-keys Fjord --only`
    """
    async with session.client() as client:
        stated = await units.require_own_keys(client, await find_unit(client, unit), only=only)
    told = (
        ("tar bare imot på egne nøkler", "receives on own keys only")
        if only
        else (
            "tar også imot på det som er skrevet ned, der policyen gjør det",
            "receives also on what was recorded, where the policy does",
        )
    )
    session.show(
        {"unit": stated.unit, "own_keys_only": stated.own_keys_only},
        session.say(f"{stated.name} {told[0]}.", f"{stated.name} {told[1]}."),
    )


@command(app, "admit")
async def admit(session: Session, unit: Annotated[str, typer.Argument(help="The unit, by name or id.")]) -> None:
    """Admit everybody who answered an invitation to the unit, as its custodian.

    Example: `fortrolig unit admit Fjord`
    """
    async with session.client() as client:
        admitted = await units.admit(client, await find_unit(client, unit))
    session.show(
        {"admitted": admitted},
        session.say(f"Tok inn {len(admitted)}.", f"Admitted {len(admitted)}."),
        *(f"  {person}" for person in admitted),
    )


@command(app, "remove")
async def remove(
    session: Session,
    unit: Annotated[str, typer.Argument(help="The unit, by name or id.")],
    person: Annotated[str, typer.Argument(help="Who leaves (per_…).")],
) -> None:
    """Remove somebody and change the mailbox key: what comes from now on they cannot open.

    Example: `fortrolig unit remove Fjord per_…`
    """
    async with session.client() as client:
        await units.remove(client, await find_unit(client, unit), identifier(PersonId, person))
    session.show(
        {"removed": person},
        session.say("Fjernet. Postkassen har ny nøkkel.", "Removed. The mailbox has a new key."),
    )


@command(app, "renew")
async def renew(
    session: Session,
    unit: Annotated[str, typer.Argument(help="The unit, by name or id.")],
    within: Annotated[int, typer.Option(help="Renew what ends within so many days.")] = renewing.WITHIN_DAYS,
) -> None:
    """Renew the unit's staff and mailbox before they end by themselves, once you have checked who still works there.

    Without it a mailbox takes nothing after 90 days. Whoever has left: `fortrolig unit remove`, first.

    Example: `fortrolig unit renew Fjord`
    """
    async with session.client() as client:
        found = await find_unit(client, unit)
        renewed = await renewing.renew_unit(client, found, within)
    staff, goes_on = len(renewed.endorsements), bool(renewed.mailboxes)
    session.show(
        {"unit": found, "endorsements": [each.holder for each in renewed.endorsements], "mailbox": goes_on},
        session.say(f"Fornyet {staff} ansatte.", f"Renewed {staff} members of staff."),
        session.say("Postkassen varer 90 dager til.", "The mailbox goes on for 90 days.")
        if goes_on
        else session.say(
            f"Ingenting av dette slutter innen {within} dager.", f"Nothing of it ends within {within} days."
        ),
    )


@command(app, "restrict")
async def restrict(session: Session, unit: Annotated[str, typer.Argument(help="The unit, by name or id.")]) -> None:
    """Make the mailboxes that families wait for, as the unit's custodian: each without a member of staff.

    You are not told which child it is for. Whoever is kept out is not told of it; do not tell them. `admit`, `remove`
    and `renew` keep these mailboxes in line by themselves.

    Example: `fortrolig unit restrict Fjord`
    """
    async with session.client() as client:
        done = await units.restrict(client, await find_unit(client, unit))
    if done.empty:
        raise Misused("nobody-left-here", "Nobody would be left in a mailbox that a family asks for; admit somebody.")
    session.show(
        {"mailboxes": [list(without) for without in done.made]},
        *(
            session.say(
                f"Postkasse uten {', '.join(without)} er klar.", f"A mailbox without {', '.join(without)} is ready."
            )
            for without in done.made
        ),
        *([] if done.made else [session.say("Ingen venter på noe her.", "Nobody waits for anything here.")]),
    )


@command(app, "staff")
async def staff(session: Session, unit: Annotated[str, typer.Argument(help="The unit, by name or id.")]) -> None:
    """Show who works in a unit: everybody may see the names of staff.

    Example: `fortrolig unit staff Fjord`
    """
    async with session.client() as client:
        found = await units.staff(client, await find_unit(client, unit))
    session.show(
        {"unit": found.name, "staff": [{"person": each.person, "name": each.name} for each in found.members]},
        *(f"{plain(each.name)}  [dim]{each.person}[/dim]" for each in found.members),
    )


@command(app, "list")
async def list_units(session: Session) -> None:
    """List the units that take part.

    Example: `fortrolig unit list`
    """
    async with session.client() as client:
        found = await units.registered(client)
    session.show(
        {"units": [{"unit": one.unit, "name": one.name, "regime": str(one.regime)} for one in found]},
        *(f"{plain(one.name)}  [dim]{one.unit}  {one.regime}[/dim]" for one in found),
        *([] if found else [session.say("Ingen enheter er registrert ennå.", "No units are registered yet.")]),
    )
