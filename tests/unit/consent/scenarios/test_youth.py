"""DOMAIN 2.3, children and youths who have a say of their own: E11, E13 to E17, E22 to E26."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from protocol.consent.age import birthday
from protocol.consent.answer import Reason
from protocol.consent.ask import Actor
from protocol.consent.case import Assessment, ConsentFacts, Shield
from protocol.consent.shielding import TOLD_FIRST, Asked, Decided, Told, shielding
from protocol.consent.terms import Role
from protocol.consent.visibility import FOLLOWS, NOTHING, TAKES_PART
from protocol.consent.vocabulary import (
    Aspect,
    AuthorityKind,
    Capacity,
    Category,
    Ground,
    Kind,
    Outcome,
    Purpose,
    Responsibility,
    RoleAct,
)
from protocol.identifiers import Instant, PersonId, UnitId
from tests.unit.consent import family as f
from tests.unit.consent.family import BOTH, CHILD, FATHER, MATTER, MOTHER, NOW, SIGNED, YOUTH, consent
from tests.unit.consent.scenarios.asking import can_withdraw, lacking, opened, sees, shared

BY_YOUTH = consent(YOUTH, roles=(Role(YOUTH, RoleAct.SIGNS, "no/information/16-17"),))


def turning(years: int, *, month: int = 9, day: int = 10) -> tuple[date, Instant]:
    """A birth date whose birthday falls ten days into the consent, one before NOW, and the birthday's instant."""
    born = date(2026 - years, month, day)
    return born, birthday(born, years)


def own_sending(sender: PersonId, *categories: Category) -> ConsentFacts:
    return consent(
        sender,
        purpose=Purpose.OWN_SENDING,
        senders=f.parties(sender),
        receivers=f.parties(f.GP, sender),
        categories=categories or (Category.MESSAGE,),
        roles=(Role(sender, RoleAct.SIGNS, "no/own-sending"),),
    )


def sent_by(sender: PersonId, born: date, *categories: Category, at: int = NOW) -> Reason | None:
    sent = own_sending(sender, *categories)
    return shared(sent, at=at, ask={"receivers": (f.GP,)}, sheet=f.sheet(born), hearings=())


def test_e11_at_16_what_the_parents_signed_permits_no_new_share_and_needs_the_youth() -> None:
    born, turns = turning(16)
    sheet = f.sheet(born)
    assert shared(BOTH, at=turns - 1, sheet=sheet) is None
    assert shared(BOTH, at=turns, sheet=sheet) is Reason.NEEDS_NEW_CONSENT
    assert lacking(BOTH, at=turns, sheet=sheet) == {YOUTH}
    assert opened(BOTH, sent=turns - 1, sheet=sheet) is None


def test_e11_the_youth_confirms_withdraws_and_is_not_overruled_by_the_parents() -> None:
    born, turns = turning(16)
    sheet = f.sheet(born)
    confirmed = replace(BOTH, signatures=(*BOTH.signatures, f.signature(YOUTH, turns)))
    assert shared(confirmed, sheet=sheet) is None
    withdrawn = replace(BOTH, withdrawals=(f.dated(YOUTH, turns),))
    assert opened(withdrawn, sent=turns - 1, sheet=sheet) is Reason.WITHDRAWN
    # Signing again after it reverses nothing, and a parent's withdrawal no longer counts.
    again = replace(withdrawn, signatures=(*BOTH.signatures, f.signature(MOTHER, NOW), f.signature(YOUTH, NOW)))
    assert shared(again, sheet=sheet) is Reason.WITHDRAWN
    by_mother = replace(confirmed, withdrawals=(f.dated(MOTHER, turns),))
    assert shared(by_mother, sheet=sheet) is None
    assert [can_withdraw(who, BOTH, sheet=sheet) for who in (YOUTH, MOTHER, FATHER)] == [True, False, False]


def test_e11_the_youth_may_narrow_what_the_parents_gave() -> None:
    born, turns = turning(16)
    narrowed = replace(
        BOTH,
        signatures=(*BOTH.signatures, f.signature(YOUTH, turns)),
        narrowings=(f.narrowing(YOUTH, turns, categories=(Category.HEALTH_NOTE,)),),
    )
    sheet = f.sheet(born)
    assert shared(narrowed, sheet=sheet) is Reason.CATEGORY_WITHDRAWN
    assert shared(narrowed, ask={"categories": (Category.MESSAGE,)}, sheet=sheet) is None


HIDDEN = Shield(matter=MATTER, persons=frozenset({MOTHER, FATHER}), provisional=True, holds_from=SIGNED, holds_to=None)


def test_e13_what_a_youth_of_13_asks_to_keep_from_the_parents_is_hidden_at_once() -> None:
    sheet = f.sheet(f.BORN[13])
    letter = consent(MOTHER, FATHER, receivers=f.parties(f.BUP, MOTHER))
    assert sees(MOTHER, letter, at=SIGNED - 1, sheet=sheet, shields=(HIDDEN,)) == TAKES_PART
    for parent in (MOTHER, FATHER):
        assert sees(parent, letter, at=SIGNED, sheet=sheet, shields=(HIDDEN,)) == NOTHING
    assert sees(YOUTH, letter, sheet=sheet, shields=(HIDDEN,)) != NOTHING
    opening: dict[str, Any] = {"sent": SIGNED, "sheet": sheet, "shields": (HIDDEN,)}
    assert opened(letter, reader=Actor(MOTHER, None), **opening) is Reason.SHIELDED
    assert opened(letter, reader=f.actor(f.BUP), **opening) is None


def test_e13_a_provisional_shield_only_hides_and_takes_nobodys_signature_away() -> None:
    sheet = f.sheet(f.BORN[13])
    assert shared(BY_YOUTH, sheet=sheet, shields=(HIDDEN,)) is not None
    assert lacking(consent(), sheet=sheet, shields=(HIDDEN,)) == {MOTHER, FATHER}


DECIDED = replace(HIDDEN, provisional=False, holds_to=f.later(NOW, f.DAY))


def alone(purpose: Purpose = Purpose.INFORMATION, **changes: Any) -> ConsentFacts:
    """A consent that names the youth alone, signed by the youth after the decision."""
    role = Role(YOUTH, RoleAct.SIGNS, f"no/{purpose}/12-15/shielded")
    return consent(roles=(role,), purpose=purpose, signatures=(f.signature(YOUTH, SIGNED + 1),), **changes)


@pytest.mark.parametrize("age", [13, 15])
@pytest.mark.parametrize("receiver", [f.BUP, f.SCHOOL])
@pytest.mark.parametrize("purpose", sorted(set(Purpose) - {Purpose.OWN_SENDING}))
def test_e13_in_a_matter_withheld_from_both_parents_the_youth_signs_alone(
    age: int, receiver: UnitId, purpose: Purpose
) -> None:
    referral = purpose is Purpose.REFERRAL
    of: dict[str, Any] = {"purpose": purpose, "receivers": f.parties(receiver)}
    signed = [alone(**of), alone(**of, kind=Kind.CARE)] if referral else [alone(**of)]
    facts: dict[str, Any] = {"sheet": f.sheet(f.BORN[age]), "hearings": ()}
    assert shared(*signed, shields=(DECIDED,), **facts) is None
    for lesser in (HIDDEN, replace(DECIDED, persons=frozenset({MOTHER})), replace(DECIDED, matter=f.OTHER_MATTER)):
        assert shared(*signed, shields=(lesser,), **facts) is Reason.NEEDS_NEW_CONSENT
    only_log = replace(DECIDED, hides=frozenset({Aspect.LOG, Aspect.NOTICES}))
    assert shared(*signed, shields=(only_log,), **facts) is Reason.NEEDS_NEW_CONSENT
    assert lacking(*signed, shields=(), **facts) == {MOTHER, FATHER}


def test_e13_nobody_signs_alone_before_12_and_at_16_the_shield_adds_nothing() -> None:
    for age, expected in ((8, Reason.NEEDS_NEW_CONSENT), (16, None)):
        sheet = f.sheet(f.BORN[age])
        for shields in ((), (DECIDED,)):
            assert shared(alone(), sheet=sheet, shields=shields) is expected


def test_e13_what_the_parents_signed_before_carries_nothing_in_a_withheld_matter() -> None:
    sheet = f.sheet(f.BORN[13])
    assert shared(BOTH, sheet=sheet) is None
    assert shared(BOTH, sheet=sheet, shields=(DECIDED,)) is Reason.NEEDS_NEW_CONSENT
    assert lacking(BOTH, sheet=sheet, shields=(DECIDED,)) == {YOUTH}


def test_e13_when_the_decision_ends_nothing_more_is_shared_and_what_was_shared_is_read_unseen_by_the_parents() -> None:
    ends = DECIDED.holds_to
    assert ends is not None
    sheet = f.sheet(f.BORN[13])
    # Hiding goes on after a review that nobody held; only the power to leave the parents out has ended.
    shields = (DECIDED, replace(HIDDEN, holds_from=SIGNED))
    facts: dict[str, Any] = {"sheet": sheet, "shields": shields, "hearings": ()}
    assert shared(alone(), at=ends - 1, **facts) is None
    assert shared(alone(), at=ends, **facts) is Reason.NEEDS_NEW_CONSENT
    assert opened(alone(), sent=ends - 1, at=ends, **facts) is None
    assert opened(alone(), sent=ends, at=ends, **facts) is Reason.NEEDS_NEW_CONSENT
    for parent in (MOTHER, FATHER):
        assert sees(parent, alone(), at=ends, **facts) == NOTHING
        letter = alone(receivers=f.parties(f.BUP, parent))
        assert opened(letter, sent=ends - 1, at=ends, reader=Actor(parent, None), **facts) is Reason.SHIELDED


def test_e13_a_guardian_who_came_later_is_not_left_out_by_a_decision_that_does_not_name_them() -> None:
    grown = (*f.sheet().may_sign, f.holder(f.GRANDMOTHER, since=NOW, known=NOW))
    sheet = f.sheet(f.BORN[13], may_sign=grown, may_know=grown)
    assert shared(alone(), at=NOW - 1, sheet=sheet, shields=(DECIDED,)) is None
    assert shared(alone(), at=NOW, sheet=sheet, shields=(DECIDED,)) is Reason.NEEDS_NEW_CONSENT


def test_e13_a_child_without_guardians_is_not_alone_by_a_decision_that_shuts_nobody_out() -> None:
    sheet = f.sheet(f.BORN[13], may_sign=(f.holder(YOUTH, Capacity.SELF),))
    assert shared(alone(), sheet=sheet, shields=(DECIDED,)) is Reason.NO_SIGNER


def test_e13_the_youth_alone_withdraws_what_the_youth_alone_gave() -> None:
    facts: dict[str, Any] = {"sheet": f.sheet(f.BORN[13]), "shields": (DECIDED,)}
    assert [can_withdraw(who, alone(), **facts) for who in (YOUTH, MOTHER, FATHER)] == [True, False, False]
    withdrawn = replace(alone(), withdrawals=(f.dated(YOUTH, NOW),))
    assert opened(withdrawn, sent=NOW - 1, **facts, hearings=()) is Reason.WITHDRAWN


def test_e13_if_the_answer_is_no_the_youth_is_told_first_and_nothing_is_shown_before() -> None:
    no = "d" * 64
    declined = f.later(SIGNED, f.DAY)
    asked = Asked(SIGNED, Ground.YOUTH_ASKS, frozenset({MOTHER, FATHER}))
    decided = Decided(declined, Ground.YOUTH_ASKS, no, frozenset(), frozenset(), f.later(NOW, f.DAY))
    told_at = f.later(declined, f.DAY)
    untold, told = (
        shielding(MATTER, words).shields for words in ((asked, decided), (asked, decided, Told(told_at, no)))
    )
    sheet = f.sheet(f.BORN[13], not_after=f.later(told_at, 30 * f.DAY))
    shown = f.later(told_at, TOLD_FIRST)
    assert sees(MOTHER, BOTH, at=shown + f.DAY, sheet=sheet, shields=untold) == NOTHING
    assert sees(MOTHER, BOTH, at=shown - 1, sheet=sheet, shields=told) == NOTHING
    assert sees(MOTHER, BOTH, at=shown, sheet=sheet, shields=told) != NOTHING


def test_e14_a_youths_no_stops_what_the_parents_signed_until_it_is_assessed() -> None:
    sheet = f.sheet(f.BORN[13])
    against = (f.heard(Outcome.AGAINST),)
    assert shared(BOTH, sheet=sheet, hearings=against) is Reason.HEARD_AGAINST
    assert opened(BOTH, sent=SIGNED, sheet=sheet, hearings=against) is Reason.HEARD_AGAINST
    assessed = (Assessment(CHILD, MATTER, f.DOCTOR, f.later(SIGNED, 1)),)
    assert shared(BOTH, sheet=sheet, hearings=against, assessments=assessed) is None
    again = (*against, f.heard(Outcome.AGAINST, NOW))
    assert shared(BOTH, sheet=sheet, hearings=again, assessments=assessed) is Reason.HEARD_AGAINST


def test_e15_a_youth_of_16_lets_a_parent_in_for_a_time_and_takes_it_back() -> None:
    sheet = f.sheet(f.BORN[16])
    invited = replace(BY_YOUTH, terms=replace(BY_YOUTH.terms, receivers=f.parties(f.BUP, MOTHER), read_until=NOW))
    mother = Actor(MOTHER, None)
    invited = replace(invited, terms=replace(invited.terms, share_until=NOW))
    assert opened(invited, sent=SIGNED, at=NOW - 1, reader=mother, sheet=sheet) is None
    assert opened(invited, sent=SIGNED, at=NOW, reader=mother, sheet=sheet) is Reason.READING_ENDED
    withdrawn = replace(invited, withdrawals=(f.dated(YOUTH, SIGNED + 1),))
    assert opened(withdrawn, sent=SIGNED, at=NOW - 1, reader=mother, sheet=sheet) is Reason.WITHDRAWN
    assert sees(MOTHER, invited, sheet=sheet) == TAKES_PART
    assert sees(FATHER, invited, sheet=sheet) == NOTHING


LACKING = (f.incapacity(),)


def test_e16_where_a_youth_of_16_cannot_consent_the_parents_sign() -> None:
    sheet = f.sheet(f.BORN[16])
    assert shared(BOTH, sheet=sheet) is Reason.NEEDS_NEW_CONSENT
    assert shared(BOTH, sheet=sheet, incapacities=LACKING) is None
    assert lacking(consent(MOTHER), sheet=sheet, incapacities=LACKING) == {FATHER}
    assert shared(BY_YOUTH, sheet=sheet, incapacities=LACKING) is Reason.NEEDS_NEW_CONSENT
    assert shared(BOTH, sheet=sheet, incapacities=LACKING, hearings=()) is Reason.NOT_HEARD


def test_e16_nothing_is_shared_against_the_youths_no_and_no_assessment_lifts_it() -> None:
    facts: dict[str, Any] = {"sheet": f.sheet(f.BORN[16]), "incapacities": LACKING}
    against = (f.heard(Outcome.AGAINST),)
    assessed = (Assessment(CHILD, MATTER, f.DOCTOR, f.later(SIGNED, 1)),)
    assert shared(BOTH, hearings=against, assessments=assessed, **facts) is Reason.HEARD_AGAINST
    assert opened(BOTH, sent=SIGNED, hearings=against, assessments=assessed, **facts) is Reason.HEARD_AGAINST
    assert shared(BOTH, hearings=(*against, f.heard(at=NOW)), **facts) is None
    no = (f.dated(YOUTH, NOW),)
    assert shared(replace(BOTH, objections=no), **facts) is Reason.OBJECTED
    assert shared(replace(BOTH, withdrawals=no), **facts) is Reason.WITHDRAWN


def test_e16_the_record_ends_by_itself_and_what_was_shared_before_stays_readable() -> None:
    facts: dict[str, Any] = {"sheet": f.sheet(f.BORN[16]), "incapacities": (f.incapacity(holds_to=NOW),)}
    assert shared(BOTH, at=NOW - 1, **facts) is None
    assert shared(BOTH, at=NOW, **facts) is Reason.NEEDS_NEW_CONSENT
    assert lacking(BOTH, at=NOW, **facts) == {YOUTH}
    assert opened(BOTH, sent=NOW - 1, at=NOW, **facts) is None


@pytest.mark.parametrize(
    "other",
    [
        {"matter": f.OTHER_MATTER},
        {"subject": f.OTHER_CHILD},
        {"purposes": frozenset({Purpose.REFERRAL})},
        {"known_at": f.later(NOW, 1)},
        {"holds_from": f.later(NOW, 1)},
    ],
    ids=lambda other: next(iter(other)),
)
def test_e16_the_record_reaches_its_matter_and_purposes_once_it_is_known(other: dict[str, Any]) -> None:
    facts: dict[str, Any] = {"sheet": f.sheet(f.BORN[16]), "incapacities": (f.incapacity(**other),)}
    assert shared(BOTH, **facts) is Reason.NEEDS_NEW_CONSENT
    assert shared(BY_YOUTH, **facts) is None


def test_e16_what_parents_signed_before_the_record_was_known_carries_nothing() -> None:
    late = (f.incapacity(known_at=f.later(SIGNED, 1)),)
    assert shared(BOTH, sheet=f.sheet(f.BORN[16]), incapacities=late) is Reason.SIGNATURE_MISSING


def test_e16_who_has_parental_responsibility_must_be_clear() -> None:
    sheet = f.sheet(f.BORN[16], responsibility=Responsibility.UNKNOWN)
    assert shared(BOTH, sheet=sheet, incapacities=LACKING) is Reason.RESPONSIBILITY_UNCLEAR
    # Where the youth decides nobody asks for it.
    assert shared(BY_YOUTH, sheet=sheet) is None


def test_e16_the_parents_see_what_they_are_asked_to_sign_and_nothing_else() -> None:
    sheet = f.sheet(f.BORN[16])
    assert sees(MOTHER, BOTH, sheet=sheet) == NOTHING
    assert sees(MOTHER, BOTH, sheet=sheet, incapacities=LACKING) == FOLLOWS
    assert sees(f.GRANDMOTHER, BOTH, sheet=sheet, incapacities=LACKING) == NOTHING
    assert sees(MOTHER, own_sending(YOUTH), sheet=sheet, incapacities=LACKING) == NOTHING
    referral = consent(YOUTH, purpose=Purpose.REFERRAL)
    assert sees(MOTHER, referral, sheet=sheet, incapacities=LACKING) == NOTHING
    assert sees(MOTHER, BOTH, sheet=sheet, incapacities=(f.incapacity(holds_to=NOW),)) == NOTHING
    for who in (MOTHER, YOUTH):
        assert can_withdraw(who, BOTH, sheet=sheet, incapacities=LACKING)
    assert not can_withdraw(MOTHER, BY_YOUTH, sheet=sheet)


def test_e16_a_record_changes_nothing_for_a_child_below_16_not_even_in_a_withheld_matter() -> None:
    sheet = f.sheet(f.BORN[13])
    assert shared(BOTH, sheet=sheet, incapacities=LACKING) is None
    # Whoever cannot consent does not sign alone.
    assert shared(alone(), sheet=sheet, incapacities=LACKING, shields=(DECIDED,)) is Reason.NEEDS_NEW_CONSENT


def test_e17_from_18_a_representative_signs_whose_mandate_two_registrars_recorded() -> None:
    mandate = f.authority(AuthorityKind.MANDATE, recorded_at=f.MADE, known_at=f.MADE, holds_from=f.MADE)
    listed = f.holder(f.CASEWORKER, Capacity.REPRESENTATIVE)
    grown = f.sheet(f.BORN[19])
    named = (*grown.may_sign, listed)
    sheet = replace(grown, may_sign=named, may_know=named, authorities=(mandate,))
    role = Role(f.CASEWORKER, RoleAct.SIGNS, "no/information/18/unable")
    signed = consent(f.CASEWORKER, roles=(role,))
    assert shared(signed, sheet=sheet, incapacities=LACKING) is None
    assert sees(f.CASEWORKER, signed, sheet=sheet, incapacities=LACKING) == FOLLOWS
    # Never against the person's no, and never where the person can consent.
    assert shared(signed, sheet=sheet, incapacities=LACKING, hearings=(f.heard(Outcome.AGAINST),)) is (
        Reason.HEARD_AGAINST
    )
    assert shared(signed, sheet=sheet) is Reason.NEEDS_NEW_CONSENT
    assert sees(f.CASEWORKER, signed, sheet=sheet) == NOTHING
    # On the sheet, but by no mandate that counts.
    alone_listed = replace(sheet, authorities=())
    assert shared(signed, sheet=alone_listed, incapacities=LACKING) is Reason.NO_SIGNER


def test_e17_from_18_neither_parents_nor_the_person_sign_in_a_representatives_place() -> None:
    sheet = f.sheet(f.BORN[19])
    assert shared(BY_YOUTH, sheet=sheet) is None
    for signed in (BY_YOUTH, BOTH):
        assert shared(signed, sheet=sheet, incapacities=LACKING) is Reason.NO_SIGNER
    assert sees(MOTHER, BOTH, sheet=sheet, incapacities=LACKING) == NOTHING


def test_e22_at_12_the_youth_must_be_heard_anew_and_a_no_begins_to_bind() -> None:
    born, turns = turning(12)
    sheet = f.sheet(born)
    before = (f.heard(at=turns - 1),)
    assert shared(BOTH, at=turns - 1, sheet=sheet, hearings=before) is None
    assert shared(BOTH, at=turns, sheet=sheet, hearings=before) is Reason.NOT_HEARD
    assert shared(BOTH, at=turns, sheet=sheet, hearings=(*before, f.heard(at=turns))) is None
    against = (f.heard(Outcome.AGAINST, turns - 1),)
    assert shared(BOTH, at=turns - 1, sheet=sheet, hearings=against) is None
    bound = (f.heard(Outcome.AGAINST, turns),)
    assert shared(BOTH, at=turns, sheet=sheet, hearings=bound) is Reason.HEARD_AGAINST


def test_e22_from_12_the_parents_do_not_see_what_the_youth_sends_of_their_own() -> None:
    born, turns = turning(12)
    sent = own_sending(YOUTH)
    assert sent_by(YOUTH, born, at=turns - 1) is Reason.SENDER_MAY_NOT_SEND
    assert sent_by(YOUTH, born, at=NOW) is Reason.SIGNATURE_MISSING  # signed before the birthday: not entitled then
    signed = replace(sent, signatures=(f.signature(YOUTH, turns),))
    assert shared(signed, ask={"receivers": (f.GP,)}, sheet=f.sheet(born), hearings=()) is None
    assert sees(MOTHER, signed, sheet=f.sheet(born)) == NOTHING
    # What the parents' own signatures carry they go on seeing, unless it is shielded.
    assert sees(MOTHER, BOTH, sheet=f.sheet(born)) != NOTHING


def test_e22_from_12_parents_receive_nothing_new_before_the_youth_was_heard_and_a_no_ends_what_they_received() -> None:
    born, turns = turning(12)
    sheet, asked = f.sheet(born), (f.heard(at=turns - 1),)
    to_mother = consent(MOTHER, FATHER, receivers=f.parties(MOTHER))
    letter: dict[str, Any] = {"receivers": (MOTHER,)}
    reading: dict[str, Any] = {"sent": turns - 1, "sheet": sheet, "reader": Actor(MOTHER, None)}
    assert shared(to_mother, at=turns - 1, ask=letter, sheet=sheet, hearings=asked) is None
    assert shared(to_mother, at=turns, ask=letter, sheet=sheet, hearings=asked) is Reason.NOT_HEARD
    assert opened(to_mother, at=turns, hearings=asked, **reading) is None
    no = (*asked, f.heard(Outcome.AGAINST, turns))
    assert opened(to_mother, at=turns, hearings=no, **reading) is Reason.HEARD_AGAINST
    # Whoever is named as nothing but a signer sees that there is a consent, before as after, and never what was shared.
    assert [sees(MOTHER, BOTH, at=at, sheet=sheet).content for at in (turns - 1, turns)] == [False, False]


def test_e23_the_13th_birthday_changes_who_may_sign_in_not_who_decides() -> None:
    born, turns = turning(13)
    for at in (turns - 1, turns):
        assert shared(BOTH, at=at, sheet=f.sheet(born)) is None
        assert sent_by(YOUTH, born, at=at) is None


def test_e24_at_15_the_youth_signs_too_outside_health_and_not_inside() -> None:
    born, turns = turning(15)
    sheet = f.sheet(born)
    outside = consent(MOTHER, FATHER, receivers=f.parties(f.SCHOOL))
    assert shared(outside, at=turns - 1, sheet=sheet) is None
    assert shared(outside, at=turns, sheet=sheet) is Reason.NEEDS_NEW_CONSENT
    assert lacking(outside, at=turns, sheet=sheet) == {YOUTH}
    joined = replace(outside, signatures=(*outside.signatures, f.signature(YOUTH, turns)))
    assert shared(joined, at=turns, sheet=sheet) is None
    assert shared(BOTH, at=turns, sheet=sheet) is None


def test_e25_at_18_everything_that_rests_on_parental_responsibility_ends() -> None:
    born, turns = turning(18)
    sheet = f.sheet(born)
    observed = Category.OWN_OBSERVATIONS
    assert sent_by(MOTHER, born, observed, at=turns - 1) is None
    assert sent_by(MOTHER, born, observed, at=turns) is Reason.SENDER_MAY_NOT_SEND
    assert shared(BY_YOUTH, at=turns, sheet=sheet) is None
    assert lacking(BOTH, at=turns, sheet=sheet) == {YOUTH}
    assert sees(MOTHER, BY_YOUTH, at=turns, sheet=sheet) == NOTHING
    assert not can_withdraw(MOTHER, BY_YOUTH, at=turns, sheet=sheet)


@pytest.mark.parametrize(("years", "month", "day"), [(15, 2, 28), (16, 2, 29), (18, 2, 28)])
def test_e26_who_was_born_on_29_february_has_the_birthday_on_28_february_in_years_without_one(
    years: int, month: int, day: int
) -> None:
    born = date(2012, 2, 29)
    turns = birthday(born, years)
    assert turns == f.oslo(2012 + years, month, day)
    made = Instant(turns - 5 * f.DAY)
    outside: dict[str, Any] = {"receivers": f.parties(f.SCHOOL), "made": made, "share_until": f.later(turns, f.DAY)}
    by = (MOTHER, FATHER) if years < 18 else (YOUTH,)
    signed = consent(**outside, read_until=f.later(turns, 2 * f.DAY), requested_at=made)
    signed = replace(signed, signatures=tuple(f.signature(each, made) for each in by))
    lasting: dict[str, Any] = {
        "sheet": f.sheet(born, not_after=f.later(turns, 9 * f.DAY)),
        "units": {unit: replace(facts, not_after=f.later(turns, f.DAY)) for unit, facts in f.UNITS.items()},
        "hearings": (f.heard(at=made),),
    }
    assert shared(signed, at=turns - 1, **lasting) is (Reason.NEEDS_NEW_CONSENT if years == 16 else None)
    assert shared(signed, at=turns, **lasting) is (None if years == 18 else Reason.NEEDS_NEW_CONSENT)
