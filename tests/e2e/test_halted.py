"""A backup was put back and the log stands still: a consent can be withdrawn, and its receipt comes later."""

from __future__ import annotations

import secrets
import shutil
from typing import Any

import pytest

from clients.sdk import consents, receiving, sending, subjects
from clients.sdk.client import Client
from clients.sdk.errors import Denied, SdkError, Tampered
from clients.sdk.opening import open_share
from clients.sdk.transport import Transport
from keys import signing
from protocol.consent.state import State
from protocol.identifiers import MatterId
from protocol.identity import TOLERANCE
from server.audit.log import LogBehind
from server.audit.wiring import WRITER
from tests.e2e.stage import Stage, message, own_sending, sign_all
from tests.e2e.test_command import Ended, run

BEHIND = "behind"
"""The folder with the server as it was when the backup was made."""


async def halted(stage: Stage) -> str:
    """Let the mother allow something and send, lose what happened since, and return the consent's digest."""
    matter = MatterId.of(secrets.token_bytes(16))
    async with stage.serving(), stage.client("mother") as mother:
        await consents.request(mother, own_sending(stage, matter))
        [known] = await sign_all(mother, stage, matter)
        await sending.send(mother, message(stage, matter))
    shutil.copytree(stage.server, stage.folder / BEHIND)
    async with stage.serving(), stage.client("registrar") as registrar:
        await subjects.renew(registrar, stage.child)
    shutil.copy(stage.folder / BEHIND / "server.db", stage.database)
    return known.digest


def go_on(stage: Stage) -> None:
    """Let the log go on from the backup, with the database that took the withdrawal."""
    for kept in (stage.folder / BEHIND).rglob("*"):
        if kept.is_file() and not kept.name.startswith("server.db"):
            shutil.copy(kept, stage.server / kept.relative_to(stage.folder / BEHIND))


async def withdrawn(client: Client, stage: Stage) -> bool:
    [known] = await consents.listed(client, stage.child)
    return await consents.withdraw(client, known)


async def test_a_withdrawal_waits_for_a_halted_log_and_gets_its_receipt_later(stage: Stage) -> None:
    consent = await halted(stage)
    async with stage.serving() as app, stage.client("mother") as mother, stage.client("gp") as gp:
        assert isinstance(app[WRITER].log.halted, LogBehind)
        assert not await withdrawn(mother, stage)
        [begun] = mother.journal.all()
        assert not await withdrawn(mother, stage)
        assert await mother.finish_all() == []
        assert mother.journal.all() == [begun]
        [item] = await receiving.inbox(gp)
        with pytest.raises(SdkError) as refused:
            await open_share(gp, item)
        assert refused.value.code == "halted"
    go_on(stage)
    receipts = set(stage.client("mother").home.receipts())
    async with stage.serving() as app, stage.client("mother") as mother, stage.client("gp") as gp:
        assert app[WRITER].log.halted is None
        assert await withdrawn(mother, stage)
        assert mother.journal.all() == []
        assert len(set(mother.home.receipts()) - receipts) == 1
        [known] = await consents.listed(mother, stage.child)
        assert (known.digest, known.standing.state) == (consent, State.WITHDRAWN)
        assert begun.token in {logged.token for logged in known.record.statements}
        assert not list((mother.home.folder / "evidence").glob("*"))
        with pytest.raises(Denied):
            await open_share(gp, item)


async def test_a_word_other_than_a_withdrawal_never_waits(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    matter = MatterId.of(secrets.token_bytes(16))
    pass_on = Transport.post

    async def waits(self: Transport, path: str, body: Any, **options: Any) -> Any:
        if path != "/v1/consent-statements":
            return await pass_on(self, path, body, **options)
        return {"digest": signing.digest(body["token"]), "state": "waiting"}

    async with stage.serving(), stage.client("mother") as mother:
        await consents.request(mother, own_sending(stage, matter))
        [known] = await consents.listed(mother, stage.child)
        monkeypatch.setattr(Transport, "post", waits)
        with pytest.raises(LookupError):
            await consents.sign(mother, known)


@pytest.mark.parametrize("late", [2 * TOLERANCE, -2 * TOLERANCE])
async def test_only_a_withdrawal_may_be_logged_later_than_it_was_made(
    stage: Stage, late: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    await halted(stage)
    async with stage.serving(), stage.client("mother") as mother:
        assert not await withdrawn(mother, stage)
    go_on(stage)
    async with stage.serving(), stage.client("mother") as mother:
        purpose = mother.journal.all()[0].purpose
        peek = signing.peek

        def made_earlier(token: str) -> Any:
            said = peek(token)
            if said.body.get("kind") != "consent-withdrawal":
                return said
            return said._replace(body={**said.body, "made": said.body["made"] - late})

        monkeypatch.setattr("clients.sdk.client.signing.peek", made_earlier)
        if late > 0:
            assert await mother.finish(purpose) is not None
            return
        with pytest.raises(Tampered) as early:
            await mother.finish(purpose)
        assert early.value.code == "wrong-time"


async def test_the_command_says_that_a_withdrawal_waits_and_later_that_it_is_done(stage: Stage) -> None:
    consent = await halted(stage)

    async def withdraw(*options: str) -> Ended:
        return await run(stage, "mother", "consent", "withdraw", consent[:12], *options)

    async with stage.serving():
        norwegian, english = await withdraw(), await withdraw("--language", "en")
        as_json = await withdraw("--json")
    assert (norwegian.status, english.status, as_json.status) == (0, 0, 0)
    assert "registrert hos serveren, men står ikke i loggen ennå. Ingenting kan åpnes imens." in norwegian.out
    assert "recorded at the server, but not yet in the log. Nothing can be opened meanwhile." in english.out
    assert "Run the command again later for the receipt." in english.out
    assert as_json.answer == {"consent": consent, "state": "waiting"}
    go_on(stage)
    async with stage.serving():
        done = await withdraw("--json")
    assert (done.status, done.answer) == (0, {"consent": consent, "state": "withdrawn"})
