"""The law's exceptions to who must sign, applied: what the rules ask, less what a recorded ground lifts."""

from __future__ import annotations

from dataclasses import replace

from protocol.consent.ask import Receiver
from protocol.consent.case import Case, Signature
from protocol.consent.guardianship import NO_PERSONS
from protocol.consent.law import Requirements, Situation
from protocol.consent.terms import Terms
from protocol.consent.vocabulary import Evidence, ExceptionKind, Purpose, Regime
from protocol.identifiers import Instant, PersonId, UnitId


def excused(case: Case, terms: Terms, at: Instant) -> frozenset[PersonId]:
    """Return the guardians without whom the others may sign in this matter at an instant, as was known then."""
    if not case.exceptions:
        return NO_PERSONS
    return frozenset(
        fact.person
        for fact in case.exceptions
        if fact.kind is ExceptionKind.ONE_GUARDIAN
        and fact.person is not None
        and (fact.subject, fact.matter) == (terms.subject, terms.matter)
        and fact.known_at <= at
        and fact.holds(at)
    )


def accepted(signature: Signature, case: Case, now: Instant) -> bool:
    """Say whether a signature is of a kind that counts: made with an own key, or recorded, accepted, undisputed."""
    if signature.evidence is Evidence.OWN_KEY:
        return True
    return case.recorded and (signature.disputed_at is None or now < signature.disputed_at)


def as_received(case: Case, *recipients: Receiver) -> Case:
    """Return the case as these recipients judge it: no recorded signature counts where one takes own keys only."""
    return case if all(_takes(each, case) for each in recipients) else replace(case, recorded=False)


def as_received_by_some(case: Case, terms: Terms) -> Case:
    """Return the case for where a consent stands: a recorded signature counts where some receiver takes it."""
    return case if any(_takes(party.id, case) for party in terms.receivers) else replace(case, recorded=False)


def _takes(recipient: Receiver, case: Case) -> bool:
    unit = case.units.get(recipient) if isinstance(recipient, UnitId) else None
    return not case.recorded or unit is None or not unit.own_keys_only


def within_health(situation: Situation) -> bool:
    """Say whether only health services, and persons, take part."""
    return all(regime in (Regime.HEALTH, None) for pair in situation.pairs for regime in pair)


def without(asked: Requirements, gone: frozenset[PersonId], situation: Situation) -> Requirements:
    """Return what is asked when these guardians need not sign: all of it, where that would leave nobody.

    The ground is that help is necessary to avoid harm (pbrl § 4-4): it reaches health services and no others, and never
    what somebody sends of their own.
    """
    if not gone or situation.purpose is Purpose.OWN_SENDING or not within_health(situation):
        return asked
    groups = tuple(group - gone for group in asked.groups if group - gone)
    if not groups:
        return asked
    return replace(asked, groups=groups, informed=asked.informed - gone, objectors=asked.objectors - gone)
