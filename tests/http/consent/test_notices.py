"""The notice box: what waits for each person, without content, and nothing of what they may not know."""

from __future__ import annotations

from typing import Any

import pytest

from protocol.consent.notices import RENEWAL_PERIOD
from protocol.consent.vocabulary import Category, Purpose
from protocol.statements.consent import NoticeBody, ObjectionBody, RefusalBody, SignatureBody, WithdrawalBody
from server.consent import notices
from tests.http.consent.support import Town, new_matter, ordered, party
from tests.kit.actor import Actor
from tests.kit.clock import DAY
from tests.kit.world import done

NOTICES = "/v1/notices"
DISCHARGE: dict[str, Any] = {"purpose": Purpose.DISCHARGE, "categories": (Category.DISCHARGE_SUMMARY,)}


async def told(town: Town, actor: Actor) -> list[dict[str, Any]]:
    answer = done(await town.world.get(actor, NOTICES))
    assert answer.body["next"] is None
    found: list[dict[str, Any]] = answer.body["notices"]
    return found


async def kinds(town: Town, actor: Actor) -> list[str]:
    return [each["kind"] for each in await told(town, actor)]


async def last_days(town: Town, *, before: int = 0) -> None:
    """Go to the time in which a renewal is offered, with everybody's word renewed."""
    await town.next_sheet(not_after=town.world.at(29 * DAY))
    town.world.clock.forward(28 * DAY)
    await town.next_sheet(not_after=town.world.at(29 * DAY))
    town.world.clock.forward(60 * DAY - RENEWAL_PERIOD - 28 * DAY - before)


async def test_each_person_is_told_what_waits_for_them_and_nothing_else(town: Town) -> None:
    terms = await town.asked()
    for parent in (town.mother, town.father):
        assert await told(town, parent) == [
            {"kind": "sign", "t": terms.made, "reminded": None, "consent": terms.id},
        ]
    assert await kinds(town, town.youth) == ["be-heard"]
    for actor in (town.aunt, town.doctor, town.psychologist, town.stranger, town.teacher):
        assert await told(town, actor) == [], actor.name


async def test_whoever_has_answered_has_no_notice_more(town: Town) -> None:
    terms = await town.asked()
    done(await town.say(town.mother, SignatureBody, terms))
    assert await told(town, town.mother) == []
    assert await kinds(town, town.father) == ["sign"]
    done(await town.hear(town.doctor, unit=town.gp))
    assert await told(town, town.youth) == []


@pytest.mark.parametrize("no", [RefusalBody, ObjectionBody, WithdrawalBody])
async def test_after_a_no_nobody_has_a_notice(town: Town, no: Any) -> None:
    terms = await town.asked(**DISCHARGE)
    done(await town.say(town.father, no, terms))
    for actor in (town.mother, town.father, town.youth, town.doctor):
        assert await told(town, actor) == [], actor.name


async def test_the_other_guardian_is_told_until_the_notice_is_confirmed(town: Town) -> None:
    terms = await town.asked(**DISCHARGE)
    done(await town.say(town.mother, SignatureBody, terms))
    assert await kinds(town, town.father) == ["be-informed"]
    done(await town.say(town.father, NoticeBody, terms))
    assert await told(town, town.father) == []


async def test_a_youth_who_may_object_is_told(town_of_14: Town) -> None:
    town = town_of_14
    await town.asked(**DISCHARGE)
    assert await kinds(town, town.youth) == ["may-object", "be-heard"]


async def test_a_mothers_own_sending_leaves_no_notice_with_the_father(town: Town) -> None:
    own: dict[str, Any] = {
        "purpose": Purpose.OWN_SENDING,
        "senders": (party(town.mother),),
        "receivers": ordered([party(town.mother), party(town.bup)]),
    }
    await town.asked(town.mother, **own)
    assert await kinds(town, town.mother) == ["sign"]
    for actor in (town.father, town.youth, town.psychologist):
        assert await told(town, actor) == [], actor.name


async def test_a_sheet_that_has_ended_leaves_no_notices(town: Town) -> None:
    await town.asked()
    town.world.clock.forward(26 * DAY)
    for actor in (town.mother, town.father, town.youth):
        assert await told(town, actor) == [], actor.name


async def test_what_has_ended_leaves_no_notices(town: Town) -> None:
    made = town.world.clock.now
    await town.asked(share_until=made + DAY)
    assert await kinds(town, town.mother) == ["sign"]
    town.world.clock.forward(DAY)
    assert await told(town, town.mother) == []


async def test_a_renewal_is_offered_to_the_signers_and_to_the_unit_that_asked_from_the_fourteenth_day(
    town: Town,
) -> None:
    terms = await town.in_force()
    await last_days(town, before=DAY)
    assert await told(town, town.mother) == []
    assert await told(town, town.doctor) == []
    town.world.clock.forward(DAY)
    offered = {"kind": "renew", "t": terms.share_until - RENEWAL_PERIOD, "reminded": None, "consent": terms.id}
    for actor in (town.mother, town.father, town.doctor, town.gp.custodian):
        assert await told(town, actor) == [offered], actor.name
    for actor in (town.youth, town.aunt, town.psychologist, town.stranger):
        assert await told(town, actor) == [], actor.name


async def test_a_renewal_that_was_asked_for_is_not_offered_any_more_and_asks_for_signatures(town: Town) -> None:
    await town.in_force()
    await last_days(town)
    anew = await town.asked()
    assert await told(town, town.doctor) == []
    assert [each["consent"] for each in await told(town, town.mother)] == [anew.id]
    assert await kinds(town, town.mother) == ["sign"]


async def test_what_no_longer_suffices_is_offered_to_whoever_decides_now(town: Town) -> None:
    terms = await town.in_force()
    await town.next_sheet(birth_date=town.child.sheet.birth_date.replace(year=2009))
    [offer] = await told(town, town.youth)
    assert (offer["kind"], offer["t"]) == ("renew", terms.made)
    assert await told(town, town.mother) == []


async def test_notices_come_in_pages_whose_cursors_tell_of_nothing_passed_over(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "PAGE", 2)
    monkeypatch.setattr(notices, "_LOOKED_AT", 2)
    asked = []
    for number in range(5):
        terms = await town.asked(matter=new_matter())
        if number == 1:
            done(await town.say(town.mother, SignatureBody, terms))
        else:
            asked.append(terms.id)
    pages, cursor = [], ""
    for _ in range(2):
        page = done(await town.world.get(town.mother, f"{NOTICES}{cursor}")).body
        pages.append([each["consent"] for each in page["notices"]])
        cursor = f"?cursor={page['next']}"
    assert (pages, cursor) == ([asked[:2], asked[2:]], "?cursor=None")


async def test_a_notice_names_nobody_and_nothing_of_the_matter(town: Town) -> None:
    terms = await town.asked()
    raw = (await town.world.get(town.mother, NOTICES)).raw.decode()
    for secret in (terms.subject, terms.matter, town.gp.unit, town.bup.unit, town.doctor.person, town.mother.person):
        assert secret not in raw
    assert terms.digest not in raw
