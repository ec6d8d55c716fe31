"""That a youth of 17 cannot consent, recorded and ended from the command line: the parents sign meanwhile."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from clients.sdk import consents, enrolment, subjects
from protocol.consent.state import State
from protocol.consent.vocabulary import Category, Purpose
from protocol.identifiers import MatterId, SubjectId
from tests.e2e.stage import Stage, enrol, newborn
from tests.e2e.test_command import run
from tests.e2e.test_facts import act, fail

RULE = "no/information/16-17/unable"


@pytest.fixture
async def seventeen(served: Stage) -> SubjectId:
    """A youth of seventeen with a key of their own: the client `youth`."""
    born = (datetime.now(UTC) - timedelta(days=17 * 366)).date()
    async with served.client("registrar") as registrar:
        person = await enrol(served, registrar, "youth", "person")
        await enrolment.endorse_all(registrar)
        child = replace(newborn(served, "mother", "father", nth=9), birth_date=born, youth=person)
        return await subjects.register(registrar, child)


async def ask(stage: Stage, name: str, child: SubjectId, matter: MatterId) -> None:
    wanted = consents.Wanted(
        subject=child,
        matter=matter,
        purpose=Purpose.INFORMATION,
        senders=consents.parties([stage.units["gp"]]),
        receivers=consents.parties([stage.units["bup"]]),
        categories=(Category.MESSAGE,),
    )
    async with stage.client(name) as client:
        await consents.request(client, wanted, unit=stage.units.get(name))


async def states(stage: Stage, name: str, child: SubjectId) -> list[State]:
    async with stage.client(name) as client:
        return [each.standing.state for each in await consents.listed(client, child)]


async def test_the_parents_sign_while_it_is_recorded_that_the_youth_cannot_and_no_longer(
    served: Stage, seventeen: SubjectId
) -> None:
    matter = MatterId.of(secrets.token_bytes(16))
    about = ("--matter", matter, "--child", seventeen)
    await ask(served, "youth", seventeen, matter)
    assert await states(served, "mother", seventeen) == []
    told = ("--purpose", "information", "--ground", "mental-disorder", "--person", "told", "--kin", "not-possible")
    fact = (await act(served, "gp", "fact", "capacity", *told, *about))["fact"]
    await ask(served, "gp", seventeen, matter)
    for name in ("mother", "father"):
        async with served.client(name) as parent:
            [*_, known] = await consents.listed(parent, seventeen)
            await consents.sign(parent, known)
    async with served.client("gp") as gp:
        await consents.hear(gp, seventeen, matter, "for", unit=served.units["gp"])
    for name in ("mother", "youth", "bup"):
        assert (await states(served, name, seventeen))[-1] is State.IN_FORCE
    [listed] = (await act(served, "bup", "fact", "list", "--child", seventeen))["facts"]
    assert (listed["fact"], listed["kind"], listed["purposes"]) == (fact, "fact-capacity", ["information"])
    said = (await run(served, "bup", "fact", "list", "--child", seventeen, "--language", "nb")).out
    assert "kan ikke samtykke" in said
    assert "mental-disorder" not in said
    await act(served, "gp", "fact", "end", fact[:12], "--child", seventeen)
    assert (await states(served, "bup", seventeen))[-1] is State.NEEDS_NEW_CONSENT
    assert await states(served, "mother", seventeen) == []


@pytest.mark.parametrize(
    ("name", "wrong", "expected"),
    [
        ("gp", {"--ground": "mood"}, (2, "bad-word")),
        ("gp", {"--person": "perhaps"}, (2, "bad-word")),
        ("gp", {"--kin": "perhaps"}, (2, "bad-word")),
        ("gp", {"--purpose": "anything"}, (2, "bad-word")),
        ("mother", {}, (2, "not-staff")),
    ],
    ids=str,
)
async def test_whoever_says_it_wrongly_or_is_no_professional_is_told_so(
    served: Stage, seventeen: SubjectId, name: str, wrong: dict[str, str], expected: tuple[int, str]
) -> None:
    told = {"--purpose": "information", "--ground": "dementia", "--person": "told", "--kin": "told"}
    words = [word for pair in (told | wrong).items() for word in pair]
    about = ("--matter", MatterId.of(secrets.token_bytes(16)), "--child", seventeen)
    assert await fail(served, name, "fact", "capacity", *words, *about) == expected


async def test_the_rule_is_explained_offline(served: Stage) -> None:
    about = ("--purpose", "information", "--at", "2026-11-23", "--circumstance", "without-capacity")
    young = await run(served, "gp", "rules", "explain", *about, "--born", "2009-05-04", "--json")
    [rule] = young.answer["rules"]
    assert (rule["id"], rule["signs"], rule["may_object"]) == (RULE, "all-guardians", "youth")
    assert "4-5" in rule["reference"]
    grown = await run(served, "gp", "rules", "explain", *about, "--born", "1990-05-04", "--language", "nb")
    assert "Dette gjelder aldri tvang" in grown.out
