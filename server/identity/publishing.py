"""Statements on their way back to readers: each with the receipt of the entry that published it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from protocol.identity import Logged
from server.audit import store as log_store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from protocol.log.receipt import Disclosure
    from server.audit.log import Log
    from server.audit.writer import Writer


async def receipts_of(writer: Writer, indexes: Sequence[int]) -> list[str]:
    """Give the receipt of each of these leaves, in this order, all against one checkpoint.

    Raises:
        server.audit.scopes.Erased: the details of one were erased.
    """
    if not indexes:
        return []
    disclosed = await writer.database.read(_disclosed, writer.log, indexes)
    if max(indexes) >= writer.log.head.size:
        # Read between the commit and the moment when the tree in memory takes it in, or written by another process.
        await writer.refresh()
    return writer.log.receipts([(index, disclosed[index]) for index in indexes])


async def publish(writer: Writer, rows: Sequence[tuple[str, int]]) -> list[Logged]:
    """Give (token, leaf index) rows as logged statements, in this order; raises like `receipts_of`."""
    receipts = await receipts_of(writer, [index for _, index in rows])
    return [Logged(token, receipt) for (token, _), receipt in zip(rows, receipts, strict=True)]


def _disclosed(connection: Connection, log: Log, indexes: Sequence[int]) -> dict[int, Disclosure]:
    return dict(log.disclose(connection, log_store.stored_some(connection, set(indexes))))
