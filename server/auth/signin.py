"""Signing in: a client assertion (RFC 7523 §3) by the person's key, made for one DPoP key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from keys.signing import BadStatement, PublicKey, peek, verify
from protocol.identifiers import BadIdentifier, PersonId
from server.auth.proof import whole_seconds

if TYPE_CHECKING:
    from protocol.identifiers import Instant
    from server.auth.replay import ReplayGuard

KIND = "client-authentication+jwt"
LONGEST = 300
"""Seconds that an assertion may hold."""
_LONGEST_NAME = 128
_CLAIMS = frozenset({"iss", "sub", "aud", "iat", "exp", "jti", "cnf"})


class BadAssertion(Exception):
    """The assertion does not sign anybody in. Whether the person exists is not told."""


class KeyLookup(Protocol):
    """Finds people's keys; the identity package has the one in use."""

    async def __call__(self, person: PersonId, /) -> PublicKey | None:
        """Give the key that the person signs with now, or None: unknown, ended or removed."""


async def nobody(_: PersonId) -> PublicKey | None:
    """Know nobody: the lookup of a server without people."""
    return None


@dataclass(frozen=True, slots=True)
class SignIn:
    """An assertion, and what it must be made for: this token endpoint and the DPoP key of this thumbprint."""

    assertion: str
    audience: str
    thumbprint: str


async def check_assertion(asked: SignIn, keys: KeyLookup, replays: ReplayGuard, *, now: Instant, skew: int) -> PersonId:
    """Check an assertion, use it up, and give the person.

    Its body is exactly `iss` and `sub` (the person), `aud`, `iat` and `exp` (seconds, at most 300 apart), `jti` and
    `cnf.jkt`: the thumbprint of the DPoP key, so that a stolen assertion opens nothing under another key.

    Raises:
        BadAssertion: for another server, key or time, used before, or not signed by the person's current key.
        Overloaded: it cannot be remembered as used.
    """
    try:
        person = PersonId.parse(peek(asked.assertion).body.get("sub"))
        key = await keys(person)
        if key is None:
            raise BadAssertion("The assertion is not signed by a key that counts here.")
        claims = verify(asked.assertion, KIND, key)
    except (BadStatement, BadIdentifier) as fault:
        raise BadAssertion("The assertion is not signed by a key that counts here.") from fault
    name = _check_claims(claims, person, asked)
    _check_time(claims, now // 1000, skew)
    if not await replays.first_use(key.thumbprint, name, now):
        raise BadAssertion("The assertion was used before.")
    return person


def _check_claims(claims: dict[str, Any], person: PersonId, asked: SignIn) -> str:
    if set(claims) - {"kind"} != _CLAIMS or claims["iss"] != person:
        raise BadAssertion(
            "The assertion must have exactly iss, sub, aud, iat, exp, jti and cnf; iss and sub the same."
        )
    if claims["aud"] != asked.audience:
        raise BadAssertion("The assertion is for another server.")
    if claims["cnf"] != {"jkt": asked.thumbprint}:
        raise BadAssertion("The assertion was made for another DPoP key.")
    name = claims["jti"]
    if not isinstance(name, str) or not 0 < len(name) <= _LONGEST_NAME:
        raise BadAssertion("The assertion has no name of its own (jti).")
    return name


def _check_time(claims: dict[str, Any], now: int, skew: int) -> None:
    issued, ends = whole_seconds(claims["iat"]), whole_seconds(claims["exp"])
    if issued is None or ends is None or not 0 < ends - issued <= LONGEST:
        raise BadAssertion(f"iat and exp must be whole seconds, exp at most {LONGEST} after iat.")
    if issued > now + skew:
        raise BadAssertion("The assertion was made in the future: check the clock.")
    if ends + skew <= now:
        raise BadAssertion("The assertion has expired.")
