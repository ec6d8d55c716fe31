"""What two registrars determine about who signs for a child: record, confirm, end, and see (ADR 28)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeVar

from clients.sdk import subjects
from clients.sdk.client import Client, days, new_statement_id
from clients.sdk.errors import Misused
from clients.sdk.transport import clock
from keys import signing
from protocol.authorities import Determined, bound
from protocol.consent.authority import Authority
from protocol.consent.case import Holder
from protocol.consent.in_place import SIGNS
from protocol.consent.vocabulary import AuthorityKind, Purpose
from protocol.identifiers import Instant, PersonId, SubjectId, UnitId
from protocol.identity import Directory
from protocol.statements.authority import AuthorityBody, AuthorityConfirmationBody, AuthorityEndBody

PATH = "/v1/statements"
ORDERED = tuple(sorted(set(Purpose) - {Purpose.OWN_SENDING}))
"""What an order reaches unless it says less."""

RECHECK_DAYS = {AuthorityKind.EMERGENCY_ORDER: 7}
"""After how many days each must be recorded anew, at the latest; 365 where nothing is said."""
LONGEST_RECHECK = 365


T = TypeVar("T", "Standing", Determined)


@dataclass(frozen=True, slots=True)
class Decision:
    """What a registrar has read in the papers. `recheck_days` is after how many days it must be recorded anew."""

    by: AuthorityKind
    number: str
    decided_on: date
    persons: tuple[PersonId, ...]
    unit: UnitId | None = None
    purposes: tuple[Purpose, ...] = ()
    holds_from: Instant | None = None
    holds_to: Instant | None = None
    recheck_days: int | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """One authority as this client believes it: its statement's digest, what was said, and what it comes to now."""

    digest: str
    said: AuthorityBody
    by: PersonId
    fact: Authority


async def record(client: Client, subject: SubjectId, decision: Decision) -> str:
    """Record what the papers say, and name it on the child's next sheet with those who sign; return its digest.

    It counts once another registrar has confirmed it. Interrupted, the same once more goes on.

    Raises:
        Misused: `no-card`, if this registrar has no card of the child to seal to who is new on the sheet.
        Denied: it may not be recorded.
    """
    directory = await client.directory(subjects=[subject], persons=decision.persons)
    said = [word for word in directory.determined(subject) if word.by == client.person]
    unnamed = set(bound(said)) - set(directory.sheet(subject).body.authorities)
    body = AuthorityBody(
        id=new_statement_id(),
        not_after=days(decision.recheck_days or RECHECK_DAYS.get(decision.by, LONGEST_RECHECK)),
        subject=subject,
        by=decision.by,
        number=decision.number,
        decided_on=decision.decided_on,
        unit=decision.unit,
        persons=tuple(sorted(decision.persons)),
        purposes=decision.purposes,
        holds_from=clock() if decision.holds_from is None else decision.holds_from,
        holds_to=decision.holds_to,
    )
    # What was recorded before the sheet could be published needs no second recording.
    begun = [word.digest for word in said if word.digest in unnamed and _same(word, body)]
    digest = begun[0] if begun else signing.digest((await client.submit(PATH, body)).token)
    await _name(client, subject, _listed(decision, body))
    return digest


async def confirm(client: Client, subject: SubjectId, digest: str) -> None:
    """Say, as another registrar who has seen the same papers, that it is so."""
    await client.submit(PATH, AuthorityConfirmationBody(new_statement_id(), subject, digest))


async def end(client: Client, subject: SubjectId, standing: Standing) -> str:
    """Record that something has ended; return the end's digest, which another registrar confirms.

    From now nobody signs by it, and whom it put on the sheet leaves the sheet.
    """
    body = AuthorityEndBody(new_statement_id(), subject, standing.digest)
    done = await client.submit(PATH, body)
    gone = frozenset(standing.said.persons) if standing.said.by in SIGNS else frozenset()
    await _name(client, subject, (), gone=gone)
    return signing.digest(done.token)


def standing(directory: Directory, subject: SubjectId) -> tuple[Standing, ...]:
    """Return everything that was recorded about who signs for a child, oldest first, ended or not."""
    words = [word for word in directory.determined(subject) if isinstance(word.body, AuthorityBody)]
    facts = directory.authorities(subject)
    named = directory.sheet(subject).body.authorities
    bodies = [(word, word.body) for word in words if word.digest in named]
    return tuple(
        Standing(word.digest, body, word.by, fact)
        for (word, body), fact in zip(bodies, facts, strict=True)
        if isinstance(body, AuthorityBody)
    )


def awaiting(directory: Directory, subject: SubjectId) -> tuple[Determined, ...]:
    """Return what one registrar has said about a child and no second has confirmed: orders, ends and the rest."""
    words = directory.determined(subject)
    confirmed = {word.body.confirms for word in words if isinstance(word.body, AuthorityConfirmationBody)}
    ended = {word.body.authority for word in words if isinstance(word.body, AuthorityEndBody)}
    open_ = set(bound(words)) - confirmed
    return tuple(
        word
        for word in words
        if word.digest in open_ and not (isinstance(word.body, AuthorityBody) and word.digest in ended)
    )


def _same(word: Determined, body: AuthorityBody) -> bool:
    said = word.body
    return isinstance(said, AuthorityBody) and (said.by, said.number, said.persons, said.unit, said.purposes) == (
        body.by,
        body.number,
        body.persons,
        body.unit,
        body.purposes,
    )


def _listed(decision: Decision, body: AuthorityBody) -> tuple[Holder, ...]:
    if decision.by not in SIGNS:
        return ()
    now = clock()
    return tuple(
        Holder(person=each, capacity=SIGNS[decision.by], holds_from=now, holds_to=body.holds_to, known_at=now)
        for each in body.persons
    )


async def _name(
    client: Client, subject: SubjectId, more: Sequence[Holder], *, gone: frozenset[PersonId] = frozenset()
) -> None:
    """Publish the child's next sheet: it names all that was determined, lists `more`, and ends who is `gone`."""
    directory = await client.directory(subjects=[subject])
    sheet, now = directory.sheet(subject).body, clock()
    body = replace(
        sheet,
        number=sheet.number + 1,
        not_after=days(subjects.SHEET_DAYS),
        may_sign=_relisted(sheet.may_sign, more, gone, now),
        may_know=_relisted(sheet.may_know, more, gone, now),
        authorities=bound(directory.determined(subject)),
    )
    known = {each.person for each in sheet.may_know}
    cards = await subjects.sealed_cards(client, body) if {each.person for each in more} - known else None
    await client.submit(PATH, body, more={} if cards is None else {"cards": cards})


def _relisted(
    listed: Sequence[Holder], more: Sequence[Holder], gone: frozenset[PersonId], now: Instant
) -> tuple[Holder, ...]:
    """Return a list with `more` on it, and an end for who is gone; who stood there before stays, with their time."""
    again = {(each.person, each.capacity): each.holds_to for each in more}
    kept = []
    for each in listed:
        one, footing = each, (each.person, each.capacity)
        if each.holds(now) and footing in again:
            one = replace(each, holds_to=again.pop(footing))
        elif each.holds(now) and each.person in gone and each.capacity in SIGNS.values():
            one = replace(each, holds_to=now)
        kept.append(one)
    return (*kept, *(each for each in more if (each.person, each.capacity) in again))


def fitting(found: Sequence[T], written: str) -> T:
    """Return the one whose digest begins so; raises `Misused` (`unclear-authority`)."""
    fit = [each for each in found if each.digest.startswith(written)]
    if len(fit) != 1:
        raise Misused(
            "unclear-authority",
            f"{written!r} fits {len(fit)} of what is recorded; `fortrolig registrar authorities` shows them.",
            given=written,
            count=len(fit),
        )
    return fit[0]
