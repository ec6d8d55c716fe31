"""The offline verdict on a log: rebuild its tree from the entries and hold it against everything that was ever signed.

Pure and in one pass. Memory does not grow with the log, but for one id of 16 bytes per entry, kept to find an id used
twice; a caller with a very long log may keep those elsewhere (`is_new`).
"""

from __future__ import annotations

from dataclasses import dataclass
from heapq import merge
from typing import TYPE_CHECKING

from protocol.log.checkpoint import BadCheckpoint, LogPolicy, SignedCheckpoint, open_checkpoint
from protocol.log.details import BadDetails, Details
from protocol.log.entry import BadEntry, commitment, members
from protocol.log.event import Event
from protocol.log.merkle import Frontier, leaf_hash
from protocol.log.receipt import BadReceipt, verify
from protocol.log.receipt import parse as parse_receipt
from protocol.log.verdict import MOST_LISTED, Book, Code, Disclosed, Outcome, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from protocol.identifiers import Instant

CLOCK_SKEW_MS = 300_000


def judge(  # noqa: PLR0917  (the parts of an export, in the order of its files)
    entries: Iterable[bytes],
    checkpoint: bytes,
    earlier: Iterable[bytes],
    disclosures: Iterable[Disclosed],
    receipts: Iterable[str | bytes],
    policy: LogPolicy,
    now: Instant,
    *,
    is_new: Callable[[bytes], bool] | None = None,
) -> Verdict:
    """Judge an export under a policy known from elsewhere; raises nothing of its own, whatever it is given.

    Args:
        entries: the entries from the first, as they were hashed.
        checkpoint: the latest signed checkpoint.
        earlier: earlier published signed checkpoints, sizes never falling.
        disclosures: opened entries, indexes rising.
        receipts: texts of receipts that users handed over, in any order.
        policy: whose log, whose witnesses, how many, how fresh.
        now: the time of judging.
        is_new: says whether an entry's id (32 hex digits) is seen for the first time, and remembers it; in memory
            when not given.
    """
    book = Book()
    try:
        head = open_checkpoint(checkpoint, policy)
    except BadCheckpoint as error:
        book.add(Code.ORIGIN if error.code == "origin" else Code.CHECKPOINT, f"The latest checkpoint: {error}.")
        return book.verdict(Verdict(Outcome.INTACT, ()))
    if policy.quorum == 0:
        book.add(
            Code.UNWITNESSED, "The policy asks for no witness, so two histories for two readers are not ruled out."
        )
    witnessed = _Witnessed(head, policy.quorum)
    waypoints = merge(_earlier(earlier, policy, witnessed, book), _receipts(receipts, policy, book), key=_size)
    roots = _Roots(head, waypoints, book)
    disclosed = _Disclosures(disclosures, book)
    frontier, erasures = _rebuild(entries, roots, disclosed, book, is_new or _Ids().is_new)
    roots.finish(frontier)
    witnessed.judge(policy, now, book)
    ranges, count = disclosed.finish(frontier.size)
    if count:
        book.add(Code.UNDISCLOSED, f"The details of {count} of {frontier.size} entries were not disclosed.")
    return book.verdict(Verdict(Outcome.INTACT, (), frontier.size, ranges, count, erasures))


def _rebuild(
    entries: Iterable[bytes], roots: _Roots, disclosed: _Disclosures, book: Book, is_new: Callable[[bytes], bool]
) -> tuple[Frontier, int]:
    """Hash every entry into the tree, looking at each on the way; return the tree and the number of erasures."""
    frontier, latest, erasures = Frontier(), 0, 0
    for index, entry in enumerate(entries):
        if index == roots.due:
            roots.compare(frontier)
        if index == roots.size:
            book.add(Code.SURPLUS, f"There are more entries than the {index} that the checkpoint covers.", index)
            break
        frontier.append(leaf_hash(entry))
        try:
            event, identity, time, committed = members(entry)
        except BadEntry as error:
            book.add(Code.MALFORMED, f"Entry {index}: {error}.", index)
            disclosed.pass_over(index)
            continue
        if time < latest:
            book.add(Code.TIME, f"Entry {index} is dated before the one ahead of it.", index)
        latest = time
        if not is_new(identity):
            book.add(Code.DUPLICATE, f"Entry {index} has an id that was used before.", index)
        if index == disclosed.due:
            disclosed.open(index, identity, committed)
        if event is Event.ERASED:
            erasures += 1
    return frontier, erasures


class _Witnessed:
    """The newest checkpoint that the quorum vouched for: witnesses follow a log by some seconds, never ahead of it."""

    def __init__(self, head: SignedCheckpoint, quorum: int) -> None:
        self._quorum = quorum
        self._most = 0
        self._seconds: int | None = None
        self.add(head)

    def add(self, signed: SignedCheckpoint) -> None:
        """Look at one more checkpoint that the log signed."""
        self._most = max(self._most, len(signed.cosignatures))
        seconds = signed.witnessed(self._quorum)
        if seconds is not None:
            self._seconds = max(seconds, self._seconds or 0)

    def judge(self, policy: LogPolicy, now: Instant, book: Book) -> None:
        """Say whether what was exported can be the latest, where the policy asks witnesses."""
        if self._quorum == 0:
            return
        if self._seconds is None:
            book.add(
                Code.QUORUM,
                f"{self._most} known witnesses cosigned a checkpoint; the policy asks for {policy.quorum}.",
            )
        elif not -CLOCK_SKEW_MS <= now - self._seconds * 1000 <= policy.fresh_for:
            book.add(Code.STALE, "The witnesses' cosignatures are too old, or from the future: entries may be missing.")


@dataclass(frozen=True)
class _Waypoint:
    """A state that the log signed: a published checkpoint, or that of a receipt for the entry at `index`."""

    size: int
    root: bytes
    note: bytes
    index: int | None = None


def _size(waypoint: _Waypoint) -> int:
    return waypoint.size


def _earlier(notes: Iterable[bytes], policy: LogPolicy, witnessed: _Witnessed, book: Book) -> Iterator[_Waypoint]:
    """Open the earlier checkpoints one by one, as the tree grows."""
    largest = 0
    for number, note in enumerate(notes, 1):
        try:
            signed = open_checkpoint(note, policy)
        except BadCheckpoint as error:
            book.add(Code.CHECKPOINT, f"Earlier checkpoint number {number}: {error}.")
            continue
        found = signed.checkpoint
        if found.size < largest:
            book.add(Code.ORDER, f"Earlier checkpoint number {number} is out of order and was not used.")
            continue
        largest = found.size
        witnessed.add(signed)
        yield _Waypoint(found.size, found.root, note)


def _receipts(texts: Iterable[str | bytes], policy: LogPolicy, book: Book) -> list[_Waypoint]:
    waypoints = []
    for number, text in enumerate(texts, 1):
        try:
            receipt = parse_receipt(text)
            tree = verify(receipt, policy).checkpoint.checkpoint
        except BadReceipt as error:
            book.add(Code.RECEIPT, f"Receipt number {number} proves nothing: {error}.")
            continue
        waypoints.append(_Waypoint(tree.size, tree.root, receipt.checkpoint, receipt.index))
    return sorted(waypoints, key=_size)


class _Roots:
    """Compares the growing tree with every signed root; `due` is the size at which the next one stands."""

    def __init__(self, head: SignedCheckpoint, waypoints: Iterator[_Waypoint], book: Book) -> None:
        self._head = _Waypoint(head.checkpoint.size, head.checkpoint.root, head.note)
        self._waypoints = waypoints
        self._book = book
        self._agreed: _Waypoint | None = None
        self._differing: _Waypoint | None = None
        self.size = self._head.size
        self._next: _Waypoint | None = self._advance()

    @property
    def due(self) -> int:
        return self._next.size if self._next else -1

    def _advance(self) -> _Waypoint | None:
        for waypoint in self._waypoints:
            if waypoint.size <= self.size:
                return waypoint
            what = "A checkpoint" if waypoint.index is None else f"The receipt for entry {waypoint.index}"
            self._book.add(
                Code.BEYOND,
                f"{what} shows that the log has had {waypoint.size} entries; this export ends at {self.size}.",
                waypoint.index,
                (waypoint.note, self._head.note),
            )
        return None

    def compare(self, frontier: Frontier) -> None:
        """Hold the tree against every signed root of this size."""
        root = frontier.root()
        while self._next is not None and self._next.size == frontier.size:
            self._weigh(self._next, root)
            self._next = self._advance()

    def _weigh(self, waypoint: _Waypoint, root: bytes) -> None:
        if waypoint.root != root:
            # Only the first is kept: once an entry differs, every later root does.
            self._differing = self._differing or waypoint
            return
        # A later root agrees with these entries, so the one that did not was signed over another history.
        if self._differing is not None:
            self._fork(self._differing, waypoint)
            self._differing = None
        self._agreed = waypoint

    def _fork(self, one: _Waypoint, other: _Waypoint) -> None:
        what = "a checkpoint" if one.index is None else f"the checkpoint in the receipt for entry {one.index}"
        self._book.add(
            Code.FORK,
            f"The log signed two histories: {what} at size {one.size} contradicts the one at size {other.size}.",
            one.index,
            (one.note, other.note),
        )

    def finish(self, frontier: Frontier) -> None:
        """Weigh what is left once the entries have ended."""
        if frontier.size == self.due:
            self.compare(frontier)
        while self._next is not None:
            self._next = self._advance()
        if frontier.size == self.size:
            self._weigh(self._head, frontier.root())
        else:
            self._book.add(
                Code.MISSING,
                f"The checkpoint counts {self.size} entries and the export has {frontier.size}.",
                frontier.size,
            )
        if self._differing is not None:
            self._blame(self._differing, self._agreed)

    def _blame(self, differing: _Waypoint, agreed: _Waypoint | None) -> None:
        """Say of which entries the first root that never agreed convicts."""
        if agreed is not None and agreed.size == differing.size:
            self._fork(differing, agreed)
            return
        first = agreed.size if agreed else 0
        self._book.add(
            Code.CHANGED,
            f"An entry between size {first} and size {differing.size} was changed, added or removed after the log "
            "signed them.",
            first,
            (differing.note,),
        )


class _Disclosures:
    """Opens disclosed entries in step with the tree and keeps the gaps; `due` is the next disclosed index."""

    def __init__(self, disclosures: Iterable[Disclosed], book: Book) -> None:
        self._left = iter(disclosures)
        self._book = book
        self._gaps: list[tuple[int, int]] = []
        self._missing = 0
        self._covered = 0  # every index below is disclosed or in a gap
        self._taken = -1
        self._next = Disclosed(-1, b"", b"")
        self.due = -1
        self._advance()

    def _advance(self) -> None:
        """Take the next disclosure that still has its entry before it."""
        for disclosed in self._left:
            if disclosed.index > self._taken:
                self._next, self.due = disclosed, disclosed.index
                self._taken = disclosed.index
                return
            self._book.add(
                Code.ORDER,
                f"The disclosure of entry {disclosed.index} is out of order and was not used.",
                disclosed.index,
            )
        self.due = -1

    def pass_over(self, index: int) -> None:
        """Leave a disclosure aside whose entry cannot be read."""
        if index == self.due:
            self._advance()

    def open(self, index: int, identity: bytes, committed: bytes) -> None:
        """Check the disclosure that is due against its entry."""
        disclosed = self._next
        self._skip(index)
        self._covered = index + 1
        self._advance()
        try:
            found = commitment(identity.decode(), disclosed.blind, disclosed.details)
        except BadEntry as error:
            self._book.add(Code.COMMITMENT, f"The disclosure of entry {index}: {error}.", index)
            return
        if found.encode() != committed:
            self._book.add(Code.COMMITMENT, f"Entry {index} committed to other details than were disclosed.", index)
            return
        try:
            Details.parse(disclosed.details)
        except BadDetails as error:
            self._book.add(Code.DETAILS, f"The details of entry {index}: {error}.", index)

    def _skip(self, end: int) -> None:
        if self._covered < end:
            self._missing += end - self._covered
            if len(self._gaps) < MOST_LISTED:
                self._gaps.append((self._covered, end))

    def finish(self, size: int) -> tuple[tuple[tuple[int, int], ...], int]:
        """Return the ranges of undisclosed entries and their number."""
        if self.due >= 0:
            self._book.add(Code.ORDER, f"The disclosure of entry {self.due} has no entry in this export.", self.due)
        self._skip(size)
        return tuple(self._gaps), self._missing


class _Ids:
    """The ids seen so far, in memory."""

    def __init__(self) -> None:
        self._seen: set[bytes] = set()

    def is_new(self, identity: bytes) -> bool:
        """Say whether the id is new, and remember it."""
        before = len(self._seen)
        self._seen.add(identity)
        return len(self._seen) > before
