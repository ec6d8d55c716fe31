"""Two worlds that began as one: in one a matter is hidden from the parents, in the other there is no such matter.

Whatever a parent may see happens in both, by the very same statements. Whatever is hidden happens in the first alone;
the second's log grows by as many entries about a stranger.
"""

from __future__ import annotations

import contextlib
import json
import re
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from protocol.consent.terms import Terms
from protocol.identifiers import MatterId
from protocol.log import receipt
from protocol.log.receipt import BadReceipt, Disclosure
from protocol.statements.consent import WithdrawalBody
from tests.http.consent.support import BORN_14, WORDS, Town, new_matter, new_statement, open_town
from tests.http.documents.support import Parcel
from tests.kit.actor import Actor, Reply
from tests.kit.clock import Clock
from tests.kit.world import World, _serve, done

UNSEEN = "0" * 32


@dataclass
class Twins(World):
    """A world that hands in and moves in two at once; `other` is the one without the hidden matter."""

    other: World = field(kw_only=True)

    async def post(self, actor: Actor, path: str, body: Any, headers: dict[str, str] | None = None) -> Reply:
        here = await super().post(actor, path, body, headers)
        there = await self.other.post(actor, path, body, headers)
        assert here.status == there.status, (path, here.body, there.body)
        return here


@dataclass
class Pair:
    """The town in both worlds, and in the first alone."""

    both: Town
    alone: Town
    without: Town
    hidden: MatterId
    begun: int
    """The size of the log when the two parted."""
    terms: list[Terms] = field(default_factory=list)
    """Of the hidden matter's consents."""
    seen: list[Terms] = field(default_factory=list)
    """Of the consents that the parents know of."""
    sent: list[Parcel] = field(default_factory=list)
    """What the parents may know was sent."""

    async def level(self) -> None:
        """Let the log without the hidden matter grow to the size of the other, by things that concern nobody here."""
        here, there = self.alone.world, self.without.world
        stranger = self.without.stranger
        while there.log.head.size < here.log.head.size:
            body = WithdrawalBody(new_statement(), UNSEEN * 2, self.alone.child.subject, new_matter())
            answer = await there.post(stranger, WORDS, {"token": there.say(stranger, body)})
            assert answer.status == 404
        assert here.log.head.size == there.log.head.size

    async def everybody_signs_in(self) -> None:
        """Signing in is logged: let each do it in both worlds now, in one order."""
        town = self.both
        everybody = (*parents(town), town.youth, town.stranger, town.doctor, town.psychologist, town.teacher)
        for actor in (*everybody, town.gp.custodian, town.bup.custodian):
            for world in (self.alone.world, self.without.world):
                assert await world.device(actor).sign_in() == 200


def parents(town: Town) -> tuple[Actor, ...]:
    """Those from whom the matter is hidden."""
    return (town.mother, town.father, town.aunt)


@contextlib.asynccontextmanager
async def settle(folder: Path) -> AsyncIterator[Town]:
    """Make the town that both worlds begin as; what follows happens after it has stopped.

    The aunt works at BUP: what is hidden from her must not reach her through its mailbox either.
    """
    async with open_town(folder, born=BORN_14) as town:
        await town.world.enrol(town.bup.custodian, town.aunt, "staff", town.bup.unit)
        done(await town.world.next_epoch(town.bup, [*town.bup.members, town.aunt]))
        yield town


@contextlib.asynccontextmanager
async def part(town: Town, folder: Path) -> AsyncIterator[Pair]:
    """Copy the stopped town's data twice and serve both copies, under one clock."""
    worlds: list[World] = []
    clock = Clock(town.world.clock.now)
    async with contextlib.AsyncExitStack() as stack:
        for name in ("with", "without"):
            shutil.copytree(town.world.settings.data, folder / name)
            settings = town.world.settings.model_copy(update={"data": folder / name})
            client = await _serve(settings, clock)
            stack.push_async_callback(client.close)
            worlds.append(replace(town.world, client=client, settings=settings, clock=clock, devices={}))
        here, there = worlds
        told = {each.name: getattr(here, each.name) for each in fields(World)}
        both = replace(town, world=Twins(**told, other=there), matter=new_matter())
        alone, without = replace(town, world=here), replace(town, world=there)
        pair = Pair(both, alone, without, new_matter(), here.log.head.size)
        pair.alone.matter = pair.without.matter = pair.hidden
        await pair.everybody_signs_in()
        yield pair


async def everything(town: Town, actor: Actor, pool: dict[str, list[str]]) -> dict[str, Any]:
    """Ask everything that there is to ask with GET, of everything in the pool, to the last page; give the answers.

    Which paths there are is read from the server's own description: a new one is asked without a word here, and one
    with a parameter that the pool does not know fails.
    """
    world = town.world
    described = json.loads((await world.ask_publicly("GET", "/v1/openapi.json")).raw)["paths"]
    answers: dict[str, Any] = {}
    for template, methods in described.items():
        if "get" not in methods:
            continue
        named = {each["name"] for each in methods["get"].get("parameters", ()) if each["in"] == "query"}
        for path in _paths(template, named, pool):
            following: str | None = path
            while following is not None:
                answer = await world.get(actor, following)
                answers[following] = (answer.status, len(answer.raw), plain(answer))
                after = answer.body.get("next") if isinstance(answer.body, dict) else None
                joint = "&" if "?" in path else "?"
                following = None if after is None else f"{path}{joint}cursor={after}"
    return answers


def plain(answer: Reply) -> Any:
    """Leave out roots, proofs, blinds and random ids of entries: the rest of what receipts tell stays."""
    if answer.body is not None:
        return _plain(answer.body)
    with contextlib.suppress(UnicodeDecodeError):
        return _plain(answer.raw.decode())
    return len(answer.raw)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        hashes = {"proof"} & value.keys()
        return {name: len(each) if name in hashes else _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if not isinstance(value, str):
        return value
    if value.startswith(receipt.HEADER):
        return _told_by_receipt(value)
    return ["note", *value.split("\n")[:2]] if "\n\n— " in value else value


def _told_by_receipt(text: str) -> Any:
    try:
        read = receipt.parse(text)
        opened = Disclosure.parse(read.extra or b"")
    except BadReceipt:
        return text
    entry, _ = opened.open()
    size = read.checkpoint.decode().split("\n")[1]
    return ["receipt", read.index, len(read.hashes), size, entry.t, str(entry.e), opened.details.decode()]


def _paths(template: str, queries: set[str], pool: dict[str, list[str]]) -> Iterator[str]:
    named = re.findall(r"\{(\w+)\}", template)
    assert set(named) <= pool.keys(), f"what may be asked at {template}?"
    paths = [template]
    for name in named:
        paths = [path.replace(f"{{{name}}}", value) for path in paths for value in pool[name]]
    for path in paths:
        if template == "/v1/log/consistency":
            yield f"{path}?old=1&new=2"
        elif template == "/v1/log/tile":
            yield f"{path}?level=0&number=0"
        elif template.endswith("/content"):
            yield from (f"{path}?part={part}&entry={UNSEEN}" for part in ("header", "body"))
        else:
            yield path
            for name in sorted(queries & {"subject", "matter"}):
                yield from (f"{path}?{name}={value}" for value in pool[name])
