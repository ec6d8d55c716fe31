from __future__ import annotations

import pytest

from keys.encoding import BadEncoding, decode, encode


@pytest.mark.parametrize(
    ("raw", "text"),
    [(b"", ""), (b"f", "Zg"), (b"fo", "Zm8"), (b"foo", "Zm9v"), (b"foob", "Zm9vYg"), (b"\xfb\xff\xbf", "-_-_")],
)
def test_base64url_is_that_of_rfc_4648_without_padding(raw: bytes, text: str) -> None:
    assert encode(raw) == text
    assert decode(text) == raw


@pytest.mark.parametrize(
    "text",
    [
        "Zg==",
        "Zg=",
        "Zh",  # the stray bits of f
        "Zm9",  # the stray bits of fo
        "Z",
        "Zm9vY",
        "Zm9v\n",
        "\nZm9v",
        "Zm 9v",
        "Zm+v",
        "Zm/v",
        "Zm9å",
        "Zm9v\0",
        b"Zm9v",
        None,
        1,
    ],
)
def test_any_other_spelling_is_refused(text: object) -> None:
    with pytest.raises(BadEncoding):
        decode(text)
