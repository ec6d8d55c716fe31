from __future__ import annotations

from dataclasses import replace

import pytest

from keys import signing
from keys.encoding import encode
from server.audit.keyfiles import init_log
from tests.kit.actor import Actor
from tests.kit.clock import DAY, HOUR, MINUTE
from tests.kit.world import World, done


async def test_there_is_no_policy_before_the_root_has_signed_one(blank: World) -> None:
    assert (await blank.ask_publicly("GET", "/v1/policy")).status == 404


async def test_a_policy_is_published_once_and_answered_the_same_again(blank: World) -> None:
    token = blank.say(Actor("rot", blank.root_person, blank.root), blank.policy_body())
    form = {"root": blank.root.public.jwk, "token": token}
    first = done(await blank.ask_publicly("POST", "/v1/policy", form))
    blank.clock.forward(HOUR)
    again = done(await blank.ask_publicly("POST", "/v1/policy", form))
    assert again.body["digest"] == first.body["digest"]
    assert (await blank.policy()).statement.digest == first.body["digest"]


async def test_a_policy_by_another_root_is_refused_and_leaves_no_trace(blank: World) -> None:
    size = blank.log.head.size
    answer = await blank.publish_policy(blank.policy_body(), root=signing.generate())
    assert (answer.status, answer.code) == (403, "wrong-root")
    assert blank.log.head.size == size


async def test_a_key_that_is_not_on_the_curve_is_a_bad_field(blank: World) -> None:
    jwk = blank.root.public.jwk | {"x": encode(bytes(32))}
    token = blank.say(Actor("rot", blank.root_person, blank.root), blank.policy_body())
    answer = await blank.ask_publicly("POST", "/v1/policy", {"root": jwk, "token": token})
    assert (answer.status, answer.code) == (422, "bad-field")


@pytest.mark.parametrize("number", [0, 2])
async def test_the_first_policy_has_number_one(blank: World, number: int) -> None:
    assert (await blank.publish_policy(blank.policy_body(number=number))).code == "wrong-number"


@pytest.mark.parametrize("number", [0, 1, 3])
async def test_a_policys_number_is_neither_rolled_back_nor_skipped(world: World, number: int) -> None:
    world.clock.forward(1)  # another statement than the one that is there
    assert (await world.publish_policy(world.policy_body(number=number))).code == "wrong-number"


async def test_a_policy_for_another_log_is_refused(blank: World) -> None:
    _, _, key = blank.verifier.split("+", 2)
    answer = await blank.publish_policy(blank.policy_body(log=f"other.example/log+{'0' * 8}+{key}"))
    assert answer.code == "bad-statement"


async def test_a_policy_that_names_another_key_of_the_same_log_is_refused(
    blank: World, tmp_path_factory: pytest.TempPathFactory
) -> None:

    other = init_log(tmp_path_factory.mktemp("other"), blank.origin)
    assert (await blank.publish_policy(blank.policy_body(log=other))).code == "wrong-log"


async def test_a_policy_with_a_quorum_out_of_reach_is_refused(blank: World) -> None:
    assert (await blank.publish_policy(blank.policy_body(quorum=1))).code == "bad-statement"


async def test_a_policy_lives_a_year_at_most(blank: World) -> None:
    assert (await blank.publish_policy(blank.policy_body(not_after=blank.at(367 * DAY)))).code == "too-long"


async def test_a_policy_that_has_ended_is_refused(blank: World) -> None:
    assert (await blank.publish_policy(blank.policy_body(not_after=blank.at(0)))).code == "ended"


@pytest.mark.parametrize("minutes", [-6, 6])
async def test_a_policy_is_made_when_it_is_handed_in(blank: World, minutes: int) -> None:
    answer = await blank.publish_policy(blank.policy_body(), made=blank.at(minutes * MINUTE))
    assert answer.code == "wrong-time"


async def test_a_seen_checkpoint_of_nobody_is_refused(blank: World) -> None:
    answer = await blank.publish_policy(blank.policy_body(), seen="no checkpoint\n")
    assert answer.code == "bad-seen"


async def test_the_next_policy_replaces_the_registrars(world: World) -> None:
    successor = Actor("ny registrator")
    named = replace(world.policy_body().registrars[0], person=successor.person, keys=successor.keys)
    done(await world.publish_policy(world.policy_body(registrars=(named,))))
    assert await world.device(successor).sign_in() == 200
    assert await world.device(world.registrar).sign_in() == 401


async def test_when_the_policy_has_ended_nobody_enrols_and_registrars_sign_in_no_more(world: World) -> None:
    clinic = await world.add_unit("Klinikken")
    done(await world.publish_policy(world.policy_body(not_after=world.at(DAY))))
    world.clock.forward(DAY)
    assert await world.device(world.registrar).sign_in() == 401
    invitation = world.invitation_body(Actor("ny"), "staff", clinic.unit)
    token = world.say(clinic.custodian, invitation)
    assert (await world.post(clinic.custodian, "/v1/invitations", {"token": token})).code == "no-policy"
