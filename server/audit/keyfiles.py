"""What the log keeps outside its database: its signing key, the key over the scopes' keys, its last checkpoint."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from keys.encoding import BadKey
from keys.notes import NoteKey
from protocol.log import checkpoint
from protocol.log.merkle import EMPTY_ROOT
from protocol.log.note import BadNote, KeyType, check_name, sign_note, verifier_text
from server.audit.scopes import FileWrapper
from server.database.files import create_private, replace_private

_KEY, _WRAPPING, _COPY = "log.key", "details.key", "log.checkpoint"


class NoLog(Exception):
    """The directory has no log, or what stands there is none: nothing was created in its place."""


@dataclass(frozen=True, slots=True)
class LogKey:
    """The log's name and the key that signs its checkpoints."""

    origin: str
    key: NoteKey

    @property
    def verifier(self) -> str:
        """The verifier key text that readers pin."""
        return verifier_text(self.origin, KeyType.ED25519, self.key.public)

    def sign(self, size: int, root: bytes) -> str:
        """Sign a checkpoint; give the whole note."""
        text = checkpoint.format(checkpoint.Checkpoint(self.origin, size, root))
        return sign_note(text, self.origin, self.key).decode()

    def open(self, note: str | bytes) -> checkpoint.Checkpoint:
        """Check a checkpoint that this log is said to have signed.

        Raises:
            BadCheckpoint: it did not, or it is of another log.
        """
        signed = note.encode() if isinstance(note, str) else note
        return checkpoint.open_checkpoint(signed, checkpoint.LogPolicy(self.origin, self.verifier)).checkpoint


@dataclass(frozen=True, slots=True)
class LastCheckpoint:
    """A copy of the last checkpoint, on purpose not in the database: it shows when a backup was put back."""

    path: Path

    def read(self) -> bytes:
        """Give the note. It may lag behind the log, never lead.

        Raises:
            NoLog: the file is missing. Without it nobody can say whether the database is the latest.
        """
        try:
            return self.path.read_bytes()
        except FileNotFoundError as error:
            raise NoLog(
                f"{self.path} is missing: bring it back, the log cannot tell whether its database is current"
            ) from error

    def write(self, note: str) -> None:
        """Replace it, durably and in one step."""
        replace_private(self.path, note.encode())


def init_log(data_dir: Path, origin: str) -> str:
    """Make the keys and the empty log's first checkpoint, each in a 0600 file; give the log's verifier key text.

    Raises:
        FileExistsError: there is, or was, a log in this directory; nothing was changed.
        BadNote: the origin cannot be a log's name.
    """
    log_key = LogKey(check_name(origin), NoteKey.generate())
    for name in (_KEY, _WRAPPING, _COPY):
        if (data_dir / name).exists():
            raise FileExistsError(f"{data_dir / name} is there already: a log is begun once")
    FileWrapper.create(data_dir / _WRAPPING)
    create_private(data_dir / _COPY, log_key.sign(0, EMPTY_ROOT).encode())
    described = {"v": 1, "origin": origin, "seed": log_key.key.to_bytes().hex()}
    create_private(data_dir / _KEY, json.dumps(described).encode())
    return log_key.verifier


def load_log_key(data_dir: Path) -> LogKey:
    """Read the log's name and signing key.

    Raises:
        NoLog: there is no such file, or it is none.
    """
    path = data_dir / _KEY
    try:
        described = json.loads(path.read_bytes())
        if described["v"] != 1:
            raise NoLog(f"{path} is of version {described['v']}: update this program")
        return LogKey(check_name(described["origin"]), NoteKey.from_bytes(bytes.fromhex(described["seed"])))
    except FileNotFoundError as error:
        raise NoLog(f"{path} is missing: `fortrolig server init` begins a log") from error
    except (ValueError, TypeError, KeyError, BadNote, BadKey) as error:
        raise NoLog(f"{path} is not a log's key") from error


def load_wrapper(data_dir: Path) -> FileWrapper:
    """Read the key over the scopes' keys.

    Raises:
        NoLog: there is no such file, or it is none.
    """
    path = data_dir / _WRAPPING
    try:
        return FileWrapper.load(path)
    except (FileNotFoundError, BadKey) as error:
        raise NoLog(f"{path} is missing or damaged: without it no details can be read") from error


def last_checkpoint(data_dir: Path) -> LastCheckpoint:
    """Name the copy of the last checkpoint."""
    return LastCheckpoint(data_dir / _COPY)
