"""Everything that `decide` needs to know, as frozen facts, with a JSON form that any language can read.

JSON form of a Case (closed: every field is present, none is added; times are instants in milliseconds UTC; every
interval is half-open `[holds_from, holds_to)` and `holds_to` may be null for "no end known")::

    {"v": 1,
     "sheet": null | {"subject", "birth_date": "YYYY-MM-DD", "number", "not_after",
                      "responsibility": "joint" | "sole" | "other" | "unknown",
                      "may_sign": [Holder, …], "may_know": [Holder, …], "authorities": [Authority, …]},
     "units": {"unt_…": {"regime": Regime, "ancestors": ["unt_…", …], "not_after", "active": bool,
                           "own_keys_only": bool}, …},
     "memberships": [{"person", "unit", "holds_from", "holds_to"}, …],
     "consents": [{"terms": Terms, "requested_at",
                   "signatures": [{"person", "at", "evidence": "own-key" | "recorded",
                                   "disputed_at": null | Instant}, …],
                   "refusals": [Dated, …], "objections": [Dated, …], "withdrawals": [Dated, …],
                   "notices": [Dated, …], "narrowings": [Narrowing, …], "invalidations": [Dated, …]}, …],
     "hearings": [{"subject", "matter", "outcome": "for" | "against" | "unable", "by", "at"}, …],
     "assessments": [{"subject", "matter", "by", "at"}, …],
     "shields": [{"matter", "persons": ["per_…", …], "hides": [Aspect, …], "provisional": bool,
                  "holds_from", "holds_to"}, …],
     "exceptions": [{"kind": ExceptionKind, "subject", "matter": null | "mat_…", "person": null | "per_…", "known_at",
                     "holds_from", "holds_to"}, …],
     "rule_sets": [{"digest", "holds_from", "holds_to"}, …],
     "recorded": bool,
     "incapacities": [{"subject", "matter", "purposes": [Purpose, …], "known_at", "holds_from", "holds_to"}, …]}

A Holder is `{"person", "capacity": Capacity, "holds_from", "holds_to", "known_at"}`. A Dated is `{"person", "at"}`.
A Narrowing is described in `protocol.consent.narrowing`, an Authority in `protocol.consent.authority`.
`units` holds every unit that the asked consents or the ask name, ended ones too. Past holders stay on the sheet with
their end, so that what was signed before a change can still be judged; a blocked person is simply absent.
The facts are taken as verified: signatures, chains and log positions are judged before a Case is built.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, ClassVar, Self

from protocol.consent.authority import Authority
from protocol.consent.fields import Form, Record, member, plain, set_of
from protocol.consent.interval import Interval
from protocol.consent.narrowing import Narrowing
from protocol.consent.terms import Terms
from protocol.consent.vocabulary import (
    ALL_ASPECTS,
    Aspect,
    Capacity,
    Evidence,
    ExceptionKind,
    Outcome,
    Purpose,
    Regime,
    Responsibility,
)
from protocol.identifiers import Instant, MatterId, PersonId, SubjectId, UnitId, parse_digest, parse_instant
from protocol.reading import Malformed, boolean, closed, integer, listed, optional

VERSION = 1
_MOST = 10_000

_maybe_instant = optional(parse_instant)


class BadCase(ValueError):
    """The value is not the JSON form of a case or an ask."""


def parse_date(value: object) -> date:
    """Read `YYYY-MM-DD`.

    Raises:
        ValueError: any other text.
    """
    if not isinstance(value, str) or len(value) != len("YYYY-MM-DD"):
        raise Malformed("a date is written YYYY-MM-DD")
    day = date.fromisoformat(value)
    if day.isoformat() != value:
        raise Malformed("a date is written YYYY-MM-DD")
    return day


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder(Interval):
    """A person on a subject sheet; `known_at` is when the registrar learnt it."""

    form: ClassVar[Form] = {
        **Interval.form,
        "person": PersonId.parse,
        "capacity": member(Capacity),
        "known_at": parse_instant,
    }
    person: PersonId
    capacity: Capacity
    known_at: Instant


@dataclass(frozen=True, slots=True)
class Sheet(Record):
    """A registrar's statement on a child: birth date and complete lists of who may sign and who may know."""

    form: ClassVar[Form] = {
        "subject": SubjectId.parse,
        "birth_date": parse_date,
        "number": integer,
        "not_after": parse_instant,
        "responsibility": member(Responsibility),
        "may_sign": listed(Holder.parse, most=_MOST),
        "may_know": listed(Holder.parse, most=_MOST),
        "authorities": listed(Authority.parse, most=_MOST),
    }
    subject: SubjectId
    birth_date: date
    number: int
    not_after: Instant
    responsibility: Responsibility
    may_sign: tuple[Holder, ...]
    may_know: tuple[Holder, ...]
    authorities: tuple[Authority, ...] = ()
    """What two registrars determined beside the lists, in the log's order."""


@dataclass(frozen=True, slots=True)
class UnitFacts(Record):
    """What is known of a unit: regime, every unit above it, its end, and whether it takes part at all."""

    form: ClassVar[Form] = {
        "regime": member(Regime),
        "ancestors": set_of(UnitId.parse, most=_MOST),
        "not_after": parse_instant,
        "active": boolean,
        "own_keys_only": boolean,
    }
    regime: Regime
    ancestors: frozenset[UnitId]
    not_after: Instant
    active: bool
    own_keys_only: bool = False
    """Whether nothing is received here on a signature that a professional recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership(Interval):
    """A person admitted to a unit."""

    form: ClassVar[Form] = {**Interval.form, "person": PersonId.parse, "unit": UnitId.parse}
    person: PersonId
    unit: UnitId


@dataclass(frozen=True, slots=True)
class Dated(Record):
    """A person's refusal, objection or withdrawal, or a notice to a person, at an instant."""

    form: ClassVar[Form] = {"person": PersonId.parse, "at": parse_instant}
    person: PersonId
    at: Instant


@dataclass(frozen=True, slots=True)
class Signature(Record):
    """A person's yes to the terms; one that a professional recorded may have been disputed by the person since."""

    form: ClassVar[Form] = {
        "person": PersonId.parse,
        "at": parse_instant,
        "evidence": member(Evidence),
        "disputed_at": _maybe_instant,
    }
    person: PersonId
    at: Instant
    evidence: Evidence
    disputed_at: Instant | None = None


_dated = listed(Dated.parse, most=_MOST)


@dataclass(frozen=True, slots=True)
class ConsentFacts(Record):
    """One consent: its terms and everything people did about it. Its state is derived, never stored."""

    form: ClassVar[Form] = {
        "terms": Terms.parse,
        "requested_at": parse_instant,
        "signatures": listed(Signature.parse, most=_MOST),
        "refusals": _dated,
        "objections": _dated,
        "withdrawals": _dated,
        "notices": _dated,
        "narrowings": listed(Narrowing.parse, most=_MOST),
        "invalidations": _dated,
    }
    terms: Terms
    requested_at: Instant
    signatures: tuple[Signature, ...] = ()
    refusals: tuple[Dated, ...] = ()
    objections: tuple[Dated, ...] = ()
    withdrawals: tuple[Dated, ...] = ()
    notices: tuple[Dated, ...] = ()
    narrowings: tuple[Narrowing, ...] = ()
    invalidations: tuple[Dated, ...] = ()
    """Those of the withdrawals that declare the consent void from the beginning."""


@dataclass(frozen=True, slots=True)
class Hearing(Record):
    """The child's view in a matter, recorded by a professional or the youth."""

    form: ClassVar[Form] = {
        "subject": SubjectId.parse,
        "matter": MatterId.parse,
        "outcome": member(Outcome),
        "by": PersonId.parse,
        "at": parse_instant,
    }
    subject: SubjectId
    matter: MatterId
    outcome: Outcome
    by: PersonId
    at: Instant


@dataclass(frozen=True, slots=True)
class Assessment(Record):
    """A professional's signed assessment after a youth said no (DOMAIN E14)."""

    form: ClassVar[Form] = {
        "subject": SubjectId.parse,
        "matter": MatterId.parse,
        "by": PersonId.parse,
        "at": parse_instant,
    }
    subject: SubjectId
    matter: MatterId
    by: PersonId
    at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Shield(Interval):
    """Persons from whom something of a matter is hidden. A provisional shield changes no one's need to sign."""

    form: ClassVar[Form] = {
        **Interval.form,
        "matter": MatterId.parse,
        "persons": set_of(PersonId.parse, least=1, most=_MOST),
        "hides": set_of(member(Aspect), least=1, most=len(ALL_ASPECTS)),
        "provisional": boolean,
    }
    matter: MatterId
    persons: frozenset[PersonId]
    hides: frozenset[Aspect] = ALL_ASPECTS
    provisional: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ExceptionFact(Interval):
    """One of the law's exceptions, for one matter or, with null, for everything around the subject.

    `person` is whose signature it makes unnecessary, null for kinds that name nobody; `known_at` when the log took it.
    """

    form: ClassVar[Form] = {
        **Interval.form,
        "kind": member(ExceptionKind),
        "subject": SubjectId.parse,
        "matter": optional(MatterId.parse),
        "person": optional(PersonId.parse),
        "known_at": parse_instant,
    }
    kind: ExceptionKind
    subject: SubjectId
    matter: MatterId | None
    person: PersonId | None
    known_at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Incapacity(Interval):
    """Health personnel's record that the subject, 16 or more, cannot consent for these purposes (pbrl § 4-3).

    `known_at` is when the log took it.
    """

    form: ClassVar[Form] = {
        **Interval.form,
        "subject": SubjectId.parse,
        "matter": MatterId.parse,
        "purposes": set_of(member(Purpose), least=1, most=len(Purpose)),
        "known_at": parse_instant,
    }
    subject: SubjectId
    matter: MatterId
    purposes: frozenset[Purpose]
    known_at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedRules(Interval):
    """A rule set that the policy accepts for terms made within the interval."""

    form: ClassVar[Form] = {**Interval.form, "digest": parse_digest}
    digest: str


@dataclass(frozen=True)
class Case:
    """All facts around one ask, as known to whoever decides."""

    sheet: Sheet | None
    units: Mapping[UnitId, UnitFacts]
    memberships: tuple[Membership, ...]
    consents: tuple[ConsentFacts, ...]
    hearings: tuple[Hearing, ...]
    assessments: tuple[Assessment, ...]
    shields: tuple[Shield, ...]
    exceptions: tuple[ExceptionFact, ...]
    rule_sets: tuple[AcceptedRules, ...]
    recorded: bool = False
    """Whether the policy accepts signatures that professionals recorded."""
    incapacities: tuple[Incapacity, ...] = ()

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read a case, strictly.

        Raises:
            BadCase: any other shape, or another version.
        """
        try:
            read = closed(value, "the case", _CASE)
        except ValueError as error:
            raise BadCase(f"not a case: {error}") from error
        del read["v"]
        return cls(**read)

    def to_json(self) -> dict[str, Any]:
        """Write the case as the JSON values that `from_json` reads."""
        return {"v": VERSION, **plain(self)}

    @cached_property
    def by_digest(self) -> Mapping[str, ConsentFacts]:
        """The consents by the digest of their terms."""
        return {consent.terms.digest: consent for consent in self.consents}


def _version(value: object) -> int:
    if integer(value) != VERSION:
        raise Malformed("this version is unknown: update your client")
    return VERSION


def _units(value: object) -> dict[UnitId, UnitFacts]:
    if not isinstance(value, dict):
        raise Malformed("units are an object by unit id")
    return {UnitId.parse(name): UnitFacts.parse(facts) for name, facts in value.items()}


_CASE: Form = {
    "v": _version,
    "sheet": optional(Sheet.parse),
    "units": _units,
    "memberships": listed(Membership.parse, most=_MOST),
    "consents": listed(ConsentFacts.parse, most=_MOST),
    "hearings": listed(Hearing.parse, most=_MOST),
    "assessments": listed(Assessment.parse, most=_MOST),
    "shields": listed(Shield.parse, most=_MOST),
    "exceptions": listed(ExceptionFact.parse, most=_MOST),
    "rule_sets": listed(AcceptedRules.parse, most=_MOST),
    "recorded": boolean,
    "incapacities": listed(Incapacity.parse, most=_MOST),
}
