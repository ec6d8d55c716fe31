"""Bytes on their way from the network to a thread that works on them, without being copied into one."""

from __future__ import annotations

from collections import deque
from io import RawIOBase
from threading import Condition
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

MOST_WAITING_BYTES = 8 << 20


class Pieces(RawIOBase):
    """A pipe in memory: one thread writes pieces until it says `end`, another reads them as one file.

    Whoever reads waits for more. Whoever writes is never held up, and asks `is_full` to keep memory constant. What is
    written to a closed pipe is dropped: nobody reads it any more.
    """

    def __init__(self, most: int = MOST_WAITING_BYTES) -> None:
        self._changed = Condition()
        self._pieces: deque[memoryview] = deque()
        self._waiting = 0
        self._most = most
        self._ended = False

    def writable(self) -> bool:
        """Say yes."""
        return True

    def readable(self) -> bool:
        """Say yes."""
        return True

    def write(self, piece: ReadableBuffer, /) -> int:
        """Take a piece, which must not change afterwards."""
        view = memoryview(piece)
        with self._changed:
            if view.nbytes and not self.closed:
                self._pieces.append(view)
                self._waiting += view.nbytes
                self._changed.notify_all()
        return view.nbytes

    def end(self) -> None:
        """Say that nothing more will be written."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def is_full(self) -> bool:
        """Say whether more waits to be read than should."""
        return self._waiting > self._most

    def wait_for_room(self) -> None:
        """Block until it is no longer full, or closed."""
        with self._changed:
            self._changed.wait_for(lambda: not self.is_full())

    def take(self, most: int) -> memoryview:
        """Wait for a piece and give it, or as much of it as is asked for; an empty one at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._pieces or self._ended)
            if not self._pieces:
                return memoryview(b"")
            piece = self._pieces.popleft()
            if piece.nbytes > most:
                self._pieces.appendleft(piece[most:])
                piece = piece[:most]
            self._waiting -= piece.nbytes
            self._changed.notify_all()
            return piece

    def readinto(self, room: WriteableBuffer, /) -> int:
        """Fill some of the room; nothing only at the end."""
        into = memoryview(room)
        taken = self.take(into.nbytes)
        into[: taken.nbytes] = taken
        return taken.nbytes

    def close(self) -> None:
        """Let go of what nobody will read."""
        with self._changed:
            super().close()
            self._pieces.clear()
            self._waiting = 0
            self._changed.notify_all()
