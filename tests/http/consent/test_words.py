"""Signing, refusing, objecting, noticing and withdrawing: who may, when, and what everybody else is told."""

from __future__ import annotations

import secrets
from typing import Any

import pytest

from protocol.consent.terms import Terms
from protocol.consent.vocabulary import Capacity, Category, Purpose
from protocol.identifiers import Instant
from protocol.log.details import Decision
from protocol.log.event import Event
from protocol.log.receipt import parse as parse_receipt
from protocol.statements.consent import (
    ConsentAct,
    NoticeBody,
    ObjectionBody,
    RefusalBody,
    RequestBody,
    SignatureBody,
    WithdrawalBody,
)
from server.audit.batch import Work
from server.consent.routes import ON_ENDED
from tests.http.consent.support import (
    BORN_17,
    WORDS,
    Town,
    last_entry,
    new_matter,
    new_statement,
    ordered,
    party,
    publish_rules,
    refusal,
)
from tests.kit.actor import Reply
from tests.kit.clock import DAY
from tests.kit.world import done

DISCHARGE: dict[str, Any] = {"purpose": Purpose.DISCHARGE, "categories": (Category.DISCHARGE_SUMMARY,)}
"""Between health services one guardian signs; the others are told and may object."""

EVENTS = [
    (SignatureBody, Event.CONSENT_SIGNED),
    (RefusalBody, Event.CONSENT_REFUSED),
    (ObjectionBody, Event.CONSENT_OBJECTED),
    (NoticeBody, Event.NOTICE_GIVEN),
    (WithdrawalBody, Event.CONSENT_WITHDRAWN),
]


@pytest.mark.parametrize(("kind", "event"), EVENTS)
async def test_each_word_is_its_own_event_under_the_matter(town: Town, kind: type[ConsentAct], event: Event) -> None:
    terms = await town.asked(**DISCHARGE)
    answer = done(await town.say(town.father, kind, terms))
    entry, details, scope = await last_entry(town.world)
    assert (entry.e, details.act, details.actor) == (event, kind.kind, town.father.person)
    assert (details.consents, details.statements) == ((terms.digest,), (answer.body["digest"],))
    assert (details.subject, details.matter, scope) == (terms.subject, terms.matter, terms.matter)
    assert (details.rule, details.decision) == ("no/discharge/health/7-11", Decision.NONE)


@pytest.mark.parametrize("kind", [kind for kind, _ in EVENTS])
async def test_the_same_word_again_changes_nothing(town: Town, kind: type[ConsentAct]) -> None:
    terms = await town.asked(**DISCHARGE)
    first = done(await town.say(town.father, kind, terms))
    size = town.world.log.head.size
    again = done(await town.say(town.father, kind, terms))
    assert again.body["digest"] == first.body["digest"]
    assert parse_receipt(again.body["receipt"]).index == parse_receipt(first.body["receipt"]).index
    assert town.world.log.head.size == size


async def test_the_same_token_again_is_answered_again_though_the_consent_has_ended(town: Town) -> None:
    terms = await town.asked()
    body = SignatureBody(new_statement(), terms.digest, terms.subject, terms.matter, "1", "nb")
    token = town.world.say(town.mother, body)
    first = done(await town.world.post(town.mother, WORDS, {"token": token}))
    done(await town.say(town.father, WithdrawalBody, terms))
    again = done(await town.world.post(town.mother, WORDS, {"token": token}))
    assert again.body["digest"] == first.body["digest"]


@pytest.mark.parametrize(
    ("no", "reason"), [(WithdrawalBody, "withdrawn"), (RefusalBody, "refused"), (ObjectionBody, "objected")]
)
async def test_nobody_signs_after_a_no(town: Town, no: type[ConsentAct], reason: str) -> None:
    terms = await town.asked(**DISCHARGE)
    done(await town.say(town.mother, SignatureBody, terms))
    done(await town.say(town.father, no, terms))
    for parent in (town.mother, town.father):
        assert refusal(await town.say(parent, SignatureBody, terms)) == (403, reason)
    assert refusal(await town.say(town.father, NoticeBody, terms)) == (403, reason)


@pytest.mark.parametrize("kind", [SignatureBody, RefusalBody, ObjectionBody, NoticeBody, WithdrawalBody])
async def test_who_may_know_but_is_not_asked_says_nothing(town: Town, kind: type[ConsentAct]) -> None:
    terms = await town.asked()
    assert refusal(await town.say(town.aunt, kind, terms)) == (403, "not-entitled")
    entry, details, scope = await last_entry(town.world)
    refused = Event.WITHDRAWAL_REFUSED if kind is WithdrawalBody else Event.STATEMENT_REFUSED
    assert (entry.e, details.decision, details.reason) == (refused, Decision.DENY, "not-entitled")
    assert (details.actor, details.consents, scope) == (town.aunt.person, (terms.digest,), terms.matter)


@pytest.mark.parametrize("kind", [SignatureBody, RefusalBody, ObjectionBody, NoticeBody, WithdrawalBody])
async def test_to_a_stranger_a_consent_and_none_are_the_same_bytes(town: Town, kind: type[ConsentAct]) -> None:
    terms = await town.asked()
    known = await town.say(town.stranger, kind, terms)
    entry, details, scope = await last_entry(town.world)
    unknown = await town.say(town.stranger, kind, terms, consent=secrets.token_hex(32))
    assert (known.status, known.raw) == (unknown.status, unknown.raw)
    assert known.status == 404
    refused = Event.WITHDRAWAL_REFUSED if kind is WithdrawalBody else Event.STATEMENT_REFUSED
    assert (entry.e, details.reason, scope) == (refused, "unknown", town.stranger.person)


async def test_a_professional_does_not_speak_for_the_family(town: Town) -> None:
    terms = await town.asked()
    assert refusal(await town.say(town.doctor, SignatureBody, terms)) == (403, "not-entitled")
    assert refusal(await town.say(town.psychologist, WithdrawalBody, terms)) == (403, "not-entitled")


async def test_a_consent_of_one_child_takes_no_word_about_another(town: Town) -> None:
    terms = await town.asked()
    sibling = await town.world.add_child([town.mother, town.father], may_know=town.child.sheet.may_know)
    for wrong in ({"subject": sibling.subject}, {"matter": new_matter()}):
        answer = await town.say(town.mother, SignatureBody, terms, **wrong)
        assert refusal(answer) == (422, "other-consent")
        _, details, scope = await last_entry(town.world)
        assert (details.reason, scope) == ("other-consent", terms.matter)


@pytest.mark.parametrize("wrong", [{"text_version": "2"}, {"language": "en"}])
async def test_a_signature_is_to_the_text_in_the_terms(town: Town, wrong: dict[str, str]) -> None:
    terms = await town.asked()
    assert refusal(await town.say(town.mother, SignatureBody, terms, **wrong)) == (422, "other-text")


async def test_signing_ends_with_sharing_and_withdrawing_does_not(town: Town) -> None:
    made = town.world.clock.now
    terms = await town.asked(share_until=Instant(made + DAY))
    done(await town.say(town.mother, SignatureBody, terms))
    town.world.clock.forward(DAY)
    assert refusal(await town.say(town.father, SignatureBody, terms)) == (403, "sharing-ended")
    done(await town.say(town.father, WithdrawalBody, terms))


async def test_a_new_guardian_signs_a_new_consent(town: Town) -> None:
    terms = await town.asked()
    sheet = town.child.sheet
    await town.next_sheet(may_sign=(*sheet.may_sign, town.world.entitled(town.aunt)))
    assert refusal(await town.say(town.aunt, SignatureBody, terms)) == (403, "needs-new-consent")
    done(await town.say(town.aunt, WithdrawalBody, terms))


async def test_when_the_law_has_nobody_to_ask_that_is_the_answer(town: Town) -> None:
    terms = await town.asked()
    knows = (town.world.entitled(town.youth, Capacity.SELF),)
    await town.next_sheet(birth_date=BORN_17, may_sign=town.child.sheet.may_sign[:2], may_know=knows)
    assert refusal(await town.say(town.youth, SignatureBody, terms)) == (403, "youth-not-enrolled")


async def test_a_guardian_who_left_the_sheet_knows_nothing_more(town: Town) -> None:
    terms = await town.in_force()
    rest = tuple(each for each in town.child.sheet.may_sign if each.person != town.father.person)
    await town.next_sheet(may_sign=rest, may_know=rest)
    assert (await town.say(town.father, WithdrawalBody, terms)).status == 404
    assert await town.listed(town.father) == []


async def test_a_no_is_taken_while_the_sheet_waits_for_its_renewal(town: Town) -> None:
    terms = await town.asked()
    town.world.clock.forward(26 * DAY)
    assert (await town.say(town.mother, SignatureBody, terms)).status == 404
    done(await town.say(town.mother, WithdrawalBody, terms))


async def test_a_no_is_taken_though_the_policy_no_longer_accepts_the_rules(town: Town) -> None:
    terms = await town.asked()
    await publish_rules(town.world, "f" * 64)
    assert refusal(await town.say(town.mother, SignatureBody, terms)) == (403, "rules-not-accepted")
    done(await town.say(town.mother, WithdrawalBody, terms))


async def test_who_did_not_sign_but_would_have_to_withdraws_too(town: Town) -> None:
    terms = await town.asked()
    done(await town.say(town.mother, SignatureBody, terms))
    done(await town.say(town.father, WithdrawalBody, terms))
    done(await town.say(town.mother, WithdrawalBody, terms))


async def test_from_16_only_the_youth_withdraws(town_of_17: Town) -> None:
    town = town_of_17
    terms = await town.asked()
    done(await town.say(town.youth, SignatureBody, terms))
    assert (await town.say(town.mother, WithdrawalBody, terms)).status == 404
    done(await town.say(town.youth, WithdrawalBody, terms))


async def test_what_a_youth_sends_in_confidence_is_unknown_to_the_parents(town_of_14: Town) -> None:
    town = town_of_14
    terms = await own_sending(town)
    for parent in (town.mother, town.father, town.aunt):
        for kind in (SignatureBody, ObjectionBody, WithdrawalBody):
            assert (await town.say(parent, kind, terms)).status == 404
        assert await town.listed(parent) == []
    done(await town.say(town.youth, SignatureBody, terms))


async def own_sending(town: Town) -> Terms:
    return await town.asked(
        town.youth,
        purpose=Purpose.OWN_SENDING,
        categories=(Category.OWN_OBSERVATIONS,),
        senders=(party(town.youth),),
        receivers=ordered([party(town.youth), party(town.bup)]),
    )


@pytest.mark.parametrize("kind", [WithdrawalBody, RefusalBody, ObjectionBody])
async def test_a_no_tells_the_packages_above_once_and_in_its_transaction(town: Town, kind: type[ConsentAct]) -> None:
    told: list[tuple[str, Instant]] = []

    def ended(work: Work, no: ConsentAct) -> None:
        told.append((no.consent, work.at))
        assert work.pending, "the entry of the no comes first"

    town.world.client.app[ON_ENDED].append(ended)
    terms = await town.asked(**DISCHARGE)
    done(await town.say(town.mother, SignatureBody, terms))
    assert (await town.say(town.stranger, kind, terms)).status == 404
    assert told == []
    done(await town.say(town.father, kind, terms))
    done(await town.say(town.father, kind, terms))
    assert told == [(terms.digest, town.world.clock.now)]


async def test_what_fails_above_takes_the_no_back_with_it(town: Town) -> None:
    def fails(_: Work, __: ConsentAct) -> None:
        raise RuntimeError("synthetic")

    terms = await town.in_force()
    town.world.client.app[ON_ENDED].append(fails)
    assert (await town.say(town.mother, WithdrawalBody, terms)).status == 500
    town.world.client.app[ON_ENDED].clear()
    done(await town.say(town.mother, WithdrawalBody, terms))


async def test_a_request_is_no_word(town: Town) -> None:
    body = RequestBody(new_statement(), town.gp.unit, await town.terms())
    answer = await town.world.post(town.doctor, WORDS, {"token": town.world.say(town.doctor, body)})
    assert refusal(answer) == (422, "not-in-chain")


@pytest.mark.parametrize("body", [{}, {"token": 7}, {"token": "a.b"}, {"token": "a.b.c", "more": 1}, []])
async def test_a_form_that_is_none_is_refused_before_anything_is_read(town: Town, body: Any) -> None:
    size = town.world.log.head.size
    answer: Reply = await town.world.post(town.mother, WORDS, body)
    assert answer.status == 422
    assert town.world.log.head.size == size


async def test_a_word_made_yesterday_is_refused(town: Town) -> None:
    terms = await town.asked()
    body = WithdrawalBody(new_statement(), terms.digest, terms.subject, terms.matter)
    token = town.world.say(town.mother, body, made=town.world.at(-DAY))
    assert refusal(await town.world.post(town.mother, WORDS, {"token": token})) == (422, "wrong-time")


# Hearing the child


async def test_a_member_of_a_party_and_the_youth_record_the_childs_view(town: Town) -> None:
    await town.asked()
    for actor, unit in ((town.doctor, town.gp), (town.psychologist, town.bup), (town.youth, None)):
        answer = done(await town.hear(actor, "against", unit))
        entry, details, scope = await last_entry(town.world)
        assert (entry.e, details.statements) == (Event.CHILD_HEARD, (answer.body["digest"],))
        assert (details.for_unit, scope) == (None if unit is None else unit.unit, town.matter)


async def test_a_parent_does_not_speak_as_the_child(town: Town) -> None:
    await town.asked()
    assert refusal(await town.hear(town.mother)) == (403, "not-entitled")


async def test_who_takes_no_part_in_the_matter_hears_nobody_in_it(town: Town) -> None:
    await town.asked()
    outside = await town.hear(town.teacher, unit=town.school)
    nowhere = await town.hear(town.doctor, unit=town.gp, matter=new_matter())
    assert (outside.status, outside.raw) == (nowhere.status, nowhere.raw)
    assert outside.status == 404


async def test_a_hearing_names_the_child_whose_matter_it_is(town: Town) -> None:
    await town.asked()
    sibling = await town.world.add_child([town.mother], may_know=town.child.sheet.may_know)
    answer = await town.hear(town.doctor, unit=town.gp, subject=sibling.subject)
    assert refusal(answer) == (403, "other-subject")
