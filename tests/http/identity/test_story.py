from __future__ import annotations

from keys.encoding import decode
from tests.kit.world import World


async def test_a_whole_world_is_believed_by_a_client_that_knows_only_the_root(world: World) -> None:
    clinic = await world.add_unit("Klinikken")
    mother = await world.add_person("mor")
    child = await world.add_child([mother], [clinic])

    of_unit = (await world.get(mother, f"/v1/units/{clinic.unit}")).body["statements"]
    of_mother = (await world.get(clinic.custodian, f"/v1/persons/{mother.person}")).body["statements"]
    of_child = (await world.get(mother, f"/v1/subjects/{child.subject}")).body
    directory = await world.believe([*of_unit, *of_mother, *of_child["statements"]])

    assert directory.epoch(clinic.unit).body.holds(clinic.staff[0].person)
    assert directory.keys(mother.person) == mother.keys
    assert directory.sheet(child.subject).digest == child.digest
    assert len(of_child["cards"]) == 1
    assert len(decode(of_child["cards"][0])) > 1120
