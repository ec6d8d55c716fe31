"""A youth of 17 cannot consent, and health personnel record it: the parents are asked, until it lapses."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from protocol.consent.answer import Reason
from protocol.consent.terms import Terms
from protocol.consent.vocabulary import Purpose, RoleAct
from protocol.identifiers import Instant
from protocol.log.event import Event
from protocol.statements.capacity import CapacityBody
from protocol.statements.consent import ObjectionBody, SignatureBody
from protocol.statements.facts import EndBody
from tests.http.consent.support import BORN_17, Town, last_entry, new_matter, open_town, ordered, party, refusal
from tests.http.consent.test_facts import about, reason, record, recorded
from tests.http.documents.support import Office
from tests.kit.actor import Actor
from tests.kit.clock import DAY, MINUTE
from tests.kit.world import Unit, done

RULE = "no/information/16-17/unable"


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    async with open_town(tmp_path / "seventeen", born=BORN_17) as town:
        yield town


def incapable(town: Town, unit: Unit | None = None, **changed: Any) -> CapacityBody:
    now = town.world.clock.now
    told: dict[str, Any] = {
        "purposes": (Purpose.INFORMATION,),
        "person_informed": "told",
        "kin_informed": "told",
        "holds_from": now,
        "holds_to": Instant(now + 90 * DAY),
        "ground": "ab" * 32,
    }
    return CapacityBody(*about(town, unit), **(told | changed))


async def signed(town: Town) -> Terms:
    """Have the youth asked, it recorded that the youth cannot consent, and the parents sign what is asked anew."""
    await town.asked()
    done(await record(town, incapable(town)))
    return await town.in_force()


async def asked_of(town: Town, actor: Actor, terms: Terms) -> list[str]:
    notices = done(await town.world.get(actor, "/v1/notices")).body["notices"]
    return sorted(each["kind"] for each in notices if each["consent"] == terms.id)


async def test_the_parents_are_asked_sign_and_are_believed_by_the_reader(town: Town) -> None:
    first = await town.asked()
    assert [role.person for role in first.roles] == [town.youth.person]
    assert await town.listed(town.mother, f"?matter={town.matter}") == []
    fact = await recorded(town, incapable(town))
    assert (await last_entry(town.world)).entry.e is Event.FACT_RECORDED
    assert refusal(await town.say(town.mother, SignatureBody, first)) == (403, str(Reason.NEEDS_NEW_CONSENT))
    terms = await town.asked()
    assert {role.person for role in terms.roles if role.act is RoleAct.SIGNS} == {
        town.mother.person,
        town.father.person,
    }
    assert [await asked_of(town, each, terms) for each in (town.mother, town.youth)] == [
        ["sign"],
        ["be-heard", "may-object"],
    ]
    for parent in (town.mother, town.father):
        done(await town.say(parent, SignatureBody, terms))
    assert await reason(town, terms) is Reason.NOT_HEARD
    done(await town.hear(town.doctor, unit=town.gp))
    office = Office(town)
    parcel = await office.sent(terms)
    shared = await last_entry(town.world)
    assert shared.details.rule == RULE
    assert fact in shared.details.statements
    _, verified = await office.read(town.psychologist, parcel, town.bup)
    assert verified.permit is not None
    assert verified.permit.rule == RULE


async def test_the_youths_objection_stops_it(town: Town) -> None:
    terms = await signed(town)
    assert await reason(town, terms) is None
    done(await town.say(town.youth, ObjectionBody, terms))
    assert await reason(town, terms) is Reason.OBJECTED


@pytest.mark.parametrize("way", ["lapsed", "ended"])
async def test_when_the_record_holds_no_more_the_youth_decides_again_and_the_parents_see_nothing(
    town: Town, way: str
) -> None:
    await town.asked()
    fact = await recorded(town, incapable(town, holds_to=Instant(town.world.clock.now + 20 * DAY)))
    terms = await town.in_force()
    assert terms.digest in await town.listed(town.mother, f"?matter={town.matter}")
    town.world.clock.forward(MINUTE)
    if way == "ended":
        done(await record(town, EndBody(*about(town), fact)))
    else:
        town.world.clock.forward(20 * DAY)
    assert await reason(town, terms) is Reason.NEEDS_NEW_CONSENT
    assert await town.listed(town.mother, f"?matter={town.matter}") == []


async def test_only_health_personnel_who_take_part_record_it_and_only_from_16(town: Town, tmp_path: Path) -> None:
    await town.asked(receivers=ordered([party(town.bup), party(town.school)]))
    assert refusal(await record(town, incapable(town, town.school), town.teacher)) == (403, "not-entitled")
    assert refusal(await record(town, incapable(town), town.mother)) == (403, "not-entitled")
    elsewhere = await town.world.add_unit("Et annet sykehus")
    assert refusal(await record(town, incapable(town, elsewhere), elsewhere.staff[0])) == (404, "not-found")
    too_long = Instant(town.world.clock.now + 184 * DAY)
    assert refusal(await record(town, incapable(town, holds_to=too_long))) == (422, "bad-fact")
    async with open_town(tmp_path / "seven") as young:
        await young.asked()
        assert refusal(await record(young, incapable(young))) == (422, "bad-fact")


async def test_the_record_of_another_matter_asks_nothing_of_the_parents(town: Town) -> None:
    await town.asked()
    done(await record(town, incapable(town)))
    town.matter = new_matter()
    terms = await town.asked()
    assert [role.person for role in terms.roles] == [town.youth.person]
    assert await town.listed(town.mother, f"?matter={town.matter}") == []


async def test_what_another_consents_party_recorded_shows_the_parents_nothing_of_this_one(town: Town) -> None:
    apart = await town.asked(receivers=(party(town.school),))
    await town.asked()
    done(await record(town, incapable(town, town.bup), town.psychologist))
    known = await town.listed(town.mother, f"?matter={town.matter}")
    assert known
    assert apart.digest not in known


async def test_what_is_logged_of_it_is_shown_to_parents_while_they_sign(town: Town) -> None:
    terms = await signed(town)
    mine = town.world.log.head.size - 1
    for actor, status in ((town.mother, 200), (town.aunt, 404)):
        answer = await town.world.get(actor, f"/v1/log/receipts/{mine - 1}")
        assert (answer.status, terms.digest) == (status, terms.digest)
