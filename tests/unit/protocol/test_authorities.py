"""What a client believes of who signs for a child: of two registrars, bound by the sheet, and nothing less."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from protocol.authorities import Determined, bound, determined, require_determinable
from protocol.consent.vocabulary import AuthorityKind, Purpose, Regime, Responsibility
from protocol.identifiers import Instant, PersonId
from protocol.reading import Fields, Malformed
from protocol.statements.authority import (
    AUTHORITY_WORDS,
    LONGEST_EMERGENCY,
    AuthorityBody,
    AuthorityWord,
    decision_number,
)
from protocol.statements.base import Refused
from tests.unit.consent import family as f
from tests.unit.protocol.determining import (
    BY_CASEWORKER,
    confirmation,
    end,
    in_care,
    on_sheet,
    order,
    service,
)
from tests.unit.protocol.refusing import refuses, without
from tests.unit.protocol.world import DAY, OFFICER, REGISTRAR, Story, sha, step, tell

NOW = f.NOW


# What the reader of a share believes


def test_a_share_under_a_care_order_that_the_service_signed_for_may_be_unsealed() -> None:
    verified = tell(*BY_CASEWORKER, determining=in_care()).verify()
    assert verified.permit is not None
    assert "no/in-place/care-order" in verified.permit.rule


def test_an_order_that_one_registrar_recorded_and_nobody_confirmed_permits_nothing() -> None:
    alone = tell(*BY_CASEWORKER, determining=in_care(second=None))
    refuses("exception-care-order", alone)


def test_whoever_recorded_an_order_does_not_confirm_it() -> None:
    refuses("not-entitled", tell(*BY_CASEWORKER, determining=in_care(second=REGISTRAR)))


@pytest.mark.parametrize("who", [f.CASEWORKER, f.MOTHER, f.DOCTOR])
def test_nobody_but_registrars_records_or_confirms_an_order(who: PersonId) -> None:
    for determining in (in_care(by=who), in_care(second=who)):
        refuses("not-entitled", tell(*BY_CASEWORKER, determining=determining))


def test_an_order_that_the_sheet_names_cannot_be_left_out() -> None:
    under_order = tell(determining=in_care(second=None))
    refuses("no-authority", under_order, statements=without("order"))


def test_a_confirmation_that_is_left_out_gives_the_parents_nothing_back() -> None:
    under_order = tell(determining=in_care())
    refuses("exception-care-order", under_order, statements=without("confirmation"))


def test_an_order_that_the_sheet_does_not_name_counts_for_nothing() -> None:
    def unnamed(story: Story) -> Mapping[str, Any]:
        in_care()(story)
        return on_sheet()

    assert tell(determining=unnamed).verify().permit is not None
    refuses("needs-new-consent", tell(*BY_CASEWORKER, determining=unnamed))


def test_an_order_names_a_child_welfare_service_that_a_registrar_vouches_for() -> None:
    refuses("not-entitled", tell(*BY_CASEWORKER, determining=in_care(unit=f.GP)))
    refuses("unknown-unit", tell(*BY_CASEWORKER, determining=in_care()), statements=without("welfare unit"))
    clinic = step("welfare unit", body={"regime": Regime.HEALTH})
    refuses("not-entitled", tell(clinic, *BY_CASEWORKER, determining=in_care()))


def test_an_order_about_another_child_is_nothing_to_this_one() -> None:
    other = in_care(subject=f.OTHER_CHILD, second=None)
    refuses("no-authority", tell(determining=other))


def test_an_order_that_has_ended_before_gives_the_parents_their_say_back() -> None:
    def passed(story: Story) -> Mapping[str, Any]:
        service(story)
        said = story.say("order", REGISTRAR, order(story.now)).digest
        story.say("confirmation", OFFICER, confirmation(said))
        ended = story.say("end", OFFICER, end(said)).digest
        story.say("second confirmation", REGISTRAR, confirmation(ended, 73))
        return on_sheet(said, ended)

    assert tell(determining=passed).verify().permit is not None
    refuses("needs-new-consent", tell(*BY_CASEWORKER, determining=passed))
    refuses("exception-care-order", tell(determining=passed), statements=without("second confirmation"))
    refuses("bad-authority", tell(determining=passed), statements=without("end"))


def test_a_settlement_makes_an_unclear_register_clear() -> None:
    def settled(story: Story) -> Mapping[str, Any]:
        body = order(
            story.now,
            by=AuthorityKind.RESPONSIBILITY,
            unit=None,
            purposes=(),
            persons=tuple(sorted((f.MOTHER, f.FATHER))),
        )
        digest = story.say("settlement", OFFICER, body).digest
        story.say("confirmation", REGISTRAR, confirmation(digest))
        return {"responsibility": Responsibility.UNKNOWN, "authorities": (digest,)}

    story = tell(determining=settled)
    assert story.verify().permit is not None
    refuses("responsibility-unclear", story, statements=without("confirmation"))


# What two registrars' words come to


def said(number: int, body: AuthorityWord, by: PersonId = REGISTRAR, at: int = NOW) -> Determined:
    return Determined(sha(str(number).encode()), body, by, Instant(at))


ORDER = said(1, order(NOW))
CONFIRMED = said(2, confirmation(ORDER.digest), OFFICER, NOW + 1)
END = said(3, end(ORDER.digest), REGISTRAR, NOW + 2)
END_CONFIRMED = said(4, confirmation(END.digest), OFFICER, NOW + 3)
AGAIN = said(5, order(NOW, persons=(f.SUCCESSOR,)), OFFICER, NOW + 1)


def test_what_was_recorded_counts_from_its_confirmation_and_ends_with_that_of_its_end() -> None:
    [found] = determined((ORDER, CONFIRMED, END, END_CONFIRMED))
    assert (found.recorded_at, found.known_at, found.ending_at, found.ended_at) == (NOW, NOW + 1, NOW + 2, NOW + 3)
    assert (found.kind, found.unit, found.persons) == (AuthorityKind.CARE_ORDER, f.WELFARE, (f.CASEWORKER,))
    [recorded] = determined((ORDER,))
    assert (recorded.known_at, recorded.ending_at, recorded.ended_at) == (None, None, None)
    [ending] = determined((ORDER, CONFIRMED, END))
    assert (ending.ending_at, ending.ended_at) == (NOW + 2, None)


def test_a_second_confirmation_changes_nothing() -> None:
    later = said(6, confirmation(ORDER.digest, 74), OFFICER, NOW + 5)
    assert determined((ORDER, CONFIRMED, later)) == determined((ORDER, CONFIRMED))


def test_what_only_one_registrar_has_said_one_alone_takes_back() -> None:
    [found] = determined((ORDER, END))
    assert (found.ending_at, found.ended_at) == (NOW + 2, NOW + 2)


def test_an_end_ends_everything_of_its_number_that_was_recorded_before() -> None:
    later = said(7, order(NOW), OFFICER, NOW + 9)
    other = said(8, order(NOW, number="BHN-2026-0418"), OFFICER, NOW + 1)
    found = determined((ORDER, AGAIN, other, CONFIRMED, END, END_CONFIRMED, later))
    assert [each.ending_at for each in found] == [NOW + 2, NOW + 2, None, None]


def test_the_sheet_names_all_but_confirmations() -> None:
    assert bound((END_CONFIRMED, END, CONFIRMED, ORDER)) == tuple(sorted((ORDER.digest, END.digest)))


def refusal(new: Determined, *known: Determined) -> str:
    with pytest.raises(Refused) as refused:
        require_determinable(new, {each.digest: each for each in known})
    return refused.value.code


def test_what_may_be_said_of_what_was_said_before() -> None:
    known = {each.digest: each for each in (ORDER, CONFIRMED, END)}
    for new in (ORDER, CONFIRMED, END, END_CONFIRMED, AGAIN):
        require_determinable(new, known)


@pytest.mark.parametrize(
    ("code", "new", "known"),
    [
        ("bad-authority", CONFIRMED, ()),
        ("bad-authority", END, ()),
        ("bad-authority", said(9, confirmation(ORDER.digest, subject=f.OTHER_CHILD), OFFICER), (ORDER,)),
        ("bad-authority", said(9, confirmation(CONFIRMED.digest), OFFICER), (CONFIRMED,)),
        ("bad-authority", said(9, end(END.digest)), (END,)),
        ("bad-authority", said(9, end(CONFIRMED.digest)), (CONFIRMED,)),
        ("bad-authority", said(9, confirmation(ORDER.digest), OFFICER, NOW + 2), (ORDER, END)),
        ("not-entitled", replace(CONFIRMED, by=REGISTRAR), (ORDER,)),
        ("not-entitled", replace(END_CONFIRMED, by=REGISTRAR), (END,)),
        ("too-long", said(9, order(NOW, not_after=Instant(NOW + 366 * DAY + 1))), ()),
        (
            "too-long",
            said(
                9,
                order(
                    NOW,
                    by=AuthorityKind.EMERGENCY_ORDER,
                    holds_to=Instant(NOW + 30 * DAY),
                    not_after=Instant(NOW + 7 * DAY + 1),
                ),
            ),
            (),
        ),
    ],
)
def test_other_words_are_refused(code: str, new: Determined, known: tuple[Determined, ...]) -> None:
    assert refusal(new, *known) == code


def test_a_week_and_a_year_are_the_longest_before_rechecking() -> None:
    require_determinable(said(9, order(NOW, not_after=Instant(NOW + 366 * DAY))), {})
    week = {"by": AuthorityKind.EMERGENCY_ORDER, "not_after": Instant(NOW + 7 * DAY), "holds_to": Instant(NOW + DAY)}
    require_determinable(said(9, order(NOW, **week)), {})


def test_a_confirmation_from_before_an_end_stands_whatever_order_they_come_in() -> None:
    require_determinable(CONFIRMED, {each.digest: each for each in (ORDER, END)})


# How they are written


@pytest.mark.parametrize("body", [order(NOW), end(ORDER.digest), confirmation(ORDER.digest)])
def test_every_word_is_read_as_it_was_written(body: AuthorityWord) -> None:
    assert type(body).read(Fields(body.to_json(), "body")) == body
    assert type(body) in AUTHORITY_WORDS


EMERGENCY = {"by": AuthorityKind.EMERGENCY_ORDER, "holds_from": Instant(NOW)}
MANDATE: dict[str, Any] = {"by": AuthorityKind.MANDATE, "unit": None, "purposes": (), "holds_to": Instant(NOW + DAY)}


@pytest.mark.parametrize(
    "changes",
    [
        {**EMERGENCY, "holds_to": Instant(NOW + LONGEST_EMERGENCY)},
        MANDATE,
        {**MANDATE, "by": AuthorityKind.RESPONSIBILITY, "holds_to": None, "persons": (f.MOTHER, f.FATHER)},
    ],
)
def test_each_kind_has_its_form(changes: Mapping[str, Any]) -> None:
    body = order(NOW, **changes)
    assert AuthorityBody.read(Fields(body.to_json(), "body")) == body


@pytest.mark.parametrize(
    "changes",
    [
        {"unit": None},
        {"purposes": ()},
        {"purposes": (Purpose.REFERRAL, Purpose.COORDINATION)},
        {"persons": ()},
        {"persons": (f.FATHER, f.MOTHER)},
        {"holds_to": Instant(NOW - DAY)},
        {**EMERGENCY, "holds_to": None},
        {**EMERGENCY, "holds_to": Instant(NOW + LONGEST_EMERGENCY + 1)},
        {**MANDATE, "holds_to": None},
        {**MANDATE, "persons": (f.MOTHER, f.FATHER)},
        {**MANDATE, "unit": f.WELFARE},
        {**MANDATE, "purposes": (Purpose.REFERRAL,)},
        {"number": "bhn-1"},
        {"decided_on": date(2026, 8, 20), "number": ""},
    ],
)
def test_other_forms_are_refused(changes: Mapping[str, Any]) -> None:
    with pytest.raises(Malformed):
        AuthorityBody.read(Fields(order(NOW, **changes).to_json(), "body"))


@pytest.mark.parametrize("number", ["1", "BHN-2026/04.17", "A" * 40])
def test_a_number_is_capital_letters_and_digits_with_signs_between(number: str) -> None:
    assert decision_number(number) == number


@pytest.mark.parametrize("number", [None, 17, "", "-1", "1-", "a1", "A 1", "A" * 41, "1\n"])
def test_other_numbers_are_refused(number: object) -> None:
    with pytest.raises(Malformed):
        decision_number(number)
