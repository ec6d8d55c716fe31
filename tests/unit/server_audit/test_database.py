from __future__ import annotations

import asyncio
import stat
import threading
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from server.database.engine import open_database
from server.database.files import create_private, replace_private
from server.database.schema import UnknownSchema

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection

    from tests.unit.server_audit.support import Place


def write(connection: Connection, *statements: str) -> None:
    with connection.begin():
        for statement in statements:
            connection.execute(text(statement))


def read(connection: Connection, question: str) -> object:
    return connection.execute(text(question)).scalar()


async def reopened(place: Place, *statements: str) -> None:
    database = await open_database(place.location)
    try:
        await database.write(write, *statements)
    finally:
        await database.close()
    database = await open_database(place.location)
    await database.close()


async def test_a_question_sees_what_was_written_and_cannot_write(place: Place) -> None:
    database = await open_database(place.location)
    try:
        await database.write(write, "INSERT INTO log_keys (scope, wrapped) VALUES ('a', '')")
        assert await database.read(read, "SELECT count(*) FROM log_keys") == 1
        with pytest.raises(DBAPIError, match=r"read-?only"):
            await database.read(read, "DELETE FROM log_keys")
        assert await database.read(read, "SELECT count(*) FROM log_keys") == 1
    finally:
        await database.close()


async def test_a_question_sees_one_state_throughout(sqlite_place: Place) -> None:
    def count_twice(connection: Connection) -> tuple[object, object]:
        before = read(connection, "SELECT count(*) FROM log_keys")
        counted.set()
        assert written.wait(5)
        return before, read(connection, "SELECT count(*) FROM log_keys")

    def write_once_counted(connection: Connection) -> None:
        assert counted.wait(5)
        write(connection, "INSERT INTO log_keys (scope, wrapped) VALUES ('a', '')")
        written.set()

    counted, written = threading.Event(), threading.Event()
    database = await open_database(sqlite_place.location)
    try:
        counts, _ = await asyncio.gather(database.read(count_twice), database.write(write_once_counted))
    finally:
        await database.close()
    assert counts == (0, 0)


async def test_a_connection_left_invalid_is_replaced(place: Place) -> None:
    def invalidate(connection: Connection) -> None:
        connection.begin()
        connection.execute(text("INSERT INTO log_keys (scope, wrapped) VALUES ('lost', '')"))
        connection.invalidate()

    database = await open_database(place.location)
    try:
        await database.write(invalidate)
        await database.write(write, "INSERT INTO log_keys (scope, wrapped) VALUES ('kept', '')")
        assert await database.read(read, "SELECT scope FROM log_keys") == "kept"
    finally:
        await database.close()


async def test_the_schema_is_made_once_and_known_again(place: Place) -> None:
    await reopened(place, "INSERT INTO log_keys (scope, wrapped) VALUES ('a', '')")
    database = await open_database(place.location)
    try:
        assert await database.read(read, "SELECT count(*) FROM log_keys") == 1
    finally:
        await database.close()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE schema_version SET version = 2",
        "DELETE FROM schema_version",
        "INSERT INTO schema_version VALUES (2)",
        "DROP TABLE schema_version",
    ],
)
async def test_a_database_of_another_version_is_refused(place: Place, change: str) -> None:
    with pytest.raises(UnknownSchema):
        await reopened(place, change)


async def test_sqlite_is_opened_for_durability(sqlite_place: Place) -> None:
    def settings(connection: Connection) -> dict[str, object]:
        names = ("journal_mode", "synchronous", "foreign_keys", "recursive_triggers", "secure_delete")
        return {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names}

    database = await open_database(sqlite_place.location)
    try:
        for found in (await database.write(settings), await database.read(settings)):
            assert found == {
                "journal_mode": "wal",
                "synchronous": 2,
                "foreign_keys": 1,
                "recursive_triggers": 1,
                "secure_delete": 1,
            }
    finally:
        await database.close()


async def test_sqlites_files_are_private(sqlite_place: Place) -> None:
    database = await open_database(sqlite_place.location)
    try:
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in sqlite_place.data_dir.glob("log.db*")}
    finally:
        await database.close()
    assert modes == {"log.db": 0o600, "log.db-wal": 0o600, "log.db-shm": 0o600}


async def test_a_database_in_a_directory_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await open_database(tmp_path / "missing" / "log.db")


def test_a_private_file_is_never_overwritten_by_creating_it(tmp_path: Path) -> None:
    create_private(tmp_path / "key", b"first")
    with pytest.raises(FileExistsError):
        create_private(tmp_path / "key", b"second")
    assert (tmp_path / "key").read_bytes() == b"first"
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600


def test_a_private_file_is_replaced_whole_whatever_an_earlier_crash_left(tmp_path: Path) -> None:
    (tmp_path / "copy.new").write_bytes(b"half")
    replace_private(tmp_path / "copy", b"first")
    replace_private(tmp_path / "copy", b"second")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("copy", b"second")]
