"""Which sealing keys hold now: of units' latest epochs, and of persons."""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import bindparam, func, select

from keys.signing import peek
from protocol.identifiers import Instant, PersonId, UnitId
from protocol.reading import Fields
from protocol.statements.identity import EndorsementBody
from server.identity import store as identity
from server.identity.store.mailboxes import epochs
from server.identity.store.people import endorsements
from server.identity.store.statements import statements

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Connection


class EpochKey(NamedTuple):
    """A unit's latest epoch: the digest of its statement, its end, and the SHA-256 of its sealing key."""

    digest: str
    not_after: Instant
    seal: str


_n, _e = epochs.c, endorsements.c
_other = epochs.alias()
_LATEST = select(_n.unit, _n.digest, _n.not_after, _n.seal).where(
    _n.unit.in_(bindparam("units", expanding=True)),
    _n.number == select(func.max(_other.c.number)).where(_other.c.unit == _n.unit).scalar_subquery(),
)
_IN_FORCE = (
    select(_e.holder, statements.c.token)
    .join(statements, statements.c.digest == _e.digest)
    .where(_e.holder.in_(bindparam("persons", expanding=True)), _e.not_after > bindparam("at"))
    .order_by(_e.t)
)


def latest_epochs(connection: Connection, units: Collection[UnitId]) -> dict[UnitId, EpochKey]:
    """Give each unit's epoch with the highest number, whether or not it has ended; one SELECT."""
    if not units:
        return {}
    rows = connection.execute(_LATEST, {"units": sorted(units)})
    return {UnitId(unit): EpochKey(digest, Instant(end), seal) for unit, digest, end, seal in rows}


def person_keys(connection: Connection, persons: Collection[PersonId], at: Instant) -> dict[PersonId, str]:
    """Give the SHA-256 of the sealing key of each person: as clients do, a registrar's or the newest in force."""
    if not persons:
        return {}
    rows = connection.execute(_IN_FORCE, {"persons": sorted(persons), "at": at})
    found = {PersonId(holder): _seal(token) for holder, token in rows}
    policy = identity.latest_policy_body(connection)
    registrars = () if policy is None else policy.registrars
    named = {each.person: sha256(each.keys.seal).hexdigest() for each in registrars if each.person in persons}
    return found | named


@lru_cache(maxsize=10_000)
def _seal(token: str) -> str:
    """Read the sealing key in an endorsement that was verified before it was kept."""
    return sha256(EndorsementBody.read(Fields(peek(token).body, EndorsementBody.kind)).keys.seal).hexdigest()
