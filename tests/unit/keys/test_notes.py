from __future__ import annotations

import pytest

from keys import notes
from keys.encoding import BadKey
from keys.notes import NoteKey

# RFC 8032 §7.1, test 3.
SEED = bytes.fromhex("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7")
PUBLIC = bytes.fromhex("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025")
MESSAGE = bytes.fromhex("af82")
SIGNATURE = bytes.fromhex(
    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
    "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
)


def test_a_signature_is_that_of_rfc_8032() -> None:
    key = NoteKey.from_bytes(SEED)
    assert key.public == PUBLIC
    assert key.sign(MESSAGE) == SIGNATURE
    assert notes.verify(PUBLIC, MESSAGE, SIGNATURE) is True


@pytest.mark.parametrize(
    ("public", "message", "signature"),
    [
        (PUBLIC, MESSAGE + b"\n", SIGNATURE),
        (PUBLIC, MESSAGE, SIGNATURE[:-1]),
        (PUBLIC, MESSAGE, SIGNATURE + b"\0"),
        (PUBLIC, MESSAGE, b""),
        (PUBLIC, MESSAGE, bytes(64)),
        (PUBLIC, MESSAGE, bytes([SIGNATURE[0] ^ 1]) + SIGNATURE[1:]),
        # The scalar plus the order of the group: the same signature to a careless verifier.
        (
            PUBLIC,
            MESSAGE,
            SIGNATURE[:32]
            + (int.from_bytes(SIGNATURE[32:], "little") + 2**252 + 27742317777372353535851937790883648493).to_bytes(
                32, "little"
            ),
        ),
        (NoteKey.generate().public, MESSAGE, SIGNATURE),
        (PUBLIC[:-1], MESSAGE, SIGNATURE),
        (b"", MESSAGE, SIGNATURE),
        (b"\xff" * 32, MESSAGE, SIGNATURE),
    ],
)
def test_anything_else_is_no_signature(public: bytes, message: bytes, signature: bytes) -> None:
    assert notes.verify(public, message, signature) is False


def test_a_key_survives_its_bytes() -> None:
    key = NoteKey.generate()
    again = NoteKey.from_bytes(key.to_bytes())
    assert again.public == key.public
    assert again.sign(MESSAGE) == key.sign(MESSAGE)
    assert key.public != NoteKey.generate().public


@pytest.mark.parametrize("seed", [b"", bytes(31), bytes(33), bytes(64)])
def test_a_seed_of_another_length_is_no_key(seed: bytes) -> None:
    with pytest.raises(BadKey):
        NoteKey.from_bytes(seed)


def test_only_the_public_key_shows_in_the_representation() -> None:
    assert repr(NoteKey.from_bytes(SEED)) == f"NoteKey(public={PUBLIC.hex()!r})"
