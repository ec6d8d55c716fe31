"""Strategies that draw asks and cases: mostly near what is permitted, so that both answers are common."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from hypothesis import strategies as st

from protocol.consent.ask import Actor, Ask
from protocol.consent.authority import Authority
from protocol.consent.case import (
    AcceptedRules,
    Assessment,
    Case,
    ConsentFacts,
    ExceptionFact,
    Hearing,
    Sheet,
    Shield,
    UnitFacts,
)
from protocol.consent.ruleset import current_rules
from protocol.consent.terms import Role, Terms
from protocol.consent.vocabulary import (
    Act,
    AuthorityKind,
    Capacity,
    Category,
    Evidence,
    ExceptionKind,
    Kind,
    Outcome,
    Purpose,
    Regime,
    Responsibility,
    RoleAct,
)
from protocol.identifiers import LARGEST_INTEGER, Instant, PersonId, UnitId
from tests.unit.consent import family as f

PEOPLE = (f.MOTHER, f.FATHER, f.YOUTH, f.GRANDMOTHER, f.STRANGER)
UNITS = (f.GP, f.BUP, f.BUP_TEAM, f.SCHOOL, f.BOROUGH, f.unit(99))
INSTANTS = st.one_of(
    st.sampled_from((f.MADE, f.SIGNED, f.NOW, f.terms().share_until, f.terms().read_until)).flatmap(
        lambda at: st.integers(-1, 1).map(lambda by: Instant(at + by))
    ),
    st.integers(0, LARGEST_INTEGER).map(Instant),
)
MAYBE = st.one_of(st.none(), INSTANTS)
PARTIES = st.sampled_from((*UNITS, *PEOPLE))
CATEGORIES = st.lists(st.sampled_from(tuple(Category)), max_size=3, unique=True).map(lambda found: tuple(sorted(found)))
SIGNATURES = st.lists(st.builds(f.signature, st.sampled_from(PEOPLE), INSTANTS, st.sampled_from(Evidence)), max_size=4)
WORDS = st.lists(st.builds(f.dated, st.sampled_from(PEOPLE), INSTANTS), max_size=2).map(tuple)
HOLDERS = st.lists(
    st.builds(
        f.holder, st.sampled_from(PEOPLE), st.sampled_from(Capacity), since=INSTANTS, until=MAYBE, known=INSTANTS
    ),
    max_size=4,
).map(tuple)
BIRTHS = st.one_of(st.sampled_from(tuple(f.BORN.values())), st.dates())
INTERVAL: dict[str, Any] = {"holds_from": INSTANTS, "holds_to": MAYBE}
AUTHORITIES = st.lists(
    st.builds(
        Authority,
        kind=st.sampled_from(AuthorityKind),
        unit=st.sampled_from((None, f.WELFARE)),
        persons=st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=2, unique=True).map(
            lambda who: tuple(sorted(who))
        ),
        purposes=st.sampled_from(((), tuple(sorted(Purpose)), (Purpose.INFORMATION,))),
        recorded_at=INSTANTS,
        known_at=MAYBE,
        not_after=INSTANTS,
        ending_at=MAYBE,
        ended_at=MAYBE,
        **INTERVAL,
    ),
    max_size=2,
).map(tuple)


def terms() -> st.SearchStrategy[Terms]:
    """Well-typed terms of any sort, lawful or not."""
    parties = st.lists(
        st.builds(lambda who, below: f.party(who, subunits=below), PARTIES, st.booleans()), max_size=3
    ).map(tuple)
    roles = st.lists(st.builds(Role, st.sampled_from(PEOPLE), st.sampled_from(RoleAct), st.just("r")), max_size=3)
    return st.builds(
        replace,
        st.just(f.terms()),
        v=st.sampled_from((1, 1, 1, 2)),
        subject=st.sampled_from((f.CHILD, f.CHILD, f.OTHER_CHILD)),
        kind=st.sampled_from(Kind),
        purpose=st.sampled_from(Purpose),
        senders=parties,
        receivers=parties,
        categories=CATEGORIES,
        made=INSTANTS,
        share_until=INSTANTS,
        read_until=INSTANTS,
        rules=st.sampled_from((current_rules().digest, "0" * 64)),
        roles=roles.map(tuple),
    )


def consents() -> st.SearchStrategy[ConsentFacts]:
    """One consent with whatever people did about it."""
    return st.builds(
        ConsentFacts,
        st.one_of(st.just(f.terms()), terms()),
        INSTANTS,
        SIGNATURES.map(tuple),
        WORDS,
        WORDS,
        WORDS,
        WORDS,
    )


def cases(of: tuple[ConsentFacts, ...]) -> st.SearchStrategy[Case]:
    """Any case around these consents."""
    sheets = st.builds(
        Sheet,
        st.just(f.CHILD),
        BIRTHS,
        st.integers(0, 9),
        INSTANTS,
        st.sampled_from(Responsibility),
        HOLDERS,
        HOLDERS,
        AUTHORITIES,
    )
    facts = st.builds(
        UnitFacts,
        st.sampled_from(Regime),
        st.frozensets(st.sampled_from(UNITS), max_size=2),
        INSTANTS,
        st.booleans(),
    )
    hearing = st.builds(
        Hearing, st.just(f.CHILD), st.just(f.MATTER), st.sampled_from(Outcome), st.just(f.DOCTOR), INSTANTS
    )
    assessment = st.builds(Assessment, st.just(f.CHILD), st.just(f.MATTER), st.just(f.DOCTOR), INSTANTS)
    shield = st.builds(
        Shield,
        matter=st.just(f.MATTER),
        persons=st.frozensets(st.sampled_from(PEOPLE)),
        provisional=st.booleans(),
        **INTERVAL,
    )
    exceptional = st.builds(
        ExceptionFact,
        kind=st.sampled_from(ExceptionKind),
        subject=st.just(f.CHILD),
        matter=st.sampled_from((None, f.MATTER)),
        person=st.sampled_from((None, *PEOPLE)),
        known_at=INSTANTS,
        **INTERVAL,
    )
    accepted = st.builds(AcceptedRules, digest=st.just(current_rules().digest), **INTERVAL)
    return st.builds(
        replace,
        st.just(f.case(*of)),
        sheet=st.one_of(st.none(), st.just(f.sheet()), sheets),
        units=st.one_of(st.just(f.UNITS), st.dictionaries(st.sampled_from(UNITS), facts)),
        hearings=st.lists(hearing, max_size=2).map(tuple),
        assessments=st.lists(assessment, max_size=1).map(tuple),
        shields=st.lists(shield, max_size=1).map(tuple),
        exceptions=st.lists(exceptional, max_size=1).map(tuple),
        rule_sets=st.lists(accepted, max_size=2).map(lambda more: (*f.case().rule_sets, *more)),
    )


def asks(of: tuple[ConsentFacts, ...]) -> st.SearchStrategy[Ask]:
    """Any ask that names some of these consents."""
    actors = st.one_of(
        st.sampled_from(tuple(f.STAFF)).map(f.actor),
        st.builds(Actor, st.sampled_from(PEOPLE), st.one_of(st.none(), st.sampled_from(UNITS))),
    )
    return st.builds(
        Ask,
        st.sampled_from(Act),
        st.just(f.CHILD),
        st.just(f.MATTER),
        st.sampled_from(Purpose),
        actors,
        st.lists(PARTIES, max_size=2).map(tuple),
        st.one_of(st.none(), actors),
        CATEGORIES,
        st.lists(st.sampled_from(("0" * 64, *(each.terms.digest for each in of))), max_size=3).map(tuple),
        MAYBE,
    )


@st.composite
def questions(draw: st.DrawFn) -> tuple[Ask, Case, Instant]:
    """Any well-typed question."""
    found = tuple(draw(st.lists(consents(), max_size=2)))
    return draw(asks(found)), draw(cases(found)), draw(INSTANTS)


@st.composite
def signed_worlds(draw: st.DrawFn) -> tuple[ConsentFacts, Case, date]:
    """A consent and case in good order, but for age, parties, purpose, who signed, who was told, who was heard."""
    years = draw(st.integers(0, 20))
    born = draw(st.dates(date(2026 - years - 1, 9, 5), date(2026 - years, 9, 17)))
    purpose = draw(st.sampled_from(Purpose))
    own = purpose is Purpose.OWN_SENDING
    senders: tuple[UnitId | PersonId, ...] = (f.MOTHER, f.FATHER, f.YOUTH) if own else (f.GP, f.BUP, f.SCHOOL, f.MOTHER)
    receivers: tuple[UnitId | PersonId, ...] = (f.BUP, f.SCHOOL, f.BOROUGH, *(() if own else (f.FATHER,)))
    sender = draw(st.sampled_from(senders))
    receiver = draw(st.sampled_from(receivers).filter(lambda who: who != sender))
    everybody = frozenset({f.MOTHER, f.FATHER, f.YOUTH})
    some = st.frozensets(st.sampled_from((f.MOTHER, f.FATHER, f.YOUTH, f.GRANDMOTHER)))
    signers = draw(st.one_of(st.just(everybody), some))
    signed_at = f.later(f.NOW, -1)
    told = draw(st.frozensets(st.sampled_from((f.MOTHER, f.FATHER))))
    categories = draw(
        st.sampled_from(((Category.MESSAGE,), (Category.OWN_OBSERVATIONS,), (Category.LETTER, Category.PLAN)))
    )
    signed = f.consent(
        purpose=purpose,
        senders=f.parties(sender),
        receivers=f.parties(receiver, *((sender,) if own else ())),
        categories=categories,
        signatures=tuple(f.signature(who, signed_at) for who in sorted(signers)),
        notices=tuple(f.dated(who, f.MADE) for who in sorted(told)),
    )
    hearings = (f.heard(at=signed_at),) if draw(st.sampled_from((True, True, False))) else ()
    return signed, f.case(signed, sheet=f.sheet(born), hearings=hearings), born
