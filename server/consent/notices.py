"""Everybody's notice box: derived from the rows each time it is asked for, and stored nowhere.

A notice carries its kind, an instant and the consent's id: no name, no child, nothing of the matter. Whoever may not be
told of something (`protocol.consent.visibility`) has no notice of it, on no page and in no cursor.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from protocol.consent.ask import Actor
from protocol.consent.case import Dated
from protocol.consent.notices import (
    RENEWAL_PERIOD,
    NoticeKind,
    asked_of,
    invalid_of,
    renewable,
    renewal_offered_to,
    written_of,
)
from protocol.consent.visibility import view
from protocol.identifiers import Instant
from protocol.statements.recorded import RecordedWithdrawalBody
from server.consent import cases, listing, store
from server.consent.hearing import counted
from server.consent.store import noticing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from sqlalchemy import Connection

    from protocol.consent.case import Case, ConsentFacts, Membership
    from protocol.identifiers import ConsentId, PersonId, UnitId
    from server.consent.listing import Viewer
    from server.consent.store.noticing import Requested

PAGE = 50
"""Consents with notices in one answer."""

_LOOKED_AT = 200


class Notice(NamedTuple):
    """Something waits for a person. `reminded_at` is when they were reminded of it, once at most."""

    kind: NoticeKind
    at: Instant
    reminded_at: Instant | None
    consent: ConsentId


class _About(NamedTuple):
    requested: Requested
    consent: ConsentFacts
    withdrawn: tuple[Dated, ...]
    """Those of its withdrawals that were written down for somebody."""
    case: Case


def notices(connection: Connection, person: PersonId, after: int, at: Instant) -> tuple[list[Notice], int | None]:
    """Give a page of a person's notices, those of the oldest requests first, and the next page's cursor.

    The cursor is the leaf index of the last consent that a notice tells of; None at the end.
    """
    asker = listing.viewer(connection, person, at)
    units = [each.unit for each in asker.memberships]
    found: list[tuple[int, list[Notice]]] = []
    while len(found) <= PAGE:
        rows = noticing.waiting(connection, asker.related, units, at, after, _LOOKED_AT)
        found += [
            (about.requested.leaf_index, told)
            for about in _about(connection, rows, asker.memberships, at)
            if (told := _told(connection, asker, about, at))
        ]
        if len(rows) < _LOOKED_AT:
            break
        after = rows[-1].leaf_index
    page = [notice for _, told in found[:PAGE] for notice in told]
    return page, found[PAGE - 1][0] if len(found) > PAGE else None


def addressees(connection: Connection, consent: str, at: Instant) -> list[PersonId]:
    """Give whom an open request now asks something of, and who may be told so; nobody where there is no such consent.

    `consent` is the digest of the terms.
    """
    return _addressed(connection, consent, _asked, at)


def told_of_written(connection: Connection, consent: str, at: Instant) -> list[PersonId]:
    """Give whom a word that was just written down on a consent is told to, as far as they may be told."""
    return _addressed(connection, consent, _told_of_written, at)


def _told_of_written(person: PersonId, about: _About, at: Instant) -> tuple[object, ...]:
    return (*_written(person, about, at), *_invalid((Actor(person, None),), about, at))


def _addressed(
    connection: Connection, consent: str, told: Callable[[PersonId, _About, Instant], tuple[object, ...]], at: Instant
) -> list[PersonId]:
    requested = noticing.requested(connection, consent)
    if requested is None:
        return []
    [about] = _about(connection, [requested], (), at)
    holders = () if about.case.sheet is None else about.case.sheet.may_sign
    return [person for person in sorted({each.person for each in holders}) if told(person, about, at)]


def _about(
    connection: Connection, rows: Sequence[Requested], memberships: tuple[Membership, ...], at: Instant
) -> Iterator[_About]:
    """Put each consent together with the case that it is judged in, in the order of `rows`."""
    found = store.consents(connection, [each.consent for each in rows])
    said = store.words(connection, [each.consent for each in rows])
    facts = {each.terms.digest: each for each in store.facts_of(found, said)}
    units = frozenset(each.unit for each in memberships)
    heard = store.hearings(connection, {each.terms.matter for each in facts.values()})
    for row in rows:
        consent = facts[row.consent]
        terms = consent.terms
        in_matter = [each for each in heard if each.fact.matter == terms.matter]
        hearings = [each.fact for each in counted(connection, in_matter, [terms])]
        # Each in a case of its own: what another consent's parties recorded does not count for this one.
        case = cases.around(connection, terms.subject, [consent], hearings, (), at, units=units)
        withdrawn = tuple(
            Dated(each.person, each.at)
            for each in said
            if (each.consent, each.kind) == (row.consent, RecordedWithdrawalBody.kind)
        )
        yield _About(row, consent, withdrawn, replace(case, memberships=memberships))


def _told(connection: Connection, asker: Viewer, about: _About, at: Instant) -> list[Notice]:
    terms = about.consent.terms
    kinds = _asked(asker.person, about, at) or _offered(connection, asker, about, at)
    reminded = noticing.reminded(connection, [terms.digest]).get(terms.digest) if kinds else None
    written = (*_written(asker.person, about, at), *_invalid(asker.actors, about, at))
    return [Notice(kind, said_at, None, terms.id) for kind, said_at in written] + [
        Notice(kind, _since(kind, about.consent, at), None if kind is NoticeKind.RENEW else reminded, terms.id)
        for kind in kinds
    ]


def _written(person: PersonId, about: _About, at: Instant) -> tuple[tuple[NoticeKind, Instant], ...]:
    if not view(Actor(person, None), about.consent, about.case, at).notices:
        return ()
    return written_of(person, about.consent, about.withdrawn, at)


def _invalid(actors: Iterable[Actor], about: _About, at: Instant) -> tuple[tuple[NoticeKind, Instant], ...]:
    """Tell everybody who may be told, members of the units that took part among them, that it is void."""
    if not any(view(each, about.consent, about.case, at).notices for each in actors):
        return ()
    return invalid_of(about.consent, at)


def _asked(person: PersonId, about: _About, at: Instant) -> tuple[NoticeKind, ...]:
    if not view(Actor(person, None), about.consent, about.case, at).notices:
        return ()
    return asked_of(person, about.consent, about.case, at)


def _offered(connection: Connection, asker: Viewer, about: _About, at: Instant) -> tuple[NoticeKind, ...]:
    """Offer a renewal to those who would sign anew, and to whoever asked: the unit's members, or the person."""
    consent, case = about.consent, about.case
    footings = [each for each in asker.actors if _asks_or_signs(each, about, at)]
    if not any(view(each, consent, case, at).notices for each in footings):
        return ()
    others = [each.terms for each in store.consents_in(connection, consent.terms.matter)]
    return (NoticeKind.RENEW,) if renewable(consent, others, case, at) else ()


def _asks_or_signs(actor: Actor, about: _About, at: Instant) -> bool:
    asked_by: PersonId | UnitId = about.requested.unit or about.requested.requester
    signs = actor.unit is None and renewal_offered_to(actor.person, about.consent, about.case, at)
    return signs or actor.party == asked_by


def _since(kind: NoticeKind, consent: ConsentFacts, at: Instant) -> Instant:
    """Return since when it waits: the request, or the day from which a renewal is offered."""
    offered = consent.terms.share_until - RENEWAL_PERIOD
    # What no longer suffices is offered anew before its last fourteen days begin.
    began = offered if kind is NoticeKind.RENEW and offered <= at else consent.requested_at
    return Instant(max(began, consent.requested_at))
