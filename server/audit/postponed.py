"""Statements that came while the log was halted: kept outside the log, until somebody carries them out in it.

Whoever brings the log back reads `waiting` inside an action, carries each statement out as if it came now, and
`settle`s it in the same transaction.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import BigInteger, Column, String, Table, Text, delete, insert, select

from protocol.identifiers import Instant
from server.database.schema import metadata

if TYPE_CHECKING:
    from sqlalchemy import Connection

_postponed = Table(
    "log_postponed",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("kind", String(100), nullable=False),
    Column("token", Text, nullable=False),
    Column("t", BigInteger, nullable=False),
)


class Postponed(NamedTuple):
    """A statement of a kind, as it was sent, and when it came."""

    digest: str
    kind: str
    token: str
    t: Instant


def keep(connection: Connection, kind: str, token: str, at: Instant) -> None:
    """Keep a statement, once, in a transaction of its own."""
    digest = sha256(token.encode()).hexdigest()
    with connection.begin():
        if connection.execute(select(_postponed.c.t).where(_postponed.c.digest == digest)).first() is None:
            connection.execute(insert(_postponed).values(digest=digest, kind=kind, token=token, t=at))


def waiting(connection: Connection) -> list[Postponed]:
    """Give what waits, in the order it came."""
    query = select(_postponed).order_by(_postponed.c.t, _postponed.c.digest)
    return [Postponed(digest, kind, token, Instant(t)) for digest, kind, token, t in connection.execute(query)]


def settle(connection: Connection, digest: str) -> None:
    """Forget a statement that was carried out."""
    connection.execute(delete(_postponed).where(_postponed.c.digest == digest))
