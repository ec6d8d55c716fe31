"""Rows for notices: which consents may ask something of somebody now, and when their one reminder was sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import Column, Table, and_, bindparam, exists, insert, or_, select

from protocol.consent.notices import RENEWAL_PERIOD, TOLD_FOR
from protocol.identifiers import Instant, PersonId, UnitId
from server.consent.store import tables
from server.consent.store.rows import PARTY
from server.database.schema import metadata
from server.identity.store.statements import DIGEST, ID, LONG

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sqlalchemy import Connection

    from protocol.statements.base import Statement
    from protocol.statements.reminding import ReminderBody
    from server.consent.store.rows import Related

reminders = Table(
    "consent_reminders",
    metadata,
    Column("consent", DIGEST, primary_key=True),
    Column("person", ID, nullable=False),
    Column("at", LONG, nullable=False),
    Column("statement", DIGEST, nullable=False),
    Column("leaf_index", LONG, nullable=False),
)


class Requested(NamedTuple):
    """A consent's digest, who asked for it, and for which unit (None: for the family)."""

    consent: str
    requester: PersonId
    unit: UnitId | None
    leaf_index: int


_c, _r = tables.consents.c, reminders.c
_REQUESTED = (_c.digest, _c.requester, _c.unit, _c.leaf_index)
_ONE = select(*_REQUESTED).where(_c.digest == bindparam("d"))
_invalid, _void = tables.invalidations.c, tables.consents.alias("void").c
_VOID = (
    select(_void.digest)
    .join_from(tables.invalidations, _void.digest.table, _void.digest == _invalid.digest)
    .where(
        _invalid.at > bindparam("since"),
        or_(
            _void.subject.in_(bindparam("subjects", expanding=True)),
            exists().where(PARTY, tables.parties.c.leaf_index == _void.leaf_index),
        ),
    )
)
_WAITING = (
    select(*_REQUESTED)
    .where(
        _c.leaf_index > bindparam("after"),
        # Each alternative by an index of its own.
        or_(
            and_(_c.share_until > bindparam("at"), _c.subject.in_(bindparam("subjects", expanding=True))),
            and_(
                _c.share_until > bindparam("at"),
                _c.share_until <= bindparam("soon"),
                _c.unit.in_(bindparam("units", expanding=True)),
            ),
            _c.digest.in_(_VOID),
        ),
    )
    .order_by(_c.leaf_index)
    .limit(bindparam("most"))
)
_REMINDED = select(_r.consent, _r.at).where(_r.consent.in_(bindparam("digests", expanding=True)))


def requested(connection: Connection, consent: str) -> Requested | None:
    """Give who asked for the consent of this digest."""
    found = _read(connection.execute(_ONE, {"d": consent}))
    return found[0] if found else None


def waiting(  # noqa: PLR0917  (a connection, on what footing somebody asks, the instant, and the page)
    connection: Connection, related: Related, units: Collection[UnitId], at: Instant, after: int, most: int
) -> list[Requested]:
    """Give up to `most` consents after the leaf `after` of which somebody may have to be told, in the log's order.

    They are those on their subjects that have not ended at `at`, those that these units asked for and that end soon,
    and those related to them that were declared void of late.
    """
    asked = {**related._asdict(), "units": list(units), "at": at, "after": after, "most": most}
    return _read(connection.execute(_WAITING, asked | {"soon": at + RENEWAL_PERIOD, "since": at - TOLD_FOR}))


def add_reminder(connection: Connection, statement: Statement[ReminderBody], leaf_index: int, at: Instant) -> None:
    """Keep a consent's one reminder."""
    connection.execute(
        insert(reminders),
        {
            "consent": statement.body.consent,
            "person": statement.iss,
            "at": at,
            "statement": statement.digest,
            "leaf_index": leaf_index,
        },
    )


def reminded(connection: Connection, consents: Collection[str]) -> dict[str, Instant]:
    """Give when each of these consents was reminded of; those that were not are left out."""
    rows = connection.execute(_REMINDED, {"digests": sorted(consents)})
    return {consent: Instant(at) for consent, at in rows}


def _read(rows: Iterable[tuple[str, str, str | None, int]]) -> list[Requested]:
    return [
        Requested(digest, PersonId(requester), None if unit is None else UnitId(unit), leaf_index)
        for digest, requester, unit, leaf_index in rows
    ]
