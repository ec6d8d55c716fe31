"""Rows of the log are edited, deleted, inserted or swapped; the authority judges an export without the server."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from clients.sdk import log
from keys.canonical import canonical
from protocol.log import merkle
from protocol.log.export import Code, Outcome, Verdict
from protocol.log.merkle import leaf_hash
from server.audit.keyfiles import load_log_key
from tests.attacks.town import Town

Harm = Callable[[sqlite3.Connection, int], None]


def rows(database: sqlite3.Connection) -> list[tuple[int, bytes]]:
    return database.execute("SELECT n, entry FROM log_leaves ORDER BY n").fetchall()


def edit(database: sqlite3.Connection, number: int) -> None:
    entry = json.loads(rows(database)[number][1]) | {"e": "notice-given"}
    database.execute("UPDATE log_leaves SET entry = ? WHERE n = ?", (canonical(entry), number))


def swap(database: sqlite3.Connection, number: int) -> None:
    (_, first), (_, second) = rows(database)[number - 1 : number + 1]
    database.execute("UPDATE log_leaves SET entry = ? WHERE n = ?", (second, number - 1))
    database.execute("UPDATE log_leaves SET entry = ? WHERE n = ?", (first, number))


def delete(database: sqlite3.Connection, number: int) -> None:
    """Take a row out and close the gap."""
    kept = [entry for n, entry in rows(database) if n != number]
    put(database, kept)


def insert(database: sqlite3.Connection, number: int) -> None:
    """Put a row of the operator's own between two others."""
    entries = [entry for _, entry in rows(database)]
    own = canonical(json.loads(entries[number]) | {"id": "0" * 32})
    put(database, [*entries[:number], own, *entries[number:-1]])


def cut(database: sqlite3.Connection, number: int) -> None:
    """Take the end off."""
    put(database, [entry for n, entry in rows(database) if n < number])


def put(database: sqlite3.Connection, entries: list[bytes]) -> None:
    database.execute("DELETE FROM log_leaves")
    database.executemany("INSERT INTO log_leaves (n, entry) VALUES (?, ?)", list(enumerate(entries)))


def set_details(database: sqlite3.Connection, number: int) -> None:
    """Put another entry's details beside an entry."""
    database.execute(
        "UPDATE log_details SET (scope, locked) = (SELECT scope, locked FROM log_details WHERE n = ?) WHERE n = ?",
        (number - 1, number),
    )


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


@pytest.mark.parametrize("harm", [edit, swap, insert, delete], ids=lambda harm: harm.__name__)
async def test_a_changed_row_is_found_and_named(town: Town, tmp_path: Path, harm: Harm) -> None:
    await town.withdraw()
    number = next(n for n, (entry, _) in enumerate(town.log()) if entry.e == "consent-withdrawn")
    # One more entry after it, so that every kind of harm leaves something behind.
    await town.open("coordinator") if False else await receive(town)
    with town.database() as database:
        harm(database, number)
    judged = await verdict(town, tmp_path / "export")
    assert judged.outcome is not Outcome.INTACT
    assert found(judged) & {Code.CHANGED, Code.MISSING, Code.SURPLUS, Code.FORK}, judged.findings
    named = next(one for one in judged.findings if one.code in {Code.CHANGED, Code.MISSING})
    assert named.sentence


async def receive(town: Town) -> None:
    """Let the log take in one entry more."""
    await (await town.client("mother")).transport.post("/v1/log/export", {"case": "X"})


async def test_details_put_beside_another_entry_are_found(town: Town, tmp_path: Path) -> None:
    number = next(n for n, (entry, _) in enumerate(town.log()) if entry.e == "consent-signed")
    with town.database() as database:
        set_details(database, number)
    with pytest.raises(Exception, match=r".") as broken:
        await verdict(town, tmp_path / "export")
    assert broken.value
    assert not (tmp_path / "export" / "export.json").exists()


@pytest.mark.parametrize("harm", [edit, swap, delete], ids=lambda harm: harm.__name__)
async def test_a_log_signed_anew_after_the_harm_is_convicted_by_what_people_kept(
    town: Town, tmp_path: Path, harm: Harm
) -> None:
    mother = await town.client("mother")
    await town.withdraw()
    number = next(n for n, (entry, _) in enumerate(town.log()) if entry.e == "consent-withdrawn")
    await town.stop()
    with town.database() as database:
        harm(database, number)
        entries = [entry for _, entry in rows(database)]
        database.execute("DELETE FROM log_details WHERE n >= ?", (len(entries),))
        sign_anew(town, database, entries)
    await town.start()
    judged = await verdict(town, tmp_path / "export", tuple(mother.home.receipts()))
    assert judged.outcome is Outcome.CONTRADICTION, judged.findings
    assert Code.FORK in found(judged) or Code.CHANGED in found(judged)


def sign_anew(town: Town, database: sqlite3.Connection, entries: list[bytes]) -> None:
    """Sign the changed history with the log's real key, and forget every checkpoint before it."""
    size = len(entries)
    note = load_log_key(town.data).sign(size, merkle.root([leaf_hash(entry) for entry in entries]))
    database.execute("DELETE FROM log_checkpoints")
    database.execute("DELETE FROM log_tiles")
    database.execute("INSERT INTO log_checkpoints (size, checkpoint) VALUES (?, ?)", (size, note))
    database.execute("UPDATE log_head SET size = ?, checkpoint = ?", (size, note))
    (town.data / "log.checkpoint").write_text(note, "utf-8")
