from __future__ import annotations

import asyncio
import threading
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from sqlalchemy import Column, Integer, Table, insert, select
from sqlalchemy.exc import DatabaseError
from sqlalchemy.util import await_only

from protocol.identifiers import Instant, PersonId
from protocol.log.details import BadDetails, Details
from protocol.log.event import Event
from server.audit import store
from server.audit.batch import OutcomeUnknown, StorageFault
from server.audit.writer import MOST_PER_BATCH, Work, Writer, WriterClosed
from server.database.schema import metadata
from tests.unit.server_audit.support import MATTER, NOON, OTHER_MATTER, append, details, refuse

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from tests.unit.server_audit.support import Place

rows = Table("test_rows", metadata, Column("number", Integer, primary_key=True, autoincrement=False))


class Mistake(Exception):
    pass


def write(work: Work, number: int) -> int:
    work.connection.execute(insert(rows).values(number=number))
    append(work)
    return number


def write_and_raise(work: Work, number: int) -> NoReturn:
    write(work, number)
    raise Mistake(number)


def numbers(connection: Connection) -> list[int]:
    return list(connection.execute(select(rows.c.number).order_by(rows.c.number)).scalars())


def sizes(connection: Connection) -> list[int]:
    return [size for size, _ in store.checkpoints(connection, -1, 1000)]


async def test_a_receipt_verifies_and_names_what_was_appended(place: Place) -> None:
    async with place.writer() as writer:
        outcome = await writer.submit(append)
    assert outcome.result == 0
    [text] = outcome.receipts
    proved = place.verified(text)
    assert (proved.index, proved.entry.e, proved.entry.t, proved.details) == (0, Event.SHARED, NOON, details())


async def test_an_action_without_entries_is_kept_and_gets_no_receipt(place: Place) -> None:
    def only_rows(work: Work) -> None:
        work.connection.execute(insert(rows).values(number=7))

    async with place.writer() as writer:
        assert (await writer.submit(only_rows)).receipts == ()
        assert await writer.database.read(numbers) == [7]
        assert writer.log.head.size == 0


async def test_an_action_may_append_several_entries_to_several_scopes(place: Place) -> None:
    def twice(work: Work) -> tuple[int, int]:
        return append(work), append(work, OTHER_MATTER)

    async with place.writer() as writer:
        await writer.submit(append)
        outcome = await writer.submit(twice)
    assert outcome.result == (1, 2)
    assert [place.verified(text).index for text in outcome.receipts] == [1, 2]


async def test_requests_that_wait_while_a_commit_runs_form_one_batch(place: Place) -> None:
    async with place.writer() as writer:
        first = asyncio.create_task(writer.submit(append))
        await asyncio.sleep(0)
        await asyncio.gather(first, *(writer.submit(append) for _ in range(50)))
        published = await writer.database.read(sizes)
    assert published[0] == 0
    assert published[-1] == 51
    assert len(published) <= 4


async def test_a_batch_takes_all_that_waits_but_not_too_many(sqlite_place: Place) -> None:
    async with sqlite_place.writer() as writer:
        await asyncio.gather(*(writer.submit(append) for _ in range(MOST_PER_BATCH + 1)))
        assert await writer.database.read(sizes) == [0, MOST_PER_BATCH, MOST_PER_BATCH + 1]


async def test_one_request_fails_and_the_others_of_its_batch_commit(place: Place) -> None:
    async with place.writer() as writer:
        first, failed, constrained, last = await asyncio.gather(
            writer.submit(write, 1),
            writer.submit(write_and_raise, 2),
            writer.submit(write, 1),
            writer.submit(write, 3),
            return_exceptions=True,
        )
        assert isinstance(failed, Mistake)
        assert isinstance(constrained, DatabaseError)
        assert not isinstance(first, BaseException)
        assert not isinstance(last, BaseException)
        assert [place.verified(text).index for text in first.receipts + last.receipts] == [0, 1]
        assert await writer.database.read(numbers) == [1, 3]
        assert await writer.database.read(sizes) == [0, 2]


async def test_a_returned_refusal_is_logged_with_a_receipt(place: Place) -> None:
    async with place.writer() as writer:
        outcome = await writer.submit(refuse)
    assert outcome.result == "no-consent"
    assert place.verified(outcome.receipts[0]).entry.e is Event.SHARE_REFUSED


async def test_details_out_of_form_fail_their_own_request_only(place: Place) -> None:
    def misuse(work: Work) -> int:
        return work.append(Event.SHARED, Details(actor=PersonId("somebody")), MATTER)

    async with place.writer() as writer:
        bad, good = await asyncio.gather(writer.submit(misuse), writer.submit(append), return_exceptions=True)
    assert isinstance(bad, BadDetails)
    assert not isinstance(good, BaseException)
    assert good.result == 0


async def test_time_never_falls_when_the_clock_goes_backwards(place: Place) -> None:
    def instant(work: Work) -> Instant:
        append(work)
        return work.at

    async with place.writer() as writer:
        assert (await writer.submit(instant)).result == NOON
        place.clock.move(-60_000)
        assert (await writer.submit(instant)).result == NOON
    async with place.writer() as writer:
        later = await writer.submit(instant)
        assert later.result == NOON
        assert place.verified(later.receipts[0]).entry.t == NOON
        place.clock.move(60_001)
        assert (await writer.submit(instant)).result == NOON + 1


async def test_a_failed_commit_is_an_unknown_outcome_and_the_writer_goes_on(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with place.writer() as writer:
        await writer.submit(write, 1)
        with monkeypatch.context() as patch:
            patch.setattr("sqlalchemy.engine.RootTransaction.commit", _fail)
            lost = await asyncio.gather(writer.submit(write, 2), writer.submit(write, 3), return_exceptions=True)
        assert [type(each) for each in lost] == [OutcomeUnknown, OutcomeUnknown]
        assert writer.log.head.size == 1
        outcome = await writer.submit(write, 4)
        assert place.verified(outcome.receipts[0]).index == 1
        assert await writer.database.read(numbers) == [1, 4]


async def test_a_commit_that_was_stored_but_not_told_is_taken_in_by_the_next_batch(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sqlalchemy.engine import RootTransaction  # noqa: PLC0415  (beside its only use)

    commit = RootTransaction.commit

    def commit_and_fail(self: RootTransaction) -> None:
        commit(self)
        raise ConnectionError

    async with place.writer() as writer:
        await writer.submit(write, 1)
        with monkeypatch.context() as patch:
            patch.setattr("sqlalchemy.engine.RootTransaction.commit", commit_and_fail)
            with pytest.raises(OutcomeUnknown):
                await writer.submit(write, 2)
        outcome = await writer.submit(write, 3)
        assert place.verified(outcome.receipts[0]).index == 2
        assert await writer.database.read(numbers) == [1, 2, 3]


async def test_a_fault_while_sealing_stores_nothing_and_tells_every_submitter(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with place.writer() as writer:
        with monkeypatch.context() as patch:
            patch.setattr(store, "add_leaves", _fail)
            told = await asyncio.gather(writer.submit(write, 1), writer.submit(write, 2), return_exceptions=True)
        assert [type(each) for each in told] == [StorageFault, StorageFault]
        assert told[0] is not told[1]
        assert await writer.database.read(numbers) == []
        assert (await writer.submit(write, 1)).result == 1


async def test_a_transaction_that_an_action_ended_fails_the_batch_whole(sqlite_place: Place) -> None:
    def roll_back_behind_our_back(work: Work) -> None:
        work.connection.exec_driver_sql("ROLLBACK")

    async with sqlite_place.writer() as writer:
        told = await asyncio.gather(
            writer.submit(write, 1), writer.submit(roll_back_behind_our_back), return_exceptions=True
        )
        assert [type(each) for each in told] == [StorageFault, StorageFault]
        assert await writer.database.read(numbers) == []


async def test_a_database_out_of_reach_is_a_storage_fault(sqlite_place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    async with sqlite_place.writer() as writer:
        with monkeypatch.context() as patch:
            patch.setattr(writer.database, "write", _fail)
            with pytest.raises(StorageFault):
                await writer.submit(append)
        assert (await writer.submit(append)).result == 0


class Held:
    """An action that begins, tells so, and goes on when told to."""

    def __init__(self) -> None:
        self.begun, self.go_on = asyncio.Event(), asyncio.Event()

    def __call__(self, work: Work, number: int) -> int:
        self.begun.set()
        await_only(self.go_on.wait())
        return write(work, number)


async def test_a_submitter_that_left_before_its_batch_is_spared(sqlite_place: Place) -> None:
    held = Held()
    async with sqlite_place.writer() as writer:
        running = asyncio.create_task(writer.submit(held, 1))
        await held.begun.wait()
        leaving = asyncio.create_task(writer.submit(write, 2))
        await asyncio.sleep(0)
        leaving.cancel()
        await asyncio.wait([leaving])
        held.go_on.set()
        await running
        await writer.submit(write, 3)
        assert await writer.database.read(numbers) == [1, 3]


async def test_a_submitter_that_left_during_its_batch_has_done_what_it_asked(sqlite_place: Place) -> None:
    held = Held()
    async with sqlite_place.writer() as writer:
        leaving = asyncio.create_task(writer.submit(held, 1))
        await held.begun.wait()
        leaving.cancel()
        held.go_on.set()
        await writer.submit(append)
        assert await writer.database.read(numbers) == [1]
        assert leaving.cancelled()


async def test_closing_finishes_what_was_submitted_and_refuses_the_rest(place: Place) -> None:
    async with place.writer() as writer:
        submitted = asyncio.create_task(writer.submit(append))
        await asyncio.sleep(0)
        await writer.close()
        assert (await submitted).result == 0
        with pytest.raises(WriterClosed):
            await writer.submit(append)
        assert place.policy.origin in writer.log.copy.read().decode()
        assert writer.log.key.open(writer.log.copy.read()).size == 1


async def test_the_copy_of_the_last_checkpoint_follows_and_survives_a_full_disk(
    sqlite_place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.audit.writer.COPY_EVERY_SECONDS", 0.01)
    async with sqlite_place.writer() as writer:
        with monkeypatch.context() as patch:
            tried = threading.Event()
            patch.setattr(Writer, "_copy", partial(_disk_full, tried))
            await writer.submit(append)
            assert await asyncio.to_thread(tried.wait, 60)
        await writer.submit(append)
        async with asyncio.timeout(60):
            while writer.log.key.open(writer.log.copy.read()).size != 2:  # noqa: ASYNC110  (nothing tells of the file)
                await asyncio.sleep(0.01)


async def test_an_actions_first_use_of_the_connection_opens_its_savepoint_once(sqlite_place: Place) -> None:
    statements: list[str] = []

    def use_it_twice(work: Work) -> None:
        before = work.connection.get_nested_transaction()
        assert work.connection.exec_driver_sql("SELECT 1").scalar() == 1
        statements.append(str(before))

    async with sqlite_place.writer() as writer:
        await writer.submit(use_it_twice)
    assert statements == ["None"]


def _fail(*_: Any) -> NoReturn:
    raise ConnectionError


def _disk_full(tried: threading.Event, *_: Any) -> NoReturn:
    tried.set()
    raise OSError(28, "No space left on device")
