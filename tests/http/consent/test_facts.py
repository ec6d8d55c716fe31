"""Recorded facts at the server: who may record what, what is listed, and what a decision makes of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from protocol.consent.answer import Deny, Permit, Reason
from protocol.consent.terms import Terms
from protocol.identifiers import Instant, MatterId, StatementId, SubjectId, UnitId
from protocol.log.event import Event
from protocol.statements.consent import RefusalBody, SignatureBody, WithdrawalBody
from protocol.statements.facts import AssessmentBody, AttemptBody, EndBody, FactBody, OneGuardianBody
from tests.http.consent.support import REQUESTS, Town, last_entry, new_matter, new_statement, ordered, party, refusal
from tests.http.consent.test_cases import decided, opening, share
from tests.http.documents.support import Office
from tests.kit.actor import Actor, Reply
from tests.kit.clock import DAY
from tests.kit.world import Unit, done

FACTS = "/v1/facts"
GROUND = "ab" * 32


def about(town: Town, unit: Unit | None = None) -> tuple[StatementId, UnitId, SubjectId, MatterId]:
    return new_statement(), (unit or town.gp).unit, town.child.subject, town.matter


def ground(town: Town, unit: Unit | None = None, **changed: Any) -> OneGuardianBody:
    now = town.world.clock.now
    plain = OneGuardianBody(*about(town, unit), town.father.person, "heard", (), now, Instant(now + 30 * DAY), GROUND)
    return replace(plain, **changed)


def attempt(town: Town, **changed: Any) -> AttemptBody:
    plain = AttemptBody(*about(town), town.father.person, "phone", "no-answer", town.world.clock.now)
    return replace(plain, **changed)


async def record(town: Town, body: FactBody, actor: Actor | None = None) -> Reply:
    token = town.world.say(actor or town.doctor, body)
    return await town.world.post(actor or town.doctor, FACTS, {"token": token})


async def recorded(town: Town, body: FactBody, actor: Actor | None = None) -> str:
    """Record a fact and give its digest."""
    return str(done(await record(town, body, actor)).body["digest"])


async def half_signed(town: Town, **changed: Any) -> Terms:
    """Have a consent that the mother signed, the child heard."""
    terms = await town.asked(**changed)
    done(await town.say(town.mother, SignatureBody, terms))
    done(await town.hear(town.doctor, unit=town.gp))
    return terms


async def reason(town: Town, terms: Terms) -> Reason | None:
    answer = await decided(town, share(town, terms))
    return answer.reason if isinstance(answer, Deny) else None


async def test_a_ground_lets_one_guardian_sign_alone_until_it_is_ended(town: Town) -> None:
    terms = await half_signed(town)
    assert await reason(town, terms) is Reason.SIGNATURE_MISSING
    fact = await recorded(town, ground(town))
    entry = await last_entry(town.world)
    assert entry.entry.e is Event.FACT_RECORDED
    assert (entry.details.person, entry.details.statements) == (town.father.person, (fact,))
    assert entry.scope == town.matter
    assert await reason(town, terms) is None
    town.world.clock.forward(1)
    done(await record(town, EndBody(*about(town), fact)))
    assert await reason(town, terms) is Reason.SIGNATURE_MISSING


async def test_a_ground_ends_by_itself(town: Town) -> None:
    terms = await half_signed(town)
    now = town.world.clock.now
    await recorded(town, ground(town, holds_to=Instant(now + 5)))
    town.world.clock.forward(4)
    assert await reason(town, terms) is None
    town.world.clock.forward(1)
    assert await reason(town, terms) is Reason.SIGNATURE_MISSING


async def test_a_share_under_a_ground_names_it_and_its_reader_believes_it(town: Town) -> None:
    office = Office(town)
    terms = await half_signed(town)
    fact = await recorded(town, ground(town))
    parcel = await office.sent(terms)
    assert fact in (await last_entry(town.world)).details.statements
    town.world.clock.forward(31 * DAY)
    await town.next_sheet(not_after=Instant(town.world.clock.now + 20 * DAY))
    assert await reason(town, terms) is Reason.SIGNATURE_MISSING
    _, verified = await office.read(town.psychologist, parcel, town.bup)
    assert verified.permit is not None


async def test_who_is_excused_may_sign_all_the_same_and_stops_nothing(town: Town) -> None:
    terms = await town.asked()
    await recorded(town, ground(town))
    for word in (RefusalBody, WithdrawalBody):
        assert refusal(await town.say(town.father, word, terms)) == (403, "not-entitled")
    done(await town.say(town.father, SignatureBody, terms))
    done(await town.say(town.father, WithdrawalBody, terms))
    assert await reason(town, terms) is Reason.WITHDRAWN


async def test_who_could_not_be_reached_was_tried_by_the_same_unit(town: Town) -> None:
    await town.asked()
    tried = await recorded(town, attempt(town))
    elsewhere = await recorded(town, attempt(town, unit=town.bup.unit), town.psychologist)
    assert refusal(await record(town, ground(town, heard="unreachable", attempts=(elsewhere,)))) == (422, "bad-fact")
    done(await record(town, ground(town, heard="unreachable", attempts=(tried,))))


async def test_the_same_fact_again_is_answered_as_the_first_time(town: Town) -> None:
    await town.asked()
    token = town.world.say(town.doctor, attempt(town))
    first, second = [done(await town.world.post(town.doctor, FACTS, {"token": token})) for _ in range(2)]
    assert first.body["digest"] == second.body["digest"]
    assert len(await listed(town, town.mother)) == 1


async def listed(town: Town, actor: Actor) -> list[dict[str, Any]]:
    """Give the facts that go with the first consent that somebody may know of."""
    answer = done(await town.world.get(actor, f"{REQUESTS}?matter={town.matter}"))
    facts: list[dict[str, Any]] = answer.body["consents"][0]["facts"]
    return facts


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"holds_to": 91 * DAY}, (422, "bad-fact")),
        ({"fact": GROUND}, (422, "bad-fact")),
        ({"guardian": "aunt"}, (403, "not-on-sheet")),
        ({"unit": "school"}, (403, "not-entitled")),
        ({"matter": "other"}, (404, "not-found")),
        ({"subject": "other"}, (403, "other-subject")),
    ],
    ids=str,
)
async def test_what_may_not_be_recorded_is_refused_and_changes_nothing(
    town: Town, changed: dict[str, Any], expected: tuple[int, str]
) -> None:
    terms = await half_signed(town)
    await town.asked(receivers=ordered([party(town.school)]))
    actor, fact = town.doctor, ground(town)
    body: FactBody = fact
    if "holds_to" in changed:
        body = replace(fact, holds_to=Instant(fact.holds_from + changed["holds_to"]))
    elif "fact" in changed:
        body = EndBody(*about(town), GROUND)
    elif "guardian" in changed:
        body = replace(fact, guardian=town.aunt.person)
    elif "unit" in changed:
        actor, body = town.teacher, ground(town, town.school)
    elif "matter" in changed:
        body = replace(body, matter=new_matter())
    else:
        sibling = await town.world.add_child(
            [town.mother, town.father], may_sign=town.child.sheet.may_sign, may_know=town.child.sheet.may_know
        )
        body = replace(body, subject=sibling.subject)
    assert refusal(await record(town, body, actor)) == expected
    assert (await last_entry(town.world)).entry.e is Event.STATEMENT_REFUSED
    assert await reason(town, terms) is Reason.SIGNATURE_MISSING


async def test_a_stranger_is_told_the_same_as_if_there_were_no_such_matter(town: Town) -> None:
    await town.asked()
    nobody = ground(town, town.school)
    there = await record(town, nobody, town.teacher)
    nowhere = await record(town, replace(nobody, matter=new_matter(), id=new_statement()), town.teacher)
    assert refusal(there) == refusal(nowhere) == (404, "not-found")


async def test_a_ground_by_a_unit_that_is_no_party_neither_lifts_nor_shows(town: Town) -> None:
    terms = await half_signed(town)
    clinic = await town.world.add_unit("Barneklinikken")
    other = await town.asked(receivers=ordered([party(clinic)]))
    await recorded(town, ground(town, clinic), clinic.staff[0])
    assert await reason(town, terms) is Reason.SIGNATURE_MISSING
    told = done(await town.world.get(town.mother, REQUESTS)).body["consents"]
    assert {each["consent"]: len(each["facts"]) for each in told} == {terms.digest: 0, other.digest: 1}


async def test_an_assessment_lifts_what_a_youths_no_had_stopped(town_of_14: Town) -> None:
    town = town_of_14
    terms = await town.in_force()
    town.world.clock.forward(1)
    done(await town.hear(town.youth, "against"))
    assert await reason(town, terms) is Reason.HEARD_AGAINST
    town.world.clock.forward(1)
    done(await record(town, AssessmentBody(*about(town), GROUND)))
    assert await reason(town, terms) is None
    assert isinstance(await decided(town, opening(town, terms, town.world.clock.now)), Permit)
