"""Hiding a matter: the youth asks, a professional decides, the youth is told first.

The words that give the reason stay in the keyring of whoever decides; the statement carries their salted digest.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from clients.sdk.client import Client, days, new_statement_id
from clients.sdk.journal import purpose
from keys import signing
from keys.canonical import canonical
from keys.encoding import encode
from protocol.consent.law import youth
from protocol.consent.shielding import Decided, Shielding, Told, shielding
from protocol.consent.vocabulary import ALL_ASPECTS, Aspect, Ground
from protocol.identifiers import Instant, MatterId, PersonId, SubjectId, UnitId
from protocol.identity import logged_list
from protocol.shields import Said, shield_word
from protocol.statements.base import Refused, claim
from protocol.statements.facts import ground_digest
from protocol.statements.shields import (
    ShieldAskBody,
    ShieldDeclineBody,
    ShieldEndBody,
    ShieldNoticeBody,
    ShieldWithholdBody,
    ShieldWord,
)

PATH = "/v1/shield-statements"


class About(NamedTuple):
    """For which unit somebody speaks (null for the youth), about which child, in which matter."""

    unit: UnitId | None
    subject: SubjectId
    matter: MatterId


@dataclass(frozen=True, slots=True)
class Hidden:
    """What is hidden of one matter, by everything that was said on it."""

    matter: MatterId
    said: tuple[Said, ...]
    shielding: Shielding

    @property
    def decision(self) -> Said | None:
        """The last decision, if one stands."""
        standing = self.shielding.standing
        found = [each for each in self.said if standing is not None and each.word == standing]
        return found[-1] if found else None

    @property
    def told(self) -> bool:
        """Say whether the youth has been told of the last decision."""
        standing = self.shielding.standing
        return standing is not None and any(
            isinstance(each.word, Told) and each.word.decision == standing.digest for each in self.said
        )

    def ends(self) -> Instant | None:
        """Return when nothing is hidden any more, as far as it is known now; null while no end is known."""
        last: Instant | None = None
        for shield in self.shielding.shields:
            if shield.holds_to is None:
                return None
            last = shield.holds_to if last is None else max(last, shield.holds_to)
        return last

    def persons(self, at: Instant) -> frozenset[PersonId]:
        """Return from whom something is hidden at an instant."""
        return frozenset(person for shield in self.shielding.shields if shield.holds(at) for person in shield.persons)


async def listed(client: Client, subject: SubjectId) -> list[Hidden]:
    """Fetch and believe everything that was said on shields around a child, as far as I may know of it.

    Raises:
        Tampered: something does not hold.
    """
    found = logged_list(await client.transport.pages("/v1/shields", "statements", subject=subject))
    if not found:
        return []
    units = {UnitId(unit) for one in found if (unit := signing.peek(one.token).body.get("unit")) is not None}
    signers = {claim(one.token).iss for one in found}
    directory = await client.directory(units=units, persons=signers, subjects=[subject])
    try:
        said = [shield_word(directory, one) for one in found]
    except Refused as error:
        raise client.tampered(error, {"shields": [one.to_json() for one in found]}) from error
    await client.require_one_log(directory)
    by_matter: dict[MatterId, list[Said]] = {}
    for each in said:
        by_matter.setdefault(each.matter, []).append(each)
    return [
        Hidden(matter, tuple(some), shielding(matter, [each.word for each in some]))
        for matter, some in by_matter.items()
    ]


async def others(client: Client, subject: SubjectId) -> tuple[PersonId, ...]:
    """Return everybody on the child's sheet but the child: from whom all is hidden if nobody is named."""
    directory = await client.directory(subjects=[subject])
    sheet, at = directory.sheet_facts(subject), directory.at
    persons = {each.person for each in (*sheet.may_sign, *sheet.may_know) if each.holds(at)}
    return tuple(sorted(persons - youth(sheet, at)))


async def ask(client: Client, about: About, to: UnitId, persons: Sequence[PersonId]) -> str:
    """Ask that a matter be hidden from these persons: it is, at once; return the statement's digest.

    Raises:
        Denied: I may not ask this, or a professional has decided.
    """
    return await _say(client, ShieldAskBody, about, to=to, persons=tuple(sorted(persons)))


async def withhold(
    client: Client,
    about: About,
    persons: Sequence[PersonId],
    words: str,
    *,
    ground: Ground,
    for_days: int,
    hides: frozenset[Aspect] = ALL_ASPECTS,
) -> str:
    """Decide that a matter is withheld from these persons, to be reviewed in so many days; return the digest."""
    return await _say(
        client,
        ShieldWithholdBody,
        about,
        persons=tuple(sorted(persons)),
        hides=tuple(sorted(hides)),
        ground=ground,
        reason=keep_reason(client, about.subject, words),
        review_at=days(for_days),
    )


async def decline(client: Client, about: About, words: str, *, ground: Ground) -> str:
    """Decide that a matter is not withheld: shown once the youth has been told for a week; return the digest."""
    return await _say(client, ShieldDeclineBody, about, ground=ground, reason=keep_reason(client, about.subject, words))


async def tell(client: Client, about: About, decision: str) -> str:
    """Confirm that I have been told of a decision, or that I told the child; return the digest."""
    return await _say(client, ShieldNoticeBody, about, decision=decision)


async def end(client: Client, about: About) -> str:
    """End what I, the youth, asked for; return the digest."""
    return await _say(client, ShieldEndBody, about)


def needs_notice(hidden: Hidden) -> Decided | None:
    """Return the decision that the youth must still be told of, if there is one."""
    return None if hidden.told else hidden.shielding.standing


def keep_reason(client: Client, subject: SubjectId, words: str) -> str:
    """Keep the words that give a reason in my keyring, and return the salted digest that stands for them."""
    salt = secrets.token_bytes(32)
    digest = ground_digest(words, subject, salt)
    told = canonical({"v": 1, "subject": subject, "words": words, "salt": encode(salt)})
    # Before it is signed: a digest of words that are lost would prove nothing.
    client.home.keyring.add_secret(f"ground {digest}", told)
    return digest


async def _say(client: Client, kind: type[ShieldWord], about: About, **more: Any) -> str:
    body = kind(id=new_statement_id(), unit=about.unit, subject=about.subject, matter=about.matter, **more)
    wish = [more.get(name) for name in ("to", "decision", "persons", "hides", "ground")]
    done = await client.submit(PATH, body, purpose=purpose(body.kind, *about, *wish))
    return signing.digest(done.token)
