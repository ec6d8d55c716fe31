"""What signers had seen of the log must all be one log: here a fork shows (DESIGN §3, `seen`; specs: consistency)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from protocol.log.checkpoint import BadCheckpoint, Checkpoint, LogPolicy, open_checkpoint
from protocol.log.merkle import ProofError, verify_consistency
from protocol.statements.base import Refused


class Forked(Refused):
    """Two checkpoints, both validly signed by the log, that cannot both be true. Keep `evidence`: it convicts."""

    def __init__(self, why: str, evidence: tuple[str, ...]) -> None:
        super().__init__("forked", why)
        self.evidence = evidence


def compare(seen: Iterable[str], newest: str, proofs: Mapping[int, Sequence[bytes]], policy: LogPolicy) -> None:
    """Check that every checkpoint seen is a prefix of the newest one, given consistency proofs by size.

    A checkpoint of size 0 is a prefix of every tree. One that is larger than `newest` proves that we were shown an old
    state.

    Raises:
        Refused: `bad-seen`, if one is not validly signed; `no-consistency`, if its proof is missing.
        Forked: if one contradicts the newest.
    """
    latest = _opened(newest, policy)
    for note in seen:
        earlier = _opened(note, policy)
        if earlier.size == 0:
            continue
        if earlier.size > latest.size:
            raise Forked("somebody has seen more of the log than you were shown", (note, newest))
        proof = () if earlier.size == latest.size else proofs.get(earlier.size)
        if proof is None:
            raise Refused("no-consistency", f"no proof that the log of {earlier.size} entries grew into this one")
        try:
            verify_consistency(earlier.size, latest.size, list(proof), earlier.root, latest.root)
        except ProofError as error:
            raise Forked("the log shows different histories to different people", (note, newest)) from error


def _opened(note: str, policy: LogPolicy) -> Checkpoint:
    try:
        return open_checkpoint(note.encode(), policy).checkpoint
    except BadCheckpoint as error:
        raise Refused(
            "bad-seen", f"a checkpoint that somebody claims to have seen is not the log's: {error}"
        ) from error
