"""A consent taken back in part: what falls away is neither sent nor opened any more, what is unopened is deleted."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, select

from protocol.consent.narrowing import Less, Narrowing
from protocol.consent.terms import Terms
from protocol.consent.vocabulary import Category
from protocol.identifiers import Instant
from protocol.log.event import Event
from protocol.statements.narrowing import NarrowingBody
from server.audit import postponed
from server.audit.log import LogBehind
from server.audit.wiring import DATABASE, WRITER
from server.consent import store
from server.documents import ending
from server.documents.store.tables import envelopes
from tests.http.consent.support import Town, last_entry, ordered, party, refusal
from tests.http.documents.support import Office, Parcel
from tests.kit.actor import Actor, Reply
from tests.kit.clock import DAY, HOUR
from tests.kit.world import World, done


async def narrow(town: Town, terms: Terms, actor: Actor | None = None, **less: Any) -> Reply:
    return await town.say(actor or town.mother, NarrowingBody, terms, less=Less(**less))


async def kept(world: World, parcel: Parcel) -> dict[str, bool]:
    """Say for each recipient of a share whether the envelope is still there."""

    def read(connection: Connection) -> dict[str, bool]:
        sent = select(envelopes.c.to, envelopes.c.body).where(
            envelopes.c.share == parcel.body.share, envelopes.c.own.is_(False)
        )
        return {to: body is not None for to, body in connection.execute(sent)}

    found: dict[str, bool] = await world.client.app[DATABASE].read(read)
    return found


async def test_a_recipient_taken_out_gets_and_opens_nothing_more_and_the_other_all(town: Town, office: Office) -> None:
    terms = await town.in_force(receivers=ordered([party(town.bup), party(town.gp)]))
    opened, waiting = [await office.sent(terms, to=[town.bup]) for _ in range(2)]
    done(await office.open(town.psychologist, opened, town.bup))
    done(await narrow(town, terms, receivers=(town.bup.unit,)))
    assert refusal(await office.open(town.psychologist, waiting, town.bup)) == (403, "receiver-withdrawn")
    assert refusal(await office.open(town.psychologist, opened, town.bup, "reopen")) == (403, "receiver-withdrawn")
    assert (await kept(town.world, opened), await kept(town.world, waiting)) == (
        {town.bup.unit: True},
        {town.bup.unit: False},
    )
    assert refusal(await office.send(await office.pack(terms, to=[town.bup]))) == (403, "receiver-withdrawn")
    sent = done(await town.world.get(town.doctor, "/v1/sent")).body["items"]
    assert [each["recipients"][0]["withdrawn"] for each in sent] == [True, True]


async def test_the_deletion_and_the_narrowing_are_logged_one_after_the_other(town: Town, office: Office) -> None:
    terms = await town.in_force()
    parcel = await office.sent(terms)
    said = done(await narrow(town, terms, receivers=(town.bup.unit,)))
    first, second = await last_entry(town.world, 2), await last_entry(town.world)
    assert (first.entry.e, first.details.statements) == (Event.CONSENT_NARROWED, (said.body["digest"],))
    assert (second.entry.e, second.details.share) == (Event.CONTENT_DELETED, parcel.body.share)
    assert second.details.recipients == (town.bup.unit,)


async def test_only_shares_that_carry_the_sort_taken_out_are_deleted(town: Town, office: Office) -> None:
    terms = await town.in_force()
    note, message = [await office.sent(terms, category=each) for each in ("health-note", "message")]
    done(await narrow(town, terms, categories=(Category.HEALTH_NOTE,)))
    assert await kept(town.world, note) == {town.bup.unit: False}
    assert await kept(town.world, message) == {town.bup.unit: True}
    done(await office.open(town.psychologist, message, town.bup))
    assert refusal(await office.open(town.psychologist, note, town.bup)) == (403, "category-withdrawn")


async def test_an_earlier_end_lets_reading_end_then_and_the_envelopes_go_then(town: Town, office: Office) -> None:
    terms = await town.in_force()
    parcel = await office.sent(terms)
    end = Instant(town.world.clock.now + 2 * DAY)
    done(await narrow(town, terms, share_until=end, read_until=end))
    assert await kept(town.world, parcel) == {town.bup.unit: True}
    town.world.clock.forward(2 * DAY)
    assert refusal(await office.open(town.psychologist, parcel, town.bup)) == (403, "reading-ended")
    await town.world.client.app[WRITER].submit(ending.on_reading_ended)
    assert await kept(town.world, parcel) == {town.bup.unit: False}


async def test_a_unit_below_one_taken_out_loses_what_it_has_not_opened(town: Town, office: Office) -> None:
    team = await town.world.add_unit("Teamet", parent=town.bup.unit)
    terms = await town.in_force(receivers=(party(town.bup, subunits=True),))
    parcel = await office.sent(terms, to=[team])
    done(await narrow(town, terms, receivers=(town.bup.unit,)))
    assert await kept(town.world, parcel) == {team.unit: False}


async def test_the_same_narrowing_is_said_once_and_another_beside_it(town: Town) -> None:
    terms = await town.in_force()
    first = done(await narrow(town, terms, categories=(Category.MESSAGE,)))
    size = town.world.log.head.size
    assert done(await narrow(town, terms, categories=(Category.MESSAGE,))).body["digest"] == first.body["digest"]
    assert town.world.log.head.size == size
    done(await narrow(town, terms, categories=(Category.HEALTH_NOTE,)))

    def read(connection: Connection) -> tuple[Narrowing, ...]:
        found = store.consents(connection, [terms.digest])
        return store.facts_of(found, store.words(connection, [terms.digest]))[0].narrowings

    said = await town.world.client.app[DATABASE].read(read)
    assert [each.less.categories for each in said] == [(Category.MESSAGE,), (Category.HEALTH_NOTE,)]


@pytest.mark.parametrize(
    "less",
    [
        {"categories": (Category.PLAN,)},
        {"share_until": Instant(2**50)},
        {"read_until": Instant(2**50)},
    ],
)
async def test_what_the_consent_never_gave_cannot_be_taken_out(town: Town, less: dict[str, Any]) -> None:
    assert refusal(await narrow(town, await town.in_force(), **less)) == (422, "not-narrower")


async def test_who_is_no_recipient_cannot_be_taken_out(town: Town) -> None:
    terms = await town.in_force()
    assert refusal(await narrow(town, terms, receivers=(town.school.unit,))) == (422, "not-narrower")
    assert refusal(await narrow(town, terms, receivers=(town.father.person,))) == (422, "not-narrower")


async def test_a_narrowing_waits_for_a_halted_log_like_a_withdrawal(town: Town, office: Office) -> None:
    world, terms = town.world, await town.in_force()
    parcel = await office.sent(terms)
    world.client.app[WRITER].log.halted = LogBehind("a backup was put back")
    assert (await narrow(town, terms, receivers=(town.bup.unit,))).status == 202
    world.clock.forward(2 * HOUR)
    await world.stop()
    await world.start()
    assert await world.client.app[DATABASE].read(postponed.waiting) == []
    assert refusal(await office.open(town.psychologist, parcel, town.bup)) == (403, "receiver-withdrawn")
