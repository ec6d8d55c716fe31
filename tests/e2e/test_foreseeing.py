"""Goes to parents? Told before a youth sends, from the same rule that later decides who may know."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from clients.sdk import consents, enrolment, subjects
from clients.sdk.foreseeing import ParentsSee, foreseen
from demo.people import national_number
from protocol.consent.answer import Deny
from protocol.consent.vocabulary import Category
from protocol.identifiers import MatterId, PersonId, UnitId
from tests.e2e.stage import Stage, enrol, message, newborn, own_sending, referral, sign_all
from tests.e2e.test_command import run


def new_matter() -> MatterId:
    return MatterId.of(secrets.token_bytes(16))


@pytest.fixture
async def fourteen(served: Stage) -> Stage:
    """Enrol a youth of fourteen, who is the child from now on."""
    born = (datetime.now(UTC) - timedelta(days=14 * 366)).date()
    async with served.client("registrar") as registrar:
        youth = await enrol(served, registrar, "youth", "person")
        await enrolment.endorse_all(registrar)
        child = replace(
            newborn(served, "mother", "father"),
            birth_date=born,
            national_id=national_number(born, nth=7),
            youth=youth,
        )
        return replace(served, child=await subjects.register(registrar, child))


async def youths_own(stage: Stage, matter: MatterId, *more: str) -> None:
    """Let the youth allow a sending of their own to the GP, and to these persons."""
    async with stage.client("youth") as youth:
        receivers: list[PersonId | UnitId] = [stage.units["gp"], youth.person, *(stage.persons[name] for name in more)]
        wanted = replace(
            own_sending(stage, matter),
            senders=consents.parties([youth.person]),
            receivers=consents.parties(receivers),
            categories=(Category.MESSAGE,),
        )
        await consents.request(youth, wanted)
        await sign_all(youth, stage, matter)


async def test_what_a_youth_sends_of_their_own_is_not_shown_to_parents(fourteen: Stage, tmp_path: Path) -> None:
    matter = new_matter()
    await youths_own(fourteen, matter)
    words = tmp_path / "hilsen.txt"
    words.write_text("SYNTETISK. Jeg vil snakke med noen.", encoding="utf-8")
    send = ("send", "--to", "Fjord", "--matter", matter, "--message-file", str(words))
    asked = await run(fourteen, "youth", *send, "--dry-run", "--json")
    assert (asked.status, asked.answer["parents"]) == (0, "nothing")
    assert (await run(fourteen, "youth", "sent")).out == "Ingenting er sendt.\n"
    sent = await run(fourteen, "youth", *send)
    assert sent.out.startswith("Foreldre får ikke se her at dette er sendt, og ikke hva det er.\nSendt.")
    # And so it is: the mother's list holds nothing of it.
    listed = await run(fourteen, "mother", "consent", "list", "--child", fourteen.child, "--json")
    assert listed.answer == {"consents": []}


async def test_a_parent_who_is_a_recipient_can_read_it(fourteen: Stage) -> None:
    matter = new_matter()
    await youths_own(fourteen, matter, "mother")
    async with fourteen.client("youth") as youth:
        wanted = replace(message(fourteen, matter), to=(fourteen.units["gp"],))
        # Named in the consent, the mother follows what happens under it; what is not sealed to her she cannot read.
        assert (await foreseen(youth, wanted)).parents is ParentsSee.THAT_IT_WAS_SENT
        both = replace(wanted, to=(fourteen.units["gp"], fourteen.persons["mother"]))
        assert (await foreseen(youth, both)).parents is ParentsSee.CONTENT


async def test_under_a_consent_of_the_parents_they_see_that_something_was_sent(served: Stage) -> None:
    matter = new_matter()
    async with served.client("mother") as mother, served.client("father") as father, served.client("gp") as gp:
        await consents.request(mother, referral(served, matter))
        for parent in (mother, father):
            await sign_all(parent, served, matter)
        await consents.hear(gp, served.child, matter, "for", unit=served.units["gp"])
        wanted = replace(message(served, matter), to=(served.units["bup"],), unit=served.units["gp"])
        seen = await foreseen(gp, wanted)
    assert (seen.youth, seen.parents) == (False, ParentsSee.THAT_IT_WAS_SENT)


async def test_a_dry_run_of_what_may_not_be_sent_says_why(served: Stage) -> None:
    matter = new_matter()
    async with served.client("mother") as mother:
        seen = await foreseen(mother, message(served, matter))
    assert isinstance(seen.choice.answer, Deny)
    done = await run(served, "mother", "send", "--to", "Fjord", "--matter", matter, "--dry-run", "--json")
    assert (done.status, done.code) == (3, "no-consent")
