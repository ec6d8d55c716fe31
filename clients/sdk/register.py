"""The guardian register as this program needs it: who has responsibility for a child, who died, who is protected.

`Register` is the interface; `FileRegister` reads an extract from a file, whose form is in docs/register.md. Whatever
fetches from the national register writes such a file, or is a `Register` itself. Nothing here decides: see `recheck`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol, Self

from clients.sdk.errors import Misused
from protocol.consent.case import parse_date
from protocol.consent.fields import closed
from protocol.identifiers import Instant, PersonId, SubjectId, parse_instant
from protocol.national_id import NationalId, Numbers
from protocol.reading import Malformed, integer, listed, optional

VERSION = 1
_MOST = 100_000
_MOST_HOLDERS = 20


class Word(StrEnum):
    """The national register's words on parental responsibility, as it delivers them."""

    JOINT = "felles"
    MOTHER = "mor"
    FATHER = "far"
    CO_MOTHER = "medmor"
    OTHER = "andre"
    UNKNOWN = "ukjent"


class Elsewhere(StrEnum):
    """A holder who is nobody here: no person of this program stands for them."""

    NOT_ENROLLED = "not-enrolled"
    ORGANISATION = "organisation"
    WITHOUT_NUMBER = "without-number"


class Address(StrEnum):
    """How far an address is protected."""

    OPEN = "unclassified"
    CLIENT = "client-address"
    CONFIDENTIAL = "confidential"
    STRICTLY_CONFIDENTIAL = "strictly-confidential"


class LegalCapacity(StrEnum):
    """Whether an adult may act with legal effect."""

    FULL = "full"
    PARTIAL = "partial"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Responsible:
    """One line on parental responsibility; `until` is the first day on which it holds no longer."""

    type: Word
    holder: PersonId | Elsewhere
    since: date | None
    until: date | None

    @classmethod
    def parse(cls, value: object) -> Self:
        """Read `{type, holder, since, until}`; any other shape raises ValueError."""
        read = closed(value, type=Word, holder=_holder, since=optional(parse_date), until=optional(parse_date))
        return cls(**read)

    def holds(self, day: date) -> bool:
        """Say whether it holds on a day."""
        return (self.since is None or self.since <= day) and (self.until is None or day < self.until)


@dataclass(frozen=True, slots=True)
class Adult:
    """What the register says of a person who is enrolled here."""

    person: PersonId
    died: date | None
    address: Address
    capacity: LegalCapacity

    @classmethod
    def parse(cls, value: object) -> Self:
        """Read `{person, died, address, capacity}`; any other shape raises ValueError."""
        read = closed(value, person=PersonId.parse, died=optional(parse_date), address=Address, capacity=LegalCapacity)
        return cls(**read)


@dataclass(frozen=True, slots=True)
class Entry:
    """What the register says of a child who is registered here."""

    subject: SubjectId
    national_id: str = field(repr=False)
    birth_date: date
    died: date | None
    address: Address
    responsibility: tuple[Responsible, ...]


class Register(Protocol):
    """Where a registrar looks up what holds: the register's answer of one moment, on every child registered here."""

    @property
    def as_of(self) -> Instant:
        """When the register was asked."""

    @property
    def adults(self) -> Mapping[PersonId, Adult]:
        """What it says of enrolled persons; who is missing is not known to it."""

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What it says of children, each once."""


@dataclass(frozen=True, slots=True)
class FileRegister:
    """An extract of the register in a file."""

    as_of: Instant
    adults: Mapping[PersonId, Adult]
    entries: tuple[Entry, ...]

    @classmethod
    def read(cls, path: Path, numbers: Numbers = Numbers.SYNTHETIC) -> Self:
        """Read a file strictly.

        Raises:
            Misused: `register-unreadable`, it is not there or no JSON; `bad-register`, it is not of the form in
                docs/register.md, and the message names the place.
        """
        try:
            value = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_once)
        except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
            raise Misused("register-unreadable", f"{path} cannot be read as JSON: {error}", path=path.name) from error
        except Malformed as error:
            raise _bad(path, error) from error
        try:
            return cls.parse(value, numbers)
        except ValueError as error:
            raise _bad(path, error) from error

    @classmethod
    def parse(cls, value: object, numbers: Numbers) -> Self:
        """Read `{v, as_of, persons, children}`; any other shape raises ValueError."""

        def entry(one: object) -> Entry:
            return _entry(one, numbers)

        read = closed(
            value,
            v=_version,
            as_of=parse_instant,
            persons=listed(Adult.parse, most=_MOST),
            children=listed(entry, most=_MOST),
        )
        adults = {each.person: each for each in read["persons"]}
        subjects = {each.subject for each in read["children"]}
        if len(adults) != len(read["persons"]) or len(subjects) != len(read["children"]):
            raise Malformed("a person or child stands in it twice")
        return cls(read["as_of"], adults, read["children"])


def _entry(value: object, numbers: Numbers) -> Entry:
    read = closed(
        value,
        subject=SubjectId.parse,
        national_id=lambda text: NationalId.parse(text, numbers).text,
        birth_date=parse_date,
        died=optional(parse_date),
        address=Address,
        responsibility=listed(Responsible.parse, most=_MOST_HOLDERS),
    )
    return Entry(**read)


def _holder(value: object) -> PersonId | Elsewhere:
    if isinstance(value, str) and value.startswith(PersonId.prefix):
        return PersonId.parse(value)
    if not isinstance(value, str):
        raise Malformed("a holder is a person's id, or a word for whoever is nobody here")
    return Elsewhere(value)


def _version(value: object) -> int:
    if integer(value) != VERSION:
        raise Malformed("this version is unknown: update your client")
    return VERSION


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse an object that names a member twice: which of the two would hold?"""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Malformed("an object names a member twice")
    return found


def _bad(path: Path, error: Exception) -> Misused:
    return Misused(
        "bad-register", f"{path.name} is not an extract of the register: {error}", path=path.name, reason=error
    )
