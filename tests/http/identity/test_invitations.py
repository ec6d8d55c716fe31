from __future__ import annotations

from typing import Any

import pytest

from keys import mac
from tests.kit.actor import Actor, Reply
from tests.kit.clock import DAY
from tests.kit.world import Unit, World, done, new_invitation, new_unit


async def register(world: World, inviter: Actor, **changed: Any) -> Reply:
    told: dict[str, Any] = {"role": "person", "unit": None} | changed
    body = world.invitation_body(Actor("ny"), told.pop("role"), told.pop("unit"), **told)
    return await world.post(inviter, "/v1/invitations", {"token": world.say(inviter, body)})


async def test_a_newcomer_reads_the_invitation_with_its_inviters_key_and_answers_once(world: World) -> None:
    mother, secret = Actor("mor"), mac.generate()
    invitation = await world.invite(world.registrar, mother, "person")
    path = f"/v1/invitations/{invitation.id}"

    told = done(await world.ask_publicly("GET", path)).body
    assert (told["state"], told["inviter"]) == ("waiting", world.registrar.sign.public.jwk)
    for _ in range(2):
        assert (await world.answer(world.registrar, invitation, mother, secret)).status == 201
    assert (await world.ask_publicly("GET", path)).body["state"] == "answered"

    [listed] = (await world.get(world.registrar, "/v1/invitations")).body["invitations"]
    assert (listed["token"], listed["state"]) == (told["token"], "answered")
    assert [answer["keys"] for answer in listed["answers"]] == [mother.keys.to_json()]
    assert (await world.get(world.registrar, "/v1/me")).body["roles"] == [
        {"role": "registrar", "unit": None, "name": None}
    ]


async def test_nobody_lists_anothers_invitations(world: World, clinic: Unit) -> None:
    done(await register(world, world.registrar))
    listed = (await world.get(clinic.staff[0], "/v1/invitations")).body
    assert listed == {"invitations": []}


async def test_an_unknown_invitation_is_not_found(world: World) -> None:
    path = f"/v1/invitations/{new_invitation()}"
    answer = {"keys": Actor("ny").keys.to_json(), "mac": "0" * 64}
    assert (await world.ask_publicly("GET", path)).status == 404
    assert (await world.ask_publicly("POST", f"{path}/answers", answer)).status == 404


async def test_five_answers_are_kept_and_no_more(world: World) -> None:
    invitation = await world.invite(world.registrar, Actor("mor"), "person")
    codes = [(await world.answer(world.registrar, invitation, Actor("noen"), mac.generate())).code for _ in range(6)]
    assert codes == [None] * 5 + ["too-many"]
    [listed] = (await world.get(world.registrar, "/v1/invitations")).body["invitations"]
    assert len(listed["answers"]) == 5


async def test_an_ended_invitation_is_not_answered(world: World) -> None:
    invitation = await world.invite(world.registrar, Actor("mor"), "person", not_after=world.at(DAY))
    world.clock.forward(DAY)
    assert (await world.answer(world.registrar, invitation, Actor("mor"), mac.generate())).code == "ended"
    assert (await world.ask_publicly("GET", f"/v1/invitations/{invitation.id}")).body["state"] == "ended"


async def test_an_answer_after_the_endorsement_raises_five_alarms_at_most(world: World) -> None:
    mother, secret = Actor("mor"), mac.generate()
    invitation = await world.invite(world.registrar, mother, "person")
    done(await world.answer(world.registrar, invitation, mother, secret))
    done(await world.hand_in(world.registrar, world.endorsement_body(world.registrar, invitation, mother)))
    size = world.log.head.size

    assert (await world.answer(world.registrar, invitation, mother, secret)).status == 201
    assert world.log.head.size == size
    for _ in range(7):
        thief = await world.answer(world.registrar, invitation, Actor("tyv"), mac.generate())
        assert (thief.status, thief.code) == (409, "invitation-used")
    assert world.log.head.size == size + 5
    assert (await world.ask_publicly("GET", f"/v1/invitations/{invitation.id}")).body["state"] == "used"


@pytest.mark.parametrize(
    "damage", [{"keys": {}}, {"mac": "xyz"}, {"more": 1}, {"keys": {"sign": {}, "seal": "A" * 1622}}]
)
async def test_an_answer_that_is_none_is_a_bad_field(world: World, damage: dict[str, object]) -> None:
    invitation = await world.invite(world.registrar, Actor("mor"), "person")
    told = {"keys": Actor("mor").keys.to_json(), "mac": "0" * 64} | damage
    answer = await world.ask_publicly("POST", f"/v1/invitations/{invitation.id}/answers", told)
    assert (answer.status, answer.code) == (422, "bad-field")


async def test_an_answer_with_a_point_off_the_curve_is_a_bad_field(world: World) -> None:
    invitation = await world.invite(world.registrar, Actor("mor"), "person")
    keys = Actor("mor").keys.to_json()
    keys["sign"] = {**keys["sign"], "x": "A" * 43}
    answer = await world.ask_publicly(
        "POST", f"/v1/invitations/{invitation.id}/answers", {"keys": keys, "mac": "0" * 64}
    )
    assert (answer.status, answer.code) == (422, "bad-field")


async def test_an_answer_of_ten_thousand_bytes_of_junk_is_a_problem_document(world: World) -> None:
    invitation = await world.invite(world.registrar, Actor("mor"), "person")
    path = f"/v1/invitations/{invitation.id}/answers"
    assert (await world.ask_publicly("POST", path, {"keys": "x" * 10_000})).code == "bad-field"
    assert (await world.ask_publicly("POST", path, {"keys": "x" * 20_000})).code == "too-large"


async def test_an_invitation_holds_fourteen_days_at_most(world: World) -> None:
    assert (await register(world, world.registrar, not_after=world.at(15 * DAY))).code == "too-long"


async def test_an_invitation_that_has_ended_is_refused(world: World) -> None:
    assert (await register(world, world.registrar, not_after=world.at(0))).code == "ended"


async def test_an_id_invites_once(world: World) -> None:
    name = new_invitation()
    done(await register(world, world.registrar, id=name))
    assert (await register(world, world.registrar, id=name)).code == "invitation-used"


async def test_nobody_is_invited_to_a_unit_that_is_not_registered(world: World) -> None:
    answer = await register(world, world.registrar, role="custodian", unit=new_unit())
    assert answer.code == "unknown-unit"


@pytest.mark.parametrize(("role", "unit"), [("person", False), ("supervisor", False), ("custodian", True)])
async def test_a_custodian_invites_staff_only(world: World, clinic: Unit, role: str, unit: bool) -> None:
    answer = await register(world, clinic.custodian, role=role, unit=clinic.unit if unit else None)
    assert (answer.status, answer.code) == (403, "not-entitled")


async def test_a_registrar_does_not_invite_staff(world: World, clinic: Unit) -> None:
    assert (await register(world, world.registrar, role="staff", unit=clinic.unit)).code == "not-entitled"


async def test_a_custodian_does_not_invite_to_another_unit(world: World, clinic: Unit) -> None:
    other = await world.add_unit("Skolen")
    assert (await register(world, clinic.custodian, role="staff", unit=other.unit)).code == "not-entitled"


async def test_staff_and_families_invite_nobody(world: World, clinic: Unit) -> None:
    mother = await world.add_person("mor")
    assert (await register(world, mother)).code == "not-entitled"
    assert (await register(world, clinic.staff[0], role="staff", unit=clinic.unit)).code == "not-entitled"


async def test_another_kind_is_not_an_invitation(world: World) -> None:
    token = world.say(world.registrar, world.unit_body(new_unit()))
    assert (await world.post(world.registrar, "/v1/invitations", {"token": token})).code == "not-in-chain"
