"""Rows of the log are edited, deleted, inserted or swapped; the authority judges an export without the server."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from clients.sdk import log
from clients.sdk.errors import SdkError
from keys.canonical import canonical
from protocol.log import merkle
from protocol.log.export import Code, Outcome, Verdict
from protocol.log.merkle import leaf_hash
from server.audit.keyfiles import load_log_key
from tests.attacks.town import Town

Row = tuple[bytes, str, bytes]
"""An entry, and beside it the scope and the locked details."""

Harm = Callable[[list[Row], int], list[Row]]


def edit(rows: list[Row], number: int) -> list[Row]:
    """Let an entry say that something else happened."""
    entry, scope, locked = rows[number]
    other = canonical(json.loads(entry) | {"e": "notice-given"})
    return [*rows[:number], (other, scope, locked), *rows[number + 1 :]]


def swap(rows: list[Row], number: int) -> list[Row]:
    """Let two things have happened in the other order."""
    return [*rows[: number - 1], rows[number], rows[number - 1], *rows[number + 1 :]]


def delete(rows: list[Row], number: int) -> list[Row]:
    """Take a row out and close the gap."""
    return [*rows[:number], *rows[number + 1 :]]


def insert(rows: list[Row], number: int) -> list[Row]:
    """Put a row of the operator's own between two others."""
    return [*rows[:number], rows[number - 1], *rows[number:-1]]


def cut(rows: list[Row], number: int) -> list[Row]:
    """Take the end off."""
    return rows[:number]


def harmed(database: sqlite3.Connection, harm: Harm, number: int) -> list[bytes]:
    """Do it to the tables, and give the entries that stand there now."""
    rows = database.execute(
        "SELECT entry, scope, locked FROM log_leaves JOIN log_details USING (n) ORDER BY n"
    ).fetchall()
    left = harm(rows, number)
    database.execute("DELETE FROM log_leaves")
    database.execute("DELETE FROM log_details")
    for n, (entry, scope, locked) in enumerate(left):
        database.execute("INSERT INTO log_leaves (n, entry) VALUES (?, ?)", (n, entry))
        database.execute("INSERT INTO log_details (n, scope, locked) VALUES (?, ?, ?)", (n, scope, locked))
    return [entry for entry, *_ in left]


async def verdict(town: Town, folder: Path, receipts: tuple[Path, ...] = ()) -> Verdict:
    """Export as the supervisor and judge it under the policy that the supervisor believes, the server switched off."""
    supervisor = await town.client("supervisor")
    await log.export(supervisor, folder, "TILSYN-2026-003")
    policy = supervisor.policy.log
    await town.stop()
    return log.verify(folder, policy, receipts)


def found(verdict: Verdict) -> set[Code]:
    return {one.code for one in verdict.findings} - {Code.UNWITNESSED}


async def test_an_untouched_log_is_found_intact(town: Town, tmp_path: Path) -> None:
    mother = await town.client("mother")
    await town.withdraw()
    judged = await verdict(town, tmp_path / "export", tuple(mother.home.receipts()))
    assert (judged.outcome, found(judged)) == (Outcome.INTACT, set())


async def withdrawn(town: Town) -> int:
    """Let the mother withdraw and one thing more happen; give the number of the withdrawal's row."""
    await town.withdraw()
    coordinator = await town.client("coordinator")
    with pytest.raises(SdkError):
        await log.export(coordinator, town.folder / "refused", "TILSYN-2026-002")
    return next(n for n, (entry, _) in enumerate(town.log()) if entry.e == "consent-withdrawn")


@pytest.mark.parametrize("harm", [edit, swap, insert, delete, cut], ids=lambda harm: harm.__name__)
async def test_a_changed_row_is_found_and_named(town: Town, tmp_path: Path, harm: Harm) -> None:
    number = await withdrawn(town)
    with town.database() as database:
        harmed(database, harm, number)
    judged = await verdict(town, tmp_path / "export")
    assert judged.outcome is not Outcome.INTACT
    assert found(judged) & {Code.CHANGED, Code.MISSING, Code.FORK}, judged.findings


@pytest.mark.parametrize("harm", [edit, swap, delete, cut], ids=lambda harm: harm.__name__)
async def test_a_log_signed_anew_after_the_harm_is_convicted_by_the_receipts_that_people_kept(
    town: Town, tmp_path: Path, harm: Harm
) -> None:
    mother = await town.client("mother")
    number = await withdrawn(town)
    await town.stop()
    with town.database() as database:
        sign_anew(town, database, harmed(database, harm, number))
    await town.start()
    judged = await verdict(town, tmp_path / "export", tuple(mother.home.receipts()))
    if harm is cut:
        # Nothing says yet that the rest will not come; that it was there, the receipt proves.
        assert (judged.outcome, Code.BEYOND in found(judged)) == (Outcome.INCOMPLETE, True), judged.findings
    else:
        assert (judged.outcome, Code.FORK in found(judged)) == (Outcome.CONTRADICTION, True), judged.findings


async def test_the_supervisors_own_client_stops_at_a_log_that_was_signed_anew(town: Town, tmp_path: Path) -> None:
    supervisor = await town.client("supervisor")
    await log.export(supervisor, tmp_path / "before", "TILSYN-2026-002")
    number = len(town.log()) - 3
    await town.stop()
    with town.database() as database:
        sign_anew(town, database, harmed(database, edit, number))
    await town.start()
    given = tuple(sorted((tmp_path / "before" / "receipts").glob("*")))
    judged = await verdict(town, tmp_path / "export", given)
    assert judged.outcome is Outcome.CONTRADICTION


async def test_details_disclosed_beside_another_entry_are_found(town: Town, tmp_path: Path) -> None:
    supervisor, folder = await town.client("supervisor"), tmp_path / "export"
    await log.export(supervisor, folder, "TILSYN-2026-003")
    path = folder / "disclosures.jsonl"
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    lines[4]["details"], lines[5]["details"] = lines[5]["details"], lines[4]["details"]
    path.write_bytes(b"".join(canonical(line) + b"\n" for line in lines))
    judged = log.verify(folder, supervisor.policy.log)
    assert judged.outcome is Outcome.CONTRADICTION
    assert {one.index for one in judged.findings if one.code is Code.COMMITMENT} == {4, 5}


def sign_anew(town: Town, database: sqlite3.Connection, entries: list[bytes]) -> None:
    """Sign the changed history with the log's real key, and forget every checkpoint before it."""
    size = len(entries)
    note = load_log_key(town.data).sign(size, merkle.root([leaf_hash(entry) for entry in entries]))
    database.execute("DELETE FROM log_checkpoints")
    database.execute("DELETE FROM log_tiles")
    database.execute("INSERT INTO log_checkpoints (size, checkpoint) VALUES (?, ?)", (size, note))
    database.execute("UPDATE log_head SET size = ?, checkpoint = ?", (size, note))
    (town.data / "log.checkpoint").write_text(note, "utf-8")
