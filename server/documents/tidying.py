"""What time ends by itself: stale uploads, held drafts, envelopes past their reading time. And what a crash left."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from protocol.identifiers import Instant
from server.audit.batch import OutcomeUnknown, StorageFault
from server.audit.log import LogHalted
from server.audit.writer import WriterClosed
from server.documents import ending, holding
from server.documents.store import uploads
from server.documents.uploading import HOUR

if TYPE_CHECKING:
    from server.audit.batch import Work
    from server.audit.writer import Writer
    from server.documents.content import ContentStore
    from server.documents.store.uploads import Upload

EVERY_SECONDS = 600.0


async def recover(writer: Writer, content: ContentStore) -> None:
    """Bring files and rows together after a crash: finish what is whole, delete what no row names."""
    known = await writer.database.read(uploads.known)
    for name, digest in known.complete.items():
        if await content.arrived(name) is not None:
            await content.finish(name, digest)
    await content.sweep(known.arriving, set(known.complete.values()))


async def tidy(writer: Writer, content: ContentStore, hours: int) -> None:
    """End what has run out; the files go after the commit that forgets them."""
    stale = (await writer.submit(_forget_stale, hours)).result
    for each in stale:
        await remove_file(content, each)
    for digest in (await writer.submit(holding.run_out)).result:
        await content.delete(digest)
    await writer.submit(ending.on_reading_ended)


async def keep_tidy(writer: Writer, content: ContentStore, hours: int) -> None:
    """Tidy now and every ten minutes, until cancelled. While the log is halted nothing ends."""
    while True:
        with suppress(LogHalted, StorageFault, OutcomeUnknown, WriterClosed):
            await tidy(writer, content, hours)
        await asyncio.sleep(EVERY_SECONDS)


async def remove_file(content: ContentStore, upload: Upload) -> None:
    """Delete the file of an upload whose row is gone."""
    if upload.sha256 is None:
        await content.discard(upload.upload)
    else:
        await content.delete(upload.sha256)


def _forget_stale(work: Work, hours: int) -> list[Upload]:
    stale = uploads.stale(work.connection, Instant(work.at - hours * HOUR))
    uploads.remove(work.connection, [each.upload for each in stale])
    return stale
