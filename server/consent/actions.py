"""The use cases of consent, each inside the group commit: facts read, judged, appended, written; a no is a value."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from protocol.consent.answer import Reason
from protocol.consent.ask import Actor
from protocol.consent.case import Case, ConsentFacts
from protocol.consent.terms import Terms
from protocol.identifiers import UnitId
from protocol.identity import TOLERANCE
from protocol.log.details import Details
from protocol.log.event import Event
from protocol.logged import EVENTS
from protocol.statements.base import Body, Refused, Statement
from protocol.statements.consent import (
    ConsentAct,
    HearingBody,
    RequestBody,
)
from protocol.statements.invalidating import INVALIDATING
from protocol.statements.narrowing import TAKING_BACK, WORDS, NarrowingBody
from protocol.statements.recorded import (
    RecordedAct,
    spoken_for,
)
from server.audit.batch import Work
from server.consent import cases, store
from server.consent.judging import (
    FINAL,
    against_hearing,
    against_request,
    against_word,
    may_know,
)
from server.consent.recording import against_record, said_before, withdraws_for_anybody
from server.consent.refusals import (
    CONSENT_TAKEN,
    NOT_A_PARTY,
    About,
    because,
    because_in,
    log_refusal,
    not_known,
)
from server.identity import store as identity
from server.identity.intake import Accepted, Rejected, require_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from protocol.identifiers import Instant

OnEnded = Callable[[Work, ConsentAct], None]
"""Called in the transaction in which somebody's no ends a consent or a part of it, after the entry, with that no."""

REQUEST = {RequestBody.kind: RequestBody}
SAID: dict[str, type[Body]] = {HearingBody.kind: HearingBody} | {word.kind: word for word in WORDS}
"""What may be said about consents, by kind."""


def request(work: Work, statement: Statement[RequestBody]) -> Accepted | Rejected:
    """Lay terms before those whom the law names; the answer's digest is that of the terms."""
    terms = statement.body.terms
    about = About(Event.REQUEST_REFUSED, terms.subject, terms.matter, (terms.digest,))
    taken = take(work, statement, about, _request)
    return Accepted(terms.digest, taken.leaf_index) if isinstance(taken, Accepted) else taken


def say(
    work: Work, statement: Statement[Any], on_ended: Sequence[OnEnded], came: Instant | None = None
) -> Accepted | Rejected:
    """Take a person's word on one consent, or the child's view in a matter; `came` is when, if it had to wait."""
    body = statement.body
    if isinstance(body, HearingBody):
        return take(work, statement, About(Event.STATEMENT_REFUSED, body.subject, body.matter), _hear)
    refused = Event.WITHDRAWAL_REFUSED if body.kind in TAKING_BACK else Event.STATEMENT_REFUSED
    about = About(refused, body.subject, body.matter, (body.consent,))
    return take(work, statement, about, lambda work, statement: _word(work, statement, on_ended), came)


def take(
    work: Work,
    statement: Statement[Any],
    about: About,
    rule: Callable[[Work, Statement[Any]], Accepted],
    came: Instant | None = None,
) -> Accepted | Rejected:
    """Accept a verified statement once: the same one again is answered as the first time, and nothing happens twice."""
    known = identity.find_statement(work.connection, statement.digest)
    if known is not None:
        return Accepted(known.digest, known.leaf_index)
    try:
        require_now(statement.made, work.at if came is None else came)
        require_key(work.connection, statement, work.at)
        return rule(work, statement)
    except Refused as refusal:
        return log_refusal(work, statement, about, refusal)


def _request(work: Work, statement: Statement[RequestBody]) -> Accepted:
    connection, at, terms = work.connection, work.at, statement.body.terms
    require_now(terms.made, at)
    consent, actor = ConsentFacts(terms, at), Actor(statement.iss, statement.body.unit)
    case = cases.around(connection, terms.subject, [consent], (), [actor], at)
    if not may_know(consent, case, (actor,), at):
        raise _stranger(actor, case)
    owner = store.subject_of(connection, terms.matter)
    if owner not in (None, terms.subject):
        # The matter is another child's: nothing of this goes under its key.
        raise because(Reason.OTHER_SUBJECT)
    code = against_request(consent, case, at)
    if code is None and store.consent_named(connection, terms.id) is not None:
        code = CONSENT_TAKEN.code
    if code is not None:
        raise because_in(terms.matter, code)
    index = work.append(Event.CONSENT_REQUESTED, _details(statement, terms, terms.roles[0].rule), terms.matter)
    if owner is None:
        store.begin_matter(connection, terms.matter, terms.subject)
    store.add_consent(connection, statement, index, at)
    return kept(work, statement, index)


def _word(work: Work, statement: Statement[ConsentAct], on_ended: Sequence[OnEnded]) -> Accepted:
    connection, at, word = work.connection, work.at, statement.body
    found = store.consents(connection, [word.consent])
    if not found:
        raise not_known()
    terms = found[0].terms
    [consent] = store.facts_of(found, store.words(connection, [word.consent]))
    less = word.less.receivers if isinstance(word, NarrowingBody) else ()
    named = frozenset(each for each in less if isinstance(each, UnitId))
    person, actor = spoken_for(statement), Actor(statement.iss, getattr(word, "unit", None))
    case = cases.around(connection, terms.subject, [consent], (), [actor], at, units=named)
    code = against_word(word, person, consent, case, at) or against_record(connection, statement)
    # Whoever writes down another's word takes part in the consent, unless it is to withdraw it for them.
    open_to_all = not isinstance(word, RecordedAct) or withdraws_for_anybody(word, case, actor, at)
    if (code is not None or not open_to_all) and not may_know(consent, case, (actor,), at):
        raise not_known()
    if code is not None:
        raise because_in(terms.matter, code)
    before = said_before(connection, statement)
    if before is not None:
        return Accepted(before.statement, before.leaf_index)
    index = work.append(EVENTS[word.kind], _details(statement, terms, terms.roles[0].rule), terms.matter)
    store.add_word(connection, statement, index, at)
    if word.kind in INVALIDATING:
        store.add_invalidation(connection, statement, at)
    accepted = kept(work, statement, index)
    if word.kind in FINAL | TAKING_BACK:
        for ended in on_ended:
            ended(work, word)
    return accepted


def _hear(work: Work, statement: Statement[HearingBody]) -> Accepted:
    connection, at, hearing = work.connection, work.at, statement.body
    found = store.consents_in(connection, hearing.matter)
    consents = tuple(store.facts_of(found, ()))
    actor = Actor(statement.iss, hearing.unit)
    case = cases.around(connection, hearing.subject, consents, (), [actor], at)
    if not any(may_know(each, case, (actor,), at) for each in consents):
        raise not_known()
    code = against_hearing(hearing, statement.iss, consents, case, at)
    if code is not None:
        raise because_in(hearing.matter, code)
    index = work.append(Event.CHILD_HEARD, _details(statement, hearing), hearing.matter)
    store.add_hearing(connection, statement, index, at)
    return kept(work, statement, index)


def require_now(made: Instant, at: Instant) -> None:
    """Check that something was made when it came; raises `Refused` (`wrong-time`)."""
    if abs(made - at) > TOLERANCE:
        raise Refused("wrong-time", "this was not made now: check the clock")


def _stranger(actor: Actor, case: Case) -> Refused:
    """Refuse somebody who asks for what they are no part of; the family is not told whether the child is known here."""
    if actor.unit is None:
        return not_known()
    return because(NOT_A_PARTY.code if case.memberships else Reason.NOT_A_MEMBER)


def kept(work: Work, statement: Statement[Any], index: int) -> Accepted:
    """Keep a statement that was accepted."""
    identity.keep_statement(work.connection, statement, index, work.at)
    return Accepted(statement.digest, index)


def _details(statement: Statement[Any], about: Terms | HearingBody, rule: str | None = None) -> Details:
    return Details(
        actor=statement.iss,
        for_unit=getattr(statement.body, "unit", None),
        act=statement.body.kind,
        person=getattr(statement.body, "person", None),
        rule=cases.rule_code(rule),
        subject=about.subject,
        matter=about.matter,
        consents=(about.digest,) if isinstance(about, Terms) else (),
        statements=(statement.digest,),
    )
