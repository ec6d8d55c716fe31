"""matrix-synapse on SQLite, set up as kindly as its configuration allows, with clients that are signed in.

Kind to it: rate limits lifted, no federation, presence, push, search index, directory, statistics or previews; log
level WARNING; nobody syncs, so nobody is notified. It keeps its own durability: WAL with SQLite's default
`synchronous=FULL`.

The clients share a few rooms: it stores the waiting events of one room together, so that a room for each client is
slower than a few rooms for all (docs/performance.md has figures).
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import json
import secrets
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp

from bench import peers
from bench.load import Prepared
from bench.serving import HOST, free_port, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NO_LIMIT = {"per_second": 1e9, "burst_count": 1_000_000_000}


@dataclass(frozen=True, slots=True)
class Sender:
    """A signed-in user and the room they write in."""

    token: str
    room: str


@dataclass(frozen=True, slots=True)
class Synapse:
    """A running homeserver and its users."""

    base: str
    senders: tuple[Sender, ...]

    @property
    def warm(self) -> str:
        """A cheap URL for opening connections."""
        return f"{self.base}/_matrix/client/versions"

    def messages(self, count: int, text: str) -> list[list[Prepared]]:
        """Prepare `count` new messages for each sender; no message repeats another's transaction id."""
        body = json.dumps({"msgtype": "m.text", "body": text})
        return [
            [
                Prepared(
                    "PUT",
                    f"{self.base}/_matrix/client/v3/rooms/{sender.room}/send/m.room.message/{secrets.token_hex(8)}",
                    {"Authorization": f"Bearer {sender.token}", "Content-Type": "application/json"},
                    body,
                )
                for _ in range(count)
            ]
            for sender in self.senders
        ]


@contextlib.contextmanager
def running(home: Path, users: int, rooms: int) -> Iterator[Synapse]:
    """Start a fresh homeserver in `home`, register the users, spread them over the rooms; end it with the block."""
    python = peers.python_with("synapse", peers.SYNAPSE)
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    port, secret = free_port(), secrets.token_hex(32)
    config = home / "homeserver.yaml"
    config.write_text(json.dumps(_configuration(home.resolve(), port, secret)))  # JSON is YAML
    command: list[str | Path] = [python, "-m", "synapse.app.homeserver", "--config-path", config]
    peers.output_of([*command, "--generate-keys"])
    base = f"http://{HOST}:{port}"
    with serving(command, ready=f"{base}/health", log=home / "synapse.log"):
        yield Synapse(base, asyncio.run(_senders(base, secret, users, rooms)))


def _configuration(home: Path, port: int, secret: str) -> dict[str, Any]:
    log = home / "log.yaml"
    log.write_text(
        json.dumps(
            {
                "version": 1,
                "handlers": {"console": {"class": "logging.StreamHandler"}},
                "root": {"level": "WARNING", "handlers": ["console"]},
            }
        )
    )
    listener = {
        "port": port,
        "type": "http",
        "bind_addresses": [HOST],
        "resources": [{"names": ["client"], "compress": False}],
    }
    return {
        "server_name": "bench.invalid",
        "report_stats": False,
        "listeners": [listener],
        "database": {"name": "sqlite3", "args": {"database": str(home / "homeserver.db")}},
        "log_config": str(log),
        "media_store_path": str(home / "media"),
        "signing_key_path": str(home / "signing.key"),
        "registration_shared_secret": secret,
        "macaroon_secret_key": secret,
        "form_secret": secret,
        "trusted_key_servers": [],
        "federation_domain_whitelist": [],
        "bcrypt_rounds": 4,
        "presence": {"enabled": False},
        "push": {"enabled": False},
        "user_directory": {"enabled": False},
        "stats": {"enabled": False},
        "enable_search": False,
        "rc_message": NO_LIMIT,
        "rc_registration": NO_LIMIT,
        "rc_room_creation": NO_LIMIT,
        "rc_joins": {"local": NO_LIMIT, "remote": NO_LIMIT},
        "rc_joins_per_room": NO_LIMIT,
        "rc_login": {"address": NO_LIMIT, "account": NO_LIMIT, "failed_attempts": NO_LIMIT},
    }


async def _senders(base: str, secret: str, users: int, rooms: int) -> tuple[Sender, ...]:
    async with aiohttp.ClientSession(base, raise_for_status=True) as session:
        tokens = [await _registered(session, secret, f"user{number}") for number in range(users)]
        made = [await _post(session, "createRoom", {"preset": "public_chat"}, token) for token in tokens[:rooms]]
        names = [str(room["room_id"]) for room in made]
        for number, token in enumerate(tokens[rooms:], start=rooms):
            await _post(session, f"join/{names[number % rooms]}", {}, token)
    return tuple(Sender(token, names[number % rooms]) for number, token in enumerate(tokens))


async def _registered(session: aiohttp.ClientSession, secret: str, name: str) -> str:
    register = "/_synapse/admin/v1/register"
    async with session.get(register) as answer:
        nonce = (await answer.json())["nonce"]
    password = secrets.token_hex(8)
    fields = f"{nonce}\0{name}\0{password}\0notadmin"
    mac = hmac.new(secret.encode(), fields.encode(), hashlib.sha1).hexdigest()
    form = {"nonce": nonce, "username": name, "password": password, "admin": False, "mac": mac}
    async with session.post(register, json=form) as answer:
        return str((await answer.json())["access_token"])


async def _post(session: aiohttp.ClientSession, path: str, form: dict[str, str], token: str) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token}"}
    async with session.post(f"/_matrix/client/v3/{path}", json=form, headers=headers) as answer:
        found: dict[str, Any] = await answer.json()
        return found
