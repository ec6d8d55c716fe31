"""Units, their epochs and who was a member when."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import (
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    and_,
    bindparam,
    delete,
    exists,
    insert,
    or_,
    select,
    update,
)

from protocol.consent.case import UnitFacts
from protocol.consent.vocabulary import Regime
from protocol.identifiers import Instant, PersonId, UnitId
from server.database.schema import metadata
from server.identity.store.people import endorsements
from server.identity.store.statements import DIGEST, ID, LONG

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy import Connection

    from protocol.statements.identity import EpochBody, Member, UnitBody

_PARSED_AT_MOST = 4096
"""Rows that are remembered as what they say; whether they still stand is read each time."""

_units = Table(
    "units",
    metadata,
    Column("unit", ID, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("digest", DIGEST, nullable=False),
    Column("not_after", LONG, nullable=False),
    Column("ancestors", Text, nullable=False),  # nearest first, a space between
    Column("regime", String(16), nullable=False),
    Column("own_keys_only", Boolean, nullable=False),
)
epochs = Table(
    "epochs",
    metadata,
    Column("unit", ID, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("digest", DIGEST, nullable=False, unique=True),
    Column("not_after", LONG, nullable=False),
    Column("seal", DIGEST, nullable=False),
    Column("previous", LargeBinary),
)
_seeds = Table(
    "epoch_seeds",
    metadata,
    Column("unit", ID, primary_key=True),
    Column("person", ID, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("sealed", LargeBinary, nullable=False),
)
_memberships = Table(  # `ends` is the end of the latest epoch that lists the member; `holds_to` a removal
    "memberships",
    metadata,
    Column("unit", ID, primary_key=True),
    Column("person", ID, primary_key=True),
    Column("holds_from", LONG, primary_key=True, autoincrement=False),
    Column("holds_to", LONG),
    Column("ends", LONG, nullable=False),
    Column("key_set", DIGEST, nullable=False),
    Index("memberships_by_person", "person"),
)


class KnownUnit(NamedTuple):
    """A unit's latest statement; `ancestors` nearest first."""

    unit: UnitId
    number: int
    digest: str
    not_after: Instant
    regime: Regime
    ancestors: tuple[UnitId, ...]
    own_keys_only: bool


class Epoch(NamedTuple):
    """A unit's epoch; `seal` is the SHA-256 of its sealing key."""

    number: int
    digest: str
    not_after: Instant
    seal: str


class Membership(NamedTuple):
    """A person on a unit's list of members, [holds_from, holds_to): until removed, or the epoch's end."""

    person: PersonId
    unit: UnitId
    holds_from: Instant
    holds_to: Instant


_u, _m, _n = _units.c, _memberships.c, epochs.c
_FIND_UNITS = select(_u.unit, _u.number, _u.digest, _u.not_after, _u.regime, _u.ancestors, _u.own_keys_only).where(
    _u.unit.in_(bindparam("units", expanding=True))
)
_BELOW = select(_u.unit, _u.ancestors).where(_u.ancestors.contains(bindparam("unit")))
_MOVE = update(_units).where(_u.unit == bindparam("moved")).values(ancestors=bindparam("line"))
_LISTED = (
    select(_u.unit, _u.digest)
    .where(_u.unit > bindparam("after"), _u.not_after > bindparam("at"))
    .order_by(_u.unit)
    .limit(bindparam("most"))
)
_EPOCHS = (
    select(_n.number, _n.digest, _n.not_after, _n.seal).where(_n.unit == bindparam("u")).order_by(_n.number.desc())
)
_LATEST = _EPOCHS.limit(1)
_FROM = _EPOCHS.where(_n.number >= bindparam("first"))
_SEAL_USED = select(_n.number).where(_n.unit == bindparam("u"), _n.seal == bindparam("s")).limit(1)
_HOLDING = and_(_m.holds_from <= bindparam("at"), _m.ends > bindparam("at"))
_e = endorsements.c
_ENDORSED = exists().where(
    _e.holder == _m.person, _e.unit == _m.unit, _e.key_set == _m.key_set, _e.not_after > bindparam("at")
)
_MEMBERSHIP = select(_m.person, _m.unit, _m.holds_from, _m.holds_to, _m.ends).where(
    _HOLDING, or_(_m.holds_to.is_(None), _m.holds_to > bindparam("at")), _ENDORSED
)
_OF_PERSON = _MEMBERSHIP.where(_m.person == bindparam("p")).order_by(_m.unit)
_IN_UNIT = _MEMBERSHIP.where(_m.unit == bindparam("u")).order_by(_m.person)
_ONE = _MEMBERSHIP.where(_m.person == bindparam("p"), _m.unit == bindparam("u"))
_STANDING = select(_m.person, _m.key_set, _m.ends).where(_m.unit == bindparam("u"), _m.holds_to.is_(None))
_CLOSE = (
    update(_memberships)
    .where(_m.unit == bindparam("u"), _m.person == bindparam("p"), _m.holds_to.is_(None))
    .values(holds_to=bindparam("t"))
)
_REOPEN = delete(_memberships).where(
    _m.unit == bindparam("u"), _m.person == bindparam("p"), _m.holds_from == bindparam("t")
)
_PROLONG = (
    update(_memberships)
    .where(_m.unit == bindparam("u"), _m.person == bindparam("p"), _m.holds_to.is_(None))
    .values(ends=bindparam("e"))
)


def units(connection: Connection, ids: Collection[UnitId]) -> dict[UnitId, KnownUnit]:
    """Give those of these units that are registered (ended ones too), each with its ancestors; one SELECT."""
    rows = connection.execute(_FIND_UNITS, {"units": sorted(ids)})
    return {UnitId(row[0]): _known(row) for row in rows}


def unit_facts(connection: Connection, ids: Collection[UnitId]) -> Mapping[UnitId, UnitFacts]:
    """Give units as the facts that a `Case` holds."""
    return {unit: _unit_facts(known) for unit, known in units(connection, ids).items()}


def listed_units(connection: Connection, after: str, at: Instant, most: int) -> list[tuple[UnitId, str]]:
    """Give up to `most` (unit, digest of its statement) in force at `at`, by id, from the one after `after`."""
    rows = connection.execute(_LISTED, {"after": after, "at": at, "most": most})
    return [(UnitId(unit), digest) for unit, digest in rows]


def put_unit(connection: Connection, body: UnitBody, digest: str, ancestors: Sequence[UnitId]) -> None:
    """Keep a unit's statement in place of the one before it; `ancestors` nearest first. What is below moves along."""
    connection.execute(delete(_units).where(_u.unit == body.unit))
    row = {"unit": body.unit, "number": body.number, "digest": digest, "not_after": body.not_after}
    row |= {"regime": str(body.regime), "own_keys_only": body.own_keys_only}
    connection.execute(insert(_units), row | {"ancestors": " ".join(ancestors)})
    moved = []
    for unit, line in connection.execute(_BELOW, {"unit": body.unit}).all():
        between = line[: line.index(body.unit) + len(body.unit)]
        moved.append({"moved": unit, "line": " ".join([between, *ancestors])})
    if moved:
        connection.execute(_MOVE, moved)


def latest_epoch(connection: Connection, unit: UnitId) -> Epoch | None:
    """Give the unit's epoch with the highest number, whether or not it has ended."""
    row = connection.execute(_LATEST, {"u": unit}).one_or_none()
    return None if row is None else Epoch(row[0], row[1], Instant(row[2]), row[3])


def epochs_from(connection: Connection, unit: UnitId, first: int) -> list[Epoch]:
    """Give the unit's epochs from number `first` on, newest first."""
    rows = connection.execute(_FROM, {"u": unit, "first": first})
    return [Epoch(row[0], row[1], Instant(row[2]), row[3]) for row in rows]


def seal_was_used(connection: Connection, unit: UnitId, seal: str) -> bool:
    """Say whether any epoch of the unit had this sealing key (SHA-256)."""
    return connection.execute(_SEAL_USED, {"u": unit, "s": seal}).first() is not None


def standing(connection: Connection, unit: UnitId) -> dict[PersonId, str]:
    """Give the members of the unit's latest epoch with the digest of their key sets."""
    return {PersonId(row[0]): row[1] for row in connection.execute(_STANDING, {"u": unit})}


def add_epoch(  # noqa: PLR0917  (an epoch, its two digests, and the two sorts of sealed seeds that come with it)
    connection: Connection,
    body: EpochBody,
    digest: str,
    seal: str,
    seeds: Mapping[PersonId, bytes],
    previous: bytes | None,
) -> None:
    """Keep an epoch with its sealed seeds, and `previous`: the seed before it, sealed to its own key."""
    row = {"unit": body.unit, "number": body.number, "digest": digest, "not_after": body.not_after}
    connection.execute(insert(epochs), row | {"seal": seal, "previous": previous})
    connection.execute(
        insert(_seeds),
        [
            {"unit": body.unit, "person": person, "number": body.number, "sealed": sealed}
            for person, sealed in seeds.items()
        ],
    )


def move_members(connection: Connection, body: EpochBody, t: Instant) -> list[PersonId]:
    """Make the epoch's list the unit's members from `t` on; give those who are no longer on it.

    Whoever stands with another key set than before, or after a lapse, begins anew.
    """
    before = {PersonId(row[0]): (row[1], row[2]) for row in connection.execute(_STANDING, {"u": body.unit})}
    kept: list[Member] = []
    for member in body.members:
        keys, ends = before.get(member.person, ("", 0))
        if keys == member.keys and ends > t:
            kept.append(member)
    names = {member.person for member in kept}
    closed = [
        {"u": body.unit, "p": person, "t": min(t, ends)} for person, (_, ends) in before.items() if person not in names
    ]
    if closed:
        connection.execute(_CLOSE, closed)
    if kept:
        connection.execute(_PROLONG, [{"u": body.unit, "p": person, "e": body.not_after} for person in names])
    begun = [
        {"unit": body.unit, "person": member.person, "holds_from": t, "ends": body.not_after, "key_set": member.keys}
        for member in body.members
        if member.person not in names
    ]
    if begun:
        # What began and was closed within this same millisecond held at no instant: it is opened again.
        connection.execute(_REOPEN, [{"u": body.unit, "p": row["person"], "t": t} for row in begun])
        connection.execute(insert(_memberships), begun)
    return sorted(before.keys() - {member.person for member in body.members})


def membership(connection: Connection, person: PersonId, unit: UnitId, at: Instant) -> Membership | None:
    """Give the person's membership of the unit at an instant, else None.

    It takes a place on the list of the epoch in force and an endorsement for the unit of the very keys listed there.
    """
    row = connection.execute(_ONE, {"p": person, "u": unit, "at": at}).first()
    return None if row is None else _membership(row)


def memberships_of(connection: Connection, person: PersonId, at: Instant) -> list[Membership]:
    """Give the person's memberships at an instant."""
    return [_membership(row) for row in connection.execute(_OF_PERSON, {"p": person, "at": at})]


def memberships_in(connection: Connection, unit: UnitId, at: Instant) -> list[Membership]:
    """Give the unit's members at an instant."""
    return [_membership(row) for row in connection.execute(_IN_UNIT, {"u": unit, "at": at})]


def seeds_of(connection: Connection, unit: UnitId, person: PersonId) -> list[tuple[int, bytes]]:
    """Give (number, sealed seed) of the unit's epochs that were sealed to this person, oldest first."""
    query = select(_seeds.c.number, _seeds.c.sealed).where(_seeds.c.unit == unit, _seeds.c.person == person)
    return [(number, sealed) for number, sealed in connection.execute(query.order_by(_seeds.c.number))]


def previous_seeds(connection: Connection, unit: UnitId) -> list[tuple[int, bytes]]:
    """Give (number, the seed before it sealed to this epoch's key) of the unit's epochs, oldest first."""
    query = select(_n.number, _n.previous).where(_n.unit == unit, _n.previous.is_not(None)).order_by(_n.number)
    return [(number, previous) for number, previous in connection.execute(query)]


@lru_cache(maxsize=_PARSED_AT_MOST)
def _unit_facts(known: KnownUnit) -> UnitFacts:
    return UnitFacts(
        known.regime, frozenset(known.ancestors), known.not_after, active=True, own_keys_only=known.own_keys_only
    )


@lru_cache(maxsize=_PARSED_AT_MOST)
def _known(row: Any) -> KnownUnit:
    unit, number, digest, not_after, regime, ancestors, own_keys_only = row
    line = tuple(UnitId(name) for name in ancestors.split())
    return KnownUnit(UnitId(unit), number, digest, Instant(not_after), Regime(regime), line, own_keys_only)


def _membership(row: Any) -> Membership:
    person, unit, holds_from, holds_to, ends = row
    return Membership(
        PersonId(person), UnitId(unit), Instant(holds_from), Instant(ends if holds_to is None else holds_to)
    )
