from __future__ import annotations

import io
import tracemalloc
from hashlib import sha256
from typing import TYPE_CHECKING, Any, cast

import pytest

from keys import streaming
from keys.streaming import BadCiphertext
from tests.unit.keys import vectors

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

VECTORS = vectors.load("streaming.json")
KEY = bytes.fromhex(VECTORS["key"])
AD = bytes.fromhex(VECTORS["associated_data"])
SMALL = 64  # bytes of a segment: 8 of plaintext in the first, 48 in the later ones


def visible(length: int) -> bytes:
    """Plaintext of specs/streaming.md: SHA256("visible:0") || SHA256("visible:1") || ..."""
    blocks = (sha256(b"visible:%d" % index).digest() for index in range(length // 32 + 1))
    return b"".join(blocks)[:length]


def plaintext_of(case: dict[str, Any]) -> bytes:
    return bytes.fromhex(case["plaintext"]) if "plaintext" in case else visible(case["plaintext_length"])


def encrypted(plaintext: bytes, *, segment_size: int = SMALL, key: bytes = KEY, ad: bytes = AD) -> bytes:
    sink = io.BytesIO()
    streaming.encrypt(io.BytesIO(plaintext), sink, key, ad, segment_size=segment_size)
    return sink.getvalue()


def decrypted(ciphertext: bytes, *, segment_size: int = SMALL, key: bytes = KEY, ad: bytes = AD) -> bytes:
    sink = io.BytesIO()
    streaming.decrypt(io.BytesIO(ciphertext), sink, key, ad, segment_size=segment_size)
    return sink.getvalue()


def part(ciphertext: bytes, start: int, stop: int, *, segment_size: int = SMALL) -> bytes:
    sink = io.BytesIO()
    streaming.decrypt_range(io.BytesIO(ciphertext), sink, KEY, AD, start=start, stop=stop, segment_size=segment_size)
    return sink.getvalue()


def encrypted_under(header: bytes, plaintext: bytes, segment_size: int) -> bytes:
    sink = io.BytesIO()
    segments = streaming._Segments(header, KEY, AD)
    streaming._encrypt(io.BytesIO(plaintext), sink, header, segments, segment_size)
    return sink.getvalue()


@pytest.mark.parametrize("case", vectors.cases("streaming.json", "cases"))
def test_tinks_file_is_written_byte_for_byte(case: dict[str, Any]) -> None:
    plaintext = plaintext_of(case)
    file = encrypted_under(bytes.fromhex(case["header"]), plaintext, case["segment_size"])
    assert len(file) == case["length"]
    assert file.startswith(bytes.fromhex(case["starts"]))
    assert file.endswith(bytes.fromhex(case["ends"]))
    assert sha256(file).hexdigest() == case["sha256"]
    assert decrypted(file, segment_size=case["segment_size"]) == plaintext


def test_the_visible_plaintext_is_the_one_of_the_specification() -> None:
    assert sha256(visible(9000)).hexdigest() == VECTORS["cases"][1]["plaintext_sha256"]


def test_tinks_one_segment_opens() -> None:
    case = VECTORS["cases"][0]
    assert decrypted(bytes.fromhex(case["starts"]), segment_size=1 << 20) == plaintext_of(case)


@pytest.mark.parametrize("length", [0, 1, 7, 8, 9, 55, 56, 57, 103, 104, 105, 1000])
def test_every_length_around_the_segments_borders_comes_back(length: int) -> None:
    plaintext = visible(length)
    ciphertext = encrypted(plaintext)
    assert decrypted(ciphertext) == plaintext
    assert len(ciphertext) == streaming.ciphertext_length(length, SMALL)
    assert streaming.plaintext_length(len(ciphertext), SMALL) == length


def test_lengths_are_those_of_the_specification() -> None:
    assert streaming.ciphertext_length(0) == 56
    assert streaming.ciphertext_length(1_048_520) == 1 << 20
    assert streaming.ciphertext_length(1_048_521) == (1 << 20) + 17
    assert streaming.ciphertext_length(1_048_520 + 1_048_560) == 2 << 20
    assert streaming.ciphertext_length(9000, 4096) == 9088


@pytest.mark.parametrize("length", [-1, 0, 40, 55, 64 + 1, 64 + 16, 128 + 16])
def test_a_length_that_no_ciphertext_has_is_refused(length: int) -> None:
    with pytest.raises(BadCiphertext):
        streaming.plaintext_length(length, SMALL)


def test_a_negative_length_is_refused() -> None:
    with pytest.raises(BadCiphertext):
        streaming.ciphertext_length(-1)


def test_two_encryptions_of_the_same_differ_from_the_salt_on() -> None:
    first, second = encrypted(b"same"), encrypted(b"same")
    assert first[:1] == second[:1] == b"\x28"
    assert first[1:33] != second[1:33]
    assert first[33:40] != second[33:40]
    assert first[40:] != second[40:]


FILE = encrypted(visible(200))  # segments: 8, 48, 48, 48, 48: the last one is full


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(FILE[:39], id="half a header"),
        pytest.param(FILE[:40], id="a header only"),
        pytest.param(FILE[:55], id="half a tag"),
        pytest.param(b"\x18" + FILE[1:], id="the header of another key size"),
        pytest.param(b"\x29" + FILE[1:], id="a longer header"),
        pytest.param(FILE[:64], id="cut after the first segment"),
        pytest.param(FILE[:128], id="cut after the second segment"),
        pytest.param(FILE[:-64], id="cut before the last segment"),
        pytest.param(FILE[:-1], id="cut by a byte"),
        pytest.param(FILE + b"\0", id="a byte after a full last segment"),
        pytest.param(FILE + FILE[-64:], id="the last segment twice"),
        pytest.param(FILE + FILE, id="the file twice"),
        pytest.param(FILE[:64] + FILE[128:192] + FILE[64:128] + FILE[192:], id="two segments exchanged"),
        pytest.param(FILE[:64] + FILE[128:], id="a segment left out"),
        pytest.param(encrypted(visible(200))[:40] + FILE[40:], id="another file's header"),
    ],
)
def test_a_changed_file_is_refused(changed: bytes) -> None:
    with pytest.raises(BadCiphertext):
        decrypted(changed)


@pytest.mark.parametrize("index", range(0, len(FILE), 13))
def test_a_changed_byte_anywhere_is_refused(index: int) -> None:
    with pytest.raises(BadCiphertext):
        decrypted(FILE[:index] + bytes([FILE[index] ^ 0x80]) + FILE[index + 1 :])


@pytest.mark.parametrize("length", [0, 3])
def test_bytes_after_the_only_segment_are_refused(length: int) -> None:
    with pytest.raises(BadCiphertext):
        decrypted(encrypted(visible(length)) + b"\0")


def test_an_empty_segment_after_a_full_one_is_refused_though_its_tag_holds() -> None:
    header = FILE[:40]
    segments = streaming._Segments(header, KEY, AD)
    room = memoryview(bytearray(SMALL))
    file = header
    for index, text in enumerate([visible(8), b""]):
        length = segments.encrypt(index, memoryview(text), room, last=index == 1)
        file += bytes(room[:length])
    with pytest.raises(BadCiphertext):
        decrypted(file)


def test_a_prefix_that_was_authentic_reaches_the_sink_and_the_rest_does_not() -> None:
    sink = io.BytesIO()
    with pytest.raises(BadCiphertext):
        streaming.decrypt(io.BytesIO(FILE[:-1]), sink, KEY, AD, segment_size=SMALL)
    assert sink.getvalue() == visible(8 + 3 * 48)


def test_another_key_associated_data_or_segment_size_is_refused() -> None:
    for other in ({"key": bytes(32)}, {"ad": b""}, {"ad": AD + b"x"}, {"segment_size": SMALL + 1}):
        with pytest.raises(BadCiphertext):
            decrypted(FILE, **cast("dict[str, Any]", other))


@pytest.mark.parametrize("key", [b"", bytes(16), bytes(31), bytes(33)])
def test_a_key_of_another_length_is_refused(key: bytes) -> None:
    with pytest.raises(BadCiphertext):
        encrypted(b"", key=key)
    with pytest.raises(BadCiphertext):
        decrypted(FILE, key=key)


@pytest.mark.parametrize("segment_size", [-1, 0, 56])
def test_a_segment_without_room_is_refused(segment_size: int) -> None:
    calls: list[Callable[[], object]] = [
        lambda: encrypted(b"", segment_size=segment_size),
        lambda: decrypted(FILE, segment_size=segment_size),
        lambda: part(FILE, 0, 1, segment_size=segment_size),
        lambda: streaming.ciphertext_length(1, segment_size),
    ]
    for call in calls:
        with pytest.raises(BadCiphertext):
            call()


def test_the_smallest_segment_works() -> None:
    assert decrypted(encrypted(visible(99), segment_size=57), segment_size=57) == visible(99)


def test_a_source_with_more_segments_than_the_counter_counts_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "_MOST_SEGMENTS", 2)
    assert len(encrypted(visible(56))) == 128
    with pytest.raises(BadCiphertext):
        encrypted(visible(57))


@pytest.mark.parametrize("start", [0, 1, 7, 8, 9, 55, 56, 57, 103, 104, 199, 200])
@pytest.mark.parametrize("length", [0, 1, 47, 48, 49, 96, 200])
def test_a_range_is_what_it_is_in_the_whole(start: int, length: int) -> None:
    stop = min(200, start + length)
    assert part(FILE, start, stop) == visible(200)[start:stop]


def test_a_range_of_nothing_is_nothing() -> None:
    assert part(encrypted(b""), 0, 0) == b""


@pytest.mark.parametrize(("start", "stop"), [(-1, 1), (0, 201), (201, 201), (3, 2)])
def test_a_range_outside_the_plaintext_is_refused(start: int, stop: int) -> None:
    with pytest.raises(BadCiphertext):
        part(FILE, start, stop)


def test_a_range_of_a_cut_file_is_refused_wherever_it_lies() -> None:
    with pytest.raises(BadCiphertext):
        part(FILE[:-64], 0, 4)


def test_a_range_in_a_changed_segment_is_refused_and_others_are_read() -> None:
    changed = FILE[:70] + bytes([FILE[70] ^ 1]) + FILE[71:]
    assert part(changed, 0, 8) == visible(8)
    with pytest.raises(BadCiphertext):
        part(changed, 8, 9)


class Dribbling(io.RawIOBase):
    """A raw file that gives and takes three bytes at a time, as a pipe or a socket may."""

    def __init__(self, content: bytes = b"") -> None:
        self.content = content
        self.taken = bytearray()

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def readinto(self, room: Any) -> int | None:
        length = min(3, len(room), len(self.content))
        room[:length], self.content = self.content[:length], self.content[length:]
        return length

    def write(self, text: Any) -> int | None:
        self.taken += bytes(text[:3])
        return min(3, len(text))


class ReadOnly:
    """A source with nothing but `read`, as a response body may be."""

    def __init__(self, content: bytes) -> None:
        self.source = io.BytesIO(content)

    def read(self, length: int) -> bytes | None:
        return self.source.read(min(length, 5))


class Counting:
    """A sink that takes all and returns nothing, as a digest's wrapper may be."""

    def __init__(self) -> None:
        self.taken = bytearray()

    def write(self, view: memoryview) -> None:
        self.taken += view


class NotReady(Dribbling):
    """A raw file that does not block: now and then it has nothing, or no room, yet."""

    def readinto(self, room: Any) -> int | None:
        return super().readinto(room) if len(self.content) > 6 else None

    def write(self, text: Any) -> int | None:
        return super().write(text) if len(self.taken) < 6 else None


class NothingYet(ReadOnly):
    def read(self, length: int) -> bytes | None:
        return super().read(length) or None


def test_short_reads_and_writes_change_nothing() -> None:
    sealed, opened = Dribbling(), Dribbling()
    streaming.encrypt(Dribbling(visible(201)), sealed, KEY, AD, segment_size=SMALL)
    assert decrypted(bytes(sealed.taken)) == visible(201)
    streaming.decrypt(Dribbling(bytes(sealed.taken)), opened, KEY, AD, segment_size=SMALL)
    assert bytes(opened.taken) == visible(201)


def test_a_source_that_can_only_be_read_and_a_sink_that_does_not_count_are_enough() -> None:
    sink = Counting()
    streaming.decrypt(ReadOnly(FILE), sink, KEY, AD, segment_size=SMALL)
    assert bytes(sink.taken) == visible(200)


@pytest.mark.parametrize("source", [NotReady(visible(50)), NothingYet(visible(50))])
def test_a_source_that_has_nothing_yet_is_not_taken_to_have_ended(source: streaming.Source) -> None:
    with pytest.raises(BlockingIOError):
        streaming.encrypt(source, io.BytesIO(), KEY, AD, segment_size=SMALL)


def test_a_sink_that_has_no_room_yet_is_not_taken_to_have_taken_all() -> None:
    with pytest.raises(BlockingIOError):
        streaming.encrypt(io.BytesIO(b""), NotReady(), KEY, AD, segment_size=SMALL)


def test_memory_stays_constant_however_long_the_file(tmp_path: Path) -> None:
    plain, sealed, opened = tmp_path / "plain", tmp_path / "sealed", tmp_path / "opened"
    plain.write_bytes(bytes(24 << 20))
    tracemalloc.start()
    try:
        with plain.open("rb") as source, sealed.open("wb") as sink:
            streaming.encrypt(source, sink, KEY, AD)
        with sealed.open("rb") as source, opened.open("wb") as sink:
            streaming.decrypt(source, sink, KEY, AD)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert opened.read_bytes() == plain.read_bytes()
    assert peak < 5 << 20
