"""DOMAIN 2.3, who signs when it is not simply the parents: E2, E7, E8, E10, E18, E20, E34."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from protocol.consent.answer import Reason
from protocol.consent.authority import Authority
from protocol.consent.case import ConsentFacts, Sheet, Shield
from protocol.consent.notices import NoticeKind, asked_of
from protocol.consent.visibility import NOTHING
from protocol.consent.vocabulary import AuthorityKind, Capacity, Category, Purpose, Responsibility, RoleAct
from protocol.identifiers import Instant
from tests.unit.consent import family as f
from tests.unit.consent.family import (
    BOTH,
    CASEWORKER,
    DAY,
    FATHER,
    GRANDMOTHER,
    MOTHER,
    NOW,
    SIGNED,
    SUCCESSOR,
    YOUTH,
    consent,
)
from tests.unit.consent.scenarios.asking import can_withdraw, lacking, opened, sees, shared, sole

REPRESENTATIVE = GRANDMOTHER
PARENTS = (f.holder(MOTHER), f.holder(FATHER))
IN_FORCE = SIGNED - DAY // 2
"""When the order of these cases was recorded and confirmed: before anybody signed."""


def order(kind: AuthorityKind = AuthorityKind.CARE_ORDER, **changes: Any) -> Authority:
    since = changes.pop("since", IN_FORCE)
    return f.authority(kind, **{"recorded_at": since, "known_at": since, "holds_from": since, **changes})


def in_care(*authorities: Authority, **changes: Any) -> Sheet:
    """The sheet of a child of 8 with both parents and a caseworker, under a care order unless told otherwise."""
    listed = (*PARENTS, f.holder(CASEWORKER, Capacity.CHILD_WELFARE))
    told = {"may_sign": listed, "may_know": listed, "authorities": authorities or (order(),), **changes}
    return f.sheet(**told)


def by_service(*signers: Any, **changes: Any) -> ConsentFacts:
    """A consent that was asked of the caseworker."""
    first, _, heard = f.terms().roles
    return consent(*signers, roles=(replace(first, person=CASEWORKER), heard), **changes)


# The care order, E7


def test_e07_under_a_care_order_the_child_welfare_service_signs_and_the_parents_need_not() -> None:
    assert shared(by_service(CASEWORKER), sheet=in_care()) is None
    assert shared(by_service(), sheet=in_care()) is Reason.SIGNATURE_MISSING
    assert lacking(by_service(), sheet=in_care()) == {CASEWORKER}
    assert asked_of(CASEWORKER, by_service(), f.case(by_service(), sheet=in_care()), NOW) == (NoticeKind.SIGN,)


def test_e07_what_the_parents_sign_under_the_order_carries_nothing() -> None:
    assert shared(BOTH, sheet=in_care()) is Reason.NEEDS_NEW_CONSENT
    assert shared(by_service(MOTHER, FATHER), sheet=in_care()) is Reason.SIGNATURE_MISSING


def test_e07_what_the_parents_signed_before_carries_no_new_share_and_what_was_shared_stays_readable() -> None:
    later = order(since=NOW)
    assert shared(BOTH, at=NOW - 1, sheet=in_care(later)) is None
    assert shared(BOTH, sheet=in_care(later)) is Reason.NEEDS_NEW_CONSENT
    assert lacking(BOTH, sheet=in_care(later)) == {CASEWORKER}
    assert opened(BOTH, sent=NOW - 1, sheet=in_care(later)) is None


def test_e07_when_the_order_has_ended_the_parents_sign_anew() -> None:
    passing = order(since=SIGNED + DAY, ending_at=NOW - DAY, ended_at=Instant(NOW - DAY))
    assert shared(BOTH, sheet=in_care(passing)) is Reason.SIGNATURE_MISSING
    anew = replace(BOTH, signatures=tuple(f.signature(each, NOW - DAY) for each in (MOTHER, FATHER)))
    assert shared(anew, sheet=in_care(passing)) is None
    assert shared(by_service(CASEWORKER), sheet=in_care(passing)) is Reason.NEEDS_NEW_CONSENT


def test_e07_nobody_signs_until_a_second_registrar_has_confirmed_the_order() -> None:
    recorded = order(known_at=Instant(NOW))
    for signed in (BOTH, by_service(CASEWORKER)):
        assert shared(signed, at=NOW - 1, sheet=in_care(recorded)) is Reason.EXCEPTION_CARE_ORDER
    confirmed = by_service(signatures=(f.signature(CASEWORKER, NOW),))
    assert shared(confirmed, sheet=in_care(recorded)) is None
    assert shared(by_service(CASEWORKER), sheet=in_care(recorded)) is Reason.SIGNATURE_MISSING


def test_e07_an_end_that_one_has_recorded_stops_the_service_and_gives_the_parents_nothing_back() -> None:
    ending = order(ending_at=NOW)
    assert shared(by_service(CASEWORKER), at=NOW - 1, sheet=in_care(ending)) is None
    for signed in (BOTH, by_service(CASEWORKER)):
        assert shared(signed, sheet=in_care(ending)) is Reason.EXCEPTION_CARE_ORDER


def test_e07_an_order_that_was_not_rechecked_in_time_lets_nobody_sign() -> None:
    stale = order(not_after=NOW)
    assert shared(by_service(CASEWORKER), at=NOW - 1, sheet=in_care(stale)) is None
    assert shared(by_service(CASEWORKER), sheet=in_care(stale)) is Reason.EXCEPTION_CARE_ORDER
    assert shared(BOTH, sheet=in_care(stale)) is Reason.EXCEPTION_CARE_ORDER
    rechecked = order(since=SIGNED + DAY)
    assert shared(by_service(CASEWORKER), sheet=in_care(stale, rechecked)) is None


def test_e07_only_whom_both_the_order_and_the_sheet_name_signs_for_the_service() -> None:
    unnamed = order(persons=(SUCCESSOR,))
    assert shared(by_service(CASEWORKER), sheet=in_care(unnamed)) is Reason.NO_SIGNER
    off_the_sheet = in_care(may_sign=PARENTS)
    assert shared(by_service(CASEWORKER), sheet=off_the_sheet) is Reason.NO_SIGNER
    without_order = in_care(authorities=())
    assert shared(by_service(CASEWORKER), sheet=without_order) is Reason.NEEDS_NEW_CONSENT


def test_e07_who_has_left_the_service_signs_no_more_and_the_consent_stands_for_their_successor() -> None:
    listed = (
        *PARENTS,
        f.holder(CASEWORKER, Capacity.CHILD_WELFARE, until=SIGNED + DAY),
        f.holder(SUCCESSOR, Capacity.CHILD_WELFARE),
    )
    both = order(persons=(CASEWORKER, SUCCESSOR))
    after = in_care(both, may_sign=listed)
    assert shared(by_service(CASEWORKER), sheet=after) is None
    too_late = by_service(signatures=(f.signature(CASEWORKER, SIGNED + DAY),))
    assert shared(too_late, sheet=after) is Reason.NEEDS_NEW_CONSENT
    other_service = order(since=SIGNED + DAY, persons=(SUCCESSOR,), unit=f.BOROUGH)
    assert shared(by_service(CASEWORKER), sheet=in_care(both, other_service, may_sign=listed)) is (
        Reason.NEEDS_NEW_CONSENT
    )


def test_e07_an_order_reaches_only_the_purposes_that_it_names() -> None:
    narrow = order(purposes=(Purpose.REFERRAL,))
    assert shared(BOTH, sheet=in_care(narrow)) is None
    assert shared(by_service(CASEWORKER), sheet=in_care(narrow)) is Reason.NEEDS_NEW_CONSENT


def test_e07_the_parents_are_told_see_what_is_asked_for_and_may_take_back_what_they_signed() -> None:
    for parent in (MOTHER, FATHER):
        assert sees(parent, by_service(CASEWORKER), sheet=in_care()).existence
        assert not can_withdraw(parent, by_service(CASEWORKER), sheet=in_care())
        for standing in (order(since=NOW), order(since=NOW, known_at=None)):
            assert can_withdraw(parent, BOTH, sheet=in_care(standing))
    assert can_withdraw(CASEWORKER, BOTH, sheet=in_care(order(since=NOW)))
    unlisted = in_care(may_know=(), may_sign=(f.holder(CASEWORKER, Capacity.CHILD_WELFARE),))
    assert sees(MOTHER, by_service(CASEWORKER), sheet=unlisted) == NOTHING


def test_e07_a_parent_sends_what_they_have_seen_themselves_and_nothing_else() -> None:
    def sent(category: Category, sheet: Sheet) -> Reason | None:
        own = consent(
            MOTHER,
            purpose=Purpose.OWN_SENDING,
            senders=f.parties(MOTHER),
            receivers=f.parties(f.BUP, MOTHER),
            categories=(category,),
            roles=(replace(f.terms().roles[0], person=MOTHER),),
        )
        return shared(own, sheet=sheet)

    assert sent(Category.OWN_OBSERVATIONS, in_care()) is None
    assert sent(Category.HEALTH_NOTE, in_care()) is Reason.OWN_OBSERVATIONS_ONLY
    assert sent(Category.HEALTH_NOTE, in_care(order(since=NOW + 1))) is None


def test_e07_a_youth_of_15_signs_beside_the_service_and_one_of_16_alone() -> None:
    listed = (*PARENTS, f.holder(CASEWORKER, Capacity.CHILD_WELFARE), f.holder(YOUTH, Capacity.SELF))
    at_15 = in_care(birth_date=f.BORN[15], may_sign=listed)
    roles = tuple(replace(f.terms().roles[0], person=each) for each in (CASEWORKER, YOUTH))
    to_school = {"receivers": f.parties(f.SCHOOL), "roles": roles}
    assert shared(consent(CASEWORKER, YOUTH, **to_school), sheet=at_15) is None
    assert shared(consent(CASEWORKER, **to_school), sheet=at_15) is Reason.SIGNATURE_MISSING
    at_16 = replace(at_15, birth_date=f.BORN[16])
    assert shared(consent(YOUTH, **to_school), sheet=at_16) is None
    assert shared(consent(YOUTH, **to_school), sheet=replace(at_16, authorities=(order(known_at=None),))) is None
    assert shared(consent(CASEWORKER, **to_school), sheet=at_16) is Reason.SIGNATURE_MISSING


def test_e07_a_matter_withheld_from_the_parents_is_still_the_services_to_sign_for() -> None:
    listed = (*PARENTS, f.holder(CASEWORKER, Capacity.CHILD_WELFARE), f.holder(YOUTH, Capacity.SELF))
    at_13 = in_care(birth_date=f.BORN[13], may_sign=listed)
    alone = consent(YOUTH, roles=(replace(f.terms().roles[0], person=YOUTH), f.terms().roles[2]))

    def withheld(*persons: Any) -> tuple[Shield, ...]:
        hidden = Shield(
            matter=f.MATTER, persons=frozenset(persons), provisional=False, holds_from=f.MADE, holds_to=None
        )
        return (hidden,)

    assert shared(by_service(CASEWORKER), sheet=at_13, shields=withheld(MOTHER, FATHER)) is None
    assert shared(alone, sheet=at_13, shields=withheld(MOTHER, FATHER)) is Reason.NEEDS_NEW_CONSENT
    assert shared(alone, sheet=at_13, shields=withheld(MOTHER, FATHER, CASEWORKER)) is None


# The emergency order, E8


def test_e08_an_emergency_order_always_ends_and_then_the_parents_sign_anew() -> None:
    emergency = order(AuthorityKind.EMERGENCY_ORDER, holds_to=Instant(NOW))
    assert shared(by_service(CASEWORKER), at=NOW - 1, sheet=in_care(emergency)) is None
    assert shared(by_service(CASEWORKER), sheet=in_care(emergency)) is Reason.NEEDS_NEW_CONSENT
    anew = replace(BOTH, signatures=tuple(f.signature(each, NOW) for each in (MOTHER, FATHER)))
    assert shared(anew, sheet=in_care(emergency)) is None
    assert shared(BOTH, sheet=in_care(order(AuthorityKind.EMERGENCY_ORDER, since=SIGNED + 1, holds_to=NOW))) is (
        Reason.SIGNATURE_MISSING
    )


def test_e08_a_care_order_that_follows_an_emergency_order_keeps_what_the_service_signed() -> None:
    emergency = order(AuthorityKind.EMERGENCY_ORDER, holds_to=Instant(NOW - DAY))
    for follows, answer in ((NOW - 2 * DAY, None), (NOW + 1, Reason.NEEDS_NEW_CONSENT)):
        sheet = in_care(emergency, order(since=Instant(follows)))
        assert shared(by_service(CASEWORKER), sheet=sheet) is answer


def test_e08_an_emergency_order_that_was_not_rechecked_within_the_week_lets_nobody_sign() -> None:
    emergency = order(AuthorityKind.EMERGENCY_ORDER, not_after=NOW, holds_to=Instant(NOW + 30 * DAY))
    assert shared(by_service(CASEWORKER), sheet=in_care(emergency)) is Reason.EXCEPTION_CARE_ORDER


# Responsibility removed, E10


def test_e10_where_child_welfare_has_the_care_it_signs_and_the_parents_are_out_of_every_view() -> None:
    gone = (*(f.holder(each, until=NOW) for each in (MOTHER, FATHER)), f.holder(CASEWORKER, Capacity.CHILD_WELFARE))
    removed = in_care(may_sign=gone, may_know=gone)
    assert shared(by_service(CASEWORKER), sheet=removed) is None
    assert sees(MOTHER, by_service(CASEWORKER), sheet=removed) == NOTHING
    assert not can_withdraw(MOTHER, BOTH, sheet=removed)


# The mandate of a representative, E34


def mandate(**changes: Any) -> Authority:
    return order(AuthorityKind.MANDATE, **{"persons": (REPRESENTATIVE,), "holds_to": Instant(NOW), **changes})


def alone(*authorities: Authority, **changes: Any) -> Sheet:
    listed = (f.holder(REPRESENTATIVE, Capacity.REPRESENTATIVE),)
    told = {"may_sign": listed, "may_know": listed, "responsibility": Responsibility.UNKNOWN, **changes}
    return f.sheet(authorities=authorities, **told)


SIGNED_BY_REPRESENTATIVE = consent(
    REPRESENTATIVE, roles=(replace(f.terms().roles[0], person=REPRESENTATIVE), f.terms().roles[2])
)


def test_e34_a_representative_signs_while_the_mandate_lasts_and_only_then() -> None:
    assert shared(SIGNED_BY_REPRESENTATIVE, at=NOW - 1, sheet=alone(mandate())) is None
    assert shared(SIGNED_BY_REPRESENTATIVE, sheet=alone(mandate())) is Reason.NO_SIGNER
    assert shared(SIGNED_BY_REPRESENTATIVE, sheet=alone()) is Reason.NO_SIGNER
    for without in (mandate(known_at=None), mandate(not_after=SIGNED), mandate(ending_at=SIGNED)):
        assert shared(SIGNED_BY_REPRESENTATIVE, at=NOW - 1, sheet=alone(without)) is Reason.NO_SIGNER
    relative = alone(mandate(), may_sign=(f.holder(REPRESENTATIVE, Capacity.FAMILY),))
    assert shared(SIGNED_BY_REPRESENTATIVE, at=NOW - 1, sheet=relative) is Reason.NO_SIGNER


def test_e34_a_representative_sends_what_they_hold_as_a_parent_would() -> None:
    own = consent(
        REPRESENTATIVE,
        purpose=Purpose.OWN_SENDING,
        senders=f.parties(REPRESENTATIVE),
        receivers=f.parties(f.BUP, REPRESENTATIVE),
        roles=(replace(f.terms().roles[0], person=REPRESENTATIVE),),
    )
    assert shared(own, at=NOW - 1, sheet=alone(mandate())) is None
    assert shared(own, sheet=alone(mandate())) is Reason.SENDER_MAY_NOT_SEND


def test_e34_an_order_comes_before_a_mandate() -> None:
    listed = (f.holder(REPRESENTATIVE, Capacity.REPRESENTATIVE), f.holder(CASEWORKER, Capacity.CHILD_WELFARE))
    lasting = mandate(holds_to=Instant(NOW + DAY))
    under_both = alone(order(), lasting, may_sign=listed)
    assert shared(by_service(CASEWORKER), sheet=under_both) is None
    assert shared(SIGNED_BY_REPRESENTATIVE, sheet=under_both) is Reason.NEEDS_NEW_CONSENT
    unconfirmed = alone(order(known_at=None), lasting, may_sign=listed)
    assert shared(SIGNED_BY_REPRESENTATIVE, sheet=unconfirmed) is Reason.EXCEPTION_CARE_ORDER


# E2, E18, E20: the register's word and the list


def settled(*guardians: Any, **changes: Any) -> Authority:
    return order(AuthorityKind.RESPONSIBILITY, persons=tuple(sorted(guardians)), **changes)


@pytest.mark.parametrize("register", [Responsibility.UNKNOWN, Responsibility.OTHER])
def test_e02_two_registrars_settle_by_documents_who_has_responsibility(register: Responsibility) -> None:
    def answer(*authorities: Authority) -> Reason | None:
        return shared(BOTH, sheet=f.sheet(responsibility=register, authorities=authorities))

    assert answer(settled(MOTHER, FATHER)) is None
    for does_not_settle in (
        settled(MOTHER),
        settled(MOTHER, FATHER, GRANDMOTHER),
        settled(MOTHER, FATHER, known_at=None),
        settled(MOTHER, FATHER, known_at=Instant(NOW + 1)),
        settled(MOTHER, FATHER, not_after=NOW),
        settled(MOTHER, FATHER, holds_to=Instant(NOW)),
        settled(MOTHER, FATHER, ending_at=NOW),
    ):
        assert answer(does_not_settle) is Reason.RESPONSIBILITY_UNCLEAR


def test_e18_until_the_register_says_so_two_registrars_settle_that_the_survivor_is_alone() -> None:
    survived = f.sheet(may_sign=(f.holder(MOTHER), f.holder(FATHER, until=SIGNED)))
    assert shared(consent(MOTHER), sheet=survived) is Reason.RESPONSIBILITY_UNCLEAR
    assert shared(consent(MOTHER), sheet=replace(survived, authorities=(settled(MOTHER),))) is None


def test_e18_when_both_are_dead_child_welfare_signs_once_it_has_the_care() -> None:
    listed = (
        *(f.holder(each, until=SIGNED) for each in (MOTHER, FATHER)),
        f.holder(CASEWORKER, Capacity.CHILD_WELFARE),
    )
    orphaned = in_care(may_sign=listed)
    assert shared(by_service(CASEWORKER), sheet=orphaned) is None
    assert shared(by_service(CASEWORKER), sheet=replace(orphaned, authorities=())) is Reason.NO_SIGNER


def test_e20_two_registrars_settle_that_one_parent_decides_alone() -> None:
    listed = f.sheet(may_sign=(f.holder(MOTHER),), authorities=(settled(MOTHER),))
    assert shared(consent(MOTHER), sheet=listed) is None
    assert shared(consent(MOTHER), sheet=replace(listed, authorities=())) is Reason.RESPONSIBILITY_UNCLEAR


def test_e10_an_appointed_guardian_whom_the_register_calls_other_signs_once_it_is_settled() -> None:
    appointed = sole(f.holder(GRANDMOTHER, since=SIGNED), responsibility=Responsibility.OTHER)
    anew = consent(GRANDMOTHER, roles=(replace(f.terms().roles[0], person=GRANDMOTHER), f.terms().roles[2]))
    assert shared(anew, sheet=appointed) is Reason.RESPONSIBILITY_UNCLEAR
    assert shared(anew, sheet=replace(appointed, authorities=(settled(GRANDMOTHER),))) is None
    assert {role.act for role in anew.terms.roles} == {RoleAct.SIGNS, RoleAct.IS_HEARD}
