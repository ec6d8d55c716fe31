"""Declaring a consent void from the beginning, and what an incident report of it must say (DOMAIN E35)."""

from __future__ import annotations

from dataclasses import dataclass

from clients.sdk.client import Client, new_statement_id
from clients.sdk.consents import Known
from clients.sdk.errors import Misused, Postponed
from clients.sdk.journal import purpose
from clients.sdk.openings import Opening, openings
from clients.sdk.recorded import Told
from keys.signing import peek
from protocol.identifiers import Instant, PersonId
from protocol.statements.base import claim
from protocol.statements.consent import ConsentAct
from protocol.statements.invalidating import INVALIDATING, InvalidationBody, RecordedInvalidationBody

_PATH = "/v1/consent-statements"


@dataclass(frozen=True, slots=True)
class Invalid:
    """That a consent was declared void: by whom, when the log took it in, and why."""

    by: PersonId
    at: Instant
    cause: str


@dataclass(frozen=True, slots=True)
class Incident:
    """What happened: the declarations, and who had received or opened what until then, as far as I may see it."""

    invalid: tuple[Invalid, ...]
    openings: tuple[Opening, ...]


async def invalidate(client: Client, known: Known, cause: str) -> bool:
    """Declare that it never was a consent: from now nothing is shared or opened, and it counts as void from the start.

    Return whether the log holds it already; False as for `consents.withdraw`.

    Raises:
        Denied: I may not withdraw this.
    """
    terms = known.terms
    body = InvalidationBody(new_statement_id(), known.digest, terms.subject, terms.matter, cause)
    return await _hand_in(client, body, purpose("invalidate", known.digest))


async def invalidate_for(client: Client, known: Known, told: Told, cause: str) -> bool:
    """Declare it for somebody who told me so, as a professional whose unit takes part; as `invalidate`."""
    terms = known.terms
    body = RecordedInvalidationBody(new_statement_id(), known.digest, terms.subject, terms.matter, *told, cause)
    return await _hand_in(client, body, purpose("invalidate for", known.digest, *told))


async def incident(client: Client, known: Known) -> Incident:
    """Gather what an incident report must say.

    Raises:
        Misused: `not-invalid`, if nobody declared the consent void.
        Tampered: as `openings`.
    """
    found = invalid(known)
    if not found:
        raise Misused("not-invalid", "Nobody has declared this consent void.")
    return Incident(found, (await openings(client, [known]))[known.digest])


def invalid(known: Known) -> tuple[Invalid, ...]:
    """Return who declared a consent void, when and why; `Known` was verified when it was made."""
    causes = [
        (kind, str(peek(logged.token).body["cause"]))
        for logged in known.record.statements
        if (kind := claim(logged.token).kind) in INVALIDATING
    ]
    # As `protocol.evidence` puts them: by kind, each in the order in which they came.
    ordered = sorted(causes, key=lambda one: one[0])
    return tuple(
        Invalid(word.person, word.at, cause)
        for word, (_, cause) in zip(known.facts.invalidations, ordered, strict=True)
    )


async def _hand_in(client: Client, body: ConsentAct, why: str) -> bool:
    try:
        await client.submit(_PATH, body, purpose=why)
    except Postponed:
        return False
    return True
