from __future__ import annotations

import hashlib
import hmac
from typing import Any

import pytest

from keys import mac
from keys.encoding import BadKey
from keys.mac import BadMac

SECRET = bytes(range(16))
VALUE = {"v": 1, "use": "invitation", "holder": "per_00"}
TAG = mac.authenticate(VALUE, SECRET)


def test_the_tag_is_hmac_sha256_over_canonical_json() -> None:
    text = b'{"holder":"per_00","use":"invitation","v":1}'
    assert hmac.new(SECRET, text, hashlib.sha256).digest() == TAG
    mac.verify(TAG, VALUE, SECRET)


@pytest.mark.parametrize(
    ("tag", "value", "secret"),
    [
        (TAG, {**VALUE, "v": 2}, SECRET),
        (TAG, VALUE, bytes(16)),
        (TAG[:-1], VALUE, SECRET),
        (TAG + b"\0", VALUE, SECRET),
        (b"", VALUE, SECRET),
        (bytes(32), VALUE, SECRET),
        (bytes([TAG[0] ^ 1]) + TAG[1:], VALUE, SECRET),
        (TAG, {"v": 1.0}, SECRET),
    ],
)
def test_any_other_tag_value_or_secret_is_refused(tag: bytes, value: Any, secret: bytes) -> None:
    with pytest.raises(BadMac):
        mac.verify(tag, value, secret)


@pytest.mark.parametrize("secret", [b"", bytes(15), bytes(17), bytes(32)])
def test_a_secret_of_another_length_is_refused(secret: bytes) -> None:
    with pytest.raises(BadKey):
        mac.authenticate(VALUE, secret)


def test_a_new_secret_is_random() -> None:
    assert len(mac.generate()) == 16
    assert mac.generate() != mac.generate()
