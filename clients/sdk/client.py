"""One person's client: signs, hands in, and goes on with whatever was begun and never answered."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from clients.sdk.believing import Believer
from clients.sdk.errors import Denied, Fault, Misused, Postponed, SdkError, Unreachable, as_sdk_error
from clients.sdk.home import Home, Profile
from clients.sdk.journal import Begun, Journal
from clients.sdk.transport import clock
from keys import signing
from protocol.identifiers import Instant, PersonId, StatementId
from protocol.identity import Logged
from protocol.log.receipt import BadReceipt
from protocol.log.receipt import Verified as Proved
from protocol.log.receipt import parse as parse_receipt
from protocol.log.receipt import verify as verify_receipt
from protocol.statements import base
from protocol.statements.narrowing import TAKING_BACK

_TRIES_AFTER_LOSS = (0.3, 1.0)
"""Seconds to wait before a request whose answer was lost is sent again."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """A statement that the log holds: the entry, its token, and the server's whole answer."""

    entry: Proved
    token: str
    answer: Mapping[str, Any]

    @property
    def said(self) -> Mapping[str, Any]:
        """The statement's payload: what was signed when this was first begun."""
        payload: Mapping[str, Any] = signing.peek(self.token).body
        return payload


class Client(Believer):
    """A home with a signed-in connection: what I do, carried through even if this process dies under it."""

    def __init__(self, home: Home, profile: Profile) -> None:
        super().__init__(home, profile)
        self.journal = Journal(home.folder)

    @classmethod
    def at(cls, folder: Path, passphrase: str) -> Self:
        """Open the home in a folder; raises `Misused`."""
        home = Home.open(folder, passphrase)
        return cls(home, home.profile)

    async def __aenter__(self) -> Self:
        await self.transport.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        """Close the connection; whatever a server's answer made fail leaves as an `SdkError`."""
        await self.transport.__aexit__()
        known = None if error is None else as_sdk_error(error)
        if known is not None and known is not error:
            raise known from error

    @property
    def person(self) -> PersonId:
        """Who I am."""
        return self.profile.person

    async def sign(self, body: base.Body) -> str:
        """Sign a body as a statement of mine, now, with the checkpoint that I have seen."""
        policy = await self.load_policy()
        key = self.home.keyring.signing
        return base.sign(body, key, iss=self.person, aud=policy.origin, made=clock(), seen=self.home.seen)

    async def submit(
        self,
        path: str,
        body: base.Body,
        *,
        purpose: str | None = None,
        field: str = "token",
        more: Mapping[str, Any] | None = None,
    ) -> Submitted:
        """Sign a body, post it, and check the receipt before believing that it happened.

        With a `purpose`, the request is kept until it is answered, and whoever submits for the same purpose again
        learns what became of it: then the answer is that of the statement first signed.

        Raises:
            Denied, Misused, Fault: it was refused; nothing happened.
            Unreachable: it may have happened; the same once more is safe.
            Postponed: a withdrawal is kept until the log works again; the same later brings the receipt.
            Tampered: the receipt does not hold.
        """
        if purpose is None:
            return await self._carry_through(await self._begun("", path, body, field, more))
        async with self.journal.alone(purpose):
            earlier = await self._finish(purpose)
            if earlier is not None:
                return earlier
            begun = await self._begun(purpose, path, body, field, more)
            self.journal.keep(begun)
            return await self._carry_through(begun)

    async def _begun(
        self, purpose: str, path: str, body: base.Body, field: str, more: Mapping[str, Any] | None
    ) -> Begun:
        token = await self.sign(body)
        return Begun(purpose, path, {field: token, **(more or {})}, field, secrets.token_urlsafe(16))

    async def finish(self, purpose: str) -> Submitted | None:
        """Learn what became of a request that was never answered; None if there is none or it did not happen.

        Raises:
            Postponed: it is a withdrawal, and waits still.
        """
        if self.journal.find(purpose) is None:
            return None
        async with self.journal.alone(purpose):
            return await self._finish(purpose)

    async def _finish(self, purpose: str) -> Submitted | None:
        begun = self.journal.find(purpose)
        if begun is None:
            return None
        try:
            return await self._carry_through(begun)
        except (Denied, Misused, Fault):
            if self.journal.find(purpose) is not None:
                raise
            return None

    async def finish_all(self, beginning: str = "") -> list[Submitted]:
        """Learn what became of every unanswered request whose purpose begins so; return those that happened."""
        purposes = [begun.purpose for begun in self.journal.all() if begun.purpose.startswith(beginning)]
        outcomes = []
        for purpose in purposes:
            with suppress(Postponed):
                outcomes.append(await self.finish(purpose))
        return [outcome for outcome in outcomes if outcome is not None]

    async def _carry_through(self, begun: Begun) -> Submitted:
        try:
            answer = await self._post(begun)
        except SdkError as error:
            # A refusal is the last word, since what was accepted before is answered as the first time.
            if begun.purpose and not _is_unknown(error):
                self.journal.done(begun.purpose)
            raise
        if _waits(begun.token, answer):
            raise Postponed(
                "waiting", "The server has recorded it; it is not in the log yet. Run the same again later."
            )
        logged = Logged(begun.token, str(answer["receipt"]))
        entry = await self._said_before(logged, answer) or await self.check_receipt(logged)
        if begun.purpose:
            self.journal.done(begun.purpose)
        return Submitted(entry, begun.token, answer)

    async def _said_before(self, logged: Logged, answer: Mapping[str, Any]) -> Proved | None:
        """Return the entry of an earlier statement of mine that says the same, if the server answers with that."""
        said = signing.peek(logged.token)
        before, consent = answer.get("digest"), said.body.get("consent")
        if not isinstance(before, str) or before == signing.digest(logged.token):
            return None
        try:
            entry = verify_receipt(parse_receipt(logged.receipt), self.policy.log)
        except BadReceipt:
            return None
        details = entry.details
        same = (details.actor, details.act, details.consents) == (self.person, said.kind, (consent,))
        if not same or before not in details.statements:
            return None
        await self.saw(entry.checkpoint.note.decode())
        return entry

    async def _post(self, begun: Begun) -> Any:
        for pause in (*_TRIES_AFTER_LOSS, None):
            try:
                return await self.transport.post(begun.path, begun.request, idempotency=begun.key)
            except Unreachable as error:
                if pause is None or error.code != "answer-lost":
                    raise
                await asyncio.sleep(pause)
        raise AssertionError("the last try returns or raises")


def _waits(token: str, answer: Mapping[str, Any]) -> bool:
    """Say whether the answer is that this withdrawal waits for the log; of nothing else may a server say so."""
    said = signing.peek(token).body["kind"]
    told = {"digest": signing.digest(token), "state": "waiting"}
    return said in TAKING_BACK and all(answer.get(name) == value for name, value in told.items())


def _is_unknown(error: SdkError) -> bool:
    """Say whether a request may have happened in spite of the error: no answer, or a server that failed under it."""
    return isinstance(error, Unreachable) or error.code in _MAY_HAVE_HAPPENED


_MAY_HAVE_HAPPENED = (
    frozenset(
        {"internal", "deadline", "outcome-unknown", "stopping", "busy", "not-stored", "halted", "too-slow", "too-many"}
    )
    | {f"http-{status}" for status in range(500, 600)}
    | {
        "bad-answer",
        "answer-too-long",
        "sign-in-refused",
        "unauthenticated",
    }
)


def new_statement_id() -> StatementId:
    """Draw an id for a statement that carries no number."""
    return StatementId.of(secrets.token_bytes(16))


def days(number: int, start: Instant | None = None) -> Instant:
    """Return the instant so many days of 24 hours from `start` (now, if none)."""
    return Instant((clock() if start is None else start) + number * 86_400_000)
