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
from pikepdf import Dictionary, Name, Pdf

from bench import clinic, nginx
from bench.frame import Comparison, Goal, Quantity, Ratio
from bench.results import SCRATCH
from clients.sdk.client import Client
from clients.sdk.content import Attachment
from clients.sdk.opening import open_with_files
from clients.sdk.receiving import inbox
from clients.sdk.sending import Wanted, send
from keys import streaming
from protocol.consent.vocabulary import Category

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bench.frame import Run, Scale

PDF_BYTES = 5_000_000
CIPHERTEXT_BYTES = streaming.ciphertext_length(PDF_BYTES)
OPENING = "open_5mb_pdf_p50_ms"


@contextlib.contextmanager
def ours(scale: Scale) -> Iterator[Run]:
    """Open with the client of the SDK: sign, ask, verify all, unseal, download, check, decrypt, put in place."""
    with clinic.running(SCRATCH / "opening") as server:
        document = SCRATCH / "opening" / "document.pdf"
        _draw(document)
        asyncio.run(_sent(server, document))
        yield lambda: {OPENING: statistics.median(asyncio.run(_opened(server, openings(scale)))) * 1000}


async def _sent(server: clinic.Clinic, document: Path) -> None:
    terms, town = server.consents[0], server.post.town
    async with Client.at(server.sender, clinic.PASSPHRASE) as client:
        await send(
            client,
            Wanted(
                subject=terms.subject,
                matter=terms.matter,
                to=(town.bup.unit,),
                title="Henvisning",
                category=Category.HEALTH_NOTE,
                unit=town.gp.unit,
                attachments=(Attachment(document, str(Category.HEALTH_NOTE), document.name),),
            ),
        )


async def _opened(server: clinic.Clinic, count: int) -> list[float]:
    times = []
    target = server.reader / "opened.pdf"
    async with Client.at(server.reader, clinic.PASSPHRASE) as client:
        for number in range(count + 1):
            # Looking at the inbox and signing in come before an opening, as nginx's connection stands already.
            [item] = await inbox(client)
            began = time.perf_counter()
            await open_with_files(client, item, lambda _: target)
            if number > 0:
                times.append(time.perf_counter() - began)
            if abs(target.stat().st_size - PDF_BYTES) > PDF_BYTES // 100:
                raise RuntimeError(f"the PDF has {target.stat().st_size} bytes, not about {PDF_BYTES}")
            target.unlink()
    return times


def _draw(path: Path) -> None:
    """Write a PDF of about 5 MB: one page with a picture of noise, which nothing can make smaller."""
    side = 1289
    with Pdf.new() as pdf:
        page = pdf.add_blank_page(page_size=(600, 600))
        picture = pdf.make_stream(
            os.urandom(3 * side * side),
            Type=Name.XObject,
            Subtype=Name.Image,
            Width=side,
            Height=side,
            ColorSpace=Name.DeviceRGB,
            BitsPerComponent=8,
        )
        page.Resources = Dictionary(XObject=Dictionary(Picture=picture))
        page.Contents = pdf.make_stream(b"q 600 0 0 600 0 0 cm /Picture Do Q")
        pdf.save(path)


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
    ours=ours,
)
