"""Statements that are compiled once and then go straight to SQLite's own driver.

SQLAlchemy takes 30 to 60 µs to run what SQLite answers in four, and one share runs twenty statements on one thread. So
it is asked for the SQL once per statement, and after that there is only the driver. What is not a constant of some
module, and what is neither SELECT, INSERT nor UPDATE, takes the usual way.
"""

from __future__ import annotations

import sqlite3
from collections import namedtuple
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakKeyDictionary

from sqlalchemy import CompoundSelect, Insert, Select, Update
from sqlalchemy.exc import DBAPIError, MultipleResultsFound, NoResultFound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import Connection, Dialect, Result
    from sqlalchemy.sql.base import Executable
    from sqlalchemy.sql.compiler import SQLCompiler

    Statement = Insert | Update | Select[Any] | CompoundSelect[Any]
    Values = Mapping[str, Any]

_PREPARED = (Insert, Update, Select, CompoundSelect)
_WRITING = (Insert, Update)
_MARK = "__[POSTCOMPILE_{}]"


class Rows:
    """What a statement gave, with as much of `Result` as stores use; rows are named tuples."""

    __slots__ = ("_rows",)

    def __init__(self, rows: Iterable[Any]) -> None:
        self._rows = rows

    def __iter__(self) -> Iterator[Any]:
        """Give the rows in turn."""
        return iter(self._rows)

    def all(self) -> list[Any]:
        """See `Result.all`."""
        return list(self._rows)

    def first(self) -> Any:
        """See `Result.first`."""
        return next(iter(self._rows), None)

    def one_or_none(self) -> Any:
        """See `Result.one_or_none`."""
        rows = self.all()
        if len(rows) > 1:
            raise MultipleResultsFound("more than one row where one was looked for")
        return rows[0] if rows else None

    def one(self) -> Any:
        """See `Result.one`."""
        row = self.one_or_none()
        if row is None:
            raise NoResultFound("no row where one was looked for")
        return row

    def scalars(self) -> Rows:
        """See `Result.scalars`."""
        return Rows([row[0] for row in self._rows])

    def scalar_one(self) -> Any:
        """See `Result.scalar_one`."""
        return self.one()[0]

    def scalar_one_or_none(self) -> Any:
        """See `Result.scalar_one_or_none`."""
        row = self.one_or_none()
        return None if row is None else row[0]


class Prepared:
    """The SQL of one statement; where lists are expanded (`IN`), one for each length they came with."""

    def __init__(self, statement: Statement, dialect: Dialect, names: Sequence[str]) -> None:
        compiled: SQLCompiler = statement.compile(
            dialect=dialect, column_keys=list(names) if isinstance(statement, Insert) else None
        )
        # Defaults that SQLAlchemy would fill in are its own business.
        self.usable = not (compiled.insert_prefetch or compiled.update_prefetch)
        self._sql = str(compiled)
        self._order = list(compiled.positiontup or ())
        every = compiled.construct_params(dict.fromkeys(names))  # raises where one is missing
        self._fixed = {name: value for name, value in every.items() if name not in names}
        self._lists = sorted(name for name in {*self._order} if _MARK.format(name) in self._sql)
        self._expanded: dict[tuple[int, ...], str] = {}
        columns = () if isinstance(statement, _WRITING) else statement.selected_columns
        readers = [each.type.dialect_impl(dialect).result_processor(dialect, None) for each in columns]
        self._readers = readers if any(readers) else None
        made: Any = namedtuple  # noqa: PYI024  (a NamedTuple's fields must be known beforehand)
        self._row: Callable[[Iterable[Any]], Any] = made("Row", [str(each.key) for each in columns], rename=True)._make

    def run(self, driver: sqlite3.Connection, values: Values) -> Rows:
        """Run it once."""
        told = {**self._fixed, **values} if self._fixed else values
        if self._lists:
            rows = driver.execute(self._text(told), self._flat(told)).fetchall()
        else:
            rows = driver.execute(self._sql, [told[name] for name in self._order]).fetchall()
        return Rows(list(map(self._row, rows if self._readers is None else map(self._read, rows))))

    def run_each(self, driver: sqlite3.Connection, many: Iterable[Values]) -> Rows:
        """Run it for each of many rows."""
        if self._fixed:
            many = ({**self._fixed, **values} for values in many)
        driver.executemany(self._sql, [[values[name] for name in self._order] for values in many])
        return Rows(())

    def _text(self, values: Values) -> str:
        lengths = tuple(len(values[name]) for name in self._lists)
        text = self._expanded.get(lengths)
        if text is None:
            text = self._sql
            for name, length in zip(self._lists, lengths, strict=True):
                text = text.replace(_MARK.format(name), ", ".join("?" * length) if length else "SELECT 1 WHERE 0")
            self._expanded[lengths] = text
        return text

    def _flat(self, values: Values) -> list[Any]:
        flat: list[Any] = []
        for name in self._order:
            if name in self._lists:
                flat += values[name]
            else:
                flat.append(values[name])
        return flat

    def _read(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        readers = cast("list[Callable[[Any], Any] | None]", self._readers)
        return tuple(value if reader is None else reader(value) for reader, value in zip(readers, row, strict=True))


class PreparedStatements:
    """What was compiled for one database. A statement is prepared when the same object comes a second time."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._known: WeakKeyDictionary[Executable, dict[tuple[str, ...], Prepared]] = WeakKeyDictionary()

    def find(self, statement: Executable, names: tuple[str, ...]) -> Prepared | None:
        """Give the statement for parameters of these names, if it is worth preparing."""
        if not isinstance(statement, _PREPARED):
            return None
        known = self._known.get(statement)
        if known is None:  # built for this one call, for all we know
            self._known[statement] = {}
            return None
        prepared = known.get(names)
        if prepared is None:
            prepared = known[names] = Prepared(statement, self._dialect, names)
        return prepared if prepared.usable else None


class PreparedConnection:
    """Stands in for a `Connection` within a transaction: the same answers, only sooner. All else is passed on."""

    def __init__(self, connection: Connection, statements: PreparedStatements) -> None:
        self._connection = connection
        self._statements = statements
        self._driver = cast("sqlite3.Connection", connection.connection.driver_connection)

    def __getattr__(self, name: str) -> Any:
        """Be the connection in everything else."""
        return getattr(self._connection, name)

    def execute(self, statement: Executable, parameters: Values | Sequence[Values] | None = None) -> Rows | Result[Any]:
        """See `Connection.execute`; also raises like it."""
        many = parameters if isinstance(parameters, list) else None
        values = cast("Values", (many[0] if many else {}) if many is not None else parameters or {})
        prepared = self._statements.find(statement, tuple(values)) if self._connection.in_transaction() else None
        if prepared is None or many == []:
            return self._connection.execute(statement, parameters)
        try:
            return prepared.run(self._driver, values) if many is None else prepared.run_each(self._driver, many)
        except sqlite3.Error as error:
            raise _translated(error, self._connection.dialect) from error

    def exec_driver_sql(self, text: str, *given: Any) -> Any:
        """See `Connection.exec_driver_sql`; statements without parameters and rows are spared its detours."""
        if given or not text.startswith(("SAVEPOINT ", "RELEASE ", "ROLLBACK TO ")):
            return self._connection.exec_driver_sql(text, *given)
        try:
            return self._driver.execute(text)
        except sqlite3.Error as error:
            raise _translated(error, self._connection.dialect) from error


def _translated(error: sqlite3.Error, dialect: Dialect) -> BaseException:
    # Without the parameters: they may be what must not stand in a log.
    return DBAPIError.instance(None, None, error, sqlite3.Error, hide_parameters=True, dialect=dialect)
