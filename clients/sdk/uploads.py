"""Resumable uploads of ciphertext (tus 1.0): a broken connection goes on where it stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from clients.sdk.client import Client
from clients.sdk.errors import Fault, SdkError, Unreachable
from protocol.identifiers import UploadId

TUS = {"Tus-Resumable": "1.0.0"}
CHUNK_BYTES = 4 * 1024 * 1024
_TRIES = 5

Progress = Callable[[int, int], None]
"""Told the bytes sent so far and the bytes in all."""


def silent(_sent: int, _total: int) -> None:
    """Tell nobody."""


async def upload(client: Client, path: Path, progress: Progress = silent) -> UploadId:
    """Upload a file, going on from the offset that the server holds after every interruption.

    Raises:
        Unreachable: the server stayed away through five tries; `resume` goes on later.
    """
    size = path.stat().st_size
    async with client.transport.stream("POST", "/v1/uploads", headers={**TUS, "Upload-Length": str(size)}) as answer:
        created = UploadId.parse(answer.headers["Location"].rsplit("/", 1)[-1])
    await resume(client, created, path, progress)
    return created


async def resume(client: Client, created: UploadId, path: Path, progress: Progress = silent) -> None:
    """Go on with an upload from wherever the server holds it."""
    size = path.stat().st_size
    last: SdkError = Fault("upload-failed", "The upload did not finish.")
    for attempt in range(_TRIES):
        try:
            offset = await _offset(client, created)
            with path.open("rb") as source:
                source.seek(offset)
                while offset < size:
                    offset = await _send(client, created, source, offset)
                    progress(offset, size)
        except (Unreachable, Fault) as error:
            last = error
            await asyncio.sleep(0.2 * 2**attempt)
        else:
            return
    raise last


async def _offset(client: Client, created: UploadId) -> int:
    async with client.transport.stream("HEAD", f"/v1/uploads/{created}", headers=TUS) as answer:
        return int(answer.headers["Upload-Offset"])


async def _send(client: Client, created: UploadId, source: BinaryIO, offset: int) -> int:
    headers = {**TUS, "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
    chunk = source.read(CHUNK_BYTES)
    async with client.transport.stream("PATCH", f"/v1/uploads/{created}", headers=headers, data=chunk) as answer:
        return int(answer.headers["Upload-Offset"])
