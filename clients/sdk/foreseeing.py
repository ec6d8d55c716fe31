"""What parents will come to know of something before it is sent (DESIGN §1, promise 7)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from clients.sdk.choosing import Choice, Wanted, around, choose
from clients.sdk.client import Client
from clients.sdk.consents import Situation
from clients.sdk.transport import clock
from protocol.consent.ask import Actor
from protocol.consent.case import Sheet
from protocol.consent.visibility import View, view
from protocol.consent.vocabulary import Capacity
from protocol.identifiers import Instant, PersonId


class ParentsSee(StrEnum):
    """The most that any other holder of parental responsibility comes to know through the program."""

    NOTHING = "nothing"
    THAT_IT_WAS_SENT = "that-it-was-sent"
    """That something was sent, when, between whom and who opened it; not what."""
    CONTENT = "content"
    """They are recipients."""


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What would come of sending now: the decision, whether I am the youth, and what parents would see."""

    choice: Choice
    youth: bool
    parents: ParentsSee


async def foreseen(client: Client, wanted: Wanted) -> Foreseen:
    """Say what would come of sending this now, before anything is encrypted; sends and logs nothing.

    Raises:
        Tampered: something that came does not hold.
    """
    found, now = await around(client, wanted), clock()
    choice = choose(client, found, wanted)
    sheet, consents = choice.case.sheet, choice.consents
    if sheet is None:
        return Foreseen(choice, youth=False, parents=ParentsSee.NOTHING)
    seen = [parents_see(found, consents, parent, wanted, now) for parent in _parents(sheet, now) - {client.person}]
    youth = any(one.person == client.person and one.capacity is Capacity.SELF for one in sheet.may_sign)
    return Foreseen(choice, youth, max(seen, key=list(ParentsSee).index, default=ParentsSee.NOTHING))


def parents_see(
    found: Situation, consents: tuple[str, ...], parent: PersonId, wanted: Wanted, now: Instant
) -> ParentsSee:
    """Say what one parent would see of a share under these consents."""
    case = found.case(consents)
    views: list[View] = [view(Actor(parent, None), consent, case, now) for consent in case.consents]
    if parent in wanted.to and any(one.content for one in views):
        return ParentsSee.CONTENT
    if any(one.existence or one.notices or one.log for one in views):
        return ParentsSee.THAT_IT_WAS_SENT
    return ParentsSee.NOTHING


def _parents(sheet: Sheet, now: Instant) -> set[PersonId]:
    holders = (*sheet.may_sign, *sheet.may_know)
    return {one.person for one in holders if one.capacity is Capacity.GUARDIAN and one.holds(now)}
