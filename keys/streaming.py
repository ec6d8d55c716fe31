"""Content encryption: Tink's streaming AEAD AES256-GCM-HKDF (specs/streaming.md), in constant memory.

A segment's plaintext goes to the sink once its own tag holds, but the whole is authentic only when the call returns:
write to a temporary file and act on it afterwards. A sink may use the bytes it is given only during `write`, as
`io.RawIOBase` says: they lie in a buffer that is used again.
"""

from __future__ import annotations

import os
from io import SEEK_END, RawIOBase
from typing import TYPE_CHECKING, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KEY = 32
SEGMENT = 1 << 20

_SALT = 32
_PREFIX = 7
_HEADER = 1 + _SALT + _PREFIX
_TAG = 16
SMALLEST_SEGMENT = _HEADER + _TAG + 1
_MOST_SEGMENTS = 1 << 32


class Source(Protocol):
    """A binary file that is read from the place where it stands; `readinto` is used where it has that."""

    def read(self, length: int, /) -> bytes | None:
        """Return at most so many bytes, none at the end."""


class SeekableSource(Source, Protocol):
    """A source that can be read from any place."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Go to a place, and return it."""


class Sink(Protocol):
    """A binary file that is written from the place where it stands."""

    def write(self, view: memoryview, /) -> int | None:
        """Take some of the bytes and return how many, or take all and return None."""


class BadCiphertext(Exception):
    """The bytes are not one whole ciphertext under this key and associated data, or these lengths make none."""


def encrypt(
    source: Source,
    sink: Sink,
    key: bytes,
    associated_data: bytes,
    *,
    segment_size: int = SEGMENT,
) -> None:
    """Encrypt everything that the source still holds under a 32-byte key. Nothing is flushed or closed.

    Raises:
        BadCiphertext: the key or the segment has an impossible length, or the source is too long.
    """
    header = bytes([_HEADER]) + os.urandom(_SALT + _PREFIX)
    _encrypt(source, sink, header, _Segments(header, key, associated_data), segment_size)


def decrypt(
    source: Source,
    sink: Sink,
    key: bytes,
    associated_data: bytes,
    *,
    segment_size: int = SEGMENT,
) -> None:
    """Decrypt everything that the source still holds: one ciphertext and nothing after it.

    Raises:
        BadCiphertext: it was changed, cut, lengthened or reordered, or the key or the associated data is another.
    """
    _check_segment_size(segment_size)
    segments = _Segments(_read_header(source), key, associated_data)
    plaintext = memoryview(bytearray(segment_size))
    for index, (ciphertext, last) in enumerate(_pieces(source, segment_size - _HEADER, segment_size)):
        _write(sink, plaintext[: segments.decrypt(index, ciphertext, plaintext, last=last)])


def decrypt_range(
    source: SeekableSource,
    sink: Sink,
    key: bytes,
    associated_data: bytes,
    *,
    start: int,
    stop: int,
    segment_size: int = SEGMENT,
) -> None:
    """Decrypt the plaintext from byte `start` up to, not including, byte `stop`, out of a seekable source.

    The source is one ciphertext from its first byte. Read are the segments asked for and the last one, which alone
    proves the length. The others are not checked.

    Raises:
        BadCiphertext: as `decrypt`, or the range does not lie within the plaintext.
    """
    length = source.seek(0, SEEK_END)
    if not 0 <= start <= stop <= plaintext_length(length, segment_size):
        raise BadCiphertext("the range does not lie within the plaintext")
    source.seek(0)
    segments = _Segments(_read_header(source), key, associated_data)
    ciphertext, plaintext = memoryview(bytearray(segment_size)), memoryview(bytearray(segment_size))
    last = (length - 1) // segment_size

    def opened(index: int) -> memoryview:
        source.seek(segment_size * index or _HEADER)
        filled = _fill(source, ciphertext if index else ciphertext[: segment_size - _HEADER])
        return plaintext[: segments.decrypt(index, ciphertext[:filled], plaintext, last=index == last)]

    opened(last)
    room = segment_size - _TAG
    for index in range((_HEADER + start) // room, (_HEADER + stop - 1) // room + 1):
        offset = max(0, room * index - _HEADER)
        _write(sink, opened(index)[max(0, start - offset) : stop - offset])


def ciphertext_length(plaintext_length: int, segment_size: int = SEGMENT) -> int:
    """Return how many bytes of ciphertext so many bytes of plaintext make.

    Raises:
        BadCiphertext: the length is negative or the segment too small.
    """
    _check_segment_size(segment_size)
    if plaintext_length < 0:
        raise BadCiphertext("a length is not negative")
    # Each segment takes the same room once the header counts as the beginning of what is encrypted.
    segments = -(-(_HEADER + plaintext_length) // (segment_size - _TAG))
    return _HEADER + plaintext_length + _TAG * segments


def plaintext_length(length: int, segment_size: int = SEGMENT) -> int:
    """Return how many bytes of plaintext a ciphertext of this length holds.

    Raises:
        BadCiphertext: no plaintext makes a ciphertext of this length, or the segment is too small.
    """
    _check_segment_size(segment_size)
    plaintext = length - _HEADER - _TAG * -(-length // segment_size)
    if plaintext < 0 or ciphertext_length(plaintext, segment_size) != length:
        raise BadCiphertext("no ciphertext has this length")
    return plaintext


class _Segments:
    """The cipher of one file: its derived key, and a nonce for each segment."""

    def __init__(self, header: bytes, key: bytes, associated_data: bytes) -> None:
        if len(key) != KEY:
            raise BadCiphertext(f"a content key is {KEY} bytes")
        if header[0] != _HEADER:
            raise BadCiphertext("this is no header of this format")
        salt, self._prefix = header[1 : 1 + _SALT], header[1 + _SALT :]
        # The associated data enters here and nowhere else: the segments' own is empty.
        self._aes = AESGCM(HKDF(SHA256(), KEY, salt, associated_data).derive(key))

    def encrypt(self, index: int, plaintext: memoryview, ciphertext: memoryview, *, last: bool) -> int:
        room = ciphertext[: len(plaintext) + _TAG]
        return self._aes.encrypt_into(self._nonce(index, last=last), plaintext, None, room)

    def decrypt(self, index: int, ciphertext: memoryview, plaintext: memoryview, *, last: bool) -> int:
        length = len(ciphertext) - _TAG
        # Only empty plaintext makes an empty segment, and then it is the only one: one plaintext, one way to split it.
        if length < 0 or (length == 0 and index > 0):
            raise BadCiphertext("the last segment is too short")
        try:
            return self._aes.decrypt_into(self._nonce(index, last=last), ciphertext, None, plaintext[:length])
        except InvalidTag as error:
            raise BadCiphertext(f"segment {index} is not what was encrypted under this key and use") from error

    def _nonce(self, index: int, *, last: bool) -> bytes:
        if index >= _MOST_SEGMENTS:
            raise BadCiphertext("too many segments for a counter of 4 bytes")
        return self._prefix + index.to_bytes(4, "big") + bytes([last])


def _encrypt(source: Source, sink: Sink, header: bytes, segments: _Segments, segment_size: int) -> None:
    """Encrypt under a given header. One that was used before would repeat nonces, so only tests bring their own."""
    _check_segment_size(segment_size)
    ciphertext = memoryview(bytearray(segment_size))
    room = segment_size - _TAG
    _write(sink, memoryview(header))
    for index, (plaintext, last) in enumerate(_pieces(source, room - _HEADER, room)):
        _write(sink, ciphertext[: segments.encrypt(index, plaintext, ciphertext, last=last)])


def _check_segment_size(segment_size: int) -> None:
    if segment_size < SMALLEST_SEGMENT:
        raise BadCiphertext(f"a segment is at least {SMALLEST_SEGMENT} bytes")


def _read_header(source: Source) -> bytes:
    header = bytearray(_HEADER)
    if _fill(source, memoryview(header)) < _HEADER:
        raise BadCiphertext("shorter than a header")
    return bytes(header)


def _pieces(source: Source, first: int, later: int) -> Iterator[tuple[memoryview, bool]]:
    """Cut the source into a first piece and later ones, each with whether it is the last: whether no byte follows it.

    An empty source is one empty piece. A piece is overwritten when the next but one is read.
    """
    piece, ahead = memoryview(bytearray(later)), memoryview(bytearray(later))
    size, filled = first, _fill(source, piece[:first])
    while True:
        following = _fill(source, ahead) if filled == size else 0
        yield piece[:filled], following == 0
        if following == 0:
            return
        piece, ahead = ahead, piece
        size, filled = later, following


def _fill(source: Source, room: memoryview) -> int:
    """Read until the room is full or the source ends; return the number of bytes read."""
    readinto = getattr(source, "readinto", None) or _readinto(source)
    filled = 0
    while filled < len(room):
        count = readinto(room[filled:])
        if count is None:
            # Nothing at the moment is not the end: taking it for that would cut the file short.
            raise BlockingIOError("the source must be a blocking file")
        if count == 0:
            break
        filled += count
    return filled


def _readinto(source: Source) -> Callable[[memoryview], int | None]:
    def readinto(room: memoryview) -> int | None:
        chunk = source.read(len(room))
        if chunk is None:
            return None
        room[: len(chunk)] = chunk
        return len(chunk)

    return readinto


def _write(sink: Sink, view: memoryview) -> None:
    """Write all of it, also to a raw file that takes only a part at a time."""
    while view:
        count = sink.write(view)
        if count is None and isinstance(sink, RawIOBase):
            raise BlockingIOError("the sink must be a blocking file")
        view = view[len(view) if count is None else count :]
