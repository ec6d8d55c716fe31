"""Asking back: a question to the unit that asks for a consent, before one answers it.

Nothing is written to anybody without a consent, so the question brings its own: an own-sending to that unit alone, in
the same matter, which the asker signs in the same act. The other parent is not told of it, and the unit may answer.
"""

from __future__ import annotations

from clients.sdk import consents, sending
from clients.sdk.client import Client
from clients.sdk.consents import Known, Wanted
from clients.sdk.errors import Misused
from clients.sdk.requests import asked_for
from clients.sdk.sharing import Sent
from protocol.consent.notices import OPEN_STATES
from protocol.consent.state import State
from protocol.consent.terms import PersonParty, Terms
from protocol.consent.vocabulary import Category, Language, Purpose
from protocol.identifiers import UnitId

_MONTHS = 3
"""For how long the question and its answers may be written and read."""


async def ask(client: Client, known: Known, title: str, words: str, language: Language) -> Sent:
    """Send a question to the unit that asks; with it the consent to write, if there is none in force yet.

    Begun and broken off, the same again goes on where it stopped.

    Raises:
        Misused: one of the family asked (`asked-by-family`): talk to them.
        Denied: the law lets the asker not send on their own; the sentence says why.
    """
    terms, unit = known.terms, asked_for(known)
    if unit is None:
        raise Misused("asked-by-family", "Somebody in the family asked for this. Talk to them directly.")
    await _let_write(client, terms, unit, language)
    question = sending.Wanted(
        subject=terms.subject,
        matter=terms.matter,
        to=(unit,),
        title=title,
        category=Category.MESSAGE,
        message=words,
        language=language,
    )
    return await sending.send(client, question)


async def _let_write(client: Client, terms: Terms, unit: UnitId, language: Language) -> None:
    """Have a consent to write to the unit: the one in force, the one that was begun, or a new one."""
    own = await _own_sendings(client, terms, unit)
    if any(one.standing.state is State.IN_FORCE for one in own):
        return
    begun = [one for one in own if one.standing.state in OPEN_STATES]
    if not begun:
        await consents.request(client, _to_write(client, terms, unit, language))
        begun = [one for one in await _own_sendings(client, terms, unit) if one.standing.state in OPEN_STATES]
    for one in begun:
        await consents.sign(client, one)


async def _own_sendings(client: Client, terms: Terms, unit: UnitId) -> list[Known]:
    return [
        one
        for one in await consents.listed(client, terms.subject)
        if one.terms.matter == terms.matter
        and one.terms.purpose is Purpose.OWN_SENDING
        and one.terms.senders == (PersonParty(client.person),)
        and unit in {party.id for party in one.terms.receivers}
        and Category.MESSAGE in one.terms.categories
    ]


def _to_write(client: Client, terms: Terms, unit: UnitId, language: Language) -> Wanted:
    return Wanted(
        subject=terms.subject,
        matter=terms.matter,
        purpose=Purpose.OWN_SENDING,
        senders=consents.parties([client.person]),
        receivers=consents.parties([unit, client.person]),
        categories=(Category.MESSAGE,),
        share_months=_MONTHS,
        read_months=_MONTHS,
        language=language,
    )
