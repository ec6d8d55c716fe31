"""The statement by which somebody takes back a part of a consent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from protocol.consent.narrowing import LESS, Less
from protocol.identifiers import MatterId, StatementId, SubjectId, parse_digest
from protocol.reading import Fields
from protocol.statements.consent import ACTS, ConsentAct, WithdrawalBody
from protocol.statements.invalidating import INVALIDATING, INVALIDATIONS
from protocol.statements.recorded import RECORDED_WORDS, RecordedAct, RecordedWithdrawalBody

_NAMED = {"id": StatementId.parse, "consent": parse_digest, "subject": SubjectId.parse, "matter": MatterId.parse}


@dataclass(frozen=True, slots=True)
class NarrowingBody(ConsentAct):
    """No longer this: these recipients, these categories, or anything after an earlier end. It only takes away."""

    kind: ClassVar[str] = "consent-narrowing"
    less: Less

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Take the narrowing's members."""
        named, less = fields.take_all(_NAMED), fields.take_all(LESS)
        return cls(**named, less=Less(**less).checked())

    def to_json(self) -> dict[str, Any]:
        """Return the narrowing's members."""
        return {**ConsentAct.to_json(self), **self.less.to_json()}


WORDS: tuple[type[ConsentAct], ...] = (*ACTS, NarrowingBody, *RECORDED_WORDS, *INVALIDATIONS)
"""Everything that can be said on one consent."""

WRITTEN_DOWN = frozenset(word.kind for word in WORDS if issubclass(word, RecordedAct))
"""The kinds that name a unit: what is written down for others."""

TAKING_BACK = frozenset({WithdrawalBody.kind, NarrowingBody.kind, RecordedWithdrawalBody.kind}) | INVALIDATING
"""The words that take a consent back, whole or in part: whoever may say the one may say the other."""
