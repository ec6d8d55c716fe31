"""Requests that were signed and not yet answered: kept before they leave, forgotten once their receipt holds.

    begun/<SHA-256 of the purpose>.json    {v, purpose, path, request, field, key}

Whoever repeats a command after a crash or a lost answer sends the very same statement again under the same
idempotency key, so that nothing happens twice. A request holds no secret: only signed and sealed text.

What another process has begun and is still waiting for is not taken up: one purpose is served by one at a time.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

from clients.sdk.home import damaged, read_json, write_json
from keys.canonical import canonical
from protocol.reading import Fields, Malformed, text

_POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Begun:
    """One request as it was first sent: what for, where to, its body, which member holds the statement, and its key."""

    purpose: str
    path: str
    request: Mapping[str, Any]
    field: str
    key: str

    @property
    def token(self) -> str:
        """The statement that the request hands in."""
        return str(self.request[self.field])

    @classmethod
    def parse(cls, value: object) -> Self:
        """Take what `to_json` returned; raises `Malformed`."""
        fields = Fields(value, "begun")
        fields.version()
        begun = cls(
            fields.take("purpose", text),
            fields.take("path", text),
            fields.take("request", dict),
            fields.take("field", text),
            fields.take("key", text),
        )
        fields.done()
        return begun

    def to_json(self) -> dict[str, Any]:
        """Return the form that is kept."""
        return {
            "v": 1,
            "purpose": self.purpose,
            "path": self.path,
            "request": dict(self.request),
            "field": self.field,
            "key": self.key,
        }


class Journal:
    """The folder `begun/` of a home."""

    def __init__(self, home: Path) -> None:
        self._folder = home / "begun"

    def keep(self, begun: Begun) -> None:
        """Keep a request before it is sent."""
        write_json(self._path(begun.purpose), begun.to_json())

    def find(self, purpose: str) -> Begun | None:
        """Return what was begun for a purpose and never answered."""
        path = self._path(purpose)
        return _read(path) if path.exists() else None

    def done(self, purpose: str) -> None:
        """Forget a request: it was answered."""
        self._path(purpose).unlink(missing_ok=True)

    def all(self) -> list[Begun]:
        """Return everything begun and not answered, oldest first."""
        paths = sorted(self._folder.glob("*.json"), key=lambda path: path.stat().st_mtime_ns)
        return [_read(path) for path in paths]

    @asynccontextmanager
    async def alone(self, purpose: str) -> AsyncIterator[None]:
        """Wait until no other process or task is at work for this purpose, and keep them out; death lets go."""
        path = self._path(purpose).with_suffix(".lock")
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = _locked(path)
        while descriptor is None:
            await asyncio.sleep(_POLL_SECONDS)
            descriptor = _locked(path)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
            os.close(descriptor)

    def _path(self, purpose: str) -> Path:
        return self._folder / f"{sha256(purpose.encode()).hexdigest()}.json"


def purpose(what: str, *about: object) -> str:
    """Name what a request is for, so that the same wish has the same name: `unit create 3f…`."""
    told = canonical([str(one) for one in about])
    return f"{what} {sha256(told).hexdigest()}"


def _locked(path: Path) -> int | None:
    """Lock the file, or return null if somebody holds it, or has just let go of it and removed it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(descriptor), path.stat()):
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(descriptor)
    return None


def _read(path: Path) -> Begun:
    try:
        return Begun.parse(read_json(path))
    except Malformed as error:
        raise damaged(path) from error
