"""Statements: ES256 compact JWS in one spelling (DESIGN §4), and DPoP proofs (RFC 9449), equally strict.

python-jose alone takes padded and broken base64url, other curves, unknown `crit`, duplicate names and any JSON. So the
whole token is checked before python-jose sees it, and python-jose is given one key object and one algorithm.

ECDSA is malleable: from a signature (r, s) anyone makes a second valid one, (r, n-s). Both are accepted, since
signers in browsers write either. So a token names nothing; `digest`, over header and payload only, does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from typing import Any, NamedTuple, Self

from cryptography.hazmat.primitives.asymmetric import ec
from jose import jws
from jose.backends.cryptography_backend import CryptographyECKey

from keys.canonical import NotCanonical, canonical, parse
from keys.encoding import BadEncoding, BadKey, decode, encode

ALGORITHM = "ES256"
PROOF_KIND = "dpop+jwt"

_KIND = re.compile(r"[!#-\[\]-~]{1,127}")  # visible ASCII that JSON need not escape
_KID = re.compile(r"[A-Za-z0-9_-]{43}")
_COORDINATE = 32
_SIGNATURE = 64


class BadStatement(Exception):
    """The token is not the one spelling of a statement of this kind, signed by this key."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A point on P-256: `point` is x and y, 32 bytes each, big-endian."""

    point: bytes
    thumbprint: str = field(init=False, compare=False)
    _jose: CryptographyECKey = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_jose", _jose_key(self.point))
        object.__setattr__(self, "thumbprint", encode(sha256(canonical(self.jwk)).digest()))

    @classmethod
    def from_jwk(cls, jwk: object) -> Self:
        """Read a JWK with exactly crv, kty, x, y (RFC 7518 §6.2.1).

        Raises:
            BadKey: another member, curve or spelling, or a point that is not on the curve.
        """
        if not isinstance(jwk, dict) or set(jwk) != {"crv", "kty", "x", "y"}:
            raise BadKey("a JWK here has exactly crv, kty, x and y")
        if (jwk["kty"], jwk["crv"]) != ("EC", "P-256"):
            raise BadKey("the key is not on P-256")
        try:
            x, y = decode(jwk["x"]), decode(jwk["y"])
        except BadEncoding as error:
            raise BadKey("a coordinate is not base64url") from error
        if not len(x) == len(y) == _COORDINATE:
            raise BadKey("a coordinate of P-256 is 32 bytes")
        return cls(x + y)

    @property
    def jwk(self) -> dict[str, str]:
        """The JWK that `from_jwk` reads."""
        x, y = self.point[:_COORDINATE], self.point[_COORDINATE:]
        return {"crv": "P-256", "kty": "EC", "x": encode(x), "y": encode(y)}


class SigningKey:
    """A private key on P-256."""

    __slots__ = ("_jose", "_private", "public")

    def __init__(self, private: ec.EllipticCurvePrivateKey) -> None:
        numbers = private.public_key().public_numbers()
        self._private = private
        self._jose = CryptographyECKey(private, ALGORITHM)
        self.public = PublicKey(numbers.x.to_bytes(_COORDINATE, "big") + numbers.y.to_bytes(_COORDINATE, "big"))

    @classmethod
    def from_bytes(cls, scalar: bytes) -> Self:
        """Take the private scalar, 32 bytes, big-endian.

        Raises:
            BadKey: another length, zero, or not below the order of the curve.
        """
        if len(scalar) != _COORDINATE:
            raise BadKey("a private key on P-256 is 32 bytes")
        try:
            return cls(ec.derive_private_key(int.from_bytes(scalar, "big"), ec.SECP256R1()))
        except ValueError as error:
            raise BadKey("this is no private key on P-256") from error

    def to_bytes(self) -> bytes:
        """Give the private scalar that `from_bytes` takes. Secret."""
        return self._private.private_numbers().private_value.to_bytes(_COORDINATE, "big")

    @property
    def kid(self) -> str:
        """The RFC 7638 thumbprint of the public key."""
        return self.public.thumbprint

    def __repr__(self) -> str:
        return f"SigningKey(kid={self.kid!r})"


class Unverified(NamedTuple):
    """What a well-spelt token says of itself. Nobody has checked who signed it."""

    kind: str
    kid: str
    body: dict[str, Any]


class WellSpelt(NamedTuple):
    """A token in its one spelling, with what it says of itself: made by `read`, and nowhere else."""

    signed: bytes
    signature: bytes
    said: Unverified

    @property
    def digest(self) -> str:
        """What `digest` gives for the token."""
        return sha256(self.signed).hexdigest()


class Proof(NamedTuple):
    """A verified DPoP proof: its claims and the thumbprint of the key that signed it."""

    claims: dict[str, Any]
    thumbprint: str


def generate() -> SigningKey:
    """Make a new key."""
    return SigningKey(ec.generate_private_key(ec.SECP256R1()))


def sign(kind: str, body: dict[str, Any], key: SigningKey) -> str:
    """Sign a body as a statement of this kind; a `kind` inside the body must be the same.

    Raises:
        BadStatement: the body has no canonical form or names another kind, or the kind is no visible ASCII.
    """
    if not _KIND.fullmatch(kind):
        raise BadStatement("a kind is 1 to 127 characters of visible ASCII")
    return _sign({"kid": key.kid, "typ": kind}, _payload(kind, body), key)


def verify(token: str, kind: str, public_key: PublicKey) -> dict[str, Any]:
    """Return the body of a statement of this kind that this key signed.

    Raises:
        BadStatement: any other token, kind or key, and any other spelling of the same.
    """
    return verify_read(read(token), kind, public_key)


def peek(token: str) -> Unverified:
    """Read a token in its one spelling without verifying it, to find the key that it must be verified under.

    Raises:
        BadStatement: the token is not spelt as `sign` spells it.
    """
    return read(token).said


def read(token: str) -> WellSpelt:
    """Do what `peek` does, and keep what `verify_read` checks.

    Raises:
        BadStatement: the token is not spelt as `sign` spells it.
    """
    header, payload, signature = _segments(token)
    kind, kid = _named(header)
    raw = _signature(signature)
    return WellSpelt(_signed(header, payload), raw, Unverified(kind, kid, _body(kind, payload)))


def verify_read(statement: WellSpelt, kind: str, public_key: PublicKey) -> dict[str, Any]:
    """Do what `verify` does, without reading a second time what `read` has read.

    Raises:
        BadStatement: the token is of another kind, or not signed by this key.
    """
    signed, signature, said = statement
    if (said.kind, said.kid) != (kind, public_key.thumbprint):
        raise BadStatement(f"the header is not that of a {kind!r} signed by {public_key.thumbprint}")
    _check_signature(signed, signature, public_key)
    return said.body


def digest(token: str) -> str:
    """Name a statement: SHA-256, in hex, over the ASCII of `header.payload`; the same for every signature over them.

    Raises:
        BadStatement: the token does not have three parts of base64url.
    """
    header, payload, _ = _segments(token)
    return sha256(_signed(header, payload)).hexdigest()


def sign_proof(claims: dict[str, Any], key: SigningKey) -> str:
    """Sign claims as a DPoP proof (RFC 9449 §4.2) that carries the key itself.

    Raises:
        BadStatement: the claims have no canonical form.
    """
    return _sign({"jwk": key.public.jwk, "typ": PROOF_KIND}, _payload(PROOF_KIND, claims), key)


def verify_proof(token: str) -> Proof:
    """Check that a DPoP proof is signed by the key that it carries.

    Method, address, time and nonce are the caller's to check.

    Raises:
        BadStatement: any other token, and any other spelling of the same.
    """
    header, payload, signature = _segments(token)
    key = _proof_key(header)
    claims = _body(PROOF_KIND, payload)
    _check_signature(_signed(header, payload), _signature(signature), key)
    return Proof(claims, key.thumbprint)


def _jose_key(point: bytes) -> CryptographyECKey:
    if len(point) != 2 * _COORDINATE:
        raise BadKey("a point of P-256 is 64 bytes")
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + point)
    except ValueError as error:
        raise BadKey("the point is not on P-256") from error
    return CryptographyECKey(key, ALGORITHM)


def _sign(header: dict[str, Any], payload: bytes, key: SigningKey) -> str:
    # python-jose adds alg and sorts the names, all ASCII: that is the canonical form. The tests compare it.
    return str(jws.sign(payload, key._jose, headers=header, algorithm=ALGORITHM))  # noqa: SLF001  (same module)


def _payload(kind: str, body: dict[str, Any]) -> bytes:
    if not isinstance(body, dict):
        raise BadStatement("a body is an object")
    if body.get("kind", kind) != kind:
        raise BadStatement(f"the body names another kind than {kind!r}")
    try:
        return canonical(body)
    except NotCanonical as error:
        raise BadStatement(f"the body has no canonical form: {error}") from error


@lru_cache(maxsize=4096)
def _header(kind: str, kid: str) -> str:
    return encode(canonical({"alg": ALGORITHM, "kid": kid, "typ": kind}))


@lru_cache(maxsize=4096)
def _named(header: str) -> tuple[str, str]:
    fields = _object(header, "header")
    kind, kid = fields.get("typ"), fields.get("kid")
    if not (isinstance(kind, str) and _KIND.fullmatch(kind) and isinstance(kid, str) and _KID.fullmatch(kid)):
        raise BadStatement("typ is no kind, or kid no thumbprint")
    if header != _header(kind, kid):
        raise BadStatement("the header is not exactly alg, kid and typ, with alg ES256")
    return kind, kid


@lru_cache(maxsize=4096)  # a client's proofs all have the same header, and a point costs more to check than to keep
def _proof_key(header: str) -> PublicKey:
    fields = _object(header, "header")
    if set(fields) != {"alg", "jwk", "typ"} or (fields["alg"], fields["typ"]) != (ALGORITHM, PROOF_KIND):
        raise BadStatement("the header of a proof is exactly alg ES256, jwk and typ dpop+jwt")
    try:
        return PublicKey.from_jwk(fields["jwk"])
    except BadKey as error:
        raise BadStatement("the proof carries no key on P-256") from error


def _segments(token: object) -> tuple[str, str, str]:
    if not isinstance(token, str) or not token.isascii():
        raise BadStatement("a token is ASCII text")
    parts = token.split(".")
    if len(parts) != 3:  # noqa: PLR2004  (RFC 7515 §7.1: header, payload, signature)
        raise BadStatement("a token has three parts")
    return parts[0], parts[1], parts[2]


def _signed(header: str, payload: str) -> bytes:
    return f"{header}.{payload}".encode("ascii")


def _object(segment: str, name: str) -> dict[str, Any]:
    try:
        value = parse(decode(segment))
    except (BadEncoding, NotCanonical) as error:
        raise BadStatement(f"the {name} is not in its one spelling: {error}") from error
    if not isinstance(value, dict):
        raise BadStatement(f"the {name} is no object")
    return value


def _body(kind: str, segment: str) -> dict[str, Any]:
    body = _object(segment, "payload")
    if body.get("kind", kind) != kind:
        raise BadStatement(f"the body names another kind than {kind!r}")
    return body


def _signature(segment: str) -> bytes:
    try:
        signature = decode(segment)
    except BadEncoding as error:
        raise BadStatement(f"the signature is not in its one spelling: {error}") from error
    if len(signature) != _SIGNATURE:
        raise BadStatement("a signature is 64 bytes")
    return signature


def _check_signature(signed: bytes, signature: bytes, key: PublicKey) -> None:
    # python-jose's key knows its one algorithm and answers False to whatever goes wrong. `jws.verify` comes to the same
    # call, and reads header and payload once more before it.
    verifier: Any = key._jose  # noqa: SLF001  (same module)
    if not verifier.verify(signed, signature):
        raise BadStatement(f"the signature is not one by {key.thumbprint}")
