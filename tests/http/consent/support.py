"""A family, three services and their consents, over the real application."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection

from protocol.consent.age import months_after
from protocol.consent.case import AcceptedRules, ConsentFacts
from protocol.consent.coverage import situation_of_terms
from protocol.consent.law import requirements, roles
from protocol.consent.ruleset import current_rules
from protocol.consent.terms import Party, PersonParty, Role, Terms, Text, UnitParty
from protocol.consent.vocabulary import Capacity, Category, Kind, Language, Purpose, Regime, RoleAct
from protocol.identifiers import ConsentId, Instant, MatterId, StatementId, SubjectId
from protocol.log.details import Details
from protocol.log.entry import Entry
from protocol.statements.consent import (
    ConsentAct,
    HearingBody,
    RequestBody,
    SignatureBody,
)
from server.audit import store as log_store
from server.audit.wiring import DATABASE
from server.consent import cases
from tests.kit.actor import Actor, Reply
from tests.kit.clock import DAY
from tests.kit.world import Child, Unit, World, done, open_world

REQUESTS = "/v1/consents"
WORDS = "/v1/consent-statements"
BORN_7 = date(2019, 5, 4)
BORN_14 = date(2012, 5, 4)
BORN_15 = date(2011, 5, 4)
BORN_17 = date(2009, 5, 4)
"""Birth dates by age at the kit's START, in January 2027."""


def new_matter() -> MatterId:
    return MatterId.of(secrets.token_bytes(16))


def new_statement() -> StatementId:
    return StatementId.of(secrets.token_bytes(16))


def new_consent() -> ConsentId:
    return ConsentId.of(secrets.token_bytes(16))


def party(who: Unit | Actor, *, subunits: bool = False) -> Party:
    return UnitParty(who.unit, subunits) if isinstance(who, Unit) else PersonParty(who.person)


def ordered(parties: Iterable[Party]) -> tuple[Party, ...]:
    return tuple(sorted(parties, key=lambda each: each.id))


@dataclass
class Town:
    """Mother and father of one child, an aunt who may know, the youth; a GP, BUP and a school."""

    world: World
    mother: Actor
    father: Actor
    aunt: Actor
    youth: Actor
    stranger: Actor
    gp: Unit
    bup: Unit
    school: Unit
    child: Child
    matter: MatterId

    @property
    def doctor(self) -> Actor:
        return self.gp.staff[0]

    @property
    def psychologist(self) -> Actor:
        return self.bup.staff[0]

    @property
    def teacher(self) -> Actor:
        return self.school.staff[0]

    # Terms

    async def terms(self, **changed: Any) -> Terms:
        """Write terms from the GP to BUP with the roles that the law gives now; then apply what is to be wrong."""
        wrong = {name: changed.pop(name) for name in ("roles", "rules") if name in changed}
        made = changed.get("made", self.world.clock.now)
        told: dict[str, Any] = {
            "v": 1,
            "id": new_consent(),
            "subject": self.child.subject,
            "matter": self.matter,
            "kind": Kind.DISCLOSURE,
            "purpose": Purpose.INFORMATION,
            "senders": (party(self.gp),),
            "receivers": (party(self.bup),),
            "categories": (Category.HEALTH_NOTE, Category.MESSAGE),
            "made": made,
            "share_until": Instant(made + 60 * DAY),
            "read_until": Instant(made + 90 * DAY),
            "rules": current_rules().digest,
            "onward": False,
            "roles": (Role(self.mother.person, RoleAct.SIGNS, "none"),),
            "text": Text("1", Language.BOKMAL, "Samtykke"),
        }
        draft = Terms(**(told | changed))
        asked = await self.law(draft)
        last: dict[str, Any] = {"roles": asked or draft.roles} | wrong
        return Terms.parse(replace(draft, **last).to_json())

    async def law(self, draft: Terms) -> tuple[Role, ...] | None:
        """Derive the roles as a client does, from the server's facts; None where the law has no answer."""
        app, at = self.world.client.app, self.world.clock.now
        facts = ConsentFacts(draft, at)
        case = await app[DATABASE].read(cases.around, draft.subject, [facts], (), (), at)
        situation = situation_of_terms(draft, case)
        if situation is None or case.sheet is None:
            return None
        asked = requirements(current_rules(), situation, case.sheet, at)
        return roles(asked, case.sheet) if not isinstance(asked, str) else None

    # Asking and saying

    async def ask(self, actor: Actor, terms: Terms, unit: Unit | None = None, **said: Any) -> Reply:
        body = RequestBody(new_statement(), None if unit is None else unit.unit, terms)
        return await self.world.post(actor, REQUESTS, {"token": self.world.say(actor, body, **said)})

    async def asked(self, actor: Actor | None = None, unit: Unit | None = None, **changed: Any) -> Terms:
        """Have a consent asked for, by the doctor unless told otherwise."""
        terms = await self.terms(**changed)
        by, for_unit = (self.doctor, self.gp) if actor is None else (actor, unit)
        answer = done(await self.ask(by, terms, for_unit))
        assert answer.body["consent"] == terms.digest
        return terms

    async def say(self, actor: Actor, kind: type[ConsentAct], terms: Terms, **changed: Any) -> Reply:
        told: dict[str, Any] = {
            "id": new_statement(),
            "consent": terms.digest,
            "subject": terms.subject,
            "matter": terms.matter,
        }
        if kind is SignatureBody:
            told |= {"text_version": terms.text.version, "language": str(terms.text.language)}
        return await self.world.post(actor, WORDS, {"token": self.world.say(actor, kind(**(told | changed)))})

    async def hear(
        self,
        actor: Actor,
        outcome: str = "for",
        unit: Unit | None = None,
        *,
        matter: MatterId | None = None,
        subject: SubjectId | None = None,
    ) -> Reply:
        body = HearingBody(
            new_statement(),
            subject or self.child.subject,
            matter or self.matter,
            None if unit is None else unit.unit,
            outcome,
            None,
        )
        return await self.world.post(actor, WORDS, {"token": self.world.say(actor, body)})

    async def in_force(self, **changed: Any) -> Terms:
        """Have a consent of both parents, the child heard."""
        terms = await self.asked(**changed)
        for parent in (self.mother, self.father):
            done(await self.say(parent, SignatureBody, terms))
        done(await self.hear(self.doctor, unit=self.gp))
        return terms

    # Listing

    async def listed(self, actor: Actor, query: str = "") -> list[str]:
        """Give the digests of one page."""
        answer = done(await self.world.get(actor, f"{REQUESTS}{query}"))
        return [each["consent"] for each in answer.body["consents"]]

    # The child

    async def next_sheet(self, **changed: Any) -> None:
        """Publish the next sheet of the child."""
        body = replace(self.child.sheet, number=self.child.sheet.number + 1, **changed)
        done(await self.world.hand_in(self.world.registrar, body))
        self.child.sheet = body


@contextlib.asynccontextmanager
async def open_town(folder: Path, *, born: date = BORN_7, **sheet: Any) -> AsyncIterator[Town]:
    """Serve a world with everybody in it, under the rules of this program."""
    async with open_world(folder) as world:
        await publish_rules(world)
        mother, father, aunt, youth = [await world.add_person(name) for name in ("mor", "far", "tante", "barnet")]
        stranger = await world.add_person("fremmed")
        gp, bup = [await world.add_unit(name) for name in ("Legekontoret", "BUP")]
        school = await world.add_unit("Skolen", regime=Regime.EDUCATION)
        entitled = [world.entitled(mother), world.entitled(father), world.entitled(youth, Capacity.SELF)]
        told: dict[str, Any] = {
            "birth_date": born,
            "may_sign": tuple(entitled),
            "may_know": (*entitled, world.entitled(aunt, Capacity.FAMILY)),
        }
        child = await world.add_child([mother, father], **(told | sheet))
        yield Town(world, mother, father, aunt, youth, stranger, gp, bup, school, child, new_matter())


def refusal(answer: Reply) -> tuple[int, str]:
    """Give a refusal's status and why: the decision's reason, else the problem's code."""
    return answer.status, answer.body.get("reason") or answer.body["code"]


async def publish_rules(world: World, *digests: str) -> None:
    """Publish the next policy, which accepts these rule sets, or the program's own."""
    rules = tuple(
        AcceptedRules(holds_from=Instant(0), holds_to=None, digest=each)
        for each in (digests or (current_rules().digest,))
    )
    done(await world.publish_policy(world.policy_body(rules=rules)))
    world.policy_number += 1


def longest_share(made: Instant) -> Instant:
    return months_after(made, current_rules().purposes[Purpose.INFORMATION].share_months)


class LastEntry(NamedTuple):
    """The newest entry of the log, its details, and the scope under whose key these are kept."""

    entry: Entry
    details: Details
    scope: str | None


async def last_entry(world: World, back: int = 1) -> LastEntry:
    """Read an entry from the end of the log."""

    def read(connection: Connection) -> LastEntry:
        [leaf] = log_store.stored_some(connection, [world.log.head.size - back])
        [(_, disclosure)] = world.log.disclose(connection, [leaf])
        entry, details = disclosure.open()
        return LastEntry(entry, details, leaf.scope)

    found: LastEntry = await world.client.app[DATABASE].read(read)
    return found
