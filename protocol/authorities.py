"""From what registrars said to the authorities that a case holds: who confirmed what, and what has ended.

Server and clients use the same functions: the server before it takes a word, a client before it believes one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from protocol.consent.authority import Authority
from protocol.consent.vocabulary import AuthorityKind
from protocol.identifiers import Instant, PersonId
from protocol.statements.authority import (
    AuthorityBody,
    AuthorityConfirmationBody,
    AuthorityEndBody,
    AuthorityWord,
)
from protocol.statements.base import Refused, Statement

_DAY = 24 * 60 * 60 * 1000
_EMERGENCY_DAYS, _OTHER_DAYS = 7, 366


@dataclass(frozen=True, slots=True)
class Determined:
    """A registrar's word: what it says, by whom, and when the log took it."""

    digest: str
    body: AuthorityWord
    by: PersonId
    at: Instant

    @classmethod
    def of(cls, statement: Statement[Any], at: Instant) -> Determined:
        """Take what a verified statement of this family says."""
        return cls(statement.digest, statement.body, statement.iss, at)


def require_determinable(new: Determined, known: Mapping[str, Determined]) -> None:
    """Check that a registrar may say this, given what was said about the child before, by digest.

    Raises:
        Refused: `too-long`, for an authority that is to be rechecked too late; `bad-authority`, if it ends or confirms
            what is not there; `not-entitled`, if the second is the first.
    """
    body = new.body
    if isinstance(body, AuthorityBody):
        days = _EMERGENCY_DAYS if body.by is AuthorityKind.EMERGENCY_ORDER else _OTHER_DAYS
        if body.not_after - new.at > days * _DAY:
            raise Refused("too-long", f"this must be rechecked within {days} days")
        return
    named = known.get(body.authority if isinstance(body, AuthorityEndBody) else body.confirms)
    if named is None or named.body.subject != body.subject:
        raise Refused("bad-authority", "nothing of the kind was recorded for this child")
    if isinstance(body, AuthorityEndBody):
        if not isinstance(named.body, AuthorityBody):
            raise Refused("bad-authority", "only an order, a mandate or a settlement can be ended")
        return
    if isinstance(named.body, AuthorityConfirmationBody):
        raise Refused("bad-authority", "a confirmation needs no confirmation")
    if isinstance(named.body, AuthorityBody) and _ended(named, known, new.at):
        raise Refused("bad-authority", "what has an end recorded is recorded anew, not confirmed")
    if named.by == new.by:
        raise Refused("not-entitled", "a second registrar confirms, not the one who recorded it")


def bound(words: Collection[Determined]) -> tuple[str, ...]:
    """Return the digests that the child's sheet must name, rising: all but confirmations, without which nothing counts.

    What a sheet names cannot be left out by whoever shows it.
    """
    return tuple(sorted(word.digest for word in words if not isinstance(word.body, AuthorityConfirmationBody)))


def determined(words: Sequence[Determined]) -> tuple[Authority, ...]:
    """Return what registrars' words about one child come to, in the log's order."""
    confirmed: dict[str, Instant] = {}
    for word in words:
        if isinstance(word.body, AuthorityConfirmationBody):
            confirmed.setdefault(word.body.confirms, word.at)
    numbers = {word.digest: _number(word.body) for word in words if isinstance(word.body, AuthorityBody)}
    ends = [
        (numbers[word.body.authority], word, confirmed.get(word.digest))
        for word in words
        if isinstance(word.body, AuthorityEndBody)
    ]
    found = []
    for word in words:
        if isinstance(word.body, AuthorityBody):
            known_at = confirmed.get(word.digest)
            of_it = [(end.at, at) for number, end, at in ends if number == numbers[word.digest] and word.at <= end.at]
            # What only one registrar has said, one alone can take back.
            ended = [at if known_at is not None else said for said, at in of_it]
            found.append(
                Authority(
                    kind=word.body.by,
                    unit=word.body.unit,
                    persons=word.body.persons,
                    purposes=word.body.purposes,
                    recorded_at=word.at,
                    known_at=known_at,
                    not_after=word.body.not_after,
                    ending_at=min((said for said, _ in of_it), default=None),
                    ended_at=min((at for at in ended if at is not None), default=None),
                    holds_from=word.body.holds_from,
                    holds_to=word.body.holds_to,
                )
            )
    return tuple(found)


def _ended(named: Determined, known: Mapping[str, Determined], at: Instant) -> bool:
    """Say whether somebody had recorded the end of exactly this by an instant."""
    return any(
        isinstance(word.body, AuthorityEndBody) and word.body.authority == named.digest and word.at <= at
        for word in known.values()
    )


def _number(body: AuthorityBody) -> tuple[AuthorityKind, str]:
    return body.by, body.number
