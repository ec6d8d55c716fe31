"""Encrypting and decrypting a file of 1 GB, each in a process of its own, beside `age` with a recipient key.

Wall time of the whole process, start-up included. Each side reads the same file from a warm page cache and writes to
its standard output, which is a file on the same disk; neither syncs, so the harness does, after each act and outside
the clock.

The output file is the one of the last run, written over in place. A new file would need new memory for the page cache,
and on a virtual machine that gives free memory back to its host, that memory costs between a half and five times what
the encrypting costs, depending on nothing but what ran before.
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

    Command = Callable[[Path], list[str | Path]]

GIGABYTE = 1_000_000_000
ENCRYPT, DECRYPT = "encrypt_1gb_seconds", "decrypt_1gb_seconds"
FOLDER = SCRATCH / "content"


@contextlib.contextmanager
def ours(scale: Scale) -> Iterator[Run]:
    """Encrypt and decrypt with `keys.streaming`."""
    plain, key = _plain(scale), FOLDER / "content.key"
    key.write_bytes(os.urandom(32))

    def command(act: str, source: Path) -> list[str | Path]:
        return [sys.executable, "-m", "bench.content_worker", act, source, key]

    yield lambda: _round(
        plain, "ours", lambda source: command("encrypt", source), lambda source: command("decrypt", source)
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
        plain, "age", lambda source: [age, "-r", recipient, source], lambda source: [age, "-d", "-i", identity, source]
    )


def _round(plain: Path, side: str, encrypt: Command, decrypt: Command) -> dict[str, float]:
    sealed, opened = FOLDER / f"{side}.sealed", FOLDER / f"{side}.opened"
    times = {ENCRYPT: _timed(encrypt(plain), sealed), DECRYPT: _timed(decrypt(sealed), opened)}
    if subprocess.run(["cmp", "--silent", plain, opened], check=False).returncode != 0:
        raise RuntimeError(f"{side}: the file did not come back as it was")
    return times


def _timed(command: list[str | Path], target: Path) -> float:
    descriptor = os.open(target, os.O_RDWR | os.O_CREAT, 0o600)  # and not O_TRUNC: see above
    try:
        began = time.perf_counter()
        subprocess.run(command, check=True, timeout=600, stdout=descriptor)
        seconds = time.perf_counter() - began
        os.ftruncate(descriptor, os.lseek(descriptor, 0, os.SEEK_CUR))  # what a longer run before may have left
        os.fsync(descriptor)  # so that one run's write-back does not burden the next
    finally:
        os.close(descriptor)
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
