"""What a witness may cosign, and how it answers what it may not."""

from __future__ import annotations

import pytest

from protocol.log import checkpoint, note
from protocol.log.checkpoint import Checkpoint
from protocol.log.merkle import EMPTY_ROOT, consistency_proof, leaf_hash, root
from protocol.log.witnessing import LONGEST_PROOF, MOST_BYTES, Answer, Declined, Submission, judge
from tests.unit.log.sample_log import LOG, LOG_KEY, NORTH_KEY, NOW_SECONDS, ORIGIN, STRANGER_KEY

LEAVES = [leaf_hash(bytes([number])) for number in range(8)]
OTHERS = [leaf_hash(b"other" + bytes([number])) for number in range(8)]


def tree(size: int, leaves: list[bytes] = LEAVES) -> Checkpoint:
    return Checkpoint(ORIGIN, size, root(leaves[:size]))


def signed(state: Checkpoint, key: note.Signer = LOG_KEY, name: str = ORIGIN) -> bytes:
    return note.sign_note(checkpoint.format(state), name, key)


def asked(old: int, new: int, leaves: list[bytes] = LEAVES) -> Submission:
    proof = consistency_proof(old, leaves[:new]) if 0 < old <= new else []
    return Submission(old, tuple(proof), signed(tree(new, leaves)))


def declined(submission: Submission, latest: Checkpoint | None) -> Declined:
    with pytest.raises(Declined) as caught:
        judge(submission, LOG, latest)
    return caught.value


@pytest.mark.parametrize(("old", "new"), [(0, 0), (0, 1), (0, 8), (1, 2), (3, 8), (4, 8), (5, 5), (7, 8)])
def test_a_checkpoint_that_continues_the_latest_is_cosigned(old: int, new: int) -> None:
    assert judge(asked(old, new), LOG, tree(old) if old else None) == tree(new)


def test_a_request_reads_as_it_was_written() -> None:
    for submission in (asked(0, 3), asked(3, 7), asked(5, 5)):
        assert Submission.parse(submission.to_bytes()) == submission
    text = asked(3, 4).to_bytes()
    assert text.startswith(b"old 3\n")
    assert asked(0, 3).to_bytes().startswith(b"old 0\n\n" + ORIGIN.encode())


def test_the_notes_own_empty_lines_are_not_the_requests() -> None:
    many = signed(tree(4)) + note.cosign(checkpoint.format(tree(4)), "north.example", NORTH_KEY, NOW_SECONDS)
    assert Submission.parse(Submission(0, (), many).to_bytes()).note == many


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"old 0",
        b"old 0\n" + signed(tree(1)),
        b"old 01\n\n" + signed(tree(1)),
        b"old -1\n\n" + signed(tree(1)),
        b"old 1 \n\n" + signed(tree(1)),
        b"Old 1\n\n" + signed(tree(1)),
        b"old 1\nAAAA\n\n" + signed(tree(1)),
        b"old 1\nno base64\n\n" + signed(tree(1)),
        b"old 1\n\xff\n\n" + signed(tree(1)),
        Submission(1, tuple(LEAVES[:1]) * (LONGEST_PROOF + 1), signed(tree(1))).to_bytes(),
        b"old 0\n\n" + b"x" * MOST_BYTES,
    ],
)
def test_another_form_of_request_is_malformed(body: bytes) -> None:
    with pytest.raises(Declined) as caught:
        Submission.parse(body)
    assert caught.value.answer is Answer.MALFORMED


@pytest.mark.parametrize("text", [b"no note", b"\xe2\x80\x94", b"origin\n12\n\nno signature lines"])
def test_what_holds_no_checkpoint_is_malformed(text: bytes) -> None:
    with pytest.raises(Declined) as caught:
        _ = Submission(0, (), text).origin
    assert (caught.value.answer, caught.value.signed) == (Answer.MALFORMED, False)


def test_a_checkpoint_of_another_form_is_malformed_and_an_empty_tree_has_one_root() -> None:
    for text, answer in (
        (f"{ORIGIN}\n01\n{note.encode64(EMPTY_ROOT)}\n", Answer.MALFORMED),
        (f"{ORIGIN}\n0\n{note.encode64(LEAVES[0])}\n", Answer.NOT_CONSISTENT),
    ):
        said = declined(Submission(0, (), note.sign_note(text, ORIGIN, LOG_KEY)), None)
        assert (said.answer, said.signed) == (answer, False)


@pytest.mark.parametrize(
    "unsigned",
    [
        signed(tree(4), STRANGER_KEY),
        signed(tree(4), STRANGER_KEY, "stranger.example"),
        signed(tree(4)).replace(b"\n4\n", b"\n5\n"),
    ],
)
def test_what_the_log_did_not_sign_is_no_evidence(unsigned: bytes) -> None:
    said = declined(Submission(0, (), unsigned), None)
    assert (said.answer, said.signed) == (Answer.NOT_SIGNED, False)


def test_an_old_size_above_the_new_one_is_malformed_and_kept() -> None:
    said = declined(asked(5, 4), tree(5))
    assert (said.answer, said.signed) == (Answer.MALFORMED, True)


@pytest.mark.parametrize(("old", "known"), [(0, 3), (2, 3), (4, 3), (1, 0)])
def test_from_another_size_than_the_latest_the_witness_says_which_it_knows(old: int, known: int) -> None:
    said = declined(asked(old, 8), tree(known) if known else None)
    assert (said.answer, said.size, said.signed) == (Answer.OTHER_SIZE, known, True)


@pytest.mark.parametrize(("old", "new"), [(3, 8), (4, 4), (4, 8)])
def test_a_history_that_does_not_continue_the_known_one_is_refused_and_kept(old: int, new: int) -> None:
    said = declined(asked(old, new, OTHERS), tree(old))
    assert (said.answer, said.signed) == (Answer.NOT_CONSISTENT, True)


def test_a_wrong_proof_is_refused_and_a_first_checkpoint_takes_none() -> None:
    right = asked(3, 8)
    wrong = Submission(3, right.proof[::-1], right.note)
    assert declined(wrong, tree(3)).answer is Answer.NOT_CONSISTENT
    assert declined(Submission(3, (), right.note), tree(3)).answer is Answer.NOT_CONSISTENT
    assert declined(Submission(0, right.proof, right.note), None).answer is Answer.NOT_CONSISTENT
