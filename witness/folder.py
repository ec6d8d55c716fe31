"""What a witness keeps: its key, the logs it knows, the checkpoint it cosigned last for each, and evidence.

Everything is a small file that is replaced in one step and synced before anybody is answered: `witness.json`,
`witness.key` (0600), `checkpoints/<hash of the origin>` and `evidence/`. One process at a time may hold a folder.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Self

from keys.encoding import BadKey
from keys.notes import NoteKey
from protocol.log.checkpoint import BadCheckpoint, LogPolicy, SignedCheckpoint, open_checkpoint
from protocol.log.note import BadNote, KeyType, Verifier, check_name, cosign, open_note, verifier_text, write_note
from protocol.log.witnessing import Answer, Declined, Submission, judge

_CONFIG, _KEY, _CHECKPOINTS, _EVIDENCE, _LOCK = "witness.json", "witness.key", "checkpoints", "evidence", "lock"


class BadFolder(Exception):
    """The folder is not one that `init` made, another process holds it, or its clock or files are not right."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What is remembered of one log: the checkpoint cosigned last (None before the first), and refusals on file."""

    origin: str
    latest: SignedCheckpoint | None
    refused: int


@dataclass(frozen=True)
class Folder:
    """A witness's folder, read once; `logs` are verifier key texts by origin."""

    path: Path
    name: str
    key: NoteKey
    logs: Mapping[str, str]

    @classmethod
    def create(cls, path: Path, name: str, logs: Sequence[str]) -> Self:
        """Make a new folder with a key of its own.

        Raises:
            BadFolder: there is something already, or a name or a log's key is not well-formed.
        """
        try:
            check_name(name)
            known = _by_origin(logs)
            path.mkdir(parents=True, exist_ok=True)
            if any(path.iterdir()):
                raise BadFolder(f"{path} is not empty; choose another folder")
        except (BadNote, OSError) as error:
            raise BadFolder(str(error)) from error
        made = cls(path, name, NoteKey.generate(), known)
        for part in (_CHECKPOINTS, _EVIDENCE):
            (path / part).mkdir()
        _write(path / _KEY, made.key.to_bytes())
        # Last, and in one step: a folder with this file is whole.
        config = {"v": 1, "name": name, "logs": sorted(logs)}
        _write(path / _CONFIG, json.dumps(config, indent=2).encode() + b"\n")
        return made

    @classmethod
    def open(cls, path: Path) -> Self:
        """Read a folder that `create` made; raises `BadFolder`."""
        try:
            config = json.loads((path / _CONFIG).read_text(encoding="utf-8"))
            if config["v"] != 1:
                raise BadFolder(f"{path} is of another version: update this program")
            key = NoteKey.from_bytes((path / _KEY).read_bytes())
            return cls(path, check_name(config["name"]), key, _by_origin(config["logs"]))
        except FileNotFoundError as error:
            raise BadFolder(f"{path} has no witness: `fortrolig witness init` makes one") from error
        except (OSError, ValueError, KeyError, TypeError, BadNote, BadKey) as error:
            raise BadFolder(f"{path} cannot be read: {error}") from error

    @property
    def verifier(self) -> str:
        """The verifier key text that the root signs into its policy."""
        return verifier_text(self.name, KeyType.COSIGNATURE, self.key.public)

    def hold(self) -> int:
        """Keep every other process out until this one ends; raises `BadFolder` where one is in already."""
        descriptor = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            raise BadFolder(f"another process holds {self.path}") from error
        return descriptor

    def kept(self) -> list[Kept]:
        """Tell what is remembered of each log, by origin."""
        return [Kept(origin, self.latest(origin), self._refused(origin)) for origin in sorted(self.logs)]

    def latest(self, origin: str) -> SignedCheckpoint | None:
        """Return the checkpoint cosigned last for a log.

        Raises:
            BadFolder: the file is not what this witness wrote. It then cosigns nothing: what it saw is not known.
        """
        try:
            note = self._checkpoint(origin).read_bytes()
            kept = open_checkpoint(note, LogPolicy(origin, self.logs[origin], (self.verifier,), 1))
        except FileNotFoundError:
            return None
        except BadCheckpoint as error:
            raise BadFolder(f"{self._checkpoint(origin)} is not what this witness wrote: {error}") from error
        if not kept.cosignatures:
            raise BadFolder(
                f"{self._checkpoint(origin)} is not what this witness wrote: its own cosignature is missing"
            )
        return kept

    def cosign(self, body: bytes, seconds: int) -> bytes:
        """Judge a request at a time in POSIX seconds, and return the cosignature line once it is stored.

        Raises:
            Declined: it is not cosigned; where the log had signed it, it is on file first.
            BadFolder: the clock stands before the last cosignature, or a file is damaged.
        """
        asked = Submission.parse(body)
        origin = asked.origin
        if origin not in self.logs:
            raise Declined(Answer.UNKNOWN_LOG, f"{origin} is not known here")
        latest = self.latest(origin)
        try:
            judge(asked, self.logs[origin], None if latest is None else latest.checkpoint)
        except Declined as declined:
            if declined.signed:
                self._keep(origin, body, declined.answer)
            raise
        if latest is not None and seconds < (latest.witnessed(1) or 0):
            raise BadFolder("the clock stands before the last cosignature")
        signed = open_note(asked.note, [self.logs[origin]])
        line = cosign(signed.text, self.name, self.key, seconds)
        # Lines by others are left out: nobody here has verified them.
        _write(self._checkpoint(origin), write_note(signed.text, signed.signatures) + line)
        return line

    def note(self, digest: str) -> bytes | None:
        """Return the latest checkpoint with both signatures, of the log whose origin has this SHA-256 in hex."""
        for origin in self.logs:
            if _digest(origin) == digest:
                latest = self.latest(origin)
                return None if latest is None else latest.note
        return None

    def _checkpoint(self, origin: str) -> Path:
        return self.path / _CHECKPOINTS / _digest(origin)

    def _refused(self, origin: str) -> int:
        return len(list((self.path / _EVIDENCE).glob(f"{_digest(origin)[:16]}-*")))

    def _keep(self, origin: str, body: bytes, answer: Answer) -> None:
        """Put a signed request that was refused on file, once; its name tells log, answer and digest."""
        path = self.path / _EVIDENCE / f"{_digest(origin)[:16]}-{answer:d}-{sha256(body).hexdigest()[:32]}"
        if not path.exists():
            _write(path, body)


def _by_origin(logs: Sequence[str]) -> dict[str, str]:
    verifiers = {text: Verifier.parse(text) for text in logs}
    known = {verifier.name: text for text, verifier in verifiers.items()}
    if len(known) != len(logs) or any(each.type is not KeyType.ED25519 for each in verifiers.values()):
        raise BadNote("each log has a key of type 1 and a name of its own")
    return known


def _digest(origin: str) -> str:
    return sha256(origin.encode()).hexdigest()


def _write(path: Path, content: bytes) -> None:
    """Replace a file (0600) durably and in one step."""
    beside = path.with_name(path.name + ".new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
