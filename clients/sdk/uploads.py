"""Resumable uploads of ciphertext (tus 1.0): a broken connection goes on where it stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import aiohttp

from clients.sdk.client import Client
from clients.sdk.errors import Fault, SdkError, Unreachable
from clients.sdk.transport import bad_answer
from protocol.identifiers import UploadId

TUS = {"Tus-Resumable": "1.0.0"}
CHUNK_BYTES = 4 * 1024 * 1024
_TRIES = 5

Progress = Callable[[int, int], None]
"""Told the bytes sent so far and the bytes in all."""


def silent(_sent: int, _total: int) -> None:
    """Tell nobody."""


async def create(client: Client, path: Path) -> UploadId:
    """Announce the upload of a file; raises `Unreachable`."""
    size = path.stat().st_size
    async with client.transport.stream("POST", "/v1/uploads", headers={**TUS, "Upload-Length": str(size)}) as answer:
        try:
            return UploadId.parse(answer.headers["Location"].rsplit("/", 1)[-1])
        except (LookupError, ValueError) as error:
            raise bad_answer("/v1/uploads") from error


async def resume(client: Client, created: UploadId, path: Path, progress: Progress = silent) -> None:
    """Send a file from wherever the server holds it.

    Raises:
        Unreachable: the server stayed away through five tries; the same again goes on later.
        Denied: the server no longer has the upload.
    """
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
        return _told(answer)


async def _send(client: Client, created: UploadId, source: BinaryIO, offset: int) -> int:
    headers = {**TUS, "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
    chunk = source.read(CHUNK_BYTES)
    async with client.transport.stream("PATCH", f"/v1/uploads/{created}", headers=headers, data=chunk) as answer:
        if _told(answer) != offset + len(chunk):
            raise bad_answer("/v1/uploads")
    return offset + len(chunk)


def _told(answer: aiohttp.ClientResponse) -> int:
    offset = answer.headers.get("Upload-Offset", "")
    if not offset.isascii() or not offset.isdecimal():
        raise bad_answer("/v1/uploads")
    return int(offset)
