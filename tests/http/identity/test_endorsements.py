from __future__ import annotations

from typing import Any

import pytest

from protocol.identifiers import PersonId
from protocol.statements.enrolment import InvitationBody
from tests.kit.actor import Actor, Reply
from tests.kit.clock import DAY
from tests.kit.world import Unit, World, done, new_invitation


async def endorse(world: World, by: Actor, invitation: InvitationBody, actor: Actor, /, **changed: Any) -> Reply:
    return await world.hand_in(by, world.endorsement_body(by, invitation, actor, **changed))


async def test_an_endorsed_person_signs_in_and_a_stranger_does_not(world: World) -> None:
    mother = Actor("mor")
    assert await world.device(mother).sign_in() == 401
    await world.enrol(world.registrar, mother, "person")
    assert await world.device(mother).sign_in() == 200
    me = (await world.get(mother, "/v1/me")).body
    assert me == {
        "person": mother.person,
        "roles": [{"role": "person", "unit": None, "name": None}],
        "subjects": [],
        "units": [],
    }


async def test_an_endorsement_without_an_invitation_is_refused(world: World) -> None:
    invitation = world.invitation_body(Actor("mor"), "person", None)
    assert (await endorse(world, world.registrar, invitation, Actor("mor"))).code == "unknown-invitation"


@pytest.mark.parametrize("field", ["holder", "server", "inviter", "root", "role", "name"])
async def test_an_endorsement_says_what_its_invitation_says(world: World, field: str) -> None:
    mother = Actor("mor")
    invitation = await world.invite(world.registrar, mother, "person")
    other: dict[str, Any] = {
        "holder": PersonId.of(bytes(16)),
        "server": "https://other.example",
        "inviter": "x" * 43,
        "root": "x" * 43,
        "role": "supervisor",
        "name": "Navn",
    }
    changed = {field: other[field]} | ({"role": "supervisor"} if field == "name" else {})
    changed |= {"name": "Navn"} if field == "role" else {}
    answer = await endorse(world, world.registrar, invitation, mother, **changed)
    assert answer.code == ("not-entitled" if field in {"inviter", "root"} else "other-invitation")


async def test_another_invitations_holder_and_unit_are_refused(world: World, clinic: Unit) -> None:
    other = await world.add_unit("Skolen")
    newcomer = Actor("ny")
    invitation = await world.invite(world.registrar, newcomer, "custodian", clinic.unit)
    answer = await endorse(world, world.registrar, invitation, newcomer, unit=other.unit)
    assert answer.code == "other-invitation"


async def test_an_invitation_makes_one_endorsement_which_only_renewals_follow(world: World) -> None:
    mother = Actor("mor")
    invitation = await world.enrol(world.registrar, mother, "person")
    assert (await endorse(world, world.registrar, invitation, Actor("tyv"))).code == "wrong-number"
    assert (await endorse(world, world.registrar, invitation, mother, number=3)).code == "wrong-number"
    assert (await endorse(world, world.registrar, invitation, Actor("tyv"), number=2)).code == "other-keys"
    done(await endorse(world, world.registrar, invitation, mother, number=2))
    world.clock.forward(1)  # another statement than the first one
    assert (await endorse(world, world.registrar, invitation, mother, number=1)).code == "wrong-number"


async def test_a_repeated_endorsement_is_answered_as_the_first_time_even_much_later(world: World) -> None:
    mother = Actor("mor")
    invitation = await world.invite(world.registrar, mother, "person")
    token = world.say(world.registrar, world.endorsement_body(world.registrar, invitation, mother))
    first = done(await world.post(world.registrar, "/v1/statements", {"token": token}))
    size = world.log.head.size
    world.clock.forward(DAY)
    again = done(await world.post(world.registrar, "/v1/statements", {"token": token}))
    assert again.body["digest"] == first.body["digest"]
    assert world.log.head.size == size


async def test_an_endorsement_that_is_ended_signs_nobody_in_and_keeps_history(world: World) -> None:
    mother = Actor("mor")
    invitation = await world.enrol(world.registrar, mother, "person")
    done(await endorse(world, world.registrar, invitation, mother, number=2, not_after=world.at(0)))
    assert await world.device(mother).sign_in() == 401
    assert (await world.get(world.registrar, f"/v1/persons/{mother.person}")).status == 200


async def test_an_endorsement_runs_out_by_itself(world: World) -> None:
    mother = await world.add_person("mor")
    world.clock.forward(80 * DAY)
    assert await world.device(mother).sign_in() == 401


async def test_an_endorsement_lives_ninety_days_and_begins_alive(world: World) -> None:
    mother = Actor("mor")
    invitation = await world.invite(world.registrar, mother, "person")
    too_long = await endorse(world, world.registrar, invitation, mother, not_after=world.at(91 * DAY))
    dead = await endorse(world, world.registrar, invitation, mother, not_after=world.at(0))
    assert (too_long.code, dead.code) == ("too-long", "ended")


async def test_an_ended_invitation_makes_no_endorsement(world: World) -> None:
    mother = Actor("mor")
    invitation = await world.invite(world.registrar, mother, "person", not_after=world.at(DAY))
    world.clock.forward(DAY)
    assert (await endorse(world, world.registrar, invitation, mother)).code == "ended"


async def test_staff_are_endorsed_by_their_own_units_custodian_only(world: World, clinic: Unit) -> None:
    other = await world.add_unit("Skolen")
    newcomer = Actor("ny")
    invitation = await world.invite(clinic.custodian, newcomer, "staff", clinic.unit)
    for stranger in (other.custodian, world.registrar, clinic.staff[0]):
        assert (await endorse(world, stranger, invitation, newcomer)).code == "not-entitled"
    done(await endorse(world, clinic.custodian, invitation, newcomer))


async def test_a_colleague_does_not_take_over_the_inviters_check_of_the_secret(world: World, clinic: Unit) -> None:
    colleague, newcomer = Actor("forvalter 2"), Actor("ny")
    await world.enrol(world.registrar, colleague, "custodian", clinic.unit)
    invitation = await world.invite(clinic.custodian, newcomer, "staff", clinic.unit)
    assert (await endorse(world, colleague, invitation, newcomer)).code == "other-invitation"


async def test_a_colleague_renews_what_the_inviter_began(world: World, clinic: Unit) -> None:
    colleague, newcomer = Actor("forvalter 2"), Actor("ny")
    await world.enrol(world.registrar, colleague, "custodian", clinic.unit)
    invitation = await world.enrol(clinic.custodian, newcomer, "staff", clinic.unit)
    done(await endorse(world, colleague, invitation, newcomer, number=2))


async def test_a_custodian_gives_no_keys_to_a_parent_a_registrar_or_anothers_staff(world: World, clinic: Unit) -> None:
    other = await world.add_unit("Skolen")
    mother = await world.add_person("mor")
    for victim in (mother, world.registrar, other.staff[0], other.custodian):
        thief = Actor("tyv", victim.person)
        invitation = await world.invite(clinic.custodian, thief, "staff", clinic.unit)
        assert (await endorse(world, clinic.custodian, invitation, thief)).code == "holder-taken"


async def test_one_person_works_in_two_units_with_the_same_keys(world: World, clinic: Unit) -> None:
    other = await world.add_unit("Skolen")
    doctor = clinic.staff[0]
    await world.enrol(other.custodian, doctor, "staff", other.unit)
    roles = (await world.get(doctor, "/v1/me")).body["roles"]
    assert sorted(role["unit"] for role in roles) == sorted((clinic.unit, other.unit))


async def test_a_custodian_gives_own_staff_new_keys_by_a_new_invitation(world: World, clinic: Unit) -> None:
    doctor = clinic.staff[0]
    world.clock.forward(1)
    replaced = Actor(doctor.name, doctor.person)
    await world.enrol(clinic.custodian, replaced, "staff", clinic.unit)
    assert await world.device(replaced).sign_in() == 200


async def test_an_unknown_person_is_not_found_and_a_registrar_has_no_endorsements(world: World) -> None:
    assert (await world.get(world.registrar, f"/v1/persons/{PersonId.of(bytes(16))}")).status == 404
    told = await world.get(world.registrar, f"/v1/persons/{world.registrar.person}")
    assert (told.status, told.body) == (200, {"statements": []})


async def test_staff_come_with_their_unit_and_its_custodians(world: World) -> None:
    parent = await world.add_unit("Sykehuset")
    clinic = await world.add_unit("Klinikken", parent=parent.unit)
    told = await world.get(world.registrar, f"/v1/persons/{clinic.staff[0].person}")
    directory = await world.believe(told.body["statements"])
    assert directory.keys(clinic.staff[0].person, clinic.unit) == clinic.staff[0].keys
    assert directory.lineage(clinic.unit) == (parent.unit,)


async def test_an_invitation_id_that_nobody_registered_says_nothing(world: World) -> None:
    assert (await world.ask_publicly("GET", f"/v1/invitations/{new_invitation()}")).code == "not-found"
