"""The caller's side: bytes in, safe bytes or `UnsafePdf` out, with a child process in between."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import BinaryIO, Final, Literal

from clients.pdf.kinds import LARGEST_FILE, Kind, sniff
from clients.pdf.limits import LARGEST_OUTPUT, WALL_SECONDS
from clients.pdf.reasons import Reason, UnsafeFile, UnsafePdf

FIRST_REFUSAL: Final = 64
"""The child exits with 64 + the place of its `Reason`; a smaller status is a fault of the child itself."""

_ROOT: Final = Path(__file__).resolve().parents[2]


def clean(pdf: bytes, *, largest: int = LARGEST_FILE) -> bytes:
    """Make a copy that shows the same pages and text and can do nothing.

    Gone are scripts, actions, links out of the document, embedded files, media, form programs, metadata and everything
    a page does not need. Internal links, bookmarks, structure for screen readers and filled-in form values stay. The
    same input gives the same output.

    Args:
        pdf: the whole file.
        largest: the most bytes it may have.

    Raises:
        UnsafePdf: no PDF, locked, damaged, too large, or a bomb.
    """
    try:
        kind = sniff(pdf, largest=largest)
    except UnsafeFile as refused:
        known = refused.reason in {Reason.EMPTY, Reason.TOO_LARGE}
        raise UnsafePdf(refused.reason if known else Reason.NOT_A_PDF) from None
    if kind is not Kind.PDF:
        raise UnsafePdf(Reason.NOT_A_PDF)
    return _in_child("pdf", pdf)


def photograph_to_pdf(image: bytes, *, largest: int = LARGEST_FILE) -> bytes:
    """Turn a photographed paper (JPEG or PNG) into a PDF of one A4 page, without place, time, camera or thumbnail.

    Raises:
        UnsafePdf: damaged, of another kind, or too many pixels.
    """
    if len(image) > largest:
        raise UnsafePdf(Reason.TOO_LARGE)
    return _in_child("photograph", image)


def prepare(content: bytes, *, largest: int = LARGEST_FILE) -> tuple[Kind, bytes]:
    """Make any file that is taken ready to be sealed; answers with what it became: a PDF or plain text.

    Raises:
        UnsafeFile: of a kind that is not taken, or unsafe.
    """
    kind = sniff(content, largest=largest)
    if kind is Kind.TEXT:
        return kind, content
    make = clean if kind is Kind.PDF else photograph_to_pdf
    return Kind.PDF, make(content, largest=largest)


def _in_child(task: Literal["pdf", "photograph"], content: bytes) -> bytes:
    with _nameless_file() as source, _nameless_file() as result:
        source.write(content)
        source.seek(0)
        try:
            ended = subprocess.run(  # noqa: S603  (our own module; the foreign bytes come by a file, not by the command)
                [sys.executable, "-s", "-m", "clients.pdf.worker", task],
                stdin=source,
                stdout=result,
                stderr=subprocess.DEVNULL,  # parsers quote the document in their messages
                cwd=_ROOT,
                env={"LC_ALL": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1"},  # nothing of ours: no secret, no proxy
                timeout=WALL_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:  # `run` has killed and reaped the child
            raise UnsafePdf(Reason.TOOK_TOO_LONG) from None
        if ended.returncode != 0:
            raise UnsafePdf(_why(ended.returncode))
        result.seek(0)
        return result.read(LARGEST_OUTPUT)


def _nameless_file() -> BinaryIO:
    """Open memory where the system has nameless files in memory, so that no plaintext reaches a disk."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("fortrolig"), "w+b")
    return tempfile.TemporaryFile()


def _why(status: int) -> Reason:
    if status < 0:  # killed by a signal: a limit reached, or a parser that crashed on the file
        return Reason.TOO_COMPLEX
    reasons = list(Reason)
    place = status - FIRST_REFUSAL
    return reasons[place] if 0 <= place < len(reasons) else Reason.CLEANER_FAILED
