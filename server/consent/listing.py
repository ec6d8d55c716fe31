"""What somebody may know of: consents with the words said on them, filtered like reading is (DESIGN §1, promise 7)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from protocol.consent.ask import Actor
from protocol.consent.case import Membership
from protocol.consent.terms import UnitParty
from server.consent import cases, store
from server.consent.hearing import counted
from server.consent.judging import may_know
from server.identity import store as identity

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection

    from protocol.consent.case import Case, ConsentFacts
    from protocol.consent.terms import Terms
    from protocol.identifiers import ConsentId, Instant, MatterId, PersonId, SubjectId, UnitId
    from server.consent.store import Found, Heard, Noted, Related

S = TypeVar("S", "Heard", "Noted")

PAGE = 50
"""Consents in one answer."""

_LOOKED_AT = 200

Row = tuple[str, int]
"""A statement's token and the leaf index of its entry."""


class Told(NamedTuple):
    """One consent for somebody who may know of it: the digest of its terms, and its statements."""

    consent: str
    request: Row
    statements: tuple[Row, ...]
    hearings: tuple[Row, ...]
    facts: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody who asks: as themself and as a member of each of their units."""

    person: PersonId
    memberships: tuple[Membership, ...]
    related: Related

    @property
    def actors(self) -> tuple[Actor, ...]:
        """All that they may look as."""
        return (Actor(self.person, None), *(Actor(self.person, each.unit) for each in self.memberships))


class _Seen(NamedTuple):
    found: Found
    consent: ConsentFacts
    case: Case


def viewer(connection: Connection, person: PersonId, at: Instant) -> Viewer:
    """Find on what footing a person may know of anything now."""
    memberships = tuple(
        Membership(person=each.person, unit=each.unit, holds_from=each.holds_from, holds_to=each.holds_to)
        for each in identity.memberships_of(connection, person, at)
    )
    units = [each.unit for each in memberships]
    related = store.Related(
        tuple(identity.subjects_of(connection, person, at)), (person, *units), _above(connection, units)
    )
    return Viewer(person, memberships, related)


def listed(  # noqa: PLR0917  (a connection, who asks, the two filters, and the page)
    connection: Connection,
    person: PersonId,
    subject: SubjectId | None,
    matter: MatterId | None,
    after: int,
    at: Instant,
) -> tuple[list[Told], int | None]:
    """Give a page of consents, oldest first, and the cursor of the next; None at the end.

    The cursor is the leaf index of the last consent given, which its receipt tells anyway: what was passed over in
    between leaves no trace.
    """
    asker = viewer(connection, person, at)
    visible: list[_Seen] = []
    while len(visible) <= PAGE:
        found = store.listed(connection, asker.related, subject, matter, after, _LOOKED_AT)
        visible += _visible(connection, asker, found, at)
        if len(found) < _LOOKED_AT:
            break
        after = found[-1].leaf_index
    page = visible[:PAGE]
    more = len(visible) > PAGE
    return _told(connection, page), page[-1].found.leaf_index if more else None


def named(connection: Connection, person: PersonId, consent: ConsentId, at: Instant) -> Told | None:
    """Give one consent, if there is one that the person may know of."""
    found = store.consent_named(connection, consent)
    if found is None:
        return None
    visible = _visible(connection, viewer(connection, person, at), [found], at)
    return _told(connection, visible)[0] if visible else None


def parties_around(connection: Connection, asker: Viewer, subject: SubjectId, at: Instant) -> frozenset[UnitParty]:
    """Give the units that take part in the consents around a subject of which somebody may know, as they are named."""
    parties: set[UnitParty] = set()
    after = -1
    while found := store.listed(connection, asker.related, subject, None, after, _LOOKED_AT):
        for each in _visible(connection, asker, found, at):
            terms = each.consent.terms
            parties |= {party for party in (*terms.senders, *terms.receivers) if isinstance(party, UnitParty)}
        after = found[-1].leaf_index
    return frozenset(parties)


def is_party(connection: Connection, subject: SubjectId, units: frozenset[UnitId]) -> bool:
    """Say whether one of these units is a sender or receiver in a consent on the subject."""
    related = store.Related((), tuple(units), _above(connection, units))
    return store.is_party_on(connection, related, subject)


def _above(connection: Connection, units: Iterable[UnitId]) -> tuple[UnitId, ...]:
    known = identity.units(connection, list(units))
    return tuple(sorted({above for each in known.values() for above in each.ancestors}))


def _visible(connection: Connection, asker: Viewer, found: Sequence[Found], at: Instant) -> list[_Seen]:
    digests = [each.terms.digest for each in found]
    said = store.words(connection, digests) if digests else []
    by_subject: dict[SubjectId, list[ConsentFacts]] = {}
    for consent in store.facts_of(found, said):
        by_subject.setdefault(consent.terms.subject, []).append(consent)
    units = frozenset(each.unit for each in asker.memberships)
    known: dict[str, tuple[ConsentFacts, Case]] = {}
    for subject, consents in by_subject.items():
        plain = cases.around(connection, subject, consents, (), (), at, units=units, facts=())
        case = replace(plain, memberships=asker.memberships)
        known |= {
            each.terms.digest: (each, own)
            for each, own in cases.each_apart(connection, consents, case)
            if may_know(each, own, asker.actors, at)
        }
    return [_Seen(each, *known[each.terms.digest]) for each in found if each.terms.digest in known]


def _told(connection: Connection, visible: Sequence[_Seen]) -> list[Told]:
    if not visible:
        return []
    words = store.words(connection, [each.consent.terms.digest for each in visible])
    matters = {each.consent.terms.matter for each in visible}
    heard, noted = store.hearings(connection, matters), store.facts_in(connection, matters)
    digests = [each.found.statement for each in visible]
    digests += [each.statement for each in words]
    digests += [each.statement for each in heard] + [each.statement for each in noted]
    rows = {each.digest: (each.token, each.leaf_index) for each in identity.find_statements(connection, digests)}
    return [
        Told(
            each.consent.terms.digest,
            rows[each.found.statement],
            tuple(rows[word.statement] for word in words if word.consent == each.consent.terms.digest),
            tuple(rows[hearing.statement] for hearing in _going_with(connection, heard, each.consent.terms)),
            tuple(rows[fact.statement] for fact in _going_with(connection, noted, each.consent.terms)),
        )
        for each in visible
    ]


def _going_with(connection: Connection, said: Sequence[S], terms: Terms) -> list[S]:
    return counted(connection, [each for each in said if each.fact.matter == terms.matter], [terms])
