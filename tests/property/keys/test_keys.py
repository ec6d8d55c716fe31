from __future__ import annotations

import io
import json
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from keys import sealing, signing, streaming
from keys.canonical import LARGEST_INTEGER, NotCanonical, canonical, parse
from keys.encoding import BadEncoding, decode, encode
from keys.sealing import CannotOpen
from keys.signing import BadStatement
from keys.streaming import BadCiphertext
from keys.vault import CannotUnlock, Vault

MINE = signing.generate()
SEALER = sealing.generate()

text = st.text(st.characters(exclude_categories=["Cs"]))
# Characters on either side of the surrogates, where code points and 16-bit units sort differently.
names = text | st.text(st.sampled_from("aæ\ue000\ufb33\uffff\U00010000\U0001f600\U0010ffff"))
scalars = st.none() | st.booleans() | st.integers(-LARGEST_INTEGER, LARGEST_INTEGER) | text
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(names, inner), max_leaves=20)
bodies = st.dictionaries(names.filter(lambda name: name != "kind"), values, max_size=5)


@given(values)
def test_canonical_json_is_that_of_rfc8785_and_comes_back(value: Any) -> None:
    written = canonical(value)
    assert written == rfc8785.dumps(value)
    assert parse(written) == value
    assert canonical(json.loads(written)) == written


@given(
    values, st.sampled_from([{"indent": 1}, {"separators": (", ", ": ")}, {"ensure_ascii": True}, {"sort_keys": False}])
)
def test_any_other_spelling_of_a_value_is_refused(value: Any, style: dict[str, Any]) -> None:
    plain: dict[str, Any] = {"ensure_ascii": False, "separators": (",", ":"), "sort_keys": True}
    other = json.dumps(value, **{**plain, **style}).encode()
    if other == canonical(value):
        assert parse(other) == value
    else:
        with pytest.raises(NotCanonical):
            parse(other)


@given(st.binary())
def test_parsing_any_bytes_gives_their_value_or_one_error(raw: bytes) -> None:
    try:
        value = parse(raw)
    except NotCanonical:
        return
    assert canonical(value) == raw


@given(values, st.floats() | st.tuples(st.integers()) | st.binary() | st.integers(min_value=LARGEST_INTEGER + 1))
def test_one_bad_value_anywhere_spoils_the_whole(value: Any, bad: Any) -> None:
    for whole in ([value, bad], {"a": value, "b": [bad]}):
        with pytest.raises(NotCanonical):
            canonical(whole)


@given(st.binary())
def test_base64url_comes_back(raw: bytes) -> None:
    assert decode(encode(raw)) == raw


@given(st.text(st.sampled_from("AZaz09-_=+/ \n")))
def test_no_two_texts_decode_to_the_same_bytes(text: str) -> None:
    try:
        raw = decode(text)
    except BadEncoding:
        return
    assert encode(raw) == text


@given(bodies, st.from_regex(r"[a-z][a-z0-9.+/-]{0,30}", fullmatch=True))
def test_a_signed_body_comes_back_under_its_kind_and_key_only(body: dict[str, Any], kind: str) -> None:
    token = signing.sign(kind, {**body, "kind": kind}, MINE)
    assert signing.verify(token, kind, MINE.public) == {**body, "kind": kind}
    assert signing.peek(token) == (kind, MINE.kid, {**body, "kind": kind})
    with pytest.raises(BadStatement):
        signing.verify(token, kind + "x", MINE.public)
    with pytest.raises(BadStatement):
        signing.verify(token, kind, SOMEBODY)


SOMEBODY = signing.generate().public
TOKEN = signing.sign("kind", {"kind": "kind", "text": "å"}, MINE)


@given(st.integers(0, len(TOKEN) - 1), st.characters())
def test_a_token_with_any_other_character_is_refused(index: int, character: str) -> None:
    changed = TOKEN[:index] + character + TOKEN[index + 1 :]
    if changed != TOKEN:
        with pytest.raises(BadStatement):
            signing.verify(changed, "kind", MINE.public)


@given(st.integers(0, len(TOKEN)), st.text(min_size=1, max_size=3))
def test_a_token_with_anything_put_in_is_refused(index: int, more: str) -> None:
    with pytest.raises(BadStatement):
        signing.verify(TOKEN[:index] + more + TOKEN[index:], "kind", MINE.public)


@given(st.text() | st.binary().map(encode) | st.lists(st.binary().map(encode), min_size=3, max_size=3).map(".".join))
def test_no_text_that_nobody_spelt_as_a_token_is_read(text: str) -> None:
    for read in (signing.peek, signing.verify_proof):
        with pytest.raises(BadStatement):
            read(text)


@given(st.binary(max_size=200), st.binary(max_size=200))
@settings(max_examples=50, deadline=None)
def test_what_is_sealed_opens_under_its_info_only(secret: bytes, info: bytes) -> None:
    sealed = sealing.seal(secret, SEALER.public, info)
    assert sealing.unseal(sealed, SEALER, info) == secret
    with pytest.raises(CannotOpen):
        sealing.unseal(sealed, SEALER, info + b"\0")


@given(st.binary(max_size=200), st.binary(max_size=50), st.integers(min_value=0), st.integers(1, 255))
def test_a_locked_byte_changed_anywhere_does_not_unlock(text: bytes, bound_to: bytes, index: int, mask: int) -> None:
    vault = Vault(bytes(32))
    locked = vault.lock(text, bound_to)
    assert vault.unlock(locked, bound_to) == text
    place = index % len(locked)
    with pytest.raises(CannotUnlock):
        vault.unlock(locked[:place] + bytes([locked[place] ^ mask]) + locked[place + 1 :], bound_to)


def encrypted(text: bytes, segment_size: int) -> bytes:
    sink = io.BytesIO()
    streaming.encrypt(io.BytesIO(text), sink, bytes(32), b"bound to", segment_size=segment_size)
    return sink.getvalue()


def decrypted(ciphertext: bytes, segment_size: int) -> bytes:
    sink = io.BytesIO()
    streaming.decrypt(io.BytesIO(ciphertext), sink, bytes(32), b"bound to", segment_size=segment_size)
    return sink.getvalue()


@given(st.binary(max_size=600), st.integers(57, 200), st.data())
def test_a_stream_comes_back_whole_and_in_part(text: bytes, segment_size: int, data: st.DataObject) -> None:
    ciphertext = encrypted(text, segment_size)
    assert len(ciphertext) == streaming.ciphertext_length(len(text), segment_size)
    assert streaming.plaintext_length(len(ciphertext), segment_size) == len(text)
    assert decrypted(ciphertext, segment_size) == text
    start = data.draw(st.integers(0, len(text)))
    stop = data.draw(st.integers(start, len(text)))
    sink = io.BytesIO()
    streaming.decrypt_range(
        io.BytesIO(ciphertext), sink, bytes(32), b"bound to", start=start, stop=stop, segment_size=segment_size
    )
    assert sink.getvalue() == text[start:stop]


@given(st.binary(max_size=300), st.integers(min_value=0), st.binary(max_size=100))
def test_a_stream_cut_or_lengthened_anywhere_is_refused(text: bytes, index: int, more: bytes) -> None:
    ciphertext = encrypted(text, 64)
    place = index % (len(ciphertext) + 1)
    changed = ciphertext[:place] + more
    if changed != ciphertext:
        with pytest.raises(BadCiphertext):
            decrypted(changed, 64)


@given(st.integers(0, 10**9), st.integers(57, 10**7))
def test_a_length_comes_back_and_has_no_second_plaintext(length: int, segment_size: int) -> None:
    ciphertext = streaming.ciphertext_length(length, segment_size)
    assert streaming.plaintext_length(ciphertext, segment_size) == length
    assert streaming.ciphertext_length(length + 1, segment_size) > ciphertext
