"""Who may know that a consent exists: lists, single consents, pages, and what hangs on them."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Any

import pytest

from protocol.consent.terms import Terms
from protocol.consent.vocabulary import Category, Purpose
from protocol.evidence import ConsentRecord, consent_facts, hearing_fact
from protocol.identifiers import SubjectId
from protocol.identity import Logged
from protocol.log.details import Details
from protocol.log.event import Event
from protocol.log.receipt import parse as parse_receipt
from protocol.statements.base import Statement
from protocol.statements.consent import RequestBody, WithdrawalBody
from server.audit.batch import Work
from server.audit.wiring import DATABASE, WRITER
from server.consent import listing, store
from server.identity import store as identity
from server.identity.access import RELATIONS
from tests.http.consent.support import (
    REQUESTS,
    Town,
    new_consent,
    new_matter,
    new_statement,
    ordered,
    party,
)
from tests.kit.actor import Actor
from tests.kit.clock import DAY
from tests.kit.world import done


async def test_those_on_the_sheet_and_members_of_the_parties_see_a_consent_and_nobody_else(town: Town) -> None:
    terms = await town.in_force()
    for actor in (town.mother, town.father, town.aunt, town.youth, town.doctor, town.psychologist):
        assert await town.listed(actor) == [terms.digest], actor.name
        assert (await town.world.get(actor, f"{REQUESTS}/{terms.id}")).body["consent"] == terms.digest
    for actor in (town.stranger, town.teacher, town.world.registrar):
        assert await town.listed(actor) == [], actor.name
        hidden = await town.world.get(actor, f"{REQUESTS}/{terms.id}")
        nothing = await town.world.get(actor, f"{REQUESTS}/{new_consent()}")
        assert (hidden.status, hidden.raw) == (nothing.status, nothing.raw) == (404, nothing.raw), actor.name


async def test_a_former_member_sees_nothing_more(town: Town) -> None:
    await town.asked()
    done(await town.world.next_epoch(town.bup, [town.bup.custodian]))
    assert await town.listed(town.psychologist) == []
    assert len(await town.listed(town.bup.custodian)) == 1


async def test_from_16_parents_see_only_what_names_them(town_of_17: Town) -> None:
    town = town_of_17
    apart = await town.asked()
    naming = await town.asked(receivers=ordered([party(town.bup), party(town.mother)]))
    assert await town.listed(town.mother) == [naming.digest]
    assert await town.listed(town.father) == []
    assert await town.listed(town.youth) == [apart.digest, naming.digest]


async def test_a_sheet_that_has_ended_hides_everything_from_the_family(town: Town) -> None:
    terms = await town.asked()
    town.world.clock.forward(26 * DAY)
    assert await town.listed(town.mother) == []
    assert await town.listed(town.doctor) == [terms.digest]


async def test_a_consent_travels_with_all_that_a_client_needs_to_believe_it(town: Town) -> None:
    terms = await town.in_force()
    done(await town.say(town.father, WithdrawalBody, terms))
    [told] = (await town.world.get(town.mother, REQUESTS)).body["consents"]
    record = ConsentRecord.parse({"request": told["request"], "statements": told["statements"]})
    chain: list[Any] = []
    for actor in (town.mother, town.father, town.doctor):
        chain += (await town.world.get(town.mother, f"/v1/persons/{actor.person}")).body["statements"]
    once = {each["token"]: each for each in chain}
    directory = await town.world.believe(once.values())
    facts = consent_facts(directory, record)
    assert facts.terms == terms
    assert {each.person for each in facts.signatures} == {town.mother.person, town.father.person}
    assert [each.person for each in facts.withdrawals] == [town.father.person]
    [heard] = told["hearings"]
    assert hearing_fact(directory, Logged.parse(heard)).by == town.doctor.person
    receipts = [told["request"], *told["statements"], heard]
    assert len({parse_receipt(each["receipt"]).checkpoint for each in receipts}) == 1


async def test_lists_are_narrowed_by_subject_and_matter(town: Town) -> None:
    first = await town.asked()
    second = await town.asked(matter=new_matter())
    sibling = await town.world.add_child([town.mother, town.father], may_know=town.child.sheet.may_know)
    third = await town.asked(subject=sibling.subject, matter=new_matter())
    assert await town.listed(town.mother) == [first.digest, second.digest, third.digest]
    assert await town.listed(town.mother, f"?subject={sibling.subject}") == [third.digest]
    assert await town.listed(town.doctor, f"?matter={second.matter}") == [second.digest]
    assert await town.listed(town.doctor, f"?subject={first.subject}&matter={first.matter}") == [first.digest]
    assert await town.listed(town.doctor, f"?subject={sibling.subject}&matter={first.matter}") == []


async def test_members_of_a_unit_below_see_what_names_it_with_its_sub_units(town: Town) -> None:
    team = await town.world.add_unit("BUP, team", parent=town.bup.unit)
    await town.asked()
    wide = await town.asked(receivers=(party(town.bup, subunits=True),))
    assert await town.listed(team.staff[0]) == [wide.digest]


async def test_a_hearing_does_not_tell_of_a_unit_that_the_reader_may_not_know_of(town_of_14: Town) -> None:
    town = town_of_14
    told: dict[str, Any] = {"purpose": Purpose.OWN_SENDING, "categories": (Category.OWN_OBSERVATIONS,)}
    confided = await town.asked(
        town.youth, senders=(party(town.youth),), receivers=ordered([party(town.youth), party(town.school)]), **told
    )
    open_to_all = await town.asked()
    done(await town.hear(town.teacher, unit=town.school))
    done(await town.hear(town.doctor, unit=town.gp))
    done(await town.hear(town.youth))
    done(await town.hear(town.youth, "against"))
    answer = (await town.world.get(town.mother, REQUESTS)).body["consents"]
    assert [each["consent"] for each in answer] == [open_to_all.digest]
    assert len(answer[0]["hearings"]) == 3
    own = (await town.world.get(town.youth, f"{REQUESTS}/{confided.id}")).body
    assert len(own["hearings"]) == 3


async def test_a_hearing_in_one_matter_does_not_go_with_another(town: Town) -> None:
    await town.asked()
    done(await town.hear(town.doctor, unit=town.gp))
    other = await town.asked(matter=new_matter())
    assert (await town.world.get(town.mother, f"{REQUESTS}/{other.id}")).body["hearings"] == []
    listed = (await town.world.get(town.mother, REQUESTS)).body["consents"]
    assert [len(each["hearings"]) for each in listed] == [1, 0]


async def test_three_hundred_consents_come_in_pages_that_tell_no_total(town: Town) -> None:
    example = await town.asked()
    await fill(town, example, 299)
    digests: list[str] = []
    cursor: str | None = ""
    pages = 0
    while cursor is not None:
        body = done(await town.world.get(town.mother, f"{REQUESTS}{cursor and f'?cursor={cursor}'}")).body
        assert body.keys() == {"consents", "next"}
        digests += [each["consent"] for each in body["consents"]]
        cursor, pages = body["next"], pages + 1
    assert (len(digests), len(set(digests)), pages) == (300, 300, 6)


async def test_what_is_passed_over_leaves_no_trace_in_pages(town_of_17: Town) -> None:
    town = town_of_17
    example = await town.asked()
    await fill(town, example, 420)
    naming = await town.asked(receivers=ordered([party(town.bup), party(town.mother)]))
    body = (await town.world.get(town.mother, REQUESTS)).body
    assert ([each["consent"] for each in body["consents"]], body["next"]) == ([naming.digest], None)
    assert (await town.world.get(town.stranger, REQUESTS)).body == {"consents": [], "next": None}


async def fill(town: Town, example: Terms, count: int) -> None:
    """Keep many consents in one transaction, as copies of one that was asked for over HTTP."""
    writer = town.world.client.app[WRITER]

    def add(work: Work) -> None:
        for _ in range(count):
            terms = replace(example, id=new_consent())
            body = RequestBody(new_statement(), town.gp.unit, terms)
            by = town.doctor
            statement = Statement("a.b.c", secrets.token_hex(32), by.sign.kid, by.person, work.at, None, body)
            details = Details(actor=town.doctor.person, matter=terms.matter)
            index = work.append(Event.CONSENT_REQUESTED, details, terms.matter)
            store.add_consent(work.connection, statement, index, work.at)
            identity.keep_statement(work.connection, statement, index, work.at)

    await writer.submit(add)


@pytest.mark.parametrize(
    "query",
    [
        "?cursor=-1",
        "?cursor=01",
        "?cursor=x",
        "?cursor=",
        "?subject=x",
        "?matter=sub_",
        "?more=1",
        "?cursor=1&cursor=2",
    ],
)
async def test_a_query_that_is_none_is_refused(town: Town, query: str) -> None:
    assert (await town.world.get(town.mother, f"{REQUESTS}{query}")).status == 422


@pytest.mark.parametrize("name", ["x", "con_", "con_" + "0" * 31, "sub_" + "0" * 32])
async def test_a_name_that_is_none_is_unknown(town: Town, name: str) -> None:
    assert (await town.world.get(town.mother, f"{REQUESTS}/{name}")).status == 404


async def test_identity_learns_which_units_are_party_to_what(town: Town) -> None:
    team = await town.world.add_unit("BUP, team", parent=town.bup.unit)
    await town.asked(receivers=(party(town.bup, subunits=True),))
    app = town.world.client.app
    assert listing.is_party in app[RELATIONS]

    async def related(*actors: Actor) -> list[bool]:
        return [(await town.world.get(actor, f"/v1/subjects/{town.child.subject}")).status == 200 for actor in actors]

    assert await related(town.doctor, town.psychologist, team.staff[0], town.teacher) == [True, True, True, False]
    nobody = SubjectId.of(secrets.token_bytes(16))
    assert not await app[DATABASE].read(listing.is_party, nobody, frozenset({town.bup.unit}))


async def test_lists_are_for_those_who_signed_in(town: Town) -> None:
    terms = await town.asked()
    for path in (REQUESTS, f"{REQUESTS}/{terms.id}"):
        assert (await town.world.ask_publicly("GET", path)).status == 401
    assert (await town.world.ask_publicly("POST", REQUESTS, {"token": "a.b.c"})).status == 401
