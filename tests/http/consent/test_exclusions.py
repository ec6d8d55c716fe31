"""Keeping somebody out of everything around a child: who may, what it hides from whom, and what is sealed past them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from keys import sealing
from keys.canonical import canonical
from keys.encoding import encode
from protocol.consent.vocabulary import Purpose
from protocol.identifiers import PersonId
from protocol.statements.consent import SignatureBody, WithdrawalBody
from protocol.statements.exclusions import BlockBody, ExclusionBody, KeepingOutEndBody
from protocol.statements.identity import Member
from protocol.statements.restricted import RestrictedEpochBody
from server.consent import exclusions
from tests.http.consent.support import BORN_17, Town, last_entry, new_statement, open_town, ordered, party, refusal
from tests.http.consent.test_reminders import lines, write_to
from tests.http.consent.test_shields import REASON, ask, decline, rising
from tests.http.documents.support import Office
from tests.kit.actor import Actor, Reply
from tests.kit.clock import DAY
from tests.kit.world import Unit, World, done

WORDS = "/v1/exclusions"


@pytest.fixture
async def town(town_of_14: Town) -> Town:
    """The practice has one more member of staff: the neighbour."""
    world, gp = town_of_14.world, town_of_14.gp
    await world.add_staff(gp, "naboen")
    done(await world.next_epoch(gp, [*gp.members, gp.staff[1]]))
    return town_of_14


def neighbour(town: Town) -> Actor:
    return town.gp.staff[1]


async def exclude(town: Town, by: Actor | None = None, who: Actor | None = None, unit: Unit | None = None) -> Reply:
    body = ExclusionBody(new_statement(), town.child.subject, (unit or town.gp).unit, (who or neighbour(town)).person)
    return await word(town, by or town.mother, body)


async def block(town: Town, by: Actor | None = None, unit: Unit | None = None, **changed: Any) -> Reply:
    told: dict[str, Any] = {
        "id": new_statement(),
        "subject": town.child.subject,
        "unit": (unit or town.gp).unit,
        "person": town.father.person,
        "ground": REASON,
        "review_at": town.world.at(30 * DAY),
    }
    return await word(town, by or town.doctor, BlockBody(**(told | changed)))


async def end(town: Town, by: Actor, ends: str, unit: Unit | None = None) -> Reply:
    body = KeepingOutEndBody(new_statement(), town.child.subject, None if unit is None else unit.unit, ends)
    return await word(town, by, body)


async def word(town: Town, by: Actor, body: Any) -> Reply:
    return await town.world.post(by, WORDS, {"token": town.world.say(by, body)})


async def listed(town: Town, actor: Actor) -> int:
    answer = done(await town.world.get(actor, f"{WORDS}?subject={town.child.subject}"))
    return len(answer.body["statements"])


def restricted_body(world: World, unit: Unit, members: list[Actor], key: sealing.SealingKey, **changed: Any) -> Any:
    told: dict[str, Any] = {
        "number": 1,
        "not_after": world.at(80 * DAY),
        "unit": unit.unit,
        "seal": key.public.raw,
        "members": tuple(Member(member.person, member.keys.digest) for member in members),
        "without": (unit.staff[1].person,),
    }
    return RestrictedEpochBody(**(told | changed))


async def publish(
    town: Town,
    members: list[Actor] | None = None,
    key: sealing.SealingKey | None = None,
    *,
    by: Actor | None = None,
    before: sealing.SealingKey | None = None,
    **changed: Any,
) -> Reply:
    """Publish an epoch of the practice's mailbox without the neighbour: the first, or the one after `before`."""
    gp, world = town.gp, town.world
    listed = [gp.custodian, gp.staff[0]] if members is None else members
    new = key or sealing.generate()
    parts: dict[str, Any] = {"seeds": world.seeds(gp, listed, new)}
    if before is not None:
        info = canonical({"v": 1, "use": "previous", "unit": gp.unit})
        parts["previous"] = encode(sealing.seal(before.to_bytes(), new.public, info))
    return await world.hand_in(by or gp.custodian, restricted_body(world, gp, listed, new, **changed), **parts)


async def own_sending(town: Town) -> Any:
    """The mother's consent to write to the practice and be answered."""
    told: dict[str, Any] = {
        "purpose": Purpose.OWN_SENDING,
        "senders": (party(town.mother),),
        "receivers": ordered([party(town.mother), party(town.gp)]),
    }
    terms = await town.asked(town.mother, **told)
    done(await town.say(town.mother, SignatureBody, terms))
    return terms


# Who may


async def test_each_guardian_and_the_youth_keeps_staff_out_and_nobody_else_learns_whether_the_child_is_known(
    town: Town,
) -> None:
    for each in (town.mother, town.father, town.youth):
        done(await exclude(town, each))
    for stranger in (town.aunt, town.stranger):
        assert refusal(await exclude(town, stranger)) == (404, "not-found")
    assert refusal(await exclude(town, town.doctor)) == (403, "not-entitled")
    entry = await last_entry(town.world, 4)
    assert (entry.scope, str(entry.entry.e)) == (town.child.subject, "fact-recorded")
    assert (entry.details.act, entry.details.person) == ("exclusion", neighbour(town).person)


async def test_from_16_the_youth_alone_keeps_staff_out_and_nobody_is_blocked_anew(tmp_path: Path) -> None:
    async with open_town(tmp_path, born=BORN_17) as town:
        staff = town.gp.staff[0]
        assert refusal(await exclude(town, town.mother, staff)) == (404, "not-found")
        done(await exclude(town, town.youth, staff))
        await town.asked(town.youth, senders=(party(town.bup),), receivers=(party(town.gp),))
        assert refusal(await block(town, town.psychologist, town.bup)) == (422, "other-age")


async def test_whom_a_family_keeps_out_works_there_and_does_not_stand_on_the_sheet(town: Town) -> None:
    world = town.world
    await world.enrol(town.gp.custodian, town.father, "staff", town.gp.unit)
    done(await world.next_epoch(town.gp, [*town.gp.members, town.father]))
    assert refusal(await exclude(town, who=town.father)) == (422, "on-the-sheet")
    assert refusal(await exclude(town, who=town.psychologist)) == (422, "unknown-member")


async def test_said_once_is_enough_and_another_may_say_it_too(town: Town) -> None:
    done(await exclude(town))
    assert refusal(await exclude(town)) == (403, "already-kept-out")
    done(await exclude(town, town.father))


async def second_custodian(town: Town) -> Actor:
    """Let a registrar name another custodian of the practice, who becomes a member."""
    another = Actor("vikar for forvalter")
    await town.world.enrol(town.world.registrar, another, "custodian", town.gp.unit)
    done(await town.world.next_epoch(town.gp, [*town.gp.members, another]))
    return another


async def test_it_is_refused_where_nobody_would_be_left_as_far_as_the_signer_may_know(town: Town) -> None:
    another = await second_custodian(town)
    for each in (neighbour(town), town.doctor, town.gp.custodian):
        done(await exclude(town, who=each))
    assert refusal(await exclude(town, who=another)) == (403, "nobody-left")
    # The father may not know what the mother said of a unit of which he knows nothing.
    done(await exclude(town, town.father, who=another))


async def test_it_is_refused_where_nobody_else_could_make_the_mailbox(town: Town) -> None:
    assert refusal(await exclude(town, who=town.gp.custodian)) == (403, "no-other-custodian")
    await second_custodian(town)
    done(await exclude(town, who=town.gp.custodian))


async def test_only_a_health_unit_that_takes_part_blocks_somebody_else_on_the_sheet_until_a_review(town: Town) -> None:
    assert refusal(await block(town)) == (404, "not-found")
    await town.asked(receivers=ordered([party(town.bup), party(town.school)]))
    assert refusal(await block(town, town.psychologist)) == (403, "not-entitled")
    assert refusal(await block(town, town.teacher, town.school)) == (403, "not-health")
    assert refusal(await block(town, person=town.youth.person)) == (422, "other-persons")
    assert refusal(await block(town, person=town.stranger.person)) == (422, "other-persons")
    for review in (0, 184 * DAY):
        assert refusal(await block(town, review_at=town.world.at(review))) == (422, "other-review")
    done(await block(town))
    done(await block(town, town.psychologist, town.bup))


async def test_an_exclusion_is_ended_by_its_author_and_a_block_by_a_unit_that_takes_part(town: Town) -> None:
    await town.asked()
    exclusion = done(await exclude(town)).body["digest"]
    blocked = done(await block(town)).body["digest"]
    assert refusal(await end(town, town.mother, "0" * 64)) == (404, "not-found")
    assert refusal(await end(town, town.youth, exclusion)) == (404, "not-found")
    assert refusal(await end(town, town.mother, blocked)) == (404, "not-found")
    assert refusal(await end(town, town.father, exclusion)) == (404, "not-found")
    assert refusal(await end(town, town.doctor, exclusion, town.gp)) == (403, "not-entitled")
    done(await end(town, town.mother, exclusion))
    assert refusal(await end(town, town.mother, exclusion)) == (404, "not-found")
    done(await end(town, town.psychologist, blocked, town.bup))
    assert await listed(town, town.doctor) == 0


async def test_whoever_is_kept_out_keeps_nobody_out_and_says_nothing_on_shields(town: Town) -> None:
    await town.asked()
    done(await block(town, person=town.mother.person))
    assert refusal(await exclude(town, town.mother)) == (404, "not-found")
    done(await exclude(town, town.father, who=town.doctor))
    assert refusal(await block(town)) == (404, "not-found")
    done(await ask(town))
    assert refusal(await decline(town, town.doctor, town.gp)) == (404, "not-found")


# What is seen


async def test_those_who_read_or_send_there_know_of_an_exclusion_and_nobody_who_is_kept_out(town: Town) -> None:
    done(await exclude(town))
    # The father knows of no consent in which the practice takes part, so he is told of nothing there.
    knowing = {
        each.name for each in (town.mother, town.father, town.youth, town.doctor, town.aunt) if await listed(town, each)
    }
    assert knowing == {town.mother.name, town.youth.name, town.doctor.name}
    await town.asked()
    assert [await listed(town, each) for each in (town.father, town.psychologist, neighbour(town))] == [1, 1, 0]
    assert await listed(town, town.teacher) == 0


async def test_a_block_is_known_to_the_professionals_who_take_part_and_to_nobody_of_the_family(town: Town) -> None:
    await town.asked()
    done(await block(town))
    everybody = (town.mother, town.father, town.youth, town.doctor, town.psychologist, town.teacher)
    assert [await listed(town, each) for each in everybody] == [0, 0, 0, 1, 1, 0]


async def test_words_come_in_pages(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exclusions, "PAGE", 1)
    done(await exclude(town))
    done(await exclude(town, who=town.doctor))
    path = f"{WORDS}?subject={town.child.subject}"
    first = done(await town.world.get(town.mother, path)).body
    second = done(await town.world.get(town.mother, f"{path}&cursor={first['next']}")).body
    assert (len(first["statements"]), len(second["statements"]), second["next"]) == (1, 1, None)
    assert first["statements"] != second["statements"]


async def test_a_colleague_who_is_kept_out_finds_no_child_no_consent_and_no_share(town: Town) -> None:
    office, world = Office(town), town.world
    terms = await town.in_force(senders=(party(town.bup),), receivers=(party(town.gp),))
    parcel = await office.pack(terms, sender=town.psychologist, unit=town.bup, to=[town.gp])
    done(await office.send(parcel, town.psychologist))
    inbox = done(await world.get(neighbour(town), "/v1/inbox"))
    assert len(inbox.body["items"]) == 1
    done(await exclude(town))
    for path in ("/v1/inbox", "/v1/consents", "/v1/conversations", "/v1/notices"):
        answer = done(await world.get(neighbour(town), path)).body
        assert [each for each in answer.values() if each] == [], path
    unknown = await world.get(neighbour(town), f"/v1/subjects/{'sub_' + '0' * 32}")
    assert (await world.get(neighbour(town), f"/v1/subjects/{town.child.subject}")).raw == unknown.raw
    assert (await world.get(town.doctor, f"/v1/subjects/{town.child.subject}")).status == 200
    assert len(done(await world.get(town.doctor, "/v1/inbox")).body["items"]) == 1


async def test_a_parent_who_is_blocked_finds_nothing_of_any_matter_and_still_withdraws(town: Town) -> None:
    terms = await town.in_force()
    assert await town.listed(town.father) == [terms.digest]
    done(await block(town))
    assert (await town.listed(town.father), await town.listed(town.mother)) == ([], [terms.digest])
    new = replace(await town.terms(), purpose=Purpose.INFORMATION)
    assert refusal(await town.ask(town.father, new)) == (404, "not-found")
    await town.asked()
    assert await town.listed(town.father) == []
    done(await town.say(town.father, WithdrawalBody, terms))


# Restricted mailboxes


async def test_a_custodian_makes_a_mailbox_for_members_only_under_a_key_of_its_own(town: Town) -> None:
    gp = town.gp
    assert refusal(await publish(town, by=town.doctor)) == (403, "not-entitled")
    assert refusal(
        await publish(town, by=gp.custodian, without=rising([gp.custodian.person]), members=[gp.staff[0]])
    ) == (
        403,
        "not-entitled",
    )
    assert refusal(await publish(town, members=[gp.custodian, town.psychologist])) == (422, "unknown-member")
    assert refusal(await publish(town, key=gp.key)) == (409, "key-not-changed")
    assert refusal(await publish(town, number=2)) == (409, "wrong-number")
    assert refusal(await publish(town, not_after=town.world.at(0))) == (422, "ended")
    first = sealing.generate()
    done(await publish(town, key=first))
    assert refusal(await town.world.next_epoch(gp, gp.members, new_key=True, seal=first.public.raw)) == (
        409,
        "key-not-changed",
    )


async def test_its_key_changes_with_every_removal_and_an_admission_may_keep_it(town: Town) -> None:
    gp, key = town.gp, sealing.generate()
    done(await publish(town, [gp.custodian], key))
    both = [gp.custodian, gp.staff[0]]
    done(await publish(town, both, key, number=2))
    assert refusal(await publish(town, [gp.custodian], key, number=3)) == (409, "key-not-changed")
    assert refusal(await publish(town, [gp.custodian], number=3)) == (422, "seeds-missing")
    done(await publish(town, [gp.custodian], number=3, before=key))
    assert refusal(await publish(town, both, key, number=4, before=key)) == (409, "key-not-changed")


async def test_only_those_who_read_there_are_given_it_and_the_custodian_is_told_what_is_wanted(town: Town) -> None:
    world, path = town.world, f"/v1/units/{town.gp.unit}/restricted"
    done(await exclude(town))
    asked = done(await world.get(town.gp.custodian, path)).body
    assert (asked["wanted"], asked["statements"]) == ([[neighbour(town).person]], [])
    assert done(await world.get(town.doctor, path)).body["wanted"] == []
    key = sealing.generate()
    done(await publish(town, key=key))
    done(await publish(town, [town.gp.custodian], number=2, before=key))
    given = done(await world.get(town.gp.custodian, path)).body
    assert (given["wanted"], len(given["statements"])) == ([], 2)
    assert [each["number"] for each in given["seeds"]] == [1, 2]
    assert [each["number"] for each in given["previous"]] == [2]
    for outside in (neighbour(town), town.doctor):
        assert done(await world.get(outside, path)).body == {
            "statements": [],
            "seeds": [],
            "previous": [],
            "wanted": [],
        }
    assert (await world.get(town.mother, path)).status == 404


async def test_a_custodian_is_told_outside_the_system_too_that_something_waits(town: Town, tmp_path: Path) -> None:
    path = tmp_path / "words.jsonl"
    await write_to(town, path)
    done(await exclude(town))
    assert [each["person"] for each in lines(path)] == [town.gp.custodian.person]
    await town.asked()
    before = len(lines(path))
    done(await publish(town))
    done(await exclude(town, town.father))
    done(await block(town))
    assert len(lines(path)) == before


async def test_a_custodian_who_is_kept_out_is_told_of_nothing_and_the_other_is(town: Town) -> None:
    another = await second_custodian(town)
    done(await exclude(town, who=town.gp.custodian))
    path = f"/v1/units/{town.gp.unit}/restricted"
    told = [done(await town.world.get(each, path)).body["wanted"] for each in (town.gp.custodian, another)]
    assert told == [[], [[town.gp.custodian.person]]]


async def test_the_log_shows_a_unit_that_its_mailbox_changed_and_only_who_did_it_how(town: Town) -> None:
    answer = done(await publish(town))
    index = town.world.log.head.size - 1
    assert answer.status == 201
    assert (await town.world.get(town.gp.custodian, f"/v1/log/receipts/{index}")).status == 200
    for other in (town.doctor, neighbour(town)):
        assert (await town.world.get(other, f"/v1/log/receipts/{index}")).status == 404


async def send(town: Town, terms: Any, key: sealing.SealingKey | None) -> Reply:
    office = Office(town)
    keys: dict[Any, sealing.SealingKey] = {} if key is None else {town.gp.unit: key}
    return await office.send(await office.pack(terms, sender=town.mother, to=[town.gp], keys=keys), town.mother)


async def test_what_goes_to_the_unit_is_sealed_to_the_mailbox_without_them_or_not_taken(town: Town) -> None:
    terms, key = await own_sending(town), sealing.generate()
    done(await exclude(town))
    assert refusal(await send(town, terms, None)) == (409, "restricted-mailbox-missing")
    path = f"/v1/exclusions/mailboxes?subject={town.child.subject}"
    assert done(await town.world.get(town.mother, path)).body["statements"] == []
    done(await publish(town, key=key))
    assert len(done(await town.world.get(town.mother, path)).body["statements"]) == 1
    assert refusal(await send(town, terms, None)) == (409, "wrong-key")
    done(await send(town, terms, key))
    assert done(await town.world.get(neighbour(town), path)).body["statements"] == []
    done(await town.world.next_epoch(town.gp, [town.gp.custodian, neighbour(town)]))
    assert refusal(await send(town, terms, key)) == (409, "restricted-mailbox-missing")


async def test_a_mailbox_of_which_one_knows_a_part_only_is_not_given(town: Town) -> None:
    done(await exclude(town))
    done(await exclude(town, town.youth, who=town.doctor))
    without: tuple[PersonId, ...] = rising([neighbour(town).person, town.doctor.person])
    done(await publish(town, [town.gp.custodian], without=without))
    path = f"/v1/exclusions/mailboxes?subject={town.child.subject}"
    assert done(await town.world.get(town.mother, path)).body["statements"] == []
    assert len(done(await town.world.get(town.youth, path)).body["statements"]) == 1


async def test_a_stranger_is_not_told_by_a_refused_share_whom_a_family_keeps_out(town: Town) -> None:
    terms = await own_sending(town)
    office = Office(town)
    before = await office.send(await office.pack(terms, sender=town.stranger, to=[town.gp]), town.stranger)
    done(await exclude(town))
    after = await office.send(await office.pack(terms, sender=town.stranger, to=[town.gp]), town.stranger)
    assert refusal(before) == refusal(after) == (403, "consent-unknown")
