"""What a professional writes down for somebody without a key."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from protocol.consent.answer import Deny, Permit, Reason
from protocol.consent.terms import Terms
from protocol.log.event import Event
from protocol.statements.consent import WithdrawalBody
from protocol.statements.recorded import RecordedWithdrawalBody
from tests.http.consent.support import WORDS, Town, last_entry, new_matter, new_statement, refusal
from tests.http.consent.test_cases import decided, opening, share
from tests.http.documents.support import Office
from tests.kit.actor import Actor, Reply
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


async def hand_in(town: Town, actor: Actor, body: RecordedWithdrawalBody) -> Reply:
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


async def test_a_professional_who_takes_no_part_is_told_that_there_is_nothing(town: Town) -> None:
    terms = await town.in_force()
    body = withdrawal(town, terms, town.school)
    assert refusal(await hand_in(town, town.teacher, body)) == (404, "not-found")
    nobody = replace(body, id=new_statement(), person=town.stranger.person)
    assert refusal(await hand_in(town, town.teacher, nobody)) == (404, "not-found")
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
