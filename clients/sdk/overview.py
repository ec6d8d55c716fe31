"""My consents: what waits, what is in force, what has ended, and what happens next with each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from clients.sdk.client import Client
from clients.sdk.consents import Known, situation
from clients.sdk.transport import clock
from protocol.consent.notices import RENEWAL_PERIOD
from protocol.consent.remaining import Remaining, remaining
from protocol.consent.state import State, standing
from protocol.identifiers import Instant, SubjectId, UnitId


class Place(StrEnum):
    """Where a consent stands in the overview."""

    WAITING = "waiting"
    """Somebody must act before anything is shared under it."""
    IN_FORCE = "in-force"
    ENDED = "ended"


class Next(StrEnum):
    """What happens next with a consent."""

    SOMEBODY_ACTS = "somebody-acts"
    RENEW_LATER = "renew-later"
    """It can be renewed from fourteen days before its end; that never happens by itself."""
    RENEW_NOW = "renew-now"
    READING_ENDS = "reading-ends"
    NOTHING = "nothing"


_PLACES = {
    State.REQUESTED: Place.WAITING,
    State.PARTLY_SIGNED: Place.WAITING,
    State.NEEDS_NEW_CONSENT: Place.WAITING,
    State.SUSPENDED: Place.WAITING,
    State.IN_FORCE: Place.IN_FORCE,
    State.READ_ONLY: Place.IN_FORCE,
}


@dataclass(frozen=True, slots=True)
class Shown:
    """One consent as its family sees it: what is left of it, and what happens next and when."""

    known: Known
    left: Remaining
    next: Next
    at: Instant | None
    """When what happens next happens; None if it can happen now, or nothing does."""

    @property
    def place(self) -> Place:
        """Where it stands in the overview."""
        return _PLACES.get(self.known.standing.state, Place.ENDED)


@dataclass(frozen=True, slots=True)
class Overview:
    """All that I may know of around one child, and the units' names."""

    consents: tuple[Shown, ...]
    names: Mapping[UnitId, str]


async def overview(client: Client, subject: SubjectId, at: Instant | None = None) -> Overview:
    """Fetch and believe every consent around a child that I may know of.

    Raises:
        Tampered: something does not hold.
    """
    found = await situation(client, subject)
    now = clock() if at is None else at
    shown = []
    for facts, record in zip(found.consents, found.records, strict=True):
        case = found.case([facts.terms.digest])
        known = Known(facts.terms.digest, facts, standing(facts, case, now), record)
        left = remaining(facts, case, now)
        shown.append(Shown(known, left, *_next(known.standing.state, left, now)))
    return Overview(tuple(shown), {unit.unit: unit.name for unit in found.directory.units()})


def _next(state: State, left: Remaining, now: Instant) -> tuple[Next, Instant | None]:
    if state is State.IN_FORCE:
        renewable = Instant(left.share_until - RENEWAL_PERIOD)
        return (Next.RENEW_NOW, None) if renewable <= now else (Next.RENEW_LATER, renewable)
    if state is State.READ_ONLY:
        return Next.READING_ENDS, left.read_until
    return (Next.SOMEBODY_ACTS, None) if state in _PLACES else (Next.NOTHING, None)
