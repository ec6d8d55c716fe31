"""DOMAIN 2.3, who is kept out, how a consent was given, and what becomes of units: E6, E12, E21, E28 to E33, E35."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from protocol.consent.answer import Deny, Reason
from protocol.consent.ask import Actor
from protocol.consent.case import Shield
from protocol.consent.decide import decide
from protocol.consent.keeping_out import KeptOut, without
from protocol.consent.terms import BadTerms, Terms
from protocol.consent.visibility import NOTHING
from protocol.consent.vocabulary import ALL_ASPECTS, Category, Evidence, Purpose, Responsibility
from protocol.identifiers import Instant, PersonId
from protocol.reading import Fields
from protocol.statements.restricted import RestrictedEpochBody
from tests.unit.consent import family as f
from tests.unit.consent.family import BOTH, BUP, FATHER, GP, MATTER, MOTHER, NOW, SIGNED, STRANGER, consent
from tests.unit.consent.scenarios.asking import opened, sees, shared, sole


def kept_from(*persons: PersonId) -> Shield:
    return Shield(
        matter=MATTER,
        persons=frozenset(persons),
        hides=ALL_ASPECTS,
        provisional=False,
        holds_from=SIGNED,
        holds_to=None,
    )


BLOCKED = sole()
"""The sheet after a registrar has blocked the father: he is on no list, and nothing says why."""


def test_e06_from_a_parent_who_is_a_danger_everything_of_the_matter_is_hidden() -> None:
    shield = kept_from(FATHER)
    known = sees(FATHER, BOTH, shields=(shield,))
    assert known == NOTHING
    assert not any((known.unit_name, known.notices, known.log))
    assert sees(MOTHER, BOTH, shields=(shield,)) != NOTHING


def test_e06_a_block_hides_every_matter_of_the_child_and_takes_no_signature_away() -> None:
    block = KeptOut("a" * 64, f.CHILD, FATHER, f.DOCTOR, mailbox=None, unit=GP, at=SIGNED)
    for matter in (MATTER, f.OTHER_MATTER):
        about = consent(MOTHER, FATHER, matter=matter)
        told = sees(FATHER, about, shields=(block.shield(matter),))
        assert told == NOTHING
        assert sees(MOTHER, about, shields=(block.shield(matter),)) != NOTHING
    assert shared(consent(MOTHER), shields=(block.shield(MATTER),)) is Reason.SIGNATURE_MISSING
    ended = replace(block, ended_at=NOW)
    assert sees(FATHER, BOTH, shields=(ended.shield(MATTER),)) != NOTHING


def test_e06_a_blocked_parent_is_on_no_list_and_his_signature_is_not_asked_for() -> None:
    half = consent(MOTHER)
    assert sees(FATHER, half, sheet=BLOCKED) == NOTHING
    assert shared(half, sheet=BLOCKED) is None
    # A register that still says joint hides a guardian, and the program does not choose between the two.
    assert shared(half, sheet=replace(BLOCKED, responsibility=Responsibility.JOINT)) is Reason.RESPONSIBILITY_UNCLEAR


def test_e12_a_part_that_holds_somebody_elses_own_data_cannot_be_named_apart_from_the_rest() -> None:
    # Documented refusal: there is no consent of a third person, and no category for their part. It is left out.
    assert not {str(each) for each in Category if "third" in each or "sibling" in each}
    assert shared(BOTH, ask={"categories": (Category.MESSAGE, Category.OTHER_DOCUMENT)}) is Reason.CATEGORY_NOT_COVERED


RECORDED = replace(BOTH, signatures=(f.signature(MOTHER), f.signature(FATHER, evidence=Evidence.RECORDED)))
"""The father signed on paper or by telephone, and a professional recorded it."""


def test_e21_a_signature_that_staff_recorded_is_told_apart_and_carries_only_where_the_policy_takes_it() -> None:
    assert shared(RECORDED) is Reason.SIGNATURE_RECORDED
    assert opened(RECORDED, sent=NOW) is Reason.SIGNATURE_RECORDED
    assert shared(RECORDED, recorded=True) is None
    own = replace(RECORDED, signatures=(*RECORDED.signatures, f.signature(FATHER, NOW)))
    assert shared(own) is None


def test_e31_whoever_is_said_to_have_agreed_by_telephone_disputes_it_and_it_counts_no_more() -> None:
    spoken, his = RECORDED.signatures
    disputed = replace(RECORDED, signatures=(spoken, replace(his, disputed_at=NOW)))
    assert shared(disputed, at=NOW - 1, recorded=True) is None
    assert shared(disputed, at=NOW, recorded=True) is Reason.SIGNATURE_MISSING
    assert opened(disputed, sent=NOW - 1, at=NOW, recorded=True) is Reason.SIGNATURE_MISSING


def test_e28_a_block_overrides_the_consent_and_is_told_in_the_words_for_a_stranger() -> None:
    letter = consent(MOTHER, FATHER, receivers=f.parties(BUP, FATHER))
    to_him = {"receivers": (FATHER,)}
    assert shared(letter, ask=to_him, sheet=f.sheet()) is None
    answers = [
        decide(f.share(letter, receivers=(who,)), f.case(letter, sheet=BLOCKED), NOW) for who in (FATHER, STRANGER)
    ]
    assert answers == [Deny(Reason.NOT_ON_SHEET)] * 2
    assert opened(letter, sent=SIGNED, reader=Actor(FATHER, None), sheet=BLOCKED) is Reason.NOT_ON_SHEET
    assert sees(FATHER, letter, sheet=BLOCKED) == NOTHING


def test_e29_a_person_whom_the_family_excludes_opens_nothing_while_their_colleague_does() -> None:
    excluded, colleague = f.PSYCHOLOGIST, f.NURSE
    members = (*(f.membership(who, where) for where, who in f.STAFF.items()), f.membership(colleague, BUP))
    shields = (kept_from(excluded),)
    for who, expected in ((excluded, Reason.SHIELDED), (colleague, None)):
        reading: dict[str, Any] = {"reader": Actor(who, BUP), "memberships": members, "shields": shields}
        assert opened(BOTH, sent=SIGNED, **reading) is expected
    # The clinic itself goes on receiving.
    assert shared(BOTH, shields=shields) is None


def test_e29_what_goes_to_the_unit_is_sealed_past_the_person_and_admission_never_takes_them_in() -> None:
    words = [KeptOut("a" * 64, f.CHILD, f.PSYCHOLOGIST, MOTHER, mailbox=BUP, unit=None, at=SIGNED)]
    persons = without(words, BUP, NOW)
    assert persons == (f.PSYCHOLOGIST,)
    assert without(words, GP, NOW) == without(words, BUP, Instant(SIGNED - 1)) == ()
    # The mailbox's own form admits nobody whom it is without, whoever the custodian is.
    listed = {"person": f.PSYCHOLOGIST, "keys": "0" * 64}
    epoch = {"number": 2, "not_after": NOW, "unit": BUP, "seal": "A" * 1622, "members": [listed], "without": [*persons]}
    with pytest.raises(ValueError, match="kept out is not listed"):
        RestrictedEpochBody.read(Fields(epoch, RestrictedEpochBody.kind))


def test_e30_a_consent_to_an_employee_is_refused_and_one_to_the_unit_outlives_its_staff() -> None:
    to_employee = consent(MOTHER, FATHER, receivers=f.parties(f.PSYCHOLOGIST))
    assert shared(to_employee) is Reason.NOT_ON_SHEET
    left = f.membership(f.PSYCHOLOGIST, BUP, until=NOW)
    successor = f.membership(f.NURSE, BUP, since=NOW)
    staff: dict[str, Any] = {"memberships": (left, successor)}
    assert opened(BOTH, sent=SIGNED, at=NOW - 1, **staff) is None
    assert opened(BOTH, sent=SIGNED, at=NOW, **staff) is Reason.NOT_A_MEMBER
    assert opened(BOTH, sent=SIGNED, at=NOW, reader=Actor(f.NURSE, BUP), **staff) is None


def test_e32_an_anonymous_case_has_no_place_here() -> None:
    # Documented refusal: whatever is shared names a subject, a matter and one of these purposes.
    assert "anonymous" not in set(Purpose)
    for gone in ("subject", "matter", "purpose"):
        written = {name: value for name, value in f.terms().to_json().items() if name != gone}
        with pytest.raises(BadTerms):
            Terms.parse(written)


def test_e33_a_merged_unit_inherits_nothing_by_itself() -> None:
    merged = f.unit(70)
    ended = {**f.UNITS, BUP: replace(f.UNITS[BUP], active=False), merged: replace(f.UNITS[BUP])}
    assert shared(BOTH, units=ended) is Reason.UNIT_ENDED
    assert shared(BOTH, ask={"receivers": (merged,)}, units=ended) is Reason.RECEIVER_NOT_COVERED
    assert opened(BOTH, sent=SIGNED, units=ended) is Reason.UNIT_ENDED


def test_e33_a_team_moved_below_a_unit_that_was_named_with_its_sub_units_is_covered() -> None:
    named = consent(MOTHER, FATHER, receivers=(f.party(BUP, subunits=True),))
    moved = f.unit(70)
    units = {**f.UNITS, moved: replace(f.UNITS[BUP], ancestors=frozenset({BUP}))}
    assert shared(named, ask={"receivers": (moved,)}, units=units) is None
    units[moved] = replace(units[moved], ancestors=frozenset({GP}))
    assert shared(named, ask={"receivers": (moved,)}, units=units) is Reason.RECEIVER_NOT_COVERED


def test_e35_a_consent_given_under_pressure_or_by_mistake_is_void_from_the_beginning() -> None:
    word = f.dated(MOTHER, NOW)
    void = replace(BOTH, withdrawals=(word,), invalidations=(word,))
    assert opened(void, sent=SIGNED, at=NOW) is Reason.INVALIDATED
    assert shared(void, at=NOW) is Reason.INVALIDATED
    # As known then it was permitted, and as known now it never was.
    assert opened(BOTH, sent=SIGNED, at=Instant(NOW - 1)) is None
    assert opened(void, sent=SIGNED, at=Instant(NOW - 1)) is Reason.INVALIDATED


def test_e35_a_consent_that_is_only_withdrawn_stays_permitted_until_then() -> None:
    mistaken = replace(BOTH, withdrawals=(f.dated(MOTHER, NOW),))
    assert opened(mistaken, sent=SIGNED, at=Instant(NOW - 1)) is None
    assert opened(mistaken, sent=SIGNED, at=NOW) is Reason.WITHDRAWN
