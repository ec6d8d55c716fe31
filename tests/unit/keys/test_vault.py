from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from keys import vault
from keys.encoding import BadKey
from keys.vault import CannotUnlock, Vault

KEY = bytes(range(32))
LOCKED = Vault(KEY).lock(b"details", b"entry 7")


def test_what_is_locked_unlocks() -> None:
    assert Vault(KEY).unlock(LOCKED, b"entry 7") == b"details"
    assert Vault(KEY).unlock(Vault(KEY).lock(b"", b""), b"") == b""


def test_locked_bytes_are_iv_ciphertext_and_tag() -> None:
    assert len(LOCKED) == 12 + len(b"details") + 16
    assert AESGCM(KEY).decrypt(LOCKED[:12], LOCKED[12:], b"entry 7") == b"details"


def test_every_locking_draws_a_new_iv() -> None:
    ivs = {Vault(KEY).lock(b"", b"")[:12] for _ in range(100)}
    assert len(ivs) == 100


@pytest.mark.parametrize(
    ("locked", "key", "associated_data"),
    [
        (LOCKED, KEY, b"entry 8"),
        (LOCKED, KEY, b""),
        (LOCKED, bytes(32), b"entry 7"),
        (LOCKED[:-1], KEY, b"entry 7"),
        (LOCKED + b"\0", KEY, b"entry 7"),
        (LOCKED[:27], KEY, b"entry 7"),
        (b"", KEY, b"entry 7"),
        (bytes([LOCKED[0] ^ 1]) + LOCKED[1:], KEY, b"entry 7"),
        (LOCKED[:14] + bytes([LOCKED[14] ^ 1]) + LOCKED[15:], KEY, b"entry 7"),
    ],
)
def test_anything_else_does_not_unlock(locked: bytes, key: bytes, associated_data: bytes) -> None:
    with pytest.raises(CannotUnlock):
        Vault(key).unlock(locked, associated_data)


@pytest.mark.parametrize("key", [b"", bytes(16), bytes(24), bytes(31), bytes(33)])
def test_a_key_of_another_length_is_refused(key: bytes) -> None:
    with pytest.raises(BadKey):
        Vault(key)


def test_a_new_key_is_random() -> None:
    assert len(vault.generate()) == 32
    assert vault.generate() != vault.generate()


def test_the_key_does_not_show() -> None:
    assert repr(Vault(KEY)) == "Vault(...)"
