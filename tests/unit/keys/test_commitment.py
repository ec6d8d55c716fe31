from __future__ import annotations

from hashlib import sha256

import pytest

from keys import commitment
from keys.commitment import WrongContentKey
from keys.encoding import BadKey

SHARE = "shr_" + "0" * 32
KEY = bytes(range(32))


def test_a_commitment_is_the_digest_of_context_share_and_key() -> None:
    expected = sha256(b"fortrolig/content-key/1\n" + SHARE.encode() + KEY).hexdigest()
    assert commitment.commit(SHARE, KEY) == expected
    commitment.check(expected, SHARE, KEY)


@pytest.mark.parametrize(
    ("text", "share", "key"),
    [
        (commitment.commit(SHARE, KEY), SHARE, bytes(32)),
        (commitment.commit(SHARE, KEY), "shr_" + "1" * 32, KEY),
        (commitment.commit(SHARE, KEY).upper(), SHARE, KEY),
        (commitment.commit(SHARE, KEY)[:-1], SHARE, KEY),
        ("", SHARE, KEY),
        ("å" * 64, SHARE, KEY),
    ],
)
def test_another_key_share_or_commitment_is_refused(text: str, share: str, key: bytes) -> None:
    with pytest.raises(WrongContentKey):
        commitment.check(text, share, key)


@pytest.mark.parametrize("key", [b"", bytes(31), bytes(33)])
def test_a_key_of_another_length_is_refused(key: bytes) -> None:
    with pytest.raises(BadKey):
        commitment.commit(SHARE, key)
