"""Choosing: which consents in the matter carry what somebody wants to send, or what they lack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any, Self

from clients.sdk import shields
from clients.sdk.client import Client
from clients.sdk.consents import Situation, denied, situation
from clients.sdk.content import Attachment
from clients.sdk.errors import Denied
from clients.sdk.transport import clock
from protocol.consent.answer import Deny, Permit, Reason
from protocol.consent.ask import Actor, Ask
from protocol.consent.decide import decide
from protocol.consent.vocabulary import Act, Category, Kind, Language, Purpose
from protocol.identifiers import ConversationId, MatterId, PersonId, SubjectId, UnitId


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants to send."""

    subject: SubjectId
    matter: MatterId
    to: tuple[PersonId | UnitId, ...]
    title: str
    category: Category
    unit: UnitId | None = None
    message: str | None = None
    form: Mapping[str, Any] | None = None
    attachments: tuple[Attachment, ...] = ()
    urgency: str = "routine"
    conversation: ConversationId | None = None
    after: tuple[str, ...] = ()
    language: Language = Language.BOKMAL

    def categories(self) -> tuple[Category, ...]:
        """Every category that the content falls under, sorted."""
        return tuple(sorted({self.category, *(Category(one.category) for one in self.attachments)}))

    @classmethod
    def parse(cls, value: Mapping[str, Any], language: Language) -> Self:
        """Take what `to_json` returned: all that decides whether it may be sent, without what is sent."""
        others = [Category(one) for one in value["categories"] if one != value["category"]]
        return cls(
            subject=SubjectId.parse(value["subject"]),
            matter=MatterId.parse(value["matter"]),
            to=tuple(
                UnitId.parse(one) if one.startswith(UnitId.prefix) else PersonId.parse(one) for one in value["to"]
            ),
            title=value["title"],
            category=Category(value["category"]),
            unit=None if value["unit"] is None else UnitId.parse(value["unit"]),
            attachments=tuple(Attachment(Path(), str(one), "") for one in others),
            urgency=value["urgency"],
            conversation=None if value["conversation"] is None else ConversationId.parse(value["conversation"]),
            after=tuple(value["after"]),
            language=language,
        )

    def to_json(self) -> dict[str, Any]:
        """Return the form that `parse` takes; message, form and files are not in it."""
        return {
            "subject": self.subject,
            "matter": self.matter,
            "to": list(self.to),
            "title": self.title,
            "category": str(self.category),
            "categories": [str(category) for category in self.categories()],
            "unit": self.unit,
            "urgency": self.urgency,
            "conversation": self.conversation,
            "after": list(self.after),
        }


async def around(client: Client, wanted: Wanted) -> Situation:
    """Fetch and believe everything around the child and the recipients; raises `Tampered`."""
    found = await situation(client, wanted.subject, [to for to in wanted.to if isinstance(to, UnitId)])
    if not any(isinstance(to, PersonId) for to in wanted.to):
        # Shields keep persons out, never units.
        return found
    hidden = await shields.listed(client, wanted.subject)
    return replace(found, shields=tuple(shield for each in hidden for shield in each.shielding.shields))


def permitted(client: Client, found: Situation, wanted: Wanted, *, hold: bool) -> tuple[Permit | Deny, tuple[str, ...]]:
    """Decide; a `Deny` comes back only where the share may wait for what is missing. Raises `Denied`."""
    answer, consents = choose(client, found, wanted)
    if isinstance(answer, Deny) and not (hold and consents):
        raise refusal(answer, wanted.language)
    return answer, consents


def choose(client: Client, found: Situation, wanted: Wanted) -> tuple[Permit | Deny, tuple[str, ...]]:
    """Find consents that permit the share, and return the answer with the consents that came closest."""
    now = clock()
    acting = [] if wanted.unit is None else [(client.person, wanted.unit)]
    closest: tuple[Deny, tuple[str, ...]] | None = None
    for purpose, consents in _candidates(found, wanted):
        ask = Ask(
            act=Act.SHARE,
            subject=wanted.subject,
            matter=wanted.matter,
            purpose=purpose,
            sender=Actor(client.person, wanted.unit),
            receivers=tuple(sorted(wanted.to)),
            reader=None,
            categories=wanted.categories(),
            consents=consents,
            shared_at=None,
        )
        answer = decide(ask, found.case(consents, acting), now)
        if isinstance(answer, Permit):
            return answer, consents
        if closest is None or _closeness(answer) >= _closeness(closest[0]):
            closest = answer, consents if answer.missing else ()
    return closest or (Deny(Reason.NO_CONSENT), ())


def _closeness(deny: Deny) -> tuple[bool, int]:
    """Rank denials by how far the judgement came: who lacks a signature only is closer than who has no consent."""
    return bool(deny.missing), list(Reason).index(deny.reason)


def _candidates(found: Situation, wanted: Wanted) -> Iterator[tuple[Purpose, tuple[str, ...]]]:
    """Yield every set of consents in the matter that could carry the share: for a referral, care beside disclosure."""
    in_matter = [facts.terms for facts in found.consents if facts.terms.matter == wanted.matter]
    for purpose in Purpose:
        others = [one.digest for one in in_matter if one.purpose is purpose and one.kind is not Kind.CARE]
        care = [one.digest for one in in_matter if one.purpose is purpose and one.kind is Kind.CARE]
        if purpose is Purpose.REFERRAL and Category.REFERRAL in wanted.categories():
            pairs = [tuple(sorted(pair)) for pair in product(care, others)]
        else:
            pairs = [(digest,) for digest in others]
        for consents in reversed(pairs):
            yield purpose, consents


def refusal(deny: Deny, language: Language) -> Denied:
    """Return the error that says why something may not be sent, and who must still act."""
    missing = tuple(f"{one.act}:{one.person}" for one in deny.missing)
    said = denied(deny.reason, language)
    return Denied(said.code, str(said), missing=missing, rule=deny.rule)
