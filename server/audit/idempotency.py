"""Repeated requests (draft-ietf-httpapi-idempotency-key-header): same key, same body, same answer for a day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from protocol.identifiers import PersonId

T = TypeVar("T")

KEPT_MS = 24 * 60 * 60 * 1000
"""For how long an answer is kept: a repeat after that is a new request."""


class Codec(Protocol[T]):
    """Takes an action's result to a JSON value and back."""

    def encode(self, result: T, /) -> Any:
        """Give a JSON value."""
        ...

    def decode(self, value: Any, /) -> T:
        """Give the result that `encode` was given."""
        ...


@dataclass(frozen=True, slots=True)
class Idempotency(Generic[T]):
    """A person's key for one request: at most 255 characters, and the SHA-256 of the body it came with, in hex."""

    person: PersonId
    key: str
    body_digest: str
    codec: Codec[T]


class RepeatRefused(Exception):
    """The request was not carried out, because its idempotency key was used before; `code` is stable."""

    code: str


class IdempotencyConflict(RepeatRefused):
    """The key came before with another body."""

    code = "idempotency-conflict"


class AlreadyAnswered(RepeatRefused):
    """The key came before with the same body, and what it was answered is never given twice (envelopes)."""

    code = "already-answered"
