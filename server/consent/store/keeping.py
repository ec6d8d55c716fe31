"""Adding rows: a consent that was asked for, a word said on it, a hearing, a matter that begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert

from keys.canonical import canonical
from protocol.consent.terms import UnitParty
from protocol.statements.narrowing import NarrowingBody
from protocol.statements.recorded import (
    DisputeBody,
    RecordedConfirmationBody,
    RecordedSignatureBody,
    spoken_for,
)
from server.consent.store import tables

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from protocol.identifiers import Instant, MatterId, SubjectId
    from protocol.statements.base import Statement
    from protocol.statements.consent import ConsentAct, HearingBody, RequestBody


def begin_matter(connection: Connection, matter: MatterId, subject: SubjectId) -> None:
    """Make a matter a subject's own, for ever."""
    connection.execute(insert(tables.matters), {"matter": matter, "subject": subject})


def add_consent(connection: Connection, request: Statement[RequestBody], leaf_index: int, at: Instant) -> None:
    """Keep a consent that was asked for, and index its parties."""
    terms = request.body.terms
    connection.execute(
        insert(tables.consents),
        {
            "digest": terms.digest,
            "consent": terms.id,
            "subject": terms.subject,
            "matter": terms.matter,
            "kind": str(terms.kind),
            "purpose": str(terms.purpose),
            "terms": canonical(terms.to_json()),
            "requested_at": at,
            "requester": request.iss,
            "unit": request.body.unit,
            "share_until": terms.share_until,
            "statement": request.digest,
            "leaf_index": leaf_index,
        },
    )
    subunits: dict[str, bool] = {}
    for party in (*terms.senders, *terms.receivers):
        wide = isinstance(party, UnitParty) and party.subunits
        subunits[party.id] = wide or subunits.get(party.id, False)
    connection.execute(
        insert(tables.parties),
        [
            {"party": party, "leaf_index": leaf_index, "subunits": wide, "digest": terms.digest}
            for party, wide in subunits.items()
        ],
    )


def add_word(connection: Connection, statement: Statement[ConsentAct], leaf_index: int, at: Instant) -> None:
    """Keep a person's word on a consent, whoever wrote it down."""
    connection.execute(
        insert(tables.words),
        {
            "statement": statement.digest,
            "digest": statement.body.consent,
            "kind": statement.body.kind,
            "person": spoken_for(statement),
            "apart": apart(statement),
            "at": at,
            "leaf_index": leaf_index,
        },
    )


def add_invalidation(connection: Connection, statement: Statement[ConsentAct], at: Instant) -> None:
    """Keep that a consent was declared void, for those who are told."""
    told = {"statement": statement.digest, "digest": statement.body.consent, "at": at}
    connection.execute(insert(tables.invalidations), told)


def apart(statement: Statement[ConsentAct]) -> str:
    """Say what keeps a word apart from others of its kind by the same person on the same consent; mostly nothing does.

    Of a narrowing what it takes back, as canonical JSON; of a recorded signature the statement itself, and of what
    confirms or disputes one the digest of that.
    """
    word = statement.body
    if isinstance(word, NarrowingBody):
        return canonical(word.less.to_json()).decode()
    if isinstance(word, RecordedSignatureBody):
        return statement.digest
    return word.recorded if isinstance(word, RecordedConfirmationBody | DisputeBody) else ""


def add_hearing(connection: Connection, statement: Statement[HearingBody], leaf_index: int, at: Instant) -> None:
    """Keep a hearing."""
    body = statement.body
    connection.execute(
        insert(tables.hearings),
        {
            "statement": statement.digest,
            "matter": body.matter,
            "subject": body.subject,
            "unit": body.unit,
            "outcome": body.outcome,
            "person": statement.iss,
            "at": at,
            "leaf_index": leaf_index,
        },
    )
