"""The one function that decides: in the sender's client, in the server and in the reader's client (DESIGN §5, §6)."""

from __future__ import annotations

from protocol.consent.answer import Answer, Basis, Deny, Missing, Permit, Reason
from protocol.consent.ask import Actor, Ask, Receiver
from protocol.consent.case import Case, ConsentFacts, Sheet
from protocol.consent.coverage import fallen_away, shielded, situation_of_ask, uncovered
from protocol.consent.exceptions import as_received
from protocol.consent.judge import Judged, judge, narrowed, rules_of
from protocol.consent.law import Requirements
from protocol.consent.vocabulary import Act, Category, Kind
from protocol.identifiers import Instant, PersonId, UnitId

__all__ = ["Actor", "Answer", "Ask", "Basis", "Case", "Deny", "Missing", "Permit", "Reason", "decide"]


def decide(ask: Ask, case: Case, at: Instant) -> Answer:
    """Answer whether `ask` is allowed at `at`, on the facts of `case`.

    Pure and total: equal arguments give equal answers, and no well-typed argument raises. Denies by default: whatever
    is not known denies, and any one denial wins. Ends are half-open: at its last instant a thing has ended. For a share
    every named consent must carry it; for the other acts the named disclosure consents must.
    """
    sheet = case.sheet
    if sheet is None or sheet.subject != ask.subject:
        return Deny(Reason.SHEET_MISSING)
    if at >= sheet.not_after:
        return Deny(Reason.SHEET_ENDED)
    refused = _nonsense(ask, at) or _parties(ask, case, sheet, at)
    if refused is not None:
        return Deny(refused)
    consents = _consents(ask, case)
    if isinstance(consents, Reason):
        return Deny(consents)
    rules: set[str] = set()
    received = as_received(case, *(ask.receivers if ask.reader is None else (ask.reader.party,)))
    for consent in consents:
        asked = _judge(ask, received, sheet, consent, at)
        if isinstance(asked, Deny):
            return asked
        rules.update(asked.rules)
    return Permit(Basis.CONSENT, tuple(consent.terms.digest for consent in consents), " ".join(sorted(rules)))


def _nonsense(ask: Ask, at: Instant) -> Reason | None:
    if ask.act is Act.SHARE:
        whole = ask.reader is None and ask.shared_at is None and bool(ask.receivers)
    else:
        whole = ask.reader is not None and ask.shared_at is not None and ask.shared_at <= at and not ask.receivers
    return None if whole and ask.categories else Reason.ASK_INCOMPLETE


def _parties(ask: Ask, case: Case, sheet: Sheet, at: Instant) -> Reason | None:
    """Judge those who act or receive now; a sender of long ago need not be there any more."""
    acting = ask.sender if ask.reader is None else ask.reader
    if acting.unit is not None and not _member(acting.person, acting.unit, case, at):
        return Reason.NOT_A_MEMBER
    for receiver in (acting.party, *ask.receivers):
        refused = _party(receiver, case, sheet, at)
        if refused is not None:
            return refused
    hidden_from = shielded(case, ask.matter, at)
    return Reason.SHIELDED if hidden_from.intersection((acting.person, *ask.receivers)) else None


def _party(party: Receiver, case: Case, sheet: Sheet, at: Instant) -> Reason | None:
    if isinstance(party, UnitId):
        unit = case.units.get(party)
        if unit is None:
            return Reason.UNIT_UNKNOWN
        return None if unit.active and at < unit.not_after else Reason.UNIT_ENDED
    knows = any(each.person == party and each.holds(at) for each in sheet.may_know)
    return None if knows else Reason.NOT_ON_SHEET


def _member(person: PersonId, unit: UnitId, case: Case, at: Instant) -> bool:
    return any(each.person == person and each.unit == unit and each.holds(at) for each in case.memberships)


def _consents(ask: Ask, case: Case) -> tuple[ConsentFacts, ...] | Reason:
    """Return the named consents that must carry the ask, by digest.

    A referral is care as well as disclosure: sending one needs both, reading what came needs disclosure (DESIGN §10).
    """
    named = [case.by_digest.get(digest) for digest in sorted(set(ask.consents))]
    known = [consent for consent in named if consent is not None]
    if len(known) != len(named):
        return Reason.CONSENT_UNKNOWN
    kinds = {consent.terms.kind for consent in known}
    if Kind.DISCLOSURE not in kinds:
        return Reason.NO_CONSENT
    if ask.act is not Act.SHARE:
        return tuple(consent for consent in known if consent.terms.kind is Kind.DISCLOSURE)
    if Category.REFERRAL in ask.categories and Kind.CARE not in kinds:
        return Reason.CARE_CONSENT_MISSING
    return tuple(known)


def _judge(ask: Ask, case: Case, sheet: Sheet, consent: ConsentFacts, at: Instant) -> Requirements | Deny:
    rules = rules_of(consent, case)
    if isinstance(rules, Reason):
        return Deny(rules)
    refused = uncovered(ask, consent.terms, case)
    if refused is not None:
        return Deny(refused)
    situation = situation_of_ask(ask, consent.terms, case)
    if situation is None:
        return Deny(Reason.UNIT_UNKNOWN)
    then = at if ask.shared_at is None else ask.shared_at
    judged = Judged(consent, situation, rules, sheet, case)
    asked = judge(judged, then, at)
    if isinstance(asked, Deny):
        return asked
    gone = fallen_away(ask, consent.terms.kind, narrowed(judged, at), case)
    return asked if gone is None else Deny(gone, " ".join(asked.rules))
