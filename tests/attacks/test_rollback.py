"""The operator shows yesterday: an old epoch, an old policy, another root, a whole old backup."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from clients.sdk import consents, receiving, registrar, sending, units
from clients.sdk.client import Client
from clients.sdk.errors import SdkError, Tampered
from clients.sdk.opening import open_share
from clients.sdk.transport import clock
from keys import signing
from protocol.statements import base
from tests.attacks.conftest import Later, Watch
from tests.attacks.forging import changed, logged, replace_kind
from tests.attacks.town import Town


async def test_an_epoch_in_which_the_former_employee_still_stands_is_refused_by_whoever_saw_the_next(
    town: Town, watch: Watch
) -> None:
    doctor = await town.client("doctor")
    await doctor.directory(units=[town.unit("clinic")])

    def change(told: Any) -> Any:
        def older(token: str) -> Any:
            one = next(each for each in told["statements"] if each["token"] == token)
            return one if signing.peek(token).body["number"] == 1 else None

        return {"statements": replace_kind(told["statements"], "epoch", older)}

    town.operator.change("GET", f"/v1/units/{town.unit('clinic')}", change)
    with pytest.raises(Tampered) as refused:
        await sending.send(doctor, town.wanted())
    assert refused.value.code == "rolled-back"
    assert watch.sealed == []
    assert town.events().count("shared") == 1


async def test_two_epochs_of_one_number_are_evidence_against_the_custodian(town: Town, watch: Watch) -> None:
    doctor, custodian = await town.client("doctor"), await town.client("clinic-custodian")
    await doctor.directory(units=[town.unit("clinic")])
    key = custodian.home.keyring.signing

    def change(told: Any) -> Any:

        def other(token: str) -> Any:
            if signing.peek(token).body["number"] == 1:
                return next(each for each in told["statements"] if each["token"] == token)
            return logged(town, changed(token, lambda body: body["members"].pop(), key))

        return {"statements": replace_kind(told["statements"], "epoch", other)}

    town.operator.change("GET", f"/v1/units/{town.unit('clinic')}", change)
    with pytest.raises(Tampered) as refused:
        await sending.send(doctor, town.wanted())
    assert refused.value.code == "two-truths"
    assert refused.value.evidence
    assert watch.sealed == []


async def test_an_old_policy_is_refused_by_whoever_saw_the_newer(town: Town) -> None:
    doctor = await town.client("doctor")
    old = await doctor.transport.get("/v1/policy", public=True)
    await publish_next(await town.client("registrar"))
    town.clients.clear()
    await town.client("doctor")
    town.operator.serve("GET", "/v1/policy", old)
    town.clients.clear()
    with pytest.raises(Tampered) as refused:
        await town.client("doctor")
    assert refused.value.code == "rolled-back"


async def publish_next(client: Client) -> None:
    """Let the root publish the same policy under the next number."""
    root = registrar._root_key(client.home)
    body = client.policy.statement.body
    named = replace(body, number=body.number + 1)
    token = base.sign(named, root, iss=client.person, aud=client.policy.origin, made=clock(), seen=None)
    await client.transport.post("/v1/policy", {"root": root.public.jwk, "token": token}, public=True)


async def test_a_policy_past_its_end_is_refused(town: Town, later: Later) -> None:
    later.forward(370)
    with pytest.raises(SdkError) as refused:
        await town.client("doctor")
    assert refused.value.code == "ended"


def restore(town: Town, backup: Path, *, whole: bool) -> None:
    """Put a backup of the server back; without its key files and last checkpoint unless it is whole."""
    for name in ("server.db", "server.db-wal", "server.db-shm"):
        (town.data / name).unlink(missing_ok=True)
        if (backup / name).exists():
            shutil.copy(backup / name, town.data / name)
    if whole:
        shutil.copy(backup / "log.checkpoint", town.data / "log.checkpoint")


async def test_a_backup_put_back_stops_the_server_from_signing_until_a_person_decides(
    town: Town, tmp_path: Path
) -> None:
    mother = await town.client("mother")
    await town.stop()
    shutil.copytree(town.data, tmp_path / "backup")
    await town.start()
    await town.withdraw()
    await town.stop()
    restore(town, tmp_path / "backup", whole=False)
    await town.start()
    with pytest.raises(SdkError) as refused:
        await open_share(await town.client("psychologist"), await town.item("psychologist"))
    assert refused.value.code == "halted"
    assert "opened" not in town.events()
    assert mother.home.receipts()


async def test_a_whole_backup_put_back_is_seen_by_whoever_has_a_later_receipt(
    town: Town, watch: Watch, tmp_path: Path
) -> None:
    psychologist = await town.client("psychologist")
    await town.stop()
    shutil.copytree(town.data, tmp_path / "backup")
    await town.start()
    await town.open("psychologist")
    seen = psychologist.home.seen
    await town.stop()
    restore(town, tmp_path / "backup", whole=True)
    await town.start()
    before = len(watch.unsealed)
    with pytest.raises(Tampered) as refused:
        await town.open("psychologist")
    assert refused.value.code == "wrong-order", refused.value
    assert len(watch.unsealed) == before
    assert psychologist.home.seen == seen
    assert list((town.home("psychologist") / "evidence").iterdir())


async def test_a_withdrawal_undone_by_a_whole_backup_is_seen_by_the_mother(town: Town, tmp_path: Path) -> None:
    mother = await town.client("mother")
    await town.stop()
    shutil.copytree(town.data, tmp_path / "backup")
    await town.start()
    await town.withdraw()
    await town.stop()
    restore(town, tmp_path / "backup", whole=True)
    await town.start()
    with pytest.raises(Tampered) as refused:
        await consents.listed(mother, town.subject)
    assert refused.value.code == "no-consistency", refused.value


async def test_a_former_employee_gets_no_seed_and_no_share(town: Town) -> None:
    former = await town.client("former")
    with pytest.raises(SdkError) as seeds:
        await former.transport.get(f"/v1/units/{town.unit('clinic')}/seeds")
    assert seeds.value.code == "not-found"
    assert [one.share for one in await receiving.inbox(former)] == []
    item = await town.item("psychologist")
    with pytest.raises(SdkError) as refused:
        await open_share(former, item)
    assert refused.value.code == "not-a-member", refused.value
    assert town.events()[-1] == "open-refused"
    with pytest.raises(SdkError):
        await units.remove(former, town.unit("clinic"), town.person("psychologist"))
