"""Facts that the rules use: what a professional records about a child, signed for a unit and kept in the log.

Bitemporal: each says from when and until when it holds, and is known from its log entry. What lifts a requirement
always has an end; before it, somebody of the same unit can end it by a statement that names it. Words that tell why are
kept by whoever recorded it; the statement carries their salted digest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from keys.canonical import canonical
from keys.encoding import encode
from protocol.consent.fields import plain
from protocol.identifiers import (
    Instant,
    MatterId,
    PersonId,
    StatementId,
    SubjectId,
    UnitId,
    parse_digest,
    parse_instant,
)
from protocol.reading import FORMAT_VERSION, Fields, Malformed, distinct, one_of

UNREACHABLE = "unreachable"
HEARD = ("heard", UNREACHABLE, "not-asked")
"""What became of hearing the guardian who does not sign: was heard, could not be reached, or was not asked."""

CHANNELS = ("letter", "meeting", "message", "phone", "visit")
RESULTS = ("no-answer", "refused-to-answer", "wrong-address")
"""How a guardian was tried, and what came of it. None of them is a yes."""

_MOST_ATTEMPTS = 20


def ground_digest(words: str, subject: SubjectId, salt: bytes) -> str:
    """Return what a statement carries of the words that tell why; `salt` is 32 random bytes."""
    told = {"v": FORMAT_VERSION, "use": "ground", "subject": subject, "words": words, "salt": encode(salt)}
    return hashlib.sha256(canonical(told)).hexdigest()


ABOUT: Mapping[str, Callable[[Any], Any]] = {
    "id": StatementId.parse,
    "unit": UnitId.parse,
    "subject": SubjectId.parse,
    "matter": MatterId.parse,
}
"""What every fact says."""


@dataclass(frozen=True, slots=True)
class FactBody:
    """What all facts say: by which unit, about which child, in which matter; subclasses fix what is said."""

    kind: ClassVar[str]
    members: ClassVar[Mapping[str, Callable[[Any], Any]]]
    id: StatementId
    unit: UnitId
    subject: SubjectId
    matter: MatterId

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Take the fact's members."""
        body = cls(**fields.take_all(cls.members))
        body.refuse_contradictions()
        return body

    def to_json(self) -> dict[str, Any]:
        """Return the fact's members."""
        return {name: plain(getattr(self, name)) for name in self.members}

    def refuse_contradictions(self) -> None:
        """Check what the members say together; raises `Malformed`."""


@dataclass(frozen=True, slots=True)
class OneGuardianBody(FactBody):
    """Health personnel's word that help is necessary to avoid harm, so that this guardian need not sign (pbrl § 4-4).

    `attempts` names the statements of each attempt to reach them: at least one where they could not be reached.
    """

    kind: ClassVar[str] = "fact-one-guardian"
    members: ClassVar[Mapping[str, Callable[[Any], Any]]] = {
        **ABOUT,
        "guardian": PersonId.parse,
        "heard": one_of(*HEARD),
        "attempts": distinct(parse_digest, most=_MOST_ATTEMPTS),
        "holds_from": parse_instant,
        "holds_to": parse_instant,
        "ground": parse_digest,
    }
    guardian: PersonId
    heard: str
    attempts: tuple[str, ...]
    holds_from: Instant
    holds_to: Instant
    ground: str

    def refuse_contradictions(self) -> None:
        """See `FactBody`."""
        if not self.holds_from < self.holds_to:
            raise Malformed(f"{self.kind}.holds_to must lie after holds_from")
        if self.heard == UNREACHABLE and not self.attempts:
            raise Malformed(f"{self.kind}.attempts must name how the guardian was tried")


@dataclass(frozen=True, slots=True)
class AssessmentBody(FactBody):
    """Health personnel's assessment after a youth said no (DOMAIN E14)."""

    kind: ClassVar[str] = "fact-assessment"
    members: ClassVar[Mapping[str, Callable[[Any], Any]]] = {**ABOUT, "ground": parse_digest}
    ground: str


@dataclass(frozen=True, slots=True)
class AttemptBody(FactBody):
    """A guardian was tried and gave no answer. That is never a consent (DOMAIN E5)."""

    kind: ClassVar[str] = "fact-attempt"
    members: ClassVar[Mapping[str, Callable[[Any], Any]]] = {
        **ABOUT,
        "guardian": PersonId.parse,
        "channel": one_of(*CHANNELS),
        "result": one_of(*RESULTS),
        "tried_at": parse_instant,
    }
    guardian: PersonId
    channel: str
    result: str
    tried_at: Instant


@dataclass(frozen=True, slots=True)
class EndBody(FactBody):
    """The fact that this statement (its digest) recorded holds no longer, from this entry on."""

    kind: ClassVar[str] = "fact-end"
    members: ClassVar[Mapping[str, Callable[[Any], Any]]] = {**ABOUT, "fact": parse_digest}
    fact: str


FACTS: tuple[type[FactBody], ...] = (OneGuardianBody, AssessmentBody, AttemptBody, EndBody)
"""The kinds of this family."""
