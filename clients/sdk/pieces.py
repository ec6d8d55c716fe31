"""Bytes in memory as they arrived, without being copied into one."""

from __future__ import annotations

from collections import deque
from io import RawIOBase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer


class Pieces(RawIOBase):
    """A file that is written to its end in pieces, then read once from its beginning; what was read is let go."""

    def __init__(self) -> None:
        self._pieces: deque[memoryview] = deque()

    def writable(self) -> bool:
        """Say yes."""
        return True

    def readable(self) -> bool:
        """Say yes."""
        return True

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Stay at the beginning of what has not been read: there is nowhere else to go."""
        if offset or whence:
            raise OSError("pieces are read from their beginning")
        return 0

    def write(self, piece: ReadableBuffer, /) -> int:
        """Take a piece, which must not change afterwards."""
        view = memoryview(piece)
        self._pieces.append(view)
        return view.nbytes

    def readinto(self, room: WriteableBuffer, /) -> int:
        """Fill as much of the room as there is left to read."""
        into, filled = memoryview(room), 0
        while self._pieces and filled < into.nbytes:
            piece = self._pieces.popleft()
            taken = piece[: into.nbytes - filled]
            into[filled : filled + len(taken)] = taken
            filled += len(taken)
            if len(taken) < len(piece):
                self._pieces.appendleft(piece[len(taken) :])
        return filled
