"""One decision with all that it rests on: the case, and the digests of the statements that the case was built from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from protocol.consent.answer import Deny, Permit, Reason
from protocol.consent.ask import Actor, Ask
from protocol.consent.coverage import hidden
from protocol.consent.decide import decide
from protocol.consent.vocabulary import Act, Aspect, Category, Kind
from protocol.identifiers import UnitId
from server.consent import cases, shields
from server.consent import store as consent_store
from server.consent.hearing import counted
from server.consent.judging import may_know
from server.documents.refusals import Denied, Unrelated
from server.identity import store as identity

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from protocol.consent.case import Case
    from protocol.consent.terms import Terms
    from protocol.identifiers import Instant, MatterId, PersonId, SubjectId
    from protocol.statements.share import ManifestBody

_TOLD_ANYBODY = Denied(Reason.CONSENT_UNKNOWN)


@dataclass(frozen=True, slots=True)
class Judged:
    """An answer, the terms that were found, and the digests of every statement that it rests on."""

    answer: Permit | Deny
    terms: tuple[Terms, ...]
    statements: tuple[str, ...]

    @property
    def read_until(self) -> Instant:
        """When reading what is shared now ends, by the terms; what was taken back since is judged at every opening."""
        return min(each.read_until for each in self.terms if each.kind is Kind.DISCLOSURE)

    def is_in(self, matter: MatterId) -> bool:
        """Say whether the terms are of this matter: only then is a refusal kept under the matter's key."""
        return any(each.matter == matter for each in self.terms)

    @property
    def reading(self) -> tuple[str, ...]:
        """The consents that reading hangs on."""
        return tuple(each.digest for each in self.terms if each.kind is Kind.DISCLOSURE)


def judge_share(connection: Connection, person: PersonId, body: ManifestBody, at: Instant) -> Judged:
    """Decide whether this may be shared now.

    Raises:
        Unrelated: the sender may not know whether any of it exists.
    """
    return _judge(connection, Act.SHARE, Actor(person, body.unit), body, None, None, at)


def judge_opening(  # noqa: PLR0917  (the parts of one question)
    connection: Connection,
    act: Act,
    reader: Actor,
    sender: PersonId,
    body: ManifestBody,
    shared_at: Instant,
    at: Instant,
) -> Judged:
    """Decide whether a reader may have an envelope or ciphertext now.

    Raises:
        Unrelated: the reader may no longer know of it.
    """
    return _judge(connection, act, Actor(sender, body.unit), body, reader, shared_at, at)


def _judge(  # noqa: PLR0917  (same)
    connection: Connection,
    act: Act,
    sender: Actor,
    body: ManifestBody,
    reader: Actor | None,
    shared_at: Instant | None,
    at: Instant,
) -> Judged:
    asked = consent_store.asked(connection, body.consents, body.matter)
    terms = tuple(each.terms for each in asked.consents)
    heard = counted(connection, asked.hearings, terms)
    receivers = tuple(sorted(body.receivers())) if reader is None else ()
    acting = sender if reader is None else reader
    units = frozenset(each for each in (sender.unit, *receivers) if isinstance(each, UnitId))
    hearings = [each.fact for each in heard]
    noted = cases.facts_around(connection, terms) if asked.noted else []
    case = cases.around(connection, body.subject, asked.consents, hearings, [acting], at, units=units, facts=noted)
    require_related(connection, case, acting, body.subject, at)
    purposes = {each.purpose for each in terms}
    statements = (*asked.statements, *(each.statement for each in heard), *(each.digest for each in noted))
    if case.shields:
        statements += tuple(each.statement for each in shields.deciding(connection, body.subject, body.matter))
    if len(terms) != len(body.consents):
        return Judged(Deny(Reason.CONSENT_UNKNOWN), terms, statements)
    if len(purposes) != 1:
        return Judged(Deny(Reason.OTHER_PURPOSE), terms, statements)
    ask = Ask(
        act=act,
        subject=body.subject,
        matter=body.matter,
        purpose=purposes.pop(),
        sender=sender,
        receivers=receivers,
        reader=reader,
        categories=tuple(Category(category) for category in body.categories()),
        consents=body.consents,
        shared_at=shared_at,
    )
    return Judged(decide(ask, case, at), terms, statements)


def require_related(connection: Connection, case: Case, actor: Actor, subject: SubjectId, at: Instant) -> None:
    """Check that somebody may know of one of the case's consents, or of the child.

    Raises:
        Unrelated: what they are told is the same whether or not there is such a child or consent.
    """
    about = [each for each in case.consents if each.terms.subject == subject]
    shut_out = [Aspect.EXISTENCE in hidden(case, each.terms.matter, actor.person, at) for each in about]
    if about and all(shut_out):
        # Not `shielded`: a guardian who learnt of the matter before is told what is told of what never was.
        raise Unrelated(Reason.CONSENT_UNKNOWN, _TOLD_ANYBODY)
    if any(may_know(each, case, (actor,), at) for each in about):
        return
    if actor.unit is None and identity.on_sheet(connection, actor.person, subject, at):
        return
    raise Unrelated(Reason.CONSENT_UNKNOWN, _TOLD_ANYBODY)
