"""Units and their mailbox keys: create, admit, remove, and fetching the seeds that a member may have (DESIGN §3).

Each command can be repeated: a key that was drawn and not yet published is kept apart, as `epoch <unit> …` among the
keyring's secrets, under the list of members that it was drawn for, and taken up again for no other list.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from clients.sdk.client import Client, days
from clients.sdk.enrolment import Invited, endorse, invitations
from clients.sdk.errors import Misused, Tampered
from clients.sdk.journal import purpose
from clients.sdk.mailboxes import Mailbox, mailbox, own_key, previous_info, restricted, seed_info
from keys import sealing
from keys.canonical import canonical
from keys.encoding import decode, encode
from protocol.consent.vocabulary import Regime
from protocol.identifiers import Instant, PersonId, UnitId
from protocol.identity import DAY, Directory, logged_list
from protocol.statements.base import Refused, claim, verify
from protocol.statements.identity import EpochBody, KeySet, Member, UnitBody
from protocol.statements.restricted import RestrictedEpochBody

UNIT_DAYS = 90
EPOCH_DAYS = 90


async def create(
    client: Client, *, name: str, entity: str, organisation: str, regime: Regime, parent: UnitId | None = None
) -> UnitId:
    """Register a unit, as a registrar. Its mailbox works once a custodian has admitted somebody."""
    unit = UnitId.of(secrets.token_bytes(16))
    body = UnitBody(1, days(UNIT_DAYS), unit, name, entity, organisation, parent, regime)
    why = purpose("unit", name, entity, organisation, parent, regime)
    done = await client.submit("/v1/statements", body, purpose=why)
    return UnitId.parse(done.said["unit"])


async def admit(client: Client, unit: UnitId) -> list[PersonId]:
    """Endorse everybody who answered an invitation to this unit, and publish an epoch that lists them.

    The sealing key is kept, so that new members read older mail. The custodian stands on the list from the first epoch.
    Whoever was endorsed by a run that was interrupted is listed by the next.
    """
    await client.finish_all("endorse ")
    invited = [one for one in await invitations(client) if one.invitation.unit == unit]
    for one in invited:
        if one.is_open and one.authentic:
            await endorse(client, one)
    box = await _settled(client, unit)
    waiting = [_person(one) for one in await invitations(client) if one.invitation.unit == unit and one.is_used]
    admitted = sorted(
        person for person in waiting if person not in box.ever() and _vouched(box.directory, person, unit)
    )
    if box.latest is None:
        await _publish(client, box, None, {client.person, *admitted})
    elif admitted:
        key = await own_key(client, box)
        await _publish(client, box, key, {*box.latest.members, *admitted})
    await restrict(client, unit)
    return admitted


async def remove(client: Client, unit: UnitId, person: PersonId) -> None:
    """Remove a member and change the sealing key in one statement; who was removed before stays so.

    Raises:
        Misused: the person was never a member, or is the last one.
    """
    box = await _settled(client, unit)
    if box.latest is None or person not in box.ever():
        raise Misused("not-a-member-there", "This person is not a member of the unit.")
    left = set(box.latest.members) - {person}
    if not left:
        raise Misused("last-member", "A unit keeps at least one member; admit somebody else first.")
    if person in box.latest.members:
        await _publish(client, box, None, left)
    await restrict(client, unit)


async def prolong(client: Client, unit: UnitId) -> None:
    """Publish the next epoch for the same members under the same key.

    Whoever is vouched for no more is left out, and then the key changes.

    Raises:
        Misused: the unit has no mailbox yet, or nobody of it is left.
    """
    box = await _settled(client, unit)
    if box.latest is None:
        raise Misused("no-mailbox", "This unit has no mailbox yet; admit somebody first.")
    left = {person for person in box.latest.members if _vouched(box.directory, person, unit)}
    if not left:
        raise Misused("last-member", "Nobody of this unit is vouched for any more; invite somebody.")
    key = await own_key(client, box) if left == set(box.latest.members) else None
    await _publish(client, box, key, left)
    await restrict(client, unit)


async def restrict(client: Client, unit: UnitId) -> Restricting:
    """Make the mailboxes without somebody that families ask for, and bring all of them in line with the unit's members.

    What `admit`, `remove` and `prolong` do to the unit's own mailbox, this does to the others. Nobody is told which
    child is concerned: all families who keep out the same persons share one.
    """
    own = await mailbox(client, unit)
    if own.latest is None or client.person not in own.latest.members:
        return Restricting((), ())
    await client.finish_all(f"epoch {unit}")
    found = await restricted(client, unit)
    known = {box.without: box for box in found.mailboxes}
    made, empty = [], []
    for without in sorted({*known, *found.wanted}):
        box = known.get(without) or Mailbox(own.directory, unit, without, (), Instant(0))
        _take_up(client, box)
        left = {person: keys for person, keys in own.latest.keys.items() if person not in without}
        if not left:
            empty.append(without)
        elif box.latest is None or box.latest.keys != left or box.ends < own.ends - DAY:
            keeps = box.latest is not None and box.latest.keys.items() <= left.items()
            await _publish(
                client, replace(box, directory=own.directory), await own_key(client, box) if keeps else None, left
            )
            made.append(without)
    return Restricting(tuple(made), tuple(empty))


@dataclass(frozen=True, slots=True)
class Restricting:
    """Whom the mailboxes are without that were made or went on, and those in which nobody would be left."""

    made: tuple[tuple[PersonId, ...], ...]
    empty: tuple[tuple[PersonId, ...], ...]


@dataclass(frozen=True, slots=True)
class Worker:
    """A member of a unit, by the name that a custodian or registrar vouches for."""

    person: PersonId
    name: str


@dataclass(frozen=True, slots=True)
class Staff:
    """A unit's name and its present members."""

    name: str
    members: tuple[Worker, ...]


async def staff(client: Client, unit: UnitId) -> Staff:
    """Return who works in a unit: names of staff are for everybody; raises `Tampered`."""
    box = await mailbox(client, unit)
    members = () if box.latest is None else box.latest.members
    vouched = {
        each.holder: each.name or each.holder
        for person in members
        for each in box.directory.endorsements(person)
        if each.unit == unit
    }
    return Staff(
        box.directory.unit(unit).name, tuple(Worker(person, vouched.get(person, person)) for person in members)
    )


async def wanted(client: Client) -> dict[UnitId, int]:
    """Count, for each unit whose custodian I am, the mailboxes without somebody that families wait for."""
    mine = [
        UnitId.parse(each["unit"])
        for each in (await client.transport.get("/v1/me"))["roles"]
        if each["role"] == "custodian"
    ]
    found = {}
    for unit in mine:
        if (await mailbox(client, unit)).latest is not None:
            found[unit] = len((await restricted(client, unit)).wanted)
    return {unit: count for unit, count in found.items() if count}


async def require_own_keys(client: Client, unit: UnitId, *, only: bool) -> UnitBody:
    """State in the unit's record, as a registrar, whether it takes nothing on signatures that were recorded.

    Raises:
        Misused: `unknown-unit`, if no registrar vouches for the unit.
    """
    found = [each for each in await registered(client) if each.unit == unit]
    if not found:
        raise Misused("unknown-unit", "No registrar vouches for this unit.")
    [now] = found
    if now.own_keys_only is only:
        return now
    body = replace(now, number=now.number + 1, not_after=days(UNIT_DAYS), own_keys_only=only)
    await client.submit("/v1/statements", body, purpose=f"renew {unit} {body.number}")
    return body


async def registered(client: Client) -> list[UnitBody]:
    """Return every unit that a registrar of the policy vouches for."""
    policy = await client.load_policy()
    found = []
    for logged in logged_list(await client.transport.pages("/v1/units", "units")):
        said = claim(logged.token)
        key = policy.registrar_key(said.iss, said.kid)
        if key is not None:
            found.append(verify(logged.token, UnitBody, key, aud=policy.origin).body)
    return found


async def _publish(client: Client, box: Mailbox, kept: sealing.SealingKey | None, members: Iterable[PersonId]) -> None:
    """Publish the next epoch for these members, under the key given or a new one."""
    number = 1 if box.latest is None else box.latest.number + 1
    keys = {person: box.directory.keys(person, box.unit) for person in sorted(members)}
    name = _name(box.line, number, keys)
    key = _prepared(client, name) if kept is None else kept
    listed = tuple(Member(person, key_set.digest) for person, key_set in keys.items())
    told = (number, days(EPOCH_DAYS), box.unit, key.public.raw, listed)
    body = RestrictedEpochBody(*told, box.without) if box.without else EpochBody(*told)
    more: dict[str, Any] = {"seeds": [_seed(client, body, person, key, given) for person, given in keys.items()]}
    if box.latest is not None and box.latest.seal != key.public.raw:
        old = await own_key(client, box)
        info = previous_info(client, box.unit, number, key.public.raw)
        more["previous"] = encode(sealing.seal(old.to_bytes(), key.public, info))
    done = await client.submit("/v1/statements", body, purpose=name, more=more)
    if decode(done.said["seal"]) != key.public.raw:
        raise Tampered("wrong-seed", "The unit's key is not the one that was prepared for it.")
    client.home.keyring.add_unit_key(box.line, number, key)
    _forget(client, box.line)


async def _settled(client: Client, unit: UnitId) -> Mailbox:
    """Fetch the mailbox after finishing what an interrupted run left: its request, and a key that was published."""
    await client.finish_all(f"epoch {unit} ")
    box = await mailbox(client, unit)
    _take_up(client, box)
    return box


def _take_up(client: Client, box: Mailbox) -> None:
    """Keep as the mailbox's what was drawn for it and was published, though this client never learnt of it."""
    for name in _prepared_names(client, box.line):
        key = sealing.SealingKey.from_bytes(client.home.keyring.secret(name))
        for epoch in box.epochs:
            if epoch.seal == key.public.raw:
                client.home.keyring.add_unit_key(box.line, epoch.number, key)
                client.home.keyring.remove_secret(name)


def _prepared(client: Client, name: str) -> sealing.SealingKey:
    # Kept before it is published: a custodian who crashes in between must not lose the mailbox. Kept under the list of
    # members, since whoever was on another list may have been given it.
    keyring = client.home.keyring
    if name not in keyring.secret_names():
        keyring.add_secret(name, sealing.generate().to_bytes())
    return sealing.SealingKey.from_bytes(keyring.secret(name))


def _prepared_names(client: Client, line: str) -> list[str]:
    return [name for name in client.home.keyring.secret_names() if name.startswith(f"epoch {line} ")]


def _forget(client: Client, line: str) -> None:
    for name in _prepared_names(client, line):
        client.home.keyring.remove_secret(name)


def _name(line: str, number: int, keys: Mapping[PersonId, KeySet]) -> str:
    members = canonical({person: given.digest for person, given in keys.items()})
    return f"epoch {line} {number} {hashlib.sha256(members).hexdigest()}"


def _seed(client: Client, body: EpochBody, person: PersonId, key: sealing.SealingKey, given: KeySet) -> dict[str, str]:
    info = seed_info(client, body.unit, body.number, body.seal, given.seal)
    return {
        "person": person,
        "sealed": encode(sealing.seal(key.to_bytes(), sealing.SealingPublicKey(given.seal), info)),
    }


def _vouched(directory: Directory, person: PersonId, unit: UnitId) -> bool:
    try:
        directory.keys(person, unit)
    except Refused:
        return False
    return True


def _person(invited: Invited) -> PersonId:
    return invited.invitation.holder
