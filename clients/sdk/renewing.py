"""Renewing and ending what I vouched for, before it ends by itself after 90 days (DESIGN §3, §10).

Renewing says that I have checked that it still holds: the same keys, the same role, the same unit. A child's sheet is
rechecked with the register and renewed by `subjects.renew`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from clients.sdk import units
from clients.sdk.client import Client, days
from clients.sdk.enrolment import ENDORSEMENT_DAYS, invitations
from clients.sdk.errors import Misused
from clients.sdk.mailboxes import mailbox
from clients.sdk.transport import clock
from protocol.identifiers import Instant, PersonId, UnitId
from protocol.identity import Directory
from protocol.statements.identity import EndorsementBody, UnitBody

WITHIN_DAYS = 30
"""What ends within so many days is renewed, unless somebody says otherwise."""


@dataclass(frozen=True, slots=True)
class Renewed:
    """What was renewed: units, endorsements, and the units whose mailbox goes on."""

    units: tuple[UnitBody, ...] = ()
    endorsements: tuple[EndorsementBody, ...] = ()
    mailboxes: tuple[UnitId, ...] = ()


async def renew_all(client: Client, within: int = WITHIN_DAYS) -> Renewed:
    """Renew, as a registrar, the units and everybody that I vouched for, where they end within so many days.

    Whoever was ended or has ended already is left as it is: a new invitation begins anew.

    Raises:
        Denied: I am no registrar.
    """
    soon = days(within)
    registered = []
    for unit in await units.registered(client):
        if _ends(unit.not_after, soon):
            body = replace(unit, number=unit.number + 1, not_after=days(units.UNIT_DAYS))
            await client.submit("/v1/statements", body, purpose=f"renew {unit.unit} {body.number}")
            registered.append(body)
    mine = {each.invitation.id: each.invitation.holder for each in await invitations(client) if each.is_used}
    directory = await client.directory(persons=sorted(set(mine.values())))
    vouched = [each for holder in sorted(set(mine.values())) for each in directory.endorsements(holder)]
    return Renewed(
        tuple(registered), await _renewed(client, (each for each in vouched if each.invitation in mine), soon)
    )


async def renew_unit(client: Client, unit: UnitId, within: int = WITHIN_DAYS) -> Renewed:
    """Renew, as its custodian, a unit's staff and mailbox, where they end within so many days.

    The mailbox keeps its key and its members. Whose endorsement has ended is no member any more, and the key changes.

    Raises:
        Misused: the unit has no mailbox yet.
    """
    soon = days(within)
    box = await mailbox(client, unit)
    latest = box.latest
    if latest is None:
        raise Misused("no-mailbox", "This unit has no mailbox yet; admit somebody first.")
    staff = [each for member in latest.members for each in _of_staff(box.directory, member, unit)]
    endorsements = await _renewed(client, staff, soon)
    goes_on = _ends(box.ends, soon) or bool(endorsements) or any(_is_over(each.not_after) for each in staff)
    if goes_on:
        await units.prolong(client, unit)
    return Renewed((), endorsements, (unit,) if goes_on else ())


async def end(client: Client, person: PersonId) -> list[EndorsementBody]:
    """End, as a registrar, everything that I vouch for of a person: nothing that they sign from now on counts.

    Raises:
        Misused: I vouch for nothing of this person.
    """
    mine = {each.invitation.id for each in await invitations(client)}
    directory = await client.directory(persons=[person])
    ended = []
    for each in directory.endorsements(person):
        if each.invitation in mine and not _is_over(each.not_after):
            body = replace(each, number=each.number + 1, not_after=clock())
            await client.submit("/v1/statements", body, purpose=f"end {each.invitation} {body.number}")
            ended.append(body)
    if not ended:
        raise Misused("nothing-to-end", "You vouch for nothing of this person that has not ended already.")
    return ended


async def _renewed(client: Client, vouched: Iterable[EndorsementBody], soon: Instant) -> tuple[EndorsementBody, ...]:
    done = []
    for each in vouched:
        if _ends(each.not_after, soon):
            body = replace(each, number=each.number + 1, not_after=days(ENDORSEMENT_DAYS))
            await client.submit("/v1/statements", body, purpose=f"renew {each.invitation} {body.number}")
            done.append(body)
    return tuple(done)


def _of_staff(directory: Directory, person: PersonId, unit: UnitId) -> list[EndorsementBody]:
    return [each for each in directory.endorsements(person) if each.unit == unit and each.role == "staff"]


def _ends(not_after: Instant, soon: Instant) -> bool:
    return not _is_over(not_after) and not_after < soon


def _is_over(not_after: Instant) -> bool:
    return not_after <= clock()
