"""Encrypting and decrypting a file of 1 GB, each in a process of its own, beside `age` with a recipient key.

Wall time of the whole process, start-up included. Both sides read the same file from a warm page cache and write a
new file on the same disk; neither syncs, so after each run, outside the clock, the harness syncs and removes what was
written.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from bench import peers
from bench.frame import Comparison, Goal, Quantity, Ratio
from bench.results import SCRATCH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bench.frame import Run, Scale

    Command = Callable[[Path, Path], list[str | Path]]

GIGABYTE = 1_000_000_000
ENCRYPT, DECRYPT = "encrypt_1gb_seconds", "decrypt_1gb_seconds"
FOLDER = SCRATCH / "content"


@contextlib.contextmanager
def ours(scale: Scale) -> Iterator[Run]:
    """Encrypt and decrypt with `keys.streaming`."""
    plain, key = _plain(scale), FOLDER / "content.key"
    key.write_bytes(os.urandom(32))

    def command(act: str, source: Path, target: Path) -> list[str | Path]:
        return [sys.executable, "-m", "bench.content_worker", act, source, target, key]

    yield lambda: _round(
        plain,
        FOLDER / "ours",
        lambda source, target: command("encrypt", source, target),
        lambda source, target: command("decrypt", source, target),
    )


@contextlib.contextmanager
def reference(scale: Scale) -> Iterator[Run]:
    """Encrypt to one X25519 recipient with `age`, and decrypt with its identity file."""
    age, keygen = peers.debian("age", "usr/bin/age"), peers.debian("age", "usr/bin/age-keygen")
    plain, identity = _plain(scale), FOLDER / "age.key"
    identity.unlink(missing_ok=True)
    peers.output_of([keygen, "-o", identity])
    recipient = peers.output_of([keygen, "-y", identity])
    yield lambda: _round(
        plain,
        FOLDER / "age",
        lambda source, target: [age, "-r", recipient, "-o", target, source],
        lambda source, target: [age, "-d", "-i", identity, "-o", target, source],
    )


def _round(plain: Path, stem: Path, encrypt: Command, decrypt: Command) -> dict[str, float]:
    sealed, opened = stem.with_suffix(".sealed"), stem.with_suffix(".opened")
    try:
        times = {ENCRYPT: _timed(encrypt(plain, sealed), sealed), DECRYPT: _timed(decrypt(sealed, opened), opened)}
        if subprocess.run(["cmp", "--silent", plain, opened], check=False).returncode != 0:
            raise RuntimeError(f"{stem.name} did not give the file back")
        return times
    finally:
        sealed.unlink(missing_ok=True)
        opened.unlink(missing_ok=True)


def _timed(command: list[str | Path], written: Path) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, timeout=600)
    seconds = time.perf_counter() - began
    with written.open("rb") as file:  # so that one run's write-back does not burden the next
        os.fsync(file.fileno())
    return seconds


def _plain(scale: Scale) -> Path:
    """Give the file of random bytes, made once, and read it so that the page cache is warm for both sides."""
    size = GIGABYTE // 50 if scale.quick else GIGABYTE
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"plain-{size}"
    if not path.exists() or path.stat().st_size != size:
        draft = path.with_suffix(".tmp")
        with draft.open("wb") as file:
            for start in range(0, size, 1 << 20):
                file.write(os.urandom(min(1 << 20, size - start)))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    with path.open("rb") as file:
        while file.read(1 << 20):
            pass
    return path


COMPARISON = Comparison(
    name="content",
    about="a 1 GB file, a process for each act, files on one disk, warm page cache, no sync within the clock",
    quantities=(
        Quantity(ENCRYPT, "age", higher_is_better=False, ratio=Ratio.REFERENCE_BY_OURS, goal=Goal(least=1.2)),
        Quantity(DECRYPT, "age", higher_is_better=False, ratio=Ratio.REFERENCE_BY_OURS, goal=Goal(least=1.4)),
    ),
    reference=reference,
    ours=ours,
)
