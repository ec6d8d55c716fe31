from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    bindparam,
    create_engine,
    delete,
    event,
    insert,
    null,
    select,
    union_all,
    update,
)
from sqlalchemy.exc import IntegrityError, MultipleResultsFound, NoResultFound, SQLAlchemyError
from sqlalchemy.sql.base import Executable

from server.database.prepared import PreparedConnection, PreparedStatements

metadata = MetaData()
things = Table(
    "things",
    metadata,
    Column("name", String, primary_key=True),
    Column("size", Integer, nullable=False),
    Column("good", Boolean, nullable=False),
    Column("raw", LargeBinary),
    Column("spare", Integer, nullable=False, default=7),
)
t = things.c

ALL = select(t.name, t.size, t.good, t.raw).order_by(t.name)
ONE = select(t.name, t.size).where(t.name == bindparam("n"))
SOME = select(t.name).where(t.name.in_(bindparam("names", expanding=True)), t.size > bindparam("s")).order_by(t.name)
FIXED = select(t.name).where(t.name.in_(["a", "c"]), t.good.is_(True)).limit(5)
BOTH = union_all(
    select(t.name, t.good, t.size).where(t.name == bindparam("n")), select(t.name, t.good, null()).where(t.size == 2)
)
ADD = insert(things)
GROW = update(things).where(t.name == bindparam("n")).values(size=bindparam("s"))
SET_SEVEN = update(things).where(t.name == bindparam("n")).values(size=7)
REMOVE = delete(things).where(t.name == bindparam("n"))

ROWS: list[dict[str, Any]] = [
    {"name": name, "size": size, "good": size != 2, "raw": None if size == 1 else bytes([size]), "spare": 0}
    for size, name in enumerate("abcd", start=1)
]


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[Connection]:
    engine = create_engine(f"sqlite+pysqlite:///{tmp_path}/things.db")

    def connected(driver: Any, _: object) -> None:
        driver.isolation_level = None

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    with engine.connect() as connection:
        with connection.begin():
            metadata.create_all(connection)
            connection.execute(ADD, ROWS)
        with connection.begin():
            yield connection
    engine.dispose()


@pytest.fixture
def prepared(plain: Connection) -> Connection:
    return cast("Connection", PreparedConnection(plain, PreparedStatements(plain.dialect)))


@pytest.mark.parametrize(
    ("query", "values"),
    [
        (ALL, None),
        (ALL, {}),
        (ONE, {"n": "b"}),
        (ONE, {"n": "nobody"}),
        (SOME, {"names": ["b", "c", "d"], "s": 2}),
        (SOME, {"names": ["a"], "s": 0}),
        (SOME, {"names": [], "s": 0}),
        (FIXED, None),
        (BOTH, {"n": "a"}),
    ],
)
def test_an_answer_is_the_usual_one_however_often_it_is_asked_for(
    plain: Connection, prepared: Connection, query: Executable, values: dict[str, Any] | None
) -> None:
    usual = plain.execute(query, values).all()
    for _ in range(3):
        found = prepared.execute(query, values).all()
        assert found == usual
        assert [row._asdict() for row in found] == [row._asdict() for row in usual]
        assert [[type(value) for value in row] for row in found] == [[type(value) for value in row] for row in usual]


def test_lists_of_different_lengths_are_different_questions(prepared: Connection) -> None:
    asked: tuple[list[str], ...] = (["a"], ["a", "b"], [], ["c", "d", "a"], ["b"])
    found = [list(prepared.execute(SOME, {"names": names, "s": 0}).scalars()) for names in asked]
    assert found == [["a"], ["a", "b"], [], ["a", "c", "d"], ["b"]]


def test_rows_are_added_one_by_one_and_in_bulk(prepared: Connection) -> None:
    for number in range(3):
        prepared.execute(ADD, {**ROWS[0], "name": f"x{number}"})
        prepared.execute(ADD, [{**ROWS[0], "name": f"y{number}"}, {**ROWS[0], "name": f"z{number}"}])
    names = list(prepared.execute(select(t.name).where(t.name > "w").order_by(t.name)).scalars())
    assert names == ["x0", "x1", "x2", "y0", "y1", "y2", "z0", "z1", "z2"]


def test_defaults_are_filled_in_as_usual(prepared: Connection) -> None:
    for number in range(3):
        prepared.execute(ADD, {"name": f"x{number}", "size": 1, "good": True})
    assert prepared.execute(select(t.spare).where(t.name > "w")).scalars().all() == [7, 7, 7]


def test_one_row_is_told_from_none_and_from_several(prepared: Connection) -> None:
    few, none = {"names": ["a", "b"], "s": 0}, {"names": ["z"], "s": 0}
    for _ in range(3):
        assert prepared.execute(SOME, few).first() == ("a",)
        assert prepared.execute(SOME, none).first() is None
        assert prepared.execute(SOME, none).scalar_one_or_none() is None
        assert prepared.execute(ONE, {"n": "b"}).one().size == 2
        assert prepared.execute(ONE, {"n": "b"}).scalar_one() == "b"
        with pytest.raises(MultipleResultsFound):
            prepared.execute(SOME, few).one_or_none()
        with pytest.raises(NoResultFound):
            prepared.execute(SOME, none).one()


def test_rows_are_changed_one_by_one_and_many_at_once(prepared: Connection) -> None:
    for size in (10, 20, 30):
        prepared.execute(GROW, {"n": "a", "s": size})
        assert prepared.execute(ONE, {"n": "a"}).one().size == size
        prepared.execute(SET_SEVEN, [{"n": "a"}, {"n": "b"}])
        assert [prepared.execute(ONE, {"n": name}).one().size for name in "ab"] == [7, 7]


def test_what_is_removed_takes_the_usual_way(prepared: Connection) -> None:
    for _ in range(3):
        assert prepared.execute(REMOVE, {"n": "a"}).rowcount in {0, 1}
        assert prepared.execute(ONE, {"n": "a"}).one_or_none() is None


def test_a_missing_value_is_an_error_and_never_null(prepared: Connection) -> None:
    for _ in range(3):
        with pytest.raises(SQLAlchemyError):
            prepared.execute(ONE, {})


def test_the_drivers_faults_come_as_the_usual_ones_without_the_values(prepared: Connection) -> None:
    for add in (ROWS[0], ROWS[0], ROWS[:2], ROWS[:2]):
        with pytest.raises(IntegrityError):
            prepared.execute(ADD, add)
    with pytest.raises(IntegrityError) as caught:
        prepared.execute(ADD, {**ROWS[0], "raw": b"secret"})
    assert "secret" not in str(caught.value)


def test_savepoints_work_and_an_unknown_one_is_the_usual_fault(prepared: Connection) -> None:
    prepared.exec_driver_sql("SAVEPOINT one")
    prepared.execute(ADD, {**ROWS[0], "name": "x"})
    prepared.exec_driver_sql("ROLLBACK TO SAVEPOINT one")
    prepared.exec_driver_sql("RELEASE SAVEPOINT one")
    assert prepared.execute(ONE, {"n": "x"}).one_or_none() is None
    with pytest.raises(SQLAlchemyError):
        prepared.exec_driver_sql("RELEASE SAVEPOINT one")
    assert prepared.exec_driver_sql("SELECT 5").scalar_one() == 5
