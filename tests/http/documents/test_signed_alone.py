"""A matter withheld from both parents: the youth alone is asked and signs, and the reader is shown why it is enough."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from keys.signing import digest
from protocol.bundle import Bundle
from protocol.consent.answer import Reason
from protocol.consent.shielding import TOLD_FIRST
from protocol.consent.terms import Role, Terms
from protocol.consent.vocabulary import Aspect, Ground, RoleAct
from protocol.share import NotPermitted
from protocol.statements.base import claim
from protocol.statements.consent import SignatureBody
from tests.http.consent.support import BORN_14, Town, last_entry, open_town, refusal
from tests.http.consent.test_shields import ask, decline, professional_asks, tell, withhold
from tests.http.documents.support import Office
from tests.kit.clock import DAY, MINUTE
from tests.kit.world import done

RULE = "no/information/12-15/shielded"
NEEDS_NEW = (403, str(Reason.NEEDS_NEW_CONSENT))


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    async with open_town(tmp_path / "fourteen", born=BORN_14) as town:
        yield town


async def signed_alone(town: Town) -> Terms:
    """Have the youth ask, BUP decide, the doctor ask for a consent and the youth sign it."""
    done(await ask(town))
    done(await withhold(town))
    terms = await town.asked()
    done(await town.say(town.youth, SignatureBody, terms))
    return terms


async def test_the_youth_is_asked_alone_signs_and_the_reader_believes_it(town: Town) -> None:
    office = Office(town)
    terms = await signed_alone(town)
    assert terms.roles == (Role(town.youth.person, RoleAct.SIGNS, RULE),)
    parcel = await office.sent(terms)
    entry = await last_entry(town.world)
    assert (entry.entry.e, entry.details.rule) == ("shared", RULE)
    plain, verified = await office.read(town.psychologist, parcel, town.bup)
    assert plain == b'{"message":"Hei"}'
    assert verified.permit is not None
    assert verified.permit.rule == RULE


async def test_the_decision_comes_with_what_is_opened_and_stands_in_the_entry(town: Town) -> None:
    office = Office(town)
    parcel = await office.sent(await signed_alone(town))
    shared = await last_entry(town.world)
    token = office.opening(town.psychologist, parcel, "open", town.bup)
    told = done(await office.ask_open(town.psychologist, parcel, token)).body["bundle"]
    carried = Bundle.parse(told).shields
    assert [claim(each.token).kind for each in carried] == ["shield-ask", "shield-withhold"]
    assert {digest(each.token) for each in carried} <= set(shared.details.statements)
    with pytest.raises(NotPermitted) as refused:
        await office.verify(told | {"shields": told["shields"][:1]}, token)
    assert refused.value.code == Reason.NEEDS_NEW_CONSENT


async def test_nobody_is_shown_a_shield_that_leaves_a_guardian_to_sign(town: Town) -> None:
    office = Office(town)
    done(await ask(town, persons=(town.father.person,)))
    done(await withhold(town, persons=(town.father.person,)))
    terms = await town.in_force()
    parcel = await office.sent(terms)
    token = office.opening(town.psychologist, parcel, "open", town.bup)
    told = done(await office.ask_open(town.psychologist, parcel, token)).body["bundle"]
    assert told["shields"] == []
    assert (await office.verify(told, token)).permit is not None


async def test_a_shield_that_was_only_asked_for_leaves_the_parents_to_sign(town: Town) -> None:
    done(await ask(town))
    terms = await town.asked()
    assert {each.person for each in terms.roles if each.act is RoleAct.SIGNS} == {
        town.mother.person,
        town.father.person,
    }
    assert refusal(await town.say(town.youth, SignatureBody, terms)) == (403, "not-entitled")


async def test_what_the_parents_were_asked_before_needs_asking_anew(town: Town) -> None:
    terms = await town.in_force()
    done(await ask(town))
    done(await withhold(town))
    office = Office(town)
    assert refusal(await office.send(await office.pack(terms))) == NEEDS_NEW
    assert refusal(await town.say(town.youth, SignatureBody, terms)) == NEEDS_NEW


@pytest.mark.parametrize("way", ["declined", "reviewed by nobody"])
async def test_when_the_decision_ends_nothing_more_is_shared_and_what_was_shared_is_still_read(
    town: Town, way: str
) -> None:
    office = Office(town)
    terms = await signed_alone(town)
    parcel = await office.sent(terms)
    late = await office.pack(terms)
    town.world.clock.forward(MINUTE)
    if way == "declined":
        done(await decline(town))
    else:
        town.world.clock.forward(30 * DAY)
        await town.next_sheet(not_after=town.world.at(20 * DAY))
    assert refusal(await office.send(late)) == NEEDS_NEW
    plain, _ = await office.read(town.psychologist, parcel, town.bup)
    assert plain == b'{"message":"Hei"}'
    for parent in (town.mother, town.father, town.aunt):
        seen = await town.listed(parent, f"?matter={town.matter}")
        assert seen == ([terms.digest] if parent is town.aunt else [])


async def test_after_a_no_the_parents_are_asked_once_the_youth_has_been_told_for_a_week(town: Town) -> None:
    terms = await signed_alone(town)
    decision = done(await decline(town)).body["digest"]
    done(await tell(town, decision))

    async def told(consent: Terms) -> list[str]:
        notices = done(await town.world.get(town.mother, "/v1/notices")).body["notices"]
        return [each["kind"] for each in notices if each["consent"] == consent.id]

    assert await told(terms) == []
    town.world.clock.forward(TOLD_FIRST)
    assert await told(terms) == ["renew"]


async def test_a_decision_that_hides_the_content_alone_is_enough_and_content_stays_hidden(town: Town) -> None:
    done(await ask(town))
    done(await withhold(town, hides=(Aspect.CONTENT,)))
    terms = await town.asked()
    done(await town.say(town.youth, SignatureBody, terms))
    office = Office(town)
    parcel = await office.pack(terms, to=[town.bup, town.mother])
    assert refusal(await office.send(parcel)) == (403, str(Reason.SHIELDED))
    await office.sent(terms)
    # What the youth asked for goes on hiding the rest until the youth has been told.
    assert await town.listed(town.mother, f"?matter={town.matter}") == []


async def test_below_12_a_decision_for_weighty_concerns_leaves_the_parents_to_sign(tmp_path: Path) -> None:
    async with open_town(tmp_path) as young:
        done(await professional_asks(young))
        done(await withhold(young, ground=Ground.WEIGHTY))
        terms = await young.asked()
        assert young.youth.person not in {each.person for each in terms.roles}
