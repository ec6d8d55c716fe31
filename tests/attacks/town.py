"""A small town whose people use the real client against the real application, and the hands of those who attack it.

Built once per test run and copied for each test: nobody's keys are made twice. What stands at the start of a test:
a practice, a clinic, a borough and a school with their staff; a mother and a father of two children; a consent to
coordination about the first child that both have signed; and a share from the practice to the clinic and the borough,
unopened.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import StreamReader, web
from aiohttp.test_utils import TestServer
from sqlalchemy import create_engine

from clients.sdk import consents, enrolment, receiving, registrar, sending, subjects, units
from clients.sdk.client import Client
from clients.sdk.content import Attachment
from clients.sdk.opened import Opened
from clients.sdk.opening import open_share
from clients.sdk.transport import clock
from demo.people import national_number
from demo.serving import own_port
from keys.keyring import Cost
from protocol.consent.vocabulary import Category, Purpose, Regime, Responsibility
from protocol.identifiers import MatterId, PersonId, ShareId, SubjectId, UnitId
from protocol.log.details import Details
from protocol.log.entry import Entry
from protocol.log.receipt import Disclosure
from server.app import build_app
from server.audit import store as log_store
from server.audit.log import LogHalted
from server.audit.wiring import WRITER
from server.config import load
from server.documents.content import CONTENT
from server.documents.tidying import tidy
from server.initialise import Chosen, initialise

PASSPHRASE = "fire tilfeldige ord sammen"
CHEAP = Cost(memory=8, passes=1, lanes=1)
LOG = "fortrolig.example/log"
MESSAGE = "SYNTETISK. Vi har sett barnet to ganger."
NOTE = ("SYNTETISK. Notat fra PPT.\n" * 1000).encode()
"""Small enough to travel inline with the share."""

PARTIES = ("practice", "clinic", "borough")
"""The units that may write to each other about the child."""

UNITS = {"practice": "doctor", "clinic": "psychologist", "borough": "coordinator", "school": "teacher"}
"""Each unit's one member beside its custodian."""


@dataclass(frozen=True)
class Answering:
    """What the operator does to one kind of answer."""

    method: str
    path: str
    change: Callable[[Any], Any]


@dataclass(frozen=True)
class Recorded:
    """A request as it went over the wire."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Operator:
    """Somebody who runs the server: changes answers on their way out, and reads what comes in."""

    changes: list[Answering] = field(default_factory=list)
    recorded: list[Recorded] = field(default_factory=list)
    answered: list[tuple[str, Any]] = field(default_factory=list)

    def change(self, method: str, path: str, change: Callable[[Any], Any]) -> None:
        """Change the JSON of every answer to `method` on paths that begin and end as `path` does around its `*`."""
        self.changes.append(Answering(method, path, change))

    def serve(self, method: str, path: str, body: Any) -> None:
        """Answer this instead, whatever the application says."""
        self.change(method, path, lambda _: body)

    def last(self, method: str, path: str) -> Recorded:
        """Give the latest request recorded."""
        return next(one for one in reversed(self.recorded) if one.method == method and _matches(path, one.path))

    @web.middleware
    async def meddle(self, request: web.Request, handler: Callable[[web.Request], Any]) -> web.StreamResponse:
        body = b""
        if request.method == "POST":
            body = await request.read()
            # Read once already: the application gets the same bytes again.
            again = StreamReader(request.protocol, 2**16, loop=asyncio.get_running_loop())
            again.feed_data(body)
            again.feed_eof()
            request._payload = again
        self.recorded.append(Recorded(request.method, request.path_qs, dict(request.headers), body))
        response: web.StreamResponse = await handler(request)
        if not isinstance(response, web.Response) or not isinstance(response.body, bytes):
            return response
        if not (response.content_type or "").endswith("json"):
            return response
        told = json.loads(response.body)
        for one in self.changes:
            if request.method == one.method and _matches(one.path, request.path):
                told = one.change(told)
                response = web.json_response(told)
        self.answered.append((request.path, told))
        return response


@dataclass
class Town:
    """One test's copy of everything."""

    folder: Path
    port: int
    facts: dict[str, Any]
    operator: Operator
    app: web.Application
    clients: dict[str, Client]
    stack: contextlib.AsyncExitStack

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def data(self) -> Path:
        """Everything that the server keeps."""
        return self.folder / "server"

    @property
    def subject(self) -> SubjectId:
        return SubjectId.parse(self.facts["subject"])

    @property
    def sibling(self) -> SubjectId:
        return SubjectId.parse(self.facts["sibling"])

    @property
    def matter(self) -> MatterId:
        return MatterId.parse(self.facts["matter"])

    @property
    def share(self) -> ShareId:
        return ShareId.parse(self.facts["share"])

    @property
    def consent(self) -> str:
        """The digest of the consent to coordination."""
        return str(self.facts["consent"])

    def unit(self, name: str) -> UnitId:
        return UnitId.parse(self.facts["units"][name])

    def person(self, name: str) -> PersonId:
        return PersonId.parse(self.facts["persons"][name])

    def home(self, name: str) -> Path:
        return self.folder / "homes" / name

    async def client(self, name: str) -> Client:
        """Give somebody's real client, on the home that is theirs."""
        if name not in self.clients:
            client = Client.at(self.home(name), PASSPHRASE)
            self.clients[name] = await self.stack.enter_async_context(client)
            await client.load_policy()
        return self.clients[name]

    async def first_contact(self, name: str) -> Client:
        """Give somebody's client as it was before it had ever met the server: nothing pinned, nothing seen."""
        (self.home(name) / "trust.json").unlink(missing_ok=True)
        self.clients.pop(name, None)
        return await self.client(name)

    async def item(self, name: str, share: ShareId | None = None, *, own: bool = False) -> receiving.Item:
        """Give the line of somebody's inbox that is the share."""
        wanted = self.share if share is None else share
        found = await receiving.inbox(await self.client(name))
        return next(one for one in found if one.share == wanted and one.own == own)

    async def open(self, name: str, share: ShareId | None = None) -> Opened:
        """Open a share as somebody."""
        return await open_share(await self.client(name), await self.item(name, share))

    def wanted(self, **changed: Any) -> sending.Wanted:
        """What the doctor sends: a message about the child to the clinic."""
        told: dict[str, Any] = {
            "subject": self.subject,
            "matter": self.matter,
            "to": (self.unit("clinic"),),
            "title": "Samarbeid",
            "category": Category.MESSAGE,
            "unit": self.unit("practice"),
            "message": MESSAGE,
        }
        return sending.Wanted(**(told | changed))

    async def withdraw(self, name: str = "mother") -> None:
        """Withdraw the consent to coordination."""
        client = await self.client(name)
        known = await consents.listed(client, self.subject)
        await consents.withdraw(client, next(one for one in known if one.digest == self.consent))

    def disclosures(self) -> list[Disclosure]:
        """Read every entry with its details, by the operator's keys, in the log's order."""
        log = self.app[WRITER].log
        engine = create_engine(f"sqlite:///{self.data / 'server.db'}")
        try:
            with engine.connect() as connection:
                return [one for _, one in log.disclose(connection, log_store.stored(connection, 0, log.head.size))]
        finally:
            engine.dispose()

    def log(self) -> list[tuple[Entry, Details]]:
        """Read what has happened."""
        return [(Entry.parse(one.entry), Details.parse(one.details)) for one in self.disclosures()]

    def entries(self) -> list[bytes]:
        """Read the entries as they were hashed."""
        return [one.entry for one in self.disclosures()]

    def events(self) -> list[str]:
        """Read the codes of what has happened."""
        return [str(entry.e) for entry, _ in self.log()]

    def last_refusal(self) -> tuple[str, str | None]:
        """Give the event and the reason of the log's latest refusal."""
        entry, details = next(one for one in reversed(self.log()) if one[1].decision == "deny")
        return str(entry.e), details.reason

    @contextlib.contextmanager
    def database(self) -> Iterator[sqlite3.Connection]:
        """Open the database as its owner can: every trigger that keeps history is gone."""
        with contextlib.closing(sqlite3.connect(self.data / "server.db", timeout=20)) as database, database:
            for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                database.execute(f'DROP TRIGGER "{name}"')
            yield database

    async def restart(self) -> None:
        """Stop the server and start it over what lies on disk, as it does after a night."""
        await self.stop()
        await self.start()

    async def stop(self) -> None:
        await self._running.aclose()

    async def start(self) -> None:
        self._running = contextlib.AsyncExitStack()
        self.app = await self._running.enter_async_context(serving(self.data, self.port, self.operator))
        self.stack.push_async_exit(self._running)

    _running: contextlib.AsyncExitStack = field(default_factory=contextlib.AsyncExitStack)


@contextlib.asynccontextmanager
async def serving(data: Path, port: int, operator: Operator) -> AsyncIterator[web.Application]:
    """Serve the whole application over a data directory, with the operator's hands around it."""
    app = build_app(load(data).model_copy(update={"origin": None}), clock=clock)
    app.middlewares.insert(0, operator.meddle)
    server = TestServer(app, port=port)
    await server.start_server()
    with contextlib.suppress(LogHalted):
        # Behind the tidying of every start: a test that holds up the loop for the database must meet no commit.
        await tidy(app[WRITER], app[CONTENT], load(data).upload_hours)
    try:
        yield app
    finally:
        await server.close()


@contextlib.asynccontextmanager
async def open_town(template: Path, folder: Path) -> AsyncIterator[Town]:
    """Copy the town that `build` made and serve it on the port that it was built for."""
    shutil.copytree(template, folder, dirs_exist_ok=True)
    facts = json.loads((folder / "facts.json").read_text("utf-8"))
    async with contextlib.AsyncExitStack() as stack:
        town = Town(folder, facts["port"], facts, Operator(), web.Application(), {}, stack)
        await town.start()
        yield town


async def build(folder: Path) -> None:
    """Build the town, every step by the real client."""
    port = own_port()
    url = f"http://127.0.0.1:{port}"
    homes = folder / "homes"
    root = registrar.begin(homes / "registrar", PASSPHRASE, url, cost=CHEAP)
    _, verifier = initialise(folder / "server", Chosen(registrar.fingerprint(root), url, LOG))
    facts: dict[str, Any] = {"port": port, "verifier": verifier, "persons": {}, "units": {}}
    async with serving(folder / "server", port, Operator()), contextlib.AsyncExitStack() as stack:
        people: dict[str, Client] = {}

        async def arrive(name: str) -> Client:
            people[name] = await stack.enter_async_context(Client.at(homes / name, PASSPHRASE))
            facts["persons"][name] = people[name].person
            await people[name].load_policy()
            return people[name]

        async def enrol(inviter: Client, name: str, role: str, unit: UnitId | None = None) -> None:
            shown = None if role == "person" else f"{name} (syntetisk)"
            slip = await enrolment.invite(inviter, role, unit=unit, name=shown)
            await enrolment.enrol(homes / name, PASSPHRASE, slip, cost=CHEAP)

        first = Client.at(homes / "registrar", PASSPHRASE)
        await stack.enter_async_context(first)
        people["registrar"], facts["persons"]["registrar"] = first, first.person
        await registrar.publish(first, verifier)
        for name in UNITS:
            facts["units"][name] = await units.create(
                first, name=f"Enheten {name}", entity="Kommunen", organisation="999999999", regime=Regime.HEALTH
            )
            await enrol(first, f"{name}-custodian", "custodian", UnitId.parse(facts["units"][name]))
        for name in ("mother", "father", "stranger"):
            await enrol(first, name, "person")
        await enrol(first, "supervisor", "supervisor")
        await enrolment.endorse_all(first)
        for name in ("mother", "father", "stranger", "supervisor"):
            await arrive(name)
        for name, staff in UNITS.items():
            custodian, unit = await arrive(f"{name}-custodian"), UnitId.parse(facts["units"][name])
            await enrol(custodian, staff, "staff", unit)
            if name == "clinic":
                await enrol(custodian, "former", "staff", unit)
            await units.admit(custodian, unit)
            await arrive(staff)
        former = await arrive("former")
        for name, given in (("subject", "Nora Diktestad"), ("sibling", "Eivind Diktestad")):
            facts[name] = await subjects.register(first, child(given, [people["mother"], people["father"]]))
        await _consent(facts, people)
        await _share(facts, people, folder)
        clinic = UnitId.parse(facts["units"]["clinic"])
        await receiving.receive(former, await receiving.inbox(former))
        await units.remove(people["clinic-custodian"], clinic, former.person)
    (folder / "facts.json").write_text(json.dumps(facts), "utf-8")


def child(name: str, guardians: list[Client], years: int = 5) -> subjects.Child:
    """Make up a child of so many years with these guardians."""
    born = (datetime.now(UTC) - timedelta(days=365 * years + 100 + secrets.randbelow(200))).date()
    return subjects.Child(
        name, national_number(born), born, Responsibility.JOINT, tuple(each.person for each in guardians)
    )


async def _consent(facts: dict[str, Any], people: dict[str, Client]) -> None:
    facts["matter"] = MatterId.of(secrets.token_bytes(16))
    mailboxes = [UnitId.parse(facts["units"][name]) for name in PARTIES]
    subject = SubjectId.parse(facts["subject"])
    wanted = coordination(subject, MatterId.parse(facts["matter"]), mailboxes)
    [terms] = await consents.request(people["mother"], wanted)
    facts["consent"] = terms.digest
    for name in ("mother", "father"):
        [known] = await consents.listed(people[name], subject)
        await consents.sign(people[name], known)


def coordination(subject: SubjectId, matter: MatterId, mailboxes: list[UnitId]) -> consents.Wanted:
    """Ask that these units may write to each other about a child."""
    parties = consents.parties(mailboxes)
    categories = (Category.MESSAGE, Category.PPT_REPORT)
    return consents.Wanted(subject, matter, Purpose.COORDINATION, parties, parties, categories)


async def _share(facts: dict[str, Any], people: dict[str, Client], folder: Path) -> None:
    note = folder / "notat.txt"
    note.write_bytes(NOTE)
    wanted = sending.Wanted(
        subject=SubjectId.parse(facts["subject"]),
        matter=MatterId.parse(facts["matter"]),
        to=(UnitId.parse(facts["units"]["clinic"]), UnitId.parse(facts["units"]["borough"])),
        title="Rapport",
        category=Category.MESSAGE,
        unit=UnitId.parse(facts["units"]["practice"]),
        message=MESSAGE,
        attachments=(Attachment(note, str(Category.PPT_REPORT), "notat.txt"),),
    )
    facts["share"] = (await sending.send(people["doctor"], wanted)).share
    note.unlink()


def _matches(pattern: str, path: str) -> bool:
    before, star, after = pattern.partition("*")
    return path.startswith(before) and path.endswith(after) if star else path == pattern
