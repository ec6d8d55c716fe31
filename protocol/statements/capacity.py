"""Health personnel's record that somebody of 16 or more cannot consent (pbrl § 4-3, DOMAIN E16, E17).

The paragraph asks for a reason in writing, and that the person and the next of kin are told where that is possible.
The reason and which of the law's grounds it is stay with whoever recorded them; the statement carries their digest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from protocol.consent.fields import member, ordered
from protocol.consent.vocabulary import Purpose
from protocol.identifiers import Instant, parse_digest, parse_instant
from protocol.reading import Malformed, one_of
from protocol.statements.facts import ABOUT, FactBody

INFORMED = ("told", "not-possible")
"""What became of telling the person, and the next of kin."""

GROUNDS = ("physical-disorder", "mental-disorder", "dementia", "intellectual-disability")
"""The grounds that the law knows; said among the words that stay with the recorder, never in the statement."""


@dataclass(frozen=True, slots=True)
class CapacityBody(FactBody):
    """Until `holds_to`, when it is to be assessed anew, the person cannot consent for these purposes in this matter."""

    kind: ClassVar[str] = "fact-capacity"
    members: ClassVar[Mapping[str, Callable[[Any], Any]]] = {
        **ABOUT,
        "purposes": ordered(member(Purpose), str, most=len(Purpose)),
        "person_informed": one_of(*INFORMED),
        "kin_informed": one_of(*INFORMED),
        "holds_from": parse_instant,
        "holds_to": parse_instant,
        "ground": parse_digest,
    }
    purposes: tuple[Purpose, ...]
    person_informed: str
    kin_informed: str
    holds_from: Instant
    holds_to: Instant
    ground: str

    def refuse_contradictions(self) -> None:
        """See `FactBody`."""
        if not self.holds_from < self.holds_to:
            raise Malformed(f"{self.kind}.holds_to must lie after holds_from")
