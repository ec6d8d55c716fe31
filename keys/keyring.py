"""The private keys of one person in one file, mode 0600.

A random vault key locks the contents, and a passphrase locks the vault key: changing the passphrase rewrites the wrap,
and other wraps can stand beside it. Several processes may use one file: every change is made under a lock, on what the
file holds at that moment, and reaches the disk whole or not at all.
"""

from __future__ import annotations

import fcntl
import hmac
import os
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar

from keys import sealing, signing, vault
from keys.canonical import NotCanonical, canonical, parse
from keys.encoding import BadEncoding, decode, encode
from keys.wrap import Cost, DamagedKeyring, KeyringError, PassphraseWrap, WrongPassphrase

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "AlreadyKept",
    "Cost",
    "DamagedKeyring",
    "ExposedKeyring",
    "Keyring",
    "KeyringError",
    "NoSuchKey",
    "WrongPassphrase",
]

_Name = TypeVar("_Name")

_CONTENTS = canonical({"use": "keyring-contents", "v": 1})


class ExposedKeyring(KeyringError):
    """Others on this machine may read or change the file."""


class NoSuchKey(KeyringError):
    """The keyring holds nothing under this name."""


class AlreadyKept(KeyringError):
    """The keyring holds something else under this name, and keeps it."""


@dataclass(frozen=True, slots=True, repr=False)
class _Contents:
    signing: bytes
    sealing: bytes
    unit_seeds: dict[tuple[str, int], bytes] = field(default_factory=dict)
    secrets: dict[str, bytes] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        units = [
            {"epoch": epoch, "seed": encode(seed), "unit": unit} for (unit, epoch), seed in self.unit_seeds.items()
        ]
        return canonical(
            {
                "sealing": encode(self.sealing),
                "secrets": {name: encode(secret) for name, secret in self.secrets.items()},
                "signing": encode(self.signing),
                "units": units,
                "v": 1,
            }
        )

    @classmethod
    def from_bytes(cls, text: bytes) -> Self:
        # The vault has authenticated these bytes: only another version can have written them otherwise.
        try:
            value = parse(text)
            if value["v"] != 1:
                raise DamagedKeyring("another version wrote this keyring: update your client")
            return cls(
                decode(value["signing"]),
                decode(value["sealing"]),
                {(entry["unit"], entry["epoch"]): decode(entry["seed"]) for entry in value["units"]},
                {name: decode(secret) for name, secret in value["secrets"].items()},
            )
        except (ValueError, LookupError, TypeError) as error:
            raise DamagedKeyring("the keyring's contents are not those of version 1") from error


class Keyring:
    """Open keys, and the file that they came from."""

    def __init__(self, path: Path, vault_key: bytes, contents: _Contents) -> None:
        self.path = path
        self._vault_key = vault_key
        self._contents = contents
        self._unit_keys: dict[bytes, sealing.SealingKey] = {}
        self.signing = signing.SigningKey.from_bytes(contents.signing)
        self.sealing = sealing.SealingKey.from_bytes(contents.sealing)

    @classmethod
    def create(cls, path: Path | str, passphrase: str, *, cost: Cost | None = None) -> Self:
        """Make a new signing key and a new sealing key and keep them in a new file.

        Raises:
            FileExistsError: there is a file already; it is left as it is.
            WrongPassphrase: the passphrase is empty.
        """
        path, vault_key = Path(path), vault.generate()
        wrap = PassphraseWrap.around(vault_key, passphrase, cost or Cost())
        contents = _Contents(signing.generate().to_bytes(), sealing.generate().to_bytes())
        _write(path, _file(wrap, vault_key, contents), os.link)
        return cls(path, vault_key, contents)

    @classmethod
    def open(cls, path: Path | str, passphrase: str) -> Self:
        """Read the file and unlock it.

        Raises:
            FileNotFoundError: there is no file.
            ExposedKeyring: others may read it.
            WrongPassphrase: the passphrase does not unlock it.
            DamagedKeyring: it is not as it was written.
        """
        path = Path(path)
        wrap, locked = _read(path)
        vault_key = wrap.unlock(passphrase)
        return cls(path, vault_key, _unlock(locked, vault_key))

    def change_passphrase(self, passphrase: str, *, cost: Cost | None = None) -> None:
        """Lock the vault key under another passphrase; the old one no longer opens the file (old copies of it, yes).

        Raises:
            WrongPassphrase: the new one is empty.
        """
        wrap = PassphraseWrap.around(self._vault_key, passphrase, cost or Cost())
        with _alone_in(self.path.parent):
            _, locked = _read(self.path)
            self._contents = _unlock(locked, self._vault_key)
            _write(self.path, _file(wrap, self._vault_key, self._contents), os.replace)

    def add_unit_key(self, unit: str, epoch: int, key: sealing.SealingKey) -> None:
        """Keep the key of a unit's epoch. Keeping the same key again changes nothing.

        Raises:
            AlreadyKept: another key is kept for this epoch.
        """
        self._change(lambda kept: replace(kept, unit_seeds=_with(kept.unit_seeds, (unit, epoch), key.to_bytes())))

    def unit_key(self, unit: str, epoch: int) -> sealing.SealingKey:
        """Return the key of a unit's epoch.

        Raises:
            NoSuchKey: it is not kept here.
        """
        seed = _get(self._contents.unit_seeds, (unit, epoch))
        if seed not in self._unit_keys:  # making the keys of a seed costs as much as unsealing with them
            self._unit_keys[seed] = sealing.SealingKey.from_bytes(seed)
        return self._unit_keys[seed]

    def unit_epochs(self, unit: str) -> list[int]:
        """Return the numbers of the epochs whose keys are kept for a unit, rising."""
        return sorted(epoch for kept, epoch in self._contents.unit_seeds if kept == unit)

    def units(self) -> list[str]:
        """Return the units that a key is kept for, sorted."""
        return sorted({unit for unit, _ in self._contents.unit_seeds})

    def add_secret(self, name: str, secret: bytes) -> None:
        """Keep another secret under a name: a root key, a log key, an invitation's secret.

        Raises:
            AlreadyKept: another secret is kept under this name; remove it first.
        """
        self._change(lambda kept: replace(kept, secrets=_with(kept.secrets, name, secret)))

    def secret(self, name: str) -> bytes:
        """Return what is kept under a name.

        Raises:
            NoSuchKey: nothing is.
        """
        return _get(self._contents.secrets, name)

    def secret_names(self) -> list[str]:
        """Return the names that a secret is kept under, sorted."""
        return sorted(self._contents.secrets)

    def remove_secret(self, name: str) -> None:
        """Forget what is kept under a name; nothing happens if nothing is."""
        self._change(lambda kept: replace(kept, secrets={n: s for n, s in kept.secrets.items() if n != name}))

    def _change(self, change: Callable[[_Contents], _Contents]) -> None:
        with _alone_in(self.path.parent):
            wrap, locked = _read(self.path)
            contents = change(_unlock(locked, self._vault_key))
            _write(self.path, _file(wrap, self._vault_key, contents), os.replace)
            self._contents = contents

    def __repr__(self) -> str:
        return f"Keyring({str(self.path)!r})"


def _with(kept: dict[_Name, bytes], name: _Name, secret: bytes) -> dict[_Name, bytes]:
    if not hmac.compare_digest(kept.get(name, secret), secret):
        raise AlreadyKept(f"the keyring keeps something else as {name}")
    return {**kept, name: secret}


def _get(kept: dict[_Name, bytes], name: _Name) -> bytes:
    if name not in kept:
        raise NoSuchKey(f"the keyring keeps nothing as {name}")
    return kept[name]


def _unlock(locked: bytes, vault_key: bytes) -> _Contents:
    try:
        return _Contents.from_bytes(vault.Vault(vault_key).unlock(locked, _CONTENTS))
    except vault.CannotUnlock as error:
        raise DamagedKeyring("the keyring's contents were changed") from error


def _file(wrap: PassphraseWrap, vault_key: bytes, contents: _Contents) -> bytes:
    locked = vault.Vault(vault_key).lock(contents.to_bytes(), _CONTENTS)
    return canonical({"contents": encode(locked), "passphrase": wrap.to_json(), "use": "keyring", "v": 1})


def _read(path: Path) -> tuple[PassphraseWrap, bytes]:
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_mode & 0o077:
            raise ExposedKeyring(f"others may read or change {path}: run `chmod 600 {path}`, and consider it read")
        text = file.read()
    try:
        value = parse(text)
        if not isinstance(value, dict) or set(value) != {"contents", "passphrase", "use", "v"}:
            raise DamagedKeyring(f"{path} is not a keyring")
        if (value["use"], value["v"]) != ("keyring", 1) or value["v"] is True:  # True == 1 in Python
            raise DamagedKeyring(f"{path} is no keyring of version 1: update your client")
        return PassphraseWrap.from_json(value["passphrase"]), decode(value["contents"])
    except (NotCanonical, BadEncoding) as error:
        raise DamagedKeyring(f"{path} is not a keyring: {error}") from error


def _write(path: Path, text: bytes, put: Callable[[Path, Path], None]) -> None:
    """Put a whole file in place: `os.link` refuses to replace one, `os.replace` replaces it."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mode 0600
    written = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        put(written, path)
    finally:
        written.unlink(missing_ok=True)
    with _directory(path.parent) as folder:
        os.fsync(folder)


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    # The lock is the folder's, since the file itself is replaced by each change.
    with _directory(folder) as descriptor:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield


@contextmanager
def _directory(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
