"""A unit's mailboxes as its custodian signed them, and the keys to them that I may have (DESIGN §3, ADR 27)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from clients.sdk.client import Client
from clients.sdk.errors import Denied, Tampered
from keys import sealing, signing
from keys.canonical import canonical
from keys.encoding import decode
from keys.keyring import NoSuchKey
from protocol.identifiers import Instant, PersonId, UnitId, parse_instant
from protocol.identity import Directory, Logged, logged_list
from protocol.statements.base import claim
from protocol.statements.identity import EpochBody
from protocol.statements.restricted import RestrictedEpochBody, line_of


@dataclass(frozen=True, slots=True)
class Mailbox:
    """The epochs of a unit's mailbox, oldest first: its own, or one that is `without` some of its staff."""

    directory: Directory
    unit: UnitId
    without: tuple[PersonId, ...]
    epochs: tuple[Epoch, ...]
    ends: Instant
    """When the newest epoch ends."""

    @property
    def line(self) -> str:
        """The name under which its keys are kept: for the unit's own mailbox the unit."""
        return line_of(self.unit, self.without)

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
    keys: Mapping[PersonId, str]
    """The digest of each member's key set."""

    @property
    def members(self) -> tuple[PersonId, ...]:
        """Who reads with it."""
        return tuple(self.keys)


async def mailbox(client: Client, unit: UnitId) -> Mailbox:
    """Fetch and believe a unit with all epochs of its own mailbox; raises `Tampered`."""
    policy = await client.load_policy()
    answer = await client.transport.get(f"/v1/units/{unit}", from_epoch=1)
    found = logged_list(answer["statements"])
    return _mailbox(await client.believe(policy, found), unit, (), found)


def _mailbox(directory: Directory, unit: UnitId, without: tuple[PersonId, ...], found: Sequence[Logged]) -> Mailbox:
    """Read the epochs of one line out of what the directory has believed."""
    kind = RestrictedEpochBody.kind if without else EpochBody.kind
    said = [signing.peek(logged.token).body for logged in found if claim(logged.token).kind == kind]
    signed = [body for body in said if body["unit"] == unit and tuple(body.get("without", ())) == without]
    epochs = [
        Epoch(
            int(body["number"]),
            decode(body["seal"]),
            {PersonId.parse(member["person"]): str(member["keys"]) for member in body["members"]},
        )
        for body in signed
    ]
    ends = max((parse_instant(body["not_after"]) for body in signed), default=Instant(0))
    return Mailbox(directory, unit, without, tuple(sorted(epochs, key=lambda epoch: epoch.number)), ends)


@dataclass(frozen=True, slots=True)
class Restricted:
    """A unit's mailboxes without some of its staff that I read; for a custodian also those that are asked for."""

    mailboxes: tuple[Mailbox, ...]
    wanted: tuple[tuple[PersonId, ...], ...]


async def restricted(client: Client, unit: UnitId) -> Restricted:
    """Fetch and believe a unit's mailboxes that are without somebody else.

    Raises:
        Denied: I am no member of the unit.
    """
    policy = await client.load_policy()
    answer = await client.transport.get(f"/v1/units/{unit}/restricted")
    found = logged_list(answer["statements"])
    chain = (await client.transport.get(f"/v1/units/{unit}"))["statements"] if found else []
    directory = await client.believe(policy, [*logged_list(chain), *found])
    lines = {tuple(map(PersonId.parse, signing.peek(logged.token).body["without"])) for logged in found}
    wanted = sorted(tuple(map(PersonId.parse, without)) for without in answer["wanted"])
    return Restricted(tuple(_mailbox(directory, unit, each, found) for each in sorted(lines)), tuple(wanted))


async def load_seeds(client: Client, directory: Directory, unit: UnitId) -> None:
    """Fetch the seeds sealed to me, and with them every earlier one, into my keyring.

    Raises:
        Denied: I am not a member.
        Tampered: a seed does not match the public key that the custodian signed.
    """
    latest = directory.epoch(unit).body
    if _holds(client, unit, latest.number, latest.seal):
        return
    await _fetch_seeds(client, await mailbox(client, unit))


async def _fetch_seeds(client: Client, box: Mailbox) -> None:
    unit, listed = box.unit, list(box.without)
    answer = await client.transport.get(f"/v1/units/{unit}/{'restricted' if listed else 'seeds'}")
    sealed, previous = (
        {int(one["number"]): decode(one["sealed"]) for one in answer[name] if one.get("without", []) == listed}
        for name in ("seeds", "previous")
    )
    if box.latest is None or box.latest.number not in sealed:
        raise Denied("not-a-member", "This unit's mailbox has not been opened to you.")
    own = client.home.keyring.sealing
    info = seed_info(client, unit, box.latest.number, box.latest.seal, own.public.raw)
    key = _unsealed(sealed[box.latest.number], own, info, box.latest.seal)
    client.home.keyring.add_unit_key(box.line, box.latest.number, key)
    later = box.latest
    for epoch in reversed(box.epochs[:-1]):
        if epoch.seal != later.seal:
            if later.number not in previous:
                break
            key = _unsealed(
                previous[later.number], key, previous_info(client, unit, later.number, key.public.raw), epoch.seal
            )
        client.home.keyring.add_unit_key(box.line, epoch.number, key)
        later = epoch


async def reading_key(client: Client, directory: Directory, unit: UnitId, key_digest: str) -> sealing.SealingKey:
    """Return the private key of one of the unit's mailboxes whose public key has this SHA-256.

    Raises:
        Denied: none that I may have has: I was no member then.
        Tampered: as `load_seeds`.
    """
    await load_seeds(client, directory, unit)
    for attempt in ("kept", "fetched"):
        if attempt == "fetched":
            for box in (await restricted(client, unit)).mailboxes:
                await own_key(client, box)
        for key in unit_keys(client, unit):
            if key_id(key.public.raw) == key_digest:
                return key
    raise Denied("not-a-member", "This was sealed to a mailbox key that you do not have.")


def unit_keys(client: Client, unit: UnitId) -> Iterator[sealing.SealingKey]:
    """Yield every key in my keyring of the unit's mailboxes, its own first, newest first."""
    keyring = client.home.keyring
    for line in sorted(line for line in keyring.units() if line.partition("-")[0] == unit):
        for number in reversed(keyring.unit_epochs(line)):
            yield keyring.unit_key(line, number)


def key_id(public: bytes) -> str:
    """Name a sealing key by its SHA-256, lower-case hex."""
    return hashlib.sha256(public).hexdigest()


async def own_key(client: Client, box: Mailbox) -> sealing.SealingKey:
    """Return the key of the latest epoch, fetched if it is not in my keyring; raises `Denied`."""
    latest = box.latest
    if latest is None:
        raise Denied("not-a-member", "This unit has no mailbox key yet.")
    if not _holds(client, box.line, latest.number, latest.seal):
        await _fetch_seeds(client, box)
    return client.home.keyring.unit_key(box.line, latest.number)


def _holds(client: Client, line: str, number: int, seal: bytes) -> bool:
    try:
        return client.home.keyring.unit_key(line, number).public.raw == seal
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
