"""A ground that lifts a signature is made up, kept from the log, hidden, borrowed from a sibling or stretched."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import pytest

from clients.sdk import consents, facts, sending
from clients.sdk.client import days, new_statement_id
from clients.sdk.errors import Denied, SdkError, Tampered
from clients.sdk.transport import clock
from keys import signing
from protocol.consent.vocabulary import Category, Purpose
from protocol.identifiers import MatterId, SubjectId
from protocol.statements import base
from protocol.statements.facts import OneGuardianBody
from tests.attacks.conftest import Later, Watch
from tests.attacks.forging import logged
from tests.attacks.town import MESSAGE, Town

GROUND = "ab" * 32


def about(town: Town, subject: SubjectId, matter: MatterId) -> facts.About:
    return facts.About(town.unit("practice"), subject, matter)


async def half_signed(town: Town, subject: SubjectId) -> MatterId:
    """Have a consent to information, from the practice to the clinic, that the mother alone has signed."""
    matter = MatterId.of(secrets.token_bytes(16))
    doctor, mother = await town.client("doctor"), await town.client("mother")
    wanted = consents.Wanted(
        subject=subject,
        matter=matter,
        purpose=Purpose.INFORMATION,
        senders=consents.parties([town.unit("practice")]),
        receivers=consents.parties([town.unit("clinic")]),
        categories=(Category.MESSAGE,),
    )
    if subject != town.subject:
        # Whom nothing is known to cannot ask: the mother does.
        await consents.request(mother, wanted)
    else:
        await consents.request(doctor, wanted, unit=town.unit("practice"))
    known = next(one for one in await consents.listed(mother, subject) if one.terms.matter == matter)
    await consents.sign(mother, known)
    return matter


async def record(town: Town, subject: SubjectId, matter: MatterId, for_days: int = 30) -> None:
    """Have the doctor record that the father need not sign."""
    doctor = await town.client("doctor")
    await facts.one_guardian(
        doctor, about(town, subject, matter), town.person("father"), "heard", "SYNTETISK", for_days=for_days
    )


def serve_facts(town: Town, change: Callable[[list[Any]], list[Any]]) -> None:
    """Answer every question about consents with other facts than there are."""

    def changed(told: Any) -> Any:
        return told | {"consents": [one | {"facts": change(one["facts"])} for one in told["consents"]]}

    town.operator.change("GET", "/v1/consents", changed)


def shared(town: Town) -> int:
    return town.events().count("shared")


async def refused(town: Town, matter: MatterId, error: type[SdkError], watch: Watch) -> str:
    """Try to send, and say why it was refused."""
    with pytest.raises(error) as caught:
        await sending.send(await town.client("doctor"), town.wanted(matter=matter))
    assert watch.sealed == []
    assert shared(town) == 1
    return caught.value.code


async def true_ground(town: Town, matter: MatterId, key: signing.SigningKey | None = None) -> str:
    """Write a ground in the doctor's name, by their own key unless another is given; nobody hands it in."""
    doctor = await town.client("doctor")
    body = OneGuardianBody(
        new_statement_id(),
        *about(town, town.subject, matter),
        town.person("father"),
        "heard",
        (),
        clock(),
        days(30),
        GROUND,
    )
    aud = (await doctor.load_policy()).origin
    return base.sign(body, key or doctor.home.keyring.signing, iss=doctor.person, aud=aud, made=clock(), seen=None)


async def test_with_a_true_ground_one_guardian_suffices_and_the_reader_opens(town: Town) -> None:
    matter = await half_signed(town, town.subject)
    await record(town, town.subject, matter)
    sent = await sending.send(await town.client("doctor"), town.wanted(matter=matter))
    opened = await town.open("psychologist", sent.share)
    assert opened.body.message == MESSAGE


async def test_a_ground_that_the_operator_signed_lifts_nothing(town: Town, watch: Watch) -> None:
    matter = await half_signed(town, town.subject)
    token = await true_ground(town, matter, signing.generate())
    serve_facts(town, lambda _: [logged(town, token)])
    assert await refused(town, matter, Tampered, watch) == "not-entitled"


async def test_a_ground_that_never_reached_the_log_lifts_nothing(town: Town, watch: Watch) -> None:
    matter = await half_signed(town, town.subject)
    token = await true_ground(town, matter)
    serve_facts(town, lambda _: [logged(town, token)])
    assert await refused(town, matter, Tampered, watch) in {"fork", "no-consistency", "wrong-order"}


async def test_a_ground_that_is_hidden_widens_nothing(town: Town, watch: Watch) -> None:
    matter = await half_signed(town, town.subject)
    await record(town, town.subject, matter)
    serve_facts(town, lambda _: [])
    assert await refused(town, matter, Denied, watch) == "signature-missing"


async def test_a_siblings_ground_lifts_nothing(town: Town, watch: Watch) -> None:
    matter, siblings = await half_signed(town, town.subject), await half_signed(town, town.sibling)
    await record(town, town.sibling, siblings)
    doctor = await town.client("doctor")
    [borrowed] = [one["facts"] for one in (await doctor.transport.get("/v1/consents", matter=siblings))["consents"]]
    assert borrowed
    serve_facts(town, lambda _: borrowed)
    assert await refused(town, matter, Denied, watch) == "signature-missing"


async def test_a_ground_that_has_ended_lifts_nothing(town: Town, watch: Watch, later: Later) -> None:
    matter = await half_signed(town, town.subject)
    await record(town, town.subject, matter, for_days=1)
    later.forward(1)
    assert await refused(town, matter, Denied, watch) == "signature-missing"
