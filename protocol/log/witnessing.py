"""What a log asks of a witness, and whether the witness may cosign (C2SP tlog-witness @ 5ba5ee83).

The body of a request is `old <size>`, up to 63 lines of a consistency proof in base64, an empty line, and the signed
checkpoint. A witness remembers one checkpoint a log, and cosigns nothing that does not continue it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum

from protocol.log.checkpoint import BadCheckpoint, Checkpoint, LogPolicy, open_checkpoint
from protocol.log.checkpoint import parse as parse_checkpoint
from protocol.log.merkle import EMPTY_ROOT, HASH_LENGTH, ProofError, verify_consistency
from protocol.log.note import BadNote, decode64, encode64, split_note

LONGEST_PROOF = 63
MOST_BYTES = 64 * 1024
"""A request that is longer is not read: 63 hashes and a checkpoint with a hundred signatures are far below."""

_OLD = re.compile(r"old (0|[1-9][0-9]{0,18})")


class Answer(IntEnum):
    """How a witness answers, as status codes of HTTP."""

    COSIGNED = 200
    MALFORMED = 400
    """Also: the old size is above the checkpoint's."""
    NOT_SIGNED = 403
    UNKNOWN_LOG = 404
    OTHER_SIZE = 409
    """The witness remembers another size than the old one; the answer names it."""
    NOT_CONSISTENT = 422
    """Also: a tree of no entries with a root of its own."""


class Declined(ValueError):
    """The witness does not cosign. `size` is what it remembers, with `OTHER_SIZE`.

    `signed` says that the log's own key signed what was asked for: such a request is evidence and is kept.
    """

    def __init__(self, answer: Answer, text: str, *, size: int | None = None, signed: bool = False) -> None:
        super().__init__(text)
        self.answer = answer
        self.size = size
        self.signed = signed


@dataclass(frozen=True, slots=True)
class Submission:
    """A signed checkpoint, and the proof that it continues the tree of size `old`."""

    old: int
    proof: tuple[bytes, ...]
    note: bytes

    @classmethod
    def parse(cls, body: bytes) -> Submission:
        """Read the body of a request; nothing of it is verified.

        Raises:
            Declined: `MALFORMED`.
        """
        head, empty, note = body.partition(b"\n\n")
        try:
            first, *lines = head.decode("ascii").split("\n")
            proof = tuple(decode64(line) for line in lines)
        except (UnicodeDecodeError, BadNote) as error:
            raise Declined(Answer.MALFORMED, "a proof is lines of base64") from error
        old = _OLD.fullmatch(first)
        if not empty or old is None or len(body) > MOST_BYTES:
            raise Declined(Answer.MALFORMED, "a request is `old <size>`, a proof, an empty line and a checkpoint")
        if len(proof) > LONGEST_PROOF or any(len(each) != HASH_LENGTH for each in proof):
            raise Declined(Answer.MALFORMED, "a proof is at most 63 hashes of 32 bytes")
        return cls(int(old[1]), proof, note)

    def to_bytes(self) -> bytes:
        """Write the body that `parse` reads."""
        lines = (f"old {self.old}", *map(encode64, self.proof), "", "")
        return "\n".join(lines).encode("ascii") + self.note

    @property
    def origin(self) -> str:
        """The log that the checkpoint names; nothing is verified.

        Raises:
            Declined: `MALFORMED`.
        """
        return self._read().origin

    def _read(self) -> Checkpoint:
        try:
            text, _ = split_note(self.note)
        except BadNote as error:
            raise Declined(Answer.MALFORMED, str(error)) from error
        try:
            return parse_checkpoint(text)
        except BadCheckpoint as error:
            empty = text.split("\n")[1:2] == ["0"]
            answer = Answer.NOT_CONSISTENT if empty else Answer.MALFORMED
            raise Declined(answer, str(error)) from error


def judge(asked: Submission, log: str, latest: Checkpoint | None) -> Checkpoint:
    """Say what a witness may cosign: the checkpoint, signed by `log`, where it continues the latest one known.

    Args:
        asked: the request.
        log: the verifier key text of the log that the request names.
        latest: the checkpoint that was cosigned last for this log, None before the first.

    Raises:
        Declined: in the order of the specification: malformed, not signed, old size above the new, other size
            remembered, not consistent.
    """
    origin = asked.origin
    try:
        new = open_checkpoint(asked.note, LogPolicy(origin, log)).checkpoint
    except BadCheckpoint as error:
        raise Declined(Answer.NOT_SIGNED, str(error)) from error
    known = Checkpoint(origin, 0, EMPTY_ROOT) if latest is None else latest
    if asked.old > new.size:
        raise Declined(Answer.MALFORMED, "the old size is above the checkpoint's", signed=True)
    if asked.old != known.size:
        raise Declined(Answer.OTHER_SIZE, f"the latest size here is {known.size}", size=known.size, signed=True)
    if not _continues(known, new, asked.proof):
        raise Declined(Answer.NOT_CONSISTENT, "the checkpoint does not continue the one known here", signed=True)
    return new


def _continues(old: Checkpoint, new: Checkpoint, proof: tuple[bytes, ...]) -> bool:
    if old.size == 0:
        return not proof
    try:
        verify_consistency(old.size, new.size, list(proof), old.root, new.root)
    except ProofError:
        return False
    return True
