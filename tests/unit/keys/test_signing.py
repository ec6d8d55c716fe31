from __future__ import annotations

from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from keys import signing
from keys.canonical import canonical
from keys.encoding import BadKey, decode, encode
from keys.signing import BadStatement, PublicKey, SigningKey
from tests.unit.keys import vectors

STATEMENTS = vectors.load("statements.json")
KIND: str = STATEMENTS["kind"]
KEY = PublicKey.from_jwk(STATEMENTS["key"])
MINE = SigningKey.from_bytes(decode(STATEMENTS["private"]))
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551

# Their spelling is sound, or they speak of a key or kind that only `verify` knows: `peek` may read them.
ONLY_VERIFY_REFUSES = {
    "r is zero",
    "s is zero",
    "r and s are zero",
    "r plus the order of the curve",
    "s is the order of the curve",
    "one bit of the signature",
    "another payload under the same signature",
    "signed by another key, under this kid",
    "another key altogether",
    "another typ over a body without a kind",
}


def test_the_vectors_are_what_their_generator_writes() -> None:
    make = vectors.generator()
    for name, value in make.files().items():
        assert (vectors.FOLDER / name).read_text(encoding="utf-8") == make.written(value)


@pytest.mark.parametrize("case", vectors.cases("statements.json", "accepted"))
def test_a_statement_in_its_one_spelling_is_accepted(case: dict[str, Any]) -> None:
    assert signing.verify(case["token"], KIND, KEY) == case["body"]
    assert signing.digest(case["token"]) == case["digest"]


@pytest.mark.parametrize("case", vectors.cases("statements.json", "refused"))
def test_every_other_spelling_is_refused(case: dict[str, Any]) -> None:
    with pytest.raises(BadStatement):
        signing.verify(case["token"], KIND, KEY)


@pytest.mark.parametrize("case", vectors.cases("statements.json", "accepted"))
def test_peeking_tells_kind_key_and_body(case: dict[str, Any]) -> None:
    assert signing.peek(case["token"]) == (KIND, KEY.thumbprint, case["body"])


@pytest.mark.parametrize("case", vectors.cases("statements.json", "refused"))
def test_peeking_refuses_every_spelling_that_verifying_would_refuse(case: dict[str, Any]) -> None:
    if case["name"] in ONLY_VERIFY_REFUSES:
        assert signing.peek(case["token"]).kind in {KIND, "fortrolig.other"}
    else:
        with pytest.raises(BadStatement):
            signing.peek(case["token"])


@pytest.mark.parametrize("case", vectors.cases("statements.json", "accepted"))
def test_what_was_read_once_is_verified_as_if_it_were_read_again(case: dict[str, Any]) -> None:
    assert signing.verify_read(signing.read(case["token"]), KIND, KEY) == case["body"]


@pytest.mark.parametrize("case", vectors.cases("statements.json", "refused"))
def test_what_was_read_once_is_refused_as_if_it_were_read_again(case: dict[str, Any]) -> None:
    with pytest.raises(BadStatement):
        signing.verify_read(signing.read(case["token"]), KIND, KEY)


def test_what_was_read_once_is_refused_under_another_key_or_kind() -> None:
    read = signing.read(signing.sign(KIND, {"n": 1}, MINE))
    for kind, key in ((KIND, signing.generate().public), ("fortrolig.other", MINE.public)):
        with pytest.raises(BadStatement):
            signing.verify_read(read, kind, key)


@pytest.mark.parametrize("token", [None, b"a.b.c", 1, ["a.b.c"]])
def test_a_token_that_is_no_text_is_refused(token: Any) -> None:
    for read in (signing.peek, signing.digest, lambda wrong: signing.verify(wrong, KIND, KEY)):
        with pytest.raises(BadStatement):
            read(token)


def test_the_signer_spells_as_the_vectors_do() -> None:
    body = STATEMENTS["accepted"][0]["body"]
    token = signing.sign(KIND, body, MINE)
    assert token.rpartition(".")[0] == STATEMENTS["accepted"][0]["token"].rpartition(".")[0]
    assert signing.verify(token, KIND, MINE.public) == body


def test_a_malleated_signature_is_accepted_and_the_digest_stays() -> None:
    token = signing.sign(KIND, {}, MINE)
    message, _, signature = token.rpartition(".")
    r, s = decode(signature)[:32], int.from_bytes(decode(signature)[32:], "big")
    other = f"{message}.{encode(r + (ORDER - s).to_bytes(32, 'big'))}"
    assert other != token
    assert signing.verify(other, KIND, KEY) == {}
    assert signing.digest(other) == signing.digest(token)


def test_two_signatures_over_the_same_body_have_one_digest() -> None:
    first, second = signing.sign(KIND, {"a": 1}, MINE), signing.sign(KIND, {"a": 1}, MINE)
    assert first != second
    assert signing.digest(first) == signing.digest(second)
    assert signing.digest(first) != signing.digest(signing.sign(KIND, {"a": 2}, MINE))


def test_the_signature_is_plain_ecdsa_over_header_and_payload() -> None:
    token = signing.sign(KIND, {"a": 1}, MINE)
    message, _, signature = token.rpartition(".")
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + MINE.public.point)
    r, s = (int.from_bytes(part, "big") for part in (decode(signature)[:32], decode(signature)[32:]))
    key.verify(encode_dss_signature(r, s), message.encode(), ec.ECDSA(SHA256()))
    with pytest.raises(InvalidSignature):
        key.verify(encode_dss_signature(r, s), message.encode() + b".", ec.ECDSA(SHA256()))


@pytest.mark.parametrize("kind", ["", "a b", "å", "a\n", '"', "\\", "a" * 128])
def test_a_kind_that_json_or_a_reader_could_spell_otherwise_is_refused(kind: str) -> None:
    with pytest.raises(BadStatement):
        signing.sign(kind, {}, MINE)


@pytest.mark.parametrize("body", [{"a": 1.5}, {"a": (1,)}, {1: 2}, {"kind": "other"}, {"kind": None}, [], "text", None])
def test_a_body_without_one_spelling_or_of_another_kind_is_not_signed(body: Any) -> None:
    with pytest.raises(BadStatement):
        signing.sign(KIND, body, MINE)


@pytest.mark.parametrize("case", vectors.cases("proofs.json", "accepted"))
def test_a_proof_gives_its_claims_and_the_thumbprint_of_its_key(case: dict[str, Any]) -> None:
    assert signing.verify_proof(case["token"]) == (case["claims"], case["thumbprint"])
    assert signing.sign_proof(case["claims"], MINE).rpartition(".")[0] == case["token"].rpartition(".")[0]


@pytest.mark.parametrize("case", vectors.cases("proofs.json", "refused"))
def test_every_other_proof_is_refused(case: dict[str, Any]) -> None:
    with pytest.raises(BadStatement):
        signing.verify_proof(case["token"])


def test_a_proof_is_no_statement_and_a_statement_no_proof() -> None:
    with pytest.raises(BadStatement):
        signing.peek(signing.sign_proof({}, MINE))
    with pytest.raises(BadStatement):
        signing.verify_proof(signing.sign("dpop+jwt", {}, MINE))


def test_claims_without_one_spelling_are_not_signed() -> None:
    with pytest.raises(BadStatement):
        signing.sign_proof({"iat": 1.5}, MINE)


def test_the_thumbprint_is_that_of_rfc_7638_for_a_known_key() -> None:
    # The key of the examples in RFC 9449, §4.1, and its thumbprint, §6.1.
    jwk = {"crv": "P-256", "kty": "EC"} | {
        "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
        "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
    }
    assert PublicKey.from_jwk(jwk).thumbprint == "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"


def test_a_private_key_survives_its_bytes() -> None:
    key = signing.generate()
    again = SigningKey.from_bytes(key.to_bytes())
    assert len(key.to_bytes()) == 32
    assert again.public == key.public
    assert again.kid == key.kid == key.public.thumbprint
    assert signing.verify(signing.sign(KIND, {}, again), KIND, key.public) == {}


@pytest.mark.parametrize("scalar", [b"", bytes(32), b"\xff" * 32, ORDER.to_bytes(32, "big"), b"\1" * 31, b"\1" * 33])
def test_bytes_that_are_no_scalar_of_p256_are_no_key(scalar: bytes) -> None:
    with pytest.raises(BadKey):
        SigningKey.from_bytes(scalar)


@pytest.mark.parametrize("point", [b"", bytes(64), b"\1" * 64, b"\4" + KEY.point, KEY.point[:-1]])
def test_bytes_that_are_no_point_of_p256_are_no_key(point: bytes) -> None:
    with pytest.raises(BadKey):
        PublicKey(point)


@pytest.mark.parametrize(
    "jwk", [None, "key", [], {}, {**KEY.jwk, "kid": "x"}, {**KEY.jwk, "x": None}, {**KEY.jwk, "crv": []}]
)
def test_a_jwk_with_other_members_is_no_key(jwk: object) -> None:
    with pytest.raises(BadKey):
        PublicKey.from_jwk(jwk)


def test_a_byte_moved_from_one_coordinate_to_the_other_is_no_second_spelling() -> None:
    moved = {"x": encode(KEY.point[:31]), "y": encode(KEY.point[31:])}
    with pytest.raises(BadKey):
        PublicKey.from_jwk({**KEY.jwk, **moved})


def test_a_public_key_survives_its_jwk() -> None:
    assert PublicKey.from_jwk(KEY.jwk) == KEY
    assert {KEY: 1}[PublicKey.from_jwk(KEY.jwk)] == 1
    assert signing.generate().public != KEY


def test_nothing_private_shows_in_the_representation_of_a_key() -> None:
    assert repr(MINE) == f"SigningKey(kid={KEY.thumbprint!r})"
    assert STATEMENTS["private"] not in repr(KEY)


def test_the_header_is_canonical() -> None:
    header = signing.sign(KIND, {}, MINE).split(".")[0]
    assert decode(header) == canonical({"alg": "ES256", "kid": MINE.kid, "typ": KIND})
