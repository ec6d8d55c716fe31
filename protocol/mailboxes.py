"""Epochs believed: which key is a unit's, and who stands on its complete list, at which time of the log."""

from __future__ import annotations

from itertools import pairwise

from protocol.identifiers import Instant
from protocol.statements.base import Refused, Statement
from protocol.statements.identity import EpochBody


class Mailbox:
    """The epochs of one unit, by number, each with the instant from which the log holds it."""

    def __init__(self) -> None:
        self._epochs: dict[int, tuple[Statement[EpochBody], Instant]] = {}

    def add(self, statement: Statement[EpochBody], t: Instant) -> None:
        """Take an epoch.

        Raises:
            Refused: `two-truths`, if another one carries its number.
        """
        known = self._epochs.setdefault(statement.body.number, (statement, t))
        if known[0].digest != statement.digest:
            raise Refused("two-truths", f"two different epochs of one unit carry number {statement.body.number}")

    def check_order(self) -> None:
        """Check that higher numbers came later.

        Raises:
            Refused: `wrong-order`.
        """
        ordered = [self._epochs[number][1] for number in sorted(self._epochs)]
        if any(earlier > later for earlier, later in pairwise(ordered)):
            raise Refused("wrong-order", "the log holds a unit's epochs in another order than their numbers")

    def latest(self) -> Statement[EpochBody]:
        """Return the epoch of the highest number, ended or not."""
        return self._epochs[max(self._epochs)][0]

    def at(self, digest: str, t: Instant) -> Statement[EpochBody] | None:
        """Return the epoch of this digest, if it was the latest at log time `t` and had not ended; else null.

        Where a later one is known, the very next must be: without it nobody can tell until when this one held.
        """
        for number, (statement, begun) in self._epochs.items():
            if statement.digest == digest and begun <= t < statement.body.not_after:
                ends = self._ends(number)
                return statement if ends is None or t < ends else None
        return None

    def _ends(self, number: int) -> Instant | None:
        if number == max(self._epochs):
            return None
        following = self._epochs.get(number + 1)
        return Instant(0) if following is None else following[1]
