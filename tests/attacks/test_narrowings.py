"""Taking back a part of a consent, attacked: by strangers, across children, against the clock, and to get more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from protocol.consent.narrowing import Less
from protocol.consent.terms import Terms
from protocol.consent.vocabulary import Category
from protocol.identifiers import Instant, SubjectId
from protocol.log.event import Event
from protocol.statements.consent import SignatureBody
from protocol.statements.narrowing import NarrowingBody
from tests.attacks.test_race import events
from tests.http.consent.support import Town, last_entry, new_matter, open_town, ordered, party, refusal
from tests.http.documents.support import Office
from tests.kit.actor import Actor, Reply
from tests.kit.clock import DAY
from tests.kit.world import done

BORN_3 = date(2023, 5, 4)
"""Three years old at the kit's START: nobody need be heard."""


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with open_town(tmp_path, born=BORN_3) as town:
        yield Office(town)


async def in_force(town: Town, **changed: Any) -> Terms:
    terms = await town.asked(matter=new_matter(), **changed)
    for parent in (town.mother, town.father):
        done(await town.say(parent, SignatureBody, terms))
    return terms


async def narrow(town: Town, actor: Actor, terms: Terms, less: Less, **changed: Any) -> Reply:
    return await town.say(actor, NarrowingBody, terms, less=less, **changed)


async def test_a_stranger_learns_nothing_and_a_reader_may_not_narrow(office: Office) -> None:
    town = office.town
    terms = await in_force(town)
    parcel = await office.sent(terms)
    less = Less(receivers=(town.bup.unit,))
    assert (await narrow(town, town.stranger, terms, less)).status == 404
    assert refusal(await narrow(town, town.psychologist, terms, less)) == (403, "not-entitled")
    assert (await last_entry(town.world)).entry.e is Event.WITHDRAWAL_REFUSED
    done(await office.open(town.psychologist, parcel, town.bup))


async def test_a_narrowing_in_another_childs_name_takes_nothing(office: Office) -> None:
    town = office.town
    terms = await in_force(town)
    parcel = await office.sent(terms)
    other = SubjectId.of(bytes(16))
    less = Less(receivers=(town.bup.unit,))
    assert refusal(await narrow(town, town.mother, terms, less, subject=other)) == (422, "other-consent")
    assert refusal(await narrow(town, town.mother, terms, less, matter=new_matter())) == (422, "other-consent")
    done(await office.open(town.psychologist, parcel, town.bup))


async def test_a_later_narrowing_gives_nothing_back(office: Office) -> None:
    town = office.town
    terms = await in_force(town, receivers=ordered([party(town.bup), party(town.school)]))
    parcel = await office.sent(terms)
    soon, later = (Instant(town.world.clock.now + days * DAY) for days in (1, 30))
    done(await narrow(town, town.mother, terms, Less(share_until=soon, read_until=soon)))
    done(await narrow(town, town.father, terms, Less(receivers=(town.school.unit,), share_until=later)))
    done(await narrow(town, town.father, terms, Less(share_until=later, read_until=later)))
    town.world.clock.forward(DAY)
    assert refusal(await office.open(town.psychologist, parcel, town.bup)) == (403, "reading-ended")
    beyond = Instant(terms.read_until + 1)
    assert refusal(await narrow(town, town.mother, terms, Less(read_until=beyond))) == (422, "not-narrower")


async def test_what_was_taken_out_is_not_opened_by_a_statement_from_before(office: Office) -> None:
    town = office.town
    terms = await in_force(town)
    parcel = await office.sent(terms)
    token = office.opening(town.psychologist, parcel, "open", town.bup)
    done(await narrow(town, town.mother, terms, Less(categories=(Category.MESSAGE,))))
    assert refusal(await office.ask_open(town.psychologist, parcel, token)) == (403, "category-withdrawn")


async def test_no_opening_follows_the_narrowing_that_races_it(office: Office) -> None:
    town = office.town
    raced = []
    for nth in range(20):
        terms = await in_force(town)
        parcel = await office.sent(terms)
        token = office.opening(town.psychologist, parcel, "open", town.bup)
        asked = (
            office.ask_open(town.psychologist, parcel, token),
            narrow(town, town.mother, terms, Less(receivers=(town.bup.unit,))),
        )
        told = await asyncio.gather(*(asked if nth % 2 else asked[::-1]))
        read, said = told if nth % 2 else told[::-1]
        done(said)
        raced.append((parcel, read))
        assert refusal(await office.open(town.psychologist, parcel, town.bup)) == (403, "receiver-withdrawn")
    order = await events(town.world)
    narrowings = [n for n, (event, _) in enumerate(order) if event is Event.CONSENT_NARROWED]
    assert len(narrowings) == len(raced)
    for (parcel, read), narrowed in zip(raced, narrowings, strict=True):
        opened = [n for n, entry in enumerate(order) if entry == (Event.OPENED, parcel.body.share)]
        assert [n < narrowed for n in opened] == ([True] if read.status == 200 else [])
