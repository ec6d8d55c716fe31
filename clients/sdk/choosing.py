"""Choosing: which consents in the matter carry what somebody wants to send, or what they lack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Self

from clients.sdk.client import Client
from clients.sdk.consents import Situation, situation
from clients.sdk.content import Attachment
from clients.sdk.errors import Denied
from clients.sdk.transport import clock
from protocol.consent.answer import Deny, Permit, Reason
from protocol.consent.ask import Actor, Ask
from protocol.consent.case import Case
from protocol.consent.decide import decide
from protocol.consent.explain import explain
from protocol.consent.vocabulary import Act, Category, Kind, Language, Purpose
from protocol.identifiers import ConversationId, Instant, MatterId, PersonId, SubjectId, UnitId


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

    def units(self) -> frozenset[UnitId]:
        """Every unit that it is sealed to: those it goes to, and the sender's own."""
        return frozenset(each for each in (*self.to, self.unit) if isinstance(each, UnitId))

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


@dataclass(frozen=True, slots=True)
class Choice:
    """The answer for one set of consents, with what it was decided by."""

    answer: Permit | Deny
    ask: Ask
    case: Case
    at: Instant

    @property
    def consents(self) -> tuple[str, ...]:
        """Those that carry the share, or would once somebody has acted; none where they never will."""
        may = isinstance(self.answer, Permit) or self.answer.missing
        return self.ask.consents if may else ()


async def around(client: Client, wanted: Wanted) -> Situation:
    """Fetch and believe everything around the child and the recipients; raises `Tampered`."""
    return await situation(client, wanted.subject, [to for to in wanted.to if isinstance(to, UnitId)])


def permitted(client: Client, found: Situation, wanted: Wanted, *, hold: bool) -> tuple[Permit | Deny, tuple[str, ...]]:
    """Decide; a `Deny` comes back only where the share may wait for what is missing. Raises `Denied`."""
    choice = choose(client, found, wanted)
    if isinstance(choice.answer, Deny) and not (hold and choice.consents):
        raise refusal(choice.answer, choice, wanted.language)
    return choice.answer, choice.consents


def choose(client: Client, found: Situation, wanted: Wanted) -> Choice:
    """Find consents that permit the share, or those that came closest."""
    now = clock()
    acting = [] if wanted.unit is None else [(client.person, wanted.unit)]

    def choice(purpose: Purpose, consents: tuple[str, ...]) -> Choice:
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
        case = found.case(consents, acting)
        return Choice(decide(ask, case, now) if consents else Deny(Reason.NO_CONSENT), ask, case, now)

    closest, rank = choice(Purpose.INFORMATION, ()), (False, -1)
    for purpose, consents in _candidates(found, wanted):
        tried = choice(purpose, consents)
        if isinstance(tried.answer, Permit):
            return tried
        if _closeness(tried.answer) >= rank:
            closest, rank = tried, _closeness(tried.answer)
    return closest


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


def refusal(deny: Deny, choice: Choice, language: Language) -> Denied:
    """Return the error that says why something may not be sent, who must still act, and what to do."""
    missing = tuple(f"{one.act}:{one.person}" for one in deny.missing)
    told = explain(deny, choice.ask, choice.ask.sender, choice.case, choice.at, language=language)
    return Denied(str(deny.reason), told.text, missing=missing, rule=deny.rule, explanation=told)
