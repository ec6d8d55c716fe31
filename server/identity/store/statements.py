"""Every accepted statement, once: its token, and the log entry that published it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, NamedTuple

from sqlalchemy import BigInteger, Column, Integer, String, Table, Text, bindparam, insert, select

from keys.signing import peek
from protocol.identifiers import Instant
from protocol.reading import Fields
from protocol.statements.base import B
from server.database.schema import metadata

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Connection

    from protocol.statements.base import Statement

LONG = BigInteger().with_variant(Integer, "sqlite")
ID = String(36)
DIGEST = String(64)
THUMBPRINT = String(43)

statements = Table(
    "statements",
    metadata,
    Column("digest", DIGEST, primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("token", Text, nullable=False),
    Column("leaf_index", LONG, nullable=False),
    Column("t", LONG, nullable=False),
)


class Published(NamedTuple):
    """A statement as it was accepted, and the index and instant of the entry that published it."""

    digest: str
    kind: str
    token: str
    leaf_index: int
    t: Instant


_KEEP = insert(statements)
_COLUMNS = (
    statements.c.digest,
    statements.c.kind,
    statements.c.token,
    statements.c.leaf_index,
    statements.c.t,
)
_ONE = select(*_COLUMNS).where(statements.c.digest == bindparam("digest"))
_TOKEN = select(statements.c.token).where(statements.c.digest == bindparam("digest"))
_SOME = (
    select(*_COLUMNS)
    .where(statements.c.digest.in_(bindparam("digests", expanding=True)))
    .order_by(statements.c.leaf_index)
)


class Bodies(Generic[B]):
    """Accepted statements of one kind, parsed once each: a digest names the same body for ever.

    Which of them counts is a fact, and is read anew each time.
    """

    def __init__(self, kind: type[B], most: int) -> None:
        self._kind = kind
        self._most = most
        self._known: dict[str, B] = {}

    def get(self, connection: Connection, digest: str) -> B:
        """Give the body of a statement that was verified before it was kept."""
        known = self._known.get(digest)
        if known is None:
            token = connection.execute(_TOKEN, {"digest": digest}).scalar_one()
            known = self._kind.read(Fields(peek(token).body, self._kind.kind))
            if len(self._known) >= self._most:
                self._known.clear()
            self._known[digest] = known
        return known


def keep_statement(connection: Connection, statement: Statement[Any], leaf_index: int, t: Instant) -> None:
    """Keep an accepted statement with the entry that carries its digest."""
    connection.execute(
        _KEEP,
        {
            "digest": statement.digest,
            "kind": statement.body.kind,
            "token": statement.token,
            "leaf_index": leaf_index,
            "t": t,
        },
    )


def find_statement(connection: Connection, digest: str) -> Published | None:
    """Give the statement of this digest, if it was accepted."""
    row = connection.execute(_ONE, {"digest": digest}).one_or_none()
    return None if row is None else _published(row)


def find_statements(connection: Connection, digests: Collection[str]) -> list[Published]:
    """Give the accepted ones of these statements, in the log's order."""
    return [_published(row) for row in connection.execute(_SOME, {"digests": sorted(digests)})]


def _published(row: Any) -> Published:
    return Published(row[0], row[1], row[2], row[3], Instant(row[4]))
