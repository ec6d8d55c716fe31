"""A read races a withdrawal, 200 rounds: the order of the log decides, and after the acknowledgement nothing opens."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pytest
from sqlalchemy import Connection

from protocol.consent.terms import Terms
from protocol.log.details import Details
from protocol.log.entry import Entry
from protocol.log.event import Event
from protocol.statements.consent import SignatureBody, WithdrawalBody
from server.audit import store as log_store
from server.audit.wiring import DATABASE
from tests.http.consent.support import Town, new_matter, open_town, refusal
from tests.http.documents.support import Office, Parcel
from tests.kit.actor import Reply
from tests.kit.world import World, done

ROUNDS, AT_ONCE = 200, 20
STEP_SECONDS = 0.001
BORN_3 = date(2023, 5, 4)
"""Three years old at the kit's START: nobody need be heard."""


class Round(NamedTuple):
    """What came of one race: the share, its consent, the answer to the read, and to one begun after the withdrawal."""

    parcel: Parcel
    terms: Terms
    read: Reply
    afterwards: Reply


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with open_town(tmp_path, born=BORN_3) as town:
        yield Office(town)


async def test_no_opening_follows_the_withdrawal_of_its_consent_and_none_succeeds_after_the_acknowledgement(
    office: Office,
) -> None:
    drawn = random.Random(20261122)  # noqa: S311  (which side gets a head start, nothing secret)
    rounds, ahead = [], 0.0
    for _ in range(ROUNDS // AT_ONCE):
        # Prepared together, since only the race itself must be alone.
        for ready in await asyncio.gather(*(prepare(office) for _ in range(AT_ONCE))):
            rounds.append(await race(office, *ready, ahead + drawn.uniform(-0.002, 0.002)))
            # The loser starts earlier next time: so the two stay close, and both win, on a machine of any speed.
            ahead += STEP_SECONDS if rounds[-1].read.status == 200 else -STEP_SECONDS
    assert len(rounds) == ROUNDS
    order = await events(office.town.world)
    for one in rounds:
        withdrawn = order.index((Event.CONSENT_WITHDRAWN, one.terms.digest))
        opened = [n for n, entry in enumerate(order) if entry == (Event.OPENED, one.parcel.body.share)]
        assert one.read.status == 200 or refusal(one.read) == (403, "withdrawn"), one.read
        assert [n < withdrawn for n in opened] == ([True] if one.read.status == 200 else [])
        assert refusal(one.afterwards) == (403, "withdrawn")
    won = sum(one.read.status == 200 for one in rounds)
    assert 0 < won < ROUNDS, "both must have happened, else nothing has raced"


async def prepare(office: Office) -> tuple[Parcel, Terms]:
    """Share under a consent of its own."""
    terms = await in_force(office.town)
    return await office.sent(terms), terms


async def race(office: Office, parcel: Parcel, terms: Terms, ahead: float) -> Round:
    """Open and withdraw at the same time; the withdrawal starts `ahead` seconds before the read, or after if < 0."""
    town = office.town
    token = office.opening(town.psychologist, parcel, "open", town.bup)

    async def read() -> Reply:
        await asyncio.sleep(max(ahead, 0))
        return await office.ask_open(town.psychologist, parcel, token)

    async def withdraw() -> Reply:
        await asyncio.sleep(max(-ahead, 0))
        return await town.say(town.mother, WithdrawalBody, terms)

    answer, said = await asyncio.gather(read(), withdraw())
    done(said)
    return Round(parcel, terms, answer, await office.open(town.psychologist, parcel, town.bup))


async def in_force(town: Town) -> Terms:
    terms = await town.asked(matter=new_matter())
    for parent in (town.mother, town.father):
        done(await town.say(parent, SignatureBody, terms))
    return terms


async def events(world: World) -> list[tuple[Event, str | None]]:
    """Read the log: what happened, to which consent if it was withdrawn, else to which share."""

    def read(connection: Connection) -> list[tuple[Event, str | None]]:
        leaves = log_store.stored(connection, 0, world.log.head.size)
        disclosed = [one for _, one in world.log.disclose(connection, leaves)]
        told = [(Entry.parse(one.entry).e, Details.parse(one.details)) for one in disclosed]
        return [
            (event, details.consents[0] if event is Event.CONSENT_WITHDRAWN else details.share)
            for event, details in told
        ]

    found: list[tuple[Event, str | None]] = await world.client.app[DATABASE].read(read)
    return found
