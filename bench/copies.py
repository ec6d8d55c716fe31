"""A database filled with families: copies of one family's rows, each with ids, digests and leaves of its own.

Copies are as well-formed as what they are copied from, terms and digests included. Only the tokens of their statements
are still those of the original: they are as long, and nobody reads them.
"""

from __future__ import annotations

import re
from hashlib import sha256
from random import Random
from typing import TYPE_CHECKING, Any, TypeGuard

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

_MINE = "WITH mine AS (SELECT * FROM consents WHERE subject = :subject ORDER BY leaf_index LIMIT :consents) "
_TABLES = {
    "sheets": "subject = :subject",
    "sheet_persons": "subject = :subject",
    "matters": "matter IN (SELECT matter FROM mine)",
    "consents": "digest IN (SELECT digest FROM mine)",
    "consent_parties": "leaf_index IN (SELECT leaf_index FROM mine)",
    "consent_words": "digest IN (SELECT digest FROM mine)",
    "hearings": "matter IN (SELECT matter FROM mine)",
    "statements": """digest IN (
        SELECT digest FROM sheets WHERE subject = :subject
        UNION SELECT statement FROM mine
        UNION SELECT statement FROM consent_words WHERE digest IN (SELECT digest FROM mine)
        UNION SELECT statement FROM hearings WHERE matter IN (SELECT matter FROM mine)
    )""",
}
"""Which rows are a family's, by table."""
_NUMBERED = {"sheet_persons": "n"}
"""The column that SQLite numbers by itself."""
_UNITS = 400
_AT_ONCE = 2_000
_FIRST_LEAF = 1_000_000
_UNIT = "unt"
_NAME = re.compile(r"(?:sub|mat|con|per|unt)_[0-9a-f]{32}|[0-9a-f]{64}")
"""An id, or a digest."""


def fill(connection: sqlite3.Connection, subject: str, consents: int, each: int, seed: int = 1) -> None:
    """Copy the family of a subject until the database holds so many consents of others, `each` in a family."""
    # A database that is made anew for every comparison need not outlive a power cut.
    for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-4000000", "foreign_keys=OFF"):
        connection.execute(f"PRAGMA {pragma}")
    random, leaf = Random(seed), _FIRST_LEAF  # noqa: S311  (synthetic people, drawn the same each time)
    whole, rest = divmod(consents, each)
    for some, families in ((each, whole), (rest, 1)):
        if not some:
            continue
        original = _Original(connection, subject, some, random)
        for start in range(0, families, _AT_ONCE):
            count = min(_AT_ONCE, families - start)
            copied = [original.copy(leaf + number * original.leaves) for number in range(count)]
            leaf += count * original.leaves
            for table, columns in original.columns.items():
                rows = (row for family in copied for row in family[table])
                _insert(connection, table, columns, rows)
    connection.commit()
    connection.execute("PRAGMA journal_mode=WAL")


def _insert(connection: sqlite3.Connection, table: str, columns: list[str], rows: Iterable[list[Any]]) -> None:
    marks = ", ".join("?" * len(columns))
    names = ", ".join(columns)
    connection.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)  # noqa: S608  (names from above)


class _Original:
    """One family's rows, to be copied."""

    def __init__(self, connection: sqlite3.Connection, subject: str, consents: int, random: Random) -> None:
        self._random = random
        self._rows: dict[str, list[tuple[Any, ...]]] = {}
        self.columns: dict[str, list[str]] = {}
        for table, which in _TABLES.items():
            select = f"{_MINE} SELECT * FROM {table} WHERE {which}"  # noqa: S608  (names from above)
            found = connection.execute(select, {"subject": subject, "consents": consents})
            names = [column[0] for column in found.description]
            kept = [place for place, name in enumerate(names) if name != _NUMBERED.get(table)]
            self.columns[table] = [names[place] for place in kept]
            self._rows[table] = [tuple(row[place] for place in kept) for row in found]
        self._terms = dict(zip(self._column("consents", "digest"), self._column("consents", "terms"), strict=True))
        leaves = self._column("statements", "leaf_index")
        self._first, self.leaves = min(leaves), max(leaves) - min(leaves) + 1
        self._names: dict[str, list[str]] = {}
        for name in sorted({value for rows in self._rows.values() for row in rows for value in row if _is_name(value)}):
            self._names.setdefault(name.rpartition("_")[0], []).append(name)
        self._units = self._names[_UNIT] + [self._another(_UNIT) for _ in range(_UNITS)]

    def copy(self, leaf: int) -> dict[str, list[list[Any]]]:
        """Give the rows of another family, whose statements begin at a leaf."""
        swap: dict[Any, Any] = {}
        for kind, names in self._names.items():
            units = self._random.sample(self._units, len(names)) if kind == _UNIT else ()
            # In the order of what they replace, so that what was sorted by its ids stays so.
            swap |= zip(names, sorted(units or [self._another(kind) for _ in names]), strict=True)
        for digest, terms in self._terms.items():
            written = _NAME.sub(lambda found: swap.get(found[0], found[0]), terms.decode()).encode()
            swap[terms], swap[digest] = written, sha256(written).hexdigest()
        return {
            table: [
                [
                    value - self._first + leaf if column == "leaf_index" else swap.get(value, value)
                    for column, value in zip(self.columns[table], row, strict=True)
                ]
                for row in rows
            ]
            for table, rows in self._rows.items()
        }

    def _column(self, table: str, column: str) -> list[Any]:
        place = self.columns[table].index(column)
        return [row[place] for row in self._rows[table]]

    def _another(self, kind: str) -> str:
        """Draw an id of a kind, or with none a digest."""
        return f"{kind}_{self._random.randbytes(16).hex()}" if kind else self._random.randbytes(32).hex()


def _is_name(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and _NAME.fullmatch(value) is not None
