"""Somebody with a copy of the database, a key of their own and a patched server tries three things. Each is caught."""

from __future__ import annotations

import base64
import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

from demo import serving
from demo.actors import FAULT, TAMPERED, Actor
from demo.telling import Teller
from demo.world import Stage, World
from keys import sealing, signing
from keys.canonical import canonical
from protocol.log.export import Header
from protocol.log.tiles import WIDTH, entries_tiles, join, split

Forger = Callable[[dict[str, Any]], None]


async def swap_a_key(stage: Stage, world: World, teller: Teller, send: tuple[str, ...]) -> None:
    """Put the thief's sealing key in place of BUP's: the GP's client must not seal to it."""
    copy = _copied(stage, "key")
    thief = sealing.generate()
    unit = next(unit for name, unit in world.units.items() if name.startswith("BUP"))

    def put(payload: dict[str, Any]) -> None:
        payload["seal"] = _b64(thief.public.raw)

    with closing(sqlite3.connect(copy / "server.db")) as database, database:
        digest = _one(database, "SELECT digest FROM epochs WHERE unit = ? ORDER BY number DESC LIMIT 1", unit)
        _forge(database, digest, put)
        own = sha256(thief.public.raw).hexdigest()
        database.execute("UPDATE epochs SET seal = ? WHERE digest = ?", (own, digest))
    await _caught(stage, copy, world.gp, send, teller, "swaps BUP's mailbox key for one of their own")


async def add_a_guardian(stage: Stage, world: World, teller: Teller) -> None:
    """Write a third guardian into the child's sheet: the mother's client must not believe it."""
    copy = _copied(stage, "guardian")

    def put(payload: dict[str, Any]) -> None:
        added = {**payload["may_sign"][0], "person": world.persons["stranger"]}
        payload["may_sign"].append(added)
        payload["may_know"].append(added)

    with closing(sqlite3.connect(copy / "server.db")) as database, database:
        _forge(database, _one(database, "SELECT digest FROM sheets WHERE subject = ?", world.child), put)
    await _caught(stage, copy, world.mother, ("consent", "list"), teller, "writes a third guardian into Nora's sheet")


async def edit_the_log(stage: Stage, world: World, teller: Teller) -> None:
    """Turn the logged withdrawal into something else: the server notices, and so does whoever is shown the result."""
    copy = _copied(stage, "log")
    with closing(sqlite3.connect(copy / "server.db")) as database, database:
        for (trigger,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f'DROP TRIGGER "{trigger}"')
        number, entry = next(
            (number, entry)
            for number, entry in database.execute("SELECT n, entry FROM log_leaves ORDER BY n DESC").fetchall()
            if json.loads(entry)["e"] == "consent-withdrawn"
        )
        database.execute("UPDATE log_leaves SET entry = ? WHERE n = ?", (_edited(entry), number))
    async with serving.running(copy, stage.build / "server.log", stage.port):
        words = ("log", "export", str(stage.build / "tampered" / "nothing"), "--case", "TILSYN-2026-002")
        why = await world.supervisor.refused(*words, expect=FAULT)
    teller.refused("A thief", f"rewrites entry {number}, the withdrawal; the server itself, at its next start", why)
    export = stage.build / "tampered" / "export"
    shutil.copytree(stage.build / "export", export)
    _edit_export(export, number)
    verdict = await world.supervisor.run("log", "verify", str(export), "--log-key", world.log_key, expect=TAMPERED)
    found = "; ".join(finding["sentence"] for finding in verdict["findings"] if finding["code"] != "unwitnessed")
    teller.refused("A thief", "hands the authority a log with that entry rewritten; its verdict, offline", found)


def _edited(entry: bytes) -> bytes:
    return canonical({**json.loads(entry), "e": "notice-given"})


def _edit_export(export: Path, number: int) -> None:
    size = Header.parse((export / "export.json").read_bytes()).size
    name, width = list(entries_tiles(size))[number // WIDTH]
    entries = split((export / name).read_bytes(), width)
    entries[number % WIDTH] = _edited(entries[number % WIDTH])
    (export / name).write_bytes(join(entries))


async def _caught(  # noqa: PLR0917  (who is deceived, by what, in whose words)
    stage: Stage, copy: Path, victim: Actor, words: tuple[str, ...], teller: Teller, what: str
) -> None:
    async with serving.running(copy, stage.build / "server.log", stage.port):
        why = await victim.refused(*words, expect=TAMPERED)
    teller.refused("A thief", f"{what}; {victim.name}'s client", why)


def _copied(stage: Stage, name: str) -> Path:
    copy = stage.build / "tampered" / name
    shutil.copytree(stage.server, copy)
    return copy


def _forge(database: sqlite3.Connection, digest: str, change: Forger) -> None:
    """Change a statement's payload and sign it with a key that nobody vouches for, under the signer's name."""
    token = _one(database, "SELECT token FROM statements WHERE digest = ?", digest)
    kind, _, payload = signing.peek(token)
    change(payload)
    forged = signing.sign(kind, payload, signing.generate())
    database.execute("UPDATE statements SET token = ? WHERE digest = ?", (forged, digest))


def _one(database: sqlite3.Connection, question: str, value: str) -> str:
    found: str = database.execute(question, (value,)).fetchone()[0]
    return found


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
