"""A person's folder on their own machine: keys, what they trust, what they have pinned and seen, receipts, evidence.

    keyring.json    private keys, locked by the passphrase (mode 0600)
    profile.json    who I am, which server, which root
    policy.json     the root's policy as it was last accepted (`clients.sdk.policy`)
    trust.json      pins, and the largest checkpoint of the log that I have verified
    begun/          requests that were signed and not yet answered (`clients.sdk.journal`)
    outbox/         shares that are not yet sent (`clients.sdk.outbox`)
    receipts/       one receipt a file, as the server gave it
    evidence/       whatever convicts somebody: kept, never overwritten

Every change is written to a temporary file, flushed, and renamed: a crash leaves the old or the new. Several processes
may use one home: what is read, changed and written again is so under a lock.
"""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

from clients.sdk.errors import Fault, Misused
from keys.keyring import Cost, DamagedKeyring, ExposedKeyring, Keyring, KeyringError
from protocol.identifiers import PersonId
from protocol.pins import Pins
from protocol.reading import Fields, Malformed, text


@dataclass(frozen=True, slots=True)
class Profile:
    """Who the home belongs to, and the server and root it was enrolled under."""

    person: PersonId
    server: str
    root: str

    @classmethod
    def parse(cls, value: object) -> Self:
        """Take `{v, person, server, root}`; raises `Malformed`."""
        fields = Fields(value, "profile")
        fields.version()
        profile = cls(fields.take("person", PersonId.parse), fields.take("server", text), fields.take("root", text))
        fields.done()
        return profile

    def to_json(self) -> dict[str, Any]:
        """Return the form that `parse` takes."""
        return {"v": 1, "person": self.person, "server": self.server, "root": self.root}


class Home:
    """The folder, with its keyring open."""

    def __init__(self, folder: Path, keyring: Keyring) -> None:
        self.folder = folder
        self.keyring = keyring

    @classmethod
    def create(cls, folder: Path, passphrase: str, *, cost: Cost | None = None) -> Self:
        """Make the folder (mode 0700) with new keys.

        Raises:
            Misused: `home-exists`, if there are keys already: they are never overwritten.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            return cls(folder, Keyring.create(folder / "keyring.json", passphrase, cost=cost))
        except FileExistsError as error:
            raise home_exists(folder) from error
        except KeyringError as error:
            raise Misused("bad-passphrase", f"This passphrase cannot be used: {error}.") from error

    @classmethod
    def open(cls, folder: Path, passphrase: str) -> Self:
        """Open the folder's keyring.

        Raises:
            Misused: `no-home`, `wrong-passphrase` or `exposed-keyring`.
            Fault: `damaged-home`.
        """
        path = folder / "keyring.json"
        try:
            return cls(folder, Keyring.open(path, passphrase))
        except FileNotFoundError as error:
            raise Misused(
                "no-home", f"{folder} holds no keys. Begin with `fortrolig enrol`, or name another --home.", path=folder
            ) from error
        except ExposedKeyring as error:
            raise Misused(
                "exposed-keyring",
                f"Others on this machine may read {path}. Run `chmod 600 {path}`, and consider the keys read.",
                path=path,
            ) from error
        except DamagedKeyring as error:
            raise damaged(path) from error
        except KeyringError as error:
            raise Misused("wrong-passphrase", "The passphrase does not open these keys. Try again.") from error

    @classmethod
    def begin(cls, folder: Path, passphrase: str, *, cost: Cost | None = None) -> Self:
        """Make a new home, or go on with one that was begun and has no owner yet.

        Raises:
            Misused: `home-exists`, if somebody is enrolled here; `wrong-passphrase`.
        """
        if not (folder / "keyring.json").exists():
            return cls.create(folder, passphrase, cost=cost)
        if (folder / "profile.json").exists():
            raise home_exists(folder)
        return cls.open(folder, passphrase)

    @property
    def profile(self) -> Profile:
        """Who I am here; raises `Misused` (`not-enrolled`)."""
        return read_profile(self.folder)

    def save_profile(self, profile: Profile) -> None:
        """Keep who I am."""
        write_json(self.folder / "profile.json", profile.to_json())

    @property
    def pins(self) -> Pins:
        """What I have once believed."""
        return read_pins(self.folder)

    @property
    def seen(self) -> str | None:
        """The largest checkpoint that I have verified, as signed by the log; null before the first."""
        note = self._trust().get("seen")
        return note if isinstance(note, str) else None

    def save_trust(self, pins: Pins, seen: str | None) -> None:
        """Keep these pins, and the largest checkpoint unless it is null; pins kept by others meanwhile stay.

        Raises:
            Refused: `two-truths`, if another process has pinned something else under the same number.
        """
        with self.alone():
            trust = self._trust()
            merged = _pins(trust, self.folder)
            for name, pin in pins.known.items():
                kept = merged.known.get(name)
                if kept is None or kept.number <= pin.number:
                    merged = merged.checked(name, pin.number, pin.digest)
            note = max((one for one in (trust.get("seen"), seen) if one), key=_note_size, default=None)
            now = {"v": 1, "pins": merged.to_json(), "seen": note}
            if now != trust:  # most openings teach nothing new, and a write waits for the disk twice
                write_json(self.folder / "trust.json", now)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the lock of this home among processes."""
        descriptor = os.open(self.folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def save_receipt(self, receipt: str) -> Path:
        """Keep a receipt under its own digest, and return where."""
        path = self.folder / "receipts" / f"{sha256(receipt.encode()).hexdigest()[:32]}.txt"
        write_text(path, receipt)
        return path

    def replace_receipt(self, path: Path, receipt: str) -> Path:
        """Keep another receipt of the same entry instead of one, as old as that was; return where."""
        kept, new = path.stat(), self.save_receipt(receipt)
        os.utime(new, ns=(kept.st_atime_ns, kept.st_mtime_ns))
        if new != path:
            path.unlink()
        return new

    def receipts(self) -> list[Path]:
        """Return where the receipts are, oldest first."""
        found = (self.folder / "receipts").glob("*.txt")
        return sorted(found, key=lambda path: (path.stat().st_mtime_ns, path.name))

    def save_evidence(self, what: Mapping[str, Any]) -> Path:
        """Keep what convicts somebody, under its own digest, and return where."""
        written = json.dumps(what, indent=2, ensure_ascii=False, default=str)
        path = self.folder / "evidence" / f"{sha256(written.encode()).hexdigest()[:32]}.json"
        write_text(path, written)
        return path

    def _trust(self) -> dict[str, Any]:
        return read_json(self.folder / "trust.json")


def read_profile(folder: Path) -> Profile:
    """Read who a home belongs to without its passphrase; raises `Misused` (`not-enrolled`)."""
    try:
        return Profile.parse(read_json(folder / "profile.json"))
    except Malformed as error:
        raise Misused(
            "not-enrolled", f"{folder} is not enrolled anywhere yet. Begin with `fortrolig enrol`.", path=folder
        ) from error


def read_pins(folder: Path) -> Pins:
    """Read what a home has once believed, without its passphrase; raises `Fault` (`damaged-home`)."""
    return _pins(read_json(folder / "trust.json"), folder)


def home_exists(folder: Path) -> Misused:
    """Return the error for a folder that is somebody's already."""
    return Misused("home-exists", f"{folder} already holds somebody's keys. Choose another --home.", path=folder)


def damaged(path: Path) -> Fault:
    """Return the error for a file of the home that is not as it was written."""
    return Fault("damaged-home", f"{path} is damaged. Restore it from a backup.", path=path)


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write JSON so that a crash leaves the old file or the new one; mode 0600."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def write_text(path: Path, content: str) -> None:
    """Write text so that a crash leaves the old file or the new one; mode 0600."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    written = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        written.replace(path)
        _sync(path.parent)
    finally:
        written.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    # A rename is on the disk only when its folder is.
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object, or an empty one if there is no file; raises `Fault` (`damaged-home`)."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise damaged(path) from error
    if not isinstance(value, dict):
        raise damaged(path)
    return value


def _note_size(note: str) -> int:
    """Return the tree size that a checkpoint states in its second line; both were verified before they were kept."""
    return int(note.split("\n", 2)[1])


def _pins(trust: Mapping[str, Any], folder: Path) -> Pins:
    try:
        return Pins.parse(trust.get("pins", {}))
    except ValueError as error:
        raise damaged(folder / "trust.json") from error
