"""Other spellings of a statement: over HTTP, and inside what a server hands to a reader."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from clients.sdk import receiving
from clients.sdk.errors import SdkError, Tampered
from clients.sdk.opening import open_share
from keys import signing
from tests.attacks.conftest import Watch
from tests.attacks.town import Town

Spelling = Callable[[str, signing.SigningKey], str]


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def raw(segment: str) -> bytes:
    return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


def signed(header: bytes, payload: bytes, key: signing.SigningKey) -> str:
    """Sign any bytes as header and payload: the signature is right, only the spelling is not."""
    text = f"{b64(header)}.{b64(payload)}"
    r, s = decode_dss_signature(key._private.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{text}.{b64(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def with_header(token: str, key: signing.SigningKey, **changes: Any) -> str:
    header, payload, _ = token.split(".")
    told = json.loads(raw(header)) | changes
    return signed(json.dumps(told, sort_keys=True, separators=(",", ":")).encode(), raw(payload), key)


def with_payload(token: str, key: signing.SigningKey, change: Callable[[bytes], bytes]) -> str:
    header, payload, _ = token.split(".")
    return signed(raw(header), change(raw(payload)), key)


def other_curve(token: str, _: signing.SigningKey) -> str:
    text = token.rpartition(".")[0]
    private = ec.generate_private_key(ec.SECP384R1())
    r, s = decode_dss_signature(private.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{text}.{b64(r.to_bytes(48, 'big') + s.to_bytes(48, 'big'))}"


def der(token: str, key: signing.SigningKey) -> str:
    text = token.rpartition(".")[0]
    return f"{text}.{b64(key._private.sign(text.encode(), ec.ECDSA(hashes.SHA256())))}"


def public_key_as_secret(token: str, key: signing.SigningKey) -> str:
    header, payload, _ = token.split(".")
    told = json.loads(raw(header)) | {"alg": "HS256"}
    text = f"{b64(json.dumps(told, sort_keys=True, separators=(',', ':')).encode())}.{payload}"
    secret = json.dumps(key.public.jwk, sort_keys=True, separators=(",", ":")).encode()
    return f"{text}.{b64(hmac.digest(secret, text.encode(), hashlib.sha256))}"


def unsigned(token: str, key: signing.SigningKey) -> str:
    return with_header(token, key, alg="none").rpartition(".")[0] + "."


def twice_named(payload: bytes) -> bytes:
    return payload.replace(b'"kind":', b'"kind":"x","kind":', 1)


SPELLINGS: dict[str, Spelling] = {
    "padded signature": lambda token, _: f"{token}==",
    "padded payload": lambda token, _: token.replace(".", "=.", 1),
    "newline at the end": lambda token, _: f"{token}\n",
    "space before": lambda token, _: f" {token}",
    "fourth part": lambda token, _: f"{token}.",
    "standard base64": lambda token, _: ".".join((*token.split(".")[:2], "+/" + token.split(".")[2][2:])),
    "stray bits in the last letter": lambda token, _: token[:-1] + chr(ord(token[-1]) + 1),
    "unknown crit": lambda token, key: with_header(token, key, crit=["exp"], exp=1),
    "b64 false": lambda token, key: with_header(token, key, crit=["b64"], b64=False),
    "key in the header": lambda token, key: with_header(token, key, jwk=key.public.jwk),
    "key by address": lambda token, key: with_header(token, key, jku="https://example.invalid/jwks"),
    "typ in capitals": lambda token, key: with_header(token, key, typ=signing.peek(token).kind.upper()),
    "other algorithm": lambda token, key: with_header(token, key, alg="ES384"),
    "alg none": unsigned,
    "alg none, signed": lambda token, key: with_header(token, key, alg="none"),
    "HS256 with the public key": public_key_as_secret,
    "signature by another curve": other_curve,
    "DER signature": der,
    "empty signature": lambda token, _: token.rpartition(".")[0] + ".",
    "zero signature": lambda token, _: f"{token.rpartition('.')[0]}.{b64(bytes(64))}",
    "a name twice": lambda token, key: with_payload(token, key, twice_named),
    "whitespace in the payload": lambda token, key: with_payload(token, key, lambda told: told.replace(b":", b": ", 1)),
    "names out of order": lambda token, key: with_payload(
        token, key, lambda told: json.dumps(dict(reversed(json.loads(told).items())), separators=(",", ":")).encode()
    ),
    "number as a float": lambda token, key: with_payload(
        token, key, lambda told: told.replace(b'"v":1', b'"v":1.0', 1)
    ),
    "escaped letter": lambda token, key: with_payload(
        token, key, lambda told: told.replace(b'"kind":"', b'"kind":"\\u006f', 1).replace(b"\\u006fo", b"\\u006f", 1)
    ),
}

NO_TOKENS = {
    "padded signature",
    "padded payload",
    "newline at the end",
    "space before",
    "fourth part",
    "standard base64",
    "alg none",
    "empty signature",
}
"""Not even three parts of base64url: refused as a form before anybody asks what they say, and so not logged."""


async def test_every_other_spelling_of_an_opening_is_refused_over_http_and_logged(town: Town) -> None:
    psychologist = await town.client("psychologist")
    key = psychologist.home.keyring.signing
    item = await town.item("psychologist")
    told = {}
    for name, spell in SPELLINGS.items():
        token = spell(await psychologist.sign(receiving.opening(item, "open")), key)
        with pytest.raises(SdkError) as refused:
            await psychologist.transport.post(f"/v1/shares/{town.share}/open", {"statement": token})
        told[name] = refused.value.code
    expected = {name: "bad-field" if name in NO_TOKENS else "bad-statement" for name in SPELLINGS}
    assert told == expected
    assert "opened" not in town.events()
    refusals = [(str(entry.e), details.reason) for entry, details in town.log() if details.decision == "deny"]
    assert refusals == [("statement-refused", "bad-statement")] * (len(SPELLINGS) - len(NO_TOKENS))


async def test_a_manifest_in_any_other_spelling_is_refused_by_the_reader(town: Town, watch: Watch) -> None:
    key = (await town.client("doctor")).home.keyring.signing
    psychologist, item = await town.client("psychologist"), await town.item("psychologist")
    told = {}
    for name, spell in SPELLINGS.items():

        def change(told: Any, spell: Spelling = spell) -> Any:
            true = told["bundle"]["manifest"]
            return {"bundle": told["bundle"] | {"manifest": true | {"token": spell(true["token"], key)}}}

        town.operator.changes.clear()
        town.operator.change("POST", "/v1/shares/*/open", change)
        with pytest.raises(Tampered) as refused:
            await open_share(psychologist, item)
        told[name] = refused.value.code
    assert {name for name, code in told.items() if code != "bad-statement"} == set(), told
    assert watch.unsealed == []


async def test_the_right_spelling_is_the_one_that_opens(town: Town) -> None:
    assert (await town.open("psychologist")).share == town.share
