"""One person's client: signs, sends, checks every receipt, and believes only what the chain of trust carries."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

from clients.sdk.errors import Incomplete, Misused, Tampered
from clients.sdk.home import Home, Profile
from clients.sdk.transport import Transport, clock
from keys import encoding, signing
from protocol.bundle import Renewal
from protocol.identifiers import Instant, PersonId, StatementId, SubjectId, UnitId
from protocol.identity import TOLERANCE, Directory, Logged, Policy, accept_policy, logged_list, proved
from protocol.log.checkpoint import BadCheckpoint, open_checkpoint
from protocol.log.receipt import Verified as Proved
from protocol.log.receipt import parse as parse_receipt
from protocol.sightings import Forked, compare
from protocol.statements import base
from protocol.statements.base import Refused


class Client:
    """A home, a signed-in connection, and the policy accepted under the fingerprint that came by hand."""

    def __init__(self, home: Home, profile: Profile) -> None:
        self.home = home
        self.profile = profile
        self.transport = Transport(profile.server, profile.person, home.keyring.signing)
        self._policy: Policy | None = None

    @classmethod
    def at(cls, folder: Path, passphrase: str) -> Self:
        """Open the home in a folder; raises `Misused`."""
        home = Home.open(folder, passphrase)
        return cls(home, home.profile)

    async def __aenter__(self) -> Self:
        await self.transport.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.transport.__aexit__(*error)

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
        """Fetch the policy and accept it under the root's fingerprint; raises `Tampered`."""
        if self._policy is None:
            self._policy = await fetch_policy(self.transport, self.profile.root, self.home)
            self._keep(Directory(self._policy, self.home.pins, clock()))
        return self._policy

    async def sign(self, body: base.Body) -> str:
        """Sign a body as a statement of mine, now, with the checkpoint that I have seen."""
        policy = await self.load_policy()
        key = self.home.keyring.signing
        return base.sign(body, key, iss=self.person, aud=policy.origin, made=clock(), seen=self.home.seen)

    async def submit(
        self, path: str, body: base.Body, *, field: str = "token", more: Mapping[str, Any] | None = None
    ) -> tuple[Proved, Any]:
        """Sign a body, post it, and check the receipt before believing that it happened.

        Returns what the log holds, and the server's whole answer.
        """
        token = await self.sign(body)
        answer = await self.transport.post(path, {field: token, **(more or {})}, idempotency=secrets.token_urlsafe(16))
        return await self.check_receipt(Logged(token, str(answer["receipt"]))), answer

    async def check_receipt(self, logged: Logged) -> Proved:
        """Check a receipt against the statement it is for, its time against my clock, and the log against what I saw.

        Raises:
            Tampered: it does not hold; what convicts is kept under `evidence/`.
        """
        policy = await self.load_policy()
        try:
            entry = proved(logged, policy)
        except Refused as error:
            raise self.tampered(error, logged.to_json()) from error
        if abs(entry.entry.t - clock()) > TOLERANCE:
            raise Tampered("wrong-time", "The server's clock and yours are more than five minutes apart.")
        self.home.save_receipt(logged.receipt)
        await self.saw(parse_receipt(logged.receipt).checkpoint.decode())
        return entry

    async def saw(self, note: str) -> None:
        """Check that the log only grew since the largest checkpoint I verified, and remember this one if larger.

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
                if size < earlier:
                    # A receipt may be older than what we saw since: then the new one must be a prefix of ours.
                    proof = await self._consistency(size, earlier)
                    compare([note], before, {size: proof}, policy.log)
                    return
                compare([before], note, {earlier: await self._consistency(earlier, size)}, policy.log)
        except (Refused, BadCheckpoint) as error:
            raise self.tampered(error, {"before": before, "now": note}) from error
        self.home.save_trust(self.home.pins, note)

    async def directory(
        self,
        *,
        units: Iterable[UnitId] = (),
        persons: Iterable[PersonId] = (),
        subjects: Iterable[SubjectId] = (),
    ) -> Directory:
        """Fetch and believe what concerns these units, persons and subjects.

        Raises:
            Tampered: something is signed by nobody entitled, rolled back or contradicts what was pinned.
            Denied: one of them is unknown to me.
        """
        policy = await self.load_policy()
        answers = [await self.transport.get(f"/v1/units/{unit}") for unit in _each_once(units)]
        answers += [await self.transport.get(f"/v1/persons/{person}") for person in _each_once(persons)]
        by_subject = [(s, await self.transport.get(f"/v1/subjects/{s}")) for s in _each_once(subjects)]
        found = [logged for answer in answers for logged in logged_list(answer["statements"])]
        found += [logged for _, answer in by_subject for logged in logged_list(answer["statements"])]
        directory = Directory(policy, self.home.pins, clock())
        try:
            directory.learn({logged.token: logged for logged in found}.values())
            for subject, answer in by_subject:
                for renewal in (Renewal.parse(one) for one in answer["renewals"]):
                    directory.learn_renewal(renewal.logged, subject, renewal.index, renewal.proof)
        except Refused as error:
            raise self.tampered(error, {"statements": [logged.to_json() for logged in found]}) from error
        self._keep(directory)
        return directory

    def tampered(self, error: Exception, evidence: Mapping[str, Any]) -> Tampered:
        """Keep evidence and return the error that tells where it is."""
        code = getattr(error, "code", "tampered")
        if isinstance(error, Forked):
            evidence = {**evidence, "checkpoints": list(error.evidence)}
        path = self.home.save_evidence({"code": code, "why": str(error), "at": clock(), **evidence})
        return Tampered(code, f"{error}. Do not go on; the evidence is kept in {path}.", evidence)

    def _keep(self, directory: Directory) -> None:
        if directory.pins != self.home.pins:
            self.home.save_trust(directory.pins, self.home.seen)

    async def _consistency(self, old: int, new: int) -> list[bytes]:
        if old in (0, new):
            return []
        answer = await self.transport.get("/v1/log/consistency", old=old, new=new)
        return [encoding.decode(node) for node in answer["proof"]]


async def fetch_policy(transport: Transport, fingerprint: str, home: Home) -> Policy:
    """Fetch the policy and accept it under a fingerprint that came by hand.

    Raises:
        Incomplete: the server has none yet.
        Tampered: it is not the root's, has ended, or is older than one seen before.
    """
    answer = await transport.get("/v1/policy", public=True)
    if answer is None:
        raise Incomplete("no-policy", "The server has no policy yet: the root must publish one.")
    try:
        root = signing.PublicKey.from_jwk(answer["root"])
        logged = Logged.parse(answer["policy"])
        policy = accept_policy(logged.token, root, fingerprint, home.pins, clock())
        proved(logged, policy)
    except (Refused, ValueError, KeyError) as error:
        code = getattr(error, "code", "bad-policy")
        path = home.save_evidence({"code": code, "why": str(error), "answer": answer})
        raise Tampered(code, f"The server's policy does not hold: {error}. Kept in {path}.") from error
    return policy


def new_statement_id() -> StatementId:
    """Draw an id for a statement that carries no number."""
    return StatementId.of(secrets.token_bytes(16))


def days(number: int, start: Instant | None = None) -> Instant:
    """Return the instant so many days of 24 hours from `start` (now, if none)."""
    return Instant((clock() if start is None else start) + number * 86_400_000)


def _each_once(ids: Iterable[Any]) -> list[Any]:
    return sorted(set(ids))
