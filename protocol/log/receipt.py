"""Receipts (C2SP tlog-proof @ 5ba5ee83): a proof that users keep, and that convicts a log that forgets.

A receipt is an index, an inclusion proof and the signed checkpoint, all as text. This product's `extra` is the base64
of canonical `{blind, details, entry}`, each of the three in base64 as it was hashed, so that a receipt verifies alone.
Level 1 carries the log's signature; level 2 also a quorum of witnesses.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from keys.canonical import NotCanonical
from keys.canonical import parse as parse_canonical
from protocol.log.checkpoint import LARGEST_SIZE, BadCheckpoint, LogPolicy, SignedCheckpoint, open_checkpoint
from protocol.log.entry import BadDetails, BadEntry, Details, Entry, commitment
from protocol.log.merkle import HASH_LENGTH, ProofError, leaf_hash, verify_inclusion
from protocol.log.note import BadNote, decode64, encode64

HEADER = "c2sp.org/tlog-proof@v1"
LONGEST_PROOF = 63

_INDEX = re.compile(r"0|[1-9][0-9]{0,18}")

# The receipts of one statement differ from day to day in their proofs alone, and the proofs of one checkpoint share
# most of their nodes. What a text decodes to, and what a disclosure opens to, never changes.
_node = lru_cache(maxsize=4_096)(decode64)
_extra = lru_cache(maxsize=512)(decode64)
_node_text = lru_cache(maxsize=4_096)(encode64)


class BadReceipt(ValueError):
    """The receipt proves nothing; `code` says why, the same for the same cause in every version."""

    def __init__(self, code: str, text: str) -> None:
        """Take a stable code and a sentence.

        Codes: `malformed`, `extra`, `entry`, `details`, `commitment`, `checkpoint`, `origin`, `signature`, `inclusion`.
        """
        super().__init__(text)
        self.code = code


@dataclass(frozen=True)
class Receipt:
    """A parsed proof, nothing of it verified: `hashes` leaf's sibling first, `checkpoint` the signed note."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None


@dataclass(frozen=True)
class Disclosure:
    """What opens one entry: the entry as it was hashed, 32 random bytes, and the details they hide."""

    entry: bytes
    blind: bytes
    details: bytes

    def to_bytes(self) -> bytes:
        """Write the canonical `{blind, details, entry}`, each in base64."""
        # Base64 holds nothing that JSON would escape: this is the canonical form.
        blind, details, entry = encode64(self.blind), encode64(self.details), encode64(self.entry)
        return f'{{"blind":"{blind}","details":"{details}","entry":"{entry}"}}'.encode("ascii")

    @classmethod
    def parse(cls, value: bytes) -> Disclosure:
        """Read what `to_bytes` wrote.

        Raises:
            BadReceipt: code `extra`.
        """
        try:
            members = parse_canonical(value)
            if not isinstance(members, dict) or members.keys() != _DISCLOSED:
                raise BadReceipt("extra", "a disclosure has the members blind, details and entry")
            return cls(**{name: decode64(members[name]) for name in _DISCLOSED})
        except (NotCanonical, BadNote) as error:
            raise BadReceipt("extra", "a disclosure is canonical JSON of base64") from error

    def open(self) -> tuple[Entry, Details]:
        """Check that the entry commits to the details, and read both.

        Raises:
            BadReceipt: codes `entry`, `commitment`, `details`.
        """
        try:
            entry = Entry.parse(self.entry)
            found = commitment(entry.id, self.blind, self.details)
        except BadEntry as error:
            raise BadReceipt("entry", str(error)) from error
        if found != entry.c:
            raise BadReceipt("commitment", "the entry commits to other details")
        try:
            return entry, Details.parse(self.details)
        except BadDetails as error:
            raise BadReceipt("details", str(error)) from error


_DISCLOSED = frozenset({"blind", "details", "entry"})


@dataclass(frozen=True)
class Verified:
    """What a receipt proves: this entry, with these details, stands at `index` in the tree of `checkpoint`.

    `level` is 2 when the policy asks for witnesses and enough of them cosigned the checkpoint, otherwise 1.
    """

    entry: Entry
    details: Details
    index: int
    checkpoint: SignedCheckpoint
    level: int


def issue(disclosure: Disclosure, index: int, hashes: list[bytes], checkpoint: bytes) -> Receipt:
    """Make the receipt of an entry from its inclusion proof and a signed checkpoint."""
    return Receipt(index, tuple(hashes), checkpoint, disclosure.to_bytes())


def format(receipt: Receipt) -> str:  # noqa: A001  (the natural pair of `parse`; always called through the module)
    """Write a receipt as text.

    Raises:
        BadReceipt: it would not parse.
    """
    _check(receipt)
    lines = [HEADER]
    if receipt.extra is not None:
        lines.append(f"extra {encode64(receipt.extra)}")
    lines.append(f"index {receipt.index}")
    lines += map(_node_text, receipt.hashes)
    try:
        return "\n".join(lines) + "\n\n" + receipt.checkpoint.decode()
    except UnicodeDecodeError as error:
        raise BadReceipt("malformed", "a checkpoint is UTF-8") from error


def parse(text: str | bytes) -> Receipt:
    """Read a receipt's text; verifies nothing.

    Raises:
        BadReceipt: code `malformed`.
    """
    try:
        whole = text.decode() if isinstance(text, bytes) else text
        head, empty, checkpoint = whole.partition("\n\n")
        header, *lines = head.split("\n")
        extra = _extra(lines.pop(0)[6:]) if lines and lines[0].startswith("extra ") else None
        index = lines.pop(0).removeprefix("index ") if lines and lines[0].startswith("index ") else ""
        hashes = tuple(map(_node, lines))
        note = checkpoint.encode()
    except (BadNote, UnicodeError, AttributeError) as error:
        raise BadReceipt("malformed", "a receipt is text with base64 in it") from error
    if header != HEADER or not empty:
        raise BadReceipt("malformed", f"a receipt begins with {HEADER} and has an empty line before the checkpoint")
    if not _INDEX.fullmatch(index):
        raise BadReceipt("malformed", "a receipt has an index: decimal, without leading zeros")
    receipt = Receipt(int(index), hashes, note, extra)
    _check(receipt)
    return receipt


def _check(receipt: Receipt) -> None:
    """Refuse a receipt that has no text form."""
    if not 0 <= receipt.index < LARGEST_SIZE:
        raise BadReceipt("malformed", "an index is below 2**63")
    if len(receipt.hashes) > LONGEST_PROOF or not {*map(len, receipt.hashes)} <= {HASH_LENGTH}:
        raise BadReceipt("malformed", "a proof is at most 63 hashes of 32 bytes")
    if not receipt.checkpoint.endswith(b"\n"):
        raise BadReceipt("malformed", "a checkpoint ends in a newline")


def verify(
    receipt: Receipt, policy: LogPolicy, opened: Callable[[bytes, LogPolicy], SignedCheckpoint] = open_checkpoint
) -> Verified:
    """Check everything that a receipt can show by itself, under a policy known from elsewhere.

    `opened` does what `open_checkpoint` does: whoever checks many receipts of one checkpoint may remember its answer.

    Raises:
        BadReceipt: with the code of the first cause found.
    """
    if receipt.extra is None:
        raise BadReceipt("extra", "the receipt does not carry its entry")
    entry, details, leaf = _disclosed(receipt.extra)
    try:
        signed = opened(receipt.checkpoint, policy)
    except BadCheckpoint as error:
        code = error.code if error.code in {"origin", "signature"} else "checkpoint"
        raise BadReceipt(code, str(error)) from error
    tree = signed.checkpoint
    try:
        verify_inclusion(receipt.index, tree.size, leaf, receipt.hashes, tree.root)
    except ProofError as error:
        raise BadReceipt("inclusion", str(error)) from error
    level = 1 if signed.witnessed(policy.quorum) is None else 2
    return Verified(entry, details, receipt.index, signed, level)


@lru_cache(maxsize=512)
def _disclosed(extra: bytes) -> tuple[Entry, Details, bytes]:
    disclosure = Disclosure.parse(extra)
    return (*disclosure.open(), leaf_hash(disclosure.entry))
