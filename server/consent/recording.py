"""What the rows must say before a professional's record of another's word is taken, or the person's dispute of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keys.signing import peek
from protocol.identifiers import PersonId, UnitId
from protocol.recorded import Written, require_recorder, require_second
from protocol.statements.base import Refused, Statement
from protocol.statements.recorded import DisputeBody, RecordedConfirmationBody, RecordedSignatureBody, spoken_for
from server.consent import store
from server.identity import store as identity

if TYPE_CHECKING:
    from sqlalchemy import Connection


def against_record(connection: Connection, statement: Statement[Any]) -> str | None:
    """Say why a recorded word may not be taken, beside what the law says of the person whose word it is."""
    word = statement.body
    try:
        if isinstance(word, RecordedSignatureBody):
            require_recorder(statement)
        if isinstance(word, RecordedConfirmationBody):
            require_second(statement, _recorded(connection, statement))
    except Refused as refusal:
        return refusal.code
    if isinstance(word, DisputeBody) and _recorded(connection, statement) is None:
        return "not-recorded"
    return None


def _recorded(connection: Connection, statement: Statement[Any]) -> Written | None:
    """Give the signature that was recorded of a person on this consent."""
    person = spoken_for(statement)
    row = store.word(connection, statement.body.consent, RecordedSignatureBody.kind, person)
    if row is None:
        return None
    [kept] = identity.find_statements(connection, [row.statement])
    said = peek(kept.token).body
    return Written(kept.digest, PersonId.parse(said["iss"]), person, UnitId.parse(said["unit"]))
