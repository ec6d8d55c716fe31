"""An operator swaps a recipient's key when the sender meets it for the first time: nothing is pinned yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from clients.sdk import sending
from clients.sdk.errors import Tampered
from keys import sealing, signing
from keys.encoding import encode
from tests.attacks.conftest import Watch
from tests.attacks.forging import changed, logged, replace_kind
from tests.attacks.town import Town


@dataclass
class Thief:
    """The operator's own keys."""

    sign: signing.SigningKey
    seal: sealing.SealingKey


@pytest.fixture
def thief() -> Thief:
    return Thief(signing.generate(), sealing.generate())


def swap_epoch(town: Town, statements: list[dict[str, str]], thief: Thief) -> list[Any]:
    """Put the thief's sealing key into every epoch, signed by the thief under the custodian's name."""

    def swapped(token: str) -> dict[str, str]:
        return logged(town, changed(token, lambda body: body.update(seal=encode(thief.seal.public.raw)), thief.sign))

    return replace_kind(statements, "epoch", swapped)


def swap_custodian(town: Town, statements: list[dict[str, str]], thief: Thief, key: signing.SigningKey) -> list[Any]:
    """Name the thief's key in the custodian's endorsement, signed by `key` in the registrar's place."""

    def swapped(token: str) -> dict[str, str]:
        body = signing.peek(token).body
        if body["role"] != "custodian":
            return logged(town, token)
        body["keys"] = {"sign": thief.sign.public.jwk, "seal": encode(thief.seal.public.raw)}
        body["inviter"] = key.kid
        return logged(town, signing.sign("endorsement", body, key))

    return replace_kind(statements, "endorsement", swapped)


async def assert_not_sealed(town: Town, watch: Watch, code: str) -> None:
    doctor = await town.client("doctor")
    with pytest.raises(Tampered) as refused:
        await sending.send(doctor, town.wanted())
    assert refused.value.code == code, refused.value
    assert watch.sealed == []
    assert town.events().count("shared") == 1
    assert list((town.home("doctor") / "evidence").iterdir())


async def test_a_mailbox_key_that_the_custodian_did_not_sign_is_not_sealed_to(
    town: Town, watch: Watch, thief: Thief
) -> None:
    await town.first_contact("doctor")
    path = f"/v1/units/{town.unit('clinic')}"
    town.operator.change("GET", path, lambda told: {"statements": swap_epoch(town, told["statements"], thief)})
    await assert_not_sealed(town, watch, "not-entitled")


async def test_a_custodian_that_no_registrar_vouches_for_cannot_name_a_mailbox_key(
    town: Town, watch: Watch, thief: Thief
) -> None:
    await town.first_contact("doctor")

    def change(told: Any) -> Any:
        statements = swap_custodian(town, told["statements"], thief, thief.sign)
        return {"statements": swap_epoch(town, statements, thief)}

    town.operator.change("GET", f"/v1/units/{town.unit('clinic')}", change)
    await assert_not_sealed(town, watch, "not-entitled")


async def test_another_units_custodian_cannot_name_a_mailbox_key(town: Town, watch: Watch, thief: Thief) -> None:
    colluding = (await town.client("borough-custodian")).home.keyring.signing
    await town.first_contact("doctor")
    borough = await (await town.client("borough-custodian")).transport.get(f"/v1/units/{town.unit('borough')}")

    def change(told: Any) -> Any:
        def swapped(token: str) -> dict[str, str]:
            body = signing.peek(token).body
            body.update(seal=encode(thief.seal.public.raw), iss=town.person("borough-custodian"))
            return logged(town, signing.sign("epoch", body, colluding))

        return {"statements": [*replace_kind(told["statements"], "epoch", swapped), *borough["statements"]]}

    town.operator.change("GET", f"/v1/units/{town.unit('clinic')}", change)
    await assert_not_sealed(town, watch, "not-entitled")


async def test_a_registrar_that_the_root_did_not_name_comes_with_another_root_and_is_refused(
    town: Town, watch: Watch, thief: Thief
) -> None:
    def change(told: Any) -> Any:
        body = signing.peek(told["policy"]["token"]).body
        body["registrars"][0]["keys"] = {"sign": thief.sign.public.jwk, "seal": encode(thief.seal.public.raw)}
        token = signing.sign("policy", body, thief.sign)
        return {"root": thief.sign.public.jwk, "policy": logged(town, token)}

    town.operator.change("GET", "/v1/policy", change)
    with pytest.raises(Tampered) as refused:
        await town.first_contact("doctor")
    assert refused.value.code == "wrong-root"
    assert watch.sealed == []
    assert not (town.home("doctor") / "trust.json").exists()


async def test_a_mothers_key_that_the_registrar_did_not_sign_is_not_sealed_to(
    town: Town, watch: Watch, thief: Thief
) -> None:
    doctor = await town.first_contact("doctor")

    def swapped(token: str) -> dict[str, str]:
        keys = {"sign": thief.sign.public.jwk, "seal": encode(thief.seal.public.raw)}
        return logged(town, changed(token, lambda body: body.update(keys=keys), thief.sign))

    path = f"/v1/persons/{town.person('mother')}"
    town.operator.change(
        "GET", path, lambda told: {"statements": replace_kind(told["statements"], "endorsement", swapped)}
    )
    with pytest.raises(Tampered) as refused:
        await doctor.directory(persons=[town.person("mother")])
    assert refused.value.code == "not-entitled"
    assert watch.sealed == []


async def test_the_true_keys_are_believed_at_first_contact(town: Town, watch: Watch) -> None:
    doctor = await town.first_contact("doctor")
    sent = await sending.send(doctor, town.wanted())
    assert watch.sealed
    assert (await town.open("psychologist", sent.share)).share == sent.share
