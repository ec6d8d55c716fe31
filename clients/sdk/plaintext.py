"""The plaintext of a file on its way to the disk: written while it is decrypted, put in place only when it is whole."""

from __future__ import annotations

import hashlib
import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from io import RawIOBase
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_DISK = ThreadPoolExecutor(2, "disk")
"""Kept: to begin a thread for each file would take as long as the writing does."""


class Plaintext(RawIOBase):
    """A new file beside its target, under a name that nobody looks for, gone when it is closed.

    What is written goes to the disk while more is written, and into a SHA-256.
    """

    def __init__(self, target: Path) -> None:
        """Make it, readable by its owner alone."""
        self._descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        self._target, self._written = target, Path(name)
        self._hashed = hashlib.sha256()

    def writable(self) -> bool:
        """Say yes."""
        return True

    def write(self, piece: ReadableBuffer, /) -> int:
        """Take all of a piece: one thread writes while this one hashes."""
        view = memoryview(piece)
        writing = _DISK.submit(_write, self._descriptor, view)
        self._hashed.update(view)
        writing.result()
        return view.nbytes

    def settle(self) -> str:
        """Wait until all of it is on the disk, and give its SHA-256, lower-case hex."""
        os.fsync(self._descriptor)
        return self._hashed.hexdigest()

    def put_in_place(self) -> None:
        """Give it its name, once it has settled; raises `FileExistsError` rather than replace what came there since."""
        os.link(self._written, self._target)

    def close(self) -> None:
        """Take away the name that nobody looks for."""
        if not self.closed:
            super().close()
            os.close(self._descriptor)
            self._written.unlink(missing_ok=True)


def _write(descriptor: int, view: memoryview) -> None:
    while view:
        view = view[os.write(descriptor, view) :]
    if hasattr(os, "posix_fadvise"):
        # To say that nobody will read it lets the kernel begin to write it out: then `settle` has little to wait for.
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
