"""What this machine allows: the costs that no design can go below, measured apart and one at a time.

Rates are of one thread. `cryptography` is used directly where the bare primitive is the question; `keys` where ours
is.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from rich.table import Table

from bench import bare_server
from bench.results import SCRATCH
from keys import notes, sealing, signing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bench.frame import Scale

SEGMENT = 1 << 20
LARGE = 64 * SEGMENT
HTTP_CLIENTS = 32


@dataclass(frozen=True, slots=True)
class Cost:
    """One cost: its median, and the spread (5th and 95th hundredth) that tells how quiet the machine was."""

    name: str
    unit: str
    median: float
    low: float
    high: float

    def summary(self) -> dict[str, object]:
        """Give it as JSON."""
        return {"name": self.name, "unit": self.unit, "median": self.median, "p5": self.low, "p95": self.high}


def measure(scale: Scale) -> list[Cost]:
    """Measure everything, one after the other, within about a minute."""
    rounds = 20 if scale.quick else 400
    SCRATCH.mkdir(parents=True, exist_ok=True)
    return [*_disk(rounds), *_signatures(rounds), *_sealing(rounds), *_bulk(rounds // 10), _http(scale)]


def table(costs: Sequence[Cost]) -> Table:
    """Lay the costs out."""
    shown = Table(title="The floor: what this machine allows, one thing at a time")
    shown.add_column("what")
    for heading in ("median", "5 %", "95 %"):
        shown.add_column(heading, justify="right")
    shown.add_column("unit")
    for cost in costs:
        shown.add_row(cost.name, f"{cost.median:.4g}", f"{cost.low:.4g}", f"{cost.high:.4g}", cost.unit)
    return shown


def _disk(rounds: int) -> list[Cost]:
    path, block = SCRATCH / "floor.file", os.urandom(4096)
    descriptor = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    try:

        def append() -> None:
            os.write(descriptor, block)
            os.fsync(descriptor)

        synced = _microseconds("append 4 KiB and fsync", append, rounds)
    finally:
        os.close(descriptor)
        path.unlink()
    database = SCRATCH / "floor.db"
    for name in (database, *(database.with_name(f"floor.db-{end}") for end in ("wal", "shm"))):
        name.unlink(missing_ok=True)
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE leaf (id INTEGER PRIMARY KEY, entry BLOB)")

    def commit() -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO leaf (entry) VALUES (?)", (block[:220],))
        connection.execute("COMMIT")

    committed = _microseconds("commit one row, SQLite WAL and FULL", commit, rounds)
    connection.close()
    return [synced, committed]


def _signatures(rounds: int) -> list[Cost]:
    private, message = ec.generate_private_key(ec.SECP256R1()), os.urandom(500)
    public, algorithm = private.public_key(), ec.ECDSA(hashes.SHA256())
    signature = private.sign(message, algorithm)
    key = signing.generate()
    token = signing.sign("floor", {"text": "x" * 500}, key)
    note = notes.NoteKey.generate()
    return [
        _microseconds("ECDSA P-256 sign, bare", lambda: private.sign(message, algorithm), rounds),
        _microseconds("ECDSA P-256 verify, bare", lambda: public.verify(signature, message, algorithm), rounds),
        _microseconds("statement of 500 B, sign", lambda: signing.sign("floor", {"text": "x" * 500}, key), rounds),
        _microseconds("statement of 500 B, verify", lambda: signing.verify(token, "floor", key.public), rounds),
        _microseconds("checkpoint, Ed25519 sign", lambda: note.sign(message), rounds),
    ]


def _sealing(rounds: int) -> list[Cost]:
    key, secret = sealing.generate(), os.urandom(32)
    sealed = sealing.seal(secret, key.public, b"floor")
    return [
        _microseconds("HPKE X-Wing, seal a key", lambda: sealing.seal(secret, key.public, b"floor"), rounds),
        _microseconds("HPKE X-Wing, unseal a key", lambda: sealing.unseal(sealed, key, b"floor"), rounds),
    ]


def _bulk(rounds: int) -> list[Cost]:
    plain, room = os.urandom(LARGE), bytearray(SEGMENT + 16)
    cipher, nonce, view = AESGCM(os.urandom(32)), bytes(12), memoryview(plain)

    def encrypt() -> None:
        # One nonce for all: the bytes are random and go nowhere.
        for start in range(0, LARGE, SEGMENT):
            cipher.encrypt_into(nonce, view[start : start + SEGMENT], None, room)

    return [
        _megabytes("AES-256-GCM, segments of 1 MiB", encrypt, rounds),
        _megabytes("SHA-256", lambda: hashlib.sha256(plain), rounds),
        _megabytes("copy in memory", lambda: bytearray(plain), rounds),
    ]


def _http(scale: Scale) -> Cost:
    each = 20 if scale.quick else 250
    rates = [bare_server.rate(SCRATCH / "bare", HTTP_CLIENTS, each) for _ in range(1 if scale.quick else 5)]
    return _cost(f"aiohttp answering POSTs of 4 KiB that do nothing, {HTTP_CLIENTS} clients", "1/s", rates)


def _microseconds(name: str, act: Callable[[], object], rounds: int) -> Cost:
    return _cost(name, "µs", [seconds * 1e6 for seconds in _seconds(act, rounds)])


def _megabytes(name: str, act: Callable[[], object], rounds: int) -> Cost:
    return _cost(name, "MB/s", [LARGE / 1e6 / seconds for seconds in _seconds(act, rounds)])


def _seconds(act: Callable[[], object], rounds: int) -> list[float]:
    act()
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        act()
        times.append(time.perf_counter() - began)
    return times


def _cost(name: str, unit: str, values: list[float]) -> Cost:
    ordered = sorted(values)
    return Cost(name, unit, statistics.median(ordered), ordered[len(ordered) // 20], ordered[-1 - len(ordered) // 20])
