"""What was decrypted is put in place whole or not at all, and nothing else of it stays."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from clients.sdk.plaintext import Plaintext

TEXT = b"SYNTETISK. Kari Nordmann. " * 100_000


def test_a_file_is_put_in_place_under_its_digest_and_readable_by_its_owner_alone(tmp_path: Path) -> None:
    target = tmp_path / "notat.txt"
    with Plaintext(target) as plain:
        for start in range(0, len(TEXT), 300_000):
            view = memoryview(TEXT)[start : start + 300_000]
            while view:
                view = view[plain.write(view) :]
        assert not target.exists()
        assert plain.settle() == hashlib.sha256(TEXT).hexdigest()
        plain.put_in_place()
    assert target.read_bytes() == TEXT
    assert target.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [target]


def test_what_is_not_put_in_place_is_gone(tmp_path: Path) -> None:
    with Plaintext(tmp_path / "notat.txt") as plain:
        plain.write(TEXT)
        plain.settle()
    assert list(tmp_path.iterdir()) == []


def test_what_came_to_the_place_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    target = tmp_path / "notat.txt"
    with Plaintext(target) as plain:
        plain.write(TEXT)
        plain.settle()
        target.write_text("noe annet", encoding="utf-8")
        with pytest.raises(FileExistsError):
            plain.put_in_place()
    assert target.read_text(encoding="utf-8") == "noe annet"
    assert list(tmp_path.iterdir()) == [target]


def test_a_disk_that_is_full_is_told_of_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_descriptor: int, _view: memoryview) -> int:
        raise OSError("the disk is full")

    monkeypatch.setattr(os, "write", fails)
    with Plaintext(tmp_path / "notat.txt") as plain, pytest.raises(OSError, match="the disk is full"):
        plain.write(TEXT)
    assert list(tmp_path.iterdir()) == []


def test_a_system_that_takes_no_advice_is_given_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "posix_fadvise")
    with Plaintext(tmp_path / "notat.txt") as plain:
        plain.write(TEXT)
        assert plain.settle() == hashlib.sha256(TEXT).hexdigest()
