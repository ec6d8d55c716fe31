"""May this person say this about this consent now? Pure: facts in, the reason against it out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from protocol.consent.answer import Reason
from protocol.consent.ask import Actor
from protocol.consent.case import AcceptedRules
from protocol.consent.coverage import covers
from protocol.consent.judge import Judged, may_withdraw, must_be_clear
from protocol.consent.law import Requirements, responsibility_is_clear, roles, within_caps, youth
from protocol.consent.state import prepare
from protocol.consent.terms import PersonParty
from protocol.consent.visibility import view
from protocol.consent.vocabulary import RoleAct
from protocol.identifiers import Instant
from protocol.statements.consent import (
    NoticeBody,
    ObjectionBody,
    RefusalBody,
    SignatureBody,
    WithdrawalBody,
)
from protocol.statements.narrowing import TAKING_BACK, NarrowingBody
from protocol.statements.recorded import DisputeBody, RecordedConfirmationBody, RecordedSignatureBody
from server.consent.refusals import NOT_ENTITLED, NOT_NARROWER, OTHER_CONSENT, OTHER_TEXT, WRONG_ROLES

if TYPE_CHECKING:
    from protocol.consent.case import Case, ConsentFacts
    from protocol.consent.narrowing import Less
    from protocol.identifiers import PersonId
    from protocol.statements.consent import ConsentAct, HearingBody

FINAL = frozenset({RefusalBody.kind, ObjectionBody.kind, WithdrawalBody.kind})
"""The words after which nothing more is shared or opened under a consent."""

_ASKED: Mapping[str, Callable[[Requirements], frozenset[PersonId]]] = {
    SignatureBody.kind: lambda asked: asked.signers,
    RecordedSignatureBody.kind: lambda asked: asked.signers,
    RecordedConfirmationBody.kind: lambda asked: asked.signers,
    RefusalBody.kind: lambda asked: asked.signers,
    ObjectionBody.kind: lambda asked: asked.objectors,
    NoticeBody.kind: lambda asked: asked.informed,
}
"""Of whom the law asks each word. Whoever may withdraw is `judge.may_withdraw`'s question."""

_BEGINNING = Instant(0)


def against_request(consent: ConsentFacts, case: Case, at: Instant) -> str | None:
    """Say why terms may not be laid before anybody: they must be what the law gives at this instant."""
    judged = prepare(consent, case, at)
    if isinstance(judged, Reason):
        return judged
    stopped = _against_facts(judged, at)
    if stopped is not None:
        return stopped
    asked = judged.asked(at)
    if isinstance(asked, Reason):
        return asked
    if must_be_clear(judged, at) and not responsibility_is_clear(judged.sheet, judged.situation.purpose, at):
        return Reason.RESPONSIBILITY_UNCLEAR
    return None if roles(asked, judged.sheet) == consent.terms.roles else WRONG_ROLES.code


def against_word(word: ConsentAct, person: PersonId, consent: ConsentFacts, case: Case, at: Instant) -> str | None:
    """Say why a person may not say this word on this consent."""
    terms = consent.terms
    if (word.subject, word.matter) != (terms.subject, terms.matter):
        return OTHER_CONSENT.code
    if isinstance(word, DisputeBody):
        return None  # whether anything was recorded of the person is for the rows to say
    if word.kind in FINAL | TAKING_BACK:
        # A no counts whatever the policy now says of the rules, and whether or not the sheet has been renewed in time.
        accepted = AcceptedRules(digest=terms.rules, holds_from=_BEGINNING, holds_to=None)
        judged = prepare(consent, replace(case, rule_sets=(accepted,)), _BEGINNING)
    else:
        judged = prepare(consent, case, at)
    if isinstance(judged, Reason):
        return judged
    if word.kind in TAKING_BACK:
        return _against_taking_back(word, person, judged, at)
    return _against_answer(word, person, judged, at)


def _against_answer(word: ConsentAct, person: PersonId, judged: Judged, at: Instant) -> str | None:
    if isinstance(word, RecordedSignatureBody | RecordedConfirmationBody) and not judged.case.recorded:
        return Reason.SIGNATURE_RECORDED
    # Whom a ground excuses may sign all the same, and has no veto.
    asked = judged.needed(at) if word.kind in FINAL or isinstance(word, NoticeBody) else judged.asked(at)
    if isinstance(asked, Reason):
        return asked
    if person not in _ASKED[word.kind](asked):
        return NOT_ENTITLED.code
    return None if word.kind in FINAL else _against_yes(word, person, judged.consent, at)


def against_hearing(
    hearing: HearingBody, person: PersonId, consents: tuple[ConsentFacts, ...], case: Case, at: Instant
) -> str | None:
    """Say why a person who may know of the matter may not record the child's view in it."""
    if any(each.terms.subject != hearing.subject for each in consents):
        return Reason.OTHER_SUBJECT
    if hearing.unit is None and (case.sheet is None or person not in youth(case.sheet, at)):
        return NOT_ENTITLED.code
    return None


def may_know(consent: ConsentFacts, case: Case, actors: tuple[Actor, ...], at: Instant) -> bool:
    """Say whether somebody, as one of these, may know that a consent exists."""
    return any(view(actor, consent, case, at).existence for actor in actors)


def _against_taking_back(word: ConsentAct, person: PersonId, judged: Judged, at: Instant) -> str | None:
    if not may_withdraw(judged, person, at):
        return NOT_ENTITLED.code
    return NOT_NARROWER.code if isinstance(word, NarrowingBody) and not _narrower(word.less, judged) else None


def _narrower(less: Less, judged: Judged) -> bool:
    """Say whether all that is to fall away is something that the terms give."""
    terms = judged.consent.terms
    return (
        all(covers(terms.receivers, each, judged.case) for each in less.receivers)
        and set(less.categories) <= set(terms.categories)
        and (less.share_until is None or less.share_until < terms.share_until)
        and (less.read_until is None or less.read_until < terms.read_until)
    )


def _against_facts(judged: Judged, at: Instant) -> Reason | None:
    terms, sheet = judged.consent.terms, judged.sheet
    for party in (*terms.senders, *terms.receivers):
        if isinstance(party, PersonParty):
            if not any(each.person == party.person and each.holds(at) for each in sheet.may_know):
                return Reason.NOT_ON_SHEET
        elif at >= judged.case.units[party.unit].not_after:
            return Reason.UNIT_ENDED
    return None if within_caps(judged.rules, terms) else Reason.TOO_LONG


def _against_yes(word: ConsentAct, person: PersonId, consent: ConsentFacts, at: Instant) -> str | None:
    """Say why a signature or notice comes too late, or is not to these terms."""
    terms = consent.terms
    for said, reason in (
        (consent.withdrawals, Reason.WITHDRAWN),
        (consent.refusals, Reason.REFUSED),
        (consent.objections, Reason.OBJECTED),
    ):
        if said:
            return reason
    if at >= terms.share_until:
        return Reason.SHARING_ENDED
    if isinstance(word, SignatureBody | RecordedSignatureBody):
        if not any(role.person == person and role.act is RoleAct.SIGNS for role in terms.roles):
            return Reason.NEEDS_NEW_CONSENT
        if (word.text_version, word.language) != (terms.text.version, terms.text.language):
            return OTHER_TEXT.code
    return None
