"""The clock of requests; the writer fixes the instant of what is decided."""

from __future__ import annotations

import time
from collections.abc import Callable

from aiohttp import web

from protocol.identifiers import Instant

Clock = Callable[[], Instant]

CLOCK: web.AppKey[Clock] = web.AppKey("clock")


def system_clock() -> Instant:
    """Read this machine's clock."""
    return Instant(time.time_ns() // 1_000_000)
