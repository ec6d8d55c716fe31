"""Words that a professional wrote down, as a client believes them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from protocol.consent.answer import Reason
from protocol.consent.vocabulary import Evidence
from protocol.evidence import build_case, consent_facts
from protocol.statements.base import Refused, sign, verify
from protocol.statements.recorded import (
    DisputeBody,
    RecordedConfirmationBody,
    RecordedSignatureBody,
    RecordedWithdrawalBody,
    spoken_for,
)
from tests.unit.consent import family as f
from tests.unit.protocol.refusing import denied, refused
from tests.unit.protocol.world import DAY, GP_HEAD, MINUTE, ORIGIN, Story, key_of, sha, statement_id, step, tell

BODY = RecordedWithdrawalBody(
    statement_id(80), sha(b"consent"), f.CHILD, f.MATTER, unit=f.GP, person=f.FATHER, form="paper"
)


def withdraw(story: Story, who: Any = f.DOCTOR, **changed: Any) -> None:
    terms = story.terms()
    said: dict[str, Any] = {"unit": f.GP, "person": f.FATHER, "form": "oral"}
    body = RecordedWithdrawalBody(statement_id(80), terms.digest, f.CHILD, f.MATTER, **(said | changed))
    story.do("withdrawal", who, body)


def test_a_recorded_withdrawal_reads_what_it_writes() -> None:
    key = key_of(f.DOCTOR)
    token = sign(BODY, key, iss=f.DOCTOR, aud=ORIGIN, made=f.MADE, seen=None)
    statement = verify(token, RecordedWithdrawalBody, key.public, aud=ORIGIN)
    assert statement.body == BODY
    assert spoken_for(statement) == f.FATHER


def test_a_word_that_was_heard_by_chance_is_no_form() -> None:
    key = key_of(f.DOCTOR)
    wrong = RecordedWithdrawalBody(
        statement_id(80), sha(b"consent"), f.CHILD, f.MATTER, unit=f.GP, person=f.FATHER, form="rumour"
    )
    token = sign(wrong, key, iss=f.DOCTOR, aud=ORIGIN, made=f.MADE, seen=None)
    with pytest.raises(Refused):
        verify(token, RecordedWithdrawalBody, key.public, aud=ORIGIN)


def test_a_recorded_withdrawal_is_the_persons_own_at_its_entry() -> None:
    story = tell(between=withdraw)
    [word] = consent_facts(story.directory(), story.record_with("withdrawal")).withdrawals
    assert (word.person, word.at) == (f.FATHER, f.MADE + 5 * DAY + MINUTE)


def test_a_recorded_withdrawal_stops_the_next_opening() -> None:
    denied(str(Reason.WITHDRAWN), between=withdraw, consents=lambda story: (story.record_with("withdrawal"),))


def test_a_recorded_withdrawal_by_somebody_outside_the_unit_is_refused() -> None:
    refused(
        "not-entitled",
        between=lambda story: withdraw(story, f.MOTHER),
        consents=lambda story: (story.record_with("withdrawal"),),
    )


SIGNED = RecordedSignatureBody(
    statement_id(81),
    sha(b"consent"),
    f.CHILD,
    f.MATTER,
    f.GP,
    f.FATHER,
    "oral",
    "document",
    "somali",
    sha(b"scan"),
    "1",
    "nb",
)
CONFIRMED = RecordedConfirmationBody(
    statement_id(82), sha(b"consent"), f.CHILD, f.MATTER, f.GP, f.FATHER, "oral", sha(b"recorded")
)


DISPUTED = DisputeBody(statement_id(83), sha(b"consent"), f.CHILD, f.MATTER, sha(b"recorded"))


@pytest.mark.parametrize("body", [SIGNED, replace(SIGNED, interpreter=None, scan=None), CONFIRMED, DISPUTED], ids=repr)
def test_what_is_written_down_reads_what_it_writes(body: Any) -> None:
    key = key_of(f.DOCTOR)
    token = sign(body, key, iss=f.DOCTOR, aud=ORIGIN, made=f.MADE, seen=None)
    assert verify(token, type(body), key.public, aud=ORIGIN).body == body


def recording(
    by: Any = f.DOCTOR, second: Any = GP_HEAD, *, dispute: bool = False, signed: Any = None, confirmed: Any = None
) -> Story:
    """Tell the story in which the father's yes was written down on day five, and confirmed."""

    def record(story: Story) -> None:
        terms = story.terms()
        body = replace(SIGNED, consent=terms.digest, **(signed or {}))
        said = story.do("recorded", by, body)
        story.do(
            "confirmed",
            second,
            replace(CONFIRMED, consent=terms.digest, **({"recorded": said.digest} | (confirmed or {}))),
        )
        for number in range(2 if dispute else 0):
            story.do(
                f"dispute {number}",
                f.FATHER,
                DisputeBody(statement_id(90 + number), terms.digest, f.CHILD, f.MATTER, said.digest),
            )

    return tell(between=record)


def signatures(story: Story, *names: str) -> list[Any]:
    facts = consent_facts(story.directory(), story.record_with(*names))
    return [each for each in facts.signatures if each.evidence is Evidence.RECORDED]


def code(story: Story, *names: str) -> str:
    with pytest.raises(Refused) as caught:
        signatures(story, *names)
    return caught.value.code


def test_a_recorded_signature_is_one_once_a_second_person_has_confirmed_it() -> None:
    story = recording()
    assert signatures(story, "recorded") == []
    [signature] = signatures(story, "recorded", "confirmed")
    assert (signature.person, signature.at) == (f.FATHER, f.MADE + 5 * DAY + 2 * MINUTE)
    assert signature.disputed_at is None


def test_the_first_dispute_of_the_person_is_kept_with_the_signature() -> None:
    [signature] = signatures(recording(dispute=True), "recorded", "confirmed", "dispute 1", "dispute 0")
    assert signature.disputed_at == f.MADE + 5 * DAY + 3 * MINUTE


def again(story: Story) -> None:
    """Let the father's yes be written down and confirmed, disputed by him, and written down and confirmed anew."""
    terms = story.terms()
    for number in range(2):
        body = replace(SIGNED, id=statement_id(70 + number), consent=terms.digest)
        said = story.do(f"recorded {number}", f.DOCTOR, body)
        confirmed = replace(CONFIRMED, id=statement_id(75 + number), consent=terms.digest, recorded=said.digest)
        story.do(f"confirmed {number}", GP_HEAD, confirmed)
        if number == 0:
            disputed = DisputeBody(statement_id(79), terms.digest, f.CHILD, f.MATTER, said.digest)
            story.do("disputed", f.FATHER, disputed)
            story.do("by another", f.MOTHER, replace(disputed, id=statement_id(78)))


def test_what_is_recorded_anew_after_a_dispute_stands_by_itself() -> None:
    story = tell(between=again)
    names = ("recorded 0", "confirmed 0", "disputed", "recorded 1", "confirmed 1")
    first, second = signatures(story, *names)
    assert first.disputed_at is not None
    assert (second.person, second.disputed_at) == (f.FATHER, None)


def test_only_the_person_themself_disputes_a_record() -> None:
    [signature] = signatures(tell(between=again), "recorded 0", "confirmed 0", "by another")
    assert signature.disputed_at is None


def test_a_second_person_who_is_the_first_confirms_nothing() -> None:
    assert code(recording(second=f.DOCTOR), "recorded", "confirmed") == "not-entitled"


@pytest.mark.parametrize(
    ("confirmed", "expected"),
    [
        ({"recorded": sha(b"another")}, "not-recorded"),
        ({"person": f.MOTHER}, "not-recorded"),
        ({"unit": f.BUP}, "not-entitled"),
    ],
    ids=str,
)
def test_a_confirmation_is_of_this_signature_by_the_same_unit(confirmed: Any, expected: str) -> None:
    second = f.PSYCHOLOGIST if "unit" in confirmed else GP_HEAD
    assert code(recording(second=second, confirmed=confirmed), "recorded", "confirmed") == expected


def test_nobody_records_or_confirms_their_own_word() -> None:
    own = {"person": f.DOCTOR}
    assert code(recording(signed=own, confirmed=own), "recorded", "confirmed") == "not-entitled"
    own = {"person": GP_HEAD}
    assert code(recording(signed=own, confirmed=own), "recorded", "confirmed") == "not-entitled"


def test_a_recorded_signature_under_another_text_is_refused() -> None:
    assert code(recording(signed={"text_version": "2"}), "recorded") == "other-text"


ELSEWHERE = step("terms", body={"senders": f.parties(f.GP), "receivers": f.parties(f.SCHOOL)})
"""A consent in which BUP takes no part."""


def test_a_unit_that_takes_no_part_records_no_yes() -> None:
    def record(story: Story) -> None:
        story.do("recorded", f.PSYCHOLOGIST, replace(SIGNED, consent=story.terms().digest, unit=f.BUP))

    refused("not-entitled", ELSEWHERE, between=record, consents=lambda story: (story.record_with("recorded"),))


def test_a_unit_that_takes_no_part_withdraws_for_somebody_without_a_key() -> None:
    story = tell(ELSEWHERE, between=lambda story: withdraw(story, f.PSYCHOLOGIST, unit=f.BUP))
    [word] = consent_facts(story.directory(), story.record_with("withdrawal")).withdrawals
    assert word.person == f.FATHER


def test_a_unit_below_a_party_with_its_sub_units_takes_part() -> None:
    def record(story: Story) -> None:
        story.do("recorded", f.DOCTOR, replace(SIGNED, consent=story.terms().digest))

    wide = step("terms", body={"receivers": (f.party(f.BUP, subunits=True),), "senders": f.parties(f.SCHOOL)})
    story = tell(wide, step("gp unit", body={"parent": f.BUP}), between=record)
    assert signatures(story, "recorded") == []
    narrow = step("terms", body={"receivers": f.parties(f.BUP), "senders": f.parties(f.SCHOOL)})
    story = tell(narrow, step("gp unit", body={"parent": f.BUP}), between=record)
    assert code(story, "recorded") == "not-entitled"


def test_a_readers_own_unit_says_in_its_record_that_it_takes_own_keys_only() -> None:
    for only in (True, False):
        story = tell(step("bup unit", body={"own_keys_only": only}))
        case = build_case(story.directory(), f.CHILD, (), (), ())
        assert case.units[f.BUP].own_keys_only is only
