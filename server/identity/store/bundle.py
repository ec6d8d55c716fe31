"""The statements from which a reader rebuilds the chain of trust around some persons, units and subjects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, bindparam, null, or_, select, union_all

from protocol.identifiers import UnitId
from protocol.identity import CUSTODIAN
from server.identity.store.authorities import words
from server.identity.store.mailboxes import epochs, epochs_from, latest_epoch
from server.identity.store.mailboxes import units as known_units
from server.identity.store.people import endorsements
from server.identity.store.statements import find_statements
from server.identity.store.subjects import sheets

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Connection

    from protocol.identifiers import PersonId, SubjectId

LATEST_EPOCHS = 2
"""How many of a unit's epochs travel unless older ones are named."""

_e, _n = endorsements.c, epochs.c
_ENDORSEMENTS = select(_e.digest, _e.unit).where(
    or_(
        _e.holder.in_(bindparam("persons", expanding=True)),
        and_(_e.unit.in_(bindparam("units", expanding=True)), _e.role == CUSTODIAN),
    )
)
_NAMED = select(_n.unit, _n.number).where(_n.digest.in_(bindparam("digests", expanding=True)))
_NUMBERED = select(_n.digest).where(_n.unit == bindparam("u"), _n.number.in_([bindparam("n"), bindparam("n") + 1]))
_ABOUT_CHILDREN = union_all(
    select(sheets.c.digest, null()).where(sheets.c.subject.in_(bindparam("subjects", expanding=True))),
    select(words.c.digest, words.c.unit).where(words.c.subject.in_(bindparam("subjects", expanding=True))),
)


def statement_tokens(
    connection: Connection,
    *,
    persons: Collection[PersonId] = (),
    units: Collection[UnitId] = (),
    subjects: Collection[SubjectId] = (),
    named_epochs: Collection[str] = (),
) -> list[tuple[str, int]]:
    """Give (token, leaf index), in the log's order, of all that `protocol.identity.Directory` needs to believe these.

    That is: the units with their ancestors, custodians' endorsements and latest epochs; the persons' endorsements,
    with the units and custodians that these hang on; the subjects' sheets with all that was determined about who may
    sign, and the services that orders name. `named_epochs` (digests) adds older epochs,
    each with its successor, which shows until when it was the latest.
    """
    digests: set[str] = set()
    wanted: set[str] = set(units)
    if subjects:
        for digest, service in connection.execute(_ABOUT_CHILDREN, {"subjects": sorted(subjects)}):
            digests.add(digest)
            wanted |= {service} if service else set()
    for digest, unit in _endorsements(connection, persons, units):
        digests.add(digest)
        wanted |= {unit} if unit else set()
    digests |= {digest for digest, _ in _endorsements(connection, (), wanted - set(units))}
    digests |= unit_digests(connection, wanted)
    for unit in units:
        digests |= recent_epochs(connection, unit)
    if named_epochs:
        for unit, number in connection.execute(_NAMED, {"digests": sorted(named_epochs)}).all():
            digests |= set(connection.execute(_NUMBERED, {"u": unit, "n": number}).scalars())
    return [(each.token, each.leaf_index) for each in find_statements(connection, digests)]


def recent_epochs(connection: Connection, unit: UnitId, first: int | None = None) -> set[str]:
    """Give the digests of the unit's epochs from number `first` on, or of its latest two."""
    if first is None:
        latest = latest_epoch(connection, unit)
        first = 1 if latest is None else latest.number - LATEST_EPOCHS + 1
    return {epoch.digest for epoch in epochs_from(connection, unit, first)}


def _endorsements(
    connection: Connection, persons: Collection[str], units: Collection[str]
) -> list[tuple[str, str | None]]:
    if not persons and not units:
        return []
    rows = connection.execute(_ENDORSEMENTS, {"persons": sorted(persons), "units": sorted(units)})
    return [(digest, unit) for digest, unit in rows]


def unit_digests(connection: Connection, wanted: Collection[str]) -> set[str]:
    """Give the digests of the statements of these units and all above them."""
    known = known_units(connection, [UnitId(unit) for unit in wanted])
    above = {ancestor for each in known.values() for ancestor in each.ancestors} - known.keys()
    # One more SELECT only where a unit has somebody above it that was not asked for.
    known |= known_units(connection, above) if above else {}
    return {each.digest for each in known.values()}
