from __future__ import annotations

import asyncio
import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from keys.vault import CannotUnlock
from protocol.log.details import Details
from protocol.log.entry import Entry
from protocol.log.merkle import EMPTY_ROOT
from protocol.log.note import BadNote
from server.audit import log as log_module
from server.audit import scopes, store
from server.audit import writer as writer_module
from server.audit.access import ActorsOnly
from server.audit.keyfiles import NoLog, init_log, load_log_key
from server.audit.log import LogBehind, LogDamaged, LogForked, LogHalted
from server.audit.scopes import Erased
from server.audit.tree import Edge
from server.database.engine import open_database
from tests.unit.server_audit.support import (
    MATTER,
    NOON,
    ORIGIN,
    OTHER_MATTER,
    OTHER_PERSON,
    PERSON,
    Place,
    append,
    details,
)

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection

    from server.audit.batch import Work
    from server.audit.writer import Writer


async def fill(writer: Writer, number: int) -> None:
    await writer.submit(append_many, number)


def append_many(work: Work, number: int) -> None:
    for _ in range(number):
        append(work)


async def execute(place: Place, *statements: str) -> None:
    """Change rows behind the server's back, triggers or not."""

    def run(connection: Connection) -> None:
        with connection.begin():
            for statement in statements:
                connection.execute(text(statement))

    database = await open_database(place.location)
    try:
        await database.write(run)
    finally:
        await database.close()


async def halted(place: Place) -> LogHalted:
    """Open the log, see that it signs nothing and still reads, and tell why."""
    async with place.writer() as writer:
        found = writer.log.halted
        assert found is not None
        with pytest.raises(type(found)):
            await writer.submit(append)
        assert await writer.database.read(store.read_head) is not None
        return found


async def test_a_restart_loads_the_same_tree_and_head(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_module, "_LOADED_AT_ONCE", 10)
    async with place.writer() as writer:
        await fill(writer, 700)
        await writer.submit(append)
        head, levels = writer.log.head, [bytes(level) for level in writer.log.tree._levels]
    async with place.writer() as writer:
        assert writer.log.halted is None
        assert writer.log.head == head
        assert [bytes(level) for level in writer.log.tree._levels] == levels
        outcome = await writer.submit(append)
    assert place.verified(outcome.receipts[0]).index == 701


async def test_the_empty_log_has_a_signed_checkpoint(place: Place) -> None:
    async with place.writer() as writer:
        signed = writer.log.key.open(writer.log.head.checkpoint)
    assert (signed.origin, signed.size, signed.root) == (ORIGIN, 0, EMPTY_ROOT)


async def test_every_published_checkpoint_is_kept(place: Place) -> None:
    async with place.writer() as writer:
        for _ in range(3):
            await writer.submit(append)
        published = await writer.database.read(store.checkpoints, -1, 10)
        for size, note in published:
            assert writer.log.key.open(note).root == Edge(writer.log.tree, size).root()
    assert [size for size, _ in published] == [0, 1, 2, 3]


async def test_a_restored_backup_is_found_and_nothing_is_signed(sqlite_place: Place, tmp_path: Path) -> None:
    backup = tmp_path / "backup.db"
    async with sqlite_place.writer() as writer:
        await writer.submit(append)
    shutil.copy(sqlite_place.location, backup)
    async with sqlite_place.writer() as writer:
        await writer.submit(append)
    shutil.copy(backup, sqlite_place.location)
    assert type(await halted(sqlite_place)) is LogBehind
    async with sqlite_place.writer() as writer:
        assert writer.log.head.size == 1
    assert load_log_key(tmp_path).open(sqlite_place_copy(tmp_path)).size == 2


def sqlite_place_copy(directory: Path) -> bytes:
    return (directory / "log.checkpoint").read_bytes()


async def test_another_history_of_the_same_length_is_a_fork(sqlite_place: Place, tmp_path: Path) -> None:
    backup = tmp_path / "backup.db"
    async with sqlite_place.writer() as writer:
        await writer.submit(append)
    shutil.copy(sqlite_place.location, backup)
    older = sqlite_place_copy(tmp_path)
    async with sqlite_place.writer() as writer:
        await writer.submit(append)
    newer = sqlite_place_copy(tmp_path)
    shutil.copy(backup, sqlite_place.location)
    (tmp_path / "log.checkpoint").write_bytes(older)
    async with sqlite_place.writer() as writer:
        await writer.submit(append)
        await writer.submit(append)
    (tmp_path / "log.checkpoint").write_bytes(newer)
    assert type(await halted(sqlite_place)) is LogForked


async def test_an_empty_database_where_entries_were_published_is_behind(sqlite_place: Place, tmp_path: Path) -> None:
    async with sqlite_place.writer() as writer:
        await writer.submit(append)
    (tmp_path / "log.db").unlink()
    async with sqlite_place.writer() as writer:
        assert type(writer.log.halted) is LogBehind
        assert await writer.database.read(store.read_head) is None


async def test_a_database_that_falls_back_while_the_server_runs_halts_it(place: Place) -> None:
    async with place.writer() as writer:
        await fill(writer, 2)
        await execute(place, "UPDATE log_head SET size = 1")
        for _ in range(2):
            with pytest.raises(LogBehind):
                await writer.submit(append)
        assert writer.log.halted is not None


async def test_two_checkpoints_of_one_size_halt_the_log(place: Place) -> None:
    async with place.writer() as writer:
        await fill(writer, 2)
        await execute(place, "UPDATE log_head SET checkpoint = 'another'")
        with pytest.raises(LogForked):
            await writer.submit(append)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE log_head SET checkpoint = replace(checkpoint, 'log', 'lag')",
        "UPDATE log_head SET size = 4",
        "UPDATE log_head SET size = 2",
    ],
)
async def test_a_head_that_nobody_signed_halts_the_log_at_start(place: Place, change: str) -> None:
    async with place.writer() as writer:
        await fill(writer, 3)
    await execute(place, change)
    assert isinstance(await halted(place), LogHalted)


async def test_an_edited_entry_halts_the_log_at_start(sqlite_place: Place) -> None:
    async with sqlite_place.writer() as writer:
        await fill(writer, 3)
    await execute(
        sqlite_place,
        "DROP TRIGGER log_leaves_keeps",
        "UPDATE log_leaves SET entry = CAST(replace(CAST(entry AS TEXT), 'shared', 'opened') AS BLOB) WHERE n = 1",
    )
    assert type(await halted(sqlite_place)) is LogDamaged


async def test_a_copy_of_the_checkpoint_that_nobody_signed_halts_the_log(place: Place) -> None:
    (place.data_dir / "log.checkpoint").write_text("anything\n")
    async with place.writer() as writer:
        assert type(writer.log.halted) is LogDamaged


@pytest.mark.parametrize("table", ["log_leaves", "log_tiles", "log_checkpoints"])
@pytest.mark.parametrize("change", ["UPDATE {} SET {} = {}", "DELETE FROM {}"])
async def test_the_database_refuses_to_change_history(place: Place, table: str, change: str) -> None:
    column = {"log_leaves": "n", "log_tiles": "n", "log_checkpoints": "size"}[table]
    async with place.writer() as writer:
        await fill(writer, 300)
    with pytest.raises(DBAPIError, match="append-only"):
        await execute(place, change.format(table, column, column))


async def test_the_database_refuses_its_own_short_cuts_around_history(place: Place) -> None:
    short_cut = "INSERT OR REPLACE INTO log_leaves (n, entry) VALUES (0, x'00')"
    if str(place.location).startswith("postgresql"):
        short_cut = "TRUNCATE log_leaves"
    async with place.writer() as writer:
        await writer.submit(append)
    with pytest.raises(DBAPIError, match="append-only"):
        await execute(place, short_cut)


async def test_details_lie_encrypted_and_open_only_for_their_own_entry(place: Place) -> None:
    async with place.writer() as writer:
        await fill(writer, 2)
        first, second = await writer.database.read(store.stored, 0, 2)
        assert first.locked is not None
        assert b"per_" not in first.locked
        assert MATTER.encode() not in first.locked
        disclosed = await writer.database.read(writer.log.disclose, [first])
        assert Details.parse(disclosed[0][1].details) == details()
        with pytest.raises(CannotUnlock):
            await writer.database.read(writer.log.disclose, [first._replace(locked=second.locked)])


async def test_each_scope_has_a_key_of_its_own_that_outlives_a_restart(place: Place) -> None:
    def to_two(work: Work) -> None:
        append(work)
        append(work, OTHER_MATTER)

    async with place.writer() as writer:
        await writer.submit(to_two)
    async with place.writer() as writer:
        await writer.submit(to_two)
        keys = await writer.database.read(store.find_keys, [MATTER, OTHER_MATTER])
        leaves = await writer.database.read(store.stored, 0, 4)
        assert len(await writer.database.read(writer.log.disclose, leaves)) == 4
    assert len(set(keys.values())) == 2


async def test_destroying_a_scopes_key_erases_its_details_and_leaves_every_proof(place: Place) -> None:
    async with place.writer() as writer:
        await fill(writer, 2)
    await execute(place, "DELETE FROM log_keys")
    async with place.writer() as writer:
        leaves = await writer.database.read(store.stored, 0, 2)
        with pytest.raises(Erased):
            await writer.database.read(writer.log.disclose, leaves)
        assert writer.log.halted is None
        with pytest.raises(Erased):
            writer.log.scopes.unlock(None, leaves[0]._replace(scope=None), Entry.parse(leaves[0].entry).id)  # type: ignore[arg-type]  # not asked for


async def test_the_cache_of_keys_does_not_grow_without_end(
    sqlite_place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scopes, "_MOST_CACHED", 2)
    async with sqlite_place.writer() as writer:
        for number in range(8):
            outcome = await writer.submit(append, f"mat_{number:032x}")
            assert sqlite_place.verified(outcome.receipts[0]).entry.t == NOON
        assert len(writer.log.scopes._vaults) <= 3


def test_a_log_is_begun_once_with_files_that_only_their_owner_reads(tmp_path: Path) -> None:
    verifier = init_log(tmp_path, ORIGIN)
    assert load_log_key(tmp_path).verifier == verifier
    assert {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {
        "log.key": 0o600,
        "details.key": 0o600,
        "log.checkpoint": 0o600,
    }
    with pytest.raises(FileExistsError):
        init_log(tmp_path, ORIGIN)
    assert load_log_key(tmp_path).verifier == verifier


def test_a_log_without_a_proper_name_is_not_begun(tmp_path: Path) -> None:
    with pytest.raises(BadNote):
        init_log(tmp_path, "two words")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["log.key", "details.key", "log.checkpoint"])
async def test_without_one_of_its_files_the_log_is_not_opened_and_nothing_is_made_up(
    sqlite_place: Place, name: str
) -> None:
    (sqlite_place.data_dir / name).unlink()
    with pytest.raises(NoLog):
        async with sqlite_place.writer():
            pass
    assert not (sqlite_place.data_dir / name).exists()


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("log.key", {"v": 2}),
        ("log.key", {"seed": "00"}),
        ("log.key", {"seed": 7}),
        ("log.key", {"origin": "two words"}),
        ("log.key", None),
        ("details.key", None),
    ],
)
async def test_a_damaged_key_file_is_said_to_be_one(
    sqlite_place: Place, name: str, change: dict[str, Any] | None
) -> None:
    path = sqlite_place.data_dir / name
    path.write_text("[]" if change is None else json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(NoLog):
        async with sqlite_place.writer():
            pass


async def test_what_was_queued_when_the_log_halted_is_not_carried_out(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Both wait before the first batch begins. That one finds the database behind; the next meets a log that has halted.
    monkeypatch.setattr(writer_module, "MOST_PER_BATCH", 1)
    async with place.writer() as writer:
        await fill(writer, 2)
        await execute(place, "UPDATE log_head SET size = 1")
        told = await asyncio.gather(writer.submit(append), writer.submit(append), return_exceptions=True)
        assert [type(each) for each in told] == [LogBehind, LogBehind]
        assert told[0] is not told[1]
        assert writer.log.head.size == 2


async def test_until_persons_are_known_everybody_reads_what_they_did_and_nobody_supervises(place: Place) -> None:
    def asked(connection: Connection) -> list[bool]:
        access = ActorsOnly()
        return [
            access.concerns(connection, PERSON, details(), NOON),
            access.concerns(connection, OTHER_PERSON, details(), NOON),
            access.is_supervisor(connection, PERSON, NOON),
        ]

    async with place.writer() as writer:
        assert await writer.database.read(asked) == [True, False, False]
