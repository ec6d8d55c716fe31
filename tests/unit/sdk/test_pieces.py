"""Ciphertext on its way through memory: read as it was written, wherever it was cut, and never too much of it."""

from __future__ import annotations

import io
import secrets
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from clients.sdk.pieces import Pieces
from keys import streaming

PATIENCE_SECONDS = 10


def written(*pieces: bytes, most: int = 1 << 20) -> Pieces:
    """Give a pipe into which all of it was written."""
    pipe = Pieces(most)
    for piece in pieces:
        assert pipe.write(piece) == len(piece)
    return pipe


@pytest.mark.parametrize("room", [1, 2, 3, 5, 100])
def test_what_was_written_in_pieces_is_read_as_one(room: int) -> None:
    pipe = written(b"Ka", b"", b"ri", b" Nordmann")
    pipe.end()
    read = bytearray()
    while chunk := pipe.read(room):
        read += chunk
    assert bytes(read) == b"Kari Nordmann"
    assert pipe.read(room) == b""
    assert not pipe.take(room)


def test_who_reads_waits_for_what_is_written_later() -> None:
    pipe = Pieces()
    with ThreadPoolExecutor(1) as other:
        reading = other.submit(lambda: [bytes(pipe.take(100)) for _ in range(3)])
        pipe.write(b"Kari")
        pipe.write(b"Nordmann")
        pipe.end()
        assert reading.result(PATIENCE_SECONDS) == [b"Kari", b"Nordmann", b""]


def test_who_writes_too_much_is_told_and_can_wait_until_it_was_read() -> None:
    pipe = written(b"1234", most=4)
    assert not pipe.is_full()
    pipe.write(b"5")
    assert pipe.is_full()
    with ThreadPoolExecutor(1) as other:
        waiting = other.submit(pipe.wait_for_room)
        assert bytes(pipe.take(1)) == b"1"
        waiting.result(PATIENCE_SECONDS)
    assert not pipe.is_full()


def test_a_pipe_that_nobody_reads_any_more_keeps_nothing_and_holds_up_nobody() -> None:
    pipe = written(b"12345", most=4)
    writer = threading.Thread(target=pipe.wait_for_room)
    writer.start()
    pipe.close()
    writer.join(PATIENCE_SECONDS)
    assert not writer.is_alive()
    assert pipe.write(b"6789!") == 5
    assert not pipe.is_full()


@pytest.mark.parametrize("cut", [997, 1 << 16, 1 << 21])
def test_a_ciphertext_in_pieces_decrypts_as_it_does_from_a_file(cut: int) -> None:
    key, plaintext = secrets.token_bytes(32), secrets.token_bytes((1 << 21) + 77)
    sealed = io.BytesIO()
    streaming.encrypt(io.BytesIO(plaintext), sealed, key, b"use")
    ciphertext, opened = sealed.getvalue(), io.BytesIO()
    pipe = written(*(ciphertext[start : start + cut] for start in range(0, len(ciphertext), cut)), most=1 << 22)
    pipe.end()
    streaming.decrypt(pipe, opened, key, b"use")
    assert opened.getvalue() == plaintext
