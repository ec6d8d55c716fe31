"""From recorded facts to what `decide` judges by: which of them may be said, and what they come to.

Server and clients use the same two functions: the server before it takes a fact, a client before it believes one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

from protocol.consent.case import Assessment, ExceptionFact, Incapacity
from protocol.consent.vocabulary import ExceptionKind, Purpose, Regime
from protocol.identifiers import Instant, MatterId, PersonId, SubjectId, UnitId
from protocol.statements.base import Refused, Statement
from protocol.statements.capacity import CapacityBody
from protocol.statements.facts import (
    FACTS,
    UNREACHABLE,
    AssessmentBody,
    AttemptBody,
    EndBody,
    FactBody,
    OneGuardianBody,
)

KINDS: tuple[type[FactBody], ...] = (*FACTS, CapacityBody)
"""Everything that a professional records and the rules use."""

LONGEST = 90 * 24 * 60 * 60 * 1000
"""How long, from its log entry, a ground for one guardian alone may hold before it is assessed anew, milliseconds."""

LONGEST_WITHOUT_CAPACITY = 183 * 24 * 60 * 60 * 1000
"""The same of a record that somebody cannot consent."""

_BY_HEALTH = frozenset({OneGuardianBody.kind, AssessmentBody.kind, CapacityBody.kind})
_LONGEST = {OneGuardianBody.kind: LONGEST, CapacityBody.kind: LONGEST_WITHOUT_CAPACITY}
"""How long each of what must end may hold; nothing else can be ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A fact as it was recorded: what it says, by whom, and when the log took it. What a kind lacks is null."""

    digest: str
    kind: str
    unit: UnitId
    subject: SubjectId
    matter: MatterId
    by: PersonId
    at: Instant
    guardian: PersonId | None = None
    heard: str | None = None
    attempts: tuple[str, ...] = ()
    fact: str | None = None
    purposes: tuple[Purpose, ...] = ()
    holds_from: Instant | None = None
    holds_to: Instant | None = None

    @classmethod
    def of(cls, statement: Statement[Any], at: Instant) -> Self:
        """Take what a verified statement of the family says."""
        body = statement.body
        said = {name: getattr(body, name) for name in _SAID if hasattr(body, name)}
        return cls(digest=statement.digest, kind=body.kind, by=statement.iss, at=at, **said)


_SAID = ("unit", "subject", "matter", "guardian", "heard", "attempts", "fact", "purposes", "holds_from", "holds_to")


class Recognised(NamedTuple):
    """What recorded facts come to in a case."""

    exceptions: tuple[ExceptionFact, ...]
    assessments: tuple[Assessment, ...]
    incapacities: tuple[Incapacity, ...]


def require(new: Recorded, regime: Regime, known: Mapping[str, Recorded]) -> None:
    """Check that a unit of this regime may record this, given the facts already known by digest.

    Raises:
        Refused: `not-entitled`, if only health personnel may; `bad-fact`, if it holds too long, or names attempts or a
            fact that are not there.
    """
    if new.kind in _BY_HEALTH and regime is not Regime.HEALTH:
        raise Refused("not-entitled", "only health personnel may record this")
    if new.holds_to is not None and new.holds_to > new.at + _LONGEST[new.kind]:
        raise Refused("bad-fact", "this may not hold so long before it is assessed anew")
    if new.heard == UNREACHABLE and not all(_tried(new, known.get(digest)) for digest in new.attempts):
        raise Refused("bad-fact", "the attempts to reach the guardian are not recorded")
    if new.kind == EndBody.kind and not _may_end(new, known.get(new.fact or "")):
        raise Refused("bad-fact", "there is no such fact of this unit that can be ended")


def recognise(recorded: Iterable[Recorded]) -> Recognised:
    """Turn facts into what a case holds. An end counts from its own entry; attempts alone change nothing."""
    facts = tuple(recorded)
    ends = {each.fact: each.at for each in sorted(facts, key=lambda each: -each.at) if each.kind == EndBody.kind}
    return Recognised(
        tuple(_one_guardian(each, ends) for each in facts if each.kind == OneGuardianBody.kind),
        tuple(
            Assessment(each.subject, each.matter, each.by, each.at)
            for each in facts
            if each.kind == AssessmentBody.kind
        ),
        tuple(_incapacity(each, ends) for each in facts if each.kind == CapacityBody.kind),
    )


def _tried(ground: Recorded, attempt: Recorded | None) -> bool:
    return (
        attempt is not None
        and attempt.kind == AttemptBody.kind
        and (attempt.unit, attempt.subject, attempt.matter, attempt.guardian)
        == (ground.unit, ground.subject, ground.matter, ground.guardian)
        and attempt.at <= ground.at
    )


def _may_end(end: Recorded, fact: Recorded | None) -> bool:
    return (
        fact is not None
        and fact.kind in _LONGEST
        and (fact.unit, fact.subject, fact.matter) == (end.unit, end.subject, end.matter)
    )


def _one_guardian(fact: Recorded, ends: Mapping[str | None, Instant]) -> ExceptionFact:
    return ExceptionFact(
        kind=ExceptionKind.ONE_GUARDIAN,
        subject=fact.subject,
        matter=fact.matter,
        person=fact.guardian,
        known_at=fact.at,
        holds_from=_begins(fact),
        holds_to=_ends(fact, ends),
    )


def _incapacity(fact: Recorded, ends: Mapping[str | None, Instant]) -> Incapacity:
    return Incapacity(
        subject=fact.subject,
        matter=fact.matter,
        purposes=frozenset(fact.purposes),
        known_at=fact.at,
        holds_from=_begins(fact),
        holds_to=_ends(fact, ends),
    )


def _begins(fact: Recorded) -> Instant:
    return fact.at if fact.holds_from is None else fact.holds_from


def _ends(fact: Recorded, ends: Mapping[str | None, Instant]) -> Instant | None:
    said, ended = fact.holds_to, ends.get(fact.digest)
    return said if ended is None or said is None else min(said, ended)
