"""DOMAIN 2.3, parental responsibility: E1 to E5, E9, E18 to E20, E27."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from protocol.consent.answer import Reason
from protocol.consent.case import ConsentFacts, Holder
from protocol.consent.visibility import NOTHING
from protocol.consent.vocabulary import Capacity, Category, ExceptionKind, Kind, Purpose, Responsibility
from protocol.identifiers import Instant
from tests.unit.consent import family as f
from tests.unit.consent.family import BOTH, FATHER, GRANDMOTHER, MOTHER, NOW, SIGNED, STRANGER, YOUTH, consent
from tests.unit.consent.scenarios.asking import can_withdraw, lacking, opened, sees, shared, sole

CARER = GRANDMOTHER
"""A foster mother, an appointed guardian or a representative, as the case has it."""


def to_school(*signers: Any, **changes: Any) -> ConsentFacts:
    return consent(*signers, receivers=f.parties(f.SCHOOL), **changes)


def referral(*signers: Any, **changes: Any) -> tuple[ConsentFacts, ConsentFacts]:
    """The two consents of a referral to BUP."""
    parts: dict[str, Any] = {"purpose": Purpose.REFERRAL, "categories": (Category.REFERRAL,), **changes}
    return consent(*signers, kind=Kind.CARE, **parts), consent(*signers, kind=Kind.DISCLOSURE, **parts)


def test_e01_with_sole_responsibility_that_parent_alone_signs_and_the_other_has_no_access_of_their_own() -> None:
    alone = consent(MOTHER)
    assert shared(alone, sheet=sole()) is None
    assert shared(consent(FATHER), sheet=sole()) is Reason.SIGNATURE_MISSING
    assert lacking(consent(), sheet=sole()) == {MOTHER}
    assert sees(FATHER, alone, sheet=sole()) == NOTHING
    assert not can_withdraw(FATHER, alone, sheet=sole())


@pytest.mark.parametrize("register", [Responsibility.UNKNOWN, Responsibility.OTHER])
def test_e02_a_register_that_says_unknown_or_other_is_never_guessed_at(register: Responsibility) -> None:
    assert shared(BOTH, sheet=f.sheet(responsibility=register)) is Reason.RESPONSIBILITY_UNCLEAR
    assert shared(BOTH, sheet=f.sheet(responsibility=Responsibility.JOINT)) is None


def test_e02_an_organisation_cannot_stand_on_a_sheet() -> None:
    written = {"person": f.WELFARE, "capacity": "parental-responsibility"}
    with pytest.raises(ValueError, match="per_"):
        Holder.parse({**written, "holds_from": 0, "holds_to": None, "known_at": 0})


def test_e03_parents_who_disagree_on_a_referral_stop_it() -> None:
    for half in (referral(MOTHER), referral(MOTHER, refusals=(f.dated(FATHER),))):
        expected = Reason.REFUSED if half[0].refusals else Reason.SIGNATURE_MISSING
        assert shared(*half) is expected
    assert lacking(*referral(MOTHER)) == {FATHER}


def test_e03_where_health_personnel_records_that_it_is_necessary_one_parent_signs_alone() -> None:
    ground = f.exception(ExceptionKind.ONE_GUARDIAN)
    assert shared(*referral(MOTHER), exceptions=(ground,)) is None
    for does_not_reach in (
        replace(ground, matter=f.OTHER_MATTER),
        replace(ground, holds_to=NOW),
        replace(ground, known_at=Instant(NOW + 1)),
        replace(ground, person=MOTHER),
    ):
        assert shared(*referral(MOTHER), exceptions=(does_not_reach,)) is Reason.SIGNATURE_MISSING


def test_e03_a_no_said_before_the_ground_stops_that_request_and_one_in_a_new_request_stops_nothing() -> None:
    ground = f.exception(ExceptionKind.ONE_GUARDIAN)
    before = referral(MOTHER, refusals=(f.dated(FATHER, f.MADE),))
    assert shared(*before, exceptions=(ground,)) is Reason.REFUSED
    asked_of_her = tuple(role for role in f.terms().roles if role.person != FATHER)
    again = referral(MOTHER, refusals=(f.dated(FATHER, NOW),), roles=asked_of_her)
    assert shared(*again, exceptions=(ground,)) is None


def test_e04_parents_who_disagree_on_sharing_outside_health_stop_it_and_no_ground_helps() -> None:
    assert shared(to_school(MOTHER)) is Reason.SIGNATURE_MISSING
    assert shared(to_school(MOTHER, refusals=(f.dated(FATHER),))) is Reason.REFUSED
    ground = f.exception(ExceptionKind.ONE_GUARDIAN)
    assert shared(to_school(MOTHER), exceptions=(ground,)) is Reason.EXCEPTION_ONE_GUARDIAN


def test_e05_a_parent_who_cannot_be_reached_has_not_said_yes_however_long_it_lasts() -> None:
    silent = consent(MOTHER, notices=(f.dated(FATHER, f.MADE),))
    last = f.terms().share_until - 1
    for at in (NOW, NOW + 19 * f.DAY, last):
        lasting = f.sheet(not_after=Instant(last + 1))
        assert shared(silent, at=at, sheet=lasting, **_lasting_units()) is Reason.SIGNATURE_MISSING


def _lasting_units() -> dict[str, Any]:
    end = Instant(NOW + 400 * f.DAY)
    return {"units": {unit: replace(facts, not_after=end) for unit, facts in f.UNITS.items()}}


def test_e09_in_a_voluntary_placement_the_parents_sign_and_child_welfare_does_not() -> None:
    known = (f.holder(CARER, Capacity.CHILD_WELFARE), f.holder(STRANGER, Capacity.FAMILY))
    placed = f.sheet(may_sign=(f.holder(MOTHER), f.holder(FATHER), *known))
    to_welfare = consent(MOTHER, FATHER, receivers=f.parties(f.WELFARE))
    assert shared(to_welfare, sheet=placed) is None
    assert lacking(consent(MOTHER, CARER), sheet=placed) == {FATHER}


def test_e10_a_parent_whose_responsibility_is_removed_is_out_of_every_view_at_once() -> None:
    gone = tuple(f.holder(each, until=NOW) for each in (MOTHER, FATHER))
    removed = f.sheet(may_sign=gone, may_know=gone)
    assert shared(BOTH, at=NOW - 1, sheet=removed) is None
    assert sees(MOTHER, BOTH, at=NOW - 1, sheet=removed) != NOTHING
    assert shared(BOTH, sheet=removed) is Reason.NO_SIGNER
    assert sees(MOTHER, BOTH, sheet=removed) == NOTHING
    letter = consent(MOTHER, FATHER, receivers=f.parties(MOTHER))
    assert shared(letter, sheet=removed) is Reason.NOT_ON_SHEET


def test_e10_the_appointed_guardian_signs_anew_for_everything() -> None:
    appointed = sole(f.holder(CARER, since=SIGNED), f.holder(MOTHER, until=SIGNED), f.holder(FATHER, until=SIGNED))
    assert shared(BOTH, sheet=appointed) is Reason.NEEDS_NEW_CONSENT
    anew = consent(CARER, roles=(replace(f.terms().roles[0], person=CARER), f.terms().roles[2]))
    assert shared(anew, sheet=appointed) is None


def test_e18_when_one_parent_dies_the_survivor_alone_is_enough() -> None:
    half = consent(MOTHER)
    survived = f.sheet(may_sign=(f.holder(MOTHER), f.holder(FATHER, until=NOW)))
    assert shared(half, at=NOW - 1, sheet=survived) is Reason.SIGNATURE_MISSING
    # Until the register's word is sole, its list is one short: somebody may be missing.
    assert shared(half, sheet=survived) is Reason.RESPONSIBILITY_UNCLEAR
    assert shared(half, sheet=replace(survived, responsibility=Responsibility.SOLE)) is None


def test_e18_when_both_are_dead_nobody_can_sign() -> None:
    orphaned = f.sheet(may_sign=tuple(f.holder(each, until=NOW) for each in (MOTHER, FATHER)))
    assert shared(BOTH, sheet=orphaned) is Reason.NO_SIGNER


def test_e19_a_new_holder_makes_a_consent_incomplete_and_what_was_shared_stays_readable() -> None:
    joined = f.sheet(may_sign=(f.holder(MOTHER), f.holder(FATHER), f.holder(CARER, since=NOW)))
    assert shared(BOTH, at=NOW - 1, sheet=joined) is None
    assert shared(BOTH, sheet=joined) is Reason.NEEDS_NEW_CONSENT
    assert lacking(BOTH, sheet=joined) == {CARER}
    assert opened(BOTH, sent=NOW - 1, sheet=joined) is None


def test_e19_a_change_counts_once_the_registrar_knows_it_and_the_former_holder_is_out_the_same_instant() -> None:
    unknown = f.sheet(may_sign=(f.holder(MOTHER), f.holder(FATHER), f.holder(CARER, since=SIGNED, known=NOW)))
    assert shared(BOTH, at=NOW - 1, sheet=unknown) is None
    assert shared(BOTH, sheet=unknown) is Reason.NEEDS_NEW_CONSENT
    left = sole(f.holder(MOTHER), f.holder(FATHER, until=NOW))
    assert sees(FATHER, BOTH, at=NOW - 1, sheet=left) != NOTHING
    assert sees(FATHER, BOTH, sheet=left) == NOTHING
    assert not can_withdraw(FATHER, BOTH, sheet=left)


def test_e20_a_parent_without_legal_capacity_is_not_left_out_by_the_program() -> None:
    # Nothing on a sheet says so: whoever the registrar lists must sign, until the registrar lists otherwise.
    assert shared(consent(MOTHER)) is Reason.SIGNATURE_MISSING
    assert lacking(consent(MOTHER)) == {FATHER}
    assert shared(consent(MOTHER), sheet=sole()) is None


def test_e27_foster_parents_never_sign_and_may_receive_where_the_consent_names_them() -> None:
    assert lacking(consent(MOTHER, CARER)) == {FATHER}
    letter = consent(MOTHER, FATHER, receivers=f.parties(CARER))
    assert shared(letter) is None
    unlisted = f.sheet(may_know=(f.holder(MOTHER), f.holder(FATHER)))
    assert shared(letter, sheet=unlisted) is Reason.NOT_ON_SHEET
    assert sees(CARER, letter, sheet=unlisted) == NOTHING


def test_e34_a_youth_of_16_without_parents_here_decides_alone() -> None:
    alone = f.sheet(f.BORN[16], may_sign=(f.holder(YOUTH, Capacity.SELF),))
    assert shared(consent(YOUTH, roles=(replace(f.terms().roles[0], person=YOUTH),)), sheet=alone) is None
