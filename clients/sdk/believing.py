"""Believing: the policy, receipts, one log that only grows, and who may say what; all else is hearsay."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from clients.sdk import policy as policies
from clients.sdk.errors import Denied, Misused, SdkError, Tampered
from clients.sdk.home import Home, Profile
from clients.sdk.transport import Transport, clock
from keys import encoding, signing
from keys.signing import BadStatement
from protocol.bundle import Renewal
from protocol.identifiers import PersonId, SubjectId, UnitId
from protocol.identity import TOLERANCE, Directory, Logged, Policy, logged_list, proved
from protocol.log.checkpoint import BadCheckpoint, open_checkpoint
from protocol.log.receipt import Verified as Proved
from protocol.log.receipt import parse as parse_receipt
from protocol.pins import Pins
from protocol.share import Verified as Opening
from protocol.sightings import Forked, compare
from protocol.statements.base import Refused
from protocol.statements.narrowing import TAKING_BACK


class Believer:
    """A home, a connection, and the policy accepted under the fingerprint that came by hand."""

    def __init__(self, home: Home, profile: Profile) -> None:
        self.home = home
        self.profile = profile
        self.transport = Transport(profile.server, profile.person, home.keyring.signing)
        self._policy: Policy | None = None

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

    async def check_receipt(self, logged: Logged) -> Proved:
        """Check a receipt against my statement, its time against my clock, and the log against what I saw.

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
        late = entry.entry.t - made > TOLERANCE and entry.details.act not in TAKING_BACK
        if late or made - entry.entry.t > TOLERANCE:
            far = Refused("wrong-time", "the server's clock and yours are more than five minutes apart")
            raise self.tampered(far, logged.to_json())
        self.home.save_receipt(logged.receipt)
        await self.saw(parse_receipt(logged.receipt).checkpoint.decode())
        return entry

    @asynccontextmanager
    async def remembering(self, judged: Opening, receipt: str) -> AsyncIterator[Awaitable[None]]:
        """Check that the log only grew to where a verified opening stands, and keep what was learnt from it.

        While the block runs, pins, checkpoint and receipt go to the disk. What is given is done when they are there,
        and the block does not end before.

        Raises:
            Tampered: as `saw`, before the block.
        """
        note = judged.opened.checkpoint.note.decode()
        news = await self._is_news(note, grown_from=judged.opening.seen)
        kept = asyncio.create_task(self._remember(judged.pins, note if news else None, receipt))
        try:
            yield kept
        finally:
            await kept

    async def _remember(self, pins: Pins, note: str | None, receipt: str) -> None:
        # At once, so that they wait for the disk together.
        await asyncio.gather(
            asyncio.to_thread(self.home.save_trust, pins, note), asyncio.to_thread(self.home.save_receipt, receipt)
        )

    async def saw(self, note: str) -> None:
        """Check that the log only grew since the largest checkpoint I verified, and remember this one if larger.

        Raises:
            Tampered: the log has forked or shrunk; both checkpoints are kept as evidence.
        """
        if await self._is_news(note):
            self.home.save_trust(Pins(), note)

    async def _is_news(self, note: str, *, grown_from: str | None = None) -> bool:
        """Check that the log only grew, and say whether this checkpoint is larger than the largest that I verified.

        `grown_from` is a checkpoint with which this one was proved consistent already, by `protocol.share.verify`: if
        it is still the largest that I verified, the server is not asked once more.
        """
        policy = await self.load_policy()
        before = self.home.seen
        if before == note:
            return False
        try:
            size = open_checkpoint(note.encode(), policy.log).checkpoint.size
            if before is None:
                return True
            earlier = open_checkpoint(before.encode(), policy.log).checkpoint.size
            if before == grown_from:
                return size > earlier
            if size < earlier:
                # A receipt may be older than what we saw since: then the new one must be a prefix of ours.
                compare([note], before, {size: await self._consistency(size, earlier)}, policy.log)
                return False
            compare([before], note, {earlier: await self._consistency(earlier, size)}, policy.log)
        except (Refused, BadCheckpoint) as error:
            raise self.tampered(error, {"before": before, "now": note}) from error
        return True

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
            directory.require_authorities()
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


def _each_once(ids: Iterable[Any]) -> list[Any]:
    return sorted(set(ids))
