"""Who opened what under a consent: shown to whoever may see its log, and to nobody else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from keys.signing import peek
from protocol.consent.terms import Terms
from protocol.consent.vocabulary import Aspect, Category, Purpose
from protocol.log import receipt
from protocol.log.receipt import Disclosure
from protocol.statements.consent import SignatureBody
from protocol.statements.shields import ShieldWithholdBody
from server.documents import openings
from tests.http.consent.support import BORN_14, Town, open_town, ordered, party
from tests.http.consent.test_shields import REASON, rising, say
from tests.http.documents.support import Office, Parcel
from tests.kit.actor import Actor, Reply
from tests.kit.clock import DAY, MINUTE
from tests.kit.world import done


@pytest.fixture
async def town_of_14(tmp_path: Path) -> AsyncIterator[Town]:
    async with open_town(tmp_path, born=BORN_14) as opened:
        yield opened


@pytest.fixture
def office_of_14(town_of_14: Town) -> Office:
    return Office(town_of_14)


async def ask(town: Town, actor: Actor, terms: Terms, query: str = "") -> Reply:
    return await town.world.get(actor, f"/v1/consents/{terms.id}/openings{query}")


async def told(town: Town, actor: Actor, terms: Terms) -> list[tuple[str, str, str | None]]:
    """Name act, reader and unit of each opening that somebody is shown, newest first."""
    answer = done(await ask(town, actor, terms))
    said = [peek(each["token"]).body for each in answer.body["openings"]]
    return [(each["act"], each["iss"], each["unit"]) for each in said]


def entry(logged: dict[str, str]) -> tuple[str, tuple[str, ...]]:
    """Give the event and the consents of the entry that a statement comes with."""
    opened, details = Disclosure.parse(receipt.parse(logged["receipt"]).extra or b"").open()
    return str(opened.e), details.consents


async def received_and_opened(town: Town, office: Office, terms: Terms) -> Parcel:
    parcel = await office.sent(terms)
    await office.receive(town.psychologist, [office.opening(town.psychologist, parcel, "receive", town.bup)])
    await office.read(town.psychologist, parcel, town.bup)
    town.world.clock.forward(MINUTE)
    await office.read(town.bup.custodian, parcel, town.bup, "reopen")
    return parcel


async def test_the_family_sees_who_received_and_opened_what_newest_first(town: Town, office: Office) -> None:
    terms = await town.in_force()
    parcel = await received_and_opened(town, office, terms)
    one, other = town.psychologist.person, town.bup.custodian.person
    expected = [("reopen", other, town.bup.unit), ("open", one, town.bup.unit), ("receive", one, town.bup.unit)]
    for actor in (town.mother, town.father, town.aunt, town.youth):
        assert await told(town, actor, terms) == expected
    answer = done(await ask(town, town.mother, terms)).body
    assert [entry(each) for each in answer["openings"]] == [
        (event, (terms.digest,)) for event in ("reopened", "opened", "received")
    ]
    [manifest] = answer["manifests"]
    assert peek(manifest["token"]).body["share"] == parcel.body.share
    assert entry(manifest)[0] == "shared"
    assert answer["next"] is None


async def test_a_senders_own_copy_is_no_opening(town: Town, office: Office) -> None:
    terms = await town.in_force()
    parcel = await office.sent(terms)
    done(await office.open(town.doctor, parcel, town.gp, "own"))
    assert await told(town, town.mother, terms) == []


async def test_an_opening_that_was_refused_is_none(town: Town, office: Office) -> None:
    terms = await town.in_force()
    parcel = await office.sent(terms)
    assert (await office.open(town.psychologist, parcel, town.bup, "reopen")).status != 200
    assert await told(town, town.mother, terms) == []


async def test_a_member_sees_what_the_own_unit_opened_and_nobody_elses(town: Town, office: Office) -> None:
    terms = await town.in_force(receivers=ordered([party(town.bup), party(town.school)]))
    parcel = await office.sent(terms, to=[town.bup, town.school])
    for actor, unit in ((town.psychologist, town.bup), (town.teacher, town.school)):
        await office.read(actor, parcel, unit)
    assert await told(town, town.teacher, terms) == [("open", town.teacher.person, town.school.unit)]
    assert await told(town, town.doctor, terms) == []
    assert len(await told(town, town.mother, terms)) == 2


async def test_to_a_stranger_there_is_no_such_consent(town: Town) -> None:
    terms = await town.in_force()
    other = await town.terms()
    seen, unseen = await ask(town, town.stranger, terms), await ask(town, town.mother, other)
    assert (seen.status, seen.body["code"]) == (unseen.status, unseen.body["code"]) == (404, "not-found")


async def confided(town: Town) -> Terms:
    """Let the youth, and nobody else, allow the own sending to BUP."""
    parties: dict[str, Any] = {
        "senders": (party(town.youth),),
        "receivers": ordered([party(town.youth), party(town.bup)]),
        "purpose": Purpose.OWN_SENDING,
        "categories": (Category.MESSAGE,),
    }
    terms = await town.asked(town.youth, **parties)
    done(await town.say(town.youth, SignatureBody, terms))
    return terms


async def test_parents_are_told_nothing_of_who_opened_what_a_youth_sent_in_confidence(
    town_of_14: Town, office_of_14: Office
) -> None:
    town, office = town_of_14, office_of_14
    terms = await confided(town)
    parcel = await office.sent(terms, town.youth, to=[town.bup])
    await office.read(town.psychologist, parcel, town.bup)
    assert len(await told(town, town.youth, terms)) == 1
    for actor in (town.mother, town.father, town.aunt):
        assert (await ask(town, actor, terms)).status == 404


async def test_a_manifest_that_names_one_sent_in_confidence_is_not_shown_to_the_parents(
    town_of_14: Town, office_of_14: Office
) -> None:
    town, office = town_of_14, office_of_14
    await office.sent(await confided(town), town.youth, to=[town.bup])
    [secret] = await latest(town, town.youth)
    terms = await town.in_force()
    for after in ((secret,), ("ab" * 32,)):
        await office.read(town.psychologist, await office.sent(terms, after=after), town.bup)
    await office.read(town.psychologist, await office.sent(terms), town.bup)
    answer = done(await ask(town, town.mother, terms)).body
    assert (len(answer["openings"]), len(answer["manifests"])) == (3, 1)


async def latest(town: Town, actor: Actor) -> list[str]:
    """Give the digests of the newest manifests of all of somebody's conversations."""
    found = done(await town.world.get(actor, "/v1/conversations")).body["conversations"]
    return [digest for each in found for digest in each["latest"]]


async def withhold(town: Town, hides: tuple[Aspect, ...]) -> None:
    """Let BUP hide something of the matter from the father."""
    told: dict[str, Any] = {"persons": (town.father.person,), "ground": "weighty", "reason": REASON}
    review = town.world.at(30 * DAY)
    done(
        await say(town, town.psychologist, ShieldWithholdBody, town.bup, hides=rising(hides), review_at=review, **told)
    )


async def test_whoever_may_not_see_the_log_of_a_consent_is_shown_no_openings(town: Town, office: Office) -> None:
    terms = await town.in_force()
    await received_and_opened(town, office, terms)
    await withhold(town, (Aspect.LOG,))
    assert await told(town, town.father, terms) == []
    assert len(await told(town, town.mother, terms)) == 3


async def test_whoever_is_shielded_from_a_matter_is_told_that_there_is_no_consent(town: Town, office: Office) -> None:
    terms = await town.in_force()
    await received_and_opened(town, office, terms)
    await withhold(town, tuple(Aspect))
    assert (await ask(town, town.father, terms)).status == 404
    assert len(await told(town, town.mother, terms)) == 3


async def test_pages_follow_each_other_and_what_is_passed_over_leaves_no_gap(
    town: Town, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openings, "PAGE", 2)
    monkeypatch.setattr(openings, "_LOOKED_AT", 2)
    terms = await town.in_force(receivers=ordered([party(town.bup), party(town.school)]))
    expected = []
    for _ in range(3):
        parcel = await office.sent(terms, to=[town.bup, town.school])
        for actor, unit in ((town.psychologist, town.bup), (town.teacher, town.school)):
            await office.read(actor, parcel, unit)
        expected.append(parcel.body.share)
    shares, query = [], ""
    for _ in range(9):
        page = done(await ask(town, town.teacher, terms, query)).body
        assert len(page["openings"]) <= 2
        shares += [peek(each["token"]).body["share"] for each in page["openings"]]
        if page["next"] is None:
            break
        query = f"?cursor={page['next']}"
    assert shares == expected[::-1]


async def test_a_referral_stands_under_the_consent_that_its_reading_hangs_on(town: Town, office: Office) -> None:
    care, disclosure = [await town.in_force(**referral(kind)) for kind in ("care", "disclosure")]
    parcel = await office.sent([care, disclosure], category="referral")
    await office.read(town.psychologist, parcel, town.bup)
    assert len(await told(town, town.mother, disclosure)) == 1
    assert await told(town, town.mother, care) == []


def referral(kind: str) -> dict[str, Any]:
    return {"purpose": Purpose.REFERRAL, "kind": kind, "categories": (Category.REFERRAL,)}
