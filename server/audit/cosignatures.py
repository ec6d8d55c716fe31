"""What witnesses said of the log's checkpoints: a line for each, beside the published checkpoint of that size."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import BigInteger, Column, Integer, String, Table, Text, delete, func, insert, select

from server.audit import store
from server.database.schema import metadata

if TYPE_CHECKING:
    from sqlalchemy import Connection

KEPT_SECONDS = 86_400
"""An export that is made while the log goes on finds a cosigned size below its own."""

_Long = BigInteger().with_variant(Integer, "sqlite")

_cosignatures = Table(
    "log_cosignatures",
    metadata,
    Column("size", _Long, primary_key=True, autoincrement=False),
    Column("witness", String(255), primary_key=True),
    Column("seconds", _Long, nullable=False),
    Column("line", Text, nullable=False),
)


class Cosigned(NamedTuple):
    """That a witness saw the log at a size, at a time in POSIX seconds; `line` is its signature line."""

    size: int
    witness: str
    seconds: int
    line: str


def keep(connection: Connection, said: Cosigned) -> None:
    """Keep a verified cosignature, and drop day-old sizes of which no witness is known that this one's size lacks."""
    row = _cosignatures.c
    with connection.begin():
        connection.execute(delete(_cosignatures).where(row.size == said.size, row.witness == said.witness))
        connection.execute(insert(_cosignatures).values(**said._asdict()))
        here = {each.witness for each in at(connection, said.size)}
        old = select(row.size).where(row.size < said.size).group_by(row.size)
        old = old.having(func.max(row.seconds) <= said.seconds - KEPT_SECONDS)
        for size in connection.execute(old).scalars().all():
            if {each.witness for each in at(connection, size)} <= here:
                connection.execute(delete(_cosignatures).where(row.size == size))


def at(connection: Connection, size: int) -> list[Cosigned]:
    """Give what is known of one size, by witness."""
    query = select(_cosignatures).where(_cosignatures.c.size == size).order_by(_cosignatures.c.witness)
    return [Cosigned(row.size, row.witness, row.seconds, row.line) for row in connection.execute(query)]


def lines(connection: Connection) -> dict[int, str]:
    """Give all cosignature lines that are kept, by size."""
    found: dict[int, str] = {}
    for row in connection.execute(select(_cosignatures).order_by(_cosignatures.c.size, _cosignatures.c.witness)):
        found[row.size] = found.get(row.size, "") + row.line
    return found


def latest(connection: Connection) -> list[Cosigned]:
    """Give the largest size that each witness has cosigned, by witness."""
    row = _cosignatures.c
    newest = select(row.witness, func.max(row.size).label("size")).group_by(row.witness).subquery()
    query = select(_cosignatures).join_from(
        _cosignatures, newest, (row.size == newest.c.size) & (row.witness == newest.c.witness)
    )
    found = connection.execute(query.order_by(row.witness))
    return [Cosigned(each.size, each.witness, each.seconds, each.line) for each in found]


def newest(connection: Connection, least: int) -> tuple[int, str] | None:
    """Give the largest size with at least so many cosignatures, and its checkpoint with all their lines."""
    row = _cosignatures.c
    query = select(row.size).group_by(row.size).having(func.count() >= least).order_by(row.size.desc()).limit(1)
    size = connection.execute(query).scalar_one_or_none()
    if size is None:
        return None
    [(_, note)] = store.checkpoints(connection, size - 1, 1)
    return size, note + "".join(each.line for each in at(connection, size))
