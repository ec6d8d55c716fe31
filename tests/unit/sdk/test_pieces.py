"""Ciphertext in memory: read as it was written, wherever the pieces were cut, and once."""

from __future__ import annotations

import io
import secrets

import pytest

from clients.sdk.pieces import Pieces
from keys import streaming


@pytest.mark.parametrize("room", [1, 2, 3, 5, 100])
def test_what_was_written_in_pieces_is_read_as_one(room: int) -> None:
    pieces = Pieces()
    for piece in (b"Ka", b"", b"ri", b" Nordmann"):
        assert pieces.write(piece) == len(piece)
    assert pieces.seek(0) == 0
    read = bytearray()
    while chunk := pieces.read(room):
        read += chunk
    assert bytes(read) == b"Kari Nordmann"
    assert pieces.read(room) == b""


def test_there_is_nowhere_to_go_but_the_beginning() -> None:
    with pytest.raises(OSError, match="from their beginning"):
        Pieces().seek(1)


@pytest.mark.parametrize("cut", [997, 1 << 16, 1 << 21])
def test_a_ciphertext_in_pieces_decrypts_as_it_does_from_a_file(cut: int) -> None:
    key, plaintext = secrets.token_bytes(32), secrets.token_bytes((1 << 21) + 77)
    sealed = io.BytesIO()
    streaming.encrypt(io.BytesIO(plaintext), sealed, key, b"use")
    ciphertext, pieces, opened = sealed.getvalue(), Pieces(), io.BytesIO()
    for start in range(0, len(ciphertext), cut):
        pieces.write(ciphertext[start : start + cut])
    streaming.decrypt(pieces, opened, key, b"use")
    assert opened.getvalue() == plaintext
