"""Rows for notices: which consents may ask something of somebody now, and when their one reminder was sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import Column, Table, and_, bindparam, insert, or_, select

from protocol.identifiers import Instant, PersonId, SubjectId, UnitId
from server.consent.store import tables
from server.database.schema import metadata
from server.identity.store.statements import DIGEST, ID, LONG

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sqlalchemy import Connection

    from protocol.statements.base import Statement
    from protocol.statements.reminding import ReminderBody

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
_WAITING = (
    select(*_REQUESTED)
    .where(
        _c.leaf_index > bindparam("after"),
        _c.share_until > bindparam("at"),
        or_(
            _c.subject.in_(bindparam("subjects", expanding=True)),
            and_(_c.unit.in_(bindparam("units", expanding=True)), _c.share_until <= bindparam("soon")),
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


def waiting(  # noqa: PLR0917  (a connection, on what footing somebody asks, the two instants, and the page)
    connection: Connection,
    subjects: Collection[SubjectId],
    units: Collection[UnitId],
    at: Instant,
    soon: Instant,
    after: int,
    most: int,
) -> list[Requested]:
    """Give up to `most` consents after the leaf `after` that have not ended at `at`, in the log's order.

    They are those on these subjects, and those that these units asked for and that end by `soon`.
    """
    asked = {"subjects": list(subjects), "units": list(units), "at": at, "soon": soon, "after": after, "most": most}
    return _read(connection.execute(_WAITING, asked))


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
