"""What waits for somebody, and what they have sent: filtered like reading is (DESIGN §1, promise 7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from protocol.consent.ask import Actor
from protocol.identifiers import LARGEST_INTEGER, PersonId, ShareId
from server.consent import cases
from server.consent import store as consent_store
from server.consent.judging import may_know
from server.consent.store.shields import hidden_matters
from server.documents.store import lists, shares
from server.identity import store as identity

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Connection

    from protocol.identifiers import Instant
    from server.documents.store.lists import Item, Reached, SentShare

PAGE = 100
_MOST_OF_ONE_SHARE = 50


class Inbox(NamedTuple):
    """A page of the inbox; `after` is the share to go on from, None at the end."""

    items: list[Item]
    after: str | None


class SentPage(NamedTuple):
    """A page of what was sent, with how far each came."""

    items: list[tuple[SentShare, list[Reached]]]
    after: str | None


def inbox(connection: Connection, person: PersonId, cursor: str | None, at: Instant) -> Inbox:
    """Give a page of what lies in the mailboxes of a person and their units, newest first, own copies among it.

    What a person received is listed as long as they may know of it; what their unit received, as long as they are a
    member. The page ends between two shares, so that the cursor is a share that was listed.
    """
    before = _before(connection, cursor)
    holders = [person, *(each.unit for each in identity.memberships_of(connection, person, at))]
    hidden = hidden_matters(connection, person, at)
    page: list[Item] = []
    while True:
        found = lists.inbox(connection, holders, before, PAGE + _MOST_OF_ONE_SHARE)
        whole = _whole(found)
        page += _visible(connection, person, [each for each in whole if each.matter not in hidden], at)
        if len(page) > PAGE and page[-1].leaf_index != page[PAGE - 1].leaf_index:
            return _cut(page)
        if len(found) < PAGE + _MOST_OF_ONE_SHARE:
            return Inbox(page, None)
        before = whole[-1].leaf_index


def sent(connection: Connection, person: PersonId, cursor: str | None, at: Instant) -> SentPage:
    """Give a page of what a person and their units have sent, newest first."""
    units = [each.unit for each in identity.memberships_of(connection, person, at)]
    hidden = hidden_matters(connection, person, at)
    before = _before(connection, cursor)
    found: list[SentShare] = []
    while len(found) <= PAGE:
        more = lists.sent(connection, person, units, before, PAGE + 1)
        found += [each for each in more if each.matter not in hidden]
        if len(more) <= PAGE:
            break
        before = more[-1].leaf_index
    page = found[:PAGE]
    by_share: dict[str, list[Reached]] = {}
    for each in lists.reached(connection, [each.share for each in page]):
        by_share.setdefault(each.share, []).append(each)
    items = [(each, by_share.get(each.share, [])) for each in page]
    return SentPage(items, page[-1].share if len(found) > len(page) else None)


def _before(connection: Connection, cursor: str | None) -> int:
    place = None if cursor is None else lists.place(connection, cursor)
    return LARGEST_INTEGER if place is None else place


def _cut(page: list[Item]) -> Inbox:
    """End a page after the share that fills it: how much was passed over on the way must not show in its length."""
    last = page[PAGE - 1]
    return Inbox([each for each in page if each.leaf_index >= last.leaf_index], last.share)


def _whole(found: list[Item]) -> list[Item]:
    """Leave out the last share of a full page: more of its envelopes may follow."""
    if len(found) < PAGE + _MOST_OF_ONE_SHARE:
        return found
    return [each for each in found if each.leaf_index != found[-1].leaf_index]


def known_shares(connection: Connection, person: PersonId, named: Collection[str], at: Instant) -> set[str]:
    """Give those of these shares, all sent to the person as themself, that they may know of now."""
    return {share for share in named if _may_know(connection, person, ShareId(share), at)}


def _visible(connection: Connection, person: PersonId, found: list[Item], at: Instant) -> list[Item]:
    """Leave out what was sent to the person as themself and they may no longer know of."""
    personal = {each.share for each in found if each.to == person and not each.own}
    hidden = personal - known_shares(connection, person, personal, at)
    return [each for each in found if each.to != person or each.own or each.share not in hidden]


def _may_know(connection: Connection, person: PersonId, share: ShareId, at: Instant) -> bool:
    sent_share = shares.sent(connection, share)
    if sent_share is None:
        return False
    found = consent_store.consents(connection, sent_share.body.consents)
    facts = consent_store.facts_of(found, ())
    case = cases.around(connection, sent_share.body.subject, facts, (), (), at)
    return any(may_know(each, case, (Actor(person, None),), at) for each in facts)
