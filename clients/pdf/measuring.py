"""How far a PDF unpacks, counted without keeping it: the answer to decompression bombs."""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Iterable, Iterator
from typing import Final

import pikepdf

from clients.pdf.limits import LARGEST_IMAGE, LARGEST_STREAM, LARGEST_TOTAL, MOST_PIXELS_IN_PDF
from clients.pdf.reasons import Reason, UnsafePdf

_PIECE: Final = 1024 * 1024
_MOST_FILTERS: Final = 8
_FLATE: Final = frozenset({"/FlateDecode", "/Fl"})
_LZW: Final = frozenset({"/LZWDecode", "/LZW"})
_IMAGE_CODECS: Final = frozenset({"/DCTDecode", "/DCT", "/JPXDecode", "/CCITTFaxDecode", "/CCF", "/JBIG2Decode"})


class Meter:
    """Counts unpacked bytes of one document against the limits."""

    def __init__(self) -> None:
        self._total = 0

    def measure(self, stream: pikepdf.Stream) -> None:
        """Count what one stream unpacks to.

        Raises:
            UnsafePdf: this stream, or all streams so far, pass the limit.
        """
        image = stream.get("/Subtype") == pikepdf.Name.Image
        if image and _pixels(stream) > MOST_PIXELS_IN_PDF:
            raise UnsafePdf(Reason.UNPACKS_TOO_LARGE)
        most = LARGEST_IMAGE if image else LARGEST_STREAM
        filters = _filters(stream)
        if len(filters) > _MOST_FILTERS:
            raise UnsafePdf(Reason.UNPACKS_TOO_LARGE)
        if _LZW.intersection(filters):
            self._measure_by_unpacking(stream, most)
            return
        pieces: Iterable[bytes] = _raw(stream)
        for name in filters:
            if name in _IMAGE_CODECS:
                return  # unpacks to pixels, which are counted by width and height
            # Counted after every stage: in a chain of packings each one can be the bomb.
            pieces = self._counted(_unpacked(name, pieces), most)
        if filters:
            for _ in pieces:
                pass

    def _measure_by_unpacking(self, stream: pikepdf.Stream, most: int) -> None:
        """Unpack a rare, old packing whole: the limit on memory is what stops its bombs."""
        try:
            for _ in self._counted([stream.read_bytes()], most):
                pass
        except (MemoryError, pikepdf.DataDecodingError) as fault:
            # The library reports memory that it did not get as damage.
            bomb = isinstance(fault, MemoryError) or "alloc" in str(fault)
            raise UnsafePdf(Reason.UNPACKS_TOO_LARGE if bomb else Reason.DAMAGED) from None

    def _counted(self, pieces: Iterable[bytes], most: int) -> Iterator[bytes]:
        size = 0
        for piece in pieces:
            size += len(piece)
            self._total += len(piece)
            if size > most or self._total > LARGEST_TOTAL:
                raise UnsafePdf(Reason.UNPACKS_TOO_LARGE)
            yield piece


def _filters(stream: pikepdf.Stream) -> list[str]:
    filters = stream.get("/Filter")
    if filters is None:
        return []
    return [str(name) for name in filters] if isinstance(filters, pikepdf.Array) else [str(filters)]


def _pixels(stream: pikepdf.Stream) -> int:
    try:
        return int(stream.get("/Width", 0)) * int(stream.get("/Height", 0))
    except (TypeError, ValueError):
        raise UnsafePdf(Reason.DAMAGED) from None


def _raw(stream: pikepdf.Stream) -> Iterator[bytes]:
    view = memoryview(stream.get_raw_stream_buffer())
    for start in range(0, len(view), _PIECE):
        yield bytes(view[start : start + _PIECE])


def _unpacked(name: str, pieces: Iterable[bytes]) -> Iterator[bytes]:
    if name in _FLATE:
        return _inflated(pieces)
    if name in {"/RunLengthDecode", "/RL"}:
        return _runs(pieces)
    if name in {"/ASCII85Decode", "/A85"}:
        return _ascii85(pieces)
    if name in {"/ASCIIHexDecode", "/AHx"}:
        return _hexadecimal(pieces)
    # /Crypt and names nobody knows: readers show nothing of such a stream, so nothing is lost by refusing it.
    raise UnsafePdf(Reason.DAMAGED)


def _inflated(pieces: Iterable[bytes]) -> Iterator[bytes]:
    inflater = zlib.decompressobj()
    for piece in pieces:
        waiting = piece
        while waiting and not inflater.eof:
            try:
                unpacked = inflater.decompress(waiting, _PIECE)
            except zlib.error:
                return  # readers, too, show what came before the damage
            waiting = inflater.unconsumed_tail
            yield unpacked


def _runs(pieces: Iterable[bytes]) -> Iterator[bytes]:
    packed = b"".join(pieces)
    place, end_of_data = 0, 128
    while place < len(packed) and (length := packed[place]) != end_of_data:
        if length < end_of_data:
            yield packed[place + 1 : place + length + 2]
            place += length + 2
        else:
            yield packed[place + 1 : place + 2] * (257 - length)
            place += 2


def _ascii85(pieces: Iterable[bytes]) -> Iterator[bytes]:
    written = b"".join(pieces).strip().removeprefix(b"<~").partition(b"~")[0]
    try:
        yield base64.a85decode(written, ignorechars=b" \t\n\r\v\f\0")
    except ValueError:
        raise UnsafePdf(Reason.DAMAGED) from None


def _hexadecimal(pieces: Iterable[bytes]) -> Iterator[bytes]:
    digits = b"".join(b"".join(pieces).partition(b">")[0].split())
    try:
        yield binascii.unhexlify(digits + b"0" * (len(digits) % 2))
    except binascii.Error:
        raise UnsafePdf(Reason.DAMAGED) from None
