"""What terms cover: whom, what, about whom; and under whose rules of confidentiality that falls."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

from protocol.consent.answer import Reason
from protocol.consent.ask import Ask, Receiver
from protocol.consent.case import Case
from protocol.consent.circumstance import around
from protocol.consent.guardianship import NO_PERSONS
from protocol.consent.law import Situation, own_senders
from protocol.consent.narrowing import Narrowing
from protocol.consent.shielding import hidden_by
from protocol.consent.terms import Party, Terms, UnitParty
from protocol.consent.vocabulary import Aspect, Category, Kind, Purpose, Regime
from protocol.identifiers import Instant, MatterId, PersonId, UnitId

_NO_UNITS: frozenset[UnitId] = frozenset()


def uncovered(ask: Ask, terms: Terms, case: Case) -> Reason | None:
    """Say what of the ask the terms do not cover, or None when they cover all of it."""
    if terms.subject != ask.subject:
        return Reason.OTHER_SUBJECT
    if terms.matter != ask.matter:
        return Reason.OTHER_MATTER
    if terms.purpose is not ask.purpose:
        return Reason.OTHER_PURPOSE
    senders, receivers = terms.senders, terms.receivers
    if terms.purpose is Purpose.OWN_SENDING and ask.sender.party not in own_senders(terms):
        # The receivers may answer whoever sent their own (DESIGN §10), and nobody else.
        senders, receivers = receivers, senders
    if not covers(senders, ask.sender.party, case):
        return Reason.SENDER_NOT_COVERED
    if not all(covers(receivers, receiver, case) for receiver in _receivers(ask)):
        return Reason.RECEIVER_NOT_COVERED
    return None if _carried(ask, terms.kind) <= set(terms.categories) else Reason.CATEGORY_NOT_COVERED


def fallen_away(ask: Ask, kind: Kind, narrowings: tuple[Narrowing, ...], case: Case) -> Reason | None:
    """Say what of an ask that the terms cover has been taken back since, or None when nothing has.

    A recipient that fell away receives, opens and sends nothing more; what it sent before stays with who has it.
    """
    for each in narrowings:
        if any(fell(each.less.receivers, who, case) for who in _acting(ask)):
            return Reason.RECEIVER_WITHDRAWN
        if _carried(ask, kind).intersection(each.less.categories):
            return Reason.CATEGORY_WITHDRAWN
    return None


def covers(parties: tuple[Party, ...], who: Receiver, case: Case) -> bool:
    """Say whether a unit or person is one of the parties, or a unit below one that is named with its sub-units."""
    unit = case.units.get(who) if isinstance(who, UnitId) else None
    above = _NO_UNITS if unit is None else unit.ancestors
    return any(
        party.id == who or (isinstance(party, UnitParty) and party.subunits and party.unit in above)
        for party in parties
    )


def situation_of_ask(ask: Ask, terms: Terms, case: Case) -> Situation | None:
    """Return what the law is asked for one ask under these terms; None if the case lacks one of the units.

    The ask's own units count beside those of the terms: a sub-unit may work under another regime than its parent.
    """
    return _situation(terms, case, frozenset(ask.categories), (ask.sender.party,), _receivers(ask))


def situation_of_terms(terms: Terms, case: Case) -> Situation | None:
    """Return what the law is asked for all that the terms allow; None if the case lacks one of the units."""
    return _situation(terms, case, frozenset(terms.categories), (), ())


def shielded(case: Case, matter: MatterId, at: Instant) -> frozenset[PersonId]:
    """Return the persons from whom a matter's content is hidden at an instant."""
    if not case.shields:
        return NO_PERSONS
    named = {person for shield in case.shields if shield.matter == matter for person in shield.persons}
    return frozenset(person for person in named if Aspect.CONTENT in hidden(case, matter, person, at))


def hidden(case: Case, matter: MatterId, person: PersonId, at: Instant) -> frozenset[Aspect]:
    """Return what of a matter is hidden from a person at an instant."""
    return hidden_by((shield for shield in case.shields if shield.matter == matter), person, at)


def _receivers(ask: Ask) -> tuple[Receiver, ...]:
    return ask.receivers if ask.reader is None else (ask.reader.party,)


def _acting(ask: Ask) -> tuple[Receiver, ...]:
    return (ask.sender.party, *ask.receivers) if ask.reader is None else (ask.reader.party,)


def fell(gone: tuple[Receiver, ...], who: Receiver, case: Case) -> bool:
    """Say whether a party is among those gone, or a unit below one of them."""
    unit = case.units.get(who) if isinstance(who, UnitId) else None
    return who in gone or (unit is not None and not unit.ancestors.isdisjoint(gone))


def _carried(ask: Ask, kind: Kind) -> set[Category]:
    """Return the categories that a consent of this kind must cover: disclosure all, care the referral itself."""
    if kind is Kind.DISCLOSURE:
        return set(ask.categories)
    return {Category.REFERRAL}.intersection(ask.categories) if kind is Kind.CARE else set()


def _situation(
    terms: Terms,
    case: Case,
    categories: frozenset[Category],
    more_senders: tuple[Receiver, ...],
    more_receivers: tuple[Receiver, ...],
) -> Situation | None:
    senders = _regimes([*[party.id for party in terms.senders], *more_senders], case)
    receivers = _regimes([*[party.id for party in terms.receivers], *more_receivers], case)
    if senders is None or receivers is None:
        return None
    pairs = frozenset(product(senders, receivers))
    return Situation(terms.purpose, terms.kind, categories, pairs, own_senders(terms), around(case, terms))


def _regimes(parties: Iterable[Receiver], case: Case) -> set[Regime | None] | None:
    regimes: set[Regime | None] = set()
    for party in parties:
        if not isinstance(party, UnitId):
            regimes.add(None)
        elif (unit := case.units.get(party)) is not None:
            regimes.add(unit.regime)
        else:
            return None
    return regimes
