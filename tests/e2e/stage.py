"""A stage for the SDK and the command line: a server with a registrar, two units and a family, built once and copied.

GP practice  custodian gp-custodian, staff gp       BUP clinic  custodian bup-custodian, staff bup, former
family       mother and father of one child          stranger    somebody else's parent
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiohttp import web

from clients.sdk import consents, enrolment, registrar, sending, subjects, units
from clients.sdk.client import Client
from clients.sdk.consents import Known
from demo.people import national_number, organisation_number
from demo.serving import own_port
from keys.keyring import Cost
from protocol.consent.vocabulary import Category, Purpose, Regime, Responsibility
from protocol.identifiers import MatterId, PersonId, SubjectId, UnitId
from server.app import build_app
from server.config import load
from server.http.malformed import Runner
from server.initialise import Chosen, initialise

PASSPHRASE = "syntetisk passordfrase"
CHEAP = Cost(memory=64, passes=1, lanes=1)
STAFF = {"gp": ("gp-custodian", "gp"), "bup": ("bup-custodian", "bup", "former")}
FAMILY = ("mother", "father", "stranger")


@dataclass(frozen=True)
class Stage:
    """A folder with a server's data and everybody's homes."""

    folder: Path
    port: int
    log_key: str = ""
    persons: dict[str, PersonId] = field(default_factory=dict)
    units: dict[str, UnitId] = field(default_factory=dict)
    child: SubjectId = field(default=SubjectId("sub_" + "0" * 32))

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def server(self) -> Path:
        return self.folder / "server"

    @property
    def database(self) -> Path:
        return self.server / "server.db"

    def home(self, name: str) -> Path:
        return self.folder / "homes" / name

    def client(self, name: str) -> Client:
        return Client.at(self.home(name), PASSPHRASE)

    def copy(self, folder: Path) -> Stage:
        """Copy everything into a folder of its own; the address stays the same."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        return replace(self, folder=folder, persons=dict(self.persons), units=dict(self.units))

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[web.Application]:
        """Serve over a real socket, in this process."""
        app = build_app(load(self.server))
        runner = Runner(app, access_log=None, shutdown_timeout=2.0)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", self.port, reuse_address=True).start()
            yield app
        finally:
            await runner.cleanup()


async def build(folder: Path) -> Stage:
    """Set everything up through the SDK, as the people would."""
    stage = Stage(folder, own_port())
    home = registrar.begin(stage.home("registrar"), PASSPHRASE, stage.origin, cost=CHEAP)
    _, verifier = initialise(stage.server, Chosen(registrar.fingerprint(home), stage.origin, port=stage.port))
    stage = replace(stage, log_key=verifier)
    async with stage.serving():
        async with stage.client("registrar") as client:
            await registrar.publish(client, verifier)
            for nth, unit in enumerate(STAFF):
                name = {"gp": "Fjord legesenter", "bup": "BUP Fjord"}[unit]
                stage.units[unit] = await units.create(
                    client, name=name, entity=name, organisation=organisation_number(nth), regime=Regime.HEALTH
                )
            for person in FAMILY:
                await enrol(stage, client, person, "person")
            for unit, (custodian, *_) in STAFF.items():
                await enrol(stage, client, custodian, "custodian", stage.units[unit])
            await enrol(stage, client, "supervisor", "supervisor")
            await enrolment.endorse_all(client)
        for unit in STAFF:
            await hire(stage, unit, STAFF[unit][1:])
        async with stage.client("registrar") as client:
            child = await subjects.register(client, newborn(stage, "mother", "father"))
    return replace(stage, child=child)


async def enrol(stage: Stage, inviter: Client, name: str, role: str, unit: UnitId | None = None) -> PersonId:
    """Invite somebody and let them enrol; the inviter must still endorse."""
    shown = None if role == "person" else name.title()
    slip = await enrolment.invite(inviter, role, unit=unit, name=shown)
    home = await enrolment.enrol(stage.home(name), PASSPHRASE, slip, cost=CHEAP)
    stage.persons[name] = home.profile.person
    return home.profile.person


async def hire(stage: Stage, unit: str, names: Sequence[str]) -> None:
    """Let a unit's custodian invite and admit staff."""
    async with stage.client(STAFF[unit][0]) as custodian:
        for name in names:
            await enrol(stage, custodian, name, "staff", stage.units[unit])
        await units.admit(custodian, stage.units[unit])


def newborn(stage: Stage, *guardians: str, nth: int = 0) -> subjects.Child:
    """Make up a child of eight with these guardians."""
    born = (datetime.now(UTC) - timedelta(days=8 * 366)).date()
    return subjects.Child(
        name="Testbarn Syntetisk",
        national_id=national_number(born, nth=nth),
        birth_date=born,
        responsibility=Responsibility.JOINT,
        guardians=tuple(stage.persons[name] for name in guardians),
    )


def own_sending(stage: Stage, matter: MatterId) -> consents.Wanted:
    """A mother's wish to send papers to her GP, and to get answers."""
    mother, gp = stage.persons["mother"], stage.units["gp"]
    return consents.Wanted(
        subject=stage.child,
        matter=matter,
        purpose=Purpose.OWN_SENDING,
        senders=consents.parties([mother]),
        receivers=consents.parties([gp, mother]),
        categories=(Category.MESSAGE, Category.PPT_REPORT),
    )


def referral(stage: Stage, matter: MatterId) -> consents.Wanted:
    """A GP's wish to refer to BUP: both guardians must sign, for care and for disclosure."""
    both = [stage.units["gp"], stage.units["bup"]]
    return consents.Wanted(
        subject=stage.child,
        matter=matter,
        purpose=Purpose.REFERRAL,
        senders=consents.parties(both),
        receivers=consents.parties(both),
        categories=(Category.MESSAGE, Category.REFERRAL, Category.PPT_REPORT),
    )


async def sign_all(client: Client, stage: Stage, matter: MatterId) -> list[Known]:
    """Sign every consent of a matter."""
    found = [one for one in await consents.listed(client, stage.child) if one.terms.matter == matter]
    for known in found:
        await consents.sign(client, known)
    return found


def message(stage: Stage, matter: MatterId, words: str = "SYNTETISK. Hei.") -> sending.Wanted:
    """A mother's message to her GP."""
    return sending.Wanted(
        subject=stage.child,
        matter=matter,
        to=(stage.units["gp"],),
        title="Hilsen",
        category=Category.MESSAGE,
        message=words,
    )


def build_now(folder: Path) -> Stage:
    """Build in an event loop of its own."""
    return asyncio.run(build(folder))
