"""Two registrars say who signs, from the command line: the child welfare service is asked, signs, and a share opens."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from clients.sdk import consents, enrolment, subjects, units
from clients.sdk.errors import Denied, SdkError
from clients.sdk.opening import open_share
from clients.sdk.receiving import inbox
from clients.sdk.sending import Wanted as Message
from clients.sdk.sending import send
from demo.people import organisation_number
from protocol.consent.answer import Reason
from protocol.consent.vocabulary import Category, Purpose, Regime, Responsibility
from protocol.identifiers import MatterId, SubjectId
from tests.e2e.stage import Stage, enrol, newborn, own_sending
from tests.e2e.test_command import run

NUMBER = ("--paper-number", "BHN-26-417")
DECIDED = ("--decided", "2026-08-20")


async def act(stage: Stage, name: str, *words: str) -> Any:
    """Run a command that must succeed; give what it answered."""
    ended = await run(stage, name, *words, "--json")
    assert ended.status == 0, ended.out
    return ended.answer


async def fail(stage: Stage, name: str, *words: str) -> tuple[int, str]:
    ended = await run(stage, name, *words, "--json")
    return ended.status, ended.code


async def told(stage: Stage, name: str, *words: str) -> str:
    return (await run(stage, name, *words, "--language", "en")).out


@pytest.fixture
async def service(served: Stage) -> Stage:
    """A child welfare service, its caseworker, and a second registrar."""
    async with served.client("registrar") as registrar:
        served.units["welfare"] = await units.create(
            registrar,
            name="Barnevern Fjord",
            entity="Fjord kommune",
            organisation=organisation_number(7),
            regime=Regime.CHILD_WELFARE,
        )
        for person in ("caseworker", "colleague"):
            await enrol(served, registrar, person, "person")
        await enrolment.endorse_all(registrar)
    async with served.client("mother") as mother:
        # So that the practice knows of the child.
        await consents.request(mother, own_sending(served, new_matter()))
    colleague = served.persons["colleague"]
    await act(served, "registrar", "registrar", "publish", "--log", served.log_key, "--also", colleague)
    return served


def order(stage: Stage, *words: str) -> tuple[str, ...]:
    by = ("--service", "Barnevern", "--signer", stage.persons["caseworker"])
    return ("registrar", "order", stage.child, *NUMBER, *DECIDED, *by, *words)


async def ask(stage: Stage, matter: MatterId) -> None:
    """Let the practice ask to inform the clinic, and hear the child."""
    async with stage.client("gp") as gp:
        wanted = consents.Wanted(
            subject=stage.child,
            matter=matter,
            purpose=Purpose.INFORMATION,
            senders=consents.parties([stage.units["gp"]]),
            receivers=consents.parties([stage.units["bup"]]),
            categories=(Category.MESSAGE,),
        )
        await consents.request(gp, wanted, unit=stage.units["gp"])
        await consents.hear(gp, stage.child, matter, "for", unit=stage.units["gp"])


async def share(stage: Stage, matter: MatterId) -> str:
    """Let the practice send a message to the clinic; give what the clinic reads."""
    message = Message(
        subject=stage.child,
        matter=matter,
        to=(stage.units["bup"],),
        title="Hilsen",
        category=Category.MESSAGE,
        unit=stage.units["gp"],
        message="SYNTETISK. Til dere.",
    )
    async with stage.client("gp") as gp:
        await send(gp, message)
    async with stage.client("bup") as bup:
        [item] = [one for one in await inbox(bup) if not one.opened]
        return str((await open_share(bup, item)).body.message)


def new_matter() -> MatterId:
    return MatterId.of(secrets.token_bytes(16))


async def signing(stage: Stage, name: str, matter: MatterId) -> None:
    async with stage.client(name) as client:
        [known] = [one for one in await consents.listed(client, stage.child) if one.terms.matter == matter]
        await consents.sign(client, known)


async def refused(stage: Stage, matter: MatterId) -> str:
    with pytest.raises(Denied) as caught:
        await share(stage, matter)
    return caught.value.code


async def test_the_service_is_asked_signs_and_the_recipients_client_opens_what_is_shared(service: Stage) -> None:
    before = new_matter()
    await ask(service, before)
    for parent in ("mother", "father"):
        await signing(service, parent, before)
    recorded = (await act(service, "registrar", *order(service)))["recorded"]
    assert await refused(service, before) == Reason.EXCEPTION_CARE_ORDER
    confirming = ("registrar", "confirm", service.child, recorded[:12])
    assert await fail(service, "registrar", *confirming, *NUMBER) == (3, "not-entitled")
    assert await fail(service, "colleague", *confirming, "--paper-number", "BHN-26-418") == (2, "other-number")
    await act(service, "colleague", *confirming, *NUMBER)
    assert await refused(service, before) == Reason.NEEDS_NEW_CONSENT
    matter = new_matter()
    await ask(service, matter)
    waiting = (await act(service, "caseworker", "notices"))["notices"]
    assert {"sign"} <= {kind for each in waiting for kind in each["kinds"]}
    with pytest.raises(Denied):
        await signing(service, "mother", matter)
    await signing(service, "caseworker", matter)
    assert await share(service, matter) == "SYNTETISK. Til dere."
    shown = await told(service, "mother", "registrar", "authorities", service.child)
    assert "care order BHN-26-417 (2026-08-20): counts" in shown


async def test_when_an_order_is_lifted_by_two_the_parents_sign_anew(service: Stage) -> None:
    recorded = (await act(service, "registrar", *order(service)))["recorded"]
    await act(service, "colleague", "registrar", "confirm", service.child, recorded, *NUMBER)
    ended = (await act(service, "registrar", "registrar", "lift", service.child, recorded[:10]))["recorded"]
    assert await fail(service, "caseworker", "registrar", "authorities", service.child) == (3, "not-found")
    listed = await act(service, "mother", "registrar", "authorities", service.child)
    assert ([each["state"] for each in listed["authorities"]], listed["awaiting"]) == (["ending"], [ended])
    await act(service, "colleague", "registrar", "confirm", service.child, ended, *NUMBER)
    listed = await act(service, "mother", "registrar", "authorities", service.child)
    assert ([each["state"] for each in listed["authorities"]], listed["awaiting"]) == (["ended"], [])
    matter = new_matter()
    await ask(service, matter)
    for parent in ("mother", "father"):
        await signing(service, parent, matter)
    assert await share(service, matter) == "SYNTETISK. Til dere."


async def test_a_caseworker_whom_the_registrar_no_longer_vouches_for_signs_nothing(service: Stage) -> None:
    recorded = (await act(service, "registrar", *order(service)))["recorded"]
    await act(service, "colleague", "registrar", "confirm", service.child, recorded, *NUMBER)
    matter = new_matter()
    await ask(service, matter)
    await act(service, "registrar", "registrar", "end", service.persons["caseworker"])
    with pytest.raises(SdkError) as caught:
        await signing(service, "caseworker", matter)
    assert caught.value.code == "sign-in-refused"
    assert await refused(service, matter) == Reason.SIGNATURE_MISSING


async def test_an_emergency_order_takes_an_end_and_is_recorded_anew_when_rechecked(service: Stage) -> None:
    until = f"{datetime.now(UTC) + timedelta(days=20):%Y-%m-%d}"
    assert await fail(service, "registrar", *order(service, "--emergency")) == (2, "no-end")
    for _ in range(2):
        recorded = (await act(service, "registrar", *order(service, "--emergency", "--until", until)))["recorded"]
        await act(service, "colleague", "registrar", "confirm", service.child, recorded, *NUMBER)
    listed = (await act(service, "registrar", "registrar", "authorities", service.child))["authorities"]
    assert [(each["by"], each["state"]) for each in listed] == [("emergency-order", "counts")] * 2
    far = f"{datetime.now(UTC) + timedelta(days=60):%Y-%m-%d}"
    assert (await fail(service, "registrar", *order(service, "--emergency", "--until", far)))[0] != 0


async def test_a_mandate_and_a_settlement_are_recorded_and_confirmed(service: Stage) -> None:
    child = await register(service, Responsibility.UNKNOWN)
    about = (child, *NUMBER, *DECIDED)
    guardians = [word for name in ("mother", "father") for word in ("--guardian", service.persons[name])]
    settled = (await act(service, "colleague", "registrar", "settle", *about, *guardians))["recorded"]
    await act(service, "registrar", "registrar", "confirm", child, settled, *NUMBER)
    representative = ("--representative", service.persons["stranger"], "--until", "2099-01-01")
    assert await fail(service, "registrar", "registrar", "mandate", *about, *representative[:2]) == (2, "no-end")
    mandate = (await act(service, "registrar", "registrar", "mandate", *about, *representative))["recorded"]
    await act(service, "colleague", "registrar", "confirm", child, mandate, *NUMBER)
    shown = await told(service, "stranger", "registrar", "authorities", child)
    assert "parental responsibility settled BHN-26-417" in shown
    assert "representative's mandate BHN-26-417 (2026-08-20), until 01.01.2099: counts" in shown


async def register(stage: Stage, responsibility: Responsibility) -> SubjectId:
    async with stage.client("registrar") as registrar:
        made = replace(newborn(stage, "mother", "father", nth=3), responsibility=responsibility)
        return await subjects.register(registrar, made)


async def test_what_is_typed_wrongly_is_said_and_records_nothing(service: Stage) -> None:
    by = ("--service", "Barnevern", "--signer", service.persons["caseworker"])
    for wrong, code in (
        (("--paper-number", "nr 17", *DECIDED), "bad-number"),
        ((*NUMBER, "--decided", "20.08.2026"), "bad-day"),
        ((*NUMBER, *DECIDED, "--purpose", "everything"), "bad-word"),
    ):
        assert await fail(service, "registrar", "registrar", "order", service.child, *wrong, *by) == (2, code)
    assert await fail(service, "colleague", "registrar", "confirm", service.child, "ab", *NUMBER) == (
        2,
        "unclear-authority",
    )
    assert "Nothing is recorded." in await told(service, "registrar", "registrar", "authorities", service.child)
