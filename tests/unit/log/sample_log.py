"""A small log with keys of its own, from which tests take entries, checkpoints, receipts and exports."""

from collections.abc import Callable
from hashlib import sha256

from keys.notes import NoteKey
from protocol.identifiers import Instant, PersonId, ShareId
from protocol.log import checkpoint, note, receipt
from protocol.log.entry import Details, Entry, Event, commitment
from protocol.log.export import Disclosed, Verdict, judge
from protocol.log.merkle import Levels, inclusion_path, leaf_hash

ORIGIN = "log.example/fortrolig"
NOW = Instant(1_800_000_000_000)
NOW_SECONDS = 1_800_000_000

LOG_KEY = NoteKey.from_bytes(b"\x01" * 32)
NORTH_KEY = NoteKey.from_bytes(b"\x02" * 32)
SOUTH_KEY = NoteKey.from_bytes(b"\x03" * 32)
STRANGER_KEY = NoteKey.from_bytes(b"\x04" * 32)

LOG = note.verifier_text(ORIGIN, 1, LOG_KEY.public)
NORTH = note.verifier_text("north.example", 4, NORTH_KEY.public)
SOUTH = note.verifier_text("south.example", 4, SOUTH_KEY.public)

ALONE = checkpoint.LogPolicy(ORIGIN, LOG)
WITNESSED = checkpoint.LogPolicy(ORIGIN, LOG, (NORTH, SOUTH), 2)


def make_details(number: int) -> Details:
    return Details(
        actor=PersonId.of(bytes([number % 256]) * 16),
        act="open",
        share=ShareId.of(bytes([7]) * 16),
        statements=(sha256(bytes([number % 256])).hexdigest(),),
    )


def disclose(number: int, *, t: int | None = None, event: Event = Event.OPENED, name: str = "") -> receipt.Disclosure:
    """Make entry `number` with its blind and details; `name` makes another one with the same number."""
    identity = sha256(f"id {name}{number}".encode()).hexdigest()[:32]
    blind = sha256(f"blind {number}".encode()).digest()
    details = make_details(number).to_bytes()
    time = Instant(NOW - 1_000_000 + number if t is None else t)
    entry = Entry(identity, time, event, commitment(identity, blind, details))
    return receipt.Disclosure(entry.to_bytes(), blind, details)


class SampleLog:
    """A log of `size` entries, each of which can be replaced before anything is signed."""

    def __init__(self, size: int) -> None:
        self.disclosures = [disclose(number) for number in range(size)]

    @property
    def entries(self) -> list[bytes]:
        return [each.entry for each in self.disclosures]

    @property
    def disclosed(self) -> list[Disclosed]:
        return [Disclosed(index, each.blind, each.details) for index, each in enumerate(self.disclosures)]

    def levels(self) -> Levels:
        return Levels(leaf_hash(entry) for entry in self.entries)

    def sign(self, size: int | None = None, *, key: NoteKey = LOG_KEY, origin: str = ORIGIN) -> bytes:
        size = len(self.disclosures) if size is None else size
        state = checkpoint.Checkpoint(origin, size, self.levels().root(size))
        return note.sign_note(checkpoint.format(state), origin, key)

    def witness(self, size: int | None = None, *, at: int = NOW_SECONDS) -> bytes:
        signed = self.sign(size)
        text = note.split_note(signed)[0]
        north = note.cosign(text, "north.example", NORTH_KEY, at)
        return signed + north + note.cosign(text, "south.example", SOUTH_KEY, at)

    def issue(self, index: int, size: int | None = None) -> receipt.Receipt:
        size = len(self.disclosures) if size is None else size
        hashes = inclusion_path(index, size, self.levels().node)
        return receipt.issue(self.disclosures[index], index, hashes, self.sign(size))

    def judge(
        self,
        *,
        entries: list[bytes] | None = None,
        signed: bytes | None = None,
        earlier: tuple[bytes, ...] = (),
        disclosed: list[Disclosed] | None = None,
        receipts: tuple[str, ...] = (),
        policy: checkpoint.LogPolicy = ALONE,
        is_new: Callable[[bytes], bool] | None = None,
    ) -> Verdict:
        return judge(
            self.entries if entries is None else entries,
            self.sign() if signed is None else signed,
            earlier,
            self.disclosed if disclosed is None else disclosed,
            receipts,
            policy,
            NOW,
            is_new=is_new,
        )
