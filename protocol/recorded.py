"""From what professionals wrote down to signatures: each recorded by one, confirmed by another, and open to dispute."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from protocol.consent.case import Signature
from protocol.consent.vocabulary import Evidence
from protocol.identifiers import Instant, PersonId, UnitId
from protocol.statements.base import Refused, Statement
from protocol.statements.recorded import DisputeBody, RecordedConfirmationBody, RecordedSignatureBody


class Written(NamedTuple):
    """A recorded signature: its statement's digest, who wrote it down, whose word it is, and for which unit."""

    digest: str
    by: PersonId
    person: PersonId
    unit: UnitId


def recorded_signatures(written: Iterable[tuple[Statement[Any], Instant]]) -> tuple[Signature, ...]:
    """Return the recorded signatures that a second person confirmed, each at the instant of its confirmation.

    What nobody has confirmed yet is no signature. A dispute by the person counts against the record that it names: what
    is recorded anew afterwards stands by itself.

    Raises:
        Refused: as `require_recorder` and `require_second`.
    """
    written = tuple(written)
    signatures = [each for each, _ in written if isinstance(each.body, RecordedSignatureBody)]
    for signature in signatures:
        require_recorder(signature)
    recorded = {each.digest: Written(each.digest, each.iss, each.body.person, each.body.unit) for each in signatures}
    disputes = [(each.iss, each.body.recorded, at) for each, at in written if isinstance(each.body, DisputeBody)]
    found = []
    for statement, at in written:
        if not isinstance(statement.body, RecordedConfirmationBody):
            continue
        require_second(statement, recorded.get(statement.body.recorded))
        said = statement.body.person, statement.body.recorded
        disputed = min((t for *against, t in disputes if tuple(against) == said), default=None)
        found.append(Signature(statement.body.person, at, Evidence.RECORDED, disputed))
    return tuple(found)


def require_recorder(signature: Statement[RecordedSignatureBody]) -> None:
    """Check that nobody records their own signature; raises `Refused` (`not-entitled`)."""
    if signature.iss == signature.body.person:
        raise Refused("not-entitled", "nobody records their own word: they sign with their own key")


def require_second(confirmation: Statement[RecordedConfirmationBody], signature: Written | None) -> None:
    """Check that a confirmation is of this signature, by another member of the same unit.

    Raises:
        Refused: `not-recorded`, if it is of none; `not-entitled`, if the second is the first, or the person themself.
    """
    said = confirmation.body
    if signature is None or (said.recorded, said.person) != (signature.digest, signature.person):
        raise Refused("not-recorded", "no such signature was recorded of this person")
    if said.unit != signature.unit or confirmation.iss in (signature.by, said.person):
        raise Refused("not-entitled", "a second member of the unit confirms, not the first, and not the person")
