from __future__ import annotations

from typing import Any

import pytest

from keys import sealing
from keys.encoding import BadKey
from keys.sealing import CannotOpen, SealingKey, SealingPublicKey
from tests.unit.keys import vectors

SEALED = vectors.load("sealed.json")
MINE = SealingKey.from_bytes(bytes.fromhex(SEALED["seed"]))
INFO = bytes.fromhex(SEALED["info"])
SECRET = bytes.fromhex(SEALED["secret"])


@pytest.mark.parametrize("case", vectors.load_list("xwing.json"))
def test_a_seed_expands_to_the_public_key_of_the_draft(case: dict[str, str]) -> None:
    public = SealingKey.from_bytes(bytes.fromhex(case["seed"])).public.raw.hex()
    assert len(public) == 2 * 1216
    assert public.startswith(case["public_starts"])
    assert public.endswith(case["public_ends"])


@pytest.mark.parametrize("case", vectors.cases("sealed.json", "accepted"))
def test_what_rfc_9180_seals_over_the_drafts_encapsulation_opens(case: dict[str, str]) -> None:
    assert sealing.unseal(bytes.fromhex(case["sealed"]), MINE, INFO) == SECRET


@pytest.mark.parametrize("case", vectors.cases("sealed.json", "refused"))
def test_anything_else_does_not_open(case: dict[str, str]) -> None:
    with pytest.raises(CannotOpen):
        sealing.unseal(bytes.fromhex(case["sealed"]), MINE, INFO)


def test_what_is_sealed_opens_with_the_recipients_key_and_the_same_info() -> None:
    key = sealing.generate()
    sealed = sealing.seal(b"secret", key.public, b"info")
    assert len(sealed) == 1120 + len(b"secret") + 16
    assert sealing.unseal(sealed, key, b"info") == b"secret"


def test_sealing_twice_gives_different_bytes() -> None:
    assert sealing.seal(SECRET, MINE.public, INFO) != sealing.seal(SECRET, MINE.public, INFO)


@pytest.mark.parametrize("info", [b"", b"other", INFO + b" "])
def test_another_info_does_not_open(info: bytes) -> None:
    with pytest.raises(CannotOpen):
        sealing.unseal(sealing.seal(SECRET, MINE.public, INFO), MINE, info)


def test_another_key_does_not_open() -> None:
    with pytest.raises(CannotOpen):
        sealing.unseal(sealing.seal(SECRET, MINE.public, INFO), sealing.generate(), INFO)


def test_a_key_survives_its_seed() -> None:
    key = sealing.generate()
    again = SealingKey.from_bytes(key.to_bytes())
    assert len(key.to_bytes()) == 32
    assert again.public == key.public
    assert sealing.unseal(sealing.seal(SECRET, key.public, INFO), again, INFO) == SECRET


def test_a_public_key_survives_its_bytes() -> None:
    again = SealingPublicKey(MINE.public.raw)
    assert again == MINE.public
    assert {MINE.public: 1}[again] == 1
    assert sealing.unseal(sealing.seal(SECRET, again, INFO), MINE, INFO) == SECRET


@pytest.mark.parametrize("seed", [b"", bytes(31), bytes(33), bytes(96)])
def test_a_seed_of_another_length_is_no_key(seed: bytes) -> None:
    with pytest.raises(BadKey):
        SealingKey.from_bytes(seed)


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(bytes(1184), id="ML-KEM only"),
        pytest.param(MINE.public.raw + b"\0", id="one byte long"),
        pytest.param(b"\xff" * 1184 + MINE.public.raw[1184:], id="a coefficient beyond the modulus"),
    ],
)
def test_bytes_that_are_no_public_key_are_refused(raw: bytes) -> None:
    with pytest.raises(BadKey):
        SealingPublicKey(raw)


def test_nothing_is_sealed_to_a_point_that_would_give_a_known_secret() -> None:
    zero = SealingPublicKey(MINE.public.raw[:1184] + bytes(32))
    with pytest.raises(BadKey):
        sealing.seal(SECRET, zero, INFO)


def test_nothing_private_shows_in_the_representation_of_a_key() -> None:
    shown: Any = repr(MINE) + repr(MINE.public)
    assert SEALED["seed"] not in shown
    assert str(MINE.to_bytes()) not in shown
