from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NoReturn

from sqlalchemy import Column, Integer, Table, bindparam, insert, select

from server.audit.batch import StorageFault
from server.database.schema import metadata
from tests.unit.server_audit.support import append

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from server.audit.writer import Work, Writer
    from tests.unit.server_audit.support import Place

left = Table("test_left", metadata, Column("number", Integer, primary_key=True, autoincrement=False))

ADD = insert(left)
ALL = select(left.c.number).order_by(left.c.number)
SOME = ALL.where(left.c.number.in_(bindparam("some", expanding=True)))


class Mistake(Exception):
    pass


def numbers(connection: Connection) -> list[int]:
    return list(connection.execute(ALL).scalars())


def leave(work: Work, number: int) -> None:
    work.later(f"row {number}").execute(ADD, {"number": number})


def write(work: Work, number: int) -> None:
    work.connection.execute(ADD, [{"number": number}])


def read(work: Work, *names: str) -> list[int]:
    return numbers(work.reading(*names))


async def together(writer: Writer, *actions: Callable[[Work], Any]) -> list[Any]:
    """Give what each action answered; all of them are of one batch."""
    before = writer.log.head.size
    outcomes = await asyncio.gather(*(writer.submit(each) for each in (append, *actions)), return_exceptions=True)
    assert writer.log.head.size <= before + 1
    return [each if isinstance(each, BaseException) else each.result for each in outcomes[1:]]


async def test_rows_left_for_later_are_written_with_the_batch(place: Place) -> None:
    async with place.writer() as writer:
        await together(writer, lambda work: leave(work, 1), lambda work: leave(work, 2))
        assert await writer.database.read(numbers) == [1, 2]


async def test_rows_left_by_a_request_that_raises_are_never_written(place: Place) -> None:
    def leave_and_raise(work: Work) -> NoReturn:
        leave(work, 2)
        raise Mistake

    async with place.writer() as writer:
        _, fault = await together(writer, lambda work: leave(work, 1), leave_and_raise)
        assert isinstance(fault, Mistake)
        assert await writer.database.read(numbers) == [1]


async def test_reading_shows_what_was_left_under_a_name_and_may_not_show_the_rest(place: Place) -> None:
    async with place.writer() as writer:
        _, other, same, later = await together(
            writer,
            lambda work: leave(work, 1),
            lambda work: read(work, "row 2"),
            lambda work: read(work, "row 1"),
            read,
        )
    assert (other, same, later) == ([], [1], [1])


async def test_a_request_reads_what_it_has_left_itself(place: Place) -> None:
    def leave_and_read(work: Work) -> list[int]:
        assert read(work) == []
        leave(work, 1)
        return read(work, "row 1")

    async with place.writer() as writer:
        assert await together(writer, leave_and_read) == [[1]]


async def test_the_connection_shows_every_row_that_was_left(place: Place) -> None:
    def leave_more(work: Work) -> list[int]:
        leave(work, 2)
        return numbers(work.connection)

    async with place.writer() as writer:
        assert await together(writer, lambda work: leave(work, 1), leave_more) == [None, [1, 2]]


async def test_undoing_a_request_leaves_the_rows_of_those_before_it(place: Place) -> None:
    def write_and_raise(work: Work) -> NoReturn:
        leave(work, 2)
        write(work, 3)
        raise Mistake

    async with place.writer() as writer:
        await together(writer, lambda work: leave(work, 1), write_and_raise)
        assert await writer.database.read(numbers) == [1]


async def test_rows_left_after_asking_for_the_connection_are_written_too(place: Place) -> None:
    def write_and_leave(work: Work) -> None:
        write(work, 1)
        leave(work, 2)

    async with place.writer() as writer:
        await together(writer, write_and_leave)
        assert await writer.database.read(numbers) == [1, 2]


async def test_a_row_left_that_breaks_a_constraint_fails_the_whole_batch(place: Place) -> None:
    async with place.writer() as writer:
        faults = await together(writer, lambda work: leave(work, 1), lambda work: leave(work, 1))
        assert [type(fault) for fault in faults] == [StorageFault, StorageFault]
        assert await writer.database.read(numbers) == []


async def test_a_broken_row_found_by_a_later_request_still_fails_whoever_left_it(place: Place) -> None:
    async with place.writer() as writer:
        faults = await together(
            writer, lambda work: leave(work, 1), lambda work: leave(work, 1), lambda work: numbers(work.connection)
        )
        assert [type(fault) for fault in faults] == [StorageFault] * 3
        assert await writer.database.read(numbers) == []


async def test_what_a_request_writes_is_read_by_the_next(place: Place) -> None:
    async with place.writer() as writer:
        assert await together(writer, read, lambda work: write(work, 1), read) == [[], None, [1]]


async def test_what_a_request_writes_is_read_by_itself(place: Place) -> None:
    def write_between(work: Work) -> list[list[int]]:
        before = read(work)
        write(work, 1)
        return [before, read(work)]

    async with place.writer() as writer:
        assert await together(writer, write_between) == [[[], [1]]]


async def test_what_an_undone_request_wrote_is_read_by_nobody(place: Place) -> None:
    def write_read_and_raise(work: Work) -> NoReturn:
        write(work, 1)
        assert read(work) == [1]
        raise Mistake

    async with place.writer() as writer:
        _, after = await together(writer, write_read_and_raise, read)
    assert after == []


async def test_the_same_question_is_asked_once_and_another_by_itself(sqlite_place: Place) -> None:
    asked: list[Any] = []

    def ask(work: Work, *some: int) -> list[int]:
        facts = work.reading()
        inner, facts._connection = facts._connection, Counted(facts._connection, asked)  # type: ignore[attr-defined]
        found = list(facts.execute(SOME, {"some": list(some)}).scalars())
        facts._connection = inner  # type: ignore[attr-defined]
        return found

    async with sqlite_place.writer() as writer:
        await writer.submit(write, 1)
        answers = await together(
            writer, lambda work: ask(work, 1), lambda work: ask(work, 2), lambda work: ask(work, 1)
        )
    assert (answers, asked) == ([[1], [], [1]], [[1], [2]])


async def test_a_batch_remembers_nothing_of_the_one_before(place: Place) -> None:
    async with place.writer() as writer:
        assert await together(writer, read) == [[]]
        await writer.submit(leave, 1)
        assert await together(writer, read) == [[1]]


async def test_reading_writes_nothing(place: Place) -> None:
    async with place.writer() as writer:
        [fault] = await together(writer, lambda work: work.reading().execute(ADD, {"number": 1}))
    assert isinstance(fault, TypeError)


class Counted:
    """A connection that notes which rows were asked for."""

    def __init__(self, connection: Connection, asked: list[Any]) -> None:
        self._connection = connection
        self._asked = asked

    def execute(self, statement: Any, values: Any) -> Any:
        self._asked.append(values["some"])
        return self._connection.execute(statement, values)
