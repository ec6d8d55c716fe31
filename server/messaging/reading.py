"""What somebody may know of conversations: what lies in their mailboxes, and nothing of what does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from protocol.consent.vocabulary import Aspect
from protocol.identifiers import LARGEST_INTEGER
from server.consent.store import shields
from server.documents.reading import known_shares
from server.identity import store as identity
from server.messaging import store

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from protocol.identifiers import Instant, PersonId, UnitId
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

    One whose every message they may no longer know of is left out, and so are those messages from its counts. How many
    were passed over shows neither in the page's length nor in where the next one begins.
    """
    holders: list[PersonId | UnitId] = [
        person,
        *(each.unit for each in identity.memberships_of(connection, person, at)),
    ]
    place = None if cursor is None else store.place(connection, holders, cursor)
    hides = shields.hidden_from(connection, person, at)
    before = LARGEST_INTEGER if place is None else place
    told: list[Told] = []
    while len(told) <= PAGE:
        found = store.page(connection, holders, before, PAGE + 1)
        shown = [each for each in found if Aspect.EXISTENCE not in hides.get(each.matter, ())]
        told += _known(connection, person, holders, shown, hides, at)
        if len(found) <= PAGE:
            break
        before = found[-1].leaf_index
    page = told[:PAGE]
    return Page(page, page[-1].conversation.conversation if len(told) > PAGE else None)


def _known(  # noqa: PLR0917  (a connection, who asks, and what was found)
    connection: Connection,
    person: PersonId,
    holders: list[PersonId | UnitId],
    found: list[Conversation],
    hides: Mapping[str, frozenset[Aspect]],
    at: Instant,
) -> list[Told]:
    """Tell of those conversations of which there is a message that the person may know of."""
    said: dict[str, list[Message]] = {}
    messages = store.messages(connection, person, holders, [each.conversation for each in found])
    personal = {each.share for each in messages if each.to == person and not each.own}
    hidden = personal - known_shares(connection, person, personal, at)
    for each in messages:
        if each.to != person or each.own or each.share not in hidden:
            said.setdefault(each.conversation, []).append(each)
    return [
        _told(each, said[each.conversation], notices=Aspect.NOTICES not in hides.get(each.matter, ()))
        for each in found
        if each.conversation in said
    ]


def _told(conversation: Conversation, said: list[Message], *, notices: bool) -> Told:
    latest = dict.fromkeys(each.manifest for each in said)
    unread = {each.share for each in said if each.unread} if notices else set()
    return Told(conversation, said[0].t, len(unread), tuple(latest)[:MOST_LATEST])
