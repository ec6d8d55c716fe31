"""What can be asked of the log. Reading one's own entries leaves no trace; a supervisor's export does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from protocol.identifiers import Instant
from protocol.log.details import Decision, Details
from protocol.log.entry import Entry
from protocol.log.event import Event
from protocol.log.export import disclosure_line
from protocol.log.merkle import ProofError, consistency_path
from protocol.log.tiles import WIDTH
from protocol.log.verdict import Disclosed
from server.audit import cosignatures, store
from server.audit.scopes import Erased

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from protocol.identifiers import MatterId, PersonId, SubjectId
    from server.audit.access import LogAccess
    from server.audit.batch import Work
    from server.audit.log import Log
    from server.audit.writer import Writer

NO_MANDATE = "no-mandate"


@dataclass(frozen=True, slots=True)
class ExportAsked:
    """Whose log entries are to be disclosed, for which case; of no subject and no matter means all."""

    case: str
    subjects: frozenset[SubjectId] = frozenset()
    matters: frozenset[MatterId] = frozenset()

    def discloses(self, written: bytes) -> bool:
        """Say whether details, as they were written, are asked for."""
        if not self.subjects and not self.matters:
            return True
        details = Details.parse(written)
        return details.subject in self.subjects or details.matter in self.matters


@dataclass(frozen=True, slots=True)
class ReceiptAsked:
    """Who asks for the receipt of which entry, at a checkpoint with at least so many witnesses; 0 is the latest."""

    person: PersonId
    index: int
    witnesses: int = 0


@dataclass(frozen=True, slots=True)
class ExportRefused:
    """Who asked holds no mandate."""

    reason: str = NO_MANDATE


@dataclass(frozen=True, slots=True)
class ExportGranted:
    """The export ends with the entry at `index`, that of its own granting."""

    index: int
    at: Instant


async def keep_up(writer: Writer) -> None:
    """Take in what other processes have appended, if there is anything; a halted log stays where it is."""
    if writer.log.halted is None:
        head = await writer.database.read(store.read_head)
        if head is not None and head.size > writer.log.head.size:
            await writer.refresh()


def latest_checkpoint(connection: Connection) -> str | None:
    """Give the latest published checkpoint, signed; None where there is none to read."""
    head = store.read_head(connection)
    return None if head is None else head.checkpoint


def prove_consistency(log: Log, old: int, new: int) -> list[bytes] | None:
    """Prove that the log of `old` entries begins that of `new`; None unless 1 <= old <= new <= its size."""
    if not new <= log.head.size:
        return None
    try:
        return consistency_path(old, new, log.tree.node)
    except ProofError:
        return None


def find_receipt(connection: Connection, log: Log, access: LogAccess, asked: ReceiptAsked, at: Instant) -> str | None:
    """Give an entry's receipt; None if it is not there, erased, not cosigned yet, or does not concern them."""
    state: tuple[int, str] | None = (log.head.size, log.head.checkpoint)
    if asked.witnesses:
        state = cosignatures.newest(connection, asked.witnesses)
    if state is None or asked.index >= state[0]:
        return None
    try:
        [(_, disclosure)] = log.disclose(connection, store.stored_some(connection, [asked.index]))
    except Erased:
        return None
    if not access.concerns(connection, asked.person, Details.parse(disclosure.details), at):
        return None
    return log.receipt_at(*state, asked.index, disclosure)


def export(work: Work, access: LogAccess, person: PersonId, asked: ExportAsked) -> ExportGranted | ExportRefused:
    """Decide on a supervisor's export and log it either way, with the case's reference."""
    permitted = access.is_supervisor(work.connection, person, work.at)
    index = work.append(
        Event.LOG_EXPORTED,
        Details(
            actor=person,
            act="export",
            decision=Decision.PERMIT if permitted else Decision.DENY,
            basis=asked.case,
            reason=None if permitted else NO_MANDATE,
        ),
        person,
    )
    return ExportGranted(index, work.at) if permitted else ExportRefused()


def entries_tile(connection: Connection, tile: int, size: int) -> list[bytes]:
    """Give the entries of one tile of a log of `size` entries, as they were hashed: at most 256."""
    return store.entries(connection, tile * WIDTH, min((tile + 1) * WIDTH, size))


def disclosures(connection: Connection, log: Log, asked: ExportAsked, tile: int, size: int) -> list[bytes]:
    """Give a line `{"disclosure": …}` for each of one tile's entries that is asked for; erased ones are left out."""
    lines = []
    for leaf in store.stored(connection, tile * WIDTH, min((tile + 1) * WIDTH, size)):
        try:
            blind, details = log.scopes.unlock(connection, leaf, Entry.parse(leaf.entry).id)
        except Erased:
            continue
        if asked.discloses(details):
            # The inner object is the line that the export's `disclosures.jsonl` has.
            lines.append(b'{"disclosure":' + disclosure_line(Disclosed(leaf.n, blind, details))[:-1] + b"}\n")
    return lines


def checkpoints_between(connection: Connection, after: int, before: int, limit: int) -> list[tuple[int, str]]:
    """Give (size, note) of up to `limit` published checkpoints with after < size < before, smallest first."""
    return [found for found in store.checkpoints(connection, after, limit) if found[0] < before]
