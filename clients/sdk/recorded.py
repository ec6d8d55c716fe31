"""Words of people who have no key, written down by a professional whose unit takes part in the consent."""

from __future__ import annotations

from clients.sdk.client import Client, new_statement_id
from clients.sdk.consents import Known
from clients.sdk.errors import Postponed
from clients.sdk.journal import purpose
from keys.signing import peek
from protocol.identifiers import PersonId, UnitId
from protocol.reading import Fields
from protocol.statements.base import claim
from protocol.statements.recorded import RecordedAct, RecordedWithdrawalBody

_PATH = "/v1/consent-statements"
_KINDS: dict[str, type[RecordedWithdrawalBody]] = {RecordedWithdrawalBody.kind: RecordedWithdrawalBody}
_SHARED = ("v", "kind", "iss", "aud", "made", "seen")


async def withdraw_for(client: Client, known: Known, unit: UnitId, person: PersonId, form: str) -> bool:
    """Withdraw a consent for somebody who told me so: it works for the next request, everywhere.

    Return whether the log holds it already; False as for `consents.withdraw`.

    Raises:
        Denied: the person may not withdraw this, or my unit takes no part in it.
    """
    terms = known.terms
    body = RecordedWithdrawalBody(
        new_statement_id(), known.digest, terms.subject, terms.matter, unit=unit, person=person, form=form
    )
    try:
        await client.submit(_PATH, body, purpose=purpose("withdraw for", known.digest, person, unit))
    except Postponed:
        return False
    return True


def written_down(known: Known) -> tuple[RecordedAct, ...]:
    """Return what professionals wrote down of others' words on a consent; `Known` was verified when it was made."""
    return tuple(
        _KINDS[kind].read(_members(logged.token))
        for logged in known.record.statements
        if (kind := claim(logged.token).kind) in _KINDS
    )


def _members(token: str) -> Fields:
    said = peek(token).body
    return Fields({name: value for name, value in said.items() if name not in _SHARED}, "recorded word")
