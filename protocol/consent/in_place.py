"""Rules on who stands in the guardians' place: what an order or a mandate changes in all other rules, as data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from protocol.consent.fields import closed
from protocol.consent.vocabulary import AuthorityKind, Capacity, Purpose
from protocol.consent.wording import WORDING, Footing, require_validity
from protocol.identifiers import Instant
from protocol.reading import Malformed, distinct


class GuardiansSend(StrEnum):
    """What the guardians may still send of their own, where somebody stands in their place and not for that."""

    EVERYTHING = "everything"
    OWN_OBSERVATIONS = "own-observations"


SIGNS = {
    AuthorityKind.CARE_ORDER: Capacity.CHILD_WELFARE,
    AuthorityKind.EMERGENCY_ORDER: Capacity.CHILD_WELFARE,
    AuthorityKind.MANDATE: Capacity.REPRESENTATIVE,
}
"""By what somebody stands in the guardians' place, and on which footing of the sheet."""


# Compared by identity, as rules are.
@dataclass(frozen=True, slots=True, eq=False)
class InPlace:
    """One such rule: by what authority, for which purposes, with its legal reference, validity, and why."""

    id: str
    version: int
    authority: AuthorityKind
    purposes: frozenset[Purpose]
    guardians_send: GuardiansSend
    reference: str
    footing: Footing
    valid_from: Instant
    valid_to: Instant | None
    nb: str
    en: str

    @classmethod
    def parse(cls, value: object) -> Self:
        """Read one rule; any other shape raises ValueError."""
        read = closed(
            value,
            authority=AuthorityKind,
            purposes=distinct(Purpose, least=1),
            guardians_send=GuardiansSend,
            **WORDING,
        )
        rule = cls(**{**read, "purposes": frozenset(read["purposes"])})
        require_validity(rule)
        if rule.authority not in SIGNS:
            raise Malformed(f"rule {rule.id}: by a {rule.authority} nobody stands in the guardians' place")
        return rule
