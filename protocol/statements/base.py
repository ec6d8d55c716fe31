"""What all statements share: who says it, to which log, when, and what they had seen of the log.

A statement is a compact JWS (`keys.signing`) whose `typ` is its kind. Its payload holds `v`, `kind`, `iss` (the person
who signs), `aud` (the log's origin), `made`, `seen` (the signer's largest verified checkpoint, or null) and the members
of its kind. Each kind carries either a `number` (the next one replaces it) or a random `id`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar, cast

from keys import signing
from protocol.identifiers import Instant, PersonId, parse_digest, parse_instant
from protocol.identifiers import parse_holder as holder_id
from protocol.reading import FORMAT_VERSION, Fields, optional, text

__all__ = ["Body", "Claim", "Refused", "Statement", "claim", "compose", "holder_id", "parse_digest", "sign", "verify"]

_REMEMBERED = 1_024
"""How many verified statements are remembered: what a signature proves never changes, whatever else ends."""

_WAITING = 64
"""How many are remembered between reading and verifying."""


class Refused(ValueError):
    """A statement that must not be believed; `code` is stable, the text is for people."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code


class Body(Protocol):
    """The members that one kind of statement adds."""

    kind: ClassVar[str]

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Take the members of this kind; raises `Malformed`."""

    def to_json(self) -> dict[str, Any]:
        """Return the members of this kind as JSON values."""


B = TypeVar("B", bound=Body)


@dataclass(frozen=True, slots=True)
class Statement(Generic[B]):
    """A statement whose signature holds. Whether its signer may say so is `protocol.identity`'s question."""

    token: str
    digest: str
    kid: str
    iss: PersonId
    made: Instant
    seen: str | None
    body: B


@dataclass(frozen=True, slots=True)
class Claim:
    """What an unverified statement says of itself: enough to find the key that must verify it.

    `said` is the kind, with the role of an endorsement or the act of an opening: "endorsement staff", "open reopen".
    """

    kind: str
    kid: str
    iss: PersonId
    said: str


def compose(body: Body, *, iss: PersonId, aud: str, made: Instant, seen: str | None) -> dict[str, Any]:
    """Build the payload that `keys.signing.sign(body.kind, payload, key)` signs."""
    return {
        "v": FORMAT_VERSION,
        "kind": body.kind,
        "iss": iss,
        "aud": aud,
        "made": made,
        "seen": seen,
        **body.to_json(),
    }


def sign(body: Body, key: signing.SigningKey, *, iss: PersonId, aud: str, made: Instant, seen: str | None) -> str:
    """Sign a body as a statement and return its token."""
    return signing.sign(body.kind, compose(body, iss=iss, aud=aud, made=made, seen=seen), key)


_VARIANTS = {"endorsement": "role", "open": "act"}


# Who reads a statement's claim verifies it next: its spelling is then not read twice.
@lru_cache(maxsize=_WAITING)
def _read(token: str) -> signing.WellSpelt:
    return signing.read(token)


@lru_cache(maxsize=_REMEMBERED)
def claim(token: str) -> Claim:
    """Read who a statement says it is from, believing nothing.

    Raises:
        Refused: `bad-statement`, if it has not the one spelling or names no person.
    """
    try:
        kind, kid, payload = _read(token).said
        said = f"{kind} {payload.get(_VARIANTS[kind])}" if kind in _VARIANTS else kind
        return Claim(kind, kid, PersonId.parse(payload.get("iss")), said)
    except (ValueError, signing.BadStatement) as error:
        raise Refused("bad-statement", f"not a statement: {error}") from error


def verify(token: str, kind: type[B], key: signing.PublicKey, *, aud: str) -> Statement[B]:
    """Verify spelling, signature, version, kind and log origin, and parse the body.

    Raises:
        Refused: `bad-statement`, whatever is wrong with it.
    """
    return cast("Statement[B]", _verified(token, kind, key, aud))


# By the whole token, not its digest: an ECDSA signature that was never checked must not ride on one that was.
@lru_cache(maxsize=_REMEMBERED)
def _verified(token: str, kind: type[Body], key: signing.PublicKey, aud: str) -> Statement[Any]:
    try:
        spelt = _read(token)
        fields = Fields(signing.verify_read(spelt, kind.kind, key), kind.kind)
        fields.version()
        fields.match("kind", kind.kind)
        fields.match("aud", aud)
        said = fields.take_all(_SAID)
        body = kind.read(fields)
        fields.done()
    except (ValueError, signing.BadStatement) as error:
        raise Refused("bad-statement", f"{kind.kind}: {error}") from error
    return Statement(token, spelt.digest, key.thumbprint, body=body, **said)


_SAID = {"iss": PersonId.parse, "made": parse_instant, "seen": optional(text)}
