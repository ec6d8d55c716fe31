"""Requests that finish themselves: what waits for me, who has answered, the one reminder, and asking anew.

The server's notices are pointers and no more: what waits is derived here again, from what this client has verified.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import StrEnum

from clients.sdk import consents
from clients.sdk.client import Client, new_statement_id
from clients.sdk.consents import Known, Situation, Wanted
from clients.sdk.errors import Denied, Misused
from clients.sdk.recorded import withdrawn_for
from clients.sdk.transport import clock
from keys.signing import peek
from protocol.consent.age import months_after
from protocol.consent.case import Dated, Signature
from protocol.consent.notices import (
    OPEN_STATES,
    NoticeKind,
    asked_of,
    invalid_of,
    renewable,
    renewal_offered_to,
    renews,
    written_of,
)
from protocol.consent.remaining import remaining
from protocol.consent.state import State, standing
from protocol.consent.terms import Role, Terms
from protocol.consent.vocabulary import RoleAct
from protocol.evidence import ConsentRecord
from protocol.identifiers import ConsentId, Instant, PersonId, SubjectId, UnitId, parse_instant
from protocol.statements.base import Refused
from protocol.statements.reminding import ReminderBody
from protocol.texts import Contents, consent_text

_RENEWABLE = frozenset({State.IN_FORCE, State.READ_ONLY, State.EXPIRED, State.NEEDS_NEW_CONSENT})
"""In these nobody has said no; in every other state a reason says why there is nothing to renew."""

_MOST_MONTHS = 240


class Answer(StrEnum):
    """What somebody named in the terms has answered."""

    SIGNED = "signed"
    REFUSED = "refused"
    OBJECTED = "objected"
    WITHDREW = "withdrew"
    INFORMED = "informed"
    """Confirmed the notice: the seven days to object run from its instant."""
    HEARD = "heard"
    WAITING = "waiting"
    NOT_NEEDED = "not-needed"
    """Nothing is waited for: another signed for both, the role only allows to object, or the request has ended."""


@dataclass(frozen=True, slots=True)
class Answered:
    """One role of the terms and what became of it; `at` is the answer's instant, None where there is none."""

    role: Role
    answer: Answer
    at: Instant | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A consent with what it asks of me or offers me, and when I was reminded of it."""

    known: Known
    kinds: tuple[NoticeKind, ...]
    reminded: Instant | None


async def waiting(client: Client) -> list[Waiting]:
    """Return what waits for me, the oldest first, each verified: the text is the one that its terms and units give.

    What the server points at and this client does not find to wait is left out.

    Raises:
        Tampered: something does not hold, or a text says something else than its terms.
    """
    told = await client.transport.pages("/v1/notices", "notices")
    units = await my_units(client)
    reminded = {str(each["consent"]): each["reminded"] for each in told}
    found: dict[str, Waiting] = {}
    for each in dict.fromkeys(reminded):
        subject = None if each in found else await _subject(client, ConsentId.parse(each))
        if subject is not None:
            found |= await _around(client, subject, units)
    return [_reminded(found[each], reminded[each]) for each in reminded if each in found]


def progress(known: Known) -> list[Answered]:
    """Say of each role in the terms what became of it, as far as this client may know."""
    return [_answered(known, role) for role in known.terms.roles]


async def remind(client: Client, known: Known) -> None:
    """Remind those who have not answered: once for each request, and only by whoever asked.

    Raises:
        Denied: `already-reminded`, `nobody-to-remind`, or how the request has ended.
    """
    terms, unit = known.terms, asked_for(known)
    body = ReminderBody(new_statement_id(), known.digest, terms.subject, terms.matter, unit)
    await client.submit("/v1/consent-reminders", body, purpose=f"{body.kind} {known.digest}")


async def renew(client: Client, known: Known) -> list[Terms]:
    """Ask anew for what a consent still allows, for as many months as before; everybody must sign anew.

    What was taken back in part is not asked for again. A referral's two consents are renewed in one act.

    Raises:
        Denied: it was refused or withdrawn, or the law lets nobody sign this now.
        Misused: it still waits for answers (`still-open`), or was asked for anew already (`already-renewed`).
    """
    terms, state = known.terms, known.standing.state
    if state in OPEN_STATES:
        raise Misused("still-open", "This still waits for answers; there is nothing to renew.")
    reason = known.standing.reason
    if state not in _RENEWABLE and reason is not None:
        raise consents.denied(reason, terms.text.language)
    found = await consents.situation(client, terms.subject)
    case, now = found.case([known.digest]), clock()
    for other in found.consents:
        still = standing(other, found.case([other.terms.digest]), now).state
        if renews(other.terms, known.facts, case, now) and (still in OPEN_STATES or still is State.IN_FORCE):
            raise Misused(
                "already-renewed",
                f"It was asked for anew already: {other.terms.digest[:16]}.",
                consent=other.terms.digest[:16],
            )
    left = remaining(known.facts, case, now)
    wanted = Wanted(
        subject=terms.subject,
        matter=terms.matter,
        purpose=terms.purpose,
        senders=terms.senders,
        receivers=left.receivers,
        categories=left.categories,
        share_months=months_between(terms.made, terms.share_until),
        read_months=months_between(terms.made, terms.read_until),
        language=terms.text.language,
    )
    unit = asked_for(known)
    return await consents.request(client, wanted, unit=unit if unit in await my_units(client) else None)


def months_between(made: Instant, until: Instant) -> int:
    """Return the fewest whole calendar months (Oslo) after `made` that reach `until`, one at least."""
    return next((each for each in range(1, _MOST_MONTHS) if months_after(made, each) >= until), _MOST_MONTHS)


def asked_for(known: Known) -> UnitId | None:
    """Return the unit for which a consent was asked; None where one of the family asked."""
    unit = peek(known.record.request.token).body["unit"]
    return None if unit is None else UnitId.parse(unit)


async def my_units(client: Client) -> frozenset[UnitId]:
    """Return the units that I am a member of."""
    return frozenset(UnitId.parse(each) for each in (await client.transport.get("/v1/me"))["units"])


async def _subject(client: Client, consent: ConsentId) -> SubjectId | None:
    """Return whom a consent is about, to fetch and believe all of it afterwards; None if it is gone meanwhile."""
    try:
        told = await client.transport.get(f"/v1/consents/{consent}")
    except Denied:
        return None
    record = ConsentRecord.parse({"request": told["request"], "statements": told["statements"]})
    return Terms.parse(peek(record.request.token).body.get("terms")).subject


async def _around(client: Client, subject: SubjectId, units: Collection[UnitId]) -> dict[str, Waiting]:
    """Return, by the id in its terms, every consent around a subject that waits for me."""
    found, at = await consents.situation(client, subject), clock()
    waits = {}
    for facts, record in zip(found.consents, found.records, strict=True):
        digest = facts.terms.digest
        known = Known(digest, facts, standing(facts, found.case([digest]), at), record)
        kinds = _kinds(client.person, units, known, found, at)
        if kinds:
            _require_true_text(client, known, found)
            waits[str(facts.terms.id)] = Waiting(known, kinds, None)
    return waits


def _kinds(
    me: PersonId, units: Collection[UnitId], known: Known, found: Situation, at: Instant
) -> tuple[NoticeKind, ...]:
    case = found.case([known.digest])
    told = (*written_of(me, known.facts, withdrawn_for(known), at), *invalid_of(known.facts, at))
    written = tuple(kind for kind, _ in told)
    asked = asked_of(me, known.facts, case, at)
    if asked:
        return (*written, *asked)
    unit = asked_for(known)
    mine = peek(known.record.request.token).body["iss"] == me if unit is None else unit in units
    if not mine and not renewal_offered_to(me, known.facts, case, at):
        return written
    others = [each.terms for each in found.consents]
    return (*written, NoticeKind.RENEW) if renewable(known.facts, others, case, at) else written


def _require_true_text(client: Client, known: Known, found: Situation) -> None:
    names = {unit.unit: unit.name for unit in found.directory.units()}
    text = known.terms.text
    if consent_text(Contents.of(known.terms), names, text.language) != text:
        refusal = Refused("wrong-text", "the text of this consent does not say what its terms say")
        raise client.tampered(refusal, known.record.to_json())


def _reminded(one: Waiting, at: object) -> Waiting:
    return one if at is None else replace(one, reminded=parse_instant(at))


def _answered(known: Known, role: Role) -> Answered:
    facts = known.facts
    words: tuple[tuple[Answer, tuple[Dated | Signature, ...]], ...] = (
        (Answer.WITHDREW, facts.withdrawals),
        (Answer.REFUSED, facts.refusals),
        (Answer.OBJECTED, facts.objections),
        (Answer.SIGNED, tuple(each for each in facts.signatures if each.disputed_at is None)),
        (Answer.INFORMED, facts.notices),
    )
    for answer, said in words:
        at = next((word.at for word in said if word.person == role.person), None)
        if at is not None and (answer is not Answer.INFORMED or role.act is not RoleAct.SIGNS):
            return Answered(role, answer, at)
    if any((one.person, one.act) == (role.person, role.act) for one in known.standing.missing):
        return Answered(role, Answer.WAITING)
    heard = role.act is RoleAct.IS_HEARD and known.standing.state in (*OPEN_STATES, State.IN_FORCE)
    return Answered(role, Answer.HEARD if heard else Answer.NOT_NEEDED)
