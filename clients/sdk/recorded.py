"""Words of people who have no key, written down by a professional whose unit takes part in the consent."""

from __future__ import annotations

from typing import NamedTuple

from clients.sdk.client import Client, new_statement_id
from clients.sdk.consents import Known, require_lawful
from clients.sdk.errors import Misused, Postponed
from clients.sdk.journal import purpose
from keys.signing import digest, peek
from protocol.consent.case import Dated
from protocol.consent.terms import Terms
from protocol.identifiers import MatterId, PersonId, StatementId, SubjectId, UnitId
from protocol.reading import Fields
from protocol.statements.base import claim
from protocol.statements.consent import WithdrawalBody
from protocol.statements.invalidating import RecordedInvalidationBody
from protocol.statements.recorded import (
    DisputeBody,
    RecordedAct,
    RecordedConfirmationBody,
    RecordedSignatureBody,
    RecordedWithdrawalBody,
)

_PATH = "/v1/consent-statements"
_KINDS: dict[str, type[RecordedAct]] = {
    word.kind: word
    for word in (RecordedSignatureBody, RecordedConfirmationBody, RecordedWithdrawalBody, RecordedInvalidationBody)
}
_SHARED = ("v", "kind", "iss", "aud", "made", "seen")


class Told(NamedTuple):
    """How somebody's word came to me: for which unit I write it down, whose it is, and in which form."""

    unit: UnitId
    person: PersonId
    form: str


async def sign_for(client: Client, known: Known, told: Told, identity: str, interpreter: str | None) -> None:
    """Record that somebody said yes to the terms, whose text I read to them; it counts once a second person confirms.

    Raises:
        Denied: the policy takes no recorded signatures, the law does not ask this person, or my unit takes no part.
        Tampered: as `consents.sign`.
    """
    terms = known.terms
    await require_lawful(client, known)
    body = RecordedSignatureBody(
        *_named(known),
        *told,
        identity,
        interpreter,
        None,
        terms.text.version,
        str(terms.text.language),
    )
    await client.submit(_PATH, body, purpose=purpose("sign for", known.digest, *told, *_disputes(known)))


async def confirm_for(client: Client, known: Known, told: Told) -> None:
    """Confirm, as a second member of the unit, what a colleague recorded: the person said it to me too.

    Raises:
        Misused: `not-recorded`, if nothing was recorded of this person.
        Denied: it was me who recorded it, or another unit.
    """
    body = RecordedConfirmationBody(*_named(known), *told, _standing(known, told.person))
    await client.submit(_PATH, body, purpose=purpose("confirm for", body.recorded, *told))


async def dispute(client: Client, known: Known) -> None:
    """Say that I did not say what was recorded of me: it counts for nothing from now, and can be recorded anew.

    Raises:
        Misused: `not-recorded`, if nothing undisputed was recorded of me.
    """
    body = DisputeBody(*_named(known), _standing(known, client.person))
    await client.submit(_PATH, body, purpose=purpose("dispute", body.recorded))


def _standing(known: Known, person: PersonId) -> str:
    """Return the digest of what was recorded of a person last and not disputed; raises `Misused` (`not-recorded`)."""
    said = {digest(logged.token): peek(logged.token).body for logged in known.record.statements}
    disputed = {word["recorded"] for word in said.values() if word["kind"] == DisputeBody.kind}
    for name, word in reversed(said.items()):
        if (word["kind"], word.get("person")) == (RecordedSignatureBody.kind, person) and name not in disputed:
            return name
    raise Misused("not-recorded", "No signature was recorded of this person that they have not disputed.")


def _disputes(known: Known) -> tuple[str, ...]:
    """Name the disputes so far: what is recorded after another of them is no repetition."""
    return tuple(digest(each.token) for each in known.record.statements if claim(each.token).kind == DisputeBody.kind)


def _named(known: Known) -> tuple[StatementId, str, SubjectId, MatterId]:
    return new_statement_id(), known.digest, known.terms.subject, known.terms.matter


async def withdraw_for(client: Client, known: Known, unit: UnitId, person: PersonId, form: str) -> bool:
    """Withdraw a consent for somebody who told me so: it works for the next request, everywhere.

    Return whether the log holds it already; False as for `consents.withdraw`.

    Raises:
        Denied: the person may not withdraw this, or my unit takes no part in it.
    """
    return await withdraw_terms_for(client, known.terms, Told(unit, person, form))


async def withdraw_terms_for(client: Client, terms: Terms, told: Told) -> bool:
    """Withdraw, for somebody who told me so, a consent of which I may know nothing else: they showed me the terms.

    My unit need take no part in it. Its name then stands with the withdrawal, for everybody who sees the consent.

    Raises:
        Denied: `not-found`, if there is no such consent, or the person may not withdraw it.
    """
    body = RecordedWithdrawalBody(new_statement_id(), terms.digest, terms.subject, terms.matter, *told)
    try:
        await client.submit(_PATH, body, purpose=purpose("withdraw for", terms.digest, told.person, told.unit))
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


def withdrawn_for(known: Known) -> tuple[Dated, ...]:
    """Return those of a consent's withdrawals that were written down for somebody, at their entries' instants."""
    kinds = [claim(logged.token).kind for logged in known.record.statements]
    own, written = kinds.count(WithdrawalBody.kind), kinds.count(RecordedWithdrawalBody.kind)
    # As `protocol.evidence` puts them: what people said themselves, what was written down, what makes it void.
    return known.facts.withdrawals[own : own + written]


def _members(token: str) -> Fields:
    said = peek(token).body
    return Fields({name: value for name, value in said.items() if name not in _SHARED}, "recorded word")
