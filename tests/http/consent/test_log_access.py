"""Whom an entry of the log is shown to: whoever acted, and those who may know of all that it is about."""

from __future__ import annotations

from typing import Any

from protocol.consent.vocabulary import Capacity, Category, Purpose
from protocol.statements.consent import WithdrawalBody
from tests.http.consent.support import Town, ordered, party
from tests.http.documents.support import Office
from tests.kit.actor import Actor
from tests.kit.world import done


async def readers(town: Town, index: int) -> set[str]:
    """Name those of the town who are given the receipt of an entry; everybody else is told that there is none."""
    everybody = [town.mother, town.father, town.aunt, town.youth, town.stranger]
    everybody += [town.doctor, town.psychologist, town.teacher]
    allowed = set()
    for actor in everybody:
        answer = await town.world.get(actor, f"/v1/log/receipts/{index}")
        assert answer.status in {200, 404}
        if answer.status == 200:
            allowed.add(actor.name)
    return allowed


def last(town: Town) -> int:
    index: int = town.world.log.head.size - 1
    return index


FAMILY = {"mor", "far", "tante", "barnet"}


def names(*actors: Actor) -> set[str]:
    return {actor.name for actor in actors}


async def test_a_consents_words_are_shown_to_family_and_parties(town: Town) -> None:
    terms = await town.asked()
    assert await readers(town, last(town)) == FAMILY | names(town.doctor, town.psychologist)
    done(await town.say(town.mother, WithdrawalBody, terms))
    assert await readers(town, last(town)) == FAMILY | names(town.doctor, town.psychologist)


async def test_a_share_is_shown_to_family_sender_and_recipients_and_to_no_other_party(town: Town) -> None:
    office = Office(town)
    terms = await town.in_force(receivers=ordered([party(town.bup), party(town.school)]))
    parcel = await office.sent(terms)
    assert await readers(town, last(town)) == FAMILY | names(town.doctor, town.psychologist)
    done(await office.open(town.psychologist, parcel, town.bup))
    assert await readers(town, last(town)) == FAMILY | names(town.psychologist)
    done(await office.open(town.doctor, parcel, town.gp, "own"))
    assert await readers(town, last(town)) == names(town.doctor)


async def test_what_a_youth_confides_is_not_in_the_parents_log(town_of_14: Town) -> None:
    town = town_of_14
    told: dict[str, Any] = {"purpose": Purpose.OWN_SENDING, "categories": (Category.OWN_OBSERVATIONS,)}
    parties: dict[str, Any] = {
        "senders": (party(town.youth),),
        "receivers": ordered([party(town.youth), party(town.school)]),
    }
    await town.asked(town.youth, **parties, **told)
    assert await readers(town, last(town)) == names(town.youth, town.teacher)


async def test_who_is_off_the_sheet_sees_no_more_than_their_own_entries(town: Town) -> None:
    await town.asked()
    index = last(town)
    kept = [town.world.entitled(town.mother), town.world.entitled(town.youth, Capacity.SELF)]
    await town.next_sheet(may_sign=tuple(kept), may_know=tuple(kept))
    assert await readers(town, index) == names(town.mother, town.youth, town.doctor, town.psychologist)


async def test_a_refusal_is_shown_to_whoever_was_refused_only(town: Town) -> None:
    terms = await town.asked()
    assert (await town.say(town.stranger, WithdrawalBody, terms)).status == 404
    assert await readers(town, last(town)) == names(town.stranger)


async def test_what_concerns_no_child_is_shown_to_whom_it_is_about_and_to_the_units_members(town: Town) -> None:
    newcomer = await town.world.add_person("ny")
    assert await readers(town, last(town)) == set()
    assert (await town.world.get(newcomer, f"/v1/log/receipts/{last(town)}")).status == 200
    done(await town.world.next_epoch(town.gp, town.gp.members))
    assert await readers(town, last(town)) == names(town.doctor)
    await town.next_sheet()
    assert await readers(town, last(town)) == set()
