"""What a professional writes down for somebody without a key."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from protocol.consent.answer import Deny, Permit, Reason
from protocol.consent.case import AcceptedRules
from protocol.consent.terms import Terms
from protocol.consent.vocabulary import Aspect
from protocol.identifiers import Instant
from protocol.log.event import Event
from protocol.statements.consent import SignatureBody, WithdrawalBody
from protocol.statements.recorded import (
    DisputeBody,
    RecordedAct,
    RecordedConfirmationBody,
    RecordedSignatureBody,
    RecordedWithdrawalBody,
)
from protocol.statements.shields import ShieldWithholdBody
from tests.http.consent.support import WORDS, Town, last_entry, new_matter, new_statement, party, refusal
from tests.http.consent.test_cases import decided, opening, share
from tests.http.consent.test_reminders import lines, write_to
from tests.http.consent.test_shields import REASON, rising, say
from tests.http.documents.support import Office
from tests.kit.actor import Actor, Reply
from tests.kit.clock import DAY, MINUTE
from tests.kit.world import Unit, done


def withdrawal(town: Town, terms: Terms, unit: Unit | None = None, **changed: Any) -> RecordedWithdrawalBody:
    plain = RecordedWithdrawalBody(
        new_statement(),
        terms.digest,
        terms.subject,
        terms.matter,
        unit=(unit or town.bup).unit,
        person=town.father.person,
        form="oral",
    )
    return replace(plain, **changed)


async def hand_in(town: Town, actor: Actor, body: RecordedAct) -> Reply:
    return await town.world.post(actor, WORDS, {"token": town.world.say(actor, body)})


async def test_whoever_has_no_key_withdraws_through_any_professional_who_takes_part(town: Town) -> None:
    terms = await town.in_force()
    shared_at = town.world.clock.now
    assert isinstance(await decided(town, opening(town, terms, shared_at)), Permit)
    done(await hand_in(town, town.psychologist, withdrawal(town, terms)))
    entry = await last_entry(town.world)
    assert entry.entry.e is Event.CONSENT_WITHDRAWN
    assert (entry.details.act, entry.details.person) == ("recorded-withdrawal", town.father.person)
    assert (entry.details.actor, entry.details.for_unit) == (town.psychologist.person, town.bup.unit)
    for ask in (share(town, terms), opening(town, terms, shared_at)):
        answer = await decided(town, ask)
        assert isinstance(answer, Deny)
        assert answer.reason is Reason.WITHDRAWN


async def test_a_withdrawal_that_was_made_before_is_answered_again_whoever_wrote_it_down(town: Town) -> None:
    terms = await town.in_force()
    first = done(await hand_in(town, town.psychologist, withdrawal(town, terms)))
    second = done(await hand_in(town, town.doctor, withdrawal(town, terms, town.gp)))
    assert first.body["digest"] == second.body["digest"]
    done(await town.say(town.father, WithdrawalBody, terms))


async def test_what_was_sent_and_not_opened_is_withdrawn_with_it(town: Town) -> None:
    office = Office(town)
    terms = await town.in_force()
    parcel = await office.sent(terms)
    done(await hand_in(town, town.doctor, withdrawal(town, terms, town.gp)))
    with pytest.raises(AssertionError):
        await office.read(town.psychologist, parcel, town.bup)


async def test_whoever_has_no_key_withdraws_through_a_professional_of_any_unit(town: Town) -> None:
    office = Office(town)
    terms = await town.in_force()
    parcel = await office.sent(terms)
    await office.read(town.psychologist, parcel, town.bup)
    assert (await town.world.get(town.teacher, f"/v1/consents/{terms.id}")).status == 404
    done(await hand_in(town, town.teacher, withdrawal(town, terms, town.school)))
    answer = await decided(town, share(town, terms))
    assert isinstance(answer, Deny)
    assert answer.reason is Reason.WITHDRAWN
    assert refusal(await office.open(town.psychologist, parcel, town.bup, "reopen")) == (403, "withdrawn")
    assert (await town.world.get(town.teacher, f"/v1/consents/{terms.id}")).status == 404


async def test_a_professional_of_another_unit_is_told_nothing_of_a_consent_they_cannot_withdraw(town: Town) -> None:
    terms = await town.in_force()
    for body in (
        withdrawal(town, terms, town.school, person=town.stranger.person),
        withdrawal(town, terms, town.school, person=town.aunt.person),
        withdrawal(town, terms, town.school, matter=new_matter()),
        withdrawal(town, await town.terms(), town.school),
    ):
        assert refusal(await hand_in(town, town.teacher, body)) == (404, "not-found")
    former = withdrawal(town, terms, town.school)
    done(await town.world.next_epoch(town.school, [town.school.custodian]))
    assert refusal(await hand_in(town, town.teacher, former))[0] in {403, 404}
    assert isinstance(await decided(town, share(town, terms)), Permit)


@pytest.mark.parametrize(
    ("changed", "expected"), [({"person": "aunt"}, "not-entitled"), ({"matter": "other"}, "other-consent")], ids=str
)
async def test_a_withdrawal_for_somebody_who_may_not_withdraw_or_of_another_matter_is_refused(
    town: Town, changed: dict[str, str], expected: str
) -> None:
    terms = await town.in_force()
    wrong: dict[str, Any] = {"person": town.aunt.person} if "person" in changed else {"matter": new_matter()}
    answer = await hand_in(town, town.psychologist, withdrawal(town, terms, **wrong))
    assert refusal(answer)[1] == expected
    assert isinstance(await decided(town, share(town, terms)), Permit)


async def test_nobody_writes_down_a_word_for_a_unit_that_is_not_theirs(town: Town) -> None:
    terms = await town.in_force()
    answer = await hand_in(town, town.teacher, withdrawal(town, terms))
    assert refusal(answer)[1] == "not-entitled"


@pytest.fixture
async def accepting(town: Town) -> Town:
    """A town whose policy accepts recorded signatures."""
    body = town.world.policy_body(recorded=True, rules=await accepted_rules(town))
    done(await town.world.publish_policy(body))
    town.world.policy_number += 1
    return town


async def accepted_rules(town: Town) -> tuple[AcceptedRules, ...]:
    return (AcceptedRules(holds_from=Instant(0), holds_to=None, digest=(await town.terms()).rules),)


def signature(town: Town, terms: Terms, **changed: Any) -> RecordedSignatureBody:
    plain = RecordedSignatureBody(
        new_statement(),
        terms.digest,
        terms.subject,
        terms.matter,
        town.gp.unit,
        town.father.person,
        "oral",
        "document",
        None,
        None,
        terms.text.version,
        str(terms.text.language),
    )
    return replace(plain, **changed)


def confirmation(town: Town, terms: Terms, recorded: str, **changed: Any) -> RecordedConfirmationBody:
    plain = RecordedConfirmationBody(
        new_statement(),
        terms.digest,
        terms.subject,
        terms.matter,
        town.gp.unit,
        town.father.person,
        "oral",
        recorded,
    )
    return replace(plain, **changed)


async def half_signed(town: Town) -> Terms:
    terms = await town.asked()
    done(await town.say(town.mother, SignatureBody, terms))
    done(await town.hear(town.doctor, unit=town.gp))
    return terms


async def reason(town: Town, terms: Terms) -> Reason | None:
    answer = await decided(town, share(town, terms))
    return answer.reason if isinstance(answer, Deny) else None


async def test_a_recorded_signature_counts_once_confirmed_until_the_person_disputes_it(accepting: Town) -> None:
    town, office = accepting, Office(accepting)
    terms = await half_signed(town)
    recorded = done(await hand_in(town, town.doctor, signature(town, terms))).body["digest"]
    assert await reason(town, terms) is Reason.SIGNATURE_MISSING
    body = confirmation(town, terms, recorded)
    assert refusal(await hand_in(town, town.doctor, body)) == (403, "not-entitled")
    done(await hand_in(town, town.gp.custodian, replace(body, id=new_statement())))
    assert await reason(town, terms) is None
    parcel = await office.sent(terms)
    _, verified = await office.read(town.psychologist, parcel, town.bup)
    assert verified.permit is not None
    done(await town.say(town.father, DisputeBody, terms, recorded=recorded))
    assert await reason(town, terms) is Reason.SIGNATURE_MISSING


async def test_a_recorded_signature_is_refused_where_the_policy_does_not_accept_it(town: Town) -> None:
    terms = await half_signed(town)
    answer = await hand_in(town, town.doctor, signature(town, terms))
    assert refusal(answer) == (403, "signature-recorded")
    assert await reason(town, terms) is Reason.SIGNATURE_MISSING


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"text_version": "9"}, "other-text"),
        ({"person": "aunt"}, "not-entitled"),
        ({"person": "doctor"}, "not-entitled"),
        ({"unit": "school"}, "not-found"),
    ],
    ids=str,
)
async def test_a_record_that_does_not_hold_is_refused(accepting: Town, changed: dict[str, str], expected: str) -> None:
    town = accepting
    terms = await half_signed(town)
    actor, wrong = town.doctor, dict[str, Any](changed)
    if "unit" in changed:
        actor, wrong = town.teacher, {"unit": town.school.unit}
    elif "person" in changed:
        wrong = {"person": {"aunt": town.aunt, "doctor": town.doctor}[changed["person"]].person}
    assert refusal(await hand_in(town, actor, signature(town, terms, **wrong)))[1] == expected


async def test_what_nobody_recorded_can_be_neither_confirmed_nor_disputed(accepting: Town) -> None:
    town = accepting
    terms = await half_signed(town)
    nothing = confirmation(town, terms, "ab" * 32)
    assert refusal(await hand_in(town, town.gp.custodian, nothing)) == (422, "not-recorded")
    assert refusal(await town.say(town.father, DisputeBody, terms, recorded="ab" * 32)) == (422, "not-recorded")
    assert refusal(await town.say(town.stranger, DisputeBody, terms, recorded="ab" * 32)) == (404, "not-found")


async def test_a_reader_believes_what_a_unit_below_a_party_recorded(accepting: Town) -> None:
    town, office = accepting, Office(accepting)
    team = await town.world.add_unit("Teamet", parent=town.bup.unit)
    terms = await town.asked(receivers=(party(town.bup, subunits=True),))
    done(await town.say(town.mother, SignatureBody, terms))
    done(await town.hear(town.doctor, unit=town.gp))
    below = {"unit": team.unit}
    recorded = done(await hand_in(town, team.staff[0], signature(town, terms, **below))).body["digest"]
    done(await hand_in(town, team.custodian, confirmation(town, terms, recorded, **below)))
    parcel = await office.sent(terms)
    _, verified = await office.read(town.psychologist, parcel, town.bup)
    assert verified.permit is not None


async def recorded_yes(town: Town, terms: Terms) -> str:
    """Have the father's yes recorded and confirmed; gives the record's digest."""
    recorded: str = done(await hand_in(town, town.doctor, signature(town, terms))).body["digest"]
    done(await hand_in(town, town.gp.custodian, confirmation(town, terms, recorded)))
    return recorded


async def test_after_a_dispute_the_yes_is_recorded_anew_and_the_old_record_stays_disputed(accepting: Town) -> None:
    town, office = accepting, Office(accepting)
    terms = await half_signed(town)
    first = await recorded_yes(town, terms)
    again = done(await hand_in(town, town.doctor, signature(town, terms)))
    assert again.body["digest"] == first
    disputed = done(await town.say(town.father, DisputeBody, terms, recorded=first)).body["digest"]
    repeated = done(await town.say(town.father, DisputeBody, terms, recorded=first)).body["digest"]
    assert disputed == repeated
    late = confirmation(town, terms, first)
    assert refusal(await hand_in(town, town.gp.custodian, late)) == (422, "not-recorded")
    second = await recorded_yes(town, terms)
    assert second != first
    assert await reason(town, terms) is None
    parcel = await office.sent(terms)
    _, verified = await office.read(town.psychologist, parcel, town.bup)
    assert verified.permit is not None
    done(await town.say(town.father, DisputeBody, terms, recorded=second))
    assert await reason(town, terms) is Reason.SIGNATURE_MISSING


async def test_after_a_dispute_the_person_signs_with_their_own_key(accepting: Town) -> None:
    town = accepting
    terms = await half_signed(town)
    done(await town.say(town.father, DisputeBody, terms, recorded=await recorded_yes(town, terms)))
    done(await town.say(town.father, SignatureBody, terms))
    assert await reason(town, terms) is None


async def test_nobody_disputes_what_was_recorded_of_another(accepting: Town) -> None:
    town = accepting
    terms = await half_signed(town)
    recorded = await recorded_yes(town, terms)
    assert refusal(await town.say(town.mother, DisputeBody, terms, recorded=recorded)) == (422, "not-recorded")
    assert await reason(town, terms) is None


async def kinds(town: Town, actor: Actor) -> list[tuple[str, int]]:
    told = done(await town.world.get(actor, "/v1/notices")).body["notices"]
    return [(each["kind"], each["t"]) for each in told]


async def test_whose_yes_was_recorded_is_told_until_they_sign_it_themself(accepting: Town) -> None:
    town = accepting
    terms = await half_signed(town)
    assert [kind for kind, _ in await kinds(town, town.father)] == ["sign"]
    town.world.clock.forward(MINUTE)
    await recorded_yes(town, terms)
    assert await kinds(town, town.father) == [("confirm-recorded", town.world.clock.now)]
    assert await kinds(town, town.mother) == []
    done(await town.say(town.father, SignatureBody, terms))
    assert await kinds(town, town.father) == []


async def test_the_family_is_told_for_thirty_days_of_a_withdrawal_that_was_recorded(town: Town) -> None:
    terms = await town.in_force()
    done(await hand_in(town, town.psychologist, withdrawal(town, terms)))
    for actor in (town.mother, town.father):
        assert await kinds(town, actor) == [("told-withdrawn", town.world.clock.now)]
    for actor in (town.aunt, town.youth, town.doctor, town.psychologist, town.stranger):
        assert await kinds(town, actor) == []


async def test_of_what_is_hidden_from_somebody_they_are_not_told_that_it_was_withdrawn(town: Town) -> None:
    terms = await town.in_force()
    review = town.world.at(30 * DAY)
    hides: dict[str, Any] = {"hides": rising(Aspect), "ground": "weighty", "reason": REASON, "review_at": review}
    done(await say(town, town.psychologist, ShieldWithholdBody, town.bup, persons=(town.father.person,), **hides))
    done(await hand_in(town, town.psychologist, withdrawal(town, terms, person=town.mother.person)))
    assert await kinds(town, town.father) == []
    assert [kind for kind, _ in await kinds(town, town.mother)] == ["told-withdrawn"]


async def test_a_line_without_content_is_written_for_each_person_who_is_told_of_a_recorded_word(
    accepting: Town, tmp_path: Path
) -> None:
    town, path = accepting, tmp_path / "words.jsonl"
    terms = await half_signed(town)
    await write_to(town, path)
    first = await recorded_yes(town, terms)
    told = [town.father.person]
    assert [each["person"] for each in lines(path)] == told
    done(await town.say(town.father, DisputeBody, terms, recorded=first))
    body = withdrawal(town, terms)
    for _ in range(2):
        done(await hand_in(town, town.psychologist, body))
    told += sorted([town.mother.person, town.father.person])
    assert [each["person"] for each in lines(path)] == told


async def test_a_unit_that_takes_own_keys_only_is_sent_nothing_on_a_recorded_yes(accepting: Town) -> None:
    town, office = accepting, Office(accepting)
    terms = await half_signed(town)
    await recorded_yes(town, terms)
    parcel = await office.sent(terms)
    await office.read(town.psychologist, parcel, town.bup)
    done(await state(town, town.bup, 2, own_keys_only=True))
    assert await reason(town, terms) is Reason.SIGNATURE_RECORDED
    assert refusal(await office.open(town.psychologist, parcel, town.bup, "reopen")) == (403, "signature-recorded")
    fresh = await half_signed(town)
    assert refusal(await hand_in(town, town.doctor, signature(town, fresh))) == (403, "signature-recorded")
    done(await state(town, town.bup, 3, own_keys_only=False))
    assert await reason(town, terms) is None


async def state(town: Town, unit: Unit, number: int, **stated: Any) -> Reply:
    """Publish the next record of a unit."""
    body = town.world.unit_body(unit.unit, number=number, **stated)
    return await town.world.hand_in(town.world.registrar, body)
