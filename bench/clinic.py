"""A server process with a small world in it: a GP with staff, BUP, a child with both parents' consents in force.

The world is built over HTTP by an application of this process, which then ends; a server in a process of its own goes
on with the same data directory, and every measured request goes to that one.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import aiohttp
from yarl import URL

from bench.load import Prepared
from bench.serving import HOST, free_port, serving
from clients.sdk.home import Home, Profile
from keys.wrap import Cost
from protocol.consent.vocabulary import Category, Purpose
from protocol.log import receipt
from protocol.log.checkpoint import LogPolicy
from server.http.clock import system_clock
from server.http.logs import configure
from tests.http.consent.support import BORN_7, Town, new_matter, publish_rules
from tests.http.documents.support import Office, Parcel, seen_by
from tests.kit.actor import Actor, Device
from tests.kit.clock import Clock
from tests.kit.world import Unit, World, done, open_world

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence
    from pathlib import Path

    from aiohttp.test_utils import TestClient

    from protocol.consent.terms import Terms
    from protocol.identifiers import ShareId

SHARES = "/v1/shares"
MATTERS = 8
STAFF = 8
PASSPHRASE = "synthetic people only"  # noqa: S105  (opens nothing but homes of this bench)
CHEAP = Cost(memory=8 * 1024, passes=1, lanes=1)
"""For homes of an hour: opening them is not measured."""


class _Post(Office):
    """Asks for each unit's epoch once."""

    known: dict[str, str]

    async def epoch(self, unit: Unit) -> str:
        if unit.unit not in self.known:
            self.known[unit.unit] = await super().epoch(unit)
        return self.known[unit.unit]


@dataclass
class Remote:
    """What the kit asks of its client, for a server in another process."""

    session: aiohttp.ClientSession
    base: URL

    def make_url(self, path: str) -> URL:
        """Give the whole address of a path."""
        return self.base.join(URL(path))

    def request(self, method: str, path: str, **given: Any) -> Any:
        """Send a request."""
        return self.session.request(method, self.make_url(path), **given)

    def post(self, path: str, **given: Any) -> Any:
        """Send a POST."""
        return self.request("POST", path, **given)


@dataclass
class Clinic:
    """The world, where it is served now, and the checkpoints that its staff have seen."""

    base: URL
    world: World
    post: Office
    consents: list[Terms]
    seen: list[str]
    sender: Path
    """Home of a member of the GP's staff, for the SDK."""
    reader: Path
    """Home of a member of BUP's staff, for the SDK."""
    devices: list[Device] = field(default_factory=list)

    @property
    def warm(self) -> str:
        """A cheap URL for opening connections."""
        return str(self.base.join(URL("/v1/health/live")))

    @property
    def policy(self) -> LogPolicy:
        """What receipts are verified under."""
        return LogPolicy(self.world.origin, self.world.verifier)

    async def shares(self, clients: int, each: int) -> tuple[list[list[Prepared]], list[ShareId]]:
        """Prepare `each` new shares for every client, signed and proved now, by staff who are signed in."""
        async with self.connected():
            plans = [[await self._parcel(client + turn * clients) for turn in range(each)] for client in range(clients)]
            # Proofs last: they hold for minutes only.
            prepared = []
            for client, parcels in enumerate(plans):
                device = await self._signed_in(client)
                prepared.append([self._request(device, parcel, number) for number, parcel in enumerate(parcels)])
        return prepared, [parcel.body.share for parcels in plans for parcel in parcels]

    def check(self, shares: Sequence[ShareId], answers: Sequence[str]) -> None:
        """Check that every share was answered with a receipt of its own, and remember the checkpoints.

        Raises:
            RuntimeError: one was not.
        """
        receipts = [receipt.parse(json.loads(answer)["receipt"]) for answer in answers]
        proved = [receipt.verify(each, self.policy).details.share for each in receipts]
        if sorted(str(each) for each in proved) != sorted(shares):
            raise RuntimeError("a share got no receipt of its own")
        self.seen = sorted({each.checkpoint.decode() for each in receipts})

    @contextlib.asynccontextmanager
    async def connected(self) -> AsyncIterator[None]:
        """Let the world's people speak to the server process."""
        async with aiohttp.ClientSession() as session:
            remote = cast("TestClient[Any, Any]", Remote(session, self.base))
            self.world.client = remote
            self.world.devices.clear()
            for device in self.devices:
                device.client = remote
            self.world.clock.now = system_clock()
            yield

    async def _parcel(self, number: int) -> Parcel:
        return await self.post.pack(self.consents[number % MATTERS], sender=self._staff(number), unit=self.post.town.gp)

    def _staff(self, number: int) -> Actor:
        return self.post.town.gp.staff[number % STAFF]

    async def _signed_in(self, client: int) -> Device:
        while len(self.devices) <= client:
            self.devices.append(Device(self.world.client, self.world.clock, self._staff(len(self.devices))))
        device = self.devices[client]
        if await device.sign_in() != 200:  # noqa: PLR2004  (HTTP's own number)
            raise RuntimeError("a member of staff could not sign in")
        return device

    def _request(self, device: Device, parcel: Parcel, number: int) -> Prepared:
        token = self.world.say(device.actor, parcel.body, seen=self.seen[number % len(self.seen)])
        headers = {
            "Authorization": f"DPoP {device.token}",
            "DPoP": device.proof("POST", SHARES),
            "Content-Type": "application/json",
        }
        return Prepared("POST", device.url(SHARES), headers, json.dumps(parcel.form(token)))


@contextlib.contextmanager
def running(home: Path) -> Iterator[Clinic]:
    """Build the world in `home`, serve it from a process of its own, and end that with the block."""
    configure("warning")  # the application that builds the world says nothing of it
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    port = free_port()
    base = f"http://{HOST}:{port}"
    clinic = asyncio.run(_built(home, URL(base)))
    command: list[str | Path] = [sys.executable, "-m", "server", "run", "--data", home / "server", "--port", str(port)]
    environment = {"FORTROLIG_ORIGIN": base}
    with serving(command, ready=clinic.warm, log=home / "server.log", environment=environment):
        yield clinic


async def _built(home: Path, base: URL) -> Clinic:
    async with open_world(home, Clock(system_clock())) as world:
        await publish_rules(world)
        mother, father, aunt, stranger = [await world.add_person(name) for name in ("mor", "far", "tante", "fremmed")]
        gp = await world.add_unit("Legekontoret", staff=STAFF)
        bup = await world.add_unit("BUP")
        sender = await _with_home(world, gp, home / "sender", base)
        reader = await _with_home(world, bup, home / "reader", base)
        child = await world.add_child([mother, father], [gp, bup], birth_date=BORN_7)
        town = Town(world, mother, father, aunt, stranger, stranger, gp, bup, bup, child, new_matter())
        consents = []
        for _ in range(MATTERS):
            town.matter = new_matter()
            consents.append(
                await town.in_force(purpose=Purpose.INFORMATION, categories=(Category.HEALTH_NOTE, Category.MESSAGE))
            )
        post = _Post(town)
        post.known = {}
        await post.epoch(gp)
        checkpoint = seen_by(world)
        if checkpoint is None:
            raise RuntimeError("the world stands in no log")
        return Clinic(base, world, post, consents, [checkpoint], sender, reader)


async def _with_home(world: World, unit: Unit, folder: Path, base: URL) -> Path:
    """Let somebody whose keys are in a home join a unit, and give the home."""
    home = Home.create(folder, PASSPHRASE, cost=CHEAP)
    actor = Actor(f"{unit.name}: ansatt med klient", sign=home.keyring.signing, seal=home.keyring.sealing)
    await world.enrol(unit.custodian, actor, "staff", unit.unit)
    unit.staff.append(actor)
    done(await world.next_epoch(unit, [*unit.members, actor], new_key=False))
    home.keyring.add_unit_key(unit.unit, unit.number, unit.key)  # a client fetches it once, long before it opens
    home.save_profile(Profile(actor.person, str(base), world.root.kid))
    return folder
