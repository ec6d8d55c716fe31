"""A clock that moves when it is told to."""

from __future__ import annotations

from protocol.identifiers import Instant

START = Instant(1_800_000_000_000)
MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class Clock:
    """Stands at `now`, milliseconds since 1970 UTC."""

    def __init__(self, now: Instant = START) -> None:
        self.now = now

    def __call__(self) -> Instant:
        return self.now

    def forward(self, milliseconds: int) -> None:
        self.now = Instant(self.now + milliseconds)
