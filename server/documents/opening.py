"""Releasing envelopes, inside the group commit: the reader's statement is judged and logged before anything leaves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from protocol.consent.answer import Deny
from protocol.consent.ask import Actor
from protocol.consent.vocabulary import Act
from protocol.log.details import Decision, Details
from protocol.log.event import Event
from protocol.share import EVENT_OF_ACT
from protocol.statements.base import Refused
from protocol.statements.share import OpenBody
from server.consent.cases import rule_code
from server.documents.holding import require_now
from server.documents.judging import judge_opening
from server.documents.refusals import Denied, Unrelated, denial, log_refusal, not_known
from server.documents.store import openings, shares
from server.documents.store.shares import Mailed, Opening
from server.identity import store as identity
from server.identity.intake import Rejected

if TYPE_CHECKING:
    from collections.abc import Sequence

    from protocol.identifiers import ShareId
    from protocol.statements.base import Statement
    from server.audit.batch import Work

OPEN = {OpenBody.kind: OpenBody}
OWN, RECEIVE = "own", "receive"


@dataclass(frozen=True, slots=True)
class Released:
    """An envelope that may leave with its receipt: who opened what, and the leaf of the entry that says so."""

    statement: Statement[OpenBody]
    mailed: Mailed
    leaf_index: int
    envelope: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Unreleased:
    """One of several openings that was refused: of which share, and why."""

    share: ShareId | None
    no: Rejected | Denied


def open_share(work: Work, statement: Statement[OpenBody], share: ShareId) -> Released | Rejected | Denied:
    """Release a body envelope for one signed statement: `open`, `reopen` or `own`."""
    work.never_replay()
    if statement.body.share != share or statement.body.act == RECEIVE:
        return log_refusal(
            work, Event.OPEN_REFUSED, statement, Refused("other-share", "the statement names another share or act")
        )
    return _release(work, statement)


def receive(work: Work, statements: Sequence[Statement[OpenBody] | Unreleased]) -> list[Released | Unreleased]:
    """Release header envelopes, one entry each, in the order asked; those refused before are passed on."""
    work.never_replay()
    answers: list[Released | Unreleased] = []
    for statement in statements:
        if isinstance(statement, Unreleased):
            answers.append(statement)
            continue
        if statement.body.act == RECEIVE:
            answer = _release(work, statement)
        else:
            wrong = Refused("other-share", "headers are received by the act `receive`")
            answer = log_refusal(work, Event.RECEIVE_REFUSED, statement, wrong)
        answers.append(answer if isinstance(answer, Released) else Unreleased(statement.body.share, answer))
    return answers


def _release(work: Work, statement: Statement[OpenBody]) -> Released | Rejected | Denied:
    body = statement.body
    refused = Event.RECEIVE_REFUSED if body.act == RECEIVE else Event.OPEN_REFUSED
    try:
        mailed = _mailed(work, statement)
        decided = _decide(work, statement, mailed)
        if isinstance(decided, Deny):
            work.append(refused, _details(statement, mailed, **denial(decided)), mailed.sent.body.matter)
            return Denied.of(decided)
        envelope = _here(mailed.header if body.act == RECEIVE else mailed.body)
    except Refused as refusal:
        return log_refusal(work, refused, statement, refusal)
    index = work.append(EVENT_OF_ACT[body.act], decided, mailed.sent.body.matter)
    identity.keep_statement(work.connection, statement, index, work.at)
    if body.act != OWN:
        openings.add(work.connection, statement, index)
    if body.act == RECEIVE:
        shares.mark_received(work.connection, body.share, mailed.to, statement.iss, work.at)
    else:
        shares.mark_opened(work.connection, mailed, statement.iss, work.at)
        opening = Opening(body.share, statement.iss, body.unit, body.act)
        shares.add_opening(work.connection, work.pending[-1].identity, opening)
    return Released(statement, mailed, index, envelope)


def _mailed(work: Work, statement: Statement[OpenBody]) -> Mailed:
    """Give the share with the reader's own envelopes.

    Raises:
        Refused: the statement is old, used, not the reader's to make, or names no envelope of theirs.
    """
    body, connection = statement.body, work.connection
    if identity.find_statement(connection, statement.digest) is not None:
        raise Refused("already-used", "this statement has opened an envelope before: sign a new one")
    require_now(connection, statement, work.at)
    reader = body.unit if body.unit is not None else statement.iss
    mailed = shares.mailed(connection, body.share, reader, own=body.act == OWN)
    if mailed is None:
        raise not_known()
    return mailed


def _decide(work: Work, statement: Statement[OpenBody], mailed: Mailed) -> Details | Deny:
    """Give the details of the entry to append, or the denial. The own copy needs no consent: its author has it."""
    body, sent = statement.body, mailed.sent
    if body.act == OWN:
        _require_envelope(body, mailed)
        return _details(statement, mailed)
    try:
        judged = judge_opening(
            work.connection,
            Act(body.act),
            Actor(statement.iss, body.unit),
            sent.sender,
            sent.body,
            sent.t,
            work.at,
        )
    except Unrelated as unrelated:
        raise not_known(unrelated.code) from unrelated
    _require_envelope(body, mailed)
    if isinstance(judged.answer, Deny):
        return judged.answer
    if body.act == Act.REOPEN and mailed.opened_at is None:
        raise Refused("not-opened", "this was not opened before: open it first")
    permit = judged.answer
    return _details(
        statement,
        mailed,
        *judged.statements,
        decision=Decision.PERMIT,
        basis=str(permit.basis),
        rule=rule_code(permit.rule),
    )


def _require_envelope(body: OpenBody, mailed: Mailed) -> None:
    [recipient] = [each for each in mailed.sent.body.recipients if (each.to, each.own) == (mailed.to, mailed.own)]
    if body.envelope != (recipient.header if body.act == RECEIVE else recipient.body):
        raise Refused("wrong-envelope", "the statement names another envelope than the reader's own")


def _here(envelope: bytes | None) -> bytes:
    if envelope is None:
        raise Refused("envelope-deleted", "the envelope is no longer here")
    return envelope


def _details(statement: Statement[OpenBody], mailed: Mailed, *used: str, **decided: Any) -> Details:
    manifest = mailed.sent.body
    return Details(
        actor=statement.iss,
        for_unit=statement.body.unit,
        act=statement.body.act,
        subject=manifest.subject,
        matter=manifest.matter,
        share=manifest.share,
        conversation=manifest.conversation,
        content=manifest.content,
        consents=manifest.consents,
        statements=(statement.digest, mailed.sent.digest, *used),
        **decided,
    )
