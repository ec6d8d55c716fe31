"""DPoP proofs (RFC 9449 §4.3): that whoever asks holds the key which the access token names, here and now."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from keys.encoding import encode
from keys.signing import BadStatement, verify_proof

if TYPE_CHECKING:
    from protocol.identifiers import Instant
    from server.auth.replay import ReplayGuard

_LONGEST_NAME = 128
_CLAIMS = frozenset({"htm", "htu", "iat", "jti", "nonce", "ath", "kind"})


class BadProof(Exception):
    """The proof does not hold; the text says why and carries nothing of it."""


class NonceNeeded(Exception):
    """The proof holds, but not for this server since it last started."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a proof must say: method, address without query, the access token beside it (None at sign-in)."""

    method: str
    target: str
    access_token: str | None = None


@lru_cache(maxsize=4_096)  # each request with a token asks twice
def token_digest(access_token: str) -> str:
    """Name an access token as proofs do (`ath`): unpadded base64url of its SHA-256."""
    return encode(sha256(access_token.encode()).digest())


async def check_proof(token: str, expected: Expected, replays: ReplayGuard, *, now: Instant, skew: int) -> str:
    """Check a proof and use it up; give the thumbprint (RFC 7638) of its key.

    `skew` is how many seconds `iat` may lie before or after `now`.

    Raises:
        BadProof: for another request, another time, used before, or no proof at all.
        NonceNeeded: it does not carry this server's nonce.
        Overloaded: it cannot be remembered as used.
    """
    try:
        claims, thumbprint = verify_proof(token)
    except BadStatement as fault:
        raise BadProof("This is not a DPoP proof signed with ES256.") from fault
    name = _check_claims(claims, expected, now, skew)
    if claims.get("nonce") != replays.nonce:
        raise NonceNeeded("The proof must carry the nonce that this server tells.")
    if not await replays.first_use(thumbprint, name, now):
        raise BadProof("The proof was used before.")
    return thumbprint


def _check_claims(claims: dict[str, Any], expected: Expected, now: Instant, skew: int) -> str:
    if not set(claims) <= _CLAIMS:
        raise BadProof("The proof has claims that this server does not know.")
    if claims.get("htm") != expected.method:
        raise BadProof("The proof is for another method.")
    if claims.get("htu") != expected.target:
        raise BadProof("The proof is for another address.")
    issued = whole_seconds(claims.get("iat"))
    if issued is None or abs(now // 1000 - issued) > skew:
        raise BadProof("The proof was not made now: check the clock.")
    ath = None if expected.access_token is None else token_digest(expected.access_token)
    if claims.get("ath") != ath:
        raise BadProof("The proof is for another access token.")
    name = claims.get("jti")
    if not isinstance(name, str) or not 0 < len(name) <= _LONGEST_NAME:
        raise BadProof("The proof has no name of its own (jti).")
    return name


def whole_seconds(value: object) -> int | None:
    """Take seconds since 1970 as a JSON integer; a string, a boolean or a negative number is none."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    return None
