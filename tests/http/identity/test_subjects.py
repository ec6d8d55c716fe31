from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Any

import pytest

from keys.encoding import decode, encode
from protocol.consent.vocabulary import Capacity
from protocol.identifiers import Instant, SubjectId
from protocol.identity import Logged
from protocol.log.merkle import leaf_hash, root
from protocol.statements.base import Refused
from protocol.statements.identity import RenewalBody, SubjectCard
from server.identity.access import RELATIONS
from tests.kit.actor import Actor, Reply
from tests.kit.clock import DAY, START
from tests.kit.world import Child, Unit, World, done, new_unit


def unknown_subject() -> SubjectId:
    return SubjectId.of(secrets.token_bytes(16))


async def next_sheet(world: World, child: Child, by: Actor | None = None, **changed: Any) -> Reply:
    parts = {"cards": changed.pop("cards")} if "cards" in changed else {}
    body = replace(child.sheet, **({"number": child.sheet.number + 1, "not_after": world.at(25 * DAY)} | changed))
    return await world.hand_in(by or world.registrar, body, **parts)


async def test_a_stranger_gets_the_same_bytes_for_a_child_as_for_none(world: World, clinic: Unit) -> None:
    mother, neighbour = await world.add_person("mor"), await world.add_person("nabo")
    child = await world.add_child([mother], [clinic])
    nothing = await world.get(neighbour, f"/v1/subjects/{unknown_subject()}")
    assert nothing.status == 404
    for stranger in (neighbour, clinic.staff[0], clinic.custodian):
        assert (await world.get(stranger, f"/v1/subjects/{child.subject}")).raw == nothing.raw
    assert (await world.get(world.registrar, f"/v1/subjects/{unknown_subject()}")).raw == nothing.raw


async def test_each_of_those_concerned_gets_their_own_card(world: World) -> None:
    mother, father = await world.add_person("mor"), await world.add_person("far")
    child = await world.add_child([mother, father])
    cards = [(await world.get(each, f"/v1/subjects/{child.subject}")).body["cards"] for each in (mother, father)]
    assert [len(each) for each in cards] == [1, 1]
    assert cards[0] != cards[1]
    assert (await world.get(world.registrar, f"/v1/subjects/{child.subject}")).body["cards"] == []
    assert (await world.get(mother, "/v1/me")).body["subjects"] == [child.subject]


async def test_members_of_a_unit_that_is_party_get_the_sheet_and_the_units_card(world: World, clinic: Unit) -> None:
    mother = await world.add_person("mor")
    child = await world.add_child([mother], [clinic])
    app = world.client.app
    assert app is not None
    app[RELATIONS].append(lambda _, subject, units: subject == child.subject and clinic.unit in units)
    told = (await world.get(clinic.staff[0], f"/v1/subjects/{child.subject}")).body
    assert len(told["cards"]) == 1
    neighbour = await world.add_person("nabo")
    assert (await world.get(neighbour, f"/v1/subjects/{child.subject}")).status == 404


async def test_whoever_no_longer_holds_is_a_stranger(world: World) -> None:
    mother, father = await world.add_person("mor"), await world.add_person("far")
    child = await world.add_child([mother, father])
    holders = (world.entitled(mother), world.entitled(father, holds_to=world.at(DAY)))
    done(await next_sheet(world, child, may_sign=holders))
    assert (await world.get(father, f"/v1/subjects/{child.subject}")).status == 200
    world.clock.forward(DAY)
    assert (await world.get(father, f"/v1/subjects/{child.subject}")).status == 404
    assert (await world.get(father, "/v1/me")).body["subjects"] == []


async def test_whoever_is_not_on_the_next_sheet_is_a_stranger(world: World) -> None:
    mother, father = await world.add_person("mor"), await world.add_person("far")
    child = await world.add_child([mother, father])
    done(await next_sheet(world, child, may_sign=(world.entitled(mother),)))
    assert (await world.get(father, f"/v1/subjects/{child.subject}")).status == 404
    assert len((await world.get(mother, f"/v1/subjects/{child.subject}")).body["cards"]) == 1


async def test_whoever_may_know_reads_the_sheet(world: World) -> None:
    mother, foster = await world.add_person("mor"), await world.add_person("fostermor")
    child = await world.add_child([mother], may_know=(world.entitled(foster, Capacity.FAMILY),))
    assert (await world.get(foster, f"/v1/subjects/{child.subject}")).status == 200


async def test_another_card_replaces_all_that_were_sealed_before(world: World) -> None:
    mother = await world.add_person("mor")
    child = await world.add_child([mother])
    card = SubjectCard(child.subject, "Nytt Navn", "00000000000", bytes(32))
    done(await next_sheet(world, child, card=card.digest))
    assert (await world.get(mother, f"/v1/subjects/{child.subject}")).body["cards"] == []
    child.sheet = replace(child.sheet, number=2, card=card.digest)
    done(await next_sheet(world, child, cards=world.cards(card, [mother])))
    assert len((await world.get(mother, f"/v1/subjects/{child.subject}")).body["cards"]) == 1


async def test_a_sheet_is_a_registrars_word_only(world: World, clinic: Unit) -> None:
    mother = await world.add_person("mor")
    child = await world.add_child([mother])
    for stranger in (mother, clinic.custodian, clinic.staff[0]):
        assert (await next_sheet(world, child, by=stranger)).code == "not-entitled"


@pytest.mark.parametrize("number", [0, 1, 3])
async def test_a_sheets_number_is_neither_rolled_back_nor_skipped(world: World, number: int) -> None:
    child = await world.add_child([await world.add_person("mor")])
    assert (await next_sheet(world, child, number=number, authorities=("0" * 64,))).code == "wrong-number"


async def test_a_sheet_lives_thirty_days_at_most_and_is_not_born_dead(world: World) -> None:
    child = await world.add_child([await world.add_person("mor")])
    too_long = await next_sheet(world, child, not_after=world.at(31 * DAY))
    dead = await next_sheet(world, child, not_after=world.at(0))
    assert (too_long.code, dead.code) == ("too-long", "ended")


async def test_a_card_is_sealed_to_nobody_whom_the_child_does_not_concern(world: World, clinic: Unit) -> None:
    mother, neighbour = await world.add_person("mor"), await world.add_person("nabo")
    child = await world.add_child([mother])
    unknown = Unit(new_unit(), "Ingen", clinic.custodian)
    for holder in (neighbour, clinic.staff[0], unknown):
        assert (await next_sheet(world, child, cards=world.cards(child.card, [holder]))).code == "not-concerned"
    twice = await next_sheet(world, child, cards=world.cards(child.card, [mother, mother]))
    assert twice.code == "bad-field"
    done(await next_sheet(world, child, cards=world.cards(child.card, [mother, world.registrar, clinic])))


def renewal_body(world: World, digests: list[str], **changed: Any) -> RenewalBody:
    told: dict[str, Any] = {
        "number": 1,
        "not_after": world.at(28 * DAY),
        "size": len(digests),
        "root": root([leaf_hash(bytes.fromhex(digest)) for digest in digests]).hex(),
    }
    return RenewalBody(**(told | changed))


async def three_children(world: World) -> tuple[Actor, list[Child]]:
    mother = await world.add_person("mor")
    return mother, [await world.add_child([mother]) for _ in range(3)]


async def test_one_renewal_prolongs_every_sheet_under_its_root(world: World) -> None:
    mother, children = await three_children(world)
    digests = [child.digest for child in children]
    world.clock.forward(20 * DAY)
    done(await world.hand_in(world.registrar, renewal_body(world, digests), sheets=digests))
    for child in children:
        told = (await world.get(mother, f"/v1/subjects/{child.subject}")).body
        directory = await world.believe(told["statements"])
        [renewal] = told["renewals"]
        proof = [decode(node) for node in renewal["proof"]]
        directory.learn_renewal(Logged.parse(renewal["logged"]), child.subject, renewal["index"], proof)
        assert directory.sheet_not_after(child.subject) == world.at(28 * DAY)
        with pytest.raises(Refused):
            directory.learn_renewal(Logged.parse(renewal["logged"]), child.subject, renewal["index"] + 1, proof)


async def test_the_next_sheet_ends_its_renewal(world: World) -> None:
    mother, children = await three_children(world)
    digests = [child.digest for child in children]
    done(await world.hand_in(world.registrar, renewal_body(world, digests), sheets=digests))
    done(await next_sheet(world, children[0]))
    assert (await world.get(mother, f"/v1/subjects/{children[0].subject}")).body["renewals"] == []
    assert (await world.get(mother, f"/v1/subjects/{children[1].subject}")).body["renewals"] != []
    stale = await world.hand_in(world.registrar, renewal_body(world, digests, number=2), sheets=digests)
    assert stale.code == "bad-renewal"


async def test_a_renewal_covers_exactly_the_sheets_that_it_lists(world: World) -> None:
    _, children = await three_children(world)
    digests = [child.digest for child in children]
    for said, sheets in (
        (digests, digests[:2]),
        (digests, digests[::-1]),
        (["0" * 64], ["0" * 64]),
        ([digests[0]] * 2, [digests[0]] * 2),
    ):
        answer = await world.hand_in(world.registrar, renewal_body(world, said), sheets=sheets)
        assert answer.code == "bad-renewal"
    nothing = renewal_body(world, [], root="e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    assert (await world.hand_in(world.registrar, nothing)).code == "bad-renewal"
    assert (await world.hand_in(world.registrar, nothing, sheets=[])).code == "bad-renewal"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"number": 0}, "wrong-number"),
        ({"number": 2}, "wrong-number"),
        ({"not_after": Instant(START + 31 * DAY)}, "too-long"),
        ({"not_after": START}, "ended"),
    ],
)
async def test_a_renewal_has_a_number_and_an_end(world: World, changed: dict[str, int], code: str) -> None:
    child = await world.add_child([await world.add_person("mor")])
    body = renewal_body(world, [child.digest], **changed)
    assert (await world.hand_in(world.registrar, body, sheets=[child.digest])).code == code


async def test_a_renewal_is_a_registrars_word_only(world: World) -> None:
    mother, children = await three_children(world)
    digests = [child.digest for child in children]
    answer = await world.hand_in(mother, renewal_body(world, digests), sheets=digests)
    assert answer.code == "not-entitled"


async def test_a_sheet_takes_no_seeds_and_a_renewal_no_cards(world: World) -> None:
    child = await world.add_child([await world.add_person("mor")])
    body = replace(child.sheet, number=2, not_after=world.at(DAY))
    junk = encode(bytes(10))
    assert (await world.hand_in(world.registrar, body, previous=junk)).code == "other-parts"
    renewal = renewal_body(world, [child.digest])
    answer = await world.hand_in(world.registrar, renewal, sheets=[child.digest], cards=[])
    assert answer.code == "other-parts"
