"""The operator shows different people different logs, each signed with the log's real key."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from clients.sdk import consents, receiving, sending
from clients.sdk.errors import Tampered
from clients.sdk.opening import open_share
from keys import signing
from protocol.consent.answer import Basis, Permit
from protocol.log.receipt import parse, verify
from server.consent.routes import ON_ENDED
from server.documents import judging
from tests.attacks.conftest import Watch
from tests.attacks.forging import changed, logged, replace_kind
from tests.attacks.town import Town


@contextlib.asynccontextmanager
async def other_world(town: Town, tmp_path: Path) -> AsyncIterator[None]:
    """Serve a second history, begun where the first stands now; afterwards the first goes on as if it had not been."""
    await town.stop()
    first, second = town.folder, tmp_path / "second"
    (second).mkdir()
    shutil.copytree(town.data, second / "server")
    town.folder = second
    await town.start()
    town.folder, homes = second, first / "homes"
    (second / "homes").symlink_to(homes)
    try:
        yield
    finally:
        await town.stop()
        town.folder = first
        await town.start()


async def act(town: Town, name: str) -> None:
    """Do something small that the log takes in."""
    client = await town.client(name)
    [item] = [one for one in await receiving.inbox(client) if one.share == town.share and not one.own]
    await receiving.receive(client, [item])


async def test_whoever_is_moved_to_another_history_sees_the_fork(town: Town, tmp_path: Path, watch: Watch) -> None:
    psychologist = await town.client("psychologist")
    async with other_world(town, tmp_path):
        await act(town, "psychologist")
    await act(town, "coordinator")
    before = len(watch.unsealed)
    with pytest.raises(Tampered) as refused:
        await town.open("psychologist")
    assert refused.value.code == "forked", refused.value
    assert len(watch.unsealed) == before
    assert psychologist.home.seen is not None


async def test_a_senders_sight_of_another_history_convicts_the_log_before_the_reader(
    town: Town, tmp_path: Path, watch: Watch
) -> None:
    doctor = await town.client("doctor")
    async with other_world(town, tmp_path):
        await sending.send(doctor, town.wanted(title="I den andre verden"))
    seen = doctor.home.seen
    await act(town, "coordinator")
    with pytest.raises(Tampered) as own:
        await sending.send(doctor, town.wanted())
    assert own.value.code == "forked", own.value
    await town.first_contact("psychologist")
    arrived = [one for one in await receiving.inbox(await town.client("psychologist")) if one.share != town.share]
    before = len(watch.unsealed)
    for item in arrived:
        with pytest.raises(Tampered) as refused:
            await open_share(await town.client("psychologist"), item)
        assert refused.value.code == "forked", refused.value
        assert seen is not None
        assert seen in str(refused.value.evidence)
    assert len(watch.unsealed) == before


async def test_a_sheet_that_stands_in_a_side_tree_only_is_not_believed_by_a_sender(town: Town, watch: Watch) -> None:
    colluding = (await town.client("registrar")).home.keyring.signing
    doctor = await town.client("doctor")

    def shortened(token: str) -> dict[str, str]:
        def change(body: dict[str, Any]) -> None:
            body["number"] += 1
            body["may_sign"] = body["may_sign"][:1]

        return logged(town, changed(token, change, colluding))

    path = f"/v1/subjects/{town.subject}"
    town.operator.change(
        "GET", path, lambda told: told | {"statements": replace_kind(told["statements"], "subject-sheet", shortened)}
    )
    with pytest.raises(Tampered) as refused:
        await sending.send(doctor, town.wanted())
    assert refused.value.code == "no-consistency", refused.value
    assert watch.sealed == []


async def test_consent_words_in_a_side_tree_only_are_not_believed(town: Town, watch: Watch) -> None:
    def change(told: Any) -> Any:
        bundle = told["bundle"]
        for record in bundle["consents"]:
            record["statements"] = [logged(town, one["token"]) for one in record["statements"]]
        return {"bundle": bundle}

    town.operator.change("POST", "/v1/shares/*/open", change)
    with pytest.raises(Tampered) as refused:
        await town.open("psychologist")
    assert refused.value.code == "wrong-order", refused.value
    assert watch.unsealed == []


async def test_a_server_that_hides_a_withdrawal_from_one_reader_is_convicted_when_receipts_meet(town: Town) -> None:
    """Not prevented, as the design says: what convicts is what the two people hold."""

    mother, psychologist = await town.client("mother"), await town.client("psychologist")
    town.app[ON_ENDED].clear()
    await town.withdraw()
    told = mother.home.receipts()[-1].read_text("utf-8")

    def hide(answer: Any) -> Any:
        for record in answer["bundle"]["consents"]:
            kept = [one for one in record["statements"] if signing.peek(one["token"]).kind != "consent-withdrawal"]
            record["statements"] = kept
        return answer

    town.operator.change("POST", "/v1/shares/*/open", hide)
    with pytest.MonkeyPatch.context() as patched:
        permit_everything(patched)
        opened = await town.open("psychologist")
    log = psychologist.policy.log
    withdrawn, read = verify(parse(told), log), verify(parse(opened.receipt), log)
    assert (str(withdrawn.entry.e), str(read.entry.e)) == ("consent-withdrawn", "opened")
    assert withdrawn.details.consents == (town.consent,)
    assert town.consent in read.details.consents
    assert withdrawn.index < read.index, "the log itself holds an opening after the withdrawal it rests on"
    assert [one.digest for one in await consents.listed(mother, town.subject)] == [town.consent]


def permit_everything(patched: pytest.MonkeyPatch) -> None:
    patched.setattr(judging, "decide", lambda ask, *_: Permit(Basis.CONSENT, ask.consents, "no/any"))
