"""DOMAIN part 1, cell by cell: every purpose, kind, age band and regime against who must sign, be heard, be told."""

from __future__ import annotations

import pytest

from protocol.consent.age import Band
from protocol.consent.answer import Reason
from protocol.consent.case import Sheet
from protocol.consent.law import Requirements, Situation, own_senders, requirements, roles
from protocol.consent.ruleset import Pair, current_rules
from protocol.consent.vocabulary import Capacity, Category, Kind, Purpose, Regime, RoleAct
from protocol.identifiers import PersonId
from tests.unit.consent import family as f
from tests.unit.consent.family import FATHER, MOTHER, NOW, YOUTH

HEALTH, EDUCATION, WELFARE, OTHER = Regime.HEALTH, Regime.EDUCATION, Regime.CHILD_WELFARE, Regime.OTHER
PARENTS = ((FATHER,), (MOTHER,))
ONE = ((FATHER, MOTHER),)
ALONE = ((YOUTH,),)
ALL = ((FATHER,), (MOTHER,), (YOUTH,))
BORN = {
    Band.UNDER_7: f.BORN[3],
    Band.FROM_7: f.BORN[8],
    Band.FROM_12: f.BORN[13],
    Band.AT_15: f.BORN[15],
    Band.FROM_16: f.BORN[16],
    Band.ADULT: f.BORN[19],
}
IN_HEALTH = (HEALTH, HEALTH)
INTO_HEALTH = (EDUCATION, HEALTH)
OUT_OF_HEALTH = (HEALTH, EDUCATION)
SIGNERS = {
    # purpose, pair: 0-6, 7-11, 12-14, 15, 16-17, 18+
    (Purpose.REFERRAL, IN_HEALTH): (PARENTS, PARENTS, PARENTS, PARENTS, ALONE, ALONE),
    (Purpose.REFERRAL, INTO_HEALTH): (PARENTS, PARENTS, PARENTS, ALL, ALONE, ALONE),
    (Purpose.REFERRAL, OUT_OF_HEALTH): (PARENTS, PARENTS, PARENTS, PARENTS, ALONE, ALONE),
    (Purpose.INFORMATION, IN_HEALTH): (PARENTS, PARENTS, PARENTS, PARENTS, ALONE, ALONE),
    (Purpose.INFORMATION, INTO_HEALTH): (PARENTS, PARENTS, PARENTS, ALL, ALONE, ALONE),
    (Purpose.INFORMATION, OUT_OF_HEALTH): (PARENTS, PARENTS, PARENTS, ALL, ALONE, ALONE),
    (Purpose.COORDINATION, IN_HEALTH): (PARENTS, PARENTS, PARENTS, PARENTS, ALONE, ALONE),
    (Purpose.COORDINATION, OUT_OF_HEALTH): (PARENTS, PARENTS, PARENTS, ALL, ALONE, ALONE),
    (Purpose.DISCHARGE, IN_HEALTH): (ONE, ONE, ONE, ONE, ALONE, ALONE),
    (Purpose.DISCHARGE, OUT_OF_HEALTH): (PARENTS, PARENTS, PARENTS, ALL, ALONE, ALONE),
    (Purpose.DISCHARGE, INTO_HEALTH): (PARENTS, PARENTS, PARENTS, ALL, ALONE, ALONE),
    (Purpose.DISCHARGE, (HEALTH, None)): (ONE, ONE, ONE, ONE, ALONE, ALONE),
    (Purpose.INFORMATION, (None, HEALTH)): (PARENTS, PARENTS, PARENTS, PARENTS, ALONE, ALONE),
}
KINDS = {
    Purpose.REFERRAL: {Kind.CARE, Kind.DISCLOSURE},
    Purpose.INFORMATION: {Kind.DISCLOSURE},
    Purpose.COORDINATION: {Kind.DISCLOSURE, Kind.PARTICIPATION},
    Purpose.DISCHARGE: {Kind.DISCLOSURE},
    Purpose.OWN_SENDING: {Kind.DISCLOSURE},
}
CELLS = [
    (purpose, pair, band, signers)
    for (purpose, pair), row in SIGNERS.items()
    for band, signers in zip(Band, row, strict=True)
]


def derive(
    purpose: Purpose,
    band: Band,
    *pairs: Pair,
    kind: Kind = Kind.DISCLOSURE,
    sheet: Sheet | None = None,
    sender: PersonId | None = None,
    categories: tuple[Category, ...] = (Category.MESSAGE,),
) -> Requirements | Reason:
    senders = frozenset({sender} if sender else ())
    situation = Situation(purpose, kind, frozenset(categories), frozenset(pairs), senders)
    return requirements(current_rules(), situation, sheet or f.sheet(BORN[band]), NOW)


def met(answer: Requirements | Reason) -> Requirements:
    assert isinstance(answer, Requirements)
    return answer


def signers(answer: Requirements | Reason) -> tuple[tuple[PersonId, ...], ...]:
    return tuple(sorted(tuple(sorted(group)) for group in met(answer).groups))


@pytest.mark.parametrize(("purpose", "pair", "band", "expected"), CELLS)
def test_each_cell_of_the_table_asks_the_right_people_to_sign(
    purpose: Purpose, pair: Pair, band: Band, expected: tuple[tuple[PersonId, ...], ...]
) -> None:
    for kind in KINDS[purpose]:
        assert signers(derive(purpose, band, pair, kind=kind)) == tuple(
            sorted(tuple(sorted(group)) for group in expected)
        )


@pytest.mark.parametrize(("purpose", "pair", "band", "expected"), CELLS)
def test_the_child_is_heard_from_7_until_deciding_alone_at_16(
    purpose: Purpose, pair: Pair, band: Band, expected: object
) -> None:
    assert met(derive(purpose, band, pair)).heard is (band in (Band.FROM_7, Band.FROM_12, Band.AT_15))
    assert (expected == ALONE) is (band in (Band.FROM_16, Band.ADULT))


@pytest.mark.parametrize("band", Band)
@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize("kind", Kind)
def test_each_purpose_takes_its_own_kinds_only(purpose: Purpose, band: Band, kind: Kind) -> None:
    refused = derive(purpose, band, IN_HEALTH, kind=kind) is Reason.KIND_NOT_ALLOWED
    assert refused is (kind not in KINDS[purpose])


@pytest.mark.parametrize("band", [Band.UNDER_7, Band.FROM_7, Band.FROM_12, Band.AT_15])
def test_in_a_discharge_to_health_the_others_are_told_and_may_object(band: Band) -> None:
    asked = met(derive(Purpose.DISCHARGE, band, IN_HEALTH))
    assert asked.informed == {MOTHER, FATHER}
    youth_too = {YOUTH} if band in (Band.FROM_12, Band.AT_15) else set()
    assert asked.objectors == {MOTHER, FATHER} | youth_too


@pytest.mark.parametrize("band", Band)
@pytest.mark.parametrize("purpose", [Purpose.REFERRAL, Purpose.INFORMATION, Purpose.COORDINATION])
def test_where_everybody_signs_nobody_needs_to_be_told(purpose: Purpose, band: Band) -> None:
    asked = met(derive(purpose, band, OUT_OF_HEALTH))
    assert (asked.informed, asked.objectors) == (frozenset(), frozenset())


@pytest.mark.parametrize("outside", [EDUCATION, WELFARE, OTHER])
def test_every_regime_but_health_is_outside_health(outside: Regime) -> None:
    assert signers(derive(Purpose.INFORMATION, Band.AT_15, (HEALTH, outside))) == tuple(sorted(ALL))


def test_several_regimes_unite_what_each_pair_asks() -> None:
    asked = met(derive(Purpose.DISCHARGE, Band.AT_15, IN_HEALTH, OUT_OF_HEALTH))
    assert set(asked.groups) == {frozenset(group) for group in (*ALL, *ONE)}
    assert asked.rules == ("no/discharge/health/12-15", "no/discharge/outside/15")
    assert asked.informed == {MOTHER, FATHER}


def own(band: Band, sender: PersonId | None, *categories: Category) -> Requirements | Reason:
    return derive(
        Purpose.OWN_SENDING, band, (None, HEALTH), sender=sender, categories=categories or (Category.MESSAGE,)
    )


@pytest.mark.parametrize("band", [Band.UNDER_7, Band.FROM_7, Band.FROM_12, Band.AT_15])
@pytest.mark.parametrize("parent", [MOTHER, FATHER])
def test_a_parent_of_a_child_under_16_signs_alone_for_what_the_parent_sends(band: Band, parent: PersonId) -> None:
    asked = met(own(band, parent))
    assert (signers(asked), asked.heard) == (((parent,),), False)


@pytest.mark.parametrize("band", [Band.UNDER_7, Band.FROM_7])
def test_a_child_under_12_does_not_send_alone(band: Band) -> None:
    assert own(band, YOUTH) is Reason.SENDER_MAY_NOT_SEND


@pytest.mark.parametrize("band", [Band.FROM_12, Band.AT_15, Band.FROM_16, Band.ADULT])
def test_a_youth_from_12_sends_alone(band: Band) -> None:
    assert signers(own(band, YOUTH)) == ALONE


def test_a_parent_of_a_youth_from_16_sends_own_observations_and_of_an_adult_nothing() -> None:
    assert own(Band.FROM_16, MOTHER) is Reason.OWN_OBSERVATIONS_ONLY
    assert own(Band.FROM_16, MOTHER, Category.OWN_OBSERVATIONS, Category.LETTER) is Reason.OWN_OBSERVATIONS_ONLY
    assert signers(own(Band.FROM_16, MOTHER, Category.OWN_OBSERVATIONS)) == ((MOTHER,),)
    assert own(Band.ADULT, MOTHER, Category.OWN_OBSERVATIONS) is Reason.SENDER_MAY_NOT_SEND


@pytest.mark.parametrize("band", Band)
def test_own_sending_without_a_sender_has_no_signer(band: Band) -> None:
    assert own(band, None) is Reason.SENDER_MAY_NOT_SEND


@pytest.mark.parametrize(
    ("purpose", "share_months", "read_months"),
    [
        (Purpose.REFERRAL, 6, 24),
        (Purpose.INFORMATION, 6, 12),
        (Purpose.COORDINATION, 12, 18),
        (Purpose.DISCHARGE, 18, 24),
        (Purpose.OWN_SENDING, 12, 24),
    ],
)
def test_each_purpose_has_its_longest_times(purpose: Purpose, share_months: int, read_months: int) -> None:
    scope = current_rules().purposes[purpose]
    assert (scope.share_months, scope.read_months) == (share_months, read_months)


def test_a_holder_counts_while_it_holds_and_once_it_is_known() -> None:
    ended, unknown = f.holder(FATHER, until=NOW), f.holder(FATHER, known=NOW + 1)
    for absent in (ended, unknown):
        asked = derive(Purpose.INFORMATION, Band.UNDER_7, IN_HEALTH, sheet=f.sheet(may_sign=(f.holder(MOTHER), absent)))
        assert signers(asked) == ((MOTHER,),)


@pytest.mark.parametrize("capacity", [Capacity.FAMILY, Capacity.CHILD_WELFARE])
def test_foster_parents_and_child_welfare_are_no_signers(capacity: Capacity) -> None:
    sheet = f.sheet(may_sign=(f.holder(MOTHER), f.holder(f.GRANDMOTHER, capacity)))
    assert signers(derive(Purpose.INFORMATION, Band.UNDER_7, IN_HEALTH, sheet=sheet)) == ((MOTHER,),)


def test_roles_write_down_what_the_law_asks_in_the_order_terms_want() -> None:
    asked = met(derive(Purpose.DISCHARGE, Band.FROM_12, IN_HEALTH))
    written = roles(asked, f.sheet())
    assert f.terms(roles=written).parse(f.terms(roles=written).to_json()).roles == written
    assert {(role.person, role.act) for role in written} == {
        (MOTHER, RoleAct.SIGNS),
        (FATHER, RoleAct.SIGNS),
        (MOTHER, RoleAct.IS_INFORMED),
        (FATHER, RoleAct.IS_INFORMED),
        (MOTHER, RoleAct.MAY_OBJECT),
        (FATHER, RoleAct.MAY_OBJECT),
        (YOUTH, RoleAct.MAY_OBJECT),
        (f.CHILD, RoleAct.IS_HEARD),
    }
    assert {role.rule for role in written} == {"no/discharge/health/12-15"}
    unheard = roles(met(derive(Purpose.DISCHARGE, Band.UNDER_7, IN_HEALTH)), f.sheet())
    assert RoleAct.IS_HEARD not in {role.act for role in unheard}


def test_only_own_sending_has_own_senders() -> None:
    assert own_senders(f.terms(senders=f.parties(MOTHER))) == frozenset()
    assert own_senders(f.terms(senders=f.parties(MOTHER, f.GP), purpose=Purpose.OWN_SENDING)) == {MOTHER}
