"""Who may know of what: decided like who may read it (DESIGN §1, promise 7)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from protocol.consent.age import Band, band
from protocol.consent.ask import Actor
from protocol.consent.case import Case, ConsentFacts, Sheet
from protocol.consent.circumstance import around
from protocol.consent.coverage import covers, hidden
from protocol.consent.law import guardians, minor
from protocol.consent.terms import Terms
from protocol.consent.vocabulary import Aspect, Capacity, Circumstance, Purpose
from protocol.identifiers import Instant, PersonId


@dataclass(frozen=True, slots=True)
class View:
    """What one viewer may know of one consent and of everything shared under it.

    `content` is the most a viewer may ever ask to open; `decide` still judges each opening.
    """

    content: bool
    existence: bool
    notices: bool
    log: bool
    unit_name: bool


_PLACES = {
    Aspect.CONTENT: "content",
    Aspect.NOTICES: "notices",
    Aspect.LOG: "log",
}
NOTHING = View(content=False, existence=False, notices=False, log=False, unit_name=False)
FOLLOWS = View(content=False, existence=True, notices=True, log=True, unit_name=True)
TAKES_PART = View(content=True, existence=True, notices=True, log=True, unit_name=True)


def view(viewer: Actor, consent: ConsentFacts, case: Case, at: Instant) -> View:
    """Say what a viewer may know of a consent at an instant.

    Members of a sending or receiving unit take part. Of the family, whoever is named as sender or receiver takes part,
    and those on the sheet's lists follow; from 16 only the youth follows (pbrl § 3-4), and whoever is asked to sign
    because somebody of 16 or more cannot consent (pbrl §§ 4-5, 4-6). Nobody follows an own sending: what a
    14-year-old tells in confidence is not told to the parents. A shield takes away what it hides, with existence
    everything, from members of units too; a sheet that is missing or has ended hides everything. Lists are judged now:
    who is off them knows no more.
    """
    unseen = hidden(case, consent.terms.matter, viewer.person, at)
    if Aspect.EXISTENCE in unseen:
        return NOTHING
    footing = _footing(viewer, consent, case, at)
    return replace(footing, **{_PLACES[aspect]: False for aspect in unseen}) if unseen else footing


def _footing(viewer: Actor, consent: ConsentFacts, case: Case, at: Instant) -> View:
    """Say what a viewer would know without shields."""
    terms, sheet = consent.terms, case.sheet
    if viewer.unit is not None:
        member = any(
            each.person == viewer.person and each.unit == viewer.unit and each.holds(at) for each in case.memberships
        )
        return TAKES_PART if member and _is_party(viewer, terms, case) else NOTHING
    if sheet is None or sheet.subject != terms.subject or at >= sheet.not_after:
        return NOTHING
    if _may_know(sheet, viewer.person, at) and _is_party(viewer, terms, case):
        return TAKES_PART
    own = terms.purpose is Purpose.OWN_SENDING
    if own:
        return NOTHING
    follows = _follows(sheet, viewer.person, at) or _stands_in(viewer.person, terms, sheet, case, at)
    return FOLLOWS if follows else NOTHING


_IN_PLACE = {
    Band.FROM_16: frozenset({Capacity.GUARDIAN, Capacity.CHILD_WELFARE, Capacity.REPRESENTATIVE}),
    Band.ADULT: frozenset({Capacity.REPRESENTATIVE}),
}
"""On what footings somebody may be asked to sign for one who cannot consent; below 16 everybody listed follows."""


def _stands_in(person: PersonId, terms: Terms, sheet: Sheet, case: Case, at: Instant) -> bool:
    """Say whether somebody may be asked to sign for one of 16 or more who cannot consent."""
    held = around(case, terms).at(guardians(sheet, at), at)
    footings = _IN_PLACE.get(band(sheet.birth_date, at), frozenset())
    return held is Circumstance.WITHOUT_CAPACITY and any(
        each.person == person and each.capacity in footings and each.holds(at) for each in sheet.may_sign
    )


def _is_party(viewer: Actor, terms: Terms, case: Case) -> bool:
    return covers(terms.senders, viewer.party, case) or covers(terms.receivers, viewer.party, case)


def _may_know(sheet: Sheet, person: PersonId, at: Instant) -> bool:
    return any(each.person == person and each.holds(at) for each in sheet.may_know)


def _follows(sheet: Sheet, person: PersonId, at: Instant) -> bool:
    young = minor(sheet.birth_date, at)
    return any(
        each.person == person and each.holds(at) and (young or each.capacity is Capacity.SELF)
        for each in (*sheet.may_know, *sheet.may_sign)
    )
