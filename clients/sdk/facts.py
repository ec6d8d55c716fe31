"""Recording facts that the rules use, and seeing those that are recorded.

The words that tell why stay in the keyring of whoever records them; the statement carries their salted digest.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import NamedTuple

from clients.sdk.client import Client, days, new_statement_id
from clients.sdk.consents import Situation, situation
from clients.sdk.errors import Misused
from clients.sdk.journal import purpose
from clients.sdk.transport import clock
from keys import signing
from keys.canonical import canonical
from keys.encoding import encode
from protocol.consent.vocabulary import Purpose
from protocol.facts import Recorded
from protocol.identifiers import Instant, MatterId, PersonId, SubjectId, UnitId
from protocol.statements.capacity import CapacityBody
from protocol.statements.facts import (
    UNREACHABLE,
    AssessmentBody,
    AttemptBody,
    EndBody,
    FactBody,
    OneGuardianBody,
    ground_digest,
)

PATH = "/v1/facts"


class About(NamedTuple):
    """For which unit a fact is recorded, about which child, in which matter."""

    unit: UnitId
    subject: SubjectId
    matter: MatterId


@dataclass(frozen=True, slots=True)
class Tried:
    """How a guardian was tried, what came of it, and when."""

    guardian: PersonId
    channel: str
    result: str
    at: Instant


async def attempt(client: Client, about: About, tried: Tried) -> str:
    """Record that a guardian was tried and gave no answer; return the fact's digest."""
    body = AttemptBody(new_statement_id(), *about, tried.guardian, tried.channel, tried.result, tried.at)
    return await _record(client, body, tried.guardian, tried.channel, tried.result, tried.at)


async def one_guardian(
    client: Client, about: About, guardian: PersonId, heard: str, words: str, *, for_days: int
) -> str:
    """Record that help is necessary to avoid harm, so that this guardian need not sign; return the fact's digest.

    Where the guardian could not be reached, my unit's attempts in the matter are named.

    Raises:
        Misused: `no-attempts`, if there are none.
        Denied: I may not record this.
    """
    tried: tuple[str, ...] = ()
    if heard == UNREACHABLE:
        found = await situation(client, about.subject, [about.unit])
        tried = tuple(
            sorted(
                each.digest
                for each in known(found)
                if each.kind == AttemptBody.kind
                and (each.unit, each.matter, each.guardian) == (about.unit, about.matter, guardian)
            )
        )
        if not tried:
            raise Misused("no-attempts", "Record first how the guardian was tried: `fortrolig fact attempt`.")
    body = OneGuardianBody(
        new_statement_id(),
        *about,
        guardian,
        heard,
        tried,
        clock(),
        days(for_days),
        _ground(client, about.subject, words),
    )
    return await _record(client, body, guardian, heard, for_days)


async def assess(client: Client, about: About, words: str) -> str:
    """Record the assessment after a youth said no; return the fact's digest."""
    return await _record(client, AssessmentBody(new_statement_id(), *about, _ground(client, about.subject, words)))


@dataclass(frozen=True, slots=True)
class Assessed:
    """That somebody cannot consent: for what, on which of the law's grounds, and who was told of it."""

    purposes: tuple[Purpose, ...]
    ground: str
    person_informed: str
    kin_informed: str


async def capacity(client: Client, about: About, assessed: Assessed, words: str, *, for_days: int) -> str:
    """Record that somebody of 16 or more cannot consent, to be assessed anew in so many days; return the digest.

    The ground stands first among the words, which stay in my keyring.

    Raises:
        Denied: I may not record this.
    """
    purposes = tuple(sorted(assessed.purposes))
    body = CapacityBody(
        new_statement_id(),
        *about,
        purposes,
        assessed.person_informed,
        assessed.kin_informed,
        clock(),
        days(for_days),
        _ground(client, about.subject, f"{assessed.ground}\n\n{words}"),
    )
    return await _record(client, body, *purposes, assessed.ground, for_days)


async def end(client: Client, fact: Recorded) -> str:
    """End a fact of my unit, from now; return the digest of the end."""
    about = About(fact.unit, fact.subject, fact.matter)
    return await _record(client, EndBody(new_statement_id(), *about, fact.digest), fact.digest)


def known(found: Situation) -> tuple[Recorded, ...]:
    """Return every fact around a child that I may know of, oldest first."""
    each_once = {fact.digest: fact for some in found.facts.values() for fact in some}
    return tuple(sorted(each_once.values(), key=lambda fact: (fact.at, fact.digest)))


def _ground(client: Client, subject: SubjectId, words: str) -> str:
    salt = secrets.token_bytes(32)
    digest = ground_digest(words, subject, salt)
    told = canonical({"v": 1, "subject": subject, "words": words, "salt": encode(salt)})
    # Before it is signed: a digest of words that are lost would prove nothing.
    client.home.keyring.add_secret(_secret(digest), told)
    return digest


def _secret(ground: str) -> str:
    return f"ground {ground}"


async def _record(client: Client, body: FactBody, *wish: object) -> str:
    why = purpose(body.kind, body.subject, body.matter, body.unit, *wish)
    done = await client.submit(PATH, body, purpose=why)
    return signing.digest(done.token)
