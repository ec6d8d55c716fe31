"""One person's client: signs, sends, checks every receipt, and believes only what the chain of trust carries."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from clients.sdk import policy as policies
from clients.sdk.errors import (
    Denied,
    Fault,
    Misused,
    Postponed,
    SdkError,
    Tampered,
    Unreachable,
    as_sdk_error,
)
from clients.sdk.home import Home, Profile
from clients.sdk.journal import Begun, Journal
from clients.sdk.transport import Transport, clock
from keys import encoding, signing
from keys.signing import BadStatement
from protocol.bundle import Renewal
from protocol.identifiers import Instant, PersonId, StatementId, SubjectId, UnitId
from protocol.identity import TOLERANCE, Directory, Logged, Policy, logged_list, proved
from protocol.log.checkpoint import BadCheckpoint, open_checkpoint
from protocol.log.receipt import BadReceipt
from protocol.log.receipt import Verified as Proved
from protocol.log.receipt import parse as parse_receipt
from protocol.log.receipt import verify as verify_receipt
from protocol.logged import WITHDRAWAL
from protocol.pins import Pins
from protocol.sightings import Forked, compare
from protocol.statements import base
from protocol.statements.base import Refused

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


class Client:
    """A home, a signed-in connection, and the policy accepted under the fingerprint that came by hand."""

    def __init__(self, home: Home, profile: Profile) -> None:
        self.home = home
        self.profile = profile
        self.transport = Transport(profile.server, profile.person, home.keyring.signing)
        self.journal = Journal(home.folder)
        self._policy: Policy | None = None

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

    @property
    def policy(self) -> Policy:
        """The policy; `load_policy` must have been called."""
        if self._policy is None:
            raise Misused("no-policy", "the policy has not been loaded")
        return self._policy

    async def load_policy(self) -> Policy:
        """Fetch the policy and accept it under the root's fingerprint, in the log that I know; raises `Tampered`."""
        if self._policy is None:
            self._policy, published = await policies.fetch(self.transport, self.profile.root, self.home)
            try:
                await self.saw(published.checkpoint)
            except SdkError:
                self._policy = None
                raise
            # Before it is pinned: after a crash between the two, an older one would look rolled back.
            policies.keep(self.home, published)
            self._keep(Directory(self._policy, self.home.pins, clock()))
        return self._policy

    def forget_policy(self) -> None:
        """Fetch the policy anew when it is next needed."""
        self._policy = None

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

    async def check_receipt(self, logged: Logged, *, grown_from: str | None = None) -> Proved:
        """Check a receipt against my statement, its time against my clock, and the log against what I saw.

        `grown_from` is as for `saw`.

        Raises:
            Tampered: it does not hold; what convicts is kept under `evidence/`.
        """
        policy = await self.load_policy()
        try:
            entry = proved(logged, policy)
            made = int(signing.peek(logged.token).body["made"])
        except (Refused, BadStatement, LookupError, ValueError) as error:
            raise self.tampered(error, logged.to_json()) from error
        # Not against the clock now: a request that is finished after a crash may have been logged long ago.
        # A withdrawal may have waited for a halted log (`protocol.logged.Ledger.believe`).
        late = entry.entry.t - made > TOLERANCE and entry.details.act != WITHDRAWAL
        if late or made - entry.entry.t > TOLERANCE:
            far = Refused("wrong-time", "the server's clock and yours are more than five minutes apart")
            raise self.tampered(far, logged.to_json())
        self.home.save_receipt(logged.receipt)
        await self.saw(parse_receipt(logged.receipt).checkpoint.decode(), grown_from=grown_from)
        return entry

    async def saw(self, note: str, *, grown_from: str | None = None) -> None:
        """Check that the log only grew since the largest checkpoint I verified, and remember this one if larger.

        `grown_from` is a checkpoint with which this one was proved consistent already, by `protocol.share.verify`: if
        it is still the largest that I verified, the server is not asked once more.

        Raises:
            Tampered: the log has forked or shrunk; both checkpoints are kept as evidence.
        """
        policy = await self.load_policy()
        before = self.home.seen
        if before == note:
            return
        try:
            size = open_checkpoint(note.encode(), policy.log).checkpoint.size
            if before is not None:
                earlier = open_checkpoint(before.encode(), policy.log).checkpoint.size
                if before == grown_from:
                    if size > earlier:
                        self.home.save_trust(Pins(), note)
                    return
                if size < earlier:
                    # A receipt may be older than what we saw since: then the new one must be a prefix of ours.
                    proof = await self._consistency(size, earlier)
                    compare([note], before, {size: proof}, policy.log)
                    return
                compare([before], note, {earlier: await self._consistency(earlier, size)}, policy.log)
        except (Refused, BadCheckpoint) as error:
            raise self.tampered(error, {"before": before, "now": note}) from error
        self.home.save_trust(Pins(), note)

    async def directory(
        self,
        *,
        units: Iterable[UnitId] = (),
        persons: Iterable[PersonId] = (),
        subjects: Iterable[SubjectId] = (),
        from_epoch: int | None = None,
    ) -> Directory:
        """Fetch and believe what concerns these units, persons and subjects.

        Of a unit's epochs the latest two come, or all from number `from_epoch` on.

        Raises:
            Tampered: something is signed by nobody entitled, rolled back or contradicts what was pinned.
            Denied: one of them is unknown to me.
        """
        policy = await self.load_policy()
        answers = [await self.transport.get(f"/v1/units/{unit}", from_epoch=from_epoch) for unit in _each_once(units)]
        answers += [await self.transport.get(f"/v1/persons/{person}") for person in _each_once(persons)]
        by_subject = [(s, await self.transport.get(f"/v1/subjects/{s}")) for s in _each_once(subjects)]
        found = [logged for answer in answers for logged in logged_list(answer["statements"])]
        found += [logged for _, answer in by_subject for logged in logged_list(answer["statements"])]
        renewed = [(subject, Renewal.parse(one)) for subject, answer in by_subject for one in answer["renewals"]]
        return await self.believe(policy, found, renewed)

    async def believe(
        self, policy: Policy, found: Iterable[Logged], renewed: Iterable[tuple[SubjectId, Renewal]] = ()
    ) -> Directory:
        """Believe what was fetched, once it stands in the one log that I know, and pin it; raises `Tampered`."""
        statements = list({logged.token: logged for logged in found}.values())
        directory = Directory(policy, self.home.pins, clock())
        try:
            directory.learn(statements)
            for subject, renewal in renewed:
                directory.learn_renewal(renewal.logged, subject, renewal.index, renewal.proof)
        except Refused as error:
            raise self.tampered(error, {"statements": [logged.to_json() for logged in statements]}) from error
        # Before it is pinned: what was shown to me alone must not stand in the way of the truth afterwards.
        await self.require_one_log(directory)
        self._keep(directory)
        return directory

    async def require_one_log(self, directory: Directory) -> None:
        """Check that every receipt which the directory believed stands in the log that I have seen growing.

        Raises:
            Tampered: a receipt is of a side tree, or of a log that has shrunk since.
        """
        for note in sorted(directory.ledger.checkpoints, key=directory.ledger.size):
            await self.saw(note)

    def tampered(self, error: Exception, evidence: Mapping[str, Any]) -> Tampered:
        """Keep evidence and return the error that tells where it is."""
        code = getattr(error, "code", "tampered")
        if isinstance(error, Forked):
            evidence = {**evidence, "checkpoints": list(error.evidence)}
        path = self.home.save_evidence({"code": code, "why": str(error), "at": clock(), **evidence})
        why = f"{str(error)[:1].upper()}{str(error)[1:]}"
        return Tampered(code, f"{why}. Do not go on; the evidence is kept in {path}.", evidence, what=why, path=path)

    def _keep(self, directory: Directory) -> None:
        if directory.pins != self.home.pins:
            self.home.save_trust(directory.pins, None)

    async def _consistency(self, old: int, new: int) -> list[bytes]:
        if old in (0, new):
            return []
        try:
            answer = await self.transport.get("/v1/log/consistency", public=True, old=old, new=new)
        except (Denied, Misused) as error:
            why = f"the server cannot show that the log of {old} entries grew into the one of {new}"
            raise Refused("no-consistency", why) from error
        return [encoding.decode(node) for node in answer["proof"]]


def _waits(token: str, answer: Mapping[str, Any]) -> bool:
    """Say whether the answer is that this withdrawal waits for the log; of nothing else may a server say so."""
    said = signing.peek(token).body["kind"]
    told = {"digest": signing.digest(token), "state": "waiting"}
    return said == WITHDRAWAL and all(answer.get(name) == value for name, value in told.items())


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


def _each_once(ids: Iterable[Any]) -> list[Any]:
    return sorted(set(ids))
