"""Hiding a matter from the parents: who may ask, who decides, and when what is hidden may be shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from protocol.consent.shielding import LONGEST_REVIEW, TOLD_FIRST
from protocol.consent.vocabulary import ALL_ASPECTS, Aspect, Capacity, Ground
from protocol.identifiers import PersonId, SubjectId
from protocol.statements.consent import SignatureBody, WithdrawalBody
from protocol.statements.shields import (
    ShieldAskBody,
    ShieldDeclineBody,
    ShieldEndBody,
    ShieldNoticeBody,
    ShieldWithholdBody,
    ShieldWord,
)
from server.consent import shields
from tests.http.consent.support import (
    BORN_17,
    Town,
    last_entry,
    new_matter,
    new_statement,
    open_town,
    ordered,
    party,
    refusal,
)
from tests.http.documents.support import Office
from tests.kit.actor import Actor, Reply
from tests.kit.clock import DAY
from tests.kit.world import Unit, done, new_unit

REASON = "5" * 64
WORDS = "/v1/shield-statements"


def rising(values: Any) -> tuple[Any, ...]:
    return tuple(sorted(values))


async def say(town: Town, actor: Actor, kind: type[ShieldWord], unit: Unit | None = None, /, **told: Any) -> Reply:
    common: dict[str, Any] = {
        "id": new_statement(),
        "unit": None if unit is None else unit.unit,
        "subject": town.child.subject,
        "matter": town.matter,
    }
    return await town.world.post(actor, WORDS, {"token": town.world.say(actor, kind(**(common | told)))})


def parents(town: Town) -> tuple[PersonId, ...]:
    return rising([town.mother.person, town.father.person])


async def ask(town: Town, **told: Any) -> Reply:
    """The youth asks that the parents be kept out."""
    return await say(town, town.youth, ShieldAskBody, **({"to": town.bup.unit, "persons": parents(town)} | told))


async def professional_asks(town: Town, **told: Any) -> Reply:
    body = {"to": town.bup.unit, "persons": parents(town)} | told
    return await say(town, town.doctor, ShieldAskBody, town.gp, **body)


async def withhold(town: Town, actor: Actor | None = None, unit: Unit | None = None, /, **told: Any) -> Reply:
    body: dict[str, Any] = {
        "persons": parents(town),
        "hides": rising(ALL_ASPECTS),
        "ground": Ground.YOUTH_ASKS,
        "reason": REASON,
        "review_at": town.world.at(30 * DAY),
    }
    return await say(town, actor or town.psychologist, ShieldWithholdBody, unit or town.bup, **(body | told))


async def decline(town: Town, actor: Actor | None = None, unit: Unit | None = None, /, **told: Any) -> Reply:
    body: dict[str, Any] = {"ground": Ground.YOUTH_ASKS, "reason": REASON}
    return await say(town, actor or town.psychologist, ShieldDeclineBody, unit or town.bup, **(body | told))


async def tell(town: Town, decision: str, actor: Actor | None = None, unit: Unit | None = None) -> Reply:
    return await say(town, actor or town.youth, ShieldNoticeBody, unit, decision=decision)


async def listed(town: Town, actor: Actor) -> int:
    """Say how many words on shields somebody is told of."""
    answer = done(await town.world.get(actor, f"/v1/shields?subject={town.child.subject}"))
    return len(answer.body["statements"])


async def sees(town: Town, actor: Actor) -> bool:
    """Say whether somebody is told of any consent in the matter."""
    return bool(await town.listed(actor, f"?matter={town.matter}"))


@pytest.fixture
def town(town_of_14: Town) -> Town:
    return town_of_14


async def test_what_a_youth_of_14_asks_for_hides_at_once_and_from_those_named_only(town: Town) -> None:
    await town.asked()
    assert [await sees(town, each) for each in (town.mother, town.aunt, town.youth)] == [True, True, True]
    done(await ask(town))
    seeing = {each.name for each in (town.mother, town.father, town.aunt, town.youth) if await sees(town, each)}
    assert seeing == {town.aunt.name, town.youth.name}
    assert await sees(town, town.doctor)
    entry = await last_entry(town.world)
    assert (entry.entry.e, entry.scope, entry.details.act) == ("shield-asked", town.matter, "shield-ask")


async def test_a_matter_can_be_hidden_before_anything_is_in_it(town: Town) -> None:
    done(await ask(town))
    await town.asked()
    assert not await sees(town, town.mother)
    other = new_matter()
    assert refusal(await withhold(town, matter=other)) == (404, "not-found")


async def test_below_12_only_a_professional_asks_and_from_16_nobody(tmp_path: Path) -> None:
    async with open_town(tmp_path / "seven") as young:
        assert refusal(await ask(young)) == (422, "other-age")
        done(await professional_asks(young))
    async with open_town(tmp_path / "seventeen", born=BORN_17) as old:
        assert refusal(await ask(old)) == (422, "other-age")
        assert refusal(await professional_asks(old)) == (422, "other-age")


async def test_only_the_youth_and_professionals_ask_and_only_against_others_on_the_sheet(town: Town) -> None:
    for actor in (town.mother, town.aunt, town.stranger):
        answer = await say(town, actor, ShieldAskBody, to=town.bup.unit, persons=(town.father.person,))
        assert refusal(answer) == (404, "not-found")
    for person in (town.youth.person, town.stranger.person):
        assert refusal(await ask(town, persons=(person,))) == (422, "other-persons")
    for unit in (town.school.unit, new_unit()):
        assert refusal(await ask(town, to=unit)) == (403, "not-health")
    answer = await say(town, town.stranger, ShieldAskBody, town.gp, to=town.bup.unit, persons=parents(town))
    assert refusal(answer) == (403, "not-entitled")


async def test_another_childs_matter_is_answered_as_one_that_does_not_exist(town: Town) -> None:
    await town.asked()
    selves = (town.world.entitled(town.youth, Capacity.SELF), town.world.entitled(town.mother))
    other = await town.world.add_child([town.mother], may_sign=selves)
    assert refusal(await ask(town, subject=other.subject)) == (404, "not-found")
    unknown = SubjectId.of(bytes(16))
    assert refusal(await ask(town, subject=unknown)) == (404, "not-found")
    town.world.clock.forward(26 * DAY)
    assert refusal(await ask(town)) == (404, "not-found")
    assert await listed(town, town.youth) == 0


async def test_a_professional_decides_for_a_health_unit_that_takes_part(town: Town) -> None:
    await town.asked(receivers=ordered([party(town.bup), party(town.school)]))
    done(await ask(town))
    assert refusal(await withhold(town, town.teacher, town.school)) == (403, "not-health")
    elsewhere = await town.world.add_unit("Et annet sykehus")
    assert refusal(await withhold(town, elsewhere.staff[0], elsewhere)) == (404, "not-found")
    assert refusal(await withhold(town, town.doctor, town.bup)) == (403, "not-entitled")
    done(await withhold(town))
    assert not await sees(town, town.father)


async def test_a_youth_withholds_nothing_themself(town: Town) -> None:
    done(await ask(town))
    body: dict[str, Any] = {"persons": parents(town), "hides": rising(ALL_ASPECTS), "ground": Ground.YOUTH_ASKS}
    answer = await say(town, town.youth, ShieldWithholdBody, reason=REASON, review_at=town.world.at(DAY), **body)
    assert refusal(answer) == (403, "not-health")


async def test_a_review_lies_ahead_and_within_half_a_year(town: Town) -> None:
    done(await ask(town))
    for wrong in (0, LONGEST_REVIEW + 1):
        assert refusal(await withhold(town, review_at=town.world.at(wrong))) == (422, "other-review")
    done(await withhold(town, review_at=town.world.at(LONGEST_REVIEW)))


async def test_the_youths_wish_is_no_ground_when_the_youth_never_wished_it(town: Town) -> None:
    done(await professional_asks(town))
    assert refusal(await withhold(town)) == (403, "not-shielded")
    done(await withhold(town, ground=Ground.WEIGHTY))


async def test_a_declined_matter_is_shown_only_after_the_youth_has_been_told_for_a_week(town: Town) -> None:
    await town.asked()
    done(await ask(town))
    decision = done(await decline(town)).body["digest"]
    town.world.clock.forward(10 * DAY)
    assert not await sees(town, town.mother)
    done(await tell(town, decision))
    town.world.clock.forward(TOLD_FIRST - 1)
    assert not await sees(town, town.mother)
    town.world.clock.forward(1)
    assert await sees(town, town.mother)
    assert refusal(await ask(town)) == (403, "already-decided")
    assert refusal(await decline(town)) == (403, "not-shielded")


async def test_a_professional_may_have_told_the_child(town: Town) -> None:
    await town.asked()
    done(await ask(town))
    decision = done(await decline(town)).body["digest"]
    assert refusal(await tell(town, "0" * 64)) == (404, "not-found")
    done(await tell(town, decision, town.psychologist, town.bup))
    town.world.clock.forward(TOLD_FIRST)
    assert await sees(town, town.mother)


async def test_a_narrower_decision_shows_nothing_before_the_youth_is_told(town: Town) -> None:
    await town.asked()
    done(await ask(town))
    decision = done(await withhold(town, persons=(town.father.person,))).body["digest"]
    assert not await sees(town, town.mother)
    done(await tell(town, decision))
    town.world.clock.forward(TOLD_FIRST)
    assert [await sees(town, each) for each in (town.mother, town.father)] == [True, False]


async def test_hiding_goes_on_after_the_review(town: Town) -> None:
    await town.asked()
    done(await ask(town))
    done(await withhold(town, review_at=town.world.at(DAY)))
    town.world.clock.forward(20 * DAY)
    assert not await sees(town, town.mother)


async def test_a_youth_ends_at_once_what_they_asked_for(town: Town) -> None:
    await town.asked()
    assert refusal(await say(town, town.youth, ShieldEndBody)) == (403, "not-shielded")
    done(await ask(town))
    done(await withhold(town))
    assert refusal(await say(town, town.psychologist, ShieldEndBody, town.bup)) == (403, "not-entitled")
    done(await say(town, town.youth, ShieldEndBody))
    assert await sees(town, town.mother)
    done(await ask(town))
    assert not await sees(town, town.mother)


async def test_what_weighty_concerns_hide_is_not_the_youths_to_end(town: Town) -> None:
    await town.asked()
    done(await professional_asks(town))
    assert refusal(await say(town, town.youth, ShieldEndBody)) == (403, "not-shielded")
    assert not await sees(town, town.mother)


async def test_hiding_the_content_alone_leaves_the_rest_to_be_seen(town: Town) -> None:
    await town.asked()
    done(await ask(town))
    decision = done(await withhold(town, hides=(Aspect.CONTENT,))).body["digest"]
    assert not await sees(town, town.mother)
    done(await tell(town, decision))
    town.world.clock.forward(TOLD_FIRST)
    assert await sees(town, town.mother)


async def test_the_words_are_listed_to_the_youth_and_to_those_who_take_part(town: Town) -> None:
    done(await ask(town))
    counts = {each.name: await listed(town, each) for each in (town.youth, town.mother, town.aunt, town.psychologist)}
    assert list(counts.values()) == [1, 0, 0, 1]
    assert await listed(town, town.doctor) == 0
    await town.asked()
    assert await listed(town, town.doctor) == 1
    index = town.world.log.head.size - 2
    for actor, status in ((town.youth, 200), (town.doctor, 200), (town.mother, 404), (town.teacher, 404)):
        assert (await town.world.get(actor, f"/v1/log/receipts/{index}")).status == status, actor.name


async def test_the_words_come_in_pages_of_which_each_begins_where_the_one_before_ended(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shields, "PAGE", 2)
    for _ in range(3):
        done(await ask(town))
    path = f"/v1/shields?subject={town.child.subject}"
    first = done(await town.world.get(town.youth, path)).body
    assert len(first["statements"]) == 2
    last = done(await town.world.get(town.youth, f"{path}&cursor={first['next']}")).body
    assert len(last["statements"]) == 1
    assert last["next"] is None
    assert all(each not in first["statements"] for each in last["statements"])
    assert (await town.world.get(town.youth, f"{path}&cursor=first")).status == 422


async def test_a_member_who_is_shut_out_sees_nothing_through_their_unit_either(town: Town) -> None:
    await town.world.enrol(town.bup.custodian, town.father, "staff", town.bup.unit)
    done(await town.world.next_epoch(town.bup, [*town.bup.members, town.father]))
    await town.asked()
    assert await sees(town, town.father)
    done(await ask(town))
    assert not await sees(town, town.father)
    assert await listed(town, town.father) == 0
    assert refusal(await decline(town, town.father, town.bup)) == (404, "not-found")


async def test_the_same_word_again_is_answered_again_and_stands_once(town: Town) -> None:
    body = ShieldAskBody(new_statement(), None, town.child.subject, town.matter, town.bup.unit, parents(town))
    token = town.world.say(town.youth, body)
    first, second = [done(await town.world.post(town.youth, WORDS, {"token": token})) for _ in range(2)]
    assert first.body["digest"] == second.body["digest"]
    assert await listed(town, town.youth) == 1


async def test_a_parent_who_learnt_of_it_before_still_withdraws_and_asks_for_nothing_new(town: Town) -> None:
    terms = await town.asked()
    done(await town.say(town.mother, SignatureBody, terms))
    done(await ask(town))
    again = await town.terms(senders=(party(town.mother),))
    assert refusal(await town.ask(town.mother, again)) == (404, "not-found")
    done(await town.say(town.mother, WithdrawalBody, terms))


async def test_a_parent_is_told_nothing_by_opening_what_was_sent_to_them_before(town: Town) -> None:
    office = Office(town)
    parties: dict[str, Any] = {"receivers": ordered([party(town.bup), party(town.mother)])}
    terms = await town.in_force(**parties)
    parcel = await office.sent(terms, to=[town.bup, town.mother])
    done(await ask(town))
    assert (await office.open(town.mother, parcel)).status == 404
    assert done(await town.world.get(town.mother, "/v1/inbox")).body == {"items": [], "next": None}
    assert done(await town.world.get(town.mother, "/v1/conversations")).body == {"conversations": [], "next": None}
    refused = await office.send(await office.pack(terms, to=[town.mother]))
    assert refusal(refused) == (403, "shielded")
    done(await office.open(town.psychologist, parcel, town.bup))


async def test_a_unit_that_is_asked_to_decide_sees_the_childs_sheet_and_no_other_unit_does(town: Town) -> None:
    async def status(actor: Actor) -> int:
        return (await town.world.get(actor, f"/v1/subjects/{town.child.subject}")).status

    assert await status(town.psychologist) == 404
    done(await ask(town))
    assert [await status(each) for each in (town.psychologist, town.teacher)] == [200, 404]


async def test_hiding_the_log_alone_shows_the_consent_and_none_of_its_entries(town: Town) -> None:
    await town.asked()
    index = town.world.log.head.size - 1
    done(await professional_asks(town))
    decision = done(await withhold(town, hides=(Aspect.LOG, Aspect.NOTICES), ground=Ground.WEIGHTY)).body["digest"]
    done(await tell(town, decision))
    town.world.clock.forward(TOLD_FIRST)
    assert await sees(town, town.mother)
    statuses = [(await town.world.get(each, f"/v1/log/receipts/{index}")).status for each in (town.mother, town.aunt)]
    assert statuses == [404, 200]
