"""The values of a verdict on a log: what was found, where, and what it amounts to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

MOST_LISTED = 1_000
"""Findings and undisclosed ranges listed; the rest is counted."""


class Outcome(StrEnum):
    """The verdict in one word."""

    INTACT = "intact"
    CONTRADICTION = "contradiction"
    INCOMPLETE = "incomplete"


class Code(StrEnum):
    """What was found; `_WEIGHT` says what each means for the verdict."""

    CHECKPOINT = "checkpoint"
    """A checkpoint is malformed or not signed by the log, or a known witness's cosignature is wrong."""
    CHANGED = "changed"
    """The entries are not those that the log signed; the sentence names the range."""
    FORK = "fork"
    """The log signed two histories; `evidence` holds the two checkpoints."""
    MALFORMED = "malformed"
    """An entry is not of its form."""
    TIME = "time"
    """An entry is dated before the one ahead of it."""
    DUPLICATE = "duplicate"
    """Two entries have the same id."""
    COMMITMENT = "commitment"
    """Disclosed details are not those that the entry committed to."""
    DETAILS = "details"
    """Details are those committed to, and yet not of their form."""
    ORIGIN = "origin"
    """The export is of another log than the policy's."""
    MISSING = "missing"
    """There are fewer entries than the checkpoint counts."""
    SURPLUS = "surplus"
    """There are entries that the checkpoint does not cover."""
    BEYOND = "beyond"
    """An earlier checkpoint or a receipt shows that the log is longer than this export."""
    ORDER = "order"
    """Earlier checkpoints or disclosures do not come in order, so some could not be used."""
    QUORUM = "quorum"
    """Too few witnesses cosigned."""
    STALE = "stale"
    """The witnesses' cosignatures are too old, or from the future."""
    RECEIPT = "receipt"
    """A receipt proves nothing, so it says nothing of the log either."""
    UNWITNESSED = "unwitnessed"
    """The policy asks for no witness: a log that shows different people different histories is not ruled out."""
    UNDISCLOSED = "undisclosed"
    """The details of some entries were not disclosed."""


_WEIGHT = dict.fromkeys(Code, Outcome.CONTRADICTION)
_WEIGHT |= dict.fromkeys(
    (Code.ORIGIN, Code.MISSING, Code.SURPLUS, Code.BEYOND, Code.ORDER, Code.QUORUM, Code.STALE, Code.RECEIPT),
    Outcome.INCOMPLETE,
)
_WEIGHT |= dict.fromkeys((Code.UNWITNESSED, Code.UNDISCLOSED), Outcome.INTACT)


@dataclass(frozen=True)
class Finding:
    """One thing found: where (an entry's index, or null), and in `evidence` the signed checkpoints to keep."""

    code: Code
    sentence: str
    index: int | None = None
    evidence: tuple[bytes, ...] = ()

    @property
    def weight(self) -> Outcome:
        """What this finding alone makes of the verdict."""
        return _WEIGHT[self.code]


@dataclass(frozen=True)
class Verdict:
    """What can be said of the log. `size` entries were read; `undisclosed` are half-open ranges of indexes.

    At most `MOST_LISTED` findings and ranges are listed; `findings_omitted` and `undisclosed_count` tell the whole.
    """

    outcome: Outcome
    findings: tuple[Finding, ...]
    size: int = 0
    undisclosed: tuple[tuple[int, int], ...] = ()
    undisclosed_count: int = 0
    erasures: int = 0
    findings_omitted: int = 0


@dataclass(frozen=True)
class Disclosed:
    """The blind and the details of the entry at `index`."""

    index: int
    blind: bytes
    details: bytes


class Book:
    """Keeps findings, at most `MOST_LISTED` of them, and the gravest weight among all."""

    def __init__(self) -> None:
        self._findings: list[Finding] = []
        self._omitted = 0
        self._weights: set[Outcome] = set()

    def add(self, code: Code, sentence: str, index: int | None = None, evidence: tuple[bytes, ...] = ()) -> None:
        """Write one finding down."""
        self._weights.add(_WEIGHT[code])
        if len(self._findings) < MOST_LISTED:
            self._findings.append(Finding(code, sentence, index, evidence))
        else:
            self._omitted += 1

    def verdict(self, draft: Verdict) -> Verdict:
        """Complete a verdict by the findings and what they amount to."""
        gravest = next(
            (each for each in (Outcome.CONTRADICTION, Outcome.INCOMPLETE) if each in self._weights), Outcome.INTACT
        )
        return replace(draft, outcome=gravest, findings=tuple(self._findings), findings_omitted=self._omitted)
