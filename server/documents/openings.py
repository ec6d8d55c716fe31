"""Who opened what under a consent: for whoever may see its log, filtered like reading is (DESIGN §1, promise 7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from protocol.identifiers import LARGEST_INTEGER
from protocol.statements.share import ManifestBody
from server.consent import store as consent_store
from server.consent.log_access import sights
from server.documents.store import openings, shares
from server.identity import store as identity

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Connection

    from protocol.identifiers import ConsentId, Instant, PersonId, ShareId, SubjectId, UnitId
    from server.consent.log_access import Sight
    from server.documents.store.openings import UnderConsent
    from server.documents.store.shares import Sent

PAGE = 50
_LOOKED_AT = 200

Row = tuple[str, int]
"""A statement's token and the leaf index of its entry."""


class Openings(NamedTuple):
    """A page of openings, newest first, with the manifests of what was opened; `after` goes on, None at the end."""

    opened: list[Row]
    manifests: list[Row]
    after: int | None


class _Asker:
    """What one person may see of the log around one subject, asked once for each consent."""

    def __init__(self, connection: Connection, person: PersonId, subject: SubjectId, at: Instant) -> None:
        self._connection, self._person, self._subject, self._at = connection, person, subject, at
        self._asked: set[str] = set()
        self._sights: dict[str, Sight] = {}

    def knows(self, consent: str) -> bool:
        """Say whether they may know that the consent exists."""
        self._ask([consent])
        return consent in self._sights

    def sees(self, consents: Collection[str], involved: Collection[PersonId | UnitId | None]) -> bool:
        """Say whether they see what these did under all of these consents."""
        self._ask(consents)
        return all(each in self._sights and self._sights[each].reaches(involved) for each in consents)

    def _ask(self, consents: Collection[str]) -> None:
        new = set(consents) - self._asked
        if new:
            self._asked |= new
            self._sights |= sights(self._connection, self._person, self._subject, new, self._at)


def under_consent(
    connection: Connection, person: PersonId, consent: ConsentId, before: int, at: Instant
) -> Openings | None:
    """Give a page of what was received and opened under a consent; None if the person may not know of it.

    The family sees all of it, a member of a unit what the unit opened. The cursor is the leaf of the last one given,
    which its receipt tells anyway: what was passed over in between leaves no trace.
    """
    found = consent_store.consent_named(connection, consent)
    if found is None:
        return None
    asker = _Asker(connection, person, found.terms.subject, at)
    if not asker.knows(found.terms.digest):
        return None
    sent: dict[ShareId, Sent] = {}
    page: list[UnderConsent] = []
    place = before
    while len(page) <= PAGE:
        some = openings.before(connection, found.terms.digest, place, _LOOKED_AT)
        for each in some:
            if each.share not in sent:
                sent[each.share] = shares.known(connection, each.share)
            if asker.sees(sent[each.share].body.consents, (each.unit,)):
                page.append(each)
        if len(some) < _LOOKED_AT:
            break
        place = some[-1].leaf_index
    told = page[:PAGE]
    rows = {each.digest: (each.token, each.leaf_index) for each in _statements(connection, told)}
    opened = dict.fromkeys(each.share for each in told)
    return Openings(
        [rows[each.statement] for each in told],
        [(sent[share].token, sent[share].leaf_index) for share in opened if _may_see(connection, asker, sent[share])],
        told[-1].leaf_index if len(page) > len(told) else None,
    )


def first_page(cursor: str | None) -> int:
    """Return the place that a cursor names; without one the end of the log."""
    return LARGEST_INTEGER if cursor is None else int(cursor)


def _statements(connection: Connection, told: Collection[UnderConsent]) -> list[identity.Published]:
    return identity.find_statements(connection, [each.statement for each in told])


def _may_see(connection: Connection, asker: _Asker, sent: Sent) -> bool:
    """Say whether a manifest may be shown: it names those that went before it in the conversation, perhaps unseen."""
    earlier = identity.find_statements(connection, list(sent.body.after))
    manifests = [shares.manifest(each.token) for each in earlier if each.kind == ManifestBody.kind]
    return len(manifests) == len(sent.body.after) and all(
        asker.sees(each.consents, (each.unit, *each.receivers())) for each in manifests
    )
