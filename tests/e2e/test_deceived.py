"""The server's database edited: the client finds it, keeps the evidence, and does nothing."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clients.sdk import consents, receiving, sending, subjects
from clients.sdk.errors import Tampered
from keys import sealing
from keys.encoding import encode
from protocol.identifiers import MatterId
from tests.e2e.forging import forge, opened
from tests.e2e.stage import Stage, message, own_sending, sign_all

NOTE_LINES = 3


async def allowed(stage: Stage) -> MatterId:
    matter = MatterId.of(secrets.token_bytes(16))
    async with stage.serving(), stage.client("mother") as mother:
        await consents.request(mother, own_sending(stage, matter))
        await sign_all(mother, stage, matter)
    return matter


def evidence(stage: Stage, name: str) -> list[dict[str, Any]]:
    return [json.loads(path.read_text(encoding="utf-8")) for path in (stage.home(name) / "evidence").glob("*.json")]


async def test_a_swapped_mailbox_key_is_sealed_to_by_nobody(stage: Stage) -> None:
    matter = await allowed(stage)
    thief = sealing.generate()

    def put(payload: dict[str, Any]) -> None:
        payload["seal"] = encode(thief.public.raw)

    forge(stage.database, ("SELECT digest FROM epochs WHERE unit = ?", (stage.units["gp"],)), put)
    async with stage.serving(), stage.client("mother") as mother:
        with pytest.raises(Tampered):
            await sending.send(mother, message(stage, matter))
    assert evidence(stage, "mother")


async def test_an_added_guardian_is_believed_by_nobody(stage: Stage) -> None:
    def put(payload: dict[str, Any]) -> None:
        payload["may_sign"].append({**payload["may_sign"][0], "person": stage.persons["stranger"]})

    forge(stage.database, ("SELECT digest FROM sheets WHERE subject = ?", (stage.child,)), put)
    async with stage.serving(), stage.client("mother") as mother:
        with pytest.raises(Tampered):
            await consents.listed(mother, stage.child)
    assert evidence(stage, "mother")[0]["statements"]


async def test_a_whole_older_database_is_noticed_by_whoever_saw_the_newer_one(stage: Stage, tmp_path: Path) -> None:
    old = tmp_path / "old"
    shutil.copytree(stage.server, old)
    async with stage.serving(), stage.client("registrar") as registrar:
        await subjects.renew(registrar, stage.child)
    async with stage.serving(), stage.client("mother") as mother:
        await mother.directory(subjects=[stage.child])
    matter = await allowed(stage)
    shutil.rmtree(stage.server)
    shutil.copytree(old, stage.server)
    async with stage.serving(), stage.client("mother") as mother:
        with pytest.raises(Tampered) as found:
            await sending.send(mother, message(stage, matter))
    assert found.value.code in {"rolled-back", "forked", "no-consistency"}


async def test_an_old_sheet_with_an_old_number_is_refused_by_whoever_pinned_the_new_one(stage: Stage) -> None:
    with opened(stage.database) as database:
        [old] = database.execute("SELECT digest FROM sheets WHERE subject = ?", (stage.child,)).fetchone()
    async with stage.serving(), stage.client("registrar") as registrar:
        await subjects.renew(registrar, stage.child)
    async with stage.serving(), stage.client("mother") as mother:
        await mother.directory(subjects=[stage.child])
    with opened(stage.database) as database:
        database.execute("UPDATE sheets SET digest = ? WHERE subject = ?", (old, stage.child))
    async with stage.serving(), stage.client("mother") as mother:
        with pytest.raises(Tampered) as found:
            await consents.listed(mother, stage.child)
    assert found.value.code == "rolled-back"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda bundle: bundle.pop("manifest"),
        lambda bundle: bundle.update(v=2),
        lambda bundle: bundle.update(envelope=encode(b"x" * 1200)),
        lambda bundle: bundle.update(header=None),
        lambda bundle: bundle.update(body=encode(b"x" * 200)),
        lambda bundle: bundle.update(statements=[]),
        lambda bundle: bundle.update(consents=[]),
        lambda bundle: bundle["open"].update(receipt=bundle["manifest"]["receipt"]),
        lambda bundle: bundle.update(statements="nothing"),
        lambda bundle: bundle.update(consistency=7),
    ],
)
async def test_a_bundle_with_anything_wrong_is_never_unsealed(
    stage: Stage, spoil: Callable[[dict[str, Any]], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    matter = await allowed(stage)
    unsealed: list[bytes] = []
    async with stage.serving(), stage.client("mother") as mother, stage.client("gp") as gp:
        await sending.send(mother, message(stage, matter))
        [item] = await receiving.inbox(gp)
        post = gp.transport.post

        async def spoilt(path: str, body: Any, **options: Any) -> Any:
            answer = await post(path, body, **options)
            spoil(answer["bundle"])
            return answer

        monkeypatch.setattr(gp.transport, "post", spoilt)
        monkeypatch.setattr(sealing, "unseal", lambda *given: unsealed.append(given[0]))
        with pytest.raises(Tampered):
            await receiving.open_share(gp, item)
    assert unsealed == []
    assert evidence(stage, "gp")
