"""An export of the log: everything that somebody needs who wants to judge it without the operator.

A directory of files:

* `export.json`: canonical `{v, origin, size, made, case}`: what this is. Trusted for nothing.
* `checkpoint`: the latest signed checkpoint, with its cosignatures.
* `checkpoints.jsonl`: every earlier published checkpoint, sizes never falling; a line is canonical `{note}`.
* `tile/entries/...`: the entries, as C2SP tiles (`protocol.log.tiles`).
* `disclosures.jsonl`: what the reader may read, indexes rising; a line is canonical `{blind, details, index}`, blind
  and details in base64 (standard alphabet, padded).
* `receipts/*`: receipts that users handed over, if any.

The policy to judge it under is *not* in it: it comes from elsewhere. `judge` takes the parts as streams.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from keys.canonical import NotCanonical, canonical
from keys.canonical import parse as parse_canonical
from protocol.identifiers import BadIdentifier, Instant, parse_instant
from protocol.log.checkpoint import LARGEST_SIZE
from protocol.log.judgement import judge
from protocol.log.note import BadNote, decode64, encode64
from protocol.log.verdict import Code, Disclosed, Finding, Outcome, Verdict

__all__ = [
    "BadExport",
    "Code",
    "Disclosed",
    "Finding",
    "Header",
    "Outcome",
    "Verdict",
    "checkpoint_line",
    "disclosure_line",
    "judge",
    "parse_checkpoint_line",
    "parse_disclosure_line",
]

LONGEST_CASE = 200
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class BadExport(ValueError):
    """A file of an export is not of its form."""


@dataclass(frozen=True)
class Header:
    """What an export says it is: whose log, how many entries, when it was made, for which case (or null)."""

    origin: str
    size: int
    made: Instant
    case: str | None = None

    def to_bytes(self) -> bytes:
        """Write `export.json`.

        Raises:
            BadExport: it would not parse.
        """
        value = {"v": 1, "origin": self.origin, "size": self.size, "made": self.made, "case": self.case}
        try:
            written = canonical(value)
        except NotCanonical as error:
            raise BadExport(str(error)) from error
        Header.parse(written)
        return written

    @classmethod
    def parse(cls, value: bytes) -> Header:
        """Read `export.json`.

        Raises:
            BadExport: any other bytes.
        """
        members = _members(value, {"v", "origin", "size", "made", "case"})
        origin, size, case = members["origin"], members["size"], members["case"]
        if members["v"] != 1 or isinstance(members["v"], bool):
            raise BadExport("unknown version; update your client")
        if not isinstance(origin, str) or not origin:
            raise BadExport("an export names its log's origin")
        if not _is_count(size):
            raise BadExport("an export's size is a whole number")
        if case is not None and not (isinstance(case, str) and 0 < len(case) <= LONGEST_CASE):
            raise BadExport("a case is null or a text of at most 200 characters")
        if case is not None and _CONTROL.search(case):
            raise BadExport("a case has no control characters")
        try:
            return cls(origin, int(str(size)), parse_instant(members["made"]), case)
        except BadIdentifier as error:
            raise BadExport(str(error)) from error


def checkpoint_line(note: bytes) -> bytes:
    """Write a line of `checkpoints.jsonl`, newline included."""
    return canonical({"note": note.decode()}) + b"\n"


def parse_checkpoint_line(line: bytes) -> bytes:
    """Read the signed checkpoint in a line, which may still end in its newline.

    Raises:
        BadExport: not such a line.
    """
    note = _members(line.removesuffix(b"\n"), {"note"})["note"]
    if not isinstance(note, str):
        raise BadExport("a checkpoint's line holds the note as text")
    return note.encode()


def disclosure_line(disclosed: Disclosed) -> bytes:
    """Write a line of `disclosures.jsonl`, newline included."""
    blind, details = encode64(disclosed.blind), encode64(disclosed.details)
    return canonical({"index": disclosed.index, "blind": blind, "details": details}) + b"\n"


def parse_disclosure_line(line: bytes) -> Disclosed:
    """Read a line of `disclosures.jsonl`, which may still end in its newline; checks no commitment.

    Raises:
        BadExport: not such a line.
    """
    members = _members(line.removesuffix(b"\n"), {"index", "blind", "details"})
    index, blind, details = members["index"], members["blind"], members["details"]
    if not _is_count(index) or not isinstance(blind, str) or not isinstance(details, str):
        raise BadExport("a disclosure has an index, and blind and details in base64")
    try:
        return Disclosed(int(str(index)), decode64(blind), decode64(details))
    except BadNote as error:
        raise BadExport(str(error)) from error


def _members(value: bytes, names: set[str]) -> dict[str, object]:
    try:
        members = parse_canonical(value)
    except NotCanonical as error:
        raise BadExport(str(error)) from error
    if not isinstance(members, dict) or members.keys() != names:
        raise BadExport(f"expected an object of {', '.join(sorted(names))}")
    return members


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST_SIZE
