"""The plaintext of a file on its way to the disk: written while it is decrypted, put in place only when it is whole."""

from __future__ import annotations

import hashlib
import os
import tempfile
from concurrent.futures import Future, ThreadPoolExecutor
from io import RawIOBase
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class Plaintext(RawIOBase):
    """A new file beside its target, under a name that nobody looks for, gone when it is closed.

    What is written goes to the disk while more is written, and into a SHA-256.
    """

    def __init__(self, target: Path) -> None:
        """Make it, readable by its owner alone."""
        self._descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        self._target, self._written = target, Path(name)
        self._hashed = hashlib.sha256()
        self._disk = ThreadPoolExecutor(1, "disk")
        self._syncing: Future[None] | None = None

    def writable(self) -> bool:
        """Say yes."""
        return True

    def write(self, piece: ReadableBuffer, /) -> int:
        """Take some of a piece, say how much, and let the disk begin with it."""
        view = memoryview(piece)
        count = os.write(self._descriptor, view)
        if self._syncing is None or self._syncing.done():
            self._check()
            self._syncing = self._disk.submit(os.fdatasync, self._descriptor)
        self._hashed.update(view[:count])
        return count

    def settle(self) -> str:
        """Wait until all of it is on the disk, and give its SHA-256, lower-case hex."""
        self._check()
        os.fsync(self._descriptor)
        return self._hashed.hexdigest()

    def put_in_place(self) -> None:
        """Give it its name, once it has settled; raises `FileExistsError` rather than replace what came there since."""
        os.link(self._written, self._target)

    def close(self) -> None:
        """Take away the name that nobody looks for."""
        if not self.closed:
            super().close()
            self._disk.shutdown()
            os.close(self._descriptor)
            self._written.unlink(missing_ok=True)

    def _check(self) -> None:
        # The kernel tells of a write that failed once, to whoever asked first.
        if self._syncing is not None:
            self._syncing.result()
