"""What a professional writes down for somebody who has no key: marked as recorded wherever it is shown (DESIGN §5).

The professional signs for a unit that takes part in the consent; the words are the person's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from protocol.identifiers import MatterId, PersonId, StatementId, SubjectId, UnitId, parse_digest
from protocol.reading import Fields, one_of, optional, text, text_up_to
from protocol.statements.base import Statement
from protocol.statements.consent import ConsentAct

FORMS = ("oral", "paper")
"""How the person said it: in the room or by telephone, or in writing."""

IDENTITIES = ("call-back", "document", "known")
"""How it was checked who the person is: called back on a known number, showed a document, or is known."""

_LONGEST_LANGUAGE = 40

_ABOUT = {
    "id": StatementId.parse,
    "consent": parse_digest,
    "subject": SubjectId.parse,
    "matter": MatterId.parse,
}
_NAMED = {
    **_ABOUT,
    "unit": UnitId.parse,
    "person": PersonId.parse,
    "form": one_of(*FORMS),
}
_SIGNATURE = {
    **_NAMED,
    "identity": one_of(*IDENTITIES),
    "interpreter": optional(text_up_to(_LONGEST_LANGUAGE)),
    "scan": optional(parse_digest),
    "text_version": text,
    "language": one_of("nb", "en"),
}
_CONFIRMATION = {**_NAMED, "recorded": parse_digest}
_DISPUTE = {**_ABOUT, "recorded": parse_digest}


@dataclass(frozen=True, slots=True)
class RecordedAct(ConsentAct):
    """A person's word on one consent, written down for a unit; subclasses fix the word."""

    unit: UnitId
    person: PersonId
    form: str

    def to_json(self) -> dict[str, Any]:
        """Return the members all recorded words share."""
        return {**ConsentAct.to_json(self), "unit": self.unit, "person": self.person, "form": self.form}


@dataclass(frozen=True, slots=True)
class RecordedWithdrawalBody(RecordedAct):
    """No longer, says a person who withdraws through a professional: works at once, like their own."""

    kind: ClassVar[str] = "recorded-withdrawal"

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Take the withdrawal's members."""
        return cls(**fields.take_all(_NAMED))


@dataclass(frozen=True, slots=True)
class RecordedSignatureBody(RecordedAct):
    """Yes, says a person to whom the text was read; it counts once a second professional confirms it.

    `identity` is how it was checked who it is; `interpreter` the language of an interpreter, `scan` a salted
    digest of a scan of the signed paper, kept where papers are kept; null where there was none.
    """

    kind: ClassVar[str] = "recorded-signature"
    identity: str
    interpreter: str | None
    scan: str | None
    text_version: str
    language: str

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Take the signature's members."""
        return cls(**fields.take_all(_SIGNATURE))

    def to_json(self) -> dict[str, Any]:
        """Return the signature's members."""
        return {
            **RecordedAct.to_json(self),
            "identity": self.identity,
            "interpreter": self.interpreter,
            "scan": self.scan,
            "text_version": self.text_version,
            "language": self.language,
        }


@dataclass(frozen=True, slots=True)
class RecordedConfirmationBody(RecordedAct):
    """I am another member of the same unit, and the person said to me too that this is so."""

    kind: ClassVar[str] = "recorded-confirmation"
    recorded: str

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Take the confirmation's members; `recorded` is the digest of the signature."""
        return cls(**fields.take_all(_CONFIRMATION))

    def to_json(self) -> dict[str, Any]:
        """Return the confirmation's members."""
        return {**RecordedAct.to_json(self), "recorded": self.recorded}


@dataclass(frozen=True, slots=True)
class DisputeBody(ConsentAct):
    """I did not say what was recorded of me: that record counts for nothing from here on."""

    kind: ClassVar[str] = "recorded-dispute"
    recorded: str

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Take the dispute's members; `recorded` is the digest of the signature that was recorded."""
        return cls(**fields.take_all(_DISPUTE))

    def to_json(self) -> dict[str, Any]:
        """Return the dispute's members."""
        return {**ConsentAct.to_json(self), "recorded": self.recorded}


RECORDED_WORDS: tuple[type[ConsentAct], ...] = (
    RecordedSignatureBody,
    RecordedConfirmationBody,
    RecordedWithdrawalBody,
    DisputeBody,
)
"""What is written down for others of their yes or withdrawal, and what they say against it."""


def spoken_for(statement: Statement[Any]) -> PersonId:
    """Return whose word it is: the person a professional wrote it down for, or who signed."""
    body = statement.body
    return body.person if isinstance(body, RecordedAct) else statement.iss
