"""Opening a PDF of 5 MB, from the request to the plaintext, beside nginx sending the same ciphertext.

One client, one kept connection, one opening after the other; the median of each run's openings counts. nginx's side
goes through the same HTTP library, reads the body to its end and keeps none of it: the least that any client must do.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import statistics
import time
from typing import TYPE_CHECKING

import aiohttp

from bench import nginx
from bench.frame import Comparison, Goal, Quantity, Ratio
from bench.results import SCRATCH
from keys import streaming

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.frame import Run, Scale

PDF_BYTES = 5_000_000
CIPHERTEXT_BYTES = streaming.ciphertext_length(PDF_BYTES)
OPENING = "open_5mb_pdf_p50_ms"


@contextlib.contextmanager
def reference(scale: Scale) -> Iterator[Run]:
    """Fetch as many bytes as the ciphertext has from nginx."""
    home = SCRATCH / "nginx"
    files = home / "files"
    files.mkdir(parents=True, exist_ok=True)
    (files / "ready").write_text("ready\n")
    (files / "ciphertext").write_bytes(os.urandom(CIPHERTEXT_BYTES))
    with nginx.running(home, files) as base:
        yield lambda: {OPENING: statistics.median(asyncio.run(_fetches(f"{base}/ciphertext", openings(scale)))) * 1000}


def openings(scale: Scale) -> int:
    """How many openings, one after the other, make a run."""
    return 5 if scale.quick else 50


async def _fetches(url: str, count: int) -> list[float]:
    times = []
    async with aiohttp.ClientSession(raise_for_status=True) as session:
        for _ in range(count):
            began = time.perf_counter()
            async with session.get(url) as answer:
                received = sum([len(piece) async for piece in answer.content.iter_any()])
            times.append(time.perf_counter() - began)
            if received != CIPHERTEXT_BYTES:
                raise RuntimeError(f"{received} bytes came instead of {CIPHERTEXT_BYTES}")
    return times


COMPARISON = Comparison(
    name="opening",
    about="a PDF of 5 MB opened by the client, receipt and all checks included; reference: the ciphertext alone",
    quantities=(
        Quantity(
            OPENING,
            "nginx sending the ciphertext",
            higher_is_better=False,
            ratio=Ratio.OURS_BY_REFERENCE,
            goal=Goal(most=4),
        ),
    ),
    reference=reference,
)
