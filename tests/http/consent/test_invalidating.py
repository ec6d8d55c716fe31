"""Declaring a consent void from the beginning: who may, what it stops, and who is told."""

from __future__ import annotations

from typing import Any

import pytest

from protocol.consent.answer import Deny, Permit, Reason
from protocol.consent.terms import Terms
from protocol.consent.vocabulary import Aspect
from protocol.log.event import Event
from protocol.statements.consent import WithdrawalBody
from protocol.statements.invalidating import InvalidationBody, RecordedInvalidationBody
from protocol.statements.shields import ShieldWithholdBody
from tests.http.consent.support import WORDS, Town, last_entry, new_statement, ordered, party, refusal
from tests.http.consent.test_cases import decided, opening, share
from tests.http.consent.test_shields import REASON, rising, say
from tests.http.documents.support import Office
from tests.kit.actor import Actor, Reply
from tests.kit.clock import DAY
from tests.kit.world import Unit, done


async def declare(town: Town, actor: Actor, terms: Terms, cause: str = "pressure") -> Reply:
    return await town.say(actor, InvalidationBody, terms, cause=cause)


async def write_down(town: Town, actor: Actor, terms: Terms, unit: Unit) -> Reply:
    """Write down for the father that it never was a consent."""
    body = RecordedInvalidationBody(
        new_statement(),
        terms.digest,
        terms.subject,
        terms.matter,
        unit.unit,
        town.father.person,
        "oral",
        "not-informed",
    )
    return await town.world.post(actor, WORDS, {"token": town.world.say(actor, body)})


async def reason(town: Town, terms: Terms) -> Reason | None:
    answer = await decided(town, share(town, terms))
    return answer.reason if isinstance(answer, Deny) else None


async def test_a_signer_declares_it_void_and_nothing_is_shared_or_opened(town: Town) -> None:
    terms = await town.in_force()
    shared_at = town.world.clock.now
    assert isinstance(await decided(town, opening(town, terms, shared_at)), Permit)
    done(await declare(town, town.mother, terms))
    entry = await last_entry(town.world)
    assert (entry.entry.e, entry.details.act) == (Event.CONSENT_WITHDRAWN, "consent-invalidation")
    for ask in (share(town, terms), opening(town, terms, shared_at)):
        answer = await decided(town, ask)
        assert isinstance(answer, Deny)
        assert answer.reason is Reason.INVALIDATED


async def test_the_log_keeps_what_was_permitted_and_the_reader_is_denied_from_then_on(town: Town) -> None:
    office = Office(town)
    terms = await town.in_force()
    parcel = await office.sent(terms)
    await office.read(town.psychologist, parcel, town.bup)
    before = [await last_entry(town.world, back) for back in (2, 1)]
    size = town.world.log.head.size
    done(await declare(town, town.father, terms))
    answer = await office.open(town.psychologist, parcel, town.bup, "reopen")
    assert refusal(answer) == (403, "invalidated")
    after = [await last_entry(town.world, town.world.log.head.size - size + back) for back in (2, 1)]
    assert before == after


async def test_a_consent_that_was_withdrawn_can_be_declared_void_afterwards(town: Town) -> None:
    terms = await town.in_force()
    done(await town.say(town.mother, WithdrawalBody, terms))
    assert await reason(town, terms) is Reason.WITHDRAWN
    first = done(await declare(town, town.mother, terms)).body["digest"]
    assert done(await declare(town, town.mother, terms)).body["digest"] == first
    assert await reason(town, terms) is Reason.INVALIDATED


async def test_a_professional_who_takes_part_writes_it_down_for_somebody_without_a_key(town: Town) -> None:
    terms = await town.in_force()
    assert refusal(await write_down(town, town.teacher, terms, town.school)) == (404, "not-found")
    assert await reason(town, terms) is None
    done(await write_down(town, town.psychologist, terms, town.bup))
    entry = await last_entry(town.world)
    assert (entry.details.person, entry.details.for_unit) == (town.father.person, town.bup.unit)
    assert await reason(town, terms) is Reason.INVALIDATED


async def test_nobody_declares_void_what_they_may_not_withdraw(town: Town) -> None:
    terms = await town.in_force()
    assert refusal(await declare(town, town.aunt, terms)) == (403, "not-entitled")
    assert refusal(await declare(town, town.stranger, terms)) == (404, "not-found")
    assert await reason(town, terms) is None


async def kinds(town: Town, actor: Actor) -> list[tuple[str, int]]:
    told = done(await town.world.get(actor, "/v1/notices")).body["notices"]
    return [(each["kind"], each["t"]) for each in told]


async def test_family_and_members_of_all_units_that_took_part_are_told_for_thirty_days(town: Town) -> None:
    receivers = ordered([party(town.bup, subunits=True), party(town.school)])
    team = await town.world.add_unit("Teamet", parent=town.bup.unit)
    terms = await town.in_force(receivers=receivers)
    others = await town.asked(matter=town.matter)
    done(await declare(town, town.mother, terms))
    told = [("told-invalid", town.world.clock.now)]
    for actor in (town.father, town.mother):
        assert await kinds(town, actor) == [*told, ("sign", others.made)]
    for actor in (town.aunt, town.doctor, town.psychologist, town.teacher, team.staff[0]):
        assert await kinds(town, actor) == told, actor.name
    assert await kinds(town, town.stranger) == []
    await town.next_sheet(not_after=town.world.at(29 * DAY))
    town.world.clock.forward(28 * DAY)
    await town.next_sheet(not_after=town.world.at(29 * DAY))
    assert await kinds(town, town.psychologist) == told
    town.world.clock.forward(2 * DAY)
    assert await kinds(town, town.psychologist) == []


async def test_whoever_is_shielded_from_the_matter_is_not_told(town: Town) -> None:
    terms = await town.in_force()
    told: dict[str, Any] = {"persons": (town.father.person,), "ground": "weighty", "reason": REASON}
    review = town.world.at(30 * DAY)
    hides = rising(Aspect)
    done(await say(town, town.psychologist, ShieldWithholdBody, town.bup, hides=hides, review_at=review, **told))
    done(await declare(town, town.mother, terms))
    assert await kinds(town, town.father) == []
    assert [kind for kind, _ in await kinds(town, town.mother)] == ["told-invalid"]


@pytest.mark.parametrize("cause", ["regret", ""])
async def test_what_is_no_cause_is_refused(town: Town, cause: str) -> None:
    terms = await town.in_force()
    assert refusal(await declare(town, town.mother, terms, cause)) == (422, "bad-statement")
    assert await reason(town, terms) is None
