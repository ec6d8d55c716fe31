"""One consent judged: has it ended, did somebody say no, had the right people acted in time?

Two instants run through this module. `then` is when something was shared, or now for a new share: whether the right
people had signed is judged there. `now` is when somebody asks: ends and every kind of no are judged there (DESIGN §5).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from protocol.consent.age import Band, band, birthday
from protocol.consent.answer import Deny, Missing, Reason
from protocol.consent.case import Case, ConsentFacts, Dated, Sheet, Signature
from protocol.consent.exceptions import accepted, excused, within_health, without
from protocol.consent.guardianship import NO_PERSONS, counted
from protocol.consent.law import (
    Law,
    Requirements,
    Situation,
    guardians,
    law_of,
    minor,
    responsibility_is_clear,
    within_caps,
    youth,
)
from protocol.consent.narrowing import Narrowing
from protocol.consent.ruleset import RuleSet, rule_sets
from protocol.consent.terms import VERSION
from protocol.consent.vocabulary import Evidence, Outcome, RoleAct
from protocol.identifiers import Instant, PersonId

NOTICE_PERIOD = 7 * 24 * 60 * 60 * 1000
"""How long after a logged notice "none objects" starts to count, in milliseconds (DESIGN §5)."""

_HEARING_BINDS_FROM = 12


@dataclass(frozen=True)
class Judged:
    """One consent with everything its judgement needs."""

    consent: ConsentFacts
    situation: Situation
    rules: RuleSet
    sheet: Sheet
    case: Case

    def asked(self, at: Instant) -> Requirements | Reason:
        """Return what the law asks at an instant."""
        return self._law.asks(at)

    def needed(self, at: Instant) -> Requirements | Reason:
        """Return what the law asks at an instant, less what a recorded ground lifts."""
        asked, gone = self._law.asks(at), self.excused(at)
        return without(asked, gone, self.situation) if gone and isinstance(asked, Requirements) else asked

    def excused(self, at: Instant) -> frozenset[PersonId]:
        """Return the guardians whom a recorded ground excuses from signing, where it applies."""
        return excused(self.case, self.consent.terms, at)

    @cached_property
    def _law(self) -> Law:
        return law_of(self.rules, self.situation, self.sheet)


def rules_of(consent: ConsentFacts, case: Case) -> RuleSet | Reason:
    """Return the rule set that the terms were made under, if this program knows it and the policy accepts it."""
    terms = consent.terms
    if terms.v != VERSION:
        return Reason.VERSION_UNKNOWN
    rules = rule_sets().get(terms.rules)
    if rules is None:
        return Reason.RULES_UNKNOWN
    accepted = any(each.digest == terms.rules and each.holds(terms.made) for each in case.rule_sets)
    return rules if accepted else Reason.RULES_NOT_ACCEPTED


def judge(judged: Judged, then: Instant, now: Instant) -> Requirements | Deny:
    """Return what the law asked for and was done, or the first denial."""
    stopped = _not_in_time(judged, then) or _said_no(judged, now) or _ended(judged, then, now)
    if stopped is not None:
        return Deny(stopped)
    asked = judged.needed(then)
    if isinstance(asked, Reason):
        return Deny(asked)
    rule = " ".join(asked.rules)
    if must_be_clear(judged, now) and not responsibility_is_clear(judged.sheet, judged.situation.purpose, now):
        return Deny(Reason.RESPONSIBILITY_UNCLEAR, rule)
    if asked.heard and _heard_against(judged, then, now):
        return Deny(Reason.HEARD_AGAINST, rule)
    lacking = _lacking(judged, asked, then, now)
    if lacking is not None:
        reason, missing = lacking
        return Deny(reason, rule, tuple(sorted(missing)))
    return asked


def must_be_clear(judged: Judged, at: Instant) -> bool:
    """Say whether it must be clear who has parental responsibility: below 16, and whenever they are asked to sign."""
    asked = judged.asked(at)
    return minor(judged.sheet.birth_date, at) or (isinstance(asked, Requirements) and asked.by_guardians)


def may_withdraw(judged: Judged, person: PersonId, at: Instant) -> bool:
    """Say whether somebody may withdraw now: a signer still entitled, or anyone the rule now asks; from 16 the youth.

    This is the question to ask before a withdrawal is accepted; one that was accepted counts for ever, see `_counts`.
    """
    return person in _entitled(judged, at)


def narrowed(judged: Judged, now: Instant) -> tuple[Narrowing, ...]:
    """Return what has been taken back of a consent by now, by those who might."""
    said = judged.consent.narrowings
    return tuple(each for each in said if each.at <= now and _counts(judged, each)) if said else said


def ends(judged: Judged, now: Instant) -> tuple[Instant, Instant]:
    """Return until when may be shared and until when read: what the terms say, or the earliest end said since."""
    share_until, read_until = judged.consent.terms.share_until, judged.consent.terms.read_until
    for each in narrowed(judged, now):
        share_until, read_until = each.share_end(share_until), each.read_end(read_until)
    return share_until, read_until


def signed(judged: Judged, then: Instant, now: Instant) -> frozenset[PersonId]:
    """Return whose signatures count at an instant: made by `then`, and not disputed by `now`."""
    in_time = [
        signature
        for signature in judged.consent.signatures
        if accepted(signature, judged.case, now) and _in_time(judged, signature, then)
    ]
    return counted(judged.rules, judged.sheet, judged.situation.purpose, in_time, then)


def _not_in_time(judged: Judged, then: Instant) -> Reason | None:
    terms = judged.consent.terms
    if then < terms.made or then < judged.consent.requested_at:
        return Reason.NOT_YET_MADE
    return None if within_caps(judged.rules, terms) else Reason.TOO_LONG


def _ended(judged: Judged, then: Instant, now: Instant) -> Reason | None:
    share_until, read_until = ends(judged, now)
    # The same instant counts as expired: late is safer than early.
    if now >= read_until:
        return Reason.READING_ENDED
    return Reason.SHARING_ENDED if then >= share_until else None


def _said_no(judged: Judged, now: Instant) -> Reason | None:
    consent = judged.consent
    # Void from the beginning: whoever knows of it denies at every instant, also before it was said (DOMAIN E35).
    if any(_counts(judged, word) for word in consent.invalidations):
        return Reason.INVALIDATED
    for words, reason in (
        (consent.withdrawals, Reason.WITHDRAWN),
        (consent.refusals, Reason.REFUSED),
        (consent.objections, Reason.OBJECTED),
    ):
        if words and any(word.at <= now and _counts(judged, word) for word in words):
            return reason
    return None


def _counts(judged: Judged, word: Dated | Narrowing) -> bool:
    """Say whether a no counts, judged when it was said, so that no later event revives what was withdrawn.

    Below 16 it also counts from whoever signed or was named to, though the sheet no longer names them: a change of the
    sheet must not bring a withdrawn consent back. From 16 only the youth is listened to (and whoever sends their own).
    """
    if word.person in _entitled(judged, word.at):
        return True
    if not minor(judged.sheet.birth_date, word.at):
        return False
    return word.person in _named(judged)


def _entitled(judged: Judged, at: Instant) -> frozenset[PersonId]:
    asked, needed = judged.asked(at), judged.needed(at)
    voices = judged.situation.own_senders | youth_from_16(judged.sheet, at)
    # In whose place somebody else signs now, or nobody can, cannot stop it, but may take back their own signature.
    own = guardians(judged.sheet, at) if minor(judged.sheet.birth_date, at) else NO_PERSONS
    by_own_hand = {signature.person for signature in judged.consent.signatures}
    if isinstance(asked, Reason) or isinstance(needed, Reason):
        return voices | (own & by_own_hand)
    # Nor can whom a ground excuses from signing.
    return voices | ((own | asked.signers) & by_own_hand) | needed.signers | needed.objectors | needed.informed


def youth_from_16(sheet: Sheet, at: Instant) -> frozenset[PersonId]:
    """Return the youth once 16, nobody before."""
    return NO_PERSONS if minor(sheet.birth_date, at) else youth(sheet, at)


def _named(judged: Judged) -> frozenset[PersonId]:
    consent = judged.consent
    by_terms = {
        role.person
        for role in consent.terms.roles
        if isinstance(role.person, PersonId) and role.act in (RoleAct.SIGNS, RoleAct.MAY_OBJECT)
    }
    return frozenset(by_terms | {signature.person for signature in consent.signatures})


def _heard_against(judged: Judged, then: Instant, now: Instant) -> bool:
    """Say whether the youth's last word from 12 on was no, without a later hearing or assessment (DOMAIN E14).

    From 16 no assessment lifts it: who cannot consent is not overruled either (pbrl §§ 4-5, 4-6).
    """
    terms, from_12 = judged.consent.terms, birthday(judged.sheet.birth_date, _HEARING_BINDS_FROM)
    hearings = [
        (hearing.at, hearing.outcome is Outcome.AGAINST)
        for hearing in judged.case.hearings
        if hearing.matter == terms.matter and hearing.subject == terms.subject and from_12 <= hearing.at <= now
    ]
    # Of two hearings at one instant the no is taken.
    last, against = max(hearings, default=(now, False))
    lifted = minor(judged.sheet.birth_date, then) and any(
        each.matter == terms.matter and each.subject == terms.subject and last < each.at <= now
        for each in judged.case.assessments
    )
    return against and not lifted


def _lacking(judged: Judged, asked: Requirements, then: Instant, now: Instant) -> tuple[Reason, set[Missing]] | None:
    """Return the reason that comes first and everybody who must still act, or None when nobody must."""
    done = signed(judged, then, now)
    unsigned = [group for group in asked.groups if not group & done]
    missing = {Missing(person, RoleAct.SIGNS) for group in unsigned for person in group}
    reasons = [_unsigned_reason(judged, unsigned, then)] if unsigned else []
    if asked.heard and not _was_heard(judged, then):
        reasons.append(Reason.NOT_HEARD)
        missing.add(Missing(judged.sheet.subject, RoleAct.IS_HEARD))
    to_inform = asked.informed - done
    if to_inform and not unsigned:
        told = {
            notice.person
            for notice in judged.consent.notices
            if judged.consent.requested_at <= notice.at and notice.at + NOTICE_PERIOD <= then
        }
        running = {notice.person for notice in judged.consent.notices if notice.at <= then}
        late = to_inform - told
        if late:
            reasons.append(Reason.NOTICE_RUNNING if late <= running else Reason.NOT_INFORMED)
            missing |= {Missing(person, RoleAct.IS_INFORMED) for person in late}
    return (reasons[0], missing) if reasons else None


def _unsigned_reason(judged: Judged, unsigned: list[frozenset[PersonId]], then: Instant) -> Reason:
    named = {role.person for role in judged.consent.terms.roles if role.act is RoleAct.SIGNS}
    if any(not group & named for group in unsigned):
        # The law asks somebody whom the terms never named: a birthday, or a new holder of parental responsibility.
        return Reason.NEEDS_NEW_CONSENT
    if NO_PERSONS.union(*unsigned) <= judged.excused(then) and not within_health(judged.situation):
        return Reason.EXCEPTION_ONE_GUARDIAN
    recorded = {
        signature.person
        for signature in judged.consent.signatures
        if signature.evidence is Evidence.RECORDED
        and signature.disputed_at is None
        and _in_time(judged, signature, then)
    }
    return Reason.SIGNATURE_RECORDED if all(group & recorded for group in unsigned) else Reason.SIGNATURE_MISSING


def _in_time(judged: Judged, signature: Signature, then: Instant) -> bool:
    """Say whether a signature was made after the request, by `then`, before the end, by somebody the law then asked."""
    consent = judged.consent
    if not consent.requested_at <= signature.at < consent.terms.share_until or signature.at > then:
        return False
    asked = judged.asked(signature.at)
    return isinstance(asked, Requirements) and signature.person in asked.signers


def _was_heard(judged: Judged, then: Instant) -> bool:
    """Say whether the child was heard in time; from 12 a hearing from before the 12th birthday is too old."""
    terms, birth_date = judged.consent.terms, judged.sheet.birth_date
    bound = band(birth_date, then) not in (Band.UNDER_7, Band.FROM_7)
    earliest = birthday(birth_date, _HEARING_BINDS_FROM) if bound else 0
    return any(
        hearing.matter == terms.matter and hearing.subject == terms.subject and earliest <= hearing.at <= then
        for hearing in judged.case.hearings
    )
