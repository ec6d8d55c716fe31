"""Signed notes (C2SP signed-note @ 5ba5ee83): a text, an empty line, and signature lines by named keys.

Type 0x01 signs the text with Ed25519; type 0x04 is a witness's cosignature (C2SP tlog-cosignature), which also signs
the time at which the witness saw the text. Nothing else is accepted as a verifier.
"""

from __future__ import annotations

import re
from binascii import a2b_base64, b2a_base64
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol

from keys import notes

if TYPE_CHECKING:
    from collections.abc import Iterable

KEY_LENGTH = 32
SIGNATURE_LENGTH = 64
MOST_SIGNATURES = 100
MOST_BYTES = 1_000_000
_KEY_ID_LENGTH = 4
_TIME_LENGTH = 8
_LATEST_SECOND = 2**63 - 1

_DASH = "\u2014 "
_VERIFIER = re.compile(r"([^+]*)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


class BadNote(ValueError):
    """The note is malformed, or not signed as it must be."""


class BadSignature(BadNote):
    """The note is well-formed; a known key's signature is wrong, or no known key signed."""


class KeyType(IntEnum):
    """What a key signs (C2SP signed-note); one key has one type and one role."""

    ED25519 = 0x01
    COSIGNATURE = 0x04


_TYPES = frozenset(KeyType)


class Signer(Protocol):
    """An Ed25519 private key; `keys.notes.NoteKey` is one."""

    @property
    def public(self) -> bytes:
        """The raw public key, 32 bytes."""

    def sign(self, message: bytes) -> bytes:
        """Sign with Ed25519: 64 bytes."""


@dataclass(frozen=True)
class Verifier:
    """A key that a reader knows, parsed from its text."""

    name: str
    key_id: bytes
    type: KeyType
    public: bytes

    @classmethod
    def parse(cls, text: str) -> Verifier:
        """Take `name+hex8(keyid)+B64(type || public key)` and check the id.

        Raises:
            BadNote: any other text, an unknown type, or an id that is not that key's.
        """
        match = _VERIFIER.fullmatch(text) if isinstance(text, str) else None
        if match is None:
            raise BadNote("a verifier key is written name+id+key")
        name = check_name(match[1])
        typed = decode64(match[3])
        if len(typed) != 1 + KEY_LENGTH or typed[0] not in _TYPES:
            raise BadNote("the verifier key is not an Ed25519 key of type 1 or 4")
        kind, public = KeyType(typed[0]), typed[1:]
        identity = key_id(name, kind, public)
        if identity.hex() != match[2]:
            raise BadNote("the verifier key's id is not that of its name and key")
        return cls(name, identity, kind, public)


@dataclass(frozen=True)
class Signature:
    """One signature line; `time` is set on a verified cosignature: POSIX seconds at which the witness signed."""

    name: str
    key_id: bytes
    signature: bytes
    time: int | None = None


@dataclass(frozen=True)
class Note:
    """A note that at least one known key signed; `unknown` holds the lines by keys nobody vouched for."""

    text: str
    signatures: tuple[Signature, ...]
    unknown: tuple[Signature, ...]


def key_id(name: str, kind: int, public: bytes) -> bytes:
    """Return the 4 bytes that, with the name, tell keys apart."""
    return sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:_KEY_ID_LENGTH]


def verifier_text(name: str, kind: int, public: bytes) -> str:
    """Write a verifier key as `Verifier.parse` takes it.

    Raises:
        BadNote: the name, type or key is not of the accepted form.
    """
    check_name(name)
    if kind not in _TYPES or len(public) != KEY_LENGTH:
        raise BadNote("a verifier is an Ed25519 key of type 1 or 4")
    return f"{name}+{key_id(name, kind, public).hex()}+{encode64(bytes([kind]) + public)}"


def sign_note(text: str, name: str, key: Signer) -> bytes:
    """Sign a text with type 0x01 and return the whole note.

    Raises:
        BadNote: the name or the text cannot stand in a note.
    """
    message = _check_text(text)
    return message + b"\n" + _line(check_name(name), KeyType.ED25519, key, key.sign(message))


def cosign(text: str, name: str, key: Signer, seconds: int) -> bytes:
    """Return the line that a witness adds to a note with this text, at a time in POSIX seconds.

    Raises:
        BadNote: the name, text or time cannot stand in a cosignature.
    """
    _check_text(text)
    if not 0 < seconds <= _LATEST_SECOND:
        raise BadNote("a cosignature carries a time after 1970")
    signature = seconds.to_bytes(_TIME_LENGTH, "big") + key.sign(_cosigned(text, seconds))
    return _line(check_name(name), KeyType.COSIGNATURE, key, signature)


def open_note(text: bytes, verifiers: Iterable[str]) -> Note:
    """Check a signed note under the verifier keys that the reader knows.

    Lines by unknown keys are ignored. A line by a known name and key id whose signature is wrong rejects the whole
    note, and so does a note that no known key signed. Repeated lines count once; their order means nothing.

    Raises:
        BadSignature: a known key's signature is wrong, or there is none.
        BadNote: malformed note, malformed verifier, or a signature by an ambiguous pair of verifiers.
    """
    known: dict[tuple[str, bytes], list[Verifier]] = {}
    for each in verifiers:
        verifier = Verifier.parse(each)
        known.setdefault((verifier.name, verifier.key_id), []).append(verifier)
    body, lines = split_note(text)
    good: dict[tuple[str, bytes], Signature] = {}
    unknown = []
    for line in lines:
        matches = known.get((line.name, line.key_id), [])
        if len(matches) > 1:
            raise BadNote(f"two verifiers are given for {line.name}")
        if matches:
            good.setdefault((line.name, line.key_id), _verified(body, line, matches[0]))
        else:
            unknown.append(line)
    if not good:
        raise BadSignature("no known key signed the note")
    return Note(body, tuple(good.values()), tuple(unknown))


def split_note(text: bytes) -> tuple[str, tuple[Signature, ...]]:
    """Part a note into its text and its signature lines, none of them verified.

    Raises:
        BadNote: malformed, too many lines, too large.
    """
    if not isinstance(text, bytes) or len(text) > MOST_BYTES:
        raise BadNote("a note is at most a million bytes")
    try:
        whole = text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadNote("a note is UTF-8") from error
    if _CONTROL.search(whole):
        raise BadNote("a note has no control characters")
    # The last empty line: the text itself may contain others.
    end = whole.rfind("\n\n")
    if end < 0 or not whole.endswith("\n"):
        raise BadNote("a note is a text, an empty line and signature lines, and ends in a newline")
    lines = whole[end + 2 : -1].split("\n")
    if len(lines) > MOST_SIGNATURES:
        raise BadNote("a note has at most a hundred signatures")
    return whole[: end + 1], tuple(_parse_line(line) for line in lines)


def write_note(text: str, signatures: Iterable[Signature]) -> bytes:
    """Write a note from its text and signature lines, as they were verified.

    Raises:
        BadNote: the text cannot stand in a note.
    """
    return _check_text(text) + b"\n" + b"".join(map(signature_line, signatures))


def signature_line(signature: Signature) -> bytes:
    """Write one signature line."""
    return f"{_DASH}{signature.name} {encode64(signature.key_id + signature.signature)}\n".encode()


def check_name(name: str) -> str:
    """Return the name if a key may bear it.

    Raises:
        BadNote: empty, or with a space, a plus sign or a control character.
    """
    if not name or "+" in name or any(c.isspace() or c < " " for c in name) or not _encodable(name):
        raise BadNote("a key's name is not empty and has no space and no plus sign")
    return name


def encode64(value: bytes) -> str:
    """Write bytes in the standard alphabet, padded."""
    return b2a_base64(value, newline=False).decode("ascii")


def decode64(text: object) -> bytes:
    """Read bytes in the standard alphabet, padded.

    Raises:
        BadNote: no text, or anything that does not encode back to itself.
    """
    if not isinstance(text, str):
        raise BadNote("base64 is text")
    try:
        value = a2b_base64(text, strict_mode=True)
    except ValueError as error:
        raise BadNote("not base64") from error
    if encode64(value) != text:
        raise BadNote("base64 with a second spelling")
    return value


def _parse_line(line: str) -> Signature:
    name, space, rest = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not space:
        raise BadNote("a signature line is a dash, a name and a signature")
    value = decode64(rest)
    if len(value) <= _KEY_ID_LENGTH:
        raise BadNote("the signature is too short")
    return Signature(check_name(name), value[:_KEY_ID_LENGTH], value[_KEY_ID_LENGTH:])


def _verified(text: str, line: Signature, verifier: Verifier) -> Signature:
    message, signature, time = text.encode(), line.signature, None
    if verifier.type is KeyType.COSIGNATURE:
        time = int.from_bytes(signature[:_TIME_LENGTH], "big")
        message, signature = _cosigned(text, time), signature[_TIME_LENGTH:]
    if len(signature) != SIGNATURE_LENGTH or not notes.verify(verifier.public, message, signature):
        raise BadSignature(f"the signature of {line.name} is wrong")
    if time is not None and not 0 < time <= _LATEST_SECOND:
        raise BadSignature(f"the cosignature of {line.name} carries no time")
    return Signature(line.name, line.key_id, line.signature, time)


def _cosigned(text: str, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


def _line(name: str, kind: KeyType, key: Signer, signature: bytes) -> bytes:
    return signature_line(Signature(name, key_id(name, kind, key.public), signature))


def _check_text(text: str) -> bytes:
    if not text.endswith("\n") or _CONTROL.search(text) or not _encodable(text):
        raise BadNote("a note's text ends in a newline and has no control characters")
    return text.encode()


def _encodable(text: str) -> bool:
    return not any("\ud800" <= c <= "\udfff" for c in text)
