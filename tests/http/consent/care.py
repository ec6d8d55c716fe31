"""A child welfare service in town, and what two registrars determine about the child."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from protocol.consent.case import Holder
from protocol.consent.vocabulary import AuthorityKind, Capacity, Purpose, Regime
from protocol.statements.authority import AuthorityBody, AuthorityConfirmationBody, AuthorityEndBody
from tests.http.consent.support import Town, new_statement
from tests.kit.actor import Actor, Reply
from tests.kit.clock import DAY
from tests.kit.world import Unit, done

PURPOSES = tuple(sorted(set(Purpose) - {Purpose.OWN_SENDING}))


@dataclass
class Service:
    """The child welfare service, its caseworker with a key of their own, and what was said so far."""

    town: Town
    unit: Unit
    caseworker: Actor

    def order(self, **changes: Any) -> AuthorityBody:
        """A care order by which the caseworker signs."""
        world = self.town.world
        told: dict[str, Any] = {
            "id": new_statement(),
            "not_after": world.at(300 * DAY),
            "subject": self.town.child.subject,
            "by": AuthorityKind.CARE_ORDER,
            "number": "BHN-2026-0417",
            "decided_on": date(2026, 8, 20),
            "unit": self.unit.unit,
            "persons": (self.caseworker.person,),
            "purposes": PURPOSES,
            "holds_from": world.at(-DAY),
            "holds_to": None,
        }
        return AuthorityBody(**(told | changes))

    async def say(self, body: Any, by: Actor | None = None) -> Reply:
        """Hand in a registrar's word, by the first unless told otherwise."""
        return await self.town.world.hand_in(by or self.town.world.registrar, body)

    async def record(self, **changes: Any) -> str:
        """Record an order and name it on the child's next sheet, with the caseworker."""
        digest: str = done(await self.say(self.order(**changes))).body["digest"]
        await self.name(digest)
        return digest

    async def name(self, digest: str, *listed: Holder) -> None:
        """Publish the next sheet, which names one thing more, and the caseworker unless others are given."""
        sheet = self.town.child.sheet
        more = listed or (self.town.world.entitled(self.caseworker, Capacity.CHILD_WELFARE),)
        signing = tuple({each.person: each for each in (*sheet.may_sign, *more)}.values())
        knowing = tuple({each.person: each for each in (*sheet.may_know, *more)}.values())
        named = tuple(sorted((*sheet.authorities, digest)))
        await self.town.next_sheet(authorities=named, may_sign=signing, may_know=knowing)

    def confirming(self, digest: str, **changes: Any) -> AuthorityConfirmationBody:
        body = AuthorityConfirmationBody(new_statement(), self.town.child.subject, digest)
        return replace(body, **changes)

    async def confirm(self, digest: str, by: Actor | None = None) -> Reply:
        """Confirm it, as the second registrar unless told otherwise."""
        return await self.say(self.confirming(digest), by or self.town.world.officer)

    async def end(self, digest: str) -> str:
        """Record the end of an order, and name it on the sheet."""
        body = AuthorityEndBody(new_statement(), self.town.child.subject, digest)
        ended: str = done(await self.say(body)).body["digest"]
        await self.name(ended)
        return ended

    async def in_care(self, **changes: Any) -> str:
        """Have an order recorded and confirmed."""
        digest = await self.record(**changes)
        done(await self.confirm(digest))
        return digest


async def open_service(town: Town) -> Service:
    """Register the service; the registrar vouches for the caseworker as a person."""
    unit = await town.world.add_unit("Barneverntjenesten", regime=Regime.CHILD_WELFARE)
    return Service(town, unit, await town.world.add_person("kontaktperson"))
