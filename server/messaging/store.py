"""Conversations as somebody sees them: the shares in their mailboxes, by conversation."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import bindparam, exists, func, select

from protocol.identifiers import Instant
from server.documents.store.tables import conversations, envelopes, openings, shares

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Connection

    from protocol.identifiers import PersonId


class Conversation(NamedTuple):
    """A conversation; `leaf_index` is that of its newest share which lies in one of the asker's mailboxes."""

    conversation: str
    leaf_index: int
    matter: str
    subject: str
    parties: tuple[str, ...]


class Message(NamedTuple):
    """One share of a conversation; `unread`: it was sent to the asker, who has not opened it themself."""

    conversation: str
    share: str
    manifest: str
    t: Instant
    to: str
    own: bool
    unread: bool


_s, _e, _o, _c = shares.c, envelopes.c, openings.c, conversations.c
_MINE = envelopes.join(shares, _s.share == _e.share)
_NEWEST = (
    select(_s.conversation, func.max(_e.leaf_index).label("newest"))
    .select_from(_MINE)
    .where(_e.to.in_(bindparam("holders", expanding=True)))
    .group_by(_s.conversation)
    .subquery()
)
_PAGE = (
    select(_NEWEST.c.conversation, _NEWEST.c.newest, _c.matter, _c.subject, _c.parties)
    .join(conversations, _c.conversation == _NEWEST.c.conversation)
    .where(_NEWEST.c.newest < bindparam("before"))
    .order_by(_NEWEST.c.newest.desc())
    .limit(bindparam("most"))
)
_PLACE = select(_NEWEST.c.newest).where(_NEWEST.c.conversation == bindparam("conversation"))
_OPENED = exists().where(_o.share == _s.share, _o.person == bindparam("person"))
_MESSAGES = (
    select(_s.conversation, _s.share, _s.manifest, _s.t, _e.to, _e.own, ~_OPENED & ~_e.own & ~_e.withdrawn)
    .select_from(_MINE)
    .where(
        _s.conversation.in_(bindparam("conversations", expanding=True)),
        _e.to.in_(bindparam("holders", expanding=True)),
    )
    .order_by(_e.leaf_index.desc())
)


def place(connection: Connection, holders: Collection[str], conversation: str) -> int | None:
    """Give where a conversation stands in the order of all that these holders see."""
    told = {"holders": sorted(holders), "conversation": conversation}
    found: int | None = connection.execute(_PLACE, told).scalar_one_or_none()
    return found


def page(connection: Connection, holders: Collection[str], before: int, most: int) -> list[Conversation]:
    """Give up to `most` conversations in these mailboxes from before a place, the newest first."""
    rows = connection.execute(_PAGE, {"holders": sorted(holders), "before": before, "most": most})
    return [
        Conversation(name, newest, matter, subject, tuple(json.loads(text)))
        for name, newest, matter, subject, text in rows
    ]


def messages(
    connection: Connection, person: PersonId, holders: Collection[str], named: Collection[str]
) -> list[Message]:
    """Give every share of these conversations that lies in these mailboxes, newest first."""
    if not named:
        return []
    told = {"person": person, "holders": sorted(holders), "conversations": sorted(named)}
    return [Message._make(row) for row in connection.execute(_MESSAGES, told)]
