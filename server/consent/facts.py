"""Recording a fact that the rules use: a professional's word in a matter that their unit takes part in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from protocol.consent.answer import Reason
from protocol.consent.ask import Actor
from protocol.consent.law import guardians, minor
from protocol.facts import KINDS, Recorded, require
from protocol.log.details import Details
from protocol.log.event import Event
from protocol.statements.base import Body, Refused
from protocol.statements.capacity import CapacityBody
from protocol.statements.facts import FactBody
from server.consent import cases, store
from server.consent.actions import kept, take
from server.consent.judging import may_know
from server.consent.refusals import About, because_in, not_known

if TYPE_CHECKING:
    from protocol.statements.base import Statement
    from server.audit.batch import Work
    from server.identity.intake import Accepted, Rejected

RECORDED: dict[str, type[Body]] = {fact.kind: fact for fact in KINDS}
"""What may be recorded, by kind."""


def record(work: Work, statement: Statement[FactBody]) -> Accepted | Rejected:
    """Take a fact."""
    body = statement.body
    return take(work, statement, About(Event.STATEMENT_REFUSED, body.subject, body.matter), _record)


def _record(work: Work, statement: Statement[FactBody]) -> Accepted:
    connection, at, body = work.connection, work.at, statement.body
    found = store.consents_in(connection, body.matter)
    consents = tuple(store.facts_of(found, ()))
    actor = Actor(statement.iss, body.unit)
    case = cases.around(connection, body.subject, consents, (), [actor], at, facts=())
    if not any(may_know(each, case, (actor,), at) for each in consents):
        raise not_known()
    if any(each.terms.subject != body.subject for each in consents):
        raise because_in(body.matter, Reason.OTHER_SUBJECT)
    fact = Recorded.of(statement, at)
    if case.sheet is None or fact.guardian not in {None, *guardians(case.sheet, at)}:
        raise because_in(body.matter, Reason.NOT_ON_SHEET)
    if isinstance(body, CapacityBody) and minor(case.sheet.birth_date, at):
        # Below 16 it is the parents who consent: there is nothing to assess.
        raise because_in(body.matter, "bad-fact")
    known = {each.statement: each.fact for each in store.facts_in(connection, [body.matter])}
    try:
        require(fact, case.units[body.unit].regime, known)
    except Refused as refusal:
        raise because_in(body.matter, refusal.code) from refusal
    details = Details(
        actor=statement.iss,
        for_unit=body.unit,
        act=body.kind,
        subject=body.subject,
        matter=body.matter,
        person=fact.guardian,
        statements=(statement.digest,),
    )
    index = work.append(Event.FACT_RECORDED, details, body.matter)
    store.add_fact(connection, fact, index)
    return kept(work, statement, index)
