from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from sqlalchemy.exc import DatabaseError

from server.audit import store
from server.audit.batch import StorageFault, Work
from server.audit.idempotency import KEPT_MS, AlreadyAnswered, Idempotency, IdempotencyConflict
from server.audit.scopes import Erased
from tests.unit.server_audit.support import MATTER, NOON, OTHER_PERSON, PERSON, append

if TYPE_CHECKING:
    from protocol.identifiers import PersonId
    from server.audit.writer import Writer
    from tests.unit.server_audit.support import Place


class Numbers:
    """A codec for whole numbers."""

    def encode(self, result: int, /) -> Any:
        return {"number": result}

    def decode(self, value: Any, /) -> int:
        return int(value["number"])


class Broken(Numbers):
    """A codec that cannot read what it wrote."""

    def decode(self, _: Any, /) -> NoReturn:
        raise ValueError


def key(
    name: str = "k", body: str = "ab" * 32, person: PersonId = PERSON, codec: Numbers | None = None
) -> Idempotency[int]:
    return Idempotency(person, name, body, codec or Numbers())


def append_envelope(work: Work) -> int:
    work.never_replay()
    return append(work)


async def test_the_same_key_and_body_get_the_same_answer_and_entry(place: Place) -> None:
    async with place.writer() as writer:
        first = await writer.submit(append, idempotency=key())
        await writer.submit(append)
        again = await writer.submit(append, idempotency=key())
        assert writer.log.head.size == 2
    assert again.result == first.result == 0
    old, new = place.verified(first.receipts[0]), place.verified(again.receipts[0])
    assert (old.entry, old.details, old.index) == (new.entry, new.details, new.index)
    assert (old.checkpoint.checkpoint.size, new.checkpoint.checkpoint.size) == (1, 2)


async def test_a_repeat_within_one_batch_is_carried_out_once(place: Place) -> None:
    async with place.writer() as writer:
        outcomes = await asyncio.gather(*(writer.submit(append, idempotency=key()) for _ in range(3)))
        assert writer.log.head.size == 1
    assert {place.verified(outcome.receipts[0]).entry.id for outcome in outcomes} == {
        place.verified(outcomes[0].receipts[0]).entry.id
    }


async def test_a_repeat_after_a_restart_is_answered_from_the_database(place: Place) -> None:
    async with place.writer() as writer:
        first = await writer.submit(append, idempotency=key())
    async with place.writer() as writer:
        again = await writer.submit(append, idempotency=key())
    assert again.result == first.result
    assert place.verified(again.receipts[0]).entry == place.verified(first.receipts[0]).entry


async def test_the_same_key_with_another_body_is_refused_and_nothing_happens(place: Place) -> None:
    async with place.writer() as writer:
        await writer.submit(append, idempotency=key())
        with pytest.raises(IdempotencyConflict) as refused:
            await writer.submit(append, idempotency=key(body="cd" * 32))
        assert refused.value.code == "idempotency-conflict"
        assert writer.log.head.size == 1


async def test_what_is_never_given_twice_is_refused_when_repeated(place: Place) -> None:
    async with place.writer() as writer:
        assert (await writer.submit(append_envelope, idempotency=key())).result == 0
        with pytest.raises(AlreadyAnswered) as refused:
            await writer.submit(append_envelope, idempotency=key())
        assert refused.value.code == "already-answered"
        with pytest.raises(IdempotencyConflict):
            await writer.submit(append_envelope, idempotency=key(body="cd" * 32))
        assert writer.log.head.size == 1


async def test_keys_of_different_persons_do_not_meet(place: Place) -> None:
    async with place.writer() as writer:
        assert (await writer.submit(append, idempotency=key())).result == 0
        assert (await writer.submit(append, idempotency=key(person=OTHER_PERSON))).result == 1


async def test_a_request_that_raised_may_be_repeated(place: Place) -> None:
    def raise_once(work: Work) -> int:
        append(work)
        if failures:
            raise failures.pop()
        return 7

    failures = [LookupError()]
    async with place.writer() as writer:
        with pytest.raises(LookupError):
            await writer.submit(raise_once, idempotency=key())
        assert (await writer.submit(raise_once, idempotency=key())).result == 7


async def test_an_answer_counts_until_just_before_a_day_has_passed(place: Place) -> None:
    async with place.writer() as writer:
        await writer.submit(append, idempotency=key())
        place.clock.move(KEPT_MS - 1)
        assert (await writer.submit(append, idempotency=key())).result == 0
        place.clock.move(1)
        assert (await writer.submit(append, idempotency=key())).result == 1
        assert (await writer.submit(append, idempotency=key())).result == 1


async def test_answers_over_a_day_old_are_cleared_away_with_the_hour(place: Place) -> None:
    async with place.writer() as writer:
        await writer.submit(append, idempotency=key("old"))
        place.clock.move(KEPT_MS)
        await writer.submit(append, idempotency=key("new"))
        assert await writer.database.read(store.find_answer, PERSON, "old") is None
        kept = await writer.database.read(store.find_answer, PERSON, "new")
        assert kept is not None
        assert kept.t == NOON + KEPT_MS


async def test_an_answer_whose_receipt_was_erased_is_not_repeated(sqlite_place: Place) -> None:
    async with sqlite_place.writer() as writer:
        await writer.submit(append, idempotency=key())
        await writer.submit(destroy_key)
    async with sqlite_place.writer() as writer:
        with pytest.raises(Erased):
            await writer.submit(append, idempotency=key())


def destroy_key(work: Work) -> None:
    work.connection.exec_driver_sql("DELETE FROM log_keys WHERE scope = ?", (MATTER,))


async def test_a_codec_that_fails_fails_its_own_request_only(sqlite_place: Place) -> None:
    async with sqlite_place.writer() as writer:
        await writer.submit(append, idempotency=key())
        broken, fine = await asyncio.gather(
            writer.submit(append, idempotency=key(codec=Broken())), writer.submit(append), return_exceptions=True
        )
        assert isinstance(broken, ValueError)
        assert not isinstance(fine, BaseException)


async def test_a_database_fault_while_repeating_fails_the_batch(
    sqlite_place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> NoReturn:
        raise DatabaseError("", None, Exception())

    async def repeat(writer: Writer) -> None:
        await writer.submit(append, idempotency=key())

    async with sqlite_place.writer() as writer:
        await repeat(writer)
        with monkeypatch.context() as patch:
            patch.setattr(store, "stored_some", fail)
            with pytest.raises(StorageFault):
                await repeat(writer)
        await repeat(writer)
