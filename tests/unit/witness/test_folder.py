"""What a witness keeps: stored before it is said, kept when it convicts, and never two contradictory words."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from protocol.log.checkpoint import Checkpoint, LogPolicy, open_checkpoint
from protocol.log.note import Verifier, open_note, sign_note
from protocol.log.witnessing import Answer, Declined, Submission
from tests.unit.log.sample_log import LOG, LOG_KEY, NORTH, ORIGIN, STRANGER_KEY
from tests.unit.log.test_witnessing import OTHERS, asked, signed, tree
from witness.folder import BadFolder, Folder

NOW = 1_800_000_000


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder.create(tmp_path / "witness", "w1.example", [LOG])


def refused(folder: Folder, submission: Submission, seconds: int = NOW) -> Declined:
    with pytest.raises(Declined) as caught:
        folder.cosign(submission.to_bytes(), seconds)
    return caught.value


def evidence(folder: Folder) -> list[bytes]:
    return [path.read_bytes() for path in sorted((folder.path / "evidence").iterdir())]


def test_the_cosignature_verifies_under_the_witnesss_key_with_its_time(folder: Folder) -> None:
    line = folder.cosign(asked(0, 4).to_bytes(), NOW)
    [own] = open_note(signed(tree(4)) + line, [folder.verifier]).signatures
    assert (own.name, own.time) == ("w1.example", NOW)


def test_what_is_cosigned_is_what_the_next_request_must_continue(folder: Folder) -> None:
    folder.cosign(asked(0, 4).to_bytes(), NOW)
    folder.cosign(asked(4, 7).to_bytes(), NOW + 10)
    again = Folder.open(folder.path)
    latest = again.latest(ORIGIN)
    assert latest is not None
    assert (latest.checkpoint, latest.witnessed(1)) == (tree(7), NOW + 10)
    assert refused(again, asked(0, 8)).size == 7


def test_the_same_checkpoint_again_is_cosigned_anew_so_that_it_stays_fresh(folder: Folder) -> None:
    folder.cosign(asked(0, 4).to_bytes(), NOW)
    folder.cosign(asked(4, 4).to_bytes(), NOW + 3600)
    latest = folder.latest(ORIGIN)
    assert latest is not None
    assert latest.witnessed(1) == NOW + 3600


def test_a_fork_is_refused_and_both_signed_checkpoints_are_kept(folder: Folder) -> None:
    folder.cosign(asked(0, 4).to_bytes(), NOW)
    fork = asked(4, 8, OTHERS)
    assert refused(folder, fork).answer is Answer.NOT_CONSISTENT
    assert refused(folder, fork).answer is Answer.NOT_CONSISTENT
    [kept] = evidence(folder)
    other = open_checkpoint(Submission.parse(kept).note, LogPolicy(ORIGIN, LOG)).checkpoint
    latest = folder.latest(ORIGIN)
    assert latest is not None
    assert (latest.checkpoint, other) == (tree(4), tree(8, OTHERS))
    [told] = Folder.open(folder.path).kept()
    assert told.refused == 1


def test_what_the_log_did_not_sign_is_not_kept(folder: Folder) -> None:
    unsigned = Submission(0, (), signed(tree(4), STRANGER_KEY))
    assert refused(folder, unsigned).answer is Answer.NOT_SIGNED
    with pytest.raises(Declined):
        folder.cosign(b"old 0\n\nnothing", NOW)
    assert evidence(folder) == []
    assert folder.latest(ORIGIN) is None


def test_another_log_is_not_known(folder: Folder) -> None:
    other = Submission(0, (), sign_note(f"other.example\n1\n{'A' * 43}=\n", "other.example", STRANGER_KEY))
    assert refused(folder, other).answer is Answer.UNKNOWN_LOG


def test_lines_by_others_are_not_passed_on(folder: Folder) -> None:
    forged = signed(tree(4)) + "\u2014 w9.example AAAAAAAA\n".encode()
    folder.cosign(Submission(0, (), forged).to_bytes(), NOW)
    latest = folder.latest(ORIGIN)
    assert latest is not None
    assert b"w9.example" not in latest.note
    assert latest.note.count("\u2014".encode()) == 2


def test_a_clock_that_was_set_back_cosigns_nothing(folder: Folder) -> None:
    folder.cosign(asked(0, 4).to_bytes(), NOW)
    with pytest.raises(BadFolder, match="clock"):
        folder.cosign(asked(4, 5).to_bytes(), NOW - 1)
    latest = folder.latest(ORIGIN)
    assert latest is not None
    assert latest.checkpoint == tree(4)


def test_a_damaged_memory_cosigns_nothing(folder: Folder) -> None:
    folder.cosign(asked(0, 4).to_bytes(), NOW)
    [path] = (folder.path / "checkpoints").iterdir()
    for damaged in (b"", signed(tree(3)), path.read_bytes().replace(b"\n4\n", b"\n3\n")):
        path.write_bytes(damaged)
        with pytest.raises(BadFolder):
            Folder.open(folder.path).cosign(asked(3, 5).to_bytes(), NOW + 1)


def test_nothing_is_said_that_was_not_stored(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        folder.cosign(asked(0, 4).to_bytes(), NOW)
    monkeypatch.undo()
    assert folder.latest(ORIGIN) is None


def test_the_key_is_private_and_a_folder_is_not_made_twice(folder: Folder) -> None:
    assert stat.S_IMODE((folder.path / "witness.key").stat().st_mode) == 0o600
    assert Folder.open(folder.path).verifier == folder.verifier
    assert Verifier.parse(folder.verifier).name == "w1.example"
    with pytest.raises(BadFolder, match="not empty"):
        Folder.create(folder.path, "w1.example", [LOG])


@pytest.mark.parametrize(
    ("name", "logs"), [("", [LOG]), ("a b", [LOG]), ("w", [NORTH]), ("w", ["x"]), ("w", [LOG, LOG])]
)
def test_a_name_or_log_of_another_form_makes_no_folder(tmp_path: Path, name: str, logs: list[str]) -> None:
    with pytest.raises(BadFolder):
        Folder.create(tmp_path / "new", name, logs)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("config", [None, "", "[]", '{"v":2}', '{"v":1}', '{"v":1,"name":"w","logs":["x"]}'])
def test_a_folder_of_another_form_is_refused(folder: Folder, config: str | None) -> None:
    path = folder.path / "witness.json"
    path.unlink()
    if config is not None:
        path.write_text(config)
    with pytest.raises(BadFolder):
        Folder.open(folder.path)


def test_two_processes_do_not_hold_one_folder(folder: Folder) -> None:
    held = folder.hold()
    with pytest.raises(BadFolder, match="another process"):
        Folder.open(folder.path).hold()
    os.close(held)
    os.close(folder.hold())


def test_the_latest_checkpoint_is_found_by_the_hash_of_the_origin(folder: Folder) -> None:
    folder.cosign(asked(0, 4).to_bytes(), NOW)
    [digest] = [path.name for path in (folder.path / "checkpoints").iterdir()]
    note = folder.note(digest)
    assert note is not None
    both = open_checkpoint(note, LogPolicy(ORIGIN, LOG, (folder.verifier,), 1))
    assert both.checkpoint == Checkpoint(ORIGIN, 4, tree(4).root)
    assert both.witnessed(1) == NOW
    assert folder.note("0" * 64) is None
    assert LOG_KEY.public != folder.key.public
