"""The server's database edited: the client finds it, keeps the evidence, and does nothing."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from clients.sdk import consents, enrolment, receiving, sending, subjects
from clients.sdk.client import new_statement_id
from clients.sdk.content import Attachment
from clients.sdk.downloading import save_file
from clients.sdk.errors import Misused, Tampered
from clients.sdk.opening import open_share
from keys import sealing, signing
from keys.encoding import encode
from protocol.consent.terms import Text
from protocol.identifiers import MatterId
from protocol.statements.consent import SignatureBody
from tests.e2e.forging import forge, opened
from tests.e2e.stage import CHEAP, PASSPHRASE, Stage, message, own_sending, sign_all


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
            await open_share(gp, item)
    assert unsealed == []
    assert evidence(stage, "gp")


async def test_a_file_that_was_swapped_is_never_put_in_place(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    matter = await allowed(stage)
    paper = tmp_path / "rapport.txt"
    paper.write_text("SYNTETISK rapport", encoding="utf-8")
    wanted = replace(message(stage, matter), attachments=(Attachment(paper, "ppt-report", paper.name),))
    async with stage.serving(), stage.client("mother") as mother, stage.client("gp") as gp:
        await sending.send(mother, wanted)
        [item] = await receiving.inbox(gp)
        opened = await open_share(gp, item)
        [entry] = opened.body.files
        (tmp_path / "ut").mkdir()
        read = gp.transport.stream

        @asynccontextmanager
        async def swapped(method: str, path: str, **options: Any) -> AsyncIterator[Any]:
            if path.endswith("/content"):
                options["params"] = {**options["params"], "part": "body"}
            async with read(method, path, **options) as answer:
                yield answer

        monkeypatch.setattr(gp.transport, "stream", swapped)
        with pytest.raises(Tampered) as found:
            await save_file(gp, opened, entry, tmp_path / "ut" / "rapport.txt")
        assert found.value.code == "wrong-content"
    assert list((tmp_path / "ut").iterdir()) == []
    assert evidence(stage, "gp")[0]["manifest"]


async def test_a_secret_that_two_know_is_an_alarm_and_nobody_is_endorsed(stage: Stage) -> None:
    async with stage.serving(), stage.client("registrar") as registrar:
        slip = await enrolment.invite(registrar, "person")
        for name in ("aunt", "thief"):
            await enrolment.enrol(stage.home(name), PASSPHRASE, slip, cost=CHEAP)
        with pytest.raises(Tampered) as found:
            await enrolment.endorse_all(registrar)
        assert found.value.code == "two-answers"
        assert [one.state for one in await enrolment.invitations(registrar)].count("used") == 6
    assert len(evidence(stage, "registrar")[0]["keys"]) == 2


async def test_a_request_whose_text_says_something_else_is_not_signed(
    stage: Stage,
) -> None:
    matter = MatterId.of(secrets.token_bytes(16))
    async with stage.serving(), stage.client("mother") as mother:
        await consents.request(mother, own_sending(stage, matter))
        [known] = [one for one in await consents.listed(mother, stage.child) if one.terms.matter == matter]
        said = Text(known.terms.text.version, known.terms.text.language, "Alt er lov.")
        lying = replace(known, facts=replace(known.facts, terms=replace(known.terms, text=said)))
        with pytest.raises(Tampered) as found:
            await consents.sign(mother, lying)
        assert found.value.code == "wrong-text"
        [known] = [one for one in await consents.listed(mother, stage.child) if one.terms.matter == matter]
        assert known.facts.signatures == ()
    assert evidence(stage, "mother")[0]["request"]


async def test_a_policy_whose_receipt_stands_in_a_log_that_shrank_is_not_accepted(stage: Stage, tmp_path: Path) -> None:
    old = tmp_path / "old"
    shutil.copytree(stage.server, old)
    await allowed(stage)
    shutil.rmtree(stage.server)
    shutil.copytree(old, stage.server)
    async with stage.serving(), stage.client("mother") as mother:
        for _ in range(2):
            with pytest.raises(Tampered) as found:
                await mother.load_policy()
            assert found.value.code == "no-consistency"
        with pytest.raises(Misused):
            _ = mother.policy


async def test_the_receipt_of_what_was_said_before_must_stand_in_the_log_too(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    matter = await allowed(stage)
    async with stage.serving(), stage.client("mother") as mother:
        [known] = [one for one in await consents.listed(mother, stage.child) if one.terms.matter == matter]
        shown: list[str] = []

        async def saw(note: str, **_: object) -> None:
            shown.append(note)

        monkeypatch.setattr(mother, "saw", saw)
        body = SignatureBody(new_statement_id(), known.digest, known.terms.subject, matter, "1", "nb")
        again = await mother.submit("/v1/consent-statements", body)
    assert again.answer["digest"] != signing.digest(again.token)
    assert shown == [again.entry.checkpoint.note.decode()]
