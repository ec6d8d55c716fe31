"""What all statements share: who says it, to which log, when, and what they had seen of the log.

A statement is a compact JWS (`keys.signing`) whose `typ` is its kind. Its payload holds `v`, `kind`, `iss` (the person
who signs), `aud` (the log's origin), `made`, `seen` (the signer's largest verified checkpoint, or null) and the members
of its kind. Each kind carries either a `number` (the next one replaces it) or a random `id`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar

from keys import signing
from protocol.identifiers import Instant, PersonId, UnitId, parse_digest, parse_instant
from protocol.reading import FORMAT_VERSION, Fields, Malformed, text


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
    """What an unverified statement says of itself: enough to find the key that must verify it."""

    kind: str
    kid: str
    iss: PersonId


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


def claim(token: str) -> Claim:
    """Read who a statement says it is from, believing nothing.

    Raises:
        Refused: `bad-statement`, if it has not the one spelling or names no person.
    """
    try:
        kind, kid, payload = signing.peek(token)
        return Claim(kind, kid, PersonId.parse(payload.get("iss")))
    except (ValueError, signing.BadStatement) as error:
        raise Refused("bad-statement", f"not a statement: {error}") from error


def verify(token: str, kind: type[B], key: signing.PublicKey, *, aud: str) -> Statement[B]:
    """Verify spelling, signature, version, kind and log origin, and parse the body.

    Raises:
        Refused: `bad-statement`, whatever is wrong with it.
    """
    try:
        payload = signing.verify(token, kind.kind, key)
        fields = Fields(payload, kind.kind)
        fields.version()
        fields.take("kind", _exactly(kind.kind))
        fields.take("aud", _exactly(aud))
        iss = fields.take("iss", PersonId.parse)
        made = fields.take("made", parse_instant)
        seen = fields.take_or_null("seen", text)
        body = kind.read(fields)
        fields.done()
    except (ValueError, signing.BadStatement) as error:
        raise Refused("bad-statement", f"{kind.kind}: {error}") from error
    return Statement(token, signing.digest(token), key.thumbprint, iss, made, seen, body)


def _exactly(expected: str) -> Any:
    def parse(value: object) -> str:
        if value != expected:
            raise Malformed(f"must be {expected}")
        return expected

    return parse


def holder_id(value: object) -> PersonId | UnitId:
    """Take the id of a person or a unit: the two that can hold a key."""
    if isinstance(value, str) and value.startswith(UnitId.prefix):
        return UnitId.parse(value)
    return PersonId.parse(value)


__all__ = ["Body", "Claim", "Refused", "Statement", "claim", "compose", "holder_id", "parse_digest", "sign", "verify"]
