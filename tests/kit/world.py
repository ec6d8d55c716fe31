"""A small world over the real application: root, policy, registrar, units with custodians and staff, a child.

    async with open_world(tmp_path) as world:
        await world.begin()                       # root, policy, registrar
        gp = await world.add_unit("Legekontoret")  # a unit with a custodian, one member of staff, and an epoch
        mother = await world.add_person("mor")
        child = await world.add_child([mother])

Every step goes over HTTP with real keys. `world.say` signs any body, so that tests can say what must be refused.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from keys import mac, sealing, signing
from keys.canonical import canonical
from keys.encoding import decode, encode
from protocol.consent.case import AcceptedRules, Holder
from protocol.consent.vocabulary import Capacity, Regime, Responsibility
from protocol.identifiers import Instant, InvitationId, PersonId, SubjectId, UnitId
from protocol.identity import Directory, Logged, Policy, accept_policy
from protocol.pins import Pins
from protocol.statements.base import Body, sign
from protocol.statements.enrolment import InvitationBody, enrolment_fields
from protocol.statements.identity import (
    EndorsementBody,
    EpochBody,
    Member,
    PolicyBody,
    Registrar,
    SheetBody,
    SubjectCard,
    UnitBody,
)
from server.app import build_app
from server.audit.wiring import WRITER
from server.config import Settings
from server.initialise import Chosen, initialise
from tests.kit.actor import Actor, Device, Reply, reply
from tests.kit.clock import DAY, START, Clock
from tests.kit.postgres import own_database

SERVER = "https://fortrolig.example"
RULES = "0" * 64


def new_unit() -> UnitId:
    return UnitId.of(secrets.token_bytes(16))


def new_invitation() -> InvitationId:
    return InvitationId.of(secrets.token_bytes(16))


@dataclass
class Unit:
    """A unit with whoever works there, and its present epoch."""

    unit: UnitId
    name: str
    custodian: Actor
    staff: list[Actor] = field(default_factory=list)
    key: sealing.SealingKey = field(default_factory=sealing.generate, repr=False)
    number: int = 0
    members: list[Actor] = field(default_factory=list)


@dataclass
class Child:
    """A subject with its latest sheet and card."""

    subject: SubjectId
    sheet: SheetBody
    card: SubjectCard
    digest: str = ""


@dataclass
class World:
    """Everything that a test needs to act; made by `open_world`."""

    client: TestClient[Any, Any]
    settings: Settings
    clock: Clock
    root: signing.SigningKey
    root_person: PersonId
    registrar: Actor
    officer: Actor
    """A second registrar, who confirms."""
    verifier: str
    policy_number: int = 0
    devices: dict[PersonId, Device] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        """The log's origin: what statements are made for."""
        return self.verifier.split("+", 1)[0]

    @property
    def log(self) -> Any:
        return self.client.app[WRITER].log

    async def stop(self) -> None:
        """Stop the server; its data directory stays."""
        await self.client.close()

    async def start(self) -> None:
        """Serve the data directory again, as another process; everybody signs in anew."""
        self.client, self.devices = await _serve(self.settings, self.clock), {}

    # Asking

    def device(self, actor: Actor) -> Device:
        """Give the actor's device; it signs in at its first request."""
        known = self.devices.get(actor.person)
        if known is None or known.actor is not actor:
            known = self.devices[actor.person] = Device(self.client, self.clock, actor)
        return known

    async def get(self, actor: Actor, path: str) -> Reply:
        return await self.device(actor).ask("GET", path)

    async def post(self, actor: Actor, path: str, body: Any, headers: dict[str, str] | None = None) -> Reply:
        return await self.device(actor).ask("POST", path, body, headers)

    async def ask_publicly(self, method: str, path: str, body: Any = None) -> Reply:
        async with self.client.request(method, path, json=body) as response:
            return reply(response.status, await response.read())

    # Saying

    def say(
        self,
        actor: Actor,
        body: Body,
        *,
        made: Instant | None = None,
        seen: str | None = None,
        aud: str | None = None,
        key: signing.SigningKey | None = None,
    ) -> str:
        """Sign a body as the actor, now and for this log unless told otherwise."""
        when = self.clock.now if made is None else made
        return sign(body, key or actor.sign, iss=actor.person, aud=aud or self.origin, made=when, seen=seen)

    async def hand_in(self, actor: Actor, body: Body, **parts: Any) -> Reply:
        """Sign a statement of the chain and hand it in, with what goes along."""
        return await self.post(actor, "/v1/statements", {"token": self.say(actor, body), **parts})

    def at(self, milliseconds: int) -> Instant:
        """Give the instant that lies this far from now."""
        return Instant(self.clock.now + milliseconds)

    # Building

    def policy_body(self, **changed: Any) -> PolicyBody:
        told: dict[str, Any] = {
            "number": self.policy_number + 1,
            "not_after": self.at(300 * DAY),
            "server": SERVER,
            "log": self.verifier,
            "witnesses": (),
            "quorum": 0,
            "registrars": tuple(Registrar(each.person, each.keys) for each in (self.registrar, self.officer)),
            "rules": (AcceptedRules(holds_from=Instant(0), holds_to=self.at(3000 * DAY), digest=RULES),),
        }
        return PolicyBody(**(told | changed))

    async def publish_policy(self, body: PolicyBody, *, root: signing.SigningKey | None = None, **said: Any) -> Reply:
        key = root or self.root
        token = self.say(Actor("rot", self.root_person, key), body, **said)
        return await self.ask_publicly("POST", "/v1/policy", {"root": key.public.jwk, "token": token})

    async def begin(self) -> None:
        """Publish the first policy, or the next."""
        done(await self.publish_policy(self.policy_body()))
        self.policy_number += 1

    def invitation_body(self, holder: Actor, role: str, unit: UnitId | None, /, **changed: Any) -> InvitationBody:
        told: dict[str, Any] = {
            "id": new_invitation(),
            "holder": holder.person,
            "role": role,
            "unit": unit,
            "name": None if role == "person" else holder.name,
            "not_after": self.at(10 * DAY),
        }
        return InvitationBody(**(told | changed))

    async def invite(
        self, inviter: Actor, holder: Actor, role: str, unit: UnitId | None = None, /, **changed: Any
    ) -> InvitationBody:
        body = self.invitation_body(holder, role, unit, **changed)
        done(await self.post(inviter, "/v1/invitations", {"token": self.say(inviter, body)}))
        return body

    async def answer(self, inviter: Actor, invitation: InvitationBody, holder: Actor, secret: bytes) -> Reply:
        """Answer an invitation as the newcomer's client does."""
        fields = enrolment_fields(
            invitation,
            server=SERVER,
            log=self.origin,
            root=self.root.kid,
            inviter=inviter.sign.kid,
            keys=holder.keys,
        )
        told = {"keys": holder.keys.to_json(), "mac": mac.authenticate(fields, secret).hex()}
        return await self.ask_publicly("POST", f"/v1/invitations/{invitation.id}/answers", told)

    def endorsement_body(
        self, inviter: Actor, invitation: InvitationBody, holder: Actor, /, **changed: Any
    ) -> EndorsementBody:
        told: dict[str, Any] = {
            "number": 1,
            "not_after": self.at(80 * DAY),
            "invitation": invitation.id,
            "server": SERVER,
            "root": self.root.kid,
            "inviter": inviter.sign.kid,
            "holder": invitation.holder,
            "unit": invitation.unit,
            "role": invitation.role,
            "name": invitation.name,
            "keys": holder.keys,
        }
        return EndorsementBody(**(told | changed))

    async def enrol(self, inviter: Actor, holder: Actor, role: str, unit: UnitId | None = None) -> InvitationBody:
        """Invite, answer and endorse."""
        invitation = await self.invite(inviter, holder, role, unit)
        done(await self.answer(inviter, invitation, holder, mac.generate()))
        done(await self.hand_in(inviter, self.endorsement_body(inviter, invitation, holder)))
        return invitation

    async def add_person(self, name: str) -> Actor:
        """Enrol somebody of a family."""
        actor = Actor(name)
        await self.enrol(self.registrar, actor, "person")
        return actor

    def unit_body(self, unit: UnitId, name: str = "Enheten", /, **changed: Any) -> UnitBody:
        told: dict[str, Any] = {
            "number": 1,
            "not_after": self.at(80 * DAY),
            "unit": unit,
            "name": name,
            "entity": "Kommunen",
            "organisation": "999999999",
            "parent": None,
            "regime": Regime.HEALTH,
        }
        return UnitBody(**(told | changed))

    async def add_unit(
        self, name: str, *, parent: UnitId | None = None, regime: Regime = Regime.HEALTH, staff: int = 1
    ) -> Unit:
        """Register a unit with a custodian and staff, all members of its first epoch."""
        unit = new_unit()
        done(await self.hand_in(self.registrar, self.unit_body(unit, name, parent=parent, regime=regime)))
        made = Unit(unit, name, Actor(f"{name}: forvalter"))
        await self.enrol(self.registrar, made.custodian, "custodian", unit)
        for number in range(staff):
            await self.add_staff(made, f"{name}: ansatt {number + 1}")
        done(await self.next_epoch(made, [made.custodian, *made.staff]))
        return made

    async def add_staff(self, unit: Unit, name: str) -> Actor:
        """Enrol a member of staff; not a member of an epoch yet."""
        actor = Actor(name)
        await self.enrol(unit.custodian, actor, "staff", unit.unit)
        unit.staff.append(actor)
        return actor

    def epoch_body(self, unit: Unit, members: Iterable[Actor], key: sealing.SealingKey, /, **changed: Any) -> EpochBody:
        told: dict[str, Any] = {
            "number": unit.number + 1,
            "not_after": self.at(80 * DAY),
            "unit": unit.unit,
            "seal": key.public.raw,
            "members": tuple(Member(member.person, member.keys.digest) for member in members),
        }
        return EpochBody(**(told | changed))

    def seeds(self, unit: Unit, members: Iterable[Actor], key: sealing.SealingKey) -> list[dict[str, str]]:
        """Seal an epoch's seed to its members."""
        info = canonical({"v": 1, "use": "epoch", "unit": unit.unit})
        return [
            {"person": member.person, "sealed": encode(sealing.seal(key.to_bytes(), member.seal.public, info))}
            for member in members
        ]

    async def next_epoch(
        self, unit: Unit, members: list[Actor], /, *, new_key: bool = True, by: Actor | None = None, **changed: Any
    ) -> Reply:
        """Publish the unit's next epoch; `unit` follows if it was accepted."""
        key = sealing.generate() if new_key else unit.key
        body = self.epoch_body(unit, members, key, **changed)
        parts: dict[str, Any] = {"seeds": self.seeds(unit, members, key)}
        if unit.number and new_key:
            info = canonical({"v": 1, "use": "previous", "unit": unit.unit})
            parts["previous"] = encode(sealing.seal(unit.key.to_bytes(), key.public, info))
        answer = await self.hand_in(by or unit.custodian, body, **parts)
        if answer.status == 201:
            unit.key, unit.members, unit.number = key, members, body.number
        return answer

    def sheet_body(
        self, subject: SubjectId, card: SubjectCard, guardians: Iterable[Actor], /, **changed: Any
    ) -> SheetBody:
        told: dict[str, Any] = {
            "number": 1,
            "not_after": self.at(25 * DAY),
            "subject": subject,
            "birth_date": date(2019, 5, 4),
            "responsibility": Responsibility.JOINT,
            "may_sign": tuple(self.entitled(guardian) for guardian in guardians),
            "may_know": (),
            "authorities": (),
            "card": card.digest,
            "index": "1" * 64,
        }
        return SheetBody(**(told | changed))

    def entitled(
        self, actor: Actor, capacity: Capacity = Capacity.GUARDIAN, *, holds_to: Instant | None = None
    ) -> Holder:
        """Put a person on a sheet, from long ago until `holds_to`."""
        begun = Instant(START - 1000 * DAY)
        return Holder(holds_from=begun, holds_to=holds_to, person=actor.person, capacity=capacity, known_at=begun)

    def cards(self, card: SubjectCard, holders: Iterable[Actor | Unit]) -> list[dict[str, str]]:
        """Seal a child's card to those concerned."""
        info = canonical({"v": 1, "use": "card", "subject": card.subject})
        sealed = []
        for holder in holders:
            to = holder.unit if isinstance(holder, Unit) else holder.person
            key = holder.key if isinstance(holder, Unit) else holder.seal
            sealed.append({"to": to, "sealed": encode(sealing.seal(canonical(card.to_json()), key.public, info))})
        return sealed

    async def add_child(self, guardians: list[Actor], units: Iterable[Unit] = (), **changed: Any) -> Child:
        """Publish a child's first sheet, with cards for the guardians and units."""
        subject = SubjectId.of(secrets.token_bytes(16))
        card = SubjectCard(subject, "Testbarn Syntetisk", "00000000000", secrets.token_bytes(32))
        body = self.sheet_body(subject, card, guardians, **changed)
        answer = done(await self.hand_in(self.registrar, body, cards=self.cards(card, [*guardians, *units])))
        return Child(subject, body, card, answer.body["digest"])

    # Believing

    async def policy(self) -> Policy:
        """Fetch the policy and believe it under the root's fingerprint, as a client does."""
        body = (await self.ask_publicly("GET", "/v1/policy")).body
        root = signing.PublicKey.from_jwk(body["root"])
        return accept_policy(body["policy"]["token"], root, self.root.kid, Pins(), self.clock.now)

    async def believe(self, statements: Iterable[Any]) -> Directory:
        """Fill a client's directory with what the server answered; raises `Refused` if it does not hold."""
        directory = Directory(await self.policy(), Pins(), self.clock.now)
        directory.learn([Logged.parse(each) for each in statements])
        return directory


def done(answer: Reply) -> Reply:
    """Insist that something was accepted."""
    assert answer.status in {200, 201}, (answer.status, answer.body)
    return answer


@contextlib.asynccontextmanager
async def open_world(folder: Path, clock: Clock | None = None) -> AsyncIterator[World]:
    """Serve the whole application over a new data directory; nothing is published yet.

    Rows are in SQLite, or in a database of their own on the server that FORTROLIG_TEST_POSTGRES names.
    """
    clock = clock or Clock()
    root = signing.generate()
    async with own_database() as url:
        chosen = Chosen(decode(root.kid).hex(), "http://127.0.0.1:1", "fortrolig.example/log", database_url=url)
        settings, verifier = initialise(folder / "server", chosen)
        settings = settings.model_copy(update={"origin": None})
        client = await _serve(settings, clock)
        root_person = PersonId.of(secrets.token_bytes(16))
        registrars = Actor("registrator"), Actor("kollega")
        world = World(client, settings, clock, root, root_person, *registrars, verifier)
        try:
            yield world
        finally:
            await world.stop()


async def _serve(settings: Settings, clock: Clock) -> TestClient[Any, Any]:
    app: web.Application = build_app(settings, clock=clock)
    client: TestClient[Any, Any] = TestClient(TestServer(app))
    await client.start_server()
    return client
