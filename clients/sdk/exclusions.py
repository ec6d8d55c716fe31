"""Keeping somebody out of everything around a child, and the mailboxes that what goes past them is sealed to (ADR 27).

The words that give a block's ground stay in the keyring of whoever signs it; the statement carries their salted digest.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from clients.sdk.client import Client, days, new_statement_id
from clients.sdk.errors import Denied
from clients.sdk.journal import purpose
from clients.sdk.shields import keep_reason
from clients.sdk.transport import clock
from keys import signing
from protocol.consent.keeping_out import KeptOut, without
from protocol.exclusions import kept_out
from protocol.identifiers import PersonId, SubjectId, UnitId
from protocol.identity import Directory, Logged, logged_list
from protocol.statements.base import Refused, claim
from protocol.statements.exclusions import BlockBody, ExclusionBody, KeepingOutEndBody
from protocol.statements.identity import EpochBody

PATH = "/v1/exclusions"
MISSING = "restricted-mailbox-missing"


async def exclude(client: Client, subject: SubjectId, mailbox: UnitId, person: PersonId) -> str:
    """Keep a member of a unit's staff out of everything around a child, as the family; return the digest.

    Raises:
        Denied: I may not say this, or nobody would be left to read there.
    """
    body = ExclusionBody(new_statement_id(), subject, mailbox, person)
    return signing.digest((await client.submit(PATH, body, purpose=purpose(body.kind, subject, mailbox, person))).token)


async def block(client: Client, unit: UnitId, subject: SubjectId, person: PersonId, words: str, for_days: int) -> str:
    """Hide every matter of a child from somebody on its sheet, to be reviewed in so many days; return the digest.

    Raises:
        Denied: I may not say this.
    """
    body = BlockBody(new_statement_id(), subject, unit, person, keep_reason(client, subject, words), days(for_days))
    return signing.digest((await client.submit(PATH, body, purpose=purpose(body.kind, unit, subject, person))).token)


async def end(client: Client, unit: UnitId | None, subject: SubjectId, ends: str) -> str:
    """End an exclusion (`unit` null) or, for a health unit, a block; return the digest."""
    body = KeepingOutEndBody(new_statement_id(), subject, unit, ends)
    return signing.digest((await client.submit(PATH, body, purpose=purpose(body.kind, subject, ends))).token)


async def listed(client: Client, subject: SubjectId) -> tuple[KeptOut, ...]:
    """Fetch and believe who is kept out around a child now, as far as I may know of it.

    Raises:
        Tampered: something does not hold.
    """
    found = logged_list(await client.transport.pages(PATH, "statements", subject=subject))
    if not found:
        return ()
    units = {UnitId(unit) for one in found if (unit := signing.peek(one.token).body.get("unit")) is not None}
    directory = await client.directory(units=units, persons={claim(one.token).iss for one in found})
    try:
        words = kept_out(directory, found)
    except Refused as error:
        raise client.tampered(error, {"exclusions": [one.to_json() for one in found]}) from error
    await client.require_one_log(directory)
    return tuple(each for each in words if each.subject == subject)


@dataclass(frozen=True, slots=True)
class Mailboxes:
    """Which epochs to seal to instead of units' own, around one child; `missing` names the units that have none yet."""

    epochs: Mapping[UnitId, EpochBody] = field(default_factory=dict)
    missing: Mapping[UnitId, str] = field(default_factory=dict)

    def require(self) -> None:
        """Check that nothing is missing; raises `Denied` (`restricted-mailbox-missing`)."""
        if self.missing:
            raise Denied(
                MISSING,
                "The family keeps somebody at a recipient out, and its mailbox without them is not there yet. Its "
                "custodian makes it with `fortrolig unit restrict`.",
                units=", ".join(self.missing.values()),
            )


async def mailboxes_for(client: Client, subject: SubjectId, units: Collection[UnitId]) -> Mailboxes:
    """Find which of these units must be sealed to past somebody around a child, and the epochs for that.

    Raises:
        Tampered: something does not hold.
    """
    words, at = await listed(client, subject), clock()
    needed = {unit: persons for unit in units if (persons := without(words, unit, at))}
    if not needed:
        return Mailboxes()
    answer = logged_list((await client.transport.get(f"{PATH}/mailboxes", subject=subject))["statements"])
    directory = await _with_chain(client, needed, answer)
    epochs: dict[UnitId, EpochBody] = {}
    for unit, persons in needed.items():
        try:
            epochs[unit] = directory.restricted(unit, persons).body
        except Refused:
            continue  # not there, ended, or made for others than work there now: all wait for the custodian
    missing = {unit: directory.unit(unit).name for unit in sorted(needed.keys() - epochs.keys())}
    return Mailboxes(epochs, missing)


async def _with_chain(client: Client, units: Collection[UnitId], found: tuple[Logged, ...]) -> Directory:
    chain = [logged for unit in units for logged in logged_list(await _unit(client, unit))]
    return await client.believe(await client.load_policy(), [*chain, *found])


async def _unit(client: Client, unit: UnitId) -> object:
    return (await client.transport.get(f"/v1/units/{unit}"))["statements"]
