"""Endorsements believed: whose keys are whose, in which role, until when.

A registrar vouches for a person; a custodian vouches for staff of its own unit. What a custodian says never makes a key
that speaks for a family, nor one for another unit: otherwise any custodian could sign as somebody's mother.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from keys.signing import PublicKey
from protocol.identifiers import Instant, PersonId, UnitId
from protocol.statements.base import Statement
from protocol.statements.identity import EndorsementBody

PERSON = "person"


@dataclass(frozen=True, slots=True)
class Vouched:
    """An endorsement that is believed, and the instant from which the log holds it."""

    statement: Statement[EndorsementBody]
    t: Instant

    @property
    def body(self) -> EndorsementBody:
        """What was vouched for."""
        return self.statement.body


class People:
    """The latest endorsement under each invitation. Ended ones stay: what was signed before the end still counts."""

    def __init__(self) -> None:
        self._known: dict[str, Vouched] = {}

    def add(self, statement: Statement[EndorsementBody], t: Instant) -> None:
        """Take an endorsement in place of the one before it."""
        self._known[place(statement.body)] = Vouched(statement, t)

    def key(self, kid: str) -> PublicKey | None:
        """Return the key of a thumbprint that somebody vouched for. What it may say is another question."""
        return next(
            (each.body.keys.sign for each in self._known.values() if each.body.keys.sign.thumbprint == kid), None
        )

    def of(self, person: PersonId) -> tuple[EndorsementBody, ...]:
        """Return every endorsement of this person."""
        return tuple(each.body for each in self._known.values() if each.body.holder == person)

    def in_force(
        self, person: PersonId, at: Instant, *, unit: UnitId | None, kid: str | None = None
    ) -> Iterator[Vouched]:
        """Yield what was in force at an instant: for the unit, or with null as a person; with `kid`, of that key."""
        for each in self._known.values():
            body = each.body
            if body.holder != person or at >= body.not_after or (body.role == PERSON) is not (unit is None):
                continue
            if body.unit == unit and kid in (None, body.keys.sign.thumbprint):
                yield each


def place(body: EndorsementBody) -> str:
    """Name what the next number replaces: an invitation, by holder and unit, so that nobody replaces another's."""
    return f"endorsement {body.invitation} {body.holder} {body.unit or body.role}"
