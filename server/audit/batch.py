"""One group commit: requests in turn, a savepoint each, then their entries in bulk.

The order is the promise: actions, rows left for later, leaves, tiles, signed checkpoint, head, COMMIT; only then does
the tree in memory advance, and only then do receipts exist (DESIGN §7).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar, cast

from sqlalchemy.exc import SQLAlchemyError

from protocol.identifiers import Instant
from protocol.log.entry import BLIND_LENGTH, ID_LENGTH, Entry, commitment
from protocol.log.merkle import leaf_hash
from protocol.log.receipt import Disclosure
from server.audit import store
from server.audit.idempotency import KEPT_MS, AlreadyAnswered, Idempotency, IdempotencyConflict
from server.audit.log import LogHalted
from server.audit.sparing import Facts, Unwritten
from server.audit.tree import Edge

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection

    from keys.vault import Vault
    from protocol.log.details import Details
    from protocol.log.event import Event
    from server.audit.log import Log
    from server.audit.tree import Growth

T = TypeVar("T")

_SAVEPOINT = "request"
_HOUR_MS = 60 * 60 * 1000


class StorageFault(Exception):
    """The batch was not stored: nothing of the request has happened. Trying again is safe."""


class OutcomeUnknown(Exception):
    """The commit failed without saying whether it took effect. Only a repeat under an idempotency key is safe."""


@dataclass(frozen=True, slots=True)
class Pending:
    """An entry that a request has appended: it becomes one if the batch commits."""

    index: int
    identity: str
    scope: str
    disclosure: Disclosure


class Work:
    """What an action works with: the transaction, its instant, and the log to append to."""

    __slots__ = ("_batch", "_connection", "_savepoint", "_unwritten", "at", "pending", "replayable")

    def __init__(self, batch: Batch, connection: Connection, at: Instant) -> None:
        self._batch = batch
        self._connection = connection
        self._savepoint = False
        self._unwritten = Unwritten()
        self.at = at
        self.pending: list[Pending] = []
        self.replayable = True

    @property
    def connection(self) -> Connection:
        """The transaction, within this request's own savepoint. Not for begin, commit or rollback."""
        if not self._savepoint:  # set only when asked for: an action that just appends is spared two statements
            # Rows of earlier requests stand before the savepoint: undoing this request must not take them along.
            self._batch.write_out()
            self._connection.exec_driver_sql(f"SAVEPOINT {_SAVEPOINT}")
            self._savepoint = True
        self._unwritten.write(self._connection)
        return self._connection

    def reading(self, *names: str) -> Connection:
        """Give the transaction for SELECTs alone, which may be answered as to an earlier request of this batch.

        Nothing has been written in between, but for rows left for later: those under `names` (ids) are written first,
        others are not there yet. So name every id under which the rows looked for may have been left.
        """
        if self._savepoint or not (self._batch.unwritten.clear_of(names) and self._unwritten.clear_of(names)):
            return self.connection
        return cast("Connection", self._batch.facts)

    def later(self, *names: str) -> Connection:
        """Give what takes INSERTs and writes them at the end of the batch, together with those of other requests.

        They are written before that for whoever asks for `connection`, or for `reading` under one of `names` (ids). If
        the action raises they are never written. The caller has checked that they break no constraint.
        """
        self._unwritten.names.update(names)
        return cast("Connection", self._unwritten)

    def append(self, event: Event, details: Details, scope: str) -> int:
        """Append an entry to the log and give its leaf index.

        `scope` (a matter, person or unit id) names the key under which the details are kept, and is what is erased in
        one go. If the action raises afterwards, the entry was never there.

        Raises:
            BadDetails: the details are not of their form.
        """
        written = details.to_bytes()
        drawn = self._batch.random(ID_LENGTH + BLIND_LENGTH)
        identity, blind = drawn[:ID_LENGTH].hex(), drawn[ID_LENGTH:]
        entry = Entry(identity, self.at, event, commitment(identity, blind, written))
        index = self._batch.size + len(self.pending)
        self.pending.append(Pending(index, identity, scope, Disclosure(entry.to_bytes(), blind, written)))
        return index

    def never_replay(self) -> None:
        """Give this answer once only: a repeat of the request is refused instead (`AlreadyAnswered`)."""
        self.replayable = False

    def keep(self) -> None:
        """Make what the action wrote, or left for later, part of the batch."""
        if self._savepoint:
            self._connection.exec_driver_sql(f"RELEASE SAVEPOINT {_SAVEPOINT}")
            self._batch.facts.forget()
        self._batch.unwritten.take(self._unwritten)

    def undo(self) -> None:
        """Take back what the action wrote."""
        if self._savepoint:
            self._connection.exec_driver_sql(f"ROLLBACK TO SAVEPOINT {_SAVEPOINT}")
            self._connection.exec_driver_sql(f"RELEASE SAVEPOINT {_SAVEPOINT}")
            self._batch.facts.forget()


@dataclass(slots=True)
class Request(Generic[T]):
    """One submitted action, and what came of it: a fault, or a result with the entries to give receipts for."""

    call: Callable[[Work], T]
    idempotency: Idempotency[T] | None
    fault: Exception | None = None
    result: T | None = None
    entries: list[tuple[int, Disclosure]] = field(default_factory=list)
    receipts: tuple[str, ...] = ()

    def fail(self, fault: Exception, cause: Exception) -> None:
        """Forget what came of it: the whole batch failed. Each submitter gets an exception of its own to raise."""
        fault.__cause__ = cause
        self.result, self.entries, self.fault = None, [], fault


class Batch:
    """The requests of one transaction. `carry_out` is the way in."""

    def __init__(
        self, connection: Connection, log: Log, clock: Callable[[], Instant], random: Callable[[int], bytes]
    ) -> None:
        self.random = random
        self.size = log.head.size
        self.unwritten = Unwritten()
        self.facts = Facts(connection)
        self._connection = connection
        self._log = log
        self._clock = clock
        self._last = log.head.t
        self._pending: list[Pending] = []
        self._answers: dict[tuple[str, str], store.Answer] = {}

    def run(self, request: Request[Any]) -> None:
        """Carry one request out in its savepoint; what it raises is its own fault and nobody else's.

        Raises:
            Exception: the transaction itself failed.
        """
        self._last = at = Instant(max(self._clock(), self._last))
        known = self._known(request.idempotency, at)
        if known is not None:
            self._repeat(request, known)
            return
        work = Work(self, self._connection, at)
        try:
            request.result = request.call(work)
            answer = _answer(request, work)
        except Exception as error:  # noqa: BLE001  (whatever it is, it belongs to the submitter)
            work.undo()
            request.fault = error
            return
        work.keep()
        if request.idempotency is not None and answer is not None:
            self._answers[request.idempotency.person, request.idempotency.key] = answer
        self._pending += work.pending
        self.size += len(work.pending)
        request.entries += [(each.index, each.disclosure) for each in work.pending]

    def write_out(self) -> None:
        """Write the rows that were left for later."""
        self.facts.forget()
        self.unwritten.write(self._connection)

    def seal(self) -> Sealed | None:
        """Write what the requests left and appended, under a signed checkpoint; None if they appended nothing.

        Raises:
            Exception: the transaction failed.
        """
        connection = self._connection
        self.write_out()
        if self._answers:
            if self._last // _HOUR_MS != self._log.head.t // _HOUR_MS:
                store.forget_answers(connection, Instant(self._last - KEPT_MS))
            store.add_answers(connection, self._answers)
        if not self._pending:
            return None
        log = self._log
        vaults = log.scopes.vaults(connection, {each.scope for each in self._pending})
        growth = log.tree.grow([leaf_hash(each.disclosure.entry) for each in self._pending])
        edge = Edge(growth, growth.size)
        head = store.Head(growth.size, self._last, log.key.sign(growth.size, edge.root()))
        store.add_leaves(connection, [self._locked(each, vaults[each.scope]) for each in self._pending])
        store.add_tiles(connection, growth.full_tiles())
        store.move_head(connection, head)
        return Sealed(growth, head, vaults)

    def _locked(self, pending: Pending, vault: Vault) -> store.StoredLeaf:
        opened = pending.disclosure
        locked = self._log.scopes.lock(vault, pending.identity, opened.blind, opened.details)
        return store.StoredLeaf(pending.index, opened.entry, pending.scope, locked)

    def _known(self, asked: Idempotency[Any] | None, at: Instant) -> store.Answer | None:
        if asked is None:
            return None
        known = self._answers.get((asked.person, asked.key))
        if known is None:
            known = store.find_answer(self._connection, asked.person, asked.key)
            if known is not None and known.t <= at - KEPT_MS:
                store.forget_answers(self._connection, Instant(at - KEPT_MS))
                known = None
        return known

    def _repeat(self, request: Request[Any], known: store.Answer) -> None:
        try:
            answer = _replayed(request, known)
            request.entries = self._disclosed(json.loads(known.leaves))
            request.result = answer
        except SQLAlchemyError:
            raise
        except Exception as error:  # noqa: BLE001  (conflict, erasure or a codec's fault: the submitter's alone)
            request.fault = error

    def _disclosed(self, indexes: list[int]) -> list[tuple[int, Disclosure]]:
        base = self._log.head.size
        older = store.stored_some(self._connection, [index for index in indexes if index < base])
        present = [self._pending[index - base] for index in indexes if index >= base]
        return self._log.disclose(self._connection, older) + [(each.index, each.disclosure) for each in present]


class Sealed(NamedTuple):
    """What a batch adds to the log once its commit has succeeded."""

    growth: Growth
    head: store.Head
    vaults: dict[str, Vault]


def carry_out(
    connection: Connection,
    log: Log,
    clock: Callable[[], Instant],
    random: Callable[[int], bytes],
    requests: Sequence[Request[Any]],
) -> None:
    """Carry requests out in one transaction, and leave in each what came of it. Raises nothing.

    A connection on which anything failed is invalidated: closing it is the one rollback that always works.
    """
    try:
        transaction = connection.begin()
        log.catch_up(connection)
        batch = Batch(connection, log, clock, random)
        for request in requests:
            batch.run(request)
        sealed = batch.seal()
    except LogHalted as halted:
        _fail(connection, requests, partial(type(halted), *halted.args), halted)
        return
    except Exception as error:  # noqa: BLE001  (told to every submitter)
        _fail(connection, requests, partial(StorageFault, "nothing was stored"), error)
        return
    try:
        transaction.commit()
    except Exception as error:  # noqa: BLE001  (same)
        # The tree in memory has not moved: the next batch reads the head anew, and takes this one in if it was stored.
        _fail(connection, requests, partial(OutcomeUnknown, "the commit failed: it may or may not be stored"), error)
        return
    if sealed is not None:
        log.advance(*sealed)
    for request in requests:
        request.receipts = tuple(log.receipt(index, disclosure) for index, disclosure in request.entries)


def _fail(
    connection: Connection, requests: Sequence[Request[Any]], fault: Callable[[], Exception], cause: Exception
) -> None:
    connection.invalidate()
    for request in requests:
        request.fail(fault(), cause)


def _replayed(request: Request[T], known: store.Answer) -> T:
    asked = request.idempotency
    if asked is None or asked.body_digest != known.body_digest:
        raise IdempotencyConflict("the idempotency key was used with another body")
    if known.answer is None:
        raise AlreadyAnswered("this was answered before, and the answer is given once only")
    return asked.codec.decode(json.loads(known.answer))


def _answer(request: Request[Any], work: Work) -> store.Answer | None:
    asked = request.idempotency
    if asked is None:
        return None
    answer = json.dumps(asked.codec.encode(request.result)) if work.replayable else None
    return store.Answer(asked.body_digest, answer, json.dumps([each.index for each in work.pending]), work.at)
