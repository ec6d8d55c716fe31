"""Units and their mailbox keys: create, admit, remove, and fetching the seeds that a member may have (DESIGN §3)."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from typing import Any

from clients.sdk.client import Client, days
from clients.sdk.enrolment import answers, endorse
from clients.sdk.errors import Denied, Misused, Tampered
from keys import sealing
from keys.canonical import canonical
from keys.encoding import decode, encode
from keys.keyring import NoSuchKey
from protocol.consent.vocabulary import Regime
from protocol.identifiers import PersonId, UnitId
from protocol.identity import Directory
from protocol.statements.base import Refused, Statement
from protocol.statements.identity import EpochBody, Member, UnitBody

UNIT_DAYS = 90
EPOCH_DAYS = 90


async def create(
    client: Client, *, name: str, entity: str, organisation: str, regime: Regime, parent: UnitId | None = None
) -> UnitId:
    """Register a unit, as a registrar. Its mailbox works once a custodian has admitted somebody."""
    unit = UnitId.of(secrets.token_bytes(16))
    body = UnitBody(1, days(UNIT_DAYS), unit, name, entity, organisation, parent, regime)
    await client.submit("/v1/statements", body)
    return unit


async def admit(client: Client, unit: UnitId) -> list[PersonId]:
    """Endorse everybody who answered an invitation to this unit, and publish an epoch that lists them.

    The sealing key is kept, so that new members read older mail. The custodian stands on the list from the first epoch.
    """
    came = [
        (invitation, given)
        for invitation, given in await answers(client)
        if invitation.unit == unit and any(answer.authentic for answer in given)
    ]
    admitted = [await endorse(client, invitation, given) for invitation, given in came]
    directory = await client.directory(units=[unit], persons=admitted)
    before = _latest(directory, unit)
    listed = [] if before is None else [member.person for member in before.body.members]
    if before is None or admitted:
        key = sealing.generate() if before is None else _own_key(client, unit, before)
        await _publish(client, directory, unit, key, {client.person, *listed, *admitted})
    return admitted


async def remove(client: Client, unit: UnitId, person: PersonId) -> None:
    """Remove a member and change the sealing key in one statement.

    Raises:
        Misused: the person is no member, or is the last one.
    """
    directory = await client.directory(units=[unit])
    before = directory.epoch(unit)
    left = {member.person for member in before.body.members} - {person}
    if len(left) == len(before.body.members):
        raise Misused("not-a-member", "This person is not a member of the unit.")
    if not left:
        raise Misused("last-member", "A unit keeps at least one member; admit somebody else first.")
    await _publish(client, directory, unit, sealing.generate(), left)


async def load_seeds(client: Client, directory: Directory, unit: UnitId) -> None:
    """Fetch the seeds sealed to me, and with them every earlier one, into my keyring.

    Raises:
        Denied: I am not a member.
        Tampered: a seed does not match the public key that the custodian signed.
    """
    latest = directory.epoch(unit).body
    if latest.number in client.home.keyring.unit_epochs(unit):
        return
    answer = await client.transport.get(f"/v1/units/{unit}/seeds")
    sealed = {one["number"]: decode(one["sealed"]) for one in answer["seeds"]}
    if latest.number not in sealed:
        raise Denied("not-a-member", "This unit's mailbox has not been opened to you.")
    own = client.home.keyring.sealing
    key = _unsealed(
        sealed[latest.number], own, _seed_info(client, unit, latest.number, latest.seal, own.public.raw), latest.seal
    )
    client.home.keyring.add_unit_key(unit, latest.number, key)
    previous = {one["number"]: decode(one["sealed"]) for one in answer["previous"]}
    for number in range(latest.number, 1, -1):
        if number not in previous or number - 1 in client.home.keyring.unit_epochs(unit):
            break
        info = _previous_info(client, unit, number, key.public.raw)
        try:
            key = sealing.SealingKey.from_bytes(sealing.unseal(previous[number], key, info))
        except sealing.CannotOpen as error:
            raise Tampered("wrong-seed", "An earlier key of the unit does not open; ask its custodian.") from error
        client.home.keyring.add_unit_key(unit, number - 1, key)


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
    client: Client,
    directory: Directory,
    unit: UnitId,
    key: sealing.SealingKey,
    members: Iterable[PersonId],
) -> None:
    before = _latest(directory, unit)
    number = 1 if before is None else before.body.number + 1
    keys = {person: directory.keys(person, unit) for person in sorted(members)}
    body = EpochBody(
        number,
        days(EPOCH_DAYS),
        unit,
        key.public.raw,
        tuple(Member(person, key_set.digest) for person, key_set in keys.items()),
    )
    seeds = [
        {
            "person": person,
            "sealed": encode(
                sealing.seal(
                    key.to_bytes(),
                    sealing.SealingPublicKey(key_set.seal),
                    _seed_info(client, unit, number, key.public.raw, key_set.seal),
                )
            ),
        }
        for person, key_set in keys.items()
    ]
    more: dict[str, Any] = {"seeds": seeds}
    if before is not None:
        old = _own_key(client, unit, before)
        info = _previous_info(client, unit, number, key.public.raw)
        more["previous"] = encode(sealing.seal(old.to_bytes(), key.public, info))
    # Kept before it is published: a custodian who crashes in between must not lose the mailbox.
    client.home.keyring.add_unit_key(unit, number, key)
    await client.submit("/v1/statements", body, more=more)


def _latest(directory: Directory, unit: UnitId) -> Statement[EpochBody] | None:
    try:
        return directory.epoch(unit)
    except Refused as error:
        if error.code == "no-epoch":
            return None
        raise


def _own_key(client: Client, unit: UnitId, epoch: Statement[EpochBody]) -> sealing.SealingKey:
    try:
        return client.home.keyring.unit_key(unit, epoch.body.number)
    except NoSuchKey as error:
        raise Denied("not-a-member", "You do not hold this unit's key; fetch it with `fortrolig inbox`.") from error


def _unsealed(sealed: bytes, key: sealing.SealingKey, info: bytes, public: bytes) -> sealing.SealingKey:
    try:
        found = sealing.SealingKey.from_bytes(sealing.unseal(sealed, key, info))
    except sealing.CannotOpen as error:
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
