"""Checkpoints (C2SP tlog-checkpoint @ 5ba5ee83): what a log says its tree is, signed by the log and seen by witnesses.

The text is the origin, the size in decimal and the root in base64, a line each. Extension lines are read and never
written, and no time stands in it: a witness's cosignature is the only evidence of when a checkpoint was the latest.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from protocol.log.merkle import EMPTY_ROOT, HASH_LENGTH
from protocol.log.note import (
    BadNote,
    BadSignature,
    KeyType,
    Verifier,
    check_name,
    decode64,
    encode64,
    open_note,
    split_note,
)

LARGEST_SIZE = 2**63 - 1
DAY_MS = 86_400_000

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
_LINES = 3


class BadCheckpoint(ValueError):
    """The checkpoint is malformed or not signed as the policy asks; `code` says which."""

    def __init__(self, code: str, text: str) -> None:
        """Take a stable code (`malformed`, `origin`, `signature` or `policy`) and a sentence."""
        super().__init__(text)
        self.code = code


@dataclass(frozen=True)
class Checkpoint:
    """The state of a log: how many entries it has and the root over them, 32 raw bytes."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()


@dataclass(frozen=True)
class LogPolicy:
    """Which log a reader trusts, known from elsewhere: never from the log's own operator.

    `log` is the log's verifier key text, whose name is the origin; `witnesses` are verifier key texts, of which
    `quorum` must have cosigned. A checkpoint whose quorum is older than `fresh_for` milliseconds is not fresh.

    Raises:
        BadCheckpoint: keys of the wrong type or name, two witnesses with one name or key, a quorum out of reach.
    """

    origin: str
    log: str
    witnesses: tuple[str, ...] = ()
    quorum: int = 0
    fresh_for: int = DAY_MS

    def __post_init__(self) -> None:
        try:
            log = Verifier.parse(self.log)
            witnesses = [Verifier.parse(text) for text in self.witnesses]
        except BadNote as error:
            raise BadCheckpoint("policy", str(error)) from error
        if log.type is not KeyType.ED25519 or log.name != self.origin:
            raise BadCheckpoint("policy", "the log's key is of type 1 and bears the origin's name")
        if any(witness.type is not KeyType.COSIGNATURE for witness in witnesses):
            raise BadCheckpoint("policy", "a witness's key is of type 4")
        # One key, one type, one role: a witness counted twice, or the log as its own witness, is no quorum.
        publics = {log.public, *(witness.public for witness in witnesses)}
        names = {log.name, *(witness.name for witness in witnesses)}
        if not len(publics) == len(names) == 1 + len(witnesses):
            raise BadCheckpoint("policy", "each witness has a name and a key of its own")
        if not 0 <= self.quorum <= len(witnesses):
            raise BadCheckpoint("policy", "the quorum is out of reach")
        if self.fresh_for < 1:
            raise BadCheckpoint("policy", "nothing is as fresh as that")


@dataclass(frozen=True)
class Cosignature:
    """A witness's word that at `time` (POSIX seconds) this was the largest consistent tree it knew."""

    witness: str
    time: int


@dataclass(frozen=True)
class SignedCheckpoint:
    """A checkpoint with the log's valid signature, and the valid cosignatures of known witnesses.

    `note` is the bytes as they were signed: the evidence to keep.
    """

    checkpoint: Checkpoint
    cosignatures: tuple[Cosignature, ...]
    note: bytes

    def witnessed(self, quorum: int) -> int | None:
        """Return the POSIX second by which `quorum` witnesses vouched at the latest, or None when fewer did.

        That is the quorum-th newest time; a quorum of 0 is never witnessed.
        """
        times = sorted((each.time for each in self.cosignatures), reverse=True)
        return times[quorum - 1] if 0 < quorum <= len(times) else None


def parse(text: str | bytes) -> Checkpoint:
    """Read a checkpoint's text, without signatures.

    Raises:
        BadCheckpoint: code `malformed`.
    """
    try:
        lines = (text.decode() if isinstance(text, bytes) else text).split("\n")
        origin, size, root = lines[0], lines[1], decode64(lines[2])
        check_name(origin)
    except (BadNote, UnicodeDecodeError, IndexError, AttributeError) as error:
        raise BadCheckpoint("malformed", "a checkpoint is an origin, a size and a root, a line each") from error
    extensions = tuple(lines[_LINES:-1])
    if lines[-1] or len(lines) == _LINES or not all(extensions):
        raise BadCheckpoint("malformed", "a checkpoint ends in a newline and has no empty line")
    if not _SIZE.fullmatch(size) or int(size) > LARGEST_SIZE:
        raise BadCheckpoint("malformed", "a size is decimal, without leading zeros, below 2**63")
    if len(root) != HASH_LENGTH or (int(size) == 0 and root != EMPTY_ROOT):
        raise BadCheckpoint("malformed", "a root is 32 bytes, and that of no entries is SHA-256 of nothing")
    return Checkpoint(origin, int(size), root, extensions)


def format(checkpoint: Checkpoint) -> str:  # noqa: A001  (the natural pair of `parse`; always called through the module)
    """Write the text that a log signs; extensions are not written.

    Raises:
        BadCheckpoint: it would not parse.
    """
    text = f"{checkpoint.origin}\n{checkpoint.size}\n{encode64(checkpoint.root)}\n"
    parse(text)
    return text


# What a signature proves never changes, and the same checkpoints are seen again and again.
@lru_cache(maxsize=256)
def open_checkpoint(signed: bytes, policy: LogPolicy) -> SignedCheckpoint:
    """Check a signed checkpoint: pinned origin, the log's signature, and no wrong cosignature by a known witness.

    Whether enough witnesses signed is for the caller to ask (`witnessed`): a receipt is useful before that.

    Raises:
        BadCheckpoint: codes `malformed`, `origin`, `signature`.
    """
    try:
        text, _ = split_note(signed)
        checkpoint = parse(text)
        if checkpoint.origin != policy.origin:
            raise BadCheckpoint("origin", f"the checkpoint is of {checkpoint.origin}, not of {policy.origin}")
        note = open_note(signed, [policy.log, *policy.witnesses])
    except BadSignature as error:
        raise BadCheckpoint("signature", str(error)) from error
    except BadNote as error:
        raise BadCheckpoint("malformed", str(error)) from error
    if not any(line.name == policy.origin for line in note.signatures):
        raise BadCheckpoint("signature", "the log has not signed the checkpoint")
    times = tuple(Cosignature(line.name, line.time) for line in note.signatures if line.time is not None)
    return SignedCheckpoint(checkpoint, times, signed)
