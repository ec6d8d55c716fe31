from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select

from keys.encoding import decode, encode
from protocol.log.event import Event
from protocol.statements.base import Refused
from protocol.statements.consent import WithdrawalBody
from server.audit import store as log_store
from server.audit.batch import Work
from server.audit.wiring import DATABASE, WRITER
from server.documents.content import CONTENT
from server.documents.store.tables import envelopes, shares
from server.documents.tidying import tidy
from tests.http.consent.support import Town, last_entry, party, refusal
from tests.http.documents.support import Office, entry_of, new_share
from tests.kit.clock import DAY, MINUTE
from tests.kit.world import done


async def test_what_was_shared_is_opened_verified_and_read(town: Town, office: Office) -> None:
    parcel = await office.sent(await town.in_force())
    plain, verified = await office.read(town.psychologist, parcel, town.bup)
    assert plain == b'{"message":"Hei"}'
    assert verified.permit is not None
    assert verified.permit.consents == parcel.body.consents


async def test_the_inbox_lists_what_came_and_headers_are_received_one_by_one(town: Town, office: Office) -> None:
    terms = await town.in_force()
    first, second = await office.sent(terms), await office.sent(terms)
    items = done(await town.world.get(town.psychologist, "/v1/inbox")).body["items"]
    assert [(item["share"], item["received"], item["opened"]) for item in items] == [
        (second.body.share, False, False),
        (first.body.share, False, False),
    ]
    tokens = [office.opening(town.psychologist, parcel, "receive", town.bup) for parcel in (first, second)]
    results = await office.receive(town.psychologist, tokens)
    for parcel, token, result in zip((first, second), tokens, results, strict=True):
        assert result["share"] == parcel.body.share
        verified = await office.verify(result["bundle"], token)
        assert verified.body is None
        assert office.plain(verified, town.bup, "header", verified.header) == b'{"title":"Brev"}'
    items = done(await town.world.get(town.psychologist, "/v1/inbox")).body["items"]
    assert [(item["received"], item["opened"]) for item in items] == [(True, False), (True, False)]


async def test_any_member_opens_what_came_to_the_unit_and_is_named(town: Town, office: Office) -> None:
    parcel = await office.sent(await town.in_force())
    await office.read(town.psychologist, parcel, town.bup)
    await office.read(town.bup.custodian, parcel, town.bup, "reopen")
    [item] = done(await town.world.get(town.doctor, "/v1/sent")).body["items"]
    assert (item["share"], item["sender"], item["unit"]) == (
        parcel.body.share,
        town.doctor.person,
        town.gp.unit,
    )
    assert item["recipients"] == [
        {
            "to": town.bup.unit,
            "received": None,
            "received_by": None,
            "opened": town.world.clock.now,
            "opened_by": town.psychologist.person,
            "withdrawn": False,
        }
    ]


async def test_an_opening_is_logged_with_the_readers_own_statement(town: Town, office: Office) -> None:
    parcel = await office.sent(await town.in_force())
    _, verified = await office.read(town.psychologist, parcel, town.bup)
    entry, details, scope = await last_entry(town.world)
    assert (entry.e, scope, details.act) == (Event.OPENED, town.matter, "open")
    assert (details.actor, details.for_unit) == (town.psychologist.person, town.bup.unit)
    assert {verified.opening.digest, verified.manifest.digest} <= set(details.statements)


async def test_a_family_member_opens_what_was_sent_to_them(town: Town, office: Office) -> None:
    terms = await town.in_force(receivers=(party(town.mother),))
    parcel = await office.sent(terms, to=[town.mother])
    [item] = done(await town.world.get(town.mother, "/v1/inbox")).body["items"]
    assert (item["to"], item["own"]) == (town.mother.person, False)
    plain, _ = await office.read(town.mother, parcel)
    assert plain == b'{"message":"Hei"}'


async def test_whoever_is_off_the_sheet_no_longer_knows_what_came(town: Town, office: Office) -> None:
    terms = await town.in_force(receivers=(party(town.aunt),))
    parcel = await office.sent(terms, to=[town.aunt])
    gone = tuple(each for each in town.child.sheet.may_know if each.person != town.aunt.person)
    await town.next_sheet(may_know=gone)
    assert done(await town.world.get(town.aunt, "/v1/inbox")).body["items"] == []
    assert done(await town.world.get(town.aunt, "/v1/conversations")).body["conversations"] == []
    assert refusal(await office.open(town.aunt, parcel)) == (404, "not-found")


async def test_a_statement_opens_one_envelope_once(town: Town, office: Office) -> None:
    parcel = await office.sent(await town.in_force())
    token = office.opening(town.psychologist, parcel, "open", town.bup)
    done(await office.ask_open(town.psychologist, parcel, token))
    again = await office.ask_open(town.psychologist, parcel, token)
    assert refusal(again) == (409, "already-used")
    entry, details, _ = await last_entry(town.world)
    assert (entry.e, details.reason) == (Event.OPEN_REFUSED, "already-used")


async def test_an_idempotency_key_never_repeats_an_envelope(town: Town, office: Office) -> None:
    parcel = await office.sent(await town.in_force())
    token = office.opening(town.psychologist, parcel, "open", town.bup)
    path, key = f"/v1/shares/{parcel.body.share}/open", {"Idempotency-Key": "c" * 20}
    done(await town.world.post(town.psychologist, path, {"statement": token}, key))
    again = await town.world.post(town.psychologist, path, {"statement": token}, key)
    assert refusal(again) == (409, "already-used")
    assert "bundle" not in again.body


async def test_one_statement_twice_in_one_receive_opens_once(town: Town, office: Office) -> None:
    parcel = await office.sent(await town.in_force())
    token = office.opening(town.psychologist, parcel, "receive", town.bup)
    first, second = await office.receive(town.psychologist, [token, token])
    assert "bundle" in first
    assert second["reason"] == "already-used"


async def test_a_stranger_is_answered_the_same_for_what_is_there_and_what_is_not(town: Town, office: Office) -> None:
    parcel = await office.sent(await town.in_force())
    other = replace(parcel, body=replace(parcel.body, share=new_share()))
    body = parcel.envelope(town.bup).body
    answers = [
        await office.ask_open(town.teacher, one, office.opening(town.teacher, one, "open", town.school, envelope=body))
        for one in (parcel, other)
    ]
    assert answers[0].raw == answers[1].raw
    assert answers[0].status == 404
    entry, details, scope = await last_entry(town.world)
    assert (entry.e, details.reason, scope) == (Event.OPEN_REFUSED, "unknown", town.teacher.person)


async def test_a_former_member_opens_nothing_and_lists_nothing(town: Town, office: Office) -> None:
    parcel = await office.sent(await town.in_force())
    done(await town.world.next_epoch(town.bup, [town.bup.custodian]))
    assert refusal(await office.open(town.psychologist, parcel, town.bup)) == (403, "not-a-member")
    assert done(await town.world.get(town.psychologist, "/v1/inbox")).body["items"] == []


async def test_a_sender_opens_the_own_copy_and_not_the_recipients_envelope(town: Town, office: Office) -> None:
    terms = await town.in_force()
    parcel = await office.sent(terms)
    done(await town.say(town.mother, WithdrawalBody, terms))
    plain, verified = await office.read(town.doctor, parcel, town.gp, "own")
    assert plain == b'{"message":"Hei"}'
    assert verified.permit is None
    stolen = office.opening(town.doctor, parcel, "own", town.gp, envelope=parcel.envelope(town.bup).body)
    assert refusal(await office.ask_open(town.doctor, parcel, stolen)) == (422, "wrong-envelope")
    as_reader = office.opening(town.doctor, parcel, "open", town.gp, envelope=parcel.envelope(town.gp, own=True).body)
    assert refusal(await office.ask_open(town.doctor, parcel, as_reader)) == (404, "not-found")


@pytest.mark.parametrize(
    ("changed", "said", "expected"),
    [
        ({"act": "receive"}, {}, (422, "other-share")),
        ({"share": "shr_" + "0" * 32}, {}, (422, "other-share")),
        ({"envelope": "0" * 64}, {}, (422, "wrong-envelope")),
        ({"act": "reopen"}, {}, (409, "not-opened")),
        ({}, {"off": 5 * MINUTE + 1}, (422, "wrong-time")),
        ({}, {"off": -5 * MINUTE - 1}, (422, "wrong-time")),
    ],
)
async def test_an_opening_that_does_not_fit_is_refused(
    town: Town, office: Office, changed: dict[str, Any], said: dict[str, int], expected: tuple[int, str]
) -> None:
    parcel = await office.sent(await town.in_force())
    envelope = parcel.envelope(town.bup).body
    made = {"made": town.world.at(said["off"])} if said else {}
    told = {"envelope": envelope, "share": parcel.body.share} | changed
    act = told.pop("act", "open")
    token = office.opening(town.psychologist, parcel, act, town.bup, said=made, **told)
    assert refusal(await office.ask_open(town.psychologist, parcel, token)) == expected


async def test_swapped_envelopes_do_not_verify(town: Town, office: Office) -> None:
    terms = await town.in_force()
    first, second = await office.sent(terms), await office.sent(terms)
    token = office.opening(town.psychologist, first, "open", town.bup)
    bundle = done(await office.ask_open(town.psychologist, first, token)).body["bundle"]
    bundle["envelope"] = second.envelopes[0]["body"]
    with pytest.raises(Refused, match="not the one that the sender sealed"):
        await office.verify(bundle, token)


async def test_cut_content_does_not_verify(town: Town, office: Office) -> None:
    parcel = await office.sent(await town.in_force())
    token = office.opening(town.psychologist, parcel, "open", town.bup)
    bundle = done(await office.ask_open(town.psychologist, parcel, token)).body["bundle"]
    bundle["body"] = encode(decode(bundle["body"])[:-1])
    with pytest.raises(Refused, match="not what the sender sent"):
        await office.verify(bundle, token)


async def test_after_a_withdrawal_nothing_is_opened_and_unopened_envelopes_are_deleted(
    town: Town, office: Office
) -> None:
    terms = await town.in_force()
    opened, unopened = await office.sent(terms), await office.sent(terms)
    answer = done(await office.open(town.psychologist, opened, town.bup))
    done(await town.say(town.father, WithdrawalBody, terms))
    entry, details, scope = await last_entry(town.world)
    assert (entry.e, scope, details.share) == (Event.CONTENT_DELETED, town.matter, unopened.body.share)
    assert (details.recipients, details.consents) == ((town.bup.unit,), (terms.digest,))
    assert refusal(await office.open(town.psychologist, unopened, town.bup)) == (403, "withdrawn")
    assert refusal(await office.open(town.psychologist, opened, town.bup, "reopen")) == (403, "withdrawn")
    token = office.opening(town.psychologist, unopened, "receive", town.bup)
    [received] = await office.receive(town.psychologist, [token])
    assert (received["reason"], received["share"]) == ("withdrawn", unopened.body.share)
    content = f"/v1/shares/{opened.body.share}/content?part=body&entry={entry_of(answer)}"
    assert refusal(await town.world.get(town.psychologist, content)) == (403, "withdrawn")
    sent = done(await town.world.get(town.doctor, "/v1/sent")).body["items"]
    assert [each["recipients"][0]["withdrawn"] for each in sent] == [True, True]

    def kept(connection: Connection) -> list[tuple[str, bool, bool]]:
        rows = connection.execute(select(envelopes.c.share, envelopes.c.own, envelopes.c.body)).all()
        return sorted((share, own, body is not None) for share, own, body in rows)

    there = await town.world.client.app[DATABASE].read(kept)
    assert (unopened.body.share, False, False) in there
    assert (unopened.body.share, True, True) in there
    assert (opened.body.share, False, True) in there


async def test_openings_and_a_withdrawal_at_once_end_in_the_logs_order(town: Town, office: Office) -> None:
    terms = await town.in_force()
    parcels = [await office.sent(terms) for _ in range(6)]
    asked = [office.open(town.psychologist, parcel, town.bup) for parcel in parcels]
    answers = await asyncio.gather(*asked[:3], town.say(town.mother, WithdrawalBody, terms), *asked[3:])

    def events(connection: Connection) -> list[str]:
        return [json.loads(entry)["e"] for entry in log_store.entries(connection, 0, town.world.log.head.size)]

    order = await town.world.client.app[DATABASE].read(events)
    assert "opened" not in order[order.index("consent-withdrawn") :]
    statuses = [answer.status for answer in answers]
    assert statuses.count(200) == order.count("opened")
    assert set(statuses) <= {200, 201, 403}


async def test_what_was_sent_in_time_is_read_until_its_last_instant_and_then_deleted(
    town: Town, office: Office
) -> None:
    world = town.world
    terms = await town.in_force(share_until=world.at(DAY), read_until=world.at(2 * DAY))
    parcel = await office.sent(terms)
    world.clock.forward(2 * DAY - 1)
    await office.read(town.psychologist, parcel, town.bup)
    world.clock.forward(1)
    assert refusal(await office.open(town.psychologist, parcel, town.bup, "reopen")) == (403, "reading-ended")
    app = world.client.app
    await tidy(app[WRITER], app[CONTENT], 24)
    entry, details, _ = await last_entry(world)
    assert (entry.e, details.reason, details.share) == (Event.CONTENT_DELETED, "reading-ended", parcel.body.share)
    size = world.log.head.size
    await tidy(app[WRITER], app[CONTENT], 24)
    assert world.log.head.size == size
    await office.read(town.doctor, parcel, town.gp, "own")


async def test_two_hundred_headers_are_received_at_once_with_an_entry_each(town: Town, office: Office) -> None:
    parcel = await office.sent(await town.in_force())
    tokens = [office.opening(town.psychologist, parcel, "receive", town.bup) for _ in range(200)]
    size = town.world.log.head.size
    results = await office.receive(town.psychologist, tokens)
    assert town.world.log.head.size == size + 200
    for token, result in ((tokens[0], results[0]), (tokens[199], results[199])):
        await office.verify(result["bundle"], token)
    answer = await town.world.post(town.psychologist, "/v1/receive", {"statements": [*tokens, tokens[0]]})
    assert refusal(answer) == (422, "bad-field")


async def test_an_inbox_of_ten_thousand_is_paged_whole_and_in_order(town: Town, office: Office) -> None:
    parcel = await office.sent(await town.in_force())
    manifest = town.world.log.head.size - 1

    def fill(work: Work) -> None:
        rows = connection_rows(work.connection, parcel.body.share, 10_000)
        work.connection.execute(insert(shares), rows[0])
        work.connection.execute(insert(envelopes), rows[1])

    def connection_rows(connection: Connection, share: str, count: int) -> tuple[list[Any], list[Any]]:
        one = connection.execute(select(shares).where(shares.c.share == share)).one()._asdict()
        mail = connection.execute(select(envelopes).where(envelopes.c.own.is_(False))).one()._asdict()
        places = [(new_share(), manifest + number) for number in range(1, count)]
        return (
            [one | {"share": name, "leaf_index": place} for name, place in places],
            [mail | {"share": name, "leaf_index": place} for name, place in places],
        )

    await town.world.client.app[WRITER].submit(fill)
    seen: list[str] = []
    cursor = ""
    while True:
        page = done(await town.world.get(town.psychologist, f"/v1/inbox{cursor}")).body
        assert len(page["items"]) <= 150
        seen += [item["share"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = f"?cursor={page['next']}"
    assert len(seen) == len(set(seen)) == 10_000
    assert seen[-1] == parcel.body.share
