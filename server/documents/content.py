"""Ciphertexts as files under their own digests: whole or absent, never partly written.

What is still arriving lies apart, under its upload's id. It is moved into place in one step when all of it is there
and synced, so no reader ever meets half a ciphertext, and a crash leaves nothing but leftovers that `sweep` finds.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import time
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO, Protocol

from aiohttp import web

from server.database.files import sync_directory

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

ROOM_SECONDS = 0.5
"""How long an answer of the file system on its free space holds: asking costs more than keeping a small share."""


class OutOfSpace(Exception):
    """There is no room for more content; what was there before is whole."""


class ContentStore(Protocol):
    """Where ciphertexts lie. `name` is an upload's id, `digest` the SHA-256 of a whole ciphertext in hex."""

    async def begin(self, name: str) -> None:
        """Begin an empty upload."""
        ...

    async def arrived(self, name: str) -> int | None:
        """Give how many bytes of an upload are here; None if it was never begun, or is finished or discarded."""
        ...

    async def append(self, name: str, offset: int, data: bytes) -> None:
        """Add bytes at the end, which must be at `offset`.

        Raises:
            OutOfSpace: none of these bytes were kept.
        """
        ...

    async def sync(self, name: str) -> None:
        """Make durable what has arrived."""
        ...

    async def digest(self, name: str) -> str:
        """Give the SHA-256 of what has arrived."""
        ...

    async def finish(self, name: str, digest: str) -> None:
        """Put a whole upload in place under its digest."""
        ...

    async def discard(self, name: str) -> None:
        """Forget an upload; it need not be there."""
        ...

    async def open(self, digest: str) -> BinaryIO:
        """Open a whole ciphertext for reading; the caller closes it.

        Raises:
            FileNotFoundError: there is no such ciphertext.
        """
        ...

    async def delete(self, digest: str) -> None:
        """Delete a ciphertext; it need not be there."""
        ...

    async def sweep(self, names: Collection[str], digests: Collection[str]) -> None:
        """Delete everything but these uploads and ciphertexts: what a crash has left behind."""
        ...

    def require_room(self, more: int) -> None:
        """Check that there is room for `more` bytes beside the reserve; raises `OutOfSpace`."""
        ...


CONTENT: web.AppKey[ContentStore] = web.AppKey("content")


class DirectoryStore:
    """A `ContentStore` in one directory (0700) of a local file system."""

    def __init__(self, folder: Path, reserve: int) -> None:
        self._arriving, self._whole = folder / "arriving", folder / "whole"
        self._reserve = reserve
        self._asked, self._free = -ROOM_SECONDS, 0
        self._hashing: dict[str, tuple[int, hashlib._Hash]] = {}
        for each in (folder, self._arriving, self._whole):
            each.mkdir(mode=0o700, parents=True, exist_ok=True)
        sync_directory(folder)

    async def begin(self, name: str) -> None:
        """See `ContentStore.begin`."""
        await asyncio.to_thread(self._begin, name)

    async def arrived(self, name: str) -> int | None:
        """See `ContentStore.arrived`."""
        try:
            return (await asyncio.to_thread((self._arriving / name).stat)).st_size
        except FileNotFoundError:
            return None

    async def append(self, name: str, offset: int, data: bytes) -> None:
        """See `ContentStore.append`."""
        await asyncio.to_thread(self._append, name, offset, data)

    async def sync(self, name: str) -> None:
        """See `ContentStore.sync`."""
        await asyncio.to_thread(_sync, self._arriving / name)

    async def digest(self, name: str) -> str:
        """See `ContentStore.digest`."""
        return await asyncio.to_thread(self._digest, name)

    async def finish(self, name: str, digest: str) -> None:
        """See `ContentStore.finish`."""
        await asyncio.to_thread(self._finish, name, digest)

    async def discard(self, name: str) -> None:
        """See `ContentStore.discard`."""
        self._hashing.pop(name, None)
        await asyncio.to_thread((self._arriving / name).unlink, missing_ok=True)

    async def open(self, digest: str) -> BinaryIO:
        """See `ContentStore.open`."""
        return await asyncio.to_thread(self._path(digest).open, "rb")

    async def delete(self, digest: str) -> None:
        """See `ContentStore.delete`."""
        await asyncio.to_thread(self._path(digest).unlink, missing_ok=True)

    async def sweep(self, names: Collection[str], digests: Collection[str]) -> None:
        """See `ContentStore.sweep`."""
        await asyncio.to_thread(self._sweep, frozenset(names), frozenset(digests))

    def require_room(self, more: int) -> None:
        """See `ContentStore.require_room`."""
        now = time.monotonic()
        if now >= self._asked + ROOM_SECONDS:
            self._asked, self._free = now, shutil.disk_usage(self._whole).free
        if self._free < self._reserve + more:
            raise OutOfSpace("the disk is nearly full")

    def _begin(self, name: str) -> None:
        os.close(os.open(self._arriving / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        sync_directory(self._arriving)
        self._hashing[name] = (0, hashlib.sha256())

    def _append(self, name: str, offset: int, data: bytes) -> None:
        handle = os.open(self._arriving / name, os.O_WRONLY)
        try:
            _write(handle, offset, data)
        except OSError as fault:
            # Half of these bytes may be there: what was there before is what counts.
            with suppress(OSError):
                os.ftruncate(handle, offset)
            raise OutOfSpace("the content could not be written") from fault
        finally:
            os.close(handle)
        counted, hashing = self._hashing.get(name, (-1, hashlib.sha256()))
        if counted == offset:
            hashing.update(data)
            self._hashing[name] = (offset + len(data), hashing)

    def _digest(self, name: str) -> str:
        path = self._arriving / name
        counted, hashing = self._hashing.get(name, (-1, hashlib.sha256()))
        if counted == path.stat().st_size:
            return hashing.hexdigest()
        # Begun before a restart, or cut short: what is on the disk is read once more.
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def _finish(self, name: str, digest: str) -> None:
        target = self._path(digest)
        if not target.parent.is_dir():
            target.parent.mkdir(mode=0o700, exist_ok=True)
            sync_directory(self._whole)
        _sync(self._arriving / name)
        (self._arriving / name).replace(target)
        sync_directory(target.parent)
        sync_directory(self._arriving)
        self._hashing.pop(name, None)

    def _sweep(self, names: frozenset[str], digests: frozenset[str]) -> None:
        for path in self._arriving.iterdir():
            if path.name not in names:
                path.unlink()
        for path in self._whole.glob("*/*"):
            if path.name not in digests:
                path.unlink()

    def _path(self, digest: str) -> Path:
        return self._whole / digest[:2] / digest


def _write(handle: int, offset: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(handle, view, offset)
        offset, view = offset + written, view[written:]


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
