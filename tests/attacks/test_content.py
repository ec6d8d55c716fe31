"""The operator cuts, lengthens or swaps ciphertext: in what comes with the envelope, and in what is downloaded."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clients.sdk import sending
from clients.sdk.content import Attachment
from clients.sdk.downloading import save_file
from clients.sdk.errors import SdkError, Tampered
from clients.sdk.opening import open_with_files
from keys.encoding import decode, encode
from protocol.consent.vocabulary import Category
from tests.attacks.conftest import Watch
from tests.attacks.town import NOTE, Town

CUTS: dict[str, Callable[[bytes], bytes]] = {
    "cut by a byte": lambda whole: whole[:-1],
    "cut to its header": lambda whole: whole[:40],
    "longer by a byte": lambda whole: whole + b"\0",
    "one bit flipped": lambda whole: whole[:-1] + bytes([whole[-1] ^ 1]),
    "another length and other bytes": lambda whole: bytes(len(whole) + 7),
}


@pytest.mark.parametrize("how", CUTS)
@pytest.mark.parametrize("part", ["header", "body"])
async def test_a_changed_part_is_refused_before_anything_is_unsealed(
    town: Town, watch: Watch, part: str, how: str
) -> None:
    def change(told: Any) -> Any:
        cut = CUTS[how](decode(told["bundle"][part]))
        return {"bundle": told["bundle"] | {part: encode(cut)}}

    town.operator.change("POST", f"/v1/shares/{town.share}/open", change)
    with pytest.raises(SdkError) as refused:
        await town.open("psychologist")
    assert refused.value.code == "wrong-content", refused.value
    assert (watch.unsealed, watch.decrypted) == ([], 0)


async def test_another_shares_body_is_refused_before_anything_is_unsealed(town: Town, watch: Watch) -> None:
    sent = await sending.send(await town.client("doctor"), town.wanted())
    with town.database() as database:
        database.execute(
            "UPDATE share_parts SET data = (SELECT data FROM share_parts WHERE share = ? AND part = 'body')"
            " WHERE share = ? AND part = 'body'",
            (sent.share, town.share),
        )
    before = len(watch.unsealed)
    with pytest.raises(Tampered) as refused:
        await town.open("psychologist")
    assert refused.value.code == "wrong-content"
    assert len(watch.unsealed) == before


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder for what is received."""
    made = tmp_path / "received"
    made.mkdir()
    return made


async def assert_no_file(town: Town, folder: Path) -> None:
    opened = await town.open("psychologist")
    with pytest.raises(SdkError) as refused:
        await save_file(await town.client("psychologist"), opened, opened.body.files[0], folder / "notat.txt")
    assert refused.value.code == "wrong-content", refused.value
    assert os.listdir(folder) == []  # noqa: PTH208  (hidden files too, and no coroutine waits for it)


@pytest.mark.parametrize("how", CUTS)
async def test_a_changed_file_is_refused_and_leaves_nothing_behind(town: Town, folder: Path, how: str) -> None:
    with town.database() as database:
        [(whole,)] = database.execute(
            "SELECT data FROM share_parts WHERE share = ? AND part = 'file-1'", (town.share,)
        ).fetchall()
        cut = CUTS[how](whole)
        database.execute(
            "UPDATE share_parts SET data = ?, length = ? WHERE share = ? AND part = 'file-1'",
            (cut, len(cut), town.share),
        )
    await assert_no_file(town, folder)


async def test_another_shares_file_of_the_same_length_is_refused(town: Town, tmp_path: Path, folder: Path) -> None:
    other = tmp_path / "annet.txt"
    other.write_bytes(NOTE)
    attached = (Attachment(other, str(Category.PPT_REPORT), "notat.txt"),)
    sent = await sending.send(await town.client("doctor"), town.wanted(attachments=attached))
    with town.database() as database:
        database.execute(
            "UPDATE share_parts SET data = (SELECT data FROM share_parts WHERE share = ? AND part = 'file-1')"
            " WHERE share = ? AND part = 'file-1'",
            (sent.share, town.share),
        )
    await assert_no_file(town, folder)


async def test_the_file_that_was_sent_is_the_file_that_is_saved(town: Town, tmp_path: Path) -> None:
    opened = await town.open("psychologist")
    target = tmp_path / "notat.txt"
    await save_file(await town.client("psychologist"), opened, opened.body.files[0], target)
    assert target.read_bytes() == NOTE


async def test_a_file_that_came_before_its_share_was_refused_is_neither_decrypted_nor_kept(
    town: Town, watch: Watch, folder: Path
) -> None:
    """The first file is asked for while the bundle is verified: it must not matter that it is on its way."""

    def change(told: Any) -> Any:
        return {"bundle": told["bundle"] | {"body": encode(decode(told["bundle"]["body"])[:-1] + b"x")}}

    town.operator.change("POST", f"/v1/shares/{town.share}/open", change)
    psychologist, item = await town.client("psychologist"), await town.item("psychologist")
    with pytest.raises(SdkError) as refused:
        await open_with_files(psychologist, item, lambda entry: folder / entry.name)
    assert refused.value.code == "wrong-content", refused.value
    assert (watch.unsealed, watch.decrypted) == ([], 0)
    assert os.listdir(folder) == []  # noqa: PTH208  (same)


@pytest.mark.parametrize("how", CUTS)
async def test_a_changed_file_that_comes_with_its_share_leaves_nothing_behind(
    town: Town, folder: Path, how: str
) -> None:
    psychologist, item = await town.client("psychologist"), await town.item("psychologist")
    with town.database() as database:
        [(whole,)] = database.execute(
            "SELECT data FROM share_parts WHERE share = ? AND part = 'file-1'", (town.share,)
        ).fetchall()
        cut = CUTS[how](whole)
        database.execute(
            "UPDATE share_parts SET data = ?, length = ? WHERE share = ? AND part = 'file-1'",
            (cut, len(cut), town.share),
        )
    with pytest.raises(Tampered) as refused:
        await open_with_files(psychologist, item, lambda entry: folder / entry.name)
    assert refused.value.code == "wrong-content", refused.value
    assert os.listdir(folder) == []  # noqa: PTH208  (same)


async def test_a_share_is_opened_with_its_file_and_the_receipt_is_kept_first(town: Town, folder: Path) -> None:
    psychologist, item = await town.client("psychologist"), await town.item("psychologist")
    opened, saved = await open_with_files(psychologist, item, lambda entry: folder / entry.name)
    assert [path.read_bytes() for path in saved] == [NOTE]
    receipts = {path.read_text(encoding="utf-8"): path.stat().st_mtime_ns for path in psychologist.home.receipts()}
    assert receipts[opened.receipt] <= saved[0].stat().st_ctime_ns
    assert os.listdir(folder) == [saved[0].name]  # noqa: PTH208  (same)


async def test_a_share_without_files_is_opened_without_asking_for_any(town: Town, folder: Path) -> None:
    sent = await sending.send(await town.client("doctor"), town.wanted(attachments=()))
    before = town.events()
    item = await town.item("psychologist", sent.share)
    _, saved = await open_with_files(await town.client("psychologist"), item, lambda entry: folder / entry.name)
    assert saved == []
    assert town.events()[len(before) :] == ["opened"]
