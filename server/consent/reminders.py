"""The one reminder of a request: by whoever asked, to those who have not answered, never a second time.

A request is asked once, and a no is not nagged (DOMAIN part 3.1). Whom the reminder reaches is not told to whoever
sends it: it shows in the notices of those who may be told, and nowhere else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from protocol.consent.ask import Actor
from protocol.consent.notices import OPEN_STATES, asked_of
from protocol.consent.state import standing
from protocol.log.details import Details
from protocol.log.event import Event
from protocol.statements.reminding import ReminderBody
from server.consent import actions, cases, store
from server.consent.hearing import counted
from server.consent.judging import may_know
from server.consent.refusals import (
    ALREADY_REMINDED,
    NOBODY_TO_REMIND,
    NOT_ENTITLED,
    OTHER_CONSENT,
    About,
    because_in,
    not_known,
)
from server.consent.store import noticing
from server.identity.intake import Accepted, Rejected

if TYPE_CHECKING:
    from protocol.consent.case import Case, ConsentFacts
    from protocol.identifiers import Instant
    from protocol.statements.base import Statement
    from server.audit.batch import Work

REMINDER = {ReminderBody.kind: ReminderBody}


def remind(work: Work, statement: Statement[ReminderBody]) -> Accepted | Rejected:
    """Remind those who have not answered, or say why not: refused, complete, ended, or reminded of once already."""
    body = statement.body
    about = About(Event.STATEMENT_REFUSED, body.subject, body.matter, (body.consent,))
    return actions.take(work, statement, about, _remind)


def _remind(work: Work, statement: Statement[ReminderBody]) -> Accepted:
    connection, at, body = work.connection, work.at, statement.body
    found = store.consents(connection, [body.consent])
    if not found:
        raise not_known()
    terms = found[0].terms
    [consent] = store.facts_of(found, store.words(connection, [body.consent]))
    heard = counted(connection, store.hearings(connection, [terms.matter]), [terms])
    actor = Actor(statement.iss, body.unit)
    case = cases.around(connection, terms.subject, [consent], [each.fact for each in heard], [actor], at)
    if not may_know(consent, case, (actor,), at):
        raise not_known()
    code = _against(work, statement, consent, case)
    if code is not None:
        raise because_in(terms.matter, code)
    details = Details(
        actor=statement.iss,
        for_unit=body.unit,
        act=body.kind,
        subject=terms.subject,
        matter=terms.matter,
        consents=(terms.digest,),
        statements=(statement.digest,),
    )
    index = work.append(Event.CONSENT_REMINDED, details, terms.matter)
    noticing.add_reminder(connection, statement, index, at)
    return actions.kept(work, statement, index)


def _against(work: Work, statement: Statement[ReminderBody], consent: ConsentFacts, case: Case) -> str | None:
    """Say why somebody who may know of a consent may not remind of it now."""
    body, terms = statement.body, consent.terms
    if (body.subject, body.matter) != (terms.subject, terms.matter):
        return OTHER_CONSENT.code
    asked = noticing.requested(work.connection, terms.digest)
    if asked is None or asked.unit != body.unit or (body.unit is None and asked.requester != statement.iss):
        return NOT_ENTITLED.code
    stands = standing(consent, case, work.at)
    if stands.state not in OPEN_STATES:
        return NOBODY_TO_REMIND.code if stands.reason is None else stands.reason
    if noticing.reminded(work.connection, [terms.digest]):
        return ALREADY_REMINDED.code
    return None if _somebody_is_asked(consent, case, work.at) else NOBODY_TO_REMIND.code


def _somebody_is_asked(consent: ConsentFacts, case: Case, at: Instant) -> bool:
    # Those from whom the matter is hidden count too: else the answer would tell that it is.
    return case.sheet is not None and any(asked_of(each.person, consent, case, at) for each in case.sheet.may_sign)
