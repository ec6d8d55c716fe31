"""Units' mailboxes without some of their staff: epochs and seeds beside the unit's own, which make nobody a member."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import Column, Integer, LargeBinary, String, Table, bindparam, insert, select

from keys.canonical import canonical
from protocol.identifiers import Instant, PersonId, UnitId
from protocol.statements.restricted import MOST_KEPT_OUT
from server.database.schema import metadata
from server.identity.store.mailboxes import latest_epoch, standing
from server.identity.store.statements import DIGEST, ID, LONG

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import Connection

    from protocol.statements.restricted import RestrictedEpochBody

_WITHOUT = String((len(PersonId.prefix) + 34) * MOST_KEPT_OUT)

restricted_epochs = Table(  # `without` is whom the mailbox is without, rising, a space between
    "restricted_epochs",
    metadata,
    Column("unit", ID, primary_key=True),
    Column("without", _WITHOUT, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("digest", DIGEST, nullable=False, unique=True),
    Column("not_after", LONG, nullable=False),
    Column("seal", DIGEST, nullable=False),
    Column("members", LargeBinary, nullable=False),
    Column("previous", LargeBinary),
)
restricted_seeds = Table(
    "restricted_seeds",
    metadata,
    Column("unit", ID, primary_key=True),
    Column("without", _WITHOUT, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("person", ID, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
)


class RestrictedEpoch(NamedTuple):
    """An epoch of one restricted mailbox; `seal` is the SHA-256 of its key, `members` each with their key set's."""

    without: tuple[PersonId, ...]
    number: int
    digest: str
    not_after: Instant
    seal: str
    members: Mapping[PersonId, str]
    previous: bytes | None


_r, _s = restricted_epochs.c, restricted_seeds.c
_EPOCHS = (
    select(_r.without, _r.number, _r.digest, _r.not_after, _r.seal, _r.members, _r.previous)
    .where(_r.unit == bindparam("u"))
    .order_by(_r.without, _r.number)
)
_LINE = _EPOCHS.where(_r.without == bindparam("w"))
_SEAL_USED = select(_r.number).where(_r.unit == bindparam("u"), _r.seal == bindparam("s")).limit(1)
_SEEDS = (
    select(_s.without, _s.number, _s.sealed)
    .where(_s.unit == bindparam("u"), _s.person == bindparam("p"))
    .order_by(_s.without, _s.number)
)


def add_restricted(  # noqa: PLR0917  (an epoch, its two digests, and the two sorts of sealed seeds that come with it)
    connection: Connection,
    body: RestrictedEpochBody,
    digest: str,
    seal: str,
    seeds: Mapping[PersonId, bytes],
    previous: bytes | None,
) -> None:
    """Keep an epoch with its sealed seeds, and `previous`: the seed before it, sealed to its own key."""
    row = {"unit": body.unit, "without": _written(body.without), "number": body.number}
    more = {"digest": digest, "not_after": body.not_after, "seal": seal, "previous": previous}
    members = canonical({each.person: each.keys for each in body.members})
    connection.execute(insert(restricted_epochs), row | more | {"members": members})
    connection.execute(
        insert(restricted_seeds), [row | {"person": person, "sealed": sealed} for person, sealed in seeds.items()]
    )


def line(connection: Connection, unit: UnitId, without: Iterable[PersonId]) -> list[RestrictedEpoch]:
    """Give the epochs of a unit's mailbox without these persons, oldest first."""
    return [_epoch(row) for row in connection.execute(_LINE, {"u": unit, "w": _written(without)})]


def lines(connection: Connection, unit: UnitId) -> list[list[RestrictedEpoch]]:
    """Give every restricted mailbox of a unit, each as its epochs, oldest first."""
    found: dict[tuple[PersonId, ...], list[RestrictedEpoch]] = {}
    for row in connection.execute(_EPOCHS, {"u": unit}):
        each = _epoch(row)
        found.setdefault(each.without, []).append(each)
    return list(found.values())


def usable(connection: Connection, unit: UnitId, without: Iterable[PersonId], at: Instant) -> RestrictedEpoch | None:
    """Give the epoch to seal to: the latest without these persons, if it has not ended and lists members only."""
    epochs, own = line(connection, unit, without), latest_epoch(connection, unit)
    if not epochs or own is None or min(epochs[-1].not_after, own.not_after) <= at:
        return None
    return epochs[-1] if epochs[-1].members.items() <= standing(connection, unit).items() else None


def seal_was_used(connection: Connection, unit: UnitId, seal: str) -> bool:
    """Say whether a restricted mailbox of the unit ever had this sealing key (SHA-256)."""
    return connection.execute(_SEAL_USED, {"u": unit, "s": seal}).first() is not None


def seeds_to(connection: Connection, unit: UnitId, person: PersonId) -> list[tuple[tuple[PersonId, ...], int, bytes]]:
    """Give (without, number, sealed seed) of the unit's restricted mailboxes that were sealed to this person."""
    rows = connection.execute(_SEEDS, {"u": unit, "p": person})
    return [(_read(without), number, sealed) for without, number, sealed in rows]


def _written(without: Iterable[PersonId]) -> str:
    return " ".join(sorted(without))


def _read(written: str) -> tuple[PersonId, ...]:
    return tuple(PersonId(person) for person in written.split())


def _epoch(row: tuple[str, int, str, int, str, bytes, bytes | None]) -> RestrictedEpoch:
    without, number, digest, not_after, seal, members, previous = row
    listed = {PersonId(person): keys for person, keys in json.loads(members).items()}
    return RestrictedEpoch(_read(without), number, digest, Instant(not_after), seal, listed, previous)
