"""Units and their mailbox keys: create, admit, remove, and fetching the seeds that a member may have (DESIGN §3).

Each command can be repeated: a key that was drawn and not yet published is kept apart, as `epoch <unit> …` among the
keyring's secrets, under the list of members that it was drawn for, and taken up again for no other list.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from clients.sdk.client import Client, days
from clients.sdk.enrolment import Invited, endorse, invitations
from clients.sdk.errors import Denied, Misused, Tampered
from clients.sdk.journal import purpose
from keys import sealing, signing
from keys.canonical import canonical
from keys.encoding import decode, encode
from keys.keyring import NoSuchKey
from protocol.consent.vocabulary import Regime
from protocol.identifiers import PersonId, UnitId
from protocol.identity import Directory, logged_list
from protocol.statements.base import Refused, claim
from protocol.statements.identity import EpochBody, KeySet, Member, UnitBody

UNIT_DAYS = 90
EPOCH_DAYS = 90


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A unit's epochs as its custodian signed them, oldest first: number, public key and members of each."""

    directory: Directory
    epochs: tuple[Epoch, ...]

    @property
    def latest(self) -> Epoch | None:
        """The newest epoch, even if it has ended; null before the first."""
        return self.epochs[-1] if self.epochs else None

    def ever(self) -> frozenset[PersonId]:
        """Everybody who was a member in some epoch."""
        return frozenset(person for epoch in self.epochs for person in epoch.members)


@dataclass(frozen=True, slots=True)
class Epoch:
    """One epoch: its number, its public sealing key, and who reads with it."""

    number: int
    seal: bytes
    members: tuple[PersonId, ...]


async def create(
    client: Client, *, name: str, entity: str, organisation: str, regime: Regime, parent: UnitId | None = None
) -> UnitId:
    """Register a unit, as a registrar. Its mailbox works once a custodian has admitted somebody."""
    unit = UnitId.of(secrets.token_bytes(16))
    body = UnitBody(1, days(UNIT_DAYS), unit, name, entity, organisation, parent, regime)
    why = purpose("unit", name, entity, organisation, parent, regime)
    done = await client.submit("/v1/statements", body, purpose=why)
    return UnitId.parse(done.said["unit"])


async def mailbox(client: Client, unit: UnitId) -> Mailbox:
    """Fetch and believe a unit with all its epochs; raises `Tampered`."""
    policy = await client.load_policy()
    answer = await client.transport.get(f"/v1/units/{unit}", from_epoch=1)
    found = logged_list(answer["statements"])
    directory = await client.believe(policy, found)
    signed = [signing.peek(logged.token).body for logged in found if claim(logged.token).kind == EpochBody.kind]
    epochs = [
        Epoch(
            int(body["number"]),
            decode(body["seal"]),
            tuple(PersonId.parse(member["person"]) for member in body["members"]),
        )
        for body in signed
        if body["unit"] == unit
    ]
    return Mailbox(directory, tuple(sorted(epochs, key=lambda epoch: epoch.number)))


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
        await _publish(client, box, unit, None, {client.person, *admitted})
    elif admitted:
        key = await _own_key(client, unit, box)
        await _publish(client, box, unit, key, {*box.latest.members, *admitted})
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
        await _publish(client, box, unit, None, left)


async def load_seeds(client: Client, directory: Directory, unit: UnitId) -> None:
    """Fetch the seeds sealed to me, and with them every earlier one, into my keyring.

    Raises:
        Denied: I am not a member.
        Tampered: a seed does not match the public key that the custodian signed.
    """
    latest = directory.epoch(unit).body
    if _holds(client, unit, latest.number, latest.seal):
        return
    await _fetch_seeds(client, unit, await mailbox(client, unit))


async def _fetch_seeds(client: Client, unit: UnitId, box: Mailbox) -> None:
    answer = await client.transport.get(f"/v1/units/{unit}/seeds")
    sealed = {int(one["number"]): decode(one["sealed"]) for one in answer["seeds"]}
    previous = {int(one["number"]): decode(one["sealed"]) for one in answer["previous"]}
    if box.latest is None or box.latest.number not in sealed:
        raise Denied("not-a-member", "This unit's mailbox has not been opened to you.")
    own = client.home.keyring.sealing
    info = _seed_info(client, unit, box.latest.number, box.latest.seal, own.public.raw)
    key = _unsealed(sealed[box.latest.number], own, info, box.latest.seal)
    client.home.keyring.add_unit_key(unit, box.latest.number, key)
    later = box.latest
    for epoch in reversed(box.epochs[:-1]):
        if epoch.seal != later.seal:
            if later.number not in previous:
                break
            key = _unsealed(
                previous[later.number], key, _previous_info(client, unit, later.number, key.public.raw), epoch.seal
            )
        client.home.keyring.add_unit_key(unit, epoch.number, key)
        later = epoch


def unit_key(client: Client, unit: UnitId, key_digest: str) -> sealing.SealingKey:
    """Return the unit's private key whose public key has this SHA-256.

    Raises:
        Denied: it is not in my keyring: I was no member then.
    """
    for number in client.home.keyring.unit_epochs(unit):
        key = client.home.keyring.unit_key(unit, number)
        if key_id(key.public.raw) == key_digest:
            return key
    raise Denied("not-a-member", "This was sealed to a mailbox key that you do not have.")


def key_id(public: bytes) -> str:
    """Name a sealing key by its SHA-256, lower-case hex."""
    return hashlib.sha256(public).hexdigest()


async def _publish(
    client: Client, box: Mailbox, unit: UnitId, kept: sealing.SealingKey | None, members: Iterable[PersonId]
) -> None:
    """Publish the next epoch for these members, under the key given or a new one."""
    number = 1 if box.latest is None else box.latest.number + 1
    keys = {person: box.directory.keys(person, unit) for person in sorted(members)}
    name = _name(unit, number, keys)
    key = _prepared(client, name) if kept is None else kept
    body = EpochBody(
        number,
        days(EPOCH_DAYS),
        unit,
        key.public.raw,
        tuple(Member(person, key_set.digest) for person, key_set in keys.items()),
    )
    more: dict[str, Any] = {"seeds": [_seed(client, body, person, key, given) for person, given in keys.items()]}
    if box.latest is not None and box.latest.seal != key.public.raw:
        old = await _own_key(client, unit, box)
        info = _previous_info(client, unit, number, key.public.raw)
        more["previous"] = encode(sealing.seal(old.to_bytes(), key.public, info))
    done = await client.submit("/v1/statements", body, purpose=name, more=more)
    if decode(done.said["seal"]) != key.public.raw:
        raise Tampered("wrong-seed", "The unit's key is not the one that was prepared for it.")
    client.home.keyring.add_unit_key(unit, number, key)
    _forget(client, unit)


async def _settled(client: Client, unit: UnitId) -> Mailbox:
    """Fetch the mailbox after finishing what an interrupted run left: its request, and a key that was published."""
    await client.finish_all(f"epoch {unit} ")
    box = await mailbox(client, unit)
    for name in _prepared_names(client, unit):
        key = sealing.SealingKey.from_bytes(client.home.keyring.secret(name))
        for epoch in box.epochs:
            if epoch.seal == key.public.raw:
                client.home.keyring.add_unit_key(unit, epoch.number, key)
                client.home.keyring.remove_secret(name)
    return box


def _prepared(client: Client, name: str) -> sealing.SealingKey:
    # Kept before it is published: a custodian who crashes in between must not lose the mailbox. Kept under the list of
    # members, since whoever was on another list may have been given it.
    keyring = client.home.keyring
    if name not in keyring.secret_names():
        keyring.add_secret(name, sealing.generate().to_bytes())
    return sealing.SealingKey.from_bytes(keyring.secret(name))


def _prepared_names(client: Client, unit: UnitId) -> list[str]:
    return [name for name in client.home.keyring.secret_names() if name.startswith(f"epoch {unit} ")]


def _forget(client: Client, unit: UnitId) -> None:
    for name in _prepared_names(client, unit):
        client.home.keyring.remove_secret(name)


def _name(unit: UnitId, number: int, keys: Mapping[PersonId, KeySet]) -> str:
    members = canonical({person: given.digest for person, given in keys.items()})
    return f"epoch {unit} {number} {hashlib.sha256(members).hexdigest()}"


def _seed(client: Client, body: EpochBody, person: PersonId, key: sealing.SealingKey, given: KeySet) -> dict[str, str]:
    info = _seed_info(client, body.unit, body.number, body.seal, given.seal)
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


def _holds(client: Client, unit: UnitId, number: int, seal: bytes) -> bool:
    try:
        return client.home.keyring.unit_key(unit, number).public.raw == seal
    except NoSuchKey:
        return False


async def _own_key(client: Client, unit: UnitId, box: Mailbox) -> sealing.SealingKey:
    """Return the key of the latest epoch, fetched if it is not in my keyring; raises `Denied`."""
    latest = box.latest
    if latest is None:
        raise Denied("not-a-member", "This unit has no mailbox key yet.")
    if not _holds(client, unit, latest.number, latest.seal):
        await _fetch_seeds(client, unit, box)
    return client.home.keyring.unit_key(unit, latest.number)


def _unsealed(sealed: bytes, key: sealing.SealingKey, info: bytes, public: bytes) -> sealing.SealingKey:
    try:
        found = sealing.SealingKey.from_bytes(sealing.unseal(sealed, key, info))
    except (sealing.CannotOpen, ValueError) as error:
        raise Tampered("wrong-seed", "The unit's key that the server gave does not open; ask its custodian.") from error
    if found.public.raw != public:
        raise Tampered("wrong-seed", "The unit's key is not the one that its custodian signed.")
    return found


def _seed_info(client: Client, unit: UnitId, number: int, seal: bytes, recipient: bytes) -> bytes:
    return canonical(
        {
            "v": 1,
            "use": "unit-seed",
            "log": client.policy.origin,
            "recipient_key": key_id(recipient),
            "unit": unit,
            "number": number,
            "key": key_id(seal),
        }
    )


def _previous_info(client: Client, unit: UnitId, number: int, seal: bytes) -> bytes:
    return canonical(
        {
            "v": 1,
            "use": "previous-seed",
            "log": client.policy.origin,
            "recipient_key": key_id(seal),
            "unit": unit,
            "number": number,
        }
    )
