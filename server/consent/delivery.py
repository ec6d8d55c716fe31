"""A word outside this system that something waits: by e-mail, SMS or whatever an adapter speaks, without any content.

Off by default. What goes out names a person's id and an instant, and nothing else: not even whether it is a request or
a reminder. The notice box is what counts; a word that is lost costs time and never a right.
"""

from __future__ import annotations

import asyncio
import json
import os
from typing import TYPE_CHECKING, Protocol

import structlog
from aiohttp import web

from server.audit.wiring import WRITER
from server.config import SETTINGS
from server.consent import notices
from server.http.clock import CLOCK
from server.identity import store as identity
from server.identity.intake import Accepted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from pathlib import Path
    from typing import Any

    from sqlalchemy import Connection

    from protocol.identifiers import Instant, PersonId
    from protocol.statements.base import Statement
    from server.audit.batch import Work
    from server.identity.intake import Rejected

    Action = Callable[[Work, Statement[Any]], Accepted | Rejected]
    Addressees = Callable[[Connection, str, Instant], list[PersonId]]


class Delivery(Protocol):
    """Tells persons that something waits. Addresses are the adapter's own business: this server has none."""

    async def deliver(self, persons: Iterable[PersonId], at: Instant) -> None:
        """Tell each of these persons that there is something to look at; raises OSError where it could not."""
        ...


class FileDelivery:
    """Writes a line of JSON a person, `{"at", "person", "v"}`, for a program of the operator's choice to send on."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def deliver(self, persons: Iterable[PersonId], at: Instant) -> None:
        """Append the lines; raises OSError."""
        lines = "".join(f"{json.dumps({'at': at, 'person': person, 'v': 1}, sort_keys=True)}\n" for person in persons)
        if lines:
            await asyncio.to_thread(self._append, lines.encode())

    def _append(self, lines: bytes) -> None:
        # One write each, so that lines of several processes do not mix; nobody else reads who was told when.
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, lines)
        finally:
            os.close(descriptor)


class NoDelivery:
    """Tells nobody: people look into their notices by themselves."""

    async def deliver(self, persons: Iterable[PersonId], at: Instant) -> None:
        """Do nothing."""


DELIVERY: web.AppKey[Delivery] = web.AppKey("delivery", Delivery)


def prepare(app: web.Application) -> None:
    """Choose the adapter that the settings name."""
    path = app[SETTINGS].notice_file
    app[DELIVERY] = NoDelivery() if path is None else FileDelivery(path)


def told_of(
    action: Action, kinds: Collection[str] | None = None
) -> Callable[[Work, Statement[Any], set[str]], Accepted | Rejected]:
    """Let an action also note the consent that a statement is about, if it is accepted for the first time.

    With `kinds`, only for statements of these.
    """

    def noting(work: Work, statement: Statement[Any], fresh: set[str]) -> Accepted | Rejected:
        if kinds is not None and statement.body.kind not in kinds:
            return action(work, statement)
        before = identity.find_statement(work.connection, statement.digest)
        taken = action(work, statement)
        if before is None and isinstance(taken, Accepted):
            fresh.add(_consent(statement))
        return taken

    return noting


async def deliver(app: web.Application, consents: Iterable[str], addressees: Addressees = notices.addressees) -> None:
    """Tell everybody of whom these consents now ask something; a word that cannot be given is logged and no more."""
    at = app[CLOCK]()
    for consent in consents:
        persons = await app[WRITER].database.read(addressees, consent, at)
        try:
            await app[DELIVERY].deliver(persons, at)
        except OSError as fault:
            structlog.get_logger().warning("not delivered", fault=type(fault).__name__, count=len(persons))


def _consent(statement: Statement[Any]) -> str:
    body = statement.body
    digest: str = body.terms.digest if hasattr(body, "terms") else body.consent
    return digest
