"""Files that must survive a power cut: written beside, synced, renamed, the directory synced too."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def sync_directory(path: Path) -> None:
    """Make the names in a directory durable: syncing a file alone does not save its name."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def create_private(path: Path, content: bytes) -> None:
    """Create a file that only its owner reads (0600), durably.

    Raises:
        FileExistsError: something already has that name; nothing is overwritten.
    """
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    sync_directory(path.parent)


def replace_private(path: Path, content: bytes) -> None:
    """Replace a file's content in one step: a reader, or a crash, finds the old one or the new one, never half."""
    beside = path.with_name(path.name + ".new")
    with contextlib.suppress(FileNotFoundError):
        beside.unlink()
    create_private(beside, content)
    beside.replace(path)
    sync_directory(path.parent)
