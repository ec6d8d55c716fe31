"""What is listed with a consent, sent with an envelope and counted in a decision is the same set of hearings."""

from __future__ import annotations

from typing import Any

import pytest

from protocol.consent.answer import Deny, Permit, Reason
from protocol.consent.terms import Terms
from protocol.statements.consent import SignatureBody
from server.audit.wiring import DATABASE
from server.consent import cases
from tests.http.consent.support import REQUESTS, Town, ordered, party
from tests.http.consent.test_cases import decided, opening, share
from tests.http.documents.support import Office
from tests.kit.world import done


async def signed(town: Town, **changed: Any) -> Terms:
    """Have a consent signed by everybody, the child not heard."""
    terms = await town.asked(**changed)
    for parent in (town.mother, town.father):
        done(await town.say(parent, SignatureBody, terms))
    return terms


async def with_school(town: Town) -> Terms:
    """Have the school take part in the matter by a consent of its own."""
    return await signed(town, receivers=ordered([party(town.school)]))


async def counted(town: Town, terms: Terms) -> int:
    database = town.world.client.app[DATABASE]
    return len((await database.read(cases.load, share(town, terms), town.world.clock.now)).hearings)


async def listed(town: Town, terms: Terms) -> int:
    return len(done(await town.world.get(town.mother, f"{REQUESTS}/{terms.id}")).body["hearings"])


async def test_a_decision_does_not_hang_on_a_hearing_by_a_unit_that_is_no_party(town: Town) -> None:
    terms, other = await signed(town), await with_school(town)
    done(await town.hear(town.teacher, unit=town.school))
    answer = await decided(town, share(town, terms))
    assert isinstance(answer, Deny)
    assert answer.reason is Reason.NOT_HEARD
    assert (await counted(town, terms), await listed(town, terms)) == (0, 0)
    assert (await counted(town, other), await listed(town, other)) == (1, 1)
    done(await town.hear(town.doctor, unit=town.gp))
    assert isinstance(await decided(town, share(town, terms)), Permit)
    assert (await counted(town, terms), await listed(town, terms)) == (1, 1)


@pytest.mark.parametrize("subunits", [False, True])
async def test_a_hearing_by_a_unit_below_a_party_counts_where_the_party_has_its_sub_units_with_it(
    town: Town, subunits: bool
) -> None:
    team = await town.world.add_unit("Teamet", parent=town.bup.unit)
    terms = await signed(town, receivers=(party(town.bup, subunits=subunits),))
    await signed(town, receivers=(party(team),))
    done(await town.hear(team.staff[0], unit=team))
    expected = int(subunits)
    assert (await counted(town, terms), await listed(town, terms)) == (expected, expected)


async def test_the_youths_own_word_counts_for_every_consent_in_the_matter(town_of_14: Town) -> None:
    town = town_of_14
    terms, other = await signed(town), await with_school(town)
    done(await town.hear(town.youth, "against"))
    for each in (terms, other):
        assert (await counted(town, each), await listed(town, each)) == (1, 1)
    answer = await decided(town, share(town, terms))
    assert isinstance(answer, Deny)
    assert answer.reason is Reason.HEARD_AGAINST


async def test_a_no_told_to_another_service_neither_denies_nor_shows(town_of_14: Town) -> None:
    town, office = town_of_14, Office(town_of_14)
    terms = await town.in_force()
    await with_school(town)
    done(await town.hear(town.teacher, "against", unit=town.school))
    parcel = await office.sent(terms)
    assert isinstance(await decided(town, opening(town, terms, town.world.clock.now)), Permit)
    _, verified = await office.read(town.psychologist, parcel, town.bup)
    assert verified.permit is not None
