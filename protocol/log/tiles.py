"""Tiles (C2SP tlog-tiles @ 5ba5ee83): names and contents of the files that a log's tree and entries are kept in.

A tile is 256 wide. A hash tile at level L holds the nodes of tree level 8 * L, 32 bytes each; an entries tile holds the
entries themselves, each after its length in two bytes, big-endian.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

WIDTH = 256
HEIGHT = 8
LARGEST_ENTRY = 65_535
HIGHEST_LEVEL = 63
_LENGTH = 2


class BadTile(ValueError):
    """No such tile, or bytes that are not a tile of entries."""


def hash_path(level: int, index: int, width: int = WIDTH) -> str:
    """Name a hash tile: `tile/<level>/<index>[.p/<width>]`.

    Raises:
        BadTile: a number out of range.
    """
    if not 0 <= level <= HIGHEST_LEVEL:
        raise BadTile("a tile's level is 0 to 63")
    return f"tile/{level}/{_number(index, width)}"


def entries_path(index: int, width: int = WIDTH) -> str:
    """Name an entries tile: `tile/entries/<index>[.p/<width>]`.

    Raises:
        BadTile: a number out of range.
    """
    return f"tile/entries/{_number(index, width)}"


def partial_width(level: int, size: int) -> int:
    """Return the width of the last, partial tile at a level in a tree of `size` leaves; 0 when all are full."""
    return (size >> (HEIGHT * level)) % WIDTH


def entries_tiles(size: int) -> Iterator[tuple[str, int]]:
    """List the entries tiles of a log of `size` entries in order, as (path, width)."""
    for index in range(size // WIDTH):
        yield entries_path(index), WIDTH
    width = partial_width(0, size)
    if width:
        yield entries_path(size // WIDTH, width), width


def join(entries: Iterable[bytes]) -> bytes:
    """Write the content of an entries tile.

    Raises:
        BadTile: an entry is longer than two bytes can say.
    """
    parts = []
    for entry in entries:
        if len(entry) > LARGEST_ENTRY:
            raise BadTile("an entry is at most 65,535 bytes")
        parts += [len(entry).to_bytes(_LENGTH, "big"), entry]
    return b"".join(parts)


def split(tile: bytes, width: int) -> list[bytes]:
    """Read the entries of a tile that must hold `width` of them.

    Raises:
        BadTile: another number, a cut entry, or bytes left over.
    """
    entries, at = [], 0
    while at < len(tile):
        start = at + _LENGTH
        at = start + int.from_bytes(tile[at:start], "big")
        entries.append(tile[start:at])
    if at != len(tile) or len(entries) != width:
        raise BadTile(f"the tile does not hold {width} whole entries")
    return entries


def _number(index: int, width: int) -> str:
    if index < 0 or not 1 <= width <= WIDTH:
        raise BadTile("a tile has an index from 0 and a width of 1 to 256")
    groups = [f"{index % 1000:03}"]
    while index := index // 1000:
        groups.insert(0, f"x{index % 1000:03}")
    return "/".join(groups) + (f".p/{width}" if width < WIDTH else "")
