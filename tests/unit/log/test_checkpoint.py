from dataclasses import replace
from typing import Any

import pytest

from protocol.log import checkpoint, note
from protocol.log.checkpoint import BadCheckpoint, Checkpoint, LogPolicy
from tests.unit.log.sample_log import (
    ALONE,
    LOG,
    LOG_KEY,
    NORTH,
    NOW_SECONDS,
    ORIGIN,
    SOUTH,
    STRANGER_KEY,
    WITNESSED,
    SampleLog,
)
from tests.unit.log.vectors import own, reasons

VECTORS = own("checkpoint.json")


@pytest.mark.parametrize("case", VECTORS["accept"])
def test_good_text_is_parsed(case: dict[str, Any]) -> None:
    expected = Checkpoint(case["origin"], case["size"], bytes.fromhex(case["root"]), tuple(case["extensions"]))
    assert checkpoint.parse(case["text"]) == checkpoint.parse(case["text"].encode()) == expected


@pytest.mark.parametrize("case", VECTORS["refuse"], ids=reasons(VECTORS["refuse"]))
def test_bad_text_is_refused(case: dict[str, Any]) -> None:
    with pytest.raises(BadCheckpoint) as caught:
        checkpoint.parse(case["text"])
    assert caught.value.code == "malformed"


def test_bytes_that_are_no_utf8_are_refused() -> None:
    with pytest.raises(BadCheckpoint):
        checkpoint.parse(b"\xff\n1\n" + b"A" * 43 + b"=\n")


def test_written_text_parses_back_and_extensions_are_not_written() -> None:
    state = Checkpoint(ORIGIN, 5, bytes(32), ("later",))
    assert checkpoint.parse(checkpoint.format(state)) == replace(state, extensions=())


def test_state_that_cannot_be_is_not_written() -> None:
    with pytest.raises(BadCheckpoint):
        checkpoint.format(Checkpoint(ORIGIN, 0, bytes(32)))


def test_signed_checkpoint_opens_with_its_witnesses_and_their_times() -> None:
    signed = SampleLog(5).witness()
    opened = checkpoint.open_checkpoint(signed, WITNESSED)
    assert opened.checkpoint.size == 5
    assert opened.note == signed
    assert [(each.witness, each.time) for each in opened.cosignatures] == [
        ("north.example", NOW_SECONDS),
        ("south.example", NOW_SECONDS),
    ]


def test_quorum_is_vouched_for_at_its_own_newest_time() -> None:
    signed = SampleLog(5).sign()
    text = note.split_note(signed)[0]
    cosigned = checkpoint.open_checkpoint(signed, WITNESSED)
    assert [cosigned.witnessed(quorum) for quorum in (0, 1)] == [None, None]
    times = (checkpoint.Cosignature("north.example", 10), checkpoint.Cosignature("south.example", 20))
    assert text.startswith(ORIGIN)
    assert [replace(cosigned, cosignatures=times).witnessed(quorum) for quorum in (0, 1, 2, 3)] == [None, 20, 10, None]


@pytest.mark.parametrize(
    ("signed", "code"),
    [
        (SampleLog(2).sign(origin="other.example"), "origin"),
        (SampleLog(2).sign(key=STRANGER_KEY), "signature"),
        (SampleLog(2).witness().replace(b"\n2\n", b"\n3\n"), "signature"),
        (note.sign_note("no checkpoint\n", ORIGIN, LOG_KEY), "malformed"),
        (b"no note", "malformed"),
    ],
)
def test_checkpoint_is_refused_with_the_cause(signed: bytes, code: str) -> None:
    with pytest.raises(BadCheckpoint) as caught:
        checkpoint.open_checkpoint(signed, WITNESSED)
    assert caught.value.code == code


def test_witnesses_do_not_stand_in_for_the_log() -> None:
    head, lines = SampleLog(2).witness().split(b"\n\n")
    without_log = head + b"\n\n" + lines.split(b"\n", 1)[1]
    with pytest.raises(BadCheckpoint) as caught:
        checkpoint.open_checkpoint(without_log, WITNESSED)
    assert caught.value.code == "signature"


@pytest.mark.parametrize(
    ("origin", "log", "witnesses", "quorum"),
    [
        (ORIGIN, "nonsense", (), 0),
        ("other.example", LOG, (), 0),
        ("north.example", NORTH, (), 0),
        (ORIGIN, LOG, (LOG,), 1),
        (ORIGIN, LOG, (NORTH, NORTH), 2),
        (ORIGIN, LOG, (NORTH, note.verifier_text("again.example", 4, note.Verifier.parse(NORTH).public)), 2),
        (ORIGIN, LOG, (note.verifier_text("own.example", 4, LOG_KEY.public),), 1),
        (ORIGIN, LOG, (NORTH, SOUTH), 3),
        (ORIGIN, LOG, (), -1),
    ],
)
def test_policy_that_proves_less_than_it_says_is_refused(
    origin: str, log: str, witnesses: tuple[str, ...], quorum: int
) -> None:
    with pytest.raises(BadCheckpoint) as caught:
        LogPolicy(origin, log, witnesses, quorum)
    assert caught.value.code == "policy"


def test_policy_under_which_nothing_is_ever_fresh_is_refused() -> None:
    with pytest.raises(BadCheckpoint) as caught:
        LogPolicy(ORIGIN, LOG, (NORTH,), 1, fresh_for=0)
    assert caught.value.code == "policy"


def test_policy_without_witnesses_accepts_the_log_alone() -> None:
    assert checkpoint.open_checkpoint(SampleLog(1).sign(), ALONE).cosignatures == ()
