"""What the rows must say before a professional's record of another's word is taken, or the person's dispute of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keys.signing import peek
from protocol.identifiers import PersonId, UnitId
from protocol.recorded import Written, require_recorder, require_second
from protocol.statements.base import Refused, Statement
from protocol.statements.invalidating import INVALIDATING
from protocol.statements.recorded import (
    DisputeBody,
    RecordedConfirmationBody,
    RecordedSignatureBody,
    RecordedWithdrawalBody,
    spoken_for,
)
from server.consent import store
from server.identity import store as identity

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from protocol.consent.ask import Actor
    from protocol.consent.case import Case
    from protocol.identifiers import Instant
    from protocol.statements.consent import ConsentAct
    from server.consent.store.rows import Word


TOLD = frozenset({RecordedConfirmationBody.kind, RecordedWithdrawalBody.kind}) | INVALIDATING
"""The words of which the family is told: those written down for others, and that a consent is void."""


def against_record(connection: Connection, statement: Statement[Any]) -> str | None:
    """Say why a recorded word may not be taken, beside what the law says of the person whose word it is."""
    word = statement.body
    try:
        if isinstance(word, RecordedSignatureBody):
            require_recorder(statement)
        if isinstance(word, RecordedConfirmationBody):
            dispute = store.word(connection, word.consent, DisputeBody.kind, word.person, word.recorded)
            require_second(statement, None if dispute is not None else _recorded(connection, statement))
    except Refused as refusal:
        return refusal.code
    if isinstance(word, DisputeBody) and _recorded(connection, statement) is None:
        return "not-recorded"
    return None


def withdraws_for_anybody(word: ConsentAct, case: Case, actor: Actor, at: Instant) -> bool:
    """Say whether this is a withdrawal that a present member of any unit may write down.

    Whoever has no key withdraws through any professional here: naming the digest of the terms, child and matter, which
    stand on the person's own certificate, shows that the person told them.
    """
    return isinstance(word, RecordedWithdrawalBody) and any(
        (each.person, each.unit) == (actor.person, actor.unit) and each.holds(at) for each in case.memberships
    )


def said_before(connection: Connection, statement: Statement[Any]) -> Word | None:
    """Give the word that makes this one a repetition; a signature is recorded anew once the last one was disputed."""
    word, person = statement.body, spoken_for(statement)
    if not isinstance(word, RecordedSignatureBody):
        return store.word(connection, word.consent, word.kind, person, store.apart(statement))
    said = [each for each in store.words(connection, [word.consent]) if each.person == person]
    disputed = {each.apart for each in said if each.kind == DisputeBody.kind}
    return next((each for each in said if each.kind == word.kind and each.apart not in disputed), None)


def _recorded(
    connection: Connection, statement: Statement[RecordedConfirmationBody] | Statement[DisputeBody]
) -> Written | None:
    """Give the signature that was recorded of a person on this consent and that the statement names."""
    word, person = statement.body, spoken_for(statement)
    row = store.word(connection, word.consent, RecordedSignatureBody.kind, person, word.recorded)
    if row is None:
        return None
    [kept] = identity.find_statements(connection, [row.statement])
    said = peek(kept.token).body
    return Written(kept.digest, PersonId.parse(said["iss"]), person, UnitId.parse(said["unit"]))
