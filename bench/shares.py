"""Whole shares a second with 32 clients, and the slowest hundredth of them, beside a chat server's messages."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from bench import clinic, synapse
from bench.frame import Comparison, Goal, Quantity, Ratio
from bench.load import Load, drive
from bench.results import SCRATCH

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.frame import Run, Scale

CLIENTS = 32
ROOMS = 2
SHARES_EACH, MESSAGES_EACH = 50, 25
"""Requests a client sends in a run: a few seconds on either side."""
MESSAGE = "x" * 1024
REFERENCE = "matrix-synapse 1.163.2, SQLite"
RATE, SLOWEST = "shares_per_second", "share_p99_ms"


def figures(load: Load) -> dict[str, float]:
    """Give what both sides are judged by."""
    return {RATE: load.rate, SLOWEST: load.percentile(0.99) * 1000}


@contextlib.contextmanager
def ours(scale: Scale) -> Iterator[Run]:
    """Share a short message, sealed to BUP and to the sender's own unit; each is answered with its receipt."""
    with clinic.running(SCRATCH / "clinic") as server:

        def run() -> dict[str, float]:
            each = 3 if scale.quick else SHARES_EACH
            requests, shares = asyncio.run(server.shares(CLIENTS, each))
            load = drive(SCRATCH / "clinic-load", requests, warm=server.warm)
            server.check(shares, load.bodies)
            return figures(load)

        yield run


@contextlib.contextmanager
def reference(scale: Scale) -> Iterator[Run]:
    """Send messages of 1 KiB; each is answered once it is committed."""
    with synapse.running(SCRATCH / "synapse", CLIENTS, ROOMS) as server:

        def run() -> dict[str, float]:
            each = 3 if scale.quick else MESSAGES_EACH
            load = drive(SCRATCH / "synapse-load", server.messages(each, MESSAGE), warm=server.warm)
            if not all("event_id" in body for body in load.bodies):
                raise RuntimeError("a message was answered without an event id")
            return figures(load)

        yield run


COMPARISON = Comparison(
    name="shares",
    about="32 clients over HTTP; ours: verified, decided, durable, receipt returned; reference: a message of 1 KiB",
    quantities=(
        Quantity(RATE, REFERENCE, higher_is_better=True, ratio=Ratio.OURS_BY_REFERENCE, goal=Goal(least=10)),
        Quantity(SLOWEST, REFERENCE, higher_is_better=False, ratio=Ratio.REFERENCE_BY_OURS, goal=Goal(least=6)),
    ),
    reference=reference,
    ours=ours,
)
