"""A server whose log lies behind what a home has seen: a withdrawal goes out, and nothing else is done there."""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path
from typing import Any

import pytest

from clients.sdk import consents, receiving, sending, subjects
from clients.sdk.errors import Denied, Tampered
from clients.sdk.opening import open_share
from protocol.consent.state import State
from protocol.identifiers import MatterId
from server.audit.log import LogBehind
from server.audit.wiring import WRITER
from tests.e2e.stage import Stage, message, own_sending, sign_all
from tests.e2e.test_command import Ended, run

BEHIND = "behind"
"""The folder with the server as it was when the backup was made."""
WHOLE = "whole.db"
"""The database as it was before the backup was put back."""


@pytest.fixture
async def consent(stage: Stage) -> str:
    """Let the mother allow something and send; then lose what happens next, which she has seen. Gives the digest."""
    matter = MatterId.of(secrets.token_bytes(16))
    async with stage.serving(), stage.client("mother") as mother:
        await consents.request(mother, own_sending(stage, matter))
        [known] = await sign_all(mother, stage, matter)
        await sending.send(mother, message(stage, matter))
    shutil.copytree(stage.server, stage.folder / BEHIND)
    async with stage.serving(), stage.client("registrar") as registrar, stage.client("mother") as mother:
        await subjects.renew(registrar, stage.child)
        await consents.listed(mother, stage.child)
    return known.digest


def put_back(stage: Stage, *, whole: bool) -> None:
    """Put the backup back: the database alone, or also the checkpoint that would have told."""
    kept = stage.folder / BEHIND
    for path in [one for one in kept.rglob("*") if one.is_file()] if whole else [kept / "server.db"]:
        shutil.copy(path, stage.server / path.relative_to(kept))


async def withdraw(stage: Stage, consent: str, *options: str, name: str = "mother") -> Ended:
    return await run(stage, name, "consent", "withdraw", consent, *options)


def trusted(home: Path) -> dict[str, bytes]:
    """Read what a home believes, and the receipts that it counts."""
    paths = [home / "trust.json", home / "policy.json", *(home / "receipts").iterdir()]
    return {path.name: path.read_bytes() for path in paths}


async def test_a_withdrawal_is_handed_in_to_a_halted_log_that_is_behind_the_home(stage: Stage, consent: str) -> None:
    shutil.copy(stage.database, stage.folder / WHOLE)
    put_back(stage, whole=False)
    before = trusted(stage.home("mother"))
    async with stage.serving() as app:
        assert isinstance(app[WRITER].log.halted, LogBehind)
        listed = await run(stage, "mother", "consent", "list", "--json")
        assert listed.status == 4
        handed_in = await withdraw(stage, consent[:12], "--json")
        assert (handed_in.status, handed_in.code) == (4, "handed-in")
        again = await withdraw(stage, consent[:12], "--json")
        assert (again.status, again.code) == (4, "handed-in")
    assert trusted(stage.home("mother")) == before
    shutil.copy(stage.folder / WHOLE, stage.database)
    async with stage.serving() as app, stage.client("gp") as gp:
        assert app[WRITER].log.halted is None
        done = await withdraw(stage, consent[:12], "--json")
        assert (done.status, done.answer) == (0, {"consent": consent, "state": "withdrawn"})
        [known] = await consents.listed(gp, stage.child)
        assert known.standing.state is State.WITHDRAWN
    assert stage.client("mother").journal.all() == []
    assert len(trusted(stage.home("mother"))) == len(before) + 1


async def test_a_withdrawal_is_handed_in_to_a_shrunken_log_that_goes_on_as_if_nothing_were_missing(
    stage: Stage, consent: str
) -> None:
    put_back(stage, whole=True)
    before = trusted(stage.home("mother"))
    async with stage.serving() as app, stage.client("gp") as gp:
        assert app[WRITER].log.halted is None
        [item] = await receiving.inbox(gp)
        norwegian, english = [await withdraw(stage, consent, "--language", one) for one in ("nb", "en")]
        assert (norwegian.status, english.status) == (4, 4)
        assert "Tilbaketrekkingen er levert. Men serverens logg ligger etter" in norwegian.err
        assert "Your withdrawal is handed in. But the server's log is behind" in english.err
        assert str(stage.home("mother") / "evidence") in norwegian.err
        with pytest.raises(Denied) as refused:
            await open_share(gp, item)
        assert refused.value.code == "withdrawn"
        # What the mother had seen stands in her withdrawal: whoever reads it learns that the log has shrunk.
        with pytest.raises(Tampered) as told:
            await consents.listed(gp, stage.child)
        assert told.value.code == "wrong-order"
        async with stage.client("mother") as mother:
            with pytest.raises(Tampered):
                await sending.send(mother, message(stage, MatterId.of(bytes(16))))
    assert trusted(stage.home("mother")) == before
    kept = [path.read_text("utf-8") for path in (stage.home("mother") / "evidence").iterdir()]
    assert any('"handed-in"' in one for one in kept)
    assert any('"before"' in one and '"now"' in one for one in kept)


async def test_a_log_that_lost_the_consent_itself_refuses_and_the_person_is_told_to_say_it_elsewhere(
    stage: Stage, built: Stage, consent: str
) -> None:
    shutil.rmtree(stage.server)
    shutil.copytree(built.server, stage.server)
    async with stage.serving():
        refused = await withdraw(stage, consent, "--json")
        english = await withdraw(stage, consent, "--language", "en")
    assert (refused.status, refused.code) == (4, "not-handed-in")
    assert "did not take your withdrawal" in english.err
    assert stage.client("mother").journal.all() == []


async def test_only_what_was_signed_from_this_home_is_withdrawn_from_its_own_receipts(
    stage: Stage, consent: str
) -> None:
    put_back(stage, whole=True)
    async with stage.serving() as app:
        size = app[WRITER].log.head.size
        for given in ("0" * 64, "f" + consent):
            unknown = await withdraw(stage, given, "--json")
            assert (unknown.status, unknown.code) == (4, "no-consistency")
        (stage.home("mother") / "policy.json").unlink()
        without: Any = await withdraw(stage, consent, "--json")
        assert (without.status, without.code) == (4, "no-consistency")
        assert app[WRITER].log.head.size == size
    assert stage.client("mother").journal.all() == []
