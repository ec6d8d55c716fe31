"""Whether the disk has room for more than its reserve, which is kept for what must always work."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SECONDS: Final = 1.0
"""How long an answer is believed: nothing fills the reserve in that time."""


def free_bytes(folder: Path) -> int:
    """Give how much of the file system under `folder` a process without privileges may still fill."""
    told = os.statvfs(folder)
    return told.f_bavail * told.f_frsize


class Room:
    """Says whether more than `reserve` bytes are free under `folder`; looks at most once a second."""

    def __init__(
        self,
        folder: Path,
        reserve: int,
        free: Callable[[Path], int] = free_bytes,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = folder
        self._reserve = reserve
        self._free = free
        self._clock = clock
        self._asked = float("-inf")
        self._answer = True

    def __call__(self) -> bool:
        """Say it."""
        now = self._clock()
        if now - self._asked >= SECONDS:
            self._asked, self._answer = now, self._free(self._folder) > self._reserve
        return self._answer
