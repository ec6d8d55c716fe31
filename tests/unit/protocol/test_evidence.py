"""Words on a consent, and the child's view: whose they are, about what, and when."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from protocol.consent.answer import Reason
from protocol.consent.vocabulary import Outcome
from protocol.evidence import ConsentRecord, build_case, consent_facts, hearing_fact
from protocol.identifiers import ConsentId, Instant
from protocol.reading import Malformed
from protocol.statements.base import Refused
from protocol.statements.consent import (
    HearingBody,
    NoticeBody,
    ObjectionBody,
    RefusalBody,
    RequestBody,
    SignatureBody,
    WithdrawalBody,
)
from tests.unit.consent import family as f
from tests.unit.protocol.refusing import denied, refused, refuses
from tests.unit.protocol.world import DAY, MINUTE, REGISTRAR, Story, sha, statement_id, step, tell


def test_each_word_becomes_a_fact_at_its_log_instant() -> None:
    def more(story: Story) -> None:
        story.word("refusal", f.MOTHER, RefusalBody)
        story.word("objection", f.MOTHER, ObjectionBody)
        story.word("notice", f.FATHER, NoticeBody)
        story.word("withdrawal", f.FATHER, WithdrawalBody)

    story = tell(between=more)
    facts = consent_facts(story.directory(), story.record())
    began = f.MADE + 5 * DAY
    assert [(word.person, word.at) for word in facts.refusals] == [(f.MOTHER, began + MINUTE)]
    assert [(word.person, word.at) for word in facts.objections] == [(f.MOTHER, began + 2 * MINUTE)]
    assert [(word.person, word.at) for word in facts.notices] == [(f.FATHER, began + 3 * MINUTE)]
    assert [(word.person, word.at) for word in facts.withdrawals] == [(f.FATHER, began + 4 * MINUTE)]
    assert [word.person for word in facts.signatures] == [f.MOTHER, f.FATHER]
    assert facts.requested_at == f.MADE + MINUTE


@pytest.mark.parametrize(("kind", "reason"), [(RefusalBody, Reason.REFUSED), (WithdrawalBody, Reason.WITHDRAWN)])
def test_a_guardians_no_stops_the_next_opening(kind: Any, reason: Reason) -> None:
    denied(reason, between=lambda story: story.word("no", f.FATHER, kind))


@pytest.mark.parametrize(
    "about", [{"consent": sha(b"another")}, {"subject": f.OTHER_CHILD}, {"matter": f.OTHER_MATTER}], ids=str
)
def test_a_word_on_another_consent_child_or_matter_is_refused(about: Any) -> None:
    refused("other-consent", step("mother signs", body=about))


@pytest.mark.parametrize("shown", [{"text_version": "2"}, {"language": "en"}], ids=str)
def test_a_signature_under_another_text_is_refused(shown: Any) -> None:
    refused("other-text", step("mother signs", body=shown))


def test_a_signature_by_a_custodian_in_a_guardians_name_is_refused() -> None:
    refused("not-entitled", step("mother signs", who=f.DOCTOR))


def test_a_signature_made_after_the_key_had_ended_is_refused() -> None:
    refused("not-entitled", step("mother", body={"not_after": Instant(f.MADE + 2 * MINUTE)}))


def test_a_signature_by_somebody_who_may_not_sign_does_not_count() -> None:
    def befriend(story: Story) -> None:
        story.do("grandmother", REGISTRAR, story.endorse(REGISTRAR, f.GRANDMOTHER, "person", None))
        body = replace(story.body("father signs", SignatureBody), id=statement_id(55))
        story.do("grandmother signs", f.GRANDMOTHER, body)

    denied("signature-missing", between=befriend, consents=lambda story: (_without(story, "father signs"),))


def test_something_else_than_a_word_on_a_consent_is_refused() -> None:
    def mixed(story: Story) -> tuple[ConsentRecord, ...]:
        record = story.record()
        return (replace(record, statements=(*record.statements, story.logged("hearing"))),)

    refused("not-in-chain", consents=mixed)


def test_a_request_that_is_none_is_refused() -> None:
    refused("bad-statement", consents=lambda story: (replace(story.record(), request=story.logged("mother signs")),))


@pytest.mark.parametrize("by", [-5 * MINUTE - 1, 5 * MINUTE + 1], ids=["backdated", "ahead"])
def test_terms_that_say_they_were_made_at_another_time_than_asked_for_are_refused(by: int) -> None:
    # `made` chooses the rule set and starts the longest times: a law that has changed is not gone around by a date.
    made = Instant(f.MADE + MINUTE + by)
    story = tell(step("request", body={"terms": f.terms(made=made)}))
    with pytest.raises(Refused) as refusal:
        consent_facts(story.directory(), ConsentRecord(story.logged("request"), ()))
    assert refusal.value.code == "wrong-time"


@pytest.mark.parametrize("by", [-5 * MINUTE, 5 * MINUTE])
def test_terms_made_within_five_minutes_of_the_request_are_taken(by: int) -> None:
    made = Instant(f.MADE + MINUTE + by)
    story = tell(step("request", body={"terms": f.terms(made=made)}))
    assert consent_facts(story.directory(), ConsentRecord(story.logged("request"), ())).terms.made == made


def test_a_consent_that_the_share_does_not_name_is_refused() -> None:
    refused("no-consent", consents=lambda story: (story.record(), _other_consent(story)))


def test_a_share_without_its_consent_is_refused() -> None:
    refused("no-consent", consents=())


def test_a_consent_twice_does_not_hide_a_withdrawal() -> None:
    def twice(story: Story) -> tuple[ConsentRecord, ...]:
        return (story.record(), _without(story, "withdrawal"))

    refused("no-consent", between=lambda story: story.word("withdrawal", f.MOTHER, WithdrawalBody), consents=twice)


def test_a_record_reads_what_it_writes_and_nothing_else() -> None:
    written = tell().record().to_json()
    assert ConsentRecord.parse(written).to_json() == written
    for wrong in (None, {}, written | {"more": 1}, written | {"statements": [written["request"]] * 2}):
        with pytest.raises(Malformed):
            ConsentRecord.parse(wrong)


# Hearings


def test_a_hearing_by_a_professional_for_a_unit_is_a_fact() -> None:
    story = tell()
    fact = hearing_fact(story.directory(), story.logged("hearing"))
    assert (fact.by, fact.outcome, fact.subject) == (f.DOCTOR, Outcome.FOR, f.CHILD)


def test_a_youth_tells_their_own_view() -> None:
    def told(story: Story) -> None:
        story.do("youth", REGISTRAR, story.endorse(REGISTRAR, f.YOUTH, "person", None))
        story.do("own view", f.YOUTH, HearingBody(statement_id(66), f.CHILD, f.MATTER, None, "against", None))

    story = tell(between=told)
    assert hearing_fact(story.directory(), story.logged("own view")).outcome is Outcome.AGAINST


def test_a_parent_does_not_tell_the_childs_view() -> None:
    refused("not-entitled", step("hearing", who=f.MOTHER, body={"unit": None}))


def test_a_hearing_for_a_unit_where_one_does_not_work_is_refused() -> None:
    refused("not-entitled", step("hearing", body={"unit": f.BUP}))


@pytest.mark.parametrize("about", [{"subject": f.OTHER_CHILD}, {"matter": f.OTHER_MATTER}], ids=str)
def test_a_hearing_of_another_child_or_matter_is_refused(about: Any) -> None:
    refused("other-consent", step("hearing", body=about))


# The case


def test_a_case_without_a_sheet_has_none() -> None:
    story = tell()
    case = build_case(story.directory(), f.OTHER_CHILD, (), (), ())
    assert case.sheet is None
    assert case.exceptions == ()
    assert case.units.keys() == {f.GP, f.BUP}


def test_a_case_names_the_memberships_that_were_checked() -> None:
    case = build_case(tell().directory(), f.CHILD, (), (), ((f.DOCTOR, f.GP),))
    assert [(each.person, each.unit) for each in case.memberships] == [(f.DOCTOR, f.GP)]


def _without(story: Story, name: str) -> ConsentRecord:
    record = story.record()
    token = story.said[name].token
    return replace(record, statements=tuple(each for each in record.statements if each.token != token))


def _other_consent(story: Story) -> ConsentRecord:
    body = story.body("request", RequestBody)
    made = Instant(story.now + MINUTE)
    other = replace(body, id=statement_id(88), terms=replace(body.terms, id=ConsentId.of(b"o" * 16), made=made))
    story.say("other request", f.DOCTOR, other)
    return ConsentRecord(story.logged("other request"), ())


def test_a_request_by_a_stranger_is_refused() -> None:
    refuses("not-entitled", tell(step("request", who=f.STRANGER)))
