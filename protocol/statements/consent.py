"""Statements about consent: asked for, signed, refused, objected to, noticed, withdrawn; and the child's hearing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from protocol.consent.terms import Terms
from protocol.identifiers import MatterId, StatementId, SubjectId, UnitId, parse_digest
from protocol.reading import Fields, one_of, optional, text

_REQUEST = {
    "id": StatementId.parse,
    "unit": optional(UnitId.parse),
    "terms": Terms.parse,
}


@dataclass(frozen=True, slots=True)
class RequestBody:
    """The terms as they stand, signed by who asks; `unit` is the unit it asks for, null for the family."""

    kind: ClassVar[str] = "consent-request"
    id: StatementId
    unit: UnitId | None
    terms: Terms

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Take the request's members."""
        return cls(**fields.take_all(_REQUEST))

    def to_json(self) -> dict[str, Any]:
        """Return the request's members."""
        return {"id": self.id, "unit": self.unit, "terms": self.terms.to_json()}


@dataclass(frozen=True, slots=True)
class ConsentAct:
    """One person's word on one consent, named by the digest of its terms; subclasses fix the word."""

    kind: ClassVar[str]
    id: StatementId
    consent: str
    subject: SubjectId
    matter: MatterId

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Take the members all words on a consent share."""
        return cls(*_named_consent(fields))

    def to_json(self) -> dict[str, Any]:
        """Return the members all words on a consent share."""
        return {"id": self.id, "consent": self.consent, "subject": self.subject, "matter": self.matter}


def _named_consent(fields: Fields) -> tuple[StatementId, str, SubjectId, MatterId]:
    return (
        fields.take("id", StatementId.parse),
        fields.take("consent", parse_digest),
        fields.take("subject", SubjectId.parse),
        fields.take("matter", MatterId.parse),
    )


@dataclass(frozen=True, slots=True)
class SignatureBody(ConsentAct):
    """Yes. `text_version` and `language` say which plain-language text was on the screen."""

    kind: ClassVar[str] = "consent-signature"
    text_version: str
    language: str

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Take the signature's members."""
        named = _named_consent(fields)
        return cls(*named, fields.take("text_version", text), fields.take("language", one_of("nb", "en")))

    def to_json(self) -> dict[str, Any]:
        """Return the signature's members."""
        return {**ConsentAct.to_json(self), "text_version": self.text_version, "language": self.language}


class RefusalBody(ConsentAct):
    """No: final for this request."""

    __slots__ = ()
    kind: ClassVar[str] = "consent-refusal"


class ObjectionBody(ConsentAct):
    """No, from a person who need not sign but may object."""

    __slots__ = ()
    kind: ClassVar[str] = "consent-objection"


class NoticeBody(ConsentAct):
    """I have been informed: starts the seven days in which I may object."""

    __slots__ = ()
    kind: ClassVar[str] = "consent-notice"


class WithdrawalBody(ConsentAct):
    """No longer: works for the next request, and never revives."""

    __slots__ = ()
    kind: ClassVar[str] = "consent-withdrawal"


_HEARING = {
    "id": StatementId.parse,
    "subject": SubjectId.parse,
    "matter": MatterId.parse,
    "unit": optional(UnitId.parse),
    "outcome": one_of("for", "against", "unable"),
    "note": optional(parse_digest),
}


@dataclass(frozen=True, slots=True)
class HearingBody:
    """The child's view, by a professional for a unit or by the youth; `note` is the salted digest of sealed words."""

    kind: ClassVar[str] = "hearing"
    id: StatementId
    subject: SubjectId
    matter: MatterId
    unit: UnitId | None
    outcome: str
    note: str | None

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Take the hearing's members."""
        return cls(**fields.take_all(_HEARING))

    def to_json(self) -> dict[str, Any]:
        """Return the hearing's members."""
        return {
            "id": self.id,
            "subject": self.subject,
            "matter": self.matter,
            "unit": self.unit,
            "outcome": self.outcome,
            "note": self.note,
        }


ACTS: tuple[type[ConsentAct], ...] = (SignatureBody, RefusalBody, ObjectionBody, NoticeBody, WithdrawalBody)
"""The words that name one consent."""
