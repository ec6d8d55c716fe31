"""What signers had seen of the log must all be one log: here a fork shows (DESIGN §3, `seen`; specs: consistency)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from protocol.log.checkpoint import BadCheckpoint, Checkpoint, LogPolicy, SignedCheckpoint, open_checkpoint
from protocol.log.merkle import ProofError, verify_consistency
from protocol.statements.base import Refused


class Forked(Refused):
    """Two checkpoints, both validly signed by the log, that cannot both be true. Keep `evidence`: it convicts."""

    def __init__(self, why: str, evidence: tuple[str, ...]) -> None:
        super().__init__("forked", why)
        self.evidence = evidence


def compare(
    seen: Iterable[str],
    newest: str,
    proofs: Mapping[int, Sequence[bytes]],
    policy: LogPolicy,
    opened: Callable[[bytes, LogPolicy], SignedCheckpoint] = open_checkpoint,
) -> None:
    """Check that every checkpoint seen is a prefix of the newest one, given consistency proofs by size.

    A checkpoint of size 0 is a prefix of every tree. One that is larger than `newest` proves that we were shown an old
    state. `opened` does what `open_checkpoint` does, and may remember.

    Raises:
        Refused: `bad-seen`, if one is not validly signed; `no-consistency`, if its proof is missing.
        Forked: if one contradicts the newest; said before a missing proof, since it convicts.
    """
    latest = _checked(newest, policy, opened)
    unproved: list[int] = []
    for note in seen:
        earlier = _checked(note, policy, opened)
        if earlier.size == 0:
            continue
        if earlier.size > latest.size:
            raise Forked("somebody has seen more of the log than you were shown", (note, newest))
        proof = () if earlier.size == latest.size else proofs.get(earlier.size)
        if proof is None:
            unproved.append(earlier.size)
            continue
        try:
            verify_consistency(earlier.size, latest.size, list(proof), earlier.root, latest.root)
        except ProofError as error:
            raise Forked("the log shows different histories to different people", (note, newest)) from error
    if unproved:
        raise Refused("no-consistency", f"no proof that the log of {min(unproved)} entries grew into this one")


def _checked(note: str, policy: LogPolicy, opened: Callable[[bytes, LogPolicy], SignedCheckpoint]) -> Checkpoint:
    try:
        return opened(note.encode(), policy).checkpoint
    except (BadCheckpoint, UnicodeEncodeError) as error:
        raise Refused(
            "bad-seen", f"a checkpoint that somebody claims to have seen is not the log's: {error}"
        ) from error
