"""Inbox and sent: pages of shares, newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import and_, bindparam, or_, select

from protocol.identifiers import Instant
from server.documents.store.tables import envelopes, shares

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Connection

    from protocol.identifiers import PersonId, UnitId


class Item(NamedTuple):
    """One holder's envelopes of one share."""

    share: str
    leaf_index: int
    sender: str
    unit: str | None
    to: str
    own: bool
    subject: str
    matter: str
    conversation: str
    urgency: str
    t: Instant
    received_at: Instant | None
    opened_at: Instant | None
    withdrawn: bool
    header: str
    body: str
    manifest: str


class SentShare(NamedTuple):
    """A share in the sender's list."""

    share: str
    leaf_index: int
    sender: str
    unit: str | None
    subject: str
    matter: str
    conversation: str
    urgency: str
    t: Instant
    read_until: Instant


class Reached(NamedTuple):
    """How far a share came with one recipient."""

    share: str
    to: str
    received_at: Instant | None
    received_by: str | None
    opened_at: Instant | None
    opened_by: str | None
    withdrawn: bool


_s, _e = shares.c, envelopes.c
_INBOX = (
    select(
        _s.share,
        _e.leaf_index,
        _s.sender,
        _s.unit,
        _e.to,
        _e.own,
        _s.subject,
        _s.matter,
        _s.conversation,
        _s.urgency,
        _s.t,
        _e.received_at,
        _e.opened_at,
        _e.withdrawn,
        _e.header_digest,
        _e.body_digest,
        _s.manifest,
    )
    .select_from(envelopes.join(shares, _s.share == _e.share))
    .where(_e.to.in_(bindparam("holders", expanding=True)), _e.leaf_index < bindparam("before"))
    .order_by(_e.leaf_index.desc(), _e.to, _e.own)
    .limit(bindparam("most"))
)
_SENT = (
    select(*(_s[name] for name in SentShare._fields))
    .where(
        or_(
            _s.unit.in_(bindparam("units", expanding=True)),
            and_(_s.sender == bindparam("person"), _s.unit.is_(None)),
        ),
        _s.leaf_index < bindparam("before"),
    )
    .order_by(_s.leaf_index.desc())
    .limit(bindparam("most"))
)
_REACHED = (
    select(*(_e[name] for name in Reached._fields))
    .where(_e.share.in_(bindparam("shares", expanding=True)), _e.own.is_(False))
    .order_by(_e.to)
)
_PLACE = select(_s.leaf_index).where(_s.share == bindparam("share"))


def place(connection: Connection, share: str) -> int | None:
    """Give where a share stands in the order of all."""
    found: int | None = connection.execute(_PLACE, {"share": share}).scalar_one_or_none()
    return found


def inbox(connection: Connection, holders: Collection[str], before: int, most: int) -> list[Item]:
    """Give up to `most` envelopes of these holders from before a place, newest first."""
    told = {"holders": sorted(holders), "before": before, "most": most}
    return [Item._make(row) for row in connection.execute(_INBOX, told)]


def sent(
    connection: Connection, person: PersonId, units: Collection[UnitId], before: int, most: int
) -> list[SentShare]:
    """Give up to `most` shares sent by a person or these units from before a place, newest first."""
    told = {"person": person, "units": sorted(units), "before": before, "most": most}
    return [SentShare._make(row) for row in connection.execute(_SENT, told)]


def reached(connection: Connection, found: Collection[str]) -> list[Reached]:
    """Give how far these shares came with each recipient; the senders' own copies left out."""
    if not found:
        return []
    return [Reached._make(row) for row in connection.execute(_REACHED, {"shares": sorted(found)})]
