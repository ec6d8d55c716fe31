"""The terms of one consent: what is signed as it stands, and named by its digest ever after (DESIGN §5).

JSON form (canonical JSON of it is what the digest is taken over)::

    {"v": 1, "id": "con_…", "subject": "sub_…", "matter": "mat_…", "kind": Kind, "purpose": Purpose,
     "senders": [Party, …], "receivers": [Party, …], "categories": [Category, …],
     "made": Instant, "share_until": Instant, "read_until": Instant, "rules": digest of the rule set,
     "onward": false, "roles": [{"person": id, "act": RoleAct, "rule": rule id}, …],
     "text": {"version": "1", "language": "nb", "body": "…"}}

A Party is `{"unit": "unt_…", "subunits": bool}` or `{"person": "per_…"}`. Parties rise by their id, categories by
their code, roles by (person, act). A role's person is the subject's id when the act is `is-heard`, else a person's id.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Self

from keys.canonical import canonical, rewritten
from protocol.consent.fields import Form, Record, member, ordered, plain, short_text
from protocol.consent.vocabulary import Category, Kind, Language, Purpose, RoleAct
from protocol.identifiers import (
    ConsentId,
    Instant,
    MatterId,
    PersonId,
    SubjectId,
    UnitId,
    parse_digest,
    parse_instant,
)
from protocol.reading import Malformed, boolean, closed, integer

VERSION = 1
CATEGORIES = tuple(str(category) for category in Category)
"""The codes of what a part of a share may be."""

_MOST_PARTIES = 100
_LONGEST_BODY = 20_000


class BadTerms(ValueError):
    """The value is not the terms of a consent."""


@dataclass(frozen=True, slots=True)
class UnitParty(Record):
    """A unit, alone or with every unit below it. Never an employee: consents outlive staff."""

    form: ClassVar[Form] = {"unit": UnitId.parse, "subunits": boolean}
    unit: UnitId
    subunits: bool

    @property
    def id(self) -> UnitId:
        """The unit's id."""
        return self.unit


@dataclass(frozen=True, slots=True)
class PersonParty(Record):
    """One of the family's own persons."""

    form: ClassVar[Form] = {"person": PersonId.parse}
    person: PersonId

    @property
    def id(self) -> PersonId:
        """The person's id."""
        return self.person


Party = UnitParty | PersonParty


def _person_or_subject(value: object) -> PersonId | SubjectId:
    if isinstance(value, str) and value.startswith(SubjectId.prefix):
        return SubjectId.parse(value)
    return PersonId.parse(value)


@dataclass(frozen=True, slots=True)
class Role(Record):
    """What one rule asks of one person; for `is-heard` that person is the subject."""

    form: ClassVar[Form] = {"person": _person_or_subject, "act": member(RoleAct), "rule": short_text(100)}
    person: PersonId | SubjectId
    act: RoleAct
    rule: str

    @classmethod
    def parse(cls, value: object) -> Self:
        """Read one role.

        Raises:
            ValueError: any other shape.
        """
        role = cls(**closed(value, "the role", cls.form))
        if isinstance(role.person, SubjectId) is not (role.act is RoleAct.IS_HEARD):
            raise Malformed("the subject is heard; persons sign, are informed or may object")
        return role


@dataclass(frozen=True, slots=True)
class Text(Record):
    """The plain-language text that the signers were shown."""

    form: ClassVar[Form] = {
        "version": short_text(20),
        "language": member(Language),
        "body": short_text(_LONGEST_BODY),
    }
    version: str
    language: Language
    body: str


@dataclass(frozen=True)
class Terms:
    """The terms of one consent. `digest` names the consent in manifests, asks, withdrawals and receipts."""

    v: int
    id: ConsentId
    subject: SubjectId
    matter: MatterId
    kind: Kind
    purpose: Purpose
    senders: tuple[Party, ...]
    receivers: tuple[Party, ...]
    categories: tuple[Category, ...]
    made: Instant
    share_until: Instant
    read_until: Instant
    rules: str
    onward: bool
    roles: tuple[Role, ...]
    text: Text

    @classmethod
    def parse(cls, value: object) -> Self:
        """Read terms from JSON values, strictly. Whether the law allows them is the question of `law` and `judge`.

        Raises:
            BadTerms: another shape, another version, lists empty, unordered or with duplicates, ends out of order, no
                signer, or an own-sending whose one sender is not a person who also receives the answers.
        """
        try:
            terms = cls(**closed(value, "the terms", _TERMS))
            terms._refuse_contradictions()
            # What was read writes back to the very values it was read from; text that has no canonical form is refused.
            terms.__dict__["digest"] = _digest(rewritten(value))
        except ValueError as error:
            raise BadTerms(f"not the terms of a consent: {error}") from error
        return terms

    def to_json(self) -> dict[str, Any]:
        """Write the terms as the JSON values that `parse` reads."""
        written: dict[str, Any] = plain(self)
        return written

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the canonical terms, in hex."""
        return _digest(canonical(self.to_json()))

    def _refuse_contradictions(self) -> None:
        if self.v != VERSION:
            raise Malformed("these terms have a version this program does not know: update your client")
        if not self.made < self.share_until <= self.read_until:
            raise Malformed("made, share_until and read_until must follow each other")
        if not any(role.act is RoleAct.SIGNS for role in self.roles):
            raise Malformed("nobody is named to sign")
        if any(isinstance(role.person, SubjectId) and role.person != self.subject for role in self.roles):
            raise Malformed("the child to be heard is not the subject")
        if self.purpose is Purpose.OWN_SENDING and not self._answers_come_back():
            raise Malformed("own sending has one person as sender, who is also a receiver")

    def _answers_come_back(self) -> bool:
        return len(self.senders) == 1 and isinstance(self.senders[0], PersonParty) and self.senders[0] in self.receivers


def parse_party(value: object) -> Party:
    """Read a unit or a person as a party.

    Raises:
        ValueError: any other shape.
    """
    if isinstance(value, dict) and "person" in value:
        return PersonParty.parse(value)
    return UnitParty.parse(value)


def _id(party: Party) -> str:
    return party.id


def _role_order(role: Role) -> tuple[str, str]:
    return role.person, role.act


def _digest(written: bytes) -> str:
    return hashlib.sha256(written).hexdigest()


_parties = ordered(parse_party, _id, most=_MOST_PARTIES)
_TERMS: Form = {
    "v": integer,
    "id": ConsentId.parse,
    "subject": SubjectId.parse,
    "matter": MatterId.parse,
    "kind": member(Kind),
    "purpose": member(Purpose),
    "senders": _parties,
    "receivers": _parties,
    "categories": ordered(member(Category), str, most=len(Category)),
    "made": parse_instant,
    "share_until": parse_instant,
    "read_until": parse_instant,
    "rules": parse_digest,
    "onward": boolean,
    "roles": ordered(Role.parse, _role_order, most=_MOST_PARTIES),
    "text": Text.parse,
}
