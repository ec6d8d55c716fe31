"""What somebody may know of conversations: what lies in their mailboxes, and nothing of what does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from protocol.identifiers import LARGEST_INTEGER
from server.documents.reading import known_shares
from server.identity import store as identity
from server.messaging import store

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from protocol.identifiers import Instant, PersonId
    from server.messaging.store import Conversation, Message

PAGE = 50
MOST_LATEST = 20
"""How many of the newest manifests are named: as many as a manifest's `after` takes."""


class Told(NamedTuple):
    """A conversation for somebody: how many of its messages they have not opened, and its newest manifests."""

    conversation: Conversation
    last_t: Instant
    unread: int
    latest: tuple[str, ...]


class Page(NamedTuple):
    """A page of conversations; `after` is the one to go on from, None at the end."""

    conversations: list[Told]
    after: str | None


def conversations(connection: Connection, person: PersonId, cursor: str | None, at: Instant) -> Page:
    """Give a page of conversations in the mailboxes of a person and their units, newest first.

    One whose every message they may no longer know of is left out, and so are those messages from its counts.
    """
    holders = [person, *(each.unit for each in identity.memberships_of(connection, person, at))]
    place = None if cursor is None else store.place(connection, holders, cursor)
    found = store.page(connection, holders, LARGEST_INTEGER if place is None else place, PAGE + 1)
    shown = found[:PAGE]
    said: dict[str, list[Message]] = {}
    messages = store.messages(connection, person, holders, [each.conversation for each in shown])
    personal = {each.share for each in messages if each.to == person and not each.own}
    hidden = personal - known_shares(connection, person, personal, at)
    for each in messages:
        if each.to != person or each.own or each.share not in hidden:
            said.setdefault(each.conversation, []).append(each)
    told = [_told(each, said[each.conversation]) for each in shown if each.conversation in said]
    return Page(told, shown[-1].conversation if len(found) > PAGE else None)


def _told(conversation: Conversation, said: list[Message]) -> Told:
    latest = dict.fromkeys(each.manifest for each in said)
    unread = {each.share for each in said if each.unread}
    return Told(conversation, said[0].t, len(unread), tuple(latest)[:MOST_LATEST])
