"""What packages above ask of identity inside their own transactions."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import replace
from typing import Any, TypeVar

import pytest

from protocol.consent.vocabulary import Regime, Responsibility
from protocol.identifiers import PersonId, SubjectId
from protocol.log.receipt import parse
from protocol.statements.base import Refused, Statement
from protocol.statements.identity import SheetBody
from server.audit.wiring import DATABASE, WRITER
from server.identity import store
from server.identity.actions import invite
from server.identity.chain import require_right
from server.identity.intake import INTAKE, Rejected, require_key
from server.identity.publishing import publish, receipts_of
from server.identity.refusals import problem_of
from server.identity.store.statements import Bodies
from tests.kit.actor import Actor
from tests.kit.clock import DAY
from tests.kit.world import Unit, World, done, new_unit

T = TypeVar("T")


async def read(world: World, question: Callable[..., T], *args: Any, **named: Any) -> T:
    app = world.client.app
    assert app is not None
    answer: T = await app[DATABASE].read(lambda connection: question(connection, *args, **named))
    return answer


async def test_a_key_signs_for_its_unit_and_not_as_a_person_until_it_ends(world: World, clinic: Unit) -> None:
    doctor, mother, now = clinic.staff[0], await world.add_person("mor"), world.clock.now
    cases: list[tuple[Actor, str, int, Any, bool]] = [
        (doctor, doctor.sign.kid, now, clinic.unit, True),
        (doctor, doctor.sign.kid, now, None, False),
        (doctor, doctor.sign.kid, now, new_unit(), False),
        (doctor, mother.sign.kid, now, clinic.unit, False),
        (doctor, doctor.sign.kid, now + 80 * DAY, clinic.unit, False),
        (mother, mother.sign.kid, now, None, True),
        (mother, mother.sign.kid, now, clinic.unit, False),
        (mother, mother.sign.kid, now + 80 * DAY, None, False),
    ]
    for actor, kid, at, unit, expected in cases:
        found = await read(world, store.signing_key, actor.person, kid, at, unit)
        assert found == (actor.sign.public if expected else None)


async def test_a_membership_holds_from_admission_to_removal(world: World, clinic: Unit) -> None:
    doctor, begun = clinic.staff[0].person, world.clock.now
    world.clock.forward(DAY)
    done(await world.next_epoch(clinic, [clinic.custodian]))
    ended = world.clock.now
    for at, expected in ((begun - 1, False), (begun, True), (ended - 1, True), (ended, False)):
        found = await read(world, store.membership, doctor, clinic.unit, at)
        assert (found is not None) is expected
    found = await read(world, store.membership, doctor, clinic.unit, begun)
    assert found == store.Membership(doctor, clinic.unit, begun, ended)
    [remaining] = await read(world, store.memberships_in, clinic.unit, ended)
    assert remaining.person == clinic.custodian.person


async def test_a_membership_takes_an_endorsement_in_force(world: World, clinic: Unit) -> None:
    doctor = Actor("vikar")
    invitation = await world.enrol(clinic.custodian, doctor, "staff", clinic.unit)
    done(await world.next_epoch(clinic, [*clinic.members, doctor]))
    ended = world.endorsement_body(clinic.custodian, invitation, doctor, number=2, not_after=world.at(0))
    done(await world.hand_in(clinic.custodian, ended))
    assert await read(world, store.membership, doctor.person, clinic.unit, world.clock.now) is None


async def test_units_come_with_their_ancestors_nearest_first(world: World) -> None:
    top = await world.add_unit("Toppen", staff=0)
    middle = await world.add_unit("Midten", parent=top.unit, staff=0)
    leaf = await world.add_unit("Bladet", parent=middle.unit, regime=Regime.EDUCATION, staff=0)
    found = await read(world, store.units, [leaf.unit, top.unit, new_unit()])
    assert {unit: known.ancestors for unit, known in found.items()} == {
        leaf.unit: (middle.unit, top.unit),
        top.unit: (),
    }
    facts = (await read(world, store.unit_facts, [leaf.unit]))[leaf.unit]
    assert (facts.regime, facts.ancestors) == (Regime.EDUCATION, frozenset({middle.unit, top.unit}))


async def test_what_is_below_a_unit_moves_along_with_it(world: World) -> None:
    top, other = await world.add_unit("Toppen", staff=0), await world.add_unit("Annet", staff=0)
    middle = await world.add_unit("Midten", parent=top.unit, staff=0)
    lower = await world.add_unit("Nedre", parent=middle.unit, staff=0)
    leaf = await world.add_unit("Bladet", parent=lower.unit, staff=0)
    done(await world.hand_in(world.registrar, world.unit_body(middle.unit, number=2, parent=other.unit)))
    found = await read(world, store.units, [leaf.unit, lower.unit, top.unit])
    assert found[leaf.unit].ancestors == (lower.unit, middle.unit, other.unit)
    assert found[lower.unit].ancestors == (middle.unit, other.unit)
    done(await world.hand_in(world.registrar, world.unit_body(middle.unit, number=3)))
    assert (await read(world, store.units, [leaf.unit]))[leaf.unit].ancestors == (lower.unit, middle.unit)


async def test_a_sheet_is_read_with_its_end(world: World) -> None:
    child = await world.add_child([await world.add_person("mor")])
    found = await read(world, store.sheet, child.subject)
    assert found == store.KnownSheet(child.digest, child.sheet, child.sheet.not_after)
    assert await read(world, store.sheet, SubjectId.of(bytes(16))) is None


async def test_the_bundle_of_a_share_is_believed_by_a_client(world: World, clinic: Unit) -> None:
    mother = await world.add_person("mor")
    child = await world.add_child([mother])
    first = await read(world, store.latest_epoch, clinic.unit)
    assert first is not None
    begun = world.clock.now
    for _ in range(3):
        world.clock.forward(1)
        done(await world.next_epoch(clinic, clinic.members))
    asked: dict[str, Any] = {
        "persons": [mother.person, clinic.staff[0].person],
        "units": [clinic.unit],
        "subjects": [child.subject],
        "named_epochs": [first.digest],
    }
    rows = await read(world, store.statement_tokens, **asked)
    assert [index for _, index in rows] == sorted(index for _, index in rows)
    app = world.client.app
    assert app is not None
    directory = await world.believe([logged.to_json() for logged in await publish(app[WRITER], rows)])
    assert directory.epoch_at(clinic.unit, first.digest, begun).body.number == 1
    with pytest.raises(Refused):
        directory.epoch_at(clinic.unit, first.digest, world.clock.now)
    assert directory.epoch(clinic.unit).body.number == 4
    assert directory.keys(mother.person) == mother.keys


async def test_nothing_is_needed_to_believe_nothing(world: World) -> None:
    assert await read(world, store.statement_tokens) == []
    assert await read(world, store.statement_tokens, units=[new_unit()]) == []


def said(world: World, actor: Actor, unit: Any) -> Statement[Any]:
    body = world.endorsement_body(actor, world.invitation_body(actor, "custodian", unit), actor)
    return Statement("", "0" * 64, actor.sign.kid, actor.person, world.clock.now, None, body)


async def test_a_statement_for_a_unit_takes_the_units_key(world: World, clinic: Unit) -> None:
    doctor = clinic.staff[0]
    await read(world, require_key, said(world, doctor, clinic.unit), world.clock.now)
    with pytest.raises(Refused) as refusal:
        await read(world, require_key, said(world, doctor, new_unit()), world.clock.now)
    assert refusal.value.code == "not-entitled"


async def test_a_role_that_the_chain_does_not_know_has_no_rights(world: World, clinic: Unit) -> None:
    class Work:
        at = world.clock.now

        def __init__(self, connection: Any) -> None:
            self.connection = connection

    def ask(connection: Any) -> None:
        work: Any = Work(connection)
        require_right(work, said(world, clinic.custodian, clinic.unit), "", role="root")

    with pytest.raises(Refused) as refusal:
        await read(world, ask)
    assert refusal.value.code == "not-entitled"


async def test_a_code_of_another_package_is_told_as_it_is() -> None:
    assert problem_of(Rejected("some-code", "why")).body()["code"] == "some-code"


async def test_who_was_never_endorsed_has_no_key_to_sign_in_with(world: World) -> None:
    assert await read(world, store.sign_in_key, PersonId.of(bytes(16)), world.clock.now) is None


async def test_a_receipt_waits_until_the_tree_in_memory_has_the_entry(world: World) -> None:
    app = world.client.app
    assert app is not None
    # Copies: the server's own writer goes on in the background, and would take the rewound head forward again.
    writer = copy(app[WRITER])
    head, writer.log = writer.log.head, copy(writer.log)
    asked: list[int] = []

    async def refresh() -> None:
        asked.append(1)
        writer.log.head = head

    writer.__dict__["refresh"] = refresh
    writer.log.head = head._replace(size=0)
    [receipt] = await receipts_of(writer, [0])
    assert asked == [1]
    assert parse(receipt).index == 0


async def test_the_memory_of_keys_is_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    app = world.client.app
    assert app is not None
    monkeypatch.setattr("server.identity.intake._CACHED_AT_MOST", 1)
    mother = await world.add_person("mor")
    for actor in (mother, world.registrar, mother):
        assert await app[INTAKE].key(actor.sign.kid) == actor.sign.public


async def test_a_token_without_three_parts_is_refused_and_logged_without_a_digest(world: World) -> None:
    app = world.client.app
    assert app is not None
    size = world.log.head.size
    refused = await app[INTAKE].take("junk", world.registrar.person, {}, invite)
    assert isinstance(refused, Rejected)
    assert (refused.code, world.log.head.size) == ("bad-statement", size + 1)


async def test_a_sheet_may_list_nobody(world: World) -> None:
    child = await world.add_child([])
    assert (await world.get(world.registrar, f"/v1/subjects/{child.subject}")).status == 200


async def test_a_statement_is_parsed_once_and_which_one_counts_is_read_anew(world: World) -> None:
    mother = await world.add_person("mor")
    first, second = [await world.add_child([mother]) for _ in range(2)]
    bodies = Bodies(SheetBody, most=1)
    known = await read(world, bodies.get, first.digest)
    assert known == first.sheet
    assert await read(world, bodies.get, first.digest) is known
    assert await read(world, bodies.get, second.digest) == second.sheet
    assert await read(world, bodies.get, first.digest) is not known
    renamed = replace(first.sheet, number=2, responsibility=Responsibility.SOLE)
    done(await world.hand_in(world.registrar, renamed))
    found = await read(world, store.sheet, first.subject)
    assert found is not None
    assert found.body == renamed
