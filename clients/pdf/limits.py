"""What the child process may use, and how far a file may unpack."""

from __future__ import annotations

import resource
from typing import Final

MEGABYTE: Final = 1024 * 1024

ADDRESS_SPACE: Final = 512 * MEGABYTE
CPU_SECONDS: Final = 8
WALL_SECONDS: Final = 9.0
LARGEST_OUTPUT: Final = 256 * MEGABYTE

MOST_PAGES: Final = 2_000
MOST_OBJECTS: Final = 250_000
DEEPEST_PAGE_TREE: Final = 64
LARGEST_STREAM: Final = 32 * MEGABYTE
"""Unpacked bytes of one content stream, font, form or table: far beyond what a page needs."""
LARGEST_IMAGE: Final = 256 * MEGABYTE
"""Unpacked bytes of one picture: an A4 page in colour at 900 dpi."""
MOST_PIXELS_IN_PDF: Final = 100_000_000
LARGEST_TOTAL: Final = 1024 * MEGABYTE
"""Unpacked bytes of all streams together."""
MOST_PIXELS_IN_PHOTOGRAPH: Final = 50_000_000


def confine_this_process() -> None:
    """Give up for good what a parser never needs. Call after every import and before the first foreign byte.

    No file descriptor may be opened from here on, so there is no socket, no file and no pipe but the ones inherited:
    a parser taken over by a crafted file reaches neither network nor disk.
    """
    for what, most in (
        (resource.RLIMIT_AS, ADDRESS_SPACE),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, LARGEST_OUTPUT),
        (resource.RLIMIT_CORE, 0),  # a core dump would leave the document on disk
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_NOFILE, 0),
    ):
        resource.setrlimit(what, (most, most))
