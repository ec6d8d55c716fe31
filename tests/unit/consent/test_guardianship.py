"""Who may come to play the guardians' part, and how a caseworker is spoken to."""

from __future__ import annotations

from dataclasses import replace

from protocol.consent.answer import Deny
from protocol.consent.ask import Actor
from protocol.consent.authority import Authority
from protocol.consent.case import Shield
from protocol.consent.decide import decide
from protocol.consent.explain import Audience, explain
from protocol.consent.guardianship import counted, guardians_part, is_settled, parts
from protocol.consent.ruleset import current_rules
from protocol.consent.vocabulary import AuthorityKind, Capacity, Language, Purpose
from protocol.identifiers import Instant, PersonId
from protocol.shields import leave_out_guardians
from tests.unit.consent import family as f
from tests.unit.consent.family import BOTH, CASEWORKER, FATHER, GRANDMOTHER, MOTHER, NOW, SIGNED, SUCCESSOR, share

LISTED = (
    f.holder(MOTHER),
    f.holder(FATHER),
    f.holder(CASEWORKER, Capacity.CHILD_WELFARE),
    f.holder(GRANDMOTHER, Capacity.REPRESENTATIVE),
)
SETTLED = f.authority(AuthorityKind.RESPONSIBILITY, persons=(MOTHER, FATHER))
SHEET = f.sheet(
    may_sign=LISTED,
    may_know=LISTED,
    authorities=(f.authority(), f.authority(AuthorityKind.MANDATE, persons=(GRANDMOTHER,)), SETTLED),
)


def test_guardians_and_each_authoritys_signers_may_come_to_play_the_guardians_part() -> None:
    assert list(map(sorted, parts(SHEET, NOW))) == [[MOTHER, FATHER], [CASEWORKER], [GRANDMOTHER]]


def test_a_decision_is_shown_where_it_leaves_out_whoever_signs_in_the_guardians_place() -> None:
    def withheld(*persons: PersonId) -> tuple[Shield, ...]:
        hidden = frozenset(persons)
        return (Shield(matter=f.MATTER, persons=hidden, provisional=False, holds_from=f.MADE, holds_to=None),)

    assert leave_out_guardians(withheld(MOTHER, FATHER), SHEET)
    assert leave_out_guardians(withheld(CASEWORKER), SHEET)
    assert not leave_out_guardians(withheld(MOTHER), SHEET)


def test_a_caseworker_is_told_in_the_words_for_child_welfare_and_the_family_that_the_service_must_sign() -> None:
    case = f.case(BOTH, sheet=SHEET)
    answer = decide(share(BOTH), case, NOW)
    assert isinstance(answer, Deny)
    said = {
        viewer: explain(answer, share(BOTH), Actor(viewer, None), case, NOW, language=Language.ENGLISH)
        for viewer in (CASEWORKER, MOTHER)
    }
    assert (said[CASEWORKER].audience, said[MOTHER].audience) == (Audience.CHILD_WELFARE, Audience.PARENT)
    assert said[CASEWORKER].acts == ("You must sign.",)
    assert said[MOTHER].acts == ("The child welfare service must sign.",)
    assert "pbrl § 4-4; bvl § 5-1" in said[MOTHER].references


def test_a_settlement_settles_the_purposes_that_it_names_for_exactly_the_guardians_that_it_names() -> None:
    def settled(*authorities: Authority, purpose: Purpose = Purpose.INFORMATION) -> bool:
        return is_settled(f.sheet(may_sign=LISTED[:2], authorities=authorities), purpose, NOW)

    narrow = replace(SETTLED, purposes=(Purpose.DISCHARGE,))
    assert settled(SETTLED)
    assert settled(narrow, purpose=Purpose.DISCHARGE)
    assert not settled()
    assert not settled(narrow)
    assert not settled(replace(SETTLED, persons=(MOTHER,)))
    assert not settled(replace(SETTLED, known_at=None))
    assert settled(f.authority(AuthorityKind.MANDATE, persons=(GRANDMOTHER,)))


def test_of_two_orders_the_one_that_was_confirmed_last_says_who_signs() -> None:
    listed = (*LISTED[:3], f.holder(SUCCESSOR, Capacity.CHILD_WELFARE))
    first = f.authority(persons=(CASEWORKER,), known_at=Instant(SIGNED - 2))
    second = f.authority(persons=(SUCCESSOR,), known_at=Instant(SIGNED - 1))

    def signers(*authorities: Authority) -> frozenset[PersonId]:
        part = guardians_part(current_rules(), authorities, listed, Purpose.INFORMATION, NOW)
        return frozenset().union(*part.groups)

    assert signers(first, second) == signers(second, first) == {SUCCESSOR}
    assert signers(first, replace(second, known_at=None)) == {CASEWORKER}


def test_parents_send_only_what_they_saw_while_an_order_counts_and_anything_again_afterwards() -> None:
    def own_only(authority: Authority, purpose: Purpose) -> bool:
        return guardians_part(current_rules(), (authority,), LISTED, purpose, NOW).own_only

    elsewhere = f.authority(purposes=(Purpose.REFERRAL,))
    assert own_only(elsewhere, Purpose.INFORMATION)
    assert not own_only(replace(elsewhere, ended_at=NOW), Purpose.INFORMATION)
    assert not own_only(f.authority(AuthorityKind.RESPONSIBILITY, persons=(MOTHER,)), Purpose.INFORMATION)


def test_what_a_caseworker_signed_counts_for_whoever_signs_for_the_same_service_and_no_other() -> None:
    listed = (*LISTED[:3], f.holder(SUCCESSOR, Capacity.CHILD_WELFARE))
    then = f.authority(persons=(CASEWORKER,), known_at=Instant(SIGNED - 2))
    later = f.authority(persons=(SUCCESSOR,), known_at=Instant(SIGNED + 1), recorded_at=Instant(SIGNED + 1))

    def counting(*authorities: Authority, signer: PersonId = CASEWORKER) -> frozenset[PersonId]:
        sheet = f.sheet(may_sign=listed, authorities=authorities)
        return counted(current_rules(), sheet, Purpose.INFORMATION, [f.signature(signer)], NOW)

    assert counting(then, later) == {CASEWORKER, SUCCESSOR}
    assert counting(then, replace(later, unit=f.SCHOOL)) == {CASEWORKER}
    assert counting(replace(then, unit=None), replace(later, unit=f.SCHOOL)) == {CASEWORKER}
    assert counting(then, later, signer=GRANDMOTHER) == {GRANDMOTHER}
    assert counting(then, later, signer=MOTHER) == frozenset()
    assert counting(signer=MOTHER) == {MOTHER}
