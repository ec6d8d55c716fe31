"""The main job through the SDK, against the real application over a socket."""

from __future__ import annotations

import secrets
import time
from dataclasses import replace
from pathlib import Path

import pytest

from clients.sdk import consents, holding, receiving, sending, transport
from clients.sdk.content import Attachment
from clients.sdk.downloading import save_file
from clients.sdk.errors import Denied, Fault
from clients.sdk.opening import open_share
from clients.sdk.receiving import Header, Item, NotReceived
from protocol.consent.state import State
from protocol.consent.vocabulary import Category
from protocol.identifiers import Instant, MatterId, ShareId
from tests.e2e.stage import Stage, message, own_sending, referral, sign_all


def new_matter() -> MatterId:
    return MatterId.of(secrets.token_bytes(16))


async def item_of(stage: Stage, name: str, share: ShareId) -> Item:
    async with stage.client(name) as client:
        return next(one for one in await receiving.inbox(client) if one.share == share and not one.own)


async def mother_allows_herself(stage: Stage, matter: MatterId) -> None:
    async with stage.client("mother") as mother:
        await consents.request(mother, own_sending(stage, matter))
        await sign_all(mother, stage, matter)


async def mother_writes(stage: Stage, matter: MatterId, words: str = "SYNTETISK. Hei.") -> ShareId:
    async with stage.client("mother") as mother:
        return (await sending.send(mother, message(stage, matter, words))).share


async def test_a_mother_sends_a_file_and_the_gp_opens_it(served: Stage, tmp_path: Path) -> None:
    matter = new_matter()
    await mother_allows_herself(served, matter)
    paper = tmp_path / "notat.txt"
    paper.write_text("SYNTETISK. " + "Rapport fra PPT. " * 10_000, encoding="utf-8")
    async with served.client("mother") as mother:
        wanted = message(served, matter)
        files = (Attachment(paper, str(Category.PPT_REPORT), paper.name),)
        told: list[tuple[int, int]] = []
        sent = await sending.send(
            mother,
            sending.Wanted(**{**{name: getattr(wanted, name) for name in wanted.__slots__}, "attachments": files}),
            progress=lambda done, total: told.append((done, total)),
        )
        assert not (mother.home.folder / "outbox" / sent.share).exists()
        assert mother.journal.all() == []
    assert told[-1][0] == told[-1][1] > 0
    async with served.client("gp") as gp:
        [item] = [one for one in await receiving.inbox(gp) if one.share == sent.share]
        [header] = await receiving.receive(gp, [item])
        assert isinstance(header, Header)
        assert (header.title, header.card and header.card.name) == ("Hilsen", "Testbarn Syntetisk")
        opened = await open_share(gp, item)
        assert opened.body.message == "SYNTETISK. Hei."
        target = tmp_path / "out.txt"
        await save_file(gp, opened, opened.body.files[0], target)
        assert target.read_bytes() == paper.read_bytes()
        assert await save_file(gp, opened, opened.body.files[0], target) == target
        receipts = [path.read_text(encoding="utf-8") for path in gp.home.receipts()]
        assert opened.receipt in receipts
        target.write_text("something else", encoding="utf-8")
        with pytest.raises(FileExistsError):
            await save_file(gp, opened, opened.body.files[0], target)
    async with served.client("mother") as mother:
        [seen] = [one for one in await receiving.sent(mother) if one["share"] == sent.share]
        [reached] = [one for one in seen["recipients"] if one["to"] == served.units["gp"]]
        assert reached["opened"] is not None


async def test_a_referral_waits_for_the_second_guardian(served: Stage) -> None:
    matter = new_matter()
    await mother_allows_herself(served, matter)
    wanted = sending.Wanted(
        subject=served.child,
        matter=matter,
        to=(served.units["bup"],),
        title="Henvisning",
        category=Category.REFERRAL,
        unit=served.units["gp"],
        message="SYNTETISK. Henvisning.",
    )
    async with served.client("gp") as gp, served.client("mother") as mother, served.client("father") as father:
        asked = await consents.request(gp, referral(served, matter), unit=served.units["gp"])
        assert len(asked) == 2
        await consents.hear(gp, served.child, matter, "for", unit=served.units["gp"])
        await sign_all(mother, served, matter)
        with pytest.raises(Denied) as refused:
            await sending.send(gp, wanted)
        assert refused.value.missing == (f"signs:{served.persons['father']}",)
        held = await sending.send(gp, wanted, hold=True)
        assert held.held
        with pytest.raises(Denied):
            await holding.release(gp, held.share)
        await sign_all(father, served, matter)
        assert not (await holding.release(gp, held.share)).held
        assert [one["share"] for one in await holding.holds(gp)] == []
    item = await item_of(served, "bup", held.share)
    async with served.client("bup") as bup:
        assert (await open_share(bup, item)).body.message == "SYNTETISK. Henvisning."


async def test_after_withdrawal_the_next_opening_is_refused_and_the_header_too(served: Stage) -> None:
    matter = new_matter()
    await mother_allows_herself(served, matter)
    share = await mother_writes(served, matter)
    item = await item_of(served, "gp", share)
    async with served.client("gp") as gp:
        await open_share(gp, item)
    async with served.client("mother") as mother:
        [known] = [one for one in await consents.listed(mother, served.child) if one.terms.matter == matter]
        await consents.withdraw(mother, known)
        await consents.withdraw(mother, known)
        [after] = [one for one in await consents.listed(mother, served.child) if one.terms.matter == matter]
        assert after.standing.state is State.WITHDRAWN
    async with served.client("gp") as gp:
        with pytest.raises(Denied):
            await open_share(gp, item)
        [refused] = await receiving.receive(gp, [item])
        assert isinstance(refused, NotReceived)
        assert refused.why


async def test_a_stranger_is_told_nothing(served: Stage) -> None:
    matter = new_matter()
    await mother_allows_herself(served, matter)
    share = await mother_writes(served, matter)
    item = await item_of(served, "gp", share)
    async with served.client("stranger") as stranger:
        assert await receiving.inbox(stranger) == []
        with pytest.raises(Denied) as refused:
            await open_share(stranger, replace(item, to=stranger.person))
        assert refused.value.code == "not-found"
        with pytest.raises(Denied):
            await consents.listed(stranger, served.child)


async def test_the_author_reads_the_own_copy_without_a_consent(served: Stage) -> None:
    matter = new_matter()
    await mother_allows_herself(served, matter)
    share = await mother_writes(served, matter, "SYNTETISK. Mitt eget.")
    async with served.client("mother") as mother:
        [own] = [one for one in await receiving.inbox(mother) if one.share == share]
        assert own.own
        assert (await open_share(mother, own)).body.message == "SYNTETISK. Mitt eget."


@pytest.mark.parametrize("minutes", [-10, 10])
async def test_a_clock_that_is_wrong_is_said_to_be_wrong(
    served: Stage, minutes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "clock", lambda: Instant(time.time_ns() // 1_000_000 + minutes * 60_000))
    async with served.client("mother") as mother:
        with pytest.raises(Fault) as refused:
            await receiving.inbox(mother)
    assert refused.value.code == "wrong-time"
