"""Statements about children: subject sheets, the renewals that prolong them, and the cards that say who it is."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, Self

from keys.canonical import canonical
from keys.encoding import decode, encode
from protocol.consent.authority import Authority
from protocol.consent.case import Holder, Sheet, parse_date
from protocol.consent.fields import ordered, plain
from protocol.consent.vocabulary import Responsibility
from protocol.identifiers import Instant, SubjectId, parse_digest, parse_instant
from protocol.reading import Fields, integer, listed, text

_SHEET = {
    "number": integer,
    "not_after": parse_instant,
    "subject": SubjectId.parse,
    "birth_date": parse_date,
    "responsibility": Responsibility,
    "may_sign": listed(Holder.parse, most=20),
    "may_know": listed(Holder.parse, most=20),
    "authorities": ordered(parse_digest, str, least=0, most=200),
    "card": parse_digest,
    "index": parse_digest,
}


@dataclass(frozen=True, slots=True)
class SheetBody:
    """A registrar's word on a child: birth date, and the complete lists of who may sign and who may know."""

    kind: ClassVar[str] = "subject-sheet"
    number: int
    not_after: Instant
    subject: SubjectId
    birth_date: date
    responsibility: Responsibility
    may_sign: tuple[Holder, ...]
    may_know: tuple[Holder, ...]
    authorities: tuple[str, ...]
    card: str
    index: str

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Take the sheet's members.

        `card` is the subject card's digest, `index` the national id's blind index; `authorities` are the digests, in
        order, of everything in `protocol.statements.authority` that was said about the child, but confirmations.
        """
        return cls(**fields.take_all(_SHEET))

    def to_json(self) -> dict[str, Any]:
        """Return the sheet's members."""
        return {
            "number": self.number,
            "not_after": self.not_after,
            "subject": self.subject,
            "birth_date": self.birth_date.isoformat(),
            "responsibility": str(self.responsibility),
            "may_sign": plain(self.may_sign),
            "may_know": plain(self.may_know),
            "authorities": list(self.authorities),
            "card": self.card,
            "index": self.index,
        }

    def facts(self, not_after: Instant, authorities: tuple[Authority, ...]) -> Sheet:
        """Return what `decide` needs to know, with the end that renewals have moved and what `authorities` come to."""
        return Sheet(
            self.subject,
            self.birth_date,
            self.number,
            not_after,
            self.responsibility,
            self.may_sign,
            self.may_know,
            authorities,
        )


_RENEWAL = {
    "number": integer,
    "not_after": parse_instant,
    "size": integer,
    "root": parse_digest,
}


@dataclass(frozen=True, slots=True)
class RenewalBody:
    """A registrar's word that every sheet under this Merkle root was rechecked and is unchanged until `not_after`."""

    kind: ClassVar[str] = "renewal"
    number: int
    not_after: Instant
    size: int
    root: str

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Take the renewal's members."""
        return cls(**fields.take_all(_RENEWAL))

    def to_json(self) -> dict[str, Any]:
        """Return the renewal's members."""
        return {"number": self.number, "not_after": self.not_after, "size": self.size, "root": self.root}


@dataclass(frozen=True, slots=True)
class SubjectCard:
    """Who the child is: sealed to those concerned, bound to the sheet by its digest, hidden by 32 random bytes."""

    subject: SubjectId
    name: str
    national_id: str
    salt: bytes

    @classmethod
    def parse(cls, value: object) -> Self:
        """Take `{v, subject, name, national_id, salt}`."""
        fields = Fields(value, "subject card")
        fields.version()
        card = cls(
            fields.take("subject", SubjectId.parse),
            fields.take("name", text),
            fields.take("national_id", text),
            fields.take("salt", lambda value: decode(text(value))),
        )
        fields.done()
        return card

    def to_json(self) -> Mapping[str, Any]:
        """Return the form that `parse` takes."""
        return {
            "v": 1,
            "subject": self.subject,
            "name": self.name,
            "national_id": self.national_id,
            "salt": encode(self.salt),
        }

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical form: what the sheet carries."""
        return hashlib.sha256(canonical(self.to_json())).hexdigest()
