"""A synthetic family, its services and a complete case, for tests to take apart."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from protocol.consent.age import OSLO
from protocol.consent.ask import Actor, Ask
from protocol.consent.authority import Authority
from protocol.consent.case import (
    AcceptedRules,
    Case,
    ConsentFacts,
    Dated,
    ExceptionFact,
    Hearing,
    Holder,
    Incapacity,
    Membership,
    Sheet,
    Signature,
    UnitFacts,
)
from protocol.consent.narrowing import Less, Narrowing
from protocol.consent.ruleset import current_rules
from protocol.consent.terms import PersonParty, Role, Terms, Text, UnitParty
from protocol.consent.vocabulary import (
    ORDERS,
    Act,
    AuthorityKind,
    Capacity,
    Category,
    Evidence,
    ExceptionKind,
    Kind,
    Language,
    Outcome,
    Purpose,
    Regime,
    Responsibility,
    RoleAct,
)
from protocol.identifiers import ConsentId, Instant, MatterId, PersonId, SubjectId, UnitId

SECOND = 1_000
DAY = 24 * 60 * 60 * SECOND


def person(number: int) -> PersonId:
    return PersonId.of(number.to_bytes(16, "big"))


def unit(number: int) -> UnitId:
    return UnitId.of(number.to_bytes(16, "big"))


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> Instant:
    return Instant(int(datetime(year, month, day, hour, minute, tzinfo=UTC).timestamp()) * SECOND)


def oslo(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> Instant:
    return Instant(int(datetime(year, month, day, hour, minute, tzinfo=OSLO).timestamp()) * SECOND)


def later(at: int, by: int) -> Instant:
    return Instant(at + by)


MOTHER, FATHER, YOUTH, GRANDMOTHER, STRANGER = map(person, range(1, 6))
DOCTOR, PSYCHOLOGIST, TEACHER, NURSE, CASEWORKER, SUCCESSOR = map(person, range(11, 17))
GP, BUP, BUP_TEAM, SCHOOL, PPT, BOROUGH, WELFARE = map(unit, range(1, 8))
CHILD = SubjectId.of((1).to_bytes(16, "big"))
OTHER_CHILD = SubjectId.of((2).to_bytes(16, "big"))
MATTER = MatterId.of((1).to_bytes(16, "big"))
OTHER_MATTER = MatterId.of((2).to_bytes(16, "big"))
MADE = utc(2026, 9, 1, 8)
SIGNED = later(MADE, DAY)
NOW = later(MADE, 10 * DAY)
BORN = {
    3: date(2023, 5, 4),
    8: date(2018, 5, 4),
    13: date(2013, 5, 4),
    15: date(2011, 5, 4),
    16: date(2010, 5, 4),
    19: date(2007, 5, 4),
}
"""Birth dates by age at NOW, well away from any birthday."""


def holder(
    who: PersonId, capacity: Capacity = Capacity.GUARDIAN, *, since: int = 0, until: int | None = None, known: int = 0
) -> Holder:
    return Holder(
        person=who,
        capacity=capacity,
        holds_from=Instant(since),
        holds_to=None if until is None else Instant(until),
        known_at=Instant(known),
    )


def sheet(born: date = BORN[8], **changes: Any) -> Sheet:
    signers = (holder(MOTHER), holder(FATHER), holder(YOUTH, Capacity.SELF))
    plain = Sheet(
        subject=CHILD,
        birth_date=born,
        number=7,
        not_after=later(NOW, 20 * DAY),
        responsibility=Responsibility.JOINT,
        may_sign=signers,
        may_know=(*signers, holder(GRANDMOTHER, Capacity.FAMILY)),
    )
    return replace(plain, **changes)


def _unit_facts(regime: Regime, *ancestors: UnitId) -> UnitFacts:
    return UnitFacts(regime, frozenset(ancestors), later(NOW, 60 * DAY), active=True)


UNITS = {
    GP: _unit_facts(Regime.HEALTH),
    BUP: _unit_facts(Regime.HEALTH),
    BUP_TEAM: _unit_facts(Regime.HEALTH, BUP),
    SCHOOL: _unit_facts(Regime.EDUCATION),
    PPT: _unit_facts(Regime.EDUCATION),
    BOROUGH: _unit_facts(Regime.OTHER),
    WELFARE: _unit_facts(Regime.CHILD_WELFARE),
}
STAFF = {GP: DOCTOR, BUP: PSYCHOLOGIST, BUP_TEAM: PSYCHOLOGIST, SCHOOL: TEACHER, PPT: TEACHER, BOROUGH: NURSE}


def narrowing(who: PersonId, at: int = NOW, **less: Any) -> Narrowing:
    return Narrowing(who, Instant(at), Less(**less))


def membership(who: PersonId, where: UnitId, *, since: int = 0, until: int | None = None) -> Membership:
    return Membership(
        person=who, unit=where, holds_from=Instant(since), holds_to=None if until is None else Instant(until)
    )


def party(who: UnitId | PersonId, *, subunits: bool = False) -> UnitParty | PersonParty:
    return UnitParty(who, subunits) if isinstance(who, UnitId) else PersonParty(who)


def parties(*who: UnitId | PersonId) -> tuple[UnitParty | PersonParty, ...]:
    return tuple(party(each) for each in sorted(who))


def terms(**changes: Any) -> Terms:
    rule = "no/information/7-11"
    plain = Terms(
        v=1,
        id=ConsentId.of((1).to_bytes(16, "big")),
        subject=CHILD,
        matter=MATTER,
        kind=Kind.DISCLOSURE,
        purpose=Purpose.INFORMATION,
        senders=parties(GP),
        receivers=parties(BUP),
        categories=(Category.HEALTH_NOTE, Category.MESSAGE),
        made=MADE,
        share_until=later(MADE, 60 * DAY),
        read_until=later(MADE, 200 * DAY),
        rules=current_rules().digest,
        onward=False,
        roles=(
            Role(MOTHER, RoleAct.SIGNS, rule),
            Role(FATHER, RoleAct.SIGNS, rule),
            Role(CHILD, RoleAct.IS_HEARD, rule),
        ),
        text=Text("1", Language.BOKMAL, "Samtykke"),
    )
    return replace(plain, **changes)


def signature(who: PersonId, at: int = SIGNED, evidence: Evidence = Evidence.OWN_KEY) -> Signature:
    return Signature(who, Instant(at), evidence)


def dated(who: PersonId, at: int = SIGNED) -> Dated:
    return Dated(who, Instant(at))


def heard(outcome: Outcome = Outcome.FOR, at: int = SIGNED) -> Hearing:
    return Hearing(CHILD, MATTER, outcome, DOCTOR, Instant(at))


def consent(*signers: PersonId, **changes: Any) -> ConsentFacts:
    """A consent signed by these; what is no field of ConsentFacts changes the terms."""
    facts = {name: changes.pop(name) for name in tuple(changes) if name in ConsentFacts.__dataclass_fields__}
    signatures = tuple(signature(each) for each in signers)
    return ConsentFacts(**{"terms": terms(**changes), "requested_at": MADE, "signatures": signatures, **facts})


BOTH = consent(MOTHER, FATHER)
"""In force for a child of 3, and of 8 who was heard."""


def case(*consents: ConsentFacts, **changes: Any) -> Case:
    rules = AcceptedRules(digest=current_rules().digest, holds_from=Instant(0), holds_to=None)
    plain = Case(
        sheet=sheet(),
        units=UNITS,
        memberships=tuple(membership(who, where) for where, who in STAFF.items()),
        consents=consents,
        hearings=(heard(),),
        assessments=(),
        shields=(),
        exceptions=(),
        rule_sets=(rules,),
    )
    return replace(plain, **changes)


def exception(kind: ExceptionKind = ExceptionKind.ONE_GUARDIAN, **changes: Any) -> ExceptionFact:
    """Return an exception; the father need not sign, unless told otherwise."""
    plain = ExceptionFact(
        kind=kind,
        subject=CHILD,
        matter=MATTER,
        person=FATHER,
        known_at=SIGNED,
        holds_from=SIGNED,
        holds_to=None,
    )
    return replace(plain, **changes)


def authority(kind: AuthorityKind = AuthorityKind.CARE_ORDER, **changes: Any) -> Authority:
    """An order by which the caseworker signs, recorded and confirmed when the family signed; or what is told."""
    order = kind in ORDERS
    plain = Authority(
        kind=kind,
        unit=WELFARE if order else None,
        persons=(CASEWORKER,),
        purposes=tuple(sorted(set(Purpose) - {Purpose.OWN_SENDING})) if order else (),
        recorded_at=SIGNED,
        known_at=SIGNED,
        not_after=later(NOW, 300 * DAY),
        ending_at=None,
        ended_at=None,
        holds_from=SIGNED,
        holds_to=None,
    )
    return replace(plain, **changes)


def incapacity(**changes: Any) -> Incapacity:
    """Return a record that the child cannot consent to sharing information, from before the consent until after now."""
    plain = Incapacity(
        subject=CHILD,
        matter=MATTER,
        purposes=frozenset({Purpose.INFORMATION}),
        known_at=MADE,
        holds_from=MADE,
        holds_to=later(NOW, DAY),
    )
    return replace(plain, **changes)


def actor(who: UnitId | PersonId) -> Actor:
    return Actor(STAFF[who], who) if isinstance(who, UnitId) else Actor(who, None)


def share(*consents: ConsentFacts, **changes: Any) -> Ask:
    first = consents[0].terms if consents else terms()
    plain = Ask(
        act=Act.SHARE,
        subject=CHILD,
        matter=MATTER,
        purpose=first.purpose,
        sender=actor(first.senders[0].id),
        receivers=(first.receivers[0].id,),
        reader=None,
        categories=first.categories,
        consents=tuple(each.terms.digest for each in consents),
        shared_at=None,
    )
    return replace(plain, **changes)


def opening(*consents: ConsentFacts, shared_at: int, **changes: Any) -> Ask:
    asked = share(*consents)
    plain = replace(asked, act=Act.OPEN, receivers=(), reader=actor(asked.receivers[0]), shared_at=Instant(shared_at))
    return replace(plain, **changes)
