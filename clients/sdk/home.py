"""A person's folder on their own machine: keys, what they trust, what they have pinned and seen, receipts, evidence.

    keyring.json    private keys, locked by the passphrase (mode 0600)
    profile.json    who I am, which server, which root
    trust.json      pins, and the largest checkpoint of the log that I have verified
    receipts/       one receipt a file, as the server gave it
    evidence/       whatever convicts somebody: kept, never overwritten

Every change is written to a temporary file, flushed, and renamed: a crash leaves the old or the new.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

from clients.sdk.errors import Fault, Misused
from keys.keyring import Cost, Keyring, KeyringError
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
            raise Misused("home-exists", f"{folder} already holds somebody's keys; choose another --home") from error
        except KeyringError as error:
            raise Misused("bad-passphrase", str(error)) from error

    @classmethod
    def open(cls, folder: Path, passphrase: str) -> Self:
        """Open the folder's keyring.

        Raises:
            Misused: `no-home` or `wrong-passphrase`.
        """
        try:
            return cls(folder, Keyring.open(folder / "keyring.json", passphrase))
        except FileNotFoundError as error:
            raise Misused("no-home", f"{folder} holds no keys; begin with `fortrolig enrol`") from error
        except KeyringError as error:
            raise Misused("wrong-passphrase", str(error)) from error

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
        return Pins.parse(self._trust().get("pins", {}))

    @property
    def seen(self) -> str | None:
        """The largest checkpoint that I have verified, as signed by the log; null before the first."""
        note = self._trust().get("seen")
        return note if isinstance(note, str) else None

    def save_trust(self, pins: Pins, seen: str | None) -> None:
        """Keep pins and the largest checkpoint together."""
        write_json(self.folder / "trust.json", {"v": 1, "pins": pins.to_json(), "seen": seen})

    def save_receipt(self, receipt: str) -> Path:
        """Keep a receipt under its own digest, and return where."""
        path = self.folder / "receipts" / f"{sha256(receipt.encode()).hexdigest()[:32]}.txt"
        write_text(path, receipt)
        return path

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

    def remember(self, name: str, value: Mapping[str, Any]) -> None:
        """Keep something of one's own beside the keys: drafts, invitations, a registrar's list."""
        write_json(self.folder / f"{name}.json", value)

    def recall(self, name: str) -> dict[str, Any]:
        """Return what was kept under the name, or an empty object."""
        return _read_json(self.folder / f"{name}.json")

    def _trust(self) -> dict[str, Any]:
        return _read_json(self.folder / "trust.json")


def read_profile(folder: Path) -> Profile:
    """Read who a home belongs to without its passphrase; raises `Misused` (`not-enrolled`)."""
    try:
        return Profile.parse(_read_json(folder / "profile.json"))
    except Malformed as error:
        raise Misused("not-enrolled", f"{folder} is not enrolled anywhere; begin with `fortrolig enrol`") from error


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
    finally:
        written.unlink(missing_ok=True)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise Fault("damaged-home", f"{path} is damaged; restore it from a backup") from error
    if not isinstance(value, dict):
        raise Fault("damaged-home", f"{path} is damaged; restore it from a backup")
    return value
