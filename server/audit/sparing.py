"""What spares a batch most of its statements: rows that are written together, and facts that are read once.

Only for actions that ask for it by `Work.later` and `Work.reading`. Both stand in for a `Connection`, so that stores
need not know. `Work.connection` shows every row and remembers nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import CompoundSelect, Insert, Select

from server.database.prepared import Rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import Connection

    Values = Mapping[str, Any]

_QUESTIONS = (Select, CompoundSelect)


class Unwritten:
    """Takes INSERTs and writes the rows later, one statement a table; `names` are the ids that they stand under.

    A row that breaks a constraint fails the whole batch then, so whoever leaves one has checked that it breaks none.
    """

    def __init__(self) -> None:
        self.names: set[str] = set()
        self._rows: dict[Insert, list[Values]] = {}

    def execute(self, statement: Insert, values: Values | list[Values]) -> None:
        """Take rows; those of one statement have the same columns."""
        self._rows.setdefault(statement, []).extend(values if isinstance(values, list) else [values])

    def clear_of(self, names: Iterable[str]) -> bool:
        """Say that no row waits under any of these ids."""
        return self.names.isdisjoint(names)

    def take(self, other: Unwritten) -> None:
        """Take over what another has."""
        self.names |= other.names
        for statement, rows in other._rows.items():
            self.execute(statement, rows)

    def write(self, connection: Connection) -> None:
        """Write all of it, tables in the order in which they were first asked for; then there is nothing left."""
        for statement, rows in self._rows.items():
            connection.execute(statement, rows)
        self._rows.clear()
        self.names.clear()


class Facts:
    """Answers SELECTs, and the same one again from memory, until told to forget: before anything may have changed."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: dict[object, Rows] = {}

    def execute(self, statement: Select[Any] | CompoundSelect[Any], values: Values | None = None) -> Rows:
        """See `Connection.execute`.

        Raises:
            TypeError: the statement is no SELECT.
        """
        if not isinstance(statement, _QUESTIONS):
            raise TypeError("facts are read here; write by `Work.connection`, or later")
        asked = statement, *_hashable({} if values is None else values)
        known = self._known.get(asked)
        if known is None:
            known = self._known[asked] = Rows(self._connection.execute(statement, values).all())
        return known

    def forget(self) -> None:
        """Remember nothing: something is about to change."""
        self._known.clear()


def _hashable(values: Values) -> Iterable[object]:
    return (tuple(value) if isinstance(value, list) else value for value in values.values())
