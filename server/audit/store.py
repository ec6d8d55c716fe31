"""The log's rows. What is here never judges: the rules are in `log` and `batch`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    Text,
    bindparam,
    delete,
    insert,
    select,
    update,
)

from protocol.identifiers import Instant
from server.database.schema import append_only, metadata

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from sqlalchemy import Connection

    from server.audit.tree import Tile

_Long = BigInteger().with_variant(Integer, "sqlite")

_head = Table(
    "log_head",
    metadata,
    Column("only", SmallInteger, primary_key=True, autoincrement=False),
    Column("size", _Long, nullable=False),
    Column("t", _Long, nullable=False),
    Column("checkpoint", Text, nullable=False),
)
_leaves = Table(
    "log_leaves",
    metadata,
    Column("n", _Long, primary_key=True, autoincrement=False),
    Column("entry", LargeBinary, nullable=False),
)
_details = Table(  # not append-only: what a destroyed key has made unreadable may be cleared away
    "log_details",
    metadata,
    Column("n", _Long, primary_key=True, autoincrement=False),
    Column("scope", String(64), nullable=False),
    Column("locked", LargeBinary, nullable=False),
    Index("log_details_by_scope", "scope", "n"),
)
_keys = Table(
    "log_keys",
    metadata,
    Column("scope", String(64), primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
)
_tiles = Table(
    "log_tiles",
    metadata,
    Column("level", SmallInteger, primary_key=True, autoincrement=False),
    Column("n", _Long, primary_key=True, autoincrement=False),
    Column("hashes", LargeBinary, nullable=False),
)
_checkpoints = Table(
    "log_checkpoints",
    metadata,
    Column("size", _Long, primary_key=True, autoincrement=False),
    Column("checkpoint", Text, nullable=False),
)
_answers = Table(
    "log_answers",
    metadata,
    Column("person", String(36), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("body_digest", String(64), nullable=False),
    Column("answer", Text),
    Column("leaves", Text, nullable=False),
    Column("t", _Long, nullable=False, index=True),
)

for _table in (_leaves, _tiles, _checkpoints):
    append_only(_table)


class Head(NamedTuple):
    """Where the log stands: its size, the instant of its last entry, and the signed checkpoint of that size."""

    size: int
    t: Instant
    checkpoint: str


class StoredLeaf(NamedTuple):
    """An entry as it was hashed, and its details as they are locked; None once they were cleared away."""

    n: int
    entry: bytes
    scope: str | None
    locked: bytes | None


class Answer(NamedTuple):
    """What an idempotency key was answered with: JSON text (None: never to be replayed) and JSON leaf indexes."""

    body_digest: str
    answer: str | None
    leaves: str
    t: Instant


_THE_HEAD = select(_head.c.size, _head.c.t, _head.c.checkpoint)
_LOCK_HEAD = _THE_HEAD.with_for_update()  # SQLite has no such clause: there BEGIN IMMEDIATE has locked everything
_ADD_LEAVES, _ADD_DETAILS, _ADD_KEYS = insert(_leaves), insert(_details), insert(_keys)
_ADD_TILES, _ADD_CHECKPOINT, _ADD_ANSWERS = insert(_tiles), insert(_checkpoints), insert(_answers)
_SET_HEAD = update(_head).values(size=bindparam("s"), t=bindparam("i"), checkpoint=bindparam("c"))
_FIND_KEYS = select(_keys.c.scope, _keys.c.wrapped).where(_keys.c.scope.in_(bindparam("scopes", expanding=True)))
_FIND_ANSWER = select(_answers.c.body_digest, _answers.c.answer, _answers.c.leaves, _answers.c.t).where(
    _answers.c.person == bindparam("p"), _answers.c.key == bindparam("k")
)
_STORED = (
    select(_leaves.c.n, _leaves.c.entry, _details.c.scope, _details.c.locked)
    .join_from(_leaves, _details, _leaves.c.n == _details.c.n, isouter=True)
    .order_by(_leaves.c.n)
)
_STORED_RANGE = _STORED.where(_leaves.c.n >= bindparam("first"), _leaves.c.n < bindparam("end"))
_STORED_SOME = _STORED.where(_leaves.c.n.in_(bindparam("some", expanding=True)))
_ENTRIES = (
    select(_leaves.c.entry)
    .where(_leaves.c.n >= bindparam("first"), _leaves.c.n < bindparam("end"))
    .order_by(_leaves.c.n)
)


def lock_head(connection: Connection) -> Head | None:
    """Read the head and keep other writers out until the transaction ends; None before the log has begun."""
    row = connection.execute(_LOCK_HEAD).one_or_none()
    return None if row is None else Head(row[0], Instant(row[1]), row[2])


def read_head(connection: Connection) -> Head | None:
    """Read the head as this transaction sees it."""
    row = connection.execute(_THE_HEAD).one_or_none()
    return None if row is None else Head(row[0], Instant(row[1]), row[2])


def begin_log(connection: Connection, head: Head) -> None:
    """Write the first head, of the empty log."""
    connection.execute(insert(_head).values(only=1, size=head.size, t=head.t, checkpoint=head.checkpoint))
    connection.execute(_ADD_CHECKPOINT, {"size": head.size, "checkpoint": head.checkpoint})


def move_head(connection: Connection, head: Head) -> None:
    """Write a new head, and its checkpoint among all published ones."""
    connection.execute(_ADD_CHECKPOINT, {"size": head.size, "checkpoint": head.checkpoint})
    connection.execute(_SET_HEAD, {"s": head.size, "i": head.t, "c": head.checkpoint})


def add_leaves(connection: Connection, leaves: Sequence[StoredLeaf]) -> None:
    """Add entries, and their details beside them."""
    connection.execute(_ADD_LEAVES, [{"n": leaf.n, "entry": leaf.entry} for leaf in leaves])
    connection.execute(_ADD_DETAILS, [{"n": leaf.n, "scope": leaf.scope, "locked": leaf.locked} for leaf in leaves])


def add_tiles(connection: Connection, tiles: Sequence[Tile]) -> None:
    """Add full tiles."""
    if tiles:
        rows = [{"level": tile.level, "n": tile.number, "hashes": tile.hashes} for tile in tiles]
        connection.execute(_ADD_TILES, rows)


def find_keys(connection: Connection, scopes: Collection[str]) -> dict[str, bytes]:
    """Give the wrapped keys of those scopes that have one."""
    rows = connection.execute(_FIND_KEYS, {"scopes": sorted(scopes)})
    return {row.scope: row.wrapped for row in rows}


def add_keys(connection: Connection, wrapped: Mapping[str, bytes]) -> None:
    """Add new scopes' wrapped keys."""
    if wrapped:
        connection.execute(_ADD_KEYS, [{"scope": scope, "wrapped": key} for scope, key in wrapped.items()])


def find_answer(connection: Connection, person: str, key: str) -> Answer | None:
    """Give what this person's idempotency key was answered with."""
    row = connection.execute(_FIND_ANSWER, {"p": person, "k": key}).one_or_none()
    return None if row is None else Answer(row[0], row[1], row[2], Instant(row[3]))


def add_answers(connection: Connection, answers: Mapping[tuple[str, str], Answer]) -> None:
    """Add answers by (person, key)."""
    rows = [{"person": person, "key": key, **answer._asdict()} for (person, key), answer in answers.items()]
    connection.execute(_ADD_ANSWERS, rows)


def forget_answers(connection: Connection, until: Instant) -> None:
    """Delete answers given at an instant or earlier."""
    connection.execute(delete(_answers).where(_answers.c.t <= until))


def stored(connection: Connection, first: int, end: int) -> list[StoredLeaf]:
    """Give the leaves [first, end)."""
    rows = connection.execute(_STORED_RANGE, {"first": first, "end": end})
    return [StoredLeaf(*row) for row in rows]


def stored_some(connection: Connection, indexes: Collection[int]) -> list[StoredLeaf]:
    """Give these leaves, in the log's order."""
    rows = connection.execute(_STORED_SOME, {"some": sorted(indexes)})
    return [StoredLeaf(*row) for row in rows]


def entries(connection: Connection, first: int, end: int) -> list[bytes]:
    """Give the entries [first, end) as they were hashed."""
    return list(connection.execute(_ENTRIES, {"first": first, "end": end}).scalars())


def leaf_tiles(connection: Connection) -> Iterator[bytes]:
    """Give the hashes of all full tiles of the lowest level, from the left."""
    query = select(_tiles.c.n, _tiles.c.hashes).where(_tiles.c.level == 0).order_by(_tiles.c.n)
    for _, hashes in connection.execute(query):
        yield hashes


def full_tile(connection: Connection, level: int, number: int) -> bytes | None:
    """Give a full tile's 256 hashes, if it is full."""
    query = select(_tiles.c.hashes).where(_tiles.c.level == level, _tiles.c.n == number)
    return connection.execute(query).scalar_one_or_none()


def checkpoints(connection: Connection, after: int, limit: int) -> list[tuple[int, str]]:
    """Give up to `limit` published checkpoints of sizes above `after`, smallest first."""
    query = (
        select(_checkpoints.c.size, _checkpoints.c.checkpoint)
        .where(_checkpoints.c.size > after)
        .order_by(_checkpoints.c.size)
        .limit(limit)
    )
    return [(size, checkpoint) for size, checkpoint in connection.execute(query)]
