"""Entries of the log: what is a leaf, what it commits to, and what may be erased without breaking a proof.

An entry is canonical `{v, id, t, e, c}`: version, random id, time, event code, commitment. Who, where and about whom
stand in the details, which lie beside the tree; the commitment hides them behind 32 random bytes, so that they can be
erased while every proof still holds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256

from protocol.identifiers import LARGEST_INTEGER, Instant
from protocol.log.details import BadDetails, Decision, Details
from protocol.log.event import Event

__all__ = ["BadDetails", "BadEntry", "Decision", "Details", "Entry", "Event", "commitment", "members"]

ID_LENGTH = 16
BLIND_LENGTH = 32
LARGEST_ENTRY = 65_535
"""Bytes of an entry at most, so that its length fits the two bytes that tiles give it."""

# Canonical JSON of closed fields has one spelling, so this pattern is the whole parser: fast, and strict by itself.
_ENTRY = re.compile(
    rb'\{"c":"([0-9a-f]{64})","e":"([a-z-]{1,40})","id":"([0-9a-f]{32})","t":(0|[1-9][0-9]{0,15}),"v":1\}'
)
_IDENTITY = re.compile(r"[0-9a-f]{32}")
_EVENTS = {event.value.encode(): event for event in Event}


class BadEntry(ValueError):
    """Not an entry of version 1, or a commitment asked over values of the wrong length."""


@dataclass(frozen=True)
class Entry:
    """A leaf: `id` is 32 hex digits, `t` when it was appended, `e` what happened, `c` the commitment in hex."""

    id: str
    t: Instant
    e: Event
    c: str
    v: int = 1

    @classmethod
    def parse(cls, value: bytes) -> Entry:
        """Read an entry from its canonical bytes.

        Raises:
            BadEntry: any other bytes, an event that is not in the catalogue, another version.
        """
        event, identity, time, committed = members(value)
        return cls(identity.decode(), Instant(time), event, committed.decode())

    def to_bytes(self) -> bytes:
        """Write the canonical bytes, which are what the tree hashes.

        Raises:
            BadEntry: a field is not of its form.
        """
        value = f'{{"c":"{self.c}","e":"{self.e}","id":"{self.id}","t":{self.t},"v":{self.v}}}'.encode()
        members(value)  # no field can smuggle in another spelling: only the one that parses leaves here
        return value


def members(value: bytes) -> tuple[Event, bytes, int, bytes]:
    """Read an entry's event, id (hex), time and commitment (hex) without making an `Entry`: for long logs.

    Raises:
        BadEntry: like `Entry.parse`.
    """
    match = _ENTRY.fullmatch(value)
    if match is None:
        raise BadEntry("an entry is canonical {c, e, id, t, v} of version 1; if it is newer, update your client")
    committed, code, identity, digits = match.groups()
    event, time = _EVENTS.get(code), int(digits)
    if event is None:
        raise BadEntry(f"unknown event {code.decode()}; update your client")
    if time > LARGEST_INTEGER:
        raise BadEntry("the time is out of range")
    return event, identity, time, committed


def commitment(identity: str, blind: bytes, details: bytes) -> str:
    """Commit to an entry's details, in hex: SHA-256 over a domain, the id, 32 random bytes and the details.

    Raises:
        BadEntry: the id is not 32 hex digits, or the blind not 32 bytes.
    """
    if not _IDENTITY.fullmatch(identity) or len(blind) != BLIND_LENGTH:
        raise BadEntry("a commitment takes an id of 16 bytes in hex and a blind of 32 bytes")
    return sha256(b"audit-details/v1\n" + bytes.fromhex(identity) + blind + details).hexdigest()
