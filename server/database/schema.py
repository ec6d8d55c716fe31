"""The tables' common ground: one metadata, one version, and the triggers that keep history as it was.

Each package defines its own tables in its `store` with `metadata` from here, so a store must be imported before the
database is opened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import DDL, Column, Integer, MetaData, Table, event, func, insert, select

if TYPE_CHECKING:
    from sqlalchemy import Connection

SCHEMA_VERSION = 1

metadata = MetaData()

_version = Table("schema_version", metadata, Column("version", Integer, primary_key=True, autoincrement=False))

# Any fixed number does: processes that start at once on an empty PostgreSQL take turns at creating the tables.
_CREATION_LOCK = 0x666F7274


class UnknownSchema(Exception):
    """The database was laid out by another version of this program; nothing in it was touched."""


def append_only(table: Table) -> None:
    """Make the database refuse to change or delete rows of `table`.

    This stops mistakes and injected SQL, not somebody who owns the database file: those are found by the log itself.
    """
    name = table.name
    refuse = f"BEGIN SELECT RAISE(ABORT, '{name} is append-only'); END"
    raising = f"BEGIN RAISE EXCEPTION '{name} is append-only'; END"
    _after_creating(table, "sqlite", f"CREATE TRIGGER {name}_keeps BEFORE UPDATE ON {name} {refuse}")
    _after_creating(table, "sqlite", f"CREATE TRIGGER {name}_holds BEFORE DELETE ON {name} {refuse}")
    _after_creating(
        table, "postgresql", f"CREATE FUNCTION {name}_refuse() RETURNS trigger LANGUAGE plpgsql AS $${raising}$$"
    )
    _after_creating(
        table,
        "postgresql",
        f"CREATE TRIGGER {name}_keeps BEFORE UPDATE OR DELETE OR TRUNCATE ON {name} EXECUTE FUNCTION {name}_refuse()",
    )


def _after_creating(table: Table, dialect: str, statement: str) -> None:
    event.listen(table, "after_create", DDL(statement).execute_if(dialect=dialect))  # type: ignore[no-untyped-call]


def take_turns(connection: Connection) -> None:
    """Let other processes wait here until this transaction ends, where no row is there yet to be locked."""
    if connection.dialect.name == "postgresql":  # on SQLite, BEGIN IMMEDIATE has done so already
        connection.execute(select(func.pg_advisory_xact_lock(_CREATION_LOCK)))


def prepare(connection: Connection) -> None:
    """Create what is missing in an empty database and accept one of this version, inside the caller's transaction.

    Raises:
        UnknownSchema: the database has another version, or tables but no version.
    """
    take_turns(connection)
    present = set(connection.dialect.get_table_names(connection))
    if _version.name not in present:
        if present & set(metadata.tables):
            raise UnknownSchema("the database has tables of this program, but does not say their version")
        metadata.create_all(connection)
        connection.execute(insert(_version).values(version=SCHEMA_VERSION))
        return
    found = connection.execute(select(_version.c.version)).scalars().all()
    if list(found) != [SCHEMA_VERSION]:
        raise UnknownSchema(f"the database has schema version {found}, this program needs {SCHEMA_VERSION}")
