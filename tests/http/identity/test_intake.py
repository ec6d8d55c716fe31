from __future__ import annotations

import pytest

from keys import signing
from protocol.log.receipt import parse, verify
from protocol.statements.base import compose
from server.audit.keyfiles import LogKey
from tests.kit.actor import Actor
from tests.kit.clock import MINUTE
from tests.kit.world import Unit, World, done, new_unit


async def hand_in_token(world: World, actor: Actor, token: str) -> str | None:
    return (await world.post(actor, "/v1/statements", {"token": token})).code


async def test_the_receipt_carries_the_statements_digest_and_event(world: World) -> None:
    answer = done(await world.hand_in(world.registrar, world.unit_body(new_unit())))
    proved = verify(parse(answer.body["receipt"]), (await world.policy()).log)
    assert proved.entry.e == "unit-registered"
    assert proved.details.statements == (answer.body["digest"],)
    assert proved.details.actor == world.registrar.person


async def test_receipts_of_one_answer_are_against_one_checkpoint(world: World, clinic: Unit) -> None:
    told = (await world.get(clinic.custodian, f"/v1/units/{clinic.unit}")).body["statements"]
    notes = {parse(each["receipt"]).checkpoint for each in told}
    assert len(told) > 3
    assert len(notes) == 1


async def test_every_refusal_of_a_signed_in_person_is_logged_with_its_code(world: World, clinic: Unit) -> None:
    size = world.log.head.size
    assert (await world.hand_in(clinic.staff[0], world.unit_body(new_unit()))).code == "not-entitled"
    assert await hand_in_token(world, clinic.staff[0], "a.b.c") == "bad-statement"
    assert world.log.head.size == size + 2


async def test_a_statement_for_another_log_is_refused(world: World) -> None:
    token = world.say(world.registrar, world.unit_body(new_unit()), aud="other.example/log")
    assert await hand_in_token(world, world.registrar, token) == "bad-statement"


@pytest.mark.parametrize("minutes", [-6, 6])
async def test_a_statement_is_made_within_five_minutes_of_being_handed_in(world: World, minutes: int) -> None:
    body = world.unit_body(new_unit())
    late = world.say(world.registrar, body, made=world.at(minutes * MINUTE))
    assert await hand_in_token(world, world.registrar, late) == "wrong-time"
    in_time = world.say(world.registrar, body, made=world.at(minutes * MINUTE * 5 // 6))
    assert await hand_in_token(world, world.registrar, in_time) is None


async def test_a_statement_is_handed_in_by_its_signer(world: World, clinic: Unit) -> None:
    token = world.say(world.registrar, world.unit_body(new_unit()))
    assert await hand_in_token(world, clinic.custodian, token) == "not-entitled"


async def test_a_key_that_nobody_vouches_for_says_nothing(world: World) -> None:
    token = world.say(world.registrar, world.unit_body(new_unit()), key=signing.generate())
    assert await hand_in_token(world, world.registrar, token) == "not-entitled"


async def test_a_signature_over_something_else_is_refused(world: World) -> None:
    one = world.say(world.registrar, world.unit_body(new_unit()))
    other = world.say(world.registrar, world.unit_body(new_unit()))
    token = ".".join([*one.split(".")[:2], other.split(".")[2]])
    assert await hand_in_token(world, world.registrar, token) == "bad-statement"


async def test_another_persons_key_is_not_mine(world: World) -> None:
    mother, father = await world.add_person("mor"), await world.add_person("far")
    body = compose(world.unit_body(new_unit()), iss=father.person, aud=world.origin, made=world.clock.now, seen=None)
    token = signing.sign("unit", body, mother.sign)
    assert await hand_in_token(world, father, token) == "not-entitled"


async def test_a_kind_that_is_not_in_the_chain_is_refused(world: World) -> None:
    invitation = world.invitation_body(Actor("ny"), "person", None)
    assert (await world.hand_in(world.registrar, invitation)).code == "not-in-chain"
    body = compose(
        world.unit_body(new_unit()), iss=world.registrar.person, aud=world.origin, made=world.clock.now, seen=None
    )
    odd = signing.sign("<script>", body | {"kind": "<script>"}, world.registrar.sign)
    assert await hand_in_token(world, world.registrar, odd) == "not-in-chain"


async def test_seen_is_a_checkpoint_that_our_log_signed(world: World) -> None:
    ours = world.log.head.checkpoint
    forged = LogKey(world.origin, type(world.log.key.key).generate()).sign(1, bytes(32))
    body = world.unit_body(new_unit())
    larger = ours.replace(f"\n{world.log.head.size}\n", "\n1000\n", 1)
    for seen in (forged, larger, "junk"):
        assert await hand_in_token(world, world.registrar, world.say(world.registrar, body, seen=seen)) == "bad-seen"
    assert await hand_in_token(world, world.registrar, world.say(world.registrar, body, seen=ours)) is None


@pytest.mark.parametrize("token", ["x" * 10_000, "a.b", "A" * 10_000 + ".A.A", "é.é.é"])
async def test_junk_is_a_problem_document_and_changes_nothing(world: World, token: str) -> None:
    units = (await world.get(world.registrar, "/v1/units")).body
    answer = await world.post(world.registrar, "/v1/statements", {"token": token})
    assert answer.code in {"bad-field", "bad-statement"}
    assert (await world.get(world.registrar, "/v1/units")).body["units"] == units["units"]


async def test_nobody_reads_without_signing_in(world: World, clinic: Unit) -> None:
    for path in ("/v1/me", "/v1/units", f"/v1/units/{clinic.unit}", f"/v1/persons/{clinic.custodian.person}"):
        assert (await world.ask_publicly("GET", path)).status == 401
    for path in ("/v1/statements", "/v1/invitations"):
        assert (await world.ask_publicly("POST", path, {"token": "a.b.c"})).status == 401


async def test_a_supervisor_exports_the_log_while_the_mandate_holds(world: World) -> None:
    supervisor = Actor("tilsyn")
    await world.enrol(world.registrar, supervisor, "supervisor")
    form = {"case": "2027/1"}
    assert (await world.post(supervisor, "/v1/log/export", form)).status == 200
    mother = await world.add_person("mor")
    assert (await world.post(mother, "/v1/log/export", form)).status == 403
