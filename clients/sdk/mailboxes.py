"""A unit's mailbox as its custodian signed it, and the keys to it that I may have (DESIGN §3)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from clients.sdk.client import Client
from clients.sdk.errors import Denied, Tampered
from keys import sealing, signing
from keys.canonical import canonical
from keys.encoding import decode
from keys.keyring import NoSuchKey
from protocol.identifiers import Instant, PersonId, UnitId, parse_instant
from protocol.identity import Directory, logged_list
from protocol.statements.base import claim
from protocol.statements.identity import EpochBody


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A unit's epochs as its custodian signed them, oldest first: number, public key and members of each."""

    directory: Directory
    epochs: tuple[Epoch, ...]
    ends: Instant
    """When the newest epoch ends."""

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
    ends = max((parse_instant(body["not_after"]) for body in signed if body["unit"] == unit), default=Instant(0))
    return Mailbox(directory, tuple(sorted(epochs, key=lambda epoch: epoch.number)), ends)


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
    info = seed_info(client, unit, box.latest.number, box.latest.seal, own.public.raw)
    key = _unsealed(sealed[box.latest.number], own, info, box.latest.seal)
    client.home.keyring.add_unit_key(unit, box.latest.number, key)
    later = box.latest
    for epoch in reversed(box.epochs[:-1]):
        if epoch.seal != later.seal:
            if later.number not in previous:
                break
            key = _unsealed(
                previous[later.number], key, previous_info(client, unit, later.number, key.public.raw), epoch.seal
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


async def own_key(client: Client, unit: UnitId, box: Mailbox) -> sealing.SealingKey:
    """Return the key of the latest epoch, fetched if it is not in my keyring; raises `Denied`."""
    latest = box.latest
    if latest is None:
        raise Denied("not-a-member", "This unit has no mailbox key yet.")
    if not _holds(client, unit, latest.number, latest.seal):
        await _fetch_seeds(client, unit, box)
    return client.home.keyring.unit_key(unit, latest.number)


def _holds(client: Client, unit: UnitId, number: int, seal: bytes) -> bool:
    try:
        return client.home.keyring.unit_key(unit, number).public.raw == seal
    except NoSuchKey:
        return False


def _unsealed(sealed: bytes, key: sealing.SealingKey, info: bytes, public: bytes) -> sealing.SealingKey:
    try:
        found = sealing.SealingKey.from_bytes(sealing.unseal(sealed, key, info))
    except (sealing.CannotOpen, ValueError) as error:
        raise Tampered("wrong-seed", "The unit's key that the server gave does not open; ask its custodian.") from error
    if found.public.raw != public:
        raise Tampered("wrong-seed", "The unit's key is not the one that its custodian signed.")
    return found


def seed_info(client: Client, unit: UnitId, number: int, seal: bytes, recipient: bytes) -> bytes:
    """Return what a seed sealed to a member is bound to."""
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


def previous_info(client: Client, unit: UnitId, number: int, seal: bytes) -> bytes:
    """Return what the seed before, sealed to the next epoch's key, is bound to."""
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
