"""Writes the JSON vectors of this folder: `python tests/vectors/keys/make.py`.

It does not use `keys`: tokens are spelt here a second time, from RFC 7515 and DESIGN §4, so that a mistake has to be
made twice. All keys are public knowledge, derived from a sentence. Signatures are deterministic (RFC 6979), and so
are the files; a test compares them with what this script gives.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256

FOLDER = Path(__file__).parent
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
KIND = "fortrolig.example"
BODY = {"aud": "https://fortrolig.example", "kind": KIND, "number": 7, "seen": None, "text": "Æ, ø og å", "v": 1}


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def compact(value: object) -> bytes:
    """Canonical for these values: no name needs more than ASCII."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def unsorted(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def private_key(sentence: str, curve: ec.EllipticCurve | None = None) -> ec.EllipticCurvePrivateKey:
    scalar = int.from_bytes(hashlib.sha256(sentence.encode()).digest(), "big") % (ORDER - 1) + 1
    return ec.derive_private_key(scalar, curve or ec.SECP256R1())


def jwk(key: ec.EllipticCurvePrivateKey, name: str = "P-256", size: int = 32) -> dict[str, str]:
    point = key.public_key().public_numbers()
    return {"crv": name, "kty": "EC", "x": b64(point.x.to_bytes(size, "big")), "y": b64(point.y.to_bytes(size, "big"))}


def thumbprint(key: ec.EllipticCurvePrivateKey) -> str:
    return b64(hashlib.sha256(compact(jwk(key))).digest())


def der(message: bytes, key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.sign(message, ec.ECDSA(SHA256(), deterministic_signing=True))


def numbers(message: bytes, key: ec.EllipticCurvePrivateKey) -> tuple[int, int]:
    return decode_dss_signature(der(message, key))


def raw(r: int, s: int, size: int = 32) -> bytes:
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


ME = private_key("a key for tests")
OTHER = private_key("another key for tests")
HEADER: dict[str, Any] = {"alg": "ES256", "kid": thumbprint(ME), "typ": KIND}
PROOF_HEADER: dict[str, Any] = {"alg": "ES256", "jwk": jwk(ME), "typ": "dpop+jwt"}
CLAIMS = {"htm": "POST", "htu": "https://fortrolig.example/v1/token", "iat": 1760000000, "jti": "e1j3V_bKic8"}


def token(header: object = HEADER, payload: object = BODY, key: ec.EllipticCurvePrivateKey = ME) -> str:
    """Sign whatever is given: bytes and text stand for themselves, all else is written canonically."""
    parts = [b64(part if isinstance(part, bytes) else compact(part)) for part in (header, payload)]
    return signed(".".join(parts), key)


def signed(message: str, key: ec.EllipticCurvePrivateKey = ME) -> str:
    return f"{message}.{b64(raw(*numbers(message.encode(), key), key.key_size // 8))}"


def resigned(signature: bytes) -> str:
    return f"{token().rpartition('.')[0]}.{b64(signature)}"


def stray_bits(text: str) -> str:
    """Another last character that decodes to the same bytes; the text's length must be 2 or 3 beyond a multiple of
    4."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return text[:-1] + alphabet[alphabet.index(text[-1]) + 1]


def statements() -> dict[str, Any]:
    message = token().rpartition(".")[0]
    head, payload, signature = token().split(".")
    r, s = numbers(message.encode(), ME)
    plain = {name: value for name, value in BODY.items() if name != "kind"}
    deep: Any = None
    for _ in range(70):
        deep = [deep]
    accepted = {
        "as the signer wrote it": token(),
        "the other signature, n-s in place of s": resigned(raw(r, ORDER - s)),
        "a body without a kind": token(payload=plain),
        "an empty body": token(payload={}),
    }
    refused = {
        "no text": "",
        "one part": head,
        "two parts": message,
        "four parts": token() + ".",
        "no signature": message + ".",
        "no header": "." + token().split(".", 1)[1],
        "no payload": signed(head + "."),
        "padding on the signature": token() + "==",
        "padding on the payload": signed(message + "="),
        "a newline at the end": token() + "\n",
        "a newline within": signed(f"{head}.{payload[:8]}\n{payload[8:]}"),
        "a space before": " " + token(),
        "the base64 alphabet": token().replace("-", "+").replace("_", "/"),
        "stray last bits in the signature": f"{message}.{stray_bits(signature)}",
        "stray last bits in the payload": signed(f"{head}.{stray_bits(b64(compact({**BODY, 'number': 71})))}"),
        "a letter beyond ASCII": token().replace(head[5], "é", 1),
        "a signature one byte short": resigned(raw(r, s)[:-1]),
        "a signature one byte long": resigned(raw(r, s) + b"\0"),
        "a DER signature": resigned(der(message.encode(), ME)),
        "r is zero": resigned(raw(0, s)),
        "s is zero": resigned(raw(r, 0)),
        "r and s are zero": resigned(bytes(64)),
        "r plus the order of the curve": resigned(b"\xff" * 32 + raw(r, s)[32:]),
        "s is the order of the curve": resigned(raw(r, ORDER)),
        "one bit of the signature": resigned(raw(r ^ 1, s)),
        "another payload under the same signature": f"{head}.{b64(compact({**BODY, 'number': 8}))}.{signature}",
        "signed by another key, under this kid": token(key=OTHER),
        "another key altogether": token({**HEADER, "kid": thumbprint(OTHER)}, key=OTHER),
        "a kid that is no thumbprint": token({**HEADER, "kid": "me"}),
        "a kid that is a number": token({**HEADER, "kid": 1}),
        "alg none": token({**HEADER, "alg": "none"}),
        "alg none without a signature": token({**HEADER, "alg": "none"}).rpartition(".")[0] + ".",
        "alg HS256 with the public key as secret": hmac_token(),
        "alg ES384": token({**HEADER, "alg": "ES384"}),
        "alg in lower case": token({**HEADER, "alg": "es256"}),
        "another typ": token({**HEADER, "typ": "fortrolig.other"}),
        "another typ over a body without a kind": token({**HEADER, "typ": "fortrolig.other"}, plain),
        "typ in upper case": token({**HEADER, "typ": KIND.upper()}),
        "typ is null": token({**HEADER, "typ": None}),
        "no typ": token({"alg": "ES256", "kid": thumbprint(ME)}),
        "no kid": token({"alg": "ES256", "typ": KIND}),
        "an unknown crit": token({**HEADER, "crit": ["exp"], "exp": 1}),
        "an extra name in the header": token({**HEADER, "cty": "json"}),
        "a jwk in the header": token({**HEADER, "jwk": jwk(ME)}),
        "b64 false": token({**HEADER, "b64": False, "crit": ["b64"]}),
        "a name twice in the header": token(compact(HEADER)[:-1] + b',"typ":"' + KIND.encode() + b'"}'),
        "white space in the header": token(json.dumps(HEADER, sort_keys=True).encode()),
        "another order in the header": token(unsorted(dict(reversed(HEADER.items())))),
        "an escape in the header": token(compact(HEADER).replace(b"ES256", b"\\u0045S256")),
        "the header is a list": token([HEADER]),
        "the header is no JSON": token(b"ES256"),
        "another kind in the body": token(payload={**BODY, "kind": "fortrolig.other"}),
        "the kind in the body is null": token(payload={**BODY, "kind": None}),
        "a name twice in the payload": token(payload=b'{"number":7,"number":8}'),
        "a float in the payload": token(payload=b'{"number":7.5}'),
        "a whole float in the payload": token(payload=b'{"number":7.0}'),
        "an exponent in the payload": token(payload=b'{"number":7e0}'),
        "minus zero in the payload": token(payload=b'{"number":-0}'),
        "NaN in the payload": token(payload=b'{"number":NaN}'),
        "an integer beyond 2**53-1": token(payload=b'{"number":9007199254740992}'),
        "an integer of 5,000 digits": token(payload=b'{"number":' + b"9" * 5000 + b"}"),
        "white space in the payload": token(payload=b'{"number": 7}'),
        "another order in the payload": token(payload=b'{"b":1,"a":2}'),
        "an escape in the payload": token(payload=b'{"text":"\\u00e5"}'),
        "a lone surrogate in the payload": token(payload=b'{"text":"\\ud800"}'),
        "bad UTF-8 in the payload": token(payload=b'{"text":"\xff"}'),
        "a byte order mark before the payload": token(payload=b"\xef\xbb\xbf{}"),
        "the payload is a list": token(payload=[BODY]),
        "the payload is text": token(payload=b'"me"'),
        "the payload is null": token(payload=b"null"),
        "the payload nests too deep": token(payload={"deep": deep}),
        "the payload nests beyond any stack": token(payload=b"[" * 5_000),
    }
    return {
        "kind": KIND,
        "key": jwk(ME),
        "private": b64(ME.private_numbers().private_value.to_bytes(32, "big")),
        "thumbprint": thumbprint(ME),
        "accepted": [{"name": name, "token": text, **said(text)} for name, text in accepted.items()],
        "refused": [{"name": name, "token": text} for name, text in refused.items()],
    }


def said(text: str) -> dict[str, Any]:
    message = text.rpartition(".")[0]
    payload = message.partition(".")[2]
    body = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return {"body": body, "digest": hashlib.sha256(message.encode()).hexdigest()}


def hmac_token() -> str:
    message = f"{b64(compact({**HEADER, 'alg': 'HS256'}))}.{b64(compact(BODY))}"
    return f"{message}.{b64(hmac.digest(compact(jwk(ME)), message.encode(), 'sha256'))}"


def proofs() -> dict[str, Any]:
    p384 = private_key("a key on a larger curve", ec.SECP384R1())
    mine = jwk(ME)
    refused: dict[str, str] = {
        "another key signed it": token(PROOF_HEADER, CLAIMS, OTHER),
        "typ is JWT": token({**PROOF_HEADER, "typ": "JWT"}, CLAIMS),
        "alg is none": token({**PROOF_HEADER, "alg": "none"}, CLAIMS),
        "a kid beside the key": token({**PROOF_HEADER, "kid": thumbprint(ME)}, CLAIMS),
        "no key": token({"alg": "ES256", "typ": "dpop+jwt"}, CLAIMS),
        "a key by its kid only": token({**HEADER, "typ": "dpop+jwt"}, CLAIMS),
        "the key is text": token({**PROOF_HEADER, "jwk": "me"}, CLAIMS),
        "a private key": token({**PROOF_HEADER, "jwk": {**mine, "d": b64(bytes(31) + b"\1")}}, CLAIMS),
        "a key with a use": token({**PROOF_HEADER, "jwk": {**mine, "use": "sig"}}, CLAIMS),
        "a key on P-384": token({**PROOF_HEADER, "jwk": jwk(p384, "P-384", 48)}, CLAIMS, p384),
        "a key that claims P-384": token({**PROOF_HEADER, "jwk": {**mine, "crv": "P-384"}}, CLAIMS),
        "a symmetric key": token({**PROOF_HEADER, "jwk": {"k": mine["x"], "kty": "oct"}}, CLAIMS),
        "a key that claims RSA": token({**PROOF_HEADER, "jwk": {**mine, "kty": "RSA"}}, CLAIMS),
        "a point off the curve": token({**PROOF_HEADER, "jwk": {**mine, "y": mine["x"]}}, CLAIMS),
        "the point zero": token({**PROOF_HEADER, "jwk": {**mine, "x": b64(bytes(32)), "y": b64(bytes(32))}}, CLAIMS),
        "a coordinate padded": token({**PROOF_HEADER, "jwk": {**mine, "x": mine["x"] + "="}}, CLAIMS),
        "a coordinate with stray bits": token({**PROOF_HEADER, "jwk": {**mine, "x": stray_bits(mine["x"])}}, CLAIMS),
        "a coordinate with a leading zero byte": token({**PROOF_HEADER, "jwk": jwk(ME, size=33)}, CLAIMS),
        "a coordinate that is a number": token({**PROOF_HEADER, "jwk": {**mine, "x": 1}}, CLAIMS),
        "a float in the claims": token(PROOF_HEADER, b'{"iat":1760000000.5}'),
        "a name twice in the claims": token(PROOF_HEADER, b'{"htm":"GET","htm":"POST"}'),
        "claims that are a list": token(PROOF_HEADER, [CLAIMS]),
        "a header that is a list": token([PROOF_HEADER], CLAIMS),
        "a newline at the end": token(PROOF_HEADER, CLAIMS) + "\n",
        "a signature of zeroes": f"{token(PROOF_HEADER, CLAIMS).rpartition('.')[0]}.{b64(bytes(64))}",
        "a signature cut short": token(PROOF_HEADER, CLAIMS)[:-2],
    }
    accepted = {"token": token(PROOF_HEADER, CLAIMS), "claims": CLAIMS, "thumbprint": thumbprint(ME)}
    return {
        "accepted": [{"name": "as the signer wrote it", **accepted}],
        "refused": [{"name": name, "token": text} for name, text in refused.items()],
    }


def canonical_json() -> dict[str, Any]:
    accepted = [
        b"null",
        b"true",
        b"-1",
        b"0",
        b"9007199254740991",
        b"-9007199254740991",
        b'""',
        b"[]",
        b"{}",
        b'[1,"1",null,false,[{}]]',
        b'{"":0,"A":1,"a":2,"aa":3,"b":4}',
        '"æøå €"'.encode(),
        b'"\\b\\t\\n\\f\\r\\"\\\\\\u0000\\u001f\x7f/"',
        # RFC 8785 §3.2.3: by 16-bit units a character beyond them sorts before U+E000 to U+FFFF.
        '{"1":0,"\u20ac":1,"\U0001f600":2,"\ufb33":3}'.encode(),
    ]
    refused = {
        "nothing": b"",
        "white space before": b" 1",
        "a newline after": b"1\n",
        "two values": b"1 2",
        "a float": b"1.5",
        "a whole float": b"1.0",
        "an exponent": b"1e3",
        "minus zero": b"-0",
        "a leading zero": b"01",
        "a plus": b"+1",
        "NaN": b"NaN",
        "infinity": b"-Infinity",
        "too large": b"9007199254740992",
        "too small": b"-9007199254740992",
        "5,000 digits": b"1" * 5000,
        "single quotes": b"'a'",
        "an upper-case escape": b'"\\u001F"',
        "a needless escape": b'"\\/"',
        "an escaped letter": b'"\\u0061"',
        "a raw control character": b'"\x01"',
        "a lone surrogate": b'"\\ud800"',
        "a lone surrogate as a name": b'{"\\udfff":1}',
        "a surrogate in UTF-8": b'"\xed\xa0\x80"',
        "bad UTF-8": b'"\xc3"',
        "a byte order mark": b"\xef\xbb\xbf1",
        "a name twice": b'{"a":1,"a":1}',
        "names out of order": b'{"b":1,"a":2}',
        "names by code points": '{"\ufb33":3,"\U0001f600":2}'.encode(),
        "a trailing comma": b"[1,]",
        "65 lists deep": b"[" * 65 + b"]" * 65,
        "beyond any stack": b"[" * 5_000 + b"]" * 5_000,
    }
    return {
        "accepted": [{"bytes": text.hex()} for text in accepted],
        "refused": [{"name": name, "bytes": text.hex()} for name, text in refused.items()],
    }


def sealed() -> dict[str, Any]:
    """Seal by RFC 9180 over the first encapsulation of draft-connolly-cfrg-xwing-kem-08, appendix C."""
    xwing = json.loads((FOLDER / "xwing.json").read_text(encoding="utf-8"))
    enc, shared = bytes.fromhex(xwing[0]["ciphertext"]), bytes.fromhex(xwing[0]["shared_secret"])
    suite = b"HPKE" + b"\x64\x7a" + b"\x00\x01" + b"\x00\x02"
    info, secret = compact({"use": "body", "v": 1}), hashlib.sha256(b"a content key").digest()

    def extract(salt: bytes, label: bytes, ikm: bytes) -> bytes:
        return hmac.digest(salt, b"HPKE-v1" + suite + label + ikm, "sha256")

    def expand(label: bytes, length: int) -> bytes:
        text = length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + context + b"\x01"
        return hmac.digest(exporter, text, "sha256")[:length]

    context = b"\x00" + extract(b"", b"psk_id_hash", b"") + extract(b"", b"info_hash", info)
    exporter = extract(shared, b"secret", b"")
    ciphertext = AESGCM(expand(b"key", 32)).encrypt(expand(b"base_nonce", 12), secret, b"")
    whole = enc + ciphertext
    refused = {
        "nothing": b"",
        "the encapsulation only": enc,
        "no tag": whole[:-16],
        "one byte short": whole[:-1],
        "one byte long": whole + b"\0",
        "a bit of the ML-KEM ciphertext": flipped(whole, 0),
        "a bit of the X25519 share": flipped(whole, 1100),
        "an X25519 share of zero": whole[:1088] + bytes(32) + ciphertext,
        "a bit of the ciphertext": flipped(whole, 1120),
        "a bit of the tag": flipped(whole, len(whole) - 1),
    }
    return {
        "seed": xwing[0]["seed"],
        "info": info.hex(),
        "secret": secret.hex(),
        "accepted": [{"name": "as the sealer wrote it", "sealed": whole.hex()}],
        "refused": [{"name": name, "sealed": text.hex()} for name, text in refused.items()],
    }


def flipped(text: bytes, index: int) -> bytes:
    return text[:index] + bytes([text[index] ^ 1]) + text[index + 1 :]


def files() -> dict[str, Any]:
    """Give what each file holds, by its name."""
    return {
        "canonical.json": canonical_json(),
        "proofs.json": proofs(),
        "sealed.json": sealed(),
        "statements.json": statements(),
    }


def written(value: object) -> str:
    return json.dumps(value, indent=1, sort_keys=False, ensure_ascii=True) + "\n"


if __name__ == "__main__":
    for name, value in files().items():
        (FOLDER / name).write_text(written(value), encoding="utf-8")
