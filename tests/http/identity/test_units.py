from __future__ import annotations

import pytest

from keys import sealing
from keys.encoding import encode
from protocol.statements.identity import Member
from tests.kit.actor import Actor
from tests.kit.clock import DAY
from tests.kit.world import Unit, World, done, new_unit

JUNK = encode(bytes(40))


async def test_a_unit_is_registered_by_a_registrar_only(world: World, clinic: Unit) -> None:
    for stranger in (clinic.custodian, clinic.staff[0]):
        assert (await world.hand_in(stranger, world.unit_body(new_unit()))).code == "not-entitled"


@pytest.mark.parametrize("number", [0, 1, 3])
async def test_a_units_number_is_neither_rolled_back_nor_skipped(world: World, clinic: Unit, number: int) -> None:
    body = world.unit_body(clinic.unit, "Nytt navn", number=number)
    assert (await world.hand_in(world.registrar, body)).code == "wrong-number"
    done(await world.hand_in(world.registrar, world.unit_body(clinic.unit, "Nytt navn", number=2)))


async def test_a_unit_lives_ninety_days_at_most_and_is_not_born_dead(world: World) -> None:
    too_long = await world.hand_in(world.registrar, world.unit_body(new_unit(), not_after=world.at(91 * DAY)))
    dead = await world.hand_in(world.registrar, world.unit_body(new_unit(), not_after=world.at(0)))
    assert (too_long.code, dead.code) == ("too-long", "ended")


async def test_a_unit_stands_under_a_registered_one_and_never_above_itself(world: World, clinic: Unit) -> None:
    team = await world.add_unit("Teamet", parent=clinic.unit)
    orphan = await world.hand_in(world.registrar, world.unit_body(new_unit(), parent=new_unit()))
    loop = await world.hand_in(world.registrar, world.unit_body(clinic.unit, number=2, parent=team.unit))
    own = await world.hand_in(world.registrar, world.unit_body(clinic.unit, number=2, parent=clinic.unit))
    assert [orphan.code, loop.code, own.code] == ["unknown-unit"] * 3
    told = (await world.get(clinic.custodian, f"/v1/units/{team.unit}")).body
    assert (await world.believe(told["statements"])).lineage(team.unit) == (clinic.unit,)


async def test_units_are_listed_in_pages_without_those_that_have_ended(world: World) -> None:
    names = sorted(new_unit() for _ in range(60))
    for name in names:
        days = 10 if name == names[0] else 80
        done(await world.hand_in(world.registrar, world.unit_body(name, not_after=world.at(days * DAY))))
    world.clock.forward(10 * DAY)
    first = (await world.get(world.registrar, "/v1/units")).body
    second = (await world.get(world.registrar, f"/v1/units?cursor={first['next']}")).body
    assert (len(first["units"]), len(second["units"]), second["next"]) == (50, 9, None)
    directory = await world.believe([*first["units"], *second["units"]])
    assert [unit.unit for unit in directory.units()] == names[1:]


async def test_an_unknown_unit_is_not_found(world: World) -> None:
    assert (await world.get(world.registrar, f"/v1/units/{new_unit()}")).status == 404
    assert (await world.get(world.registrar, f"/v1/units/{new_unit()}/seeds")).status == 404


async def test_members_open_the_seeds_and_nobody_else_learns_of_them(world: World, clinic: Unit) -> None:
    other = await world.add_unit("Skolen")
    first_key = clinic.key
    done(await world.next_epoch(clinic, clinic.members))
    told = (await world.get(clinic.staff[0], f"/v1/units/{clinic.unit}/seeds")).body
    assert [seed["number"] for seed in told["seeds"]] == [1, 2]
    assert [seed["number"] for seed in told["previous"]] == [2]
    assert first_key.public.raw != clinic.key.public.raw
    unknown = await world.get(other.staff[0], f"/v1/units/{new_unit()}/seeds")
    for stranger in (other.staff[0], world.registrar):
        assert (await world.get(stranger, f"/v1/units/{clinic.unit}/seeds")).raw == unknown.raw


async def test_a_removed_member_signs_in_and_has_no_unit(world: World, clinic: Unit) -> None:
    former = clinic.staff[0]
    done(await world.next_epoch(clinic, [clinic.custodian]))
    me = (await world.get(former, "/v1/me")).body
    assert (me["units"], [role["role"] for role in me["roles"]]) == ([], ["staff"])
    assert (await world.get(former, f"/v1/units/{clinic.unit}/seeds")).status == 404
    assert (await world.get(clinic.custodian, "/v1/me")).body["units"] == [clinic.unit]


async def test_a_removed_member_comes_back_by_the_next_epoch(world: World, clinic: Unit) -> None:
    everybody = list(clinic.members)
    done(await world.next_epoch(clinic, [clinic.custodian]))
    world.clock.forward(1)
    done(await world.next_epoch(clinic, everybody, new_key=False))
    assert (await world.get(clinic.staff[0], "/v1/me")).body["units"] == [clinic.unit]


async def test_a_member_removed_and_back_within_the_millisecond_of_admission_is_a_member(
    world: World, clinic: Unit
) -> None:
    everybody = list(clinic.members)
    done(await world.next_epoch(clinic, [clinic.custodian]))
    done(await world.next_epoch(clinic, everybody, new_key=False))
    assert (await world.get(clinic.staff[0], "/v1/me")).body["units"] == [clinic.unit]
    done(await world.next_epoch(clinic, [clinic.custodian]))
    assert (await world.get(clinic.staff[0], "/v1/me")).body["units"] == []


async def test_of_keys_that_change_within_a_millisecond_the_last_ones_are_the_members(
    world: World, clinic: Unit
) -> None:
    lost = clinic.staff[0]
    found = Actor(lost.name, lost.person)
    world.clock.forward(1)
    await world.enrol(clinic.custodian, found, "staff", clinic.unit)
    for holder in (found, lost, found):
        done(await world.next_epoch(clinic, [clinic.custodian, holder]))
    assert (await world.get(found, "/v1/me")).body["units"] == [clinic.unit]


async def test_a_removal_takes_a_new_key_and_never_an_old_one(world: World, clinic: Unit) -> None:
    first_key, everybody = clinic.key, list(clinic.members)
    assert (await world.next_epoch(clinic, [clinic.custodian], new_key=False)).code == "key-not-changed"
    done(await world.next_epoch(clinic, everybody))
    body = world.epoch_body(clinic, [clinic.custodian], first_key)
    parts = {"seeds": world.seeds(clinic, [clinic.custodian], first_key), "previous": JUNK}
    assert (await world.hand_in(clinic.custodian, body, **parts)).code == "key-not-changed"


async def test_an_admission_may_keep_the_key(world: World, clinic: Unit) -> None:
    newcomer = await world.add_staff(clinic, "ny")
    done(await world.next_epoch(clinic, [*clinic.members, newcomer], new_key=False))
    told = (await world.get(newcomer, f"/v1/units/{clinic.unit}/seeds")).body
    assert ([seed["number"] for seed in told["seeds"]], told["previous"]) == ([2], [])


async def test_new_keys_of_the_same_person_take_a_new_unit_key(world: World, clinic: Unit) -> None:
    lost = clinic.staff[0]
    found = Actor(lost.name, lost.person)
    world.clock.forward(1)
    await world.enrol(clinic.custodian, found, "staff", clinic.unit)
    members = [clinic.custodian, found]
    assert (await world.next_epoch(clinic, members, new_key=False)).code == "key-not-changed"
    done(await world.next_epoch(clinic, members))
    assert (await world.get(found, "/v1/me")).body["units"] == [clinic.unit]


@pytest.mark.parametrize("number", [0, 1, 3])
async def test_an_epochs_number_is_neither_rolled_back_nor_skipped(world: World, clinic: Unit, number: int) -> None:
    assert (await world.next_epoch(clinic, clinic.members, number=number)).code == "wrong-number"


async def test_an_epoch_lives_ninety_days_at_most_and_is_not_born_dead(world: World, clinic: Unit) -> None:
    too_long = await world.next_epoch(clinic, clinic.members, not_after=world.at(91 * DAY))
    dead = await world.next_epoch(clinic, clinic.members, not_after=world.at(0))
    assert (too_long.code, dead.code) == ("too-long", "ended")


async def test_only_the_units_own_custodian_publishes_its_epoch(world: World, clinic: Unit) -> None:
    other = await world.add_unit("Skolen")
    for stranger in (other.custodian, world.registrar, clinic.staff[0]):
        assert (await world.next_epoch(clinic, clinic.members, by=stranger)).code == "not-entitled"
    unknown = Unit(new_unit(), "Ingen", clinic.custodian)
    assert (await world.next_epoch(unknown, clinic.members)).code == "not-entitled"


async def test_a_custodian_whose_endorsement_has_run_out_publishes_nothing(world: World, clinic: Unit) -> None:
    world.clock.forward(40 * DAY)
    second = Actor("forvalter 2")
    await world.enrol(world.registrar, second, "custodian", clinic.unit)
    world.clock.forward(40 * DAY)
    body = world.epoch_body(clinic, [second], sealing.generate())
    token = world.say(clinic.custodian, body)
    assert await world.device(clinic.custodian).sign_in() == 401
    forwarded = await world.post(second, "/v1/statements", {"token": token})
    assert forwarded.code == "not-entitled"


async def test_every_member_is_endorsed_for_the_unit_with_the_keys_that_are_listed(world: World, clinic: Unit) -> None:
    other = await world.add_unit("Skolen")
    answer = await world.next_epoch(clinic, [*clinic.members, other.staff[0]])
    assert answer.code == "unknown-member"
    wrong = (Member(clinic.staff[0].person, "0" * 64),)
    assert (await world.next_epoch(clinic, [clinic.staff[0]], members=wrong)).code == "unknown-member"


async def test_the_seed_is_sealed_to_each_member_and_the_one_before_to_the_new_key(world: World, clinic: Unit) -> None:
    key = sealing.generate()
    body = world.epoch_body(clinic, clinic.members, key)
    seeds = world.seeds(clinic, clinic.members, key)
    stranger = world.seeds(clinic, [world.registrar], key)
    for parts in (
        {},
        {"seeds": seeds},
        {"seeds": seeds[:1], "previous": JUNK},
        {"seeds": [*seeds, *stranger], "previous": JUNK},
    ):
        assert (await world.hand_in(clinic.custodian, body, **parts)).code == "seeds-missing"
    twice = await world.hand_in(clinic.custodian, body, seeds=[*seeds, seeds[0]], previous=JUNK)
    assert twice.code == "bad-field"
    done(await world.hand_in(clinic.custodian, body, seeds=seeds, previous=JUNK))


async def test_a_first_epoch_has_no_seed_before_it(world: World) -> None:
    school = Unit(new_unit(), "Skolen", Actor("forvalter"))
    done(await world.hand_in(world.registrar, world.unit_body(school.unit)))
    await world.enrol(world.registrar, school.custodian, "custodian", school.unit)
    body = world.epoch_body(school, [school.custodian], school.key)
    seeds = world.seeds(school, [school.custodian], school.key)
    assert (await world.hand_in(school.custodian, body, seeds=seeds, previous=JUNK)).code == "seeds-missing"


async def test_a_lapsed_epoch_has_no_members_until_the_next_one(world: World, clinic: Unit) -> None:
    done(await world.next_epoch(clinic, clinic.members, not_after=world.at(DAY)))
    world.clock.forward(DAY)
    assert (await world.get(clinic.staff[0], "/v1/me")).body["units"] == []
    done(await world.next_epoch(clinic, clinic.members))
    assert (await world.get(clinic.staff[0], "/v1/me")).body["units"] == [clinic.unit]


async def test_a_unit_comes_with_its_latest_two_epochs_and_older_ones_on_demand(world: World, clinic: Unit) -> None:
    for _ in range(3):
        done(await world.next_epoch(clinic, clinic.members))
    path = f"/v1/units/{clinic.unit}"
    latest = (await world.get(clinic.custodian, path)).body["statements"]
    older = (await world.get(clinic.custodian, f"{path}?from_epoch=1")).body["statements"]
    assert len(older) == len(latest) + 2
    assert (await world.believe(older)).epoch(clinic.unit).body.number == 4
    assert (await world.get(clinic.custodian, f"{path}?from_epoch=0")).code == "bad-field"


async def test_parts_of_another_kind_are_refused(world: World, clinic: Unit) -> None:
    body = world.unit_body(new_unit())
    answer = await world.hand_in(world.registrar, body, seeds=[{"person": clinic.custodian.person, "sealed": JUNK}])
    assert answer.code == "other-parts"
    assert (await world.hand_in(world.registrar, body, previous="A")).code == "bad-field"
