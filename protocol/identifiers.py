"""Identifiers and instants: parsed once at the border, trusted inside.

An identifier is a prefix that says what it names, an underscore, and 16 random bytes in lower-case hex. Random, so that
neither its value nor its order tells anything about what else exists (DESIGN §1, promise 7).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import ClassVar, NewType, Self

from keys.canonical import LARGEST_INTEGER

__all__ = [
    "LARGEST_INTEGER",
    "BadIdentifier",
    "ConsentId",
    "ConversationId",
    "Identifier",
    "Instant",
    "InvitationId",
    "MatterId",
    "PersonId",
    "ShareId",
    "StatementId",
    "SubjectId",
    "UnitId",
    "UploadId",
    "parse_digest",
    "parse_holder",
    "parse_instant",
]

Instant = NewType("Instant", int)
"""Milliseconds since 1970-01-01T00:00:00Z."""

_is_digest = re.compile(r"[0-9a-f]{64}").fullmatch


class BadIdentifier(ValueError):
    """The text is not an identifier, digest or instant of the asked kind."""


class Identifier(str):
    """A parsed identifier; subclasses fix the prefix."""

    __slots__ = ()
    prefix: ClassVar[str]
    _names: ClassVar[Callable[[str], object]]

    def __init_subclass__(cls) -> None:
        if hasattr(cls, "prefix"):  # a place in the log has none, and parses itself
            cls._names = re.compile(cls.prefix + "_[0-9a-f]{32}").fullmatch

    @classmethod
    def parse(cls, text: object) -> Self:
        """Take `<prefix>_<32 hex>` and nothing else.

        Raises:
            BadIdentifier: any other value.
        """
        if not isinstance(text, str) or not cls._names(text):
            raise BadIdentifier(f"{cls.__name__} is written {cls.prefix}_ and 32 lower-case hex digits")
        return cls(text)

    @classmethod
    def of(cls, random16: bytes) -> Self:
        """Name something new by 16 random bytes that the caller drew."""
        if len(random16) != 16:  # noqa: PLR2004  (the length that `parse` accepts)
            raise BadIdentifier("an identifier takes 16 random bytes")
        return cls(f"{cls.prefix}_{random16.hex()}")


class PersonId(Identifier):
    """A guardian, youth or professional."""

    __slots__ = ()
    prefix = "per"


class UnitId(Identifier):
    """A mailbox that outlives its staff: a BUP clinic, a GP practice, a PPT office, a borough's intake."""

    __slots__ = ()
    prefix = "unt"


class SubjectId(Identifier):
    """The child."""

    __slots__ = ()
    prefix = "sub"


class MatterId(Identifier):
    """One thing going on around a subject."""

    __slots__ = ()
    prefix = "mat"


class ShareId(Identifier):
    """One sealed content sent to its recipients."""

    __slots__ = ()
    prefix = "shr"


class ConsentId(Identifier):
    """The id inside a consent's terms; what is signed and withdrawn is the digest of the terms."""

    __slots__ = ()
    prefix = "con"


class InvitationId(Identifier):
    """An invitation handed over in the room."""

    __slots__ = ()
    prefix = "inv"


class ConversationId(Identifier):
    """A matter and a fixed set of parties."""

    __slots__ = ()
    prefix = "cnv"


class UploadId(Identifier):
    """A resumable upload of ciphertext (tus)."""

    __slots__ = ()
    prefix = "upl"


class StatementId(Identifier):
    """The random id of a statement that carries no number."""

    __slots__ = ()
    prefix = "sta"


def parse_holder(value: object) -> PersonId | UnitId:
    """Take the id of a person or a unit: the two that can hold a key, send and receive.

    Raises:
        BadIdentifier: any other value.
    """
    if isinstance(value, str) and value.startswith(UnitId.prefix):
        return UnitId.parse(value)
    return PersonId.parse(value)


def parse_digest(text: object) -> str:
    """Take a SHA-256 digest as 64 lower-case hex digits.

    Raises:
        BadIdentifier: any other value.
    """
    if not isinstance(text, str) or not _is_digest(text):
        raise BadIdentifier("a digest is 64 lower-case hex digits")
    return text


def parse_instant(value: object) -> Instant:
    """Take milliseconds since 1970 UTC.

    Raises:
        BadIdentifier: not an integer, a boolean, negative, or beyond 2**53 - 1.
    """
    if type(value) is not int or not 0 <= value <= LARGEST_INTEGER:  # `type`, because True is an int too
        raise BadIdentifier("an instant is a whole number of milliseconds since 1970 UTC")
    return Instant(value)
