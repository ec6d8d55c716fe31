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
        pieces: Iterable[bytes] = _raw(stream)
        for name in filters:
            if name in _IMAGE_CODECS:
                return  # unpacks to pixels, which are counted by width and height
            # Counted after every stage: in a chain of packings each one can be the bomb.
            pieces = self._counted(_unpacked(name, pieces), most)
        if filters:
            for _ in pieces:
                pass

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
    if name in {"/LZWDecode", "/LZW"}:
        return _lzw_lengths(pieces)
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


def _lzw_lengths(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Follow the codes of LZW (ISO 32000-1 §7.4.4) and give as many bytes as they stand for, not which ones.

    The length of an entry is one more than the length of the entry before it, so that counting needs no table of texts.
    """
    clear, end, first, most = 256, 257, 258, 4096
    lengths: list[int] = []
    width, bits, held, before = 9, 0, 0, 0
    for piece in pieces:
        unpacked = 0
        for byte in piece:
            held = (held << 8 | byte) & 0xFFFFFF
            bits += 8
            if bits < width:
                continue
            bits -= width
            code = (held >> bits) & ((1 << width) - 1)
            if code == end:
                yield bytes(unpacked)
                return
            if code == clear:
                lengths, width, before = [], 9, 0
                continue
            known = first + len(lengths)
            length = 1 if code < clear else lengths[code - first] if code < known else before + 1
            if before and known < most:
                lengths.append(before + 1)
            before = length
            width = min(12, max(9, (first + len(lengths) + 1).bit_length()))
            unpacked += length
            if unpacked > _PIECE:
                yield bytes(unpacked)
                unpacked = 0
        yield bytes(unpacked)


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
