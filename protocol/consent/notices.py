"""What a person is told to do about a consent, derived each time: never stored, and the same at server and client.

A notice says that something waits and of which kind, and nothing of the matter: the words come from the verified terms.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from protocol.consent.answer import Reason
from protocol.consent.case import Case, ConsentFacts, Dated
from protocol.consent.guardianship import NO_PERSONS
from protocol.consent.law import Requirements, youth
from protocol.consent.remaining import remaining
from protocol.consent.state import Standing, State, prepare, standing
from protocol.consent.terms import Terms
from protocol.consent.vocabulary import Evidence, RoleAct
from protocol.identifiers import Instant, PersonId

RENEWAL_PERIOD = 14 * 24 * 60 * 60 * 1000
"""How long before `share_until` a renewal is offered, in milliseconds. Nothing renews by itself."""

TOLD_FOR = 30 * 24 * 60 * 60 * 1000
"""How long people are told that a withdrawal was written down, in milliseconds."""

OPEN_STATES = frozenset({State.REQUESTED, State.PARTLY_SIGNED})
"""In these an answer is still waited for."""


class NoticeKind(StrEnum):
    """What waits for a person."""

    SIGN = "sign"
    """Your yes or no is asked for."""
    BE_INFORMED = "be-informed"
    """Confirm that you have been informed; your seven days to object begin then."""
    BE_HEARD = "be-heard"
    """Your view is asked for."""
    MAY_OBJECT = "may-object"
    """Others decide; you may stop it."""
    CONFIRM_RECORDED = "confirm-recorded"
    """A professional wrote down that you said yes: sign it yourself, or say that you never did."""
    TOLD_WITHDRAWN = "told-withdrawn"
    """A professional wrote down for somebody that they withdraw: nothing is asked, you are told."""
    TOLD_INVALID = "told-invalid"
    """It was declared void from the beginning: what was received must not be used, and an incident is reported."""
    RENEW = "renew"
    """It ends within fourteen days, or no longer suffices. Asking anew is offered; nothing happens by itself."""


def asked_of(person: PersonId, consent: ConsentFacts, case: Case, at: Instant) -> tuple[NoticeKind, ...]:
    """Return what an open request asks of a person who has not answered it yet; nothing once anybody's no has ended it.

    Whoever has said no is asked nothing more, whether or not that no ended the request.
    """
    stands = standing(consent, case, at)
    if stands.state not in OPEN_STATES or person in _no_from(consent):
        return ()
    missing = {one.act for one in stands.missing if one.person == person}
    kinds = []
    if RoleAct.SIGNS in missing:
        kinds.append(NoticeKind.SIGN)
    elif RoleAct.IS_INFORMED in missing and person not in {notice.person for notice in consent.notices}:
        kinds.append(NoticeKind.BE_INFORMED)
    elif person in _requirements(consent, case, at).objectors - _yes_from(consent):
        kinds.append(NoticeKind.MAY_OBJECT)
    if _must_be_heard(person, stands, case, at):
        kinds.append(NoticeKind.BE_HEARD)
    return tuple(kinds)


def written_of(
    person: PersonId, consent: ConsentFacts, withdrawn: Iterable[Dated], at: Instant
) -> tuple[tuple[NoticeKind, Instant], ...]:
    """Return what a person is told of words that professionals wrote down, each with the instant of the word.

    `withdrawn` are those of the consent's withdrawals that were written down. Of a recorded yes the person whose it is
    is told until they have signed themself, disputed it, or anybody's no has ended the consent; of a recorded
    withdrawal everybody whom the terms name to sign, for thirty days.
    """
    told = []
    if not any((consent.refusals, consent.objections, consent.withdrawals)):
        mine = [each for each in consent.signatures if each.person == person]
        if all(each.evidence is Evidence.RECORDED for each in mine):
            told = [(NoticeKind.CONFIRM_RECORDED, each.at) for each in mine if each.disputed_at is None]
    if any((role.person, role.act) == (person, RoleAct.SIGNS) for role in consent.terms.roles):
        told += [(NoticeKind.TOLD_WITHDRAWN, each.at) for each in withdrawn if each.at <= at < each.at + TOLD_FOR]
    return tuple(told)


def invalid_of(consent: ConsentFacts, at: Instant) -> tuple[tuple[NoticeKind, Instant], ...]:
    """Return that a consent was declared void, with the instant of the first such word, for thirty days from it.

    Everybody who took part is told, whoever may be told of the consent.
    """
    said = min((each.at for each in consent.invalidations), default=None)
    return ((NoticeKind.TOLD_INVALID, said),) if said is not None and said <= at < said + TOLD_FOR else ()


def renewable(consent: ConsentFacts, others: Iterable[Terms], case: Case, at: Instant) -> bool:
    """Say whether asking anew is offered: it ends within fourteen days or no longer suffices, and nobody has asked.

    `others` are the terms of the same matter's consents. What was asked anew counts whatever became of it: whoever
    refused it is not asked again by an offer.
    """
    terms = consent.terms
    if at >= terms.share_until or any(renews(other, consent, case, at) for other in others):
        return False
    state = standing(consent, case, at).state
    ends_soon = state is State.IN_FORCE and terms.share_until - RENEWAL_PERIOD <= at
    return ends_soon or state is State.NEEDS_NEW_CONSENT


def renewal_offered_to(person: PersonId, consent: ConsentFacts, case: Case, at: Instant) -> bool:
    """Say whether a person is among those who would have to sign anew; the requester's unit is offered it as well."""
    return person in _requirements(consent, case, at).signers


def renews(later: Terms, earlier: ConsentFacts, case: Case, at: Instant) -> bool:
    """Say whether terms ask anew for all that is left of an earlier consent, and for nothing else."""
    left, terms = remaining(earlier, case, at), earlier.terms
    same = (terms.subject, terms.matter, terms.kind, terms.purpose, terms.senders, left.receivers, left.categories)
    asked = (later.subject, later.matter, later.kind, later.purpose, later.senders, later.receivers, later.categories)
    return later.made > terms.made and asked == same


def _no_from(consent: ConsentFacts) -> frozenset[PersonId]:
    return frozenset(word.person for word in (*consent.refusals, *consent.objections, *consent.withdrawals))


def _yes_from(consent: ConsentFacts) -> frozenset[PersonId]:
    signers = frozenset(signature.person for signature in consent.signatures)
    return signers.union(notice.person for notice in consent.notices)


def _requirements(consent: ConsentFacts, case: Case, at: Instant) -> Requirements:
    judged = prepare(consent, case, at)
    asked = judged if isinstance(judged, Reason) else judged.needed(at)
    return _NOTHING if isinstance(asked, Reason) else asked


_NOTHING = Requirements((), heard=False, informed=NO_PERSONS, objectors=NO_PERSONS, rules=())


def _must_be_heard(person: PersonId, stands: Standing, case: Case, at: Instant) -> bool:
    waits = any(one.act is RoleAct.IS_HEARD for one in stands.missing)
    return waits and case.sheet is not None and person in youth(case.sheet, at)
