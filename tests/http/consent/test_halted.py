"""A halted log takes withdrawals all the same, opens nothing, and carries them out before anything else."""

from __future__ import annotations

import asyncio
import json
import shutil
from typing import Any

import pytest

from protocol.consent.terms import Terms
from protocol.identity import Directory, Logged
from protocol.log.event import Event
from protocol.pins import Pins
from protocol.statements.consent import RefusalBody, SignatureBody, WithdrawalBody
from server.audit import postponed
from server.audit.log import LogBehind
from server.audit.wiring import DATABASE, WRITER
from server.consent.refusals import NOT_ENTITLED
from server.consent.routes import ON_ENDED
from server.consent.waiting import carry_out
from server.http.meta import OPENAPI
from server.identity.intake import INTAKE
from tests.http.consent.support import WORDS, Town, last_entry, new_statement
from tests.http.documents.support import Office, entry_of
from tests.kit.actor import Actor, Reply
from tests.kit.clock import DAY, HOUR, MINUTE
from tests.kit.postgres import POSTGRES
from tests.kit.world import World, done


def halt(world: World) -> None:
    world.client.app[WRITER].log.halted = LogBehind("a backup was put back")


async def restart(world: World) -> None:
    await world.stop()
    await world.start()


async def withdraw(town: Town, terms: Terms, actor: Actor | None = None, **changed: Any) -> Reply:
    return await town.say(actor or town.mother, WithdrawalBody, terms, **changed)


async def queue(world: World) -> list[postponed.Postponed]:
    found: list[postponed.Postponed] = await world.client.app[DATABASE].read(postponed.waiting)
    return found


in_a_file = pytest.mark.skipif(POSTGRES is not None, reason="puts a file of SQLite back")


@in_a_file
async def test_after_a_restored_backup_a_withdrawal_is_recorded_and_answered_as_waiting(town: Town) -> None:
    world, terms = town.world, await town.in_force()
    database = world.settings.data / "server.db"
    await world.stop()
    shutil.copy(database, database.with_suffix(".backup"))
    await world.start()
    await town.in_force()
    await world.stop()
    shutil.copy(database.with_suffix(".backup"), database)
    await world.start()
    assert isinstance(world.log.halted, LogBehind)
    answer = await withdraw(town, terms)
    assert answer.status == 202
    [waits] = await queue(world)
    assert waits.kind == WithdrawalBody.kind
    assert answer.body.keys() == {"digest", "state"}
    assert answer.body["state"] == "waiting"


async def test_a_withdrawal_that_waited_is_carried_out_when_the_log_goes_on(town: Town) -> None:
    world, terms = town.world, await town.in_force()
    halt(world)
    digest = (await withdraw(town, terms)).body["digest"]
    world.clock.forward(2 * DAY)
    await restart(world)
    assert await queue(world) == []
    found = await last_entry(world)
    assert (found.entry.e, found.details.statements) == (Event.CONSENT_WITHDRAWN, (digest,))
    assert found.entry.t == world.clock.now
    size = world.log.head.size
    await restart(world)
    assert world.log.head.size == size


async def test_clients_believe_a_withdrawal_that_waited_for_the_log(town: Town) -> None:
    world, terms = town.world, await town.in_force()
    halt(world)
    assert (await withdraw(town, terms)).status == 202
    world.clock.forward(2 * HOUR)
    await restart(world)
    [told] = done(await world.get(town.father, "/v1/consents")).body["consents"]
    late = Logged.parse(told["statements"][-1])
    statements = done(await world.get(town.father, f"/v1/persons/{town.mother.person}")).body["statements"]
    directory = Directory(await world.policy(), Pins(), world.clock.now)
    directory.learn([Logged.parse(each) for each in statements])
    statement, t = directory.signed_by_person(late, WithdrawalBody)
    assert (statement.body.consent, t - statement.made) == (terms.digest, 2 * HOUR)


async def test_nothing_is_opened_or_shared_while_a_withdrawal_waits_nor_after(town: Town) -> None:
    world, office, terms = town.world, Office(town), await town.in_force()
    sent, next_one = await office.sent(terms), await office.pack(terms)
    halt(world)
    assert (await withdraw(town, terms)).status == 202
    for answer in (await office.open(town.psychologist, sent, town.bup), await office.send(next_one)):
        assert (answer.status, answer.code) == (503, "halted")
    received = {"statements": [office.opening(town.psychologist, sent, "receive", town.bup)]}
    assert (await world.post(town.psychologist, "/v1/receive", received)).code == "halted"
    await restart(world)
    for answer in (await office.open(town.psychologist, sent, town.bup), await office.send(next_one)):
        assert answer.status in {403, 404, 410}
        assert "bundle" not in answer.body


async def test_what_was_opened_before_is_not_fetched_again_while_the_log_is_halted(town: Town) -> None:
    world, office, terms = town.world, Office(town), await town.in_force()
    sent = await office.sent(terms)
    opened = done(await office.open(town.psychologist, sent, town.bup))
    path = f"/v1/shares/{sent.body.share}/content?part=body&entry={entry_of(opened)}"
    assert (await world.get(town.psychologist, path)).raw == sent.parts["body"]
    halt(world)
    assert (await withdraw(town, terms)).status == 202
    answer = await world.get(town.psychologist, path)
    assert (answer.status, answer.code) == (503, "halted")


@in_a_file
async def test_while_the_log_stays_halted_withdrawals_go_on_waiting_over_restarts(town: Town) -> None:
    world, terms = town.world, await town.in_force()
    await world.stop()
    database = world.settings.data / "server.db"
    shutil.copy(database, database.with_suffix(".backup"))
    await world.start()
    await town.in_force()
    await world.stop()
    shutil.copy(database.with_suffix(".backup"), database)
    await world.start()
    assert (await withdraw(town, terms)).status == 202
    await restart(world)
    assert (await withdraw(town, terms, town.father)).status == 202
    assert len(await queue(world)) == 2


async def test_the_same_withdrawal_twice_waits_once(town: Town) -> None:
    world, terms = town.world, await town.in_force()
    halt(world)
    body = WithdrawalBody(new_statement(), terms.digest, terms.subject, terms.matter)
    token = {"token": world.say(town.mother, body)}
    first = await world.post(town.mother, WORDS, token)
    world.clock.forward(HOUR)
    second = await world.post(town.mother, WORDS, token)
    assert (first.status, first.raw) == (202, second.raw)
    assert len(await queue(world)) == 1


@pytest.mark.parametrize("kind", [SignatureBody, RefusalBody])
async def test_while_the_log_is_halted_no_other_word_is_taken(town: Town, kind: Any) -> None:
    terms = await town.asked()
    halt(town.world)
    answer = await town.say(town.mother, kind, terms)
    assert (answer.status, answer.code) == (503, "halted")
    assert (await town.world.post(town.mother, WORDS, {"token": "e30.e30.AA"})).code == "halted"
    assert await queue(town.world) == []


async def test_a_withdrawal_that_does_not_hold_is_refused_at_once(town: Town) -> None:
    world, terms = town.world, await town.in_force()
    halt(world)
    body = WithdrawalBody(new_statement(), terms.digest, terms.subject, terms.matter)
    forged = world.say(town.mother, body, key=Actor("fremmed").sign)
    old = world.say(town.mother, body, made=world.at(-6 * MINUTE))
    anothers = world.say(town.father, body)
    codes = [(await world.post(town.mother, WORDS, {"token": token})).code for token in (forged, old, anothers)]
    assert codes == ["not-entitled", "wrong-time", "not-entitled"]
    assert await queue(world) == []


async def test_one_who_may_not_withdraw_is_refused_when_it_is_carried_out(town: Town) -> None:
    world, terms = town.world, await town.in_force()
    halt(world)
    assert (await withdraw(town, terms, town.aunt)).status == 202
    await restart(world)
    found = await last_entry(world)
    assert (found.entry.e, found.details.reason) == (Event.WITHDRAWAL_REFUSED, NOT_ENTITLED.code)
    assert await queue(world) == []
    office = Office(town)
    assert (await office.read(town.psychologist, await office.sent(terms), town.bup))[0]


async def test_what_no_longer_verifies_is_refused_and_stops_nothing(town: Town) -> None:
    world, terms = town.world, await town.in_force()
    halt(world)
    body = WithdrawalBody(new_statement(), terms.digest, terms.subject, terms.matter)
    forged = world.say(town.mother, body, key=Actor("fremmed").sign)
    await world.client.app[WRITER].postpone(WithdrawalBody.kind, forged)
    await restart(world)
    found = await last_entry(world)
    assert (found.entry.e, found.details.reason) == (Event.STATEMENT_REFUSED, "not-entitled")
    assert await queue(world) == []


async def test_two_that_carry_out_the_same_queue_at_once_withdraw_once(town: Town) -> None:
    world, terms = town.world, await town.in_force()
    halt(world)
    assert (await withdraw(town, terms)).status == 202
    app, size = world.client.app, world.log.head.size
    app[WRITER].log.halted = None
    await asyncio.gather(carry_out(app[INTAKE], app[ON_ENDED]), carry_out(app[INTAKE], app[ON_ENDED]))
    assert await queue(world) == []
    assert world.log.head.size == size + 1


async def test_the_document_says_that_a_withdrawal_may_wait(town: Town) -> None:
    told = json.loads(town.world.client.app[OPENAPI])["paths"][WORDS]["post"]["responses"]["202"]
    assert "not yet in the log" in told["description"]
