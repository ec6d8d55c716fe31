"""Handing the log's checkpoints to independent witnesses (C2SP tlog-witness), never in the way of the service."""

from __future__ import annotations

import asyncio
import contextlib
import re
from typing import TYPE_CHECKING

import aiohttp
import structlog
from prometheus_client import Counter, Gauge
from sqlalchemy.exc import SQLAlchemyError

from protocol.log.note import BadNote, open_note, signature_line
from protocol.log.witnessing import Answer, Submission
from server.audit import actions, cosignatures
from server.audit.batch import StorageFault
from server.audit.cosignatures import Cosigned
from server.audit.log import LogHalted
from server.audit.writer import WriterClosed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prometheus_client import CollectorRegistry

    from server.audit.store import Head
    from server.audit.writer import Writer
    from server.config import WitnessAt
    from server.http.clock import Clock

REFRESH_SECONDS = 3600
"""A log without news is cosigned anew this often: a witness's time is the only proof that nothing is held back."""

_TIMEOUT = aiohttp.ClientTimeout(total=10)
_LONGEST_ANSWER = 16 * 1024
_SIZE = re.compile(rb"0|[1-9][0-9]{0,18}")
_log = structlog.get_logger("server.witnesses")


class Unwilling(Exception):
    """A witness did not cosign; the text says why."""


class Figures:
    """What can be read of the witnesses from outside."""

    def __init__(self, registry: CollectorRegistry) -> None:
        names = ["witness"]
        self.size = Gauge("fortrolig_witness_size", "Entries last cosigned", names, registry=registry)
        self.seconds = Gauge("fortrolig_witness_seconds", "POSIX time of it", names, registry=registry)
        self.failures = Counter("fortrolig_witness_failures", "Times it did not cosign", names, registry=registry)


class Feeder:
    """Feeds one log's checkpoints to its witnesses. An unreachable one costs nothing but its cosignature."""

    def __init__(self, writer: Writer, witnesses: Sequence[WitnessAt], clock: Clock, figures: Figures) -> None:
        self._writer = writer
        self._witnesses = witnesses
        self._clock = clock
        self._figures = figures
        self._latest: dict[str, Cosigned] = {}
        self._failing: set[str] = set()

    async def keep_fed(self, every: float) -> None:
        """Feed now and every so many seconds, until cancelled."""
        for said in await self._writer.database.read(cosignatures.latest):
            self._note(said)
        async with aiohttp.ClientSession(timeout=_TIMEOUT, trust_env=False) as http:
            while True:
                with contextlib.suppress(LogHalted, StorageFault, WriterClosed, SQLAlchemyError):
                    await self.feed(http)
                await asyncio.sleep(every)

    async def feed(self, http: aiohttp.ClientSession) -> None:
        """Offer the latest checkpoint to every witness that has not cosigned it lately; a halted log offers nothing."""
        if self._writer.log.halted is not None:
            return
        await actions.keep_up(self._writer)
        head = self._writer.log.head
        behind = [each for each in self._witnesses if self._wants(each, head)]
        await asyncio.gather(*(self._try(http, each, head) for each in behind))

    def _wants(self, witness: WitnessAt, head: Head) -> bool:
        said = self._latest.get(witness.name)
        if said is None or said.size != head.size:
            return head.size > 0
        return self._clock() >= (said.seconds + REFRESH_SECONDS) * 1000

    async def _try(self, http: aiohttp.ClientSession, witness: WitnessAt, head: Head) -> None:
        try:
            said = await self._offer(http, witness, head)
            await self._writer.database.write(cosignatures.keep, said)
        except (aiohttp.ClientError, TimeoutError, OSError, Unwilling, BadNote) as fault:
            self._figures.failures.labels(witness.name).inc()
            if witness.name not in self._failing:  # told once, not every ten seconds
                self._failing.add(witness.name)
                _log.warning(
                    "a witness does not cosign", witness=witness.name, reason=f"{fault or type(fault).__name__}"
                )
            return
        self._note(said)
        if witness.name in self._failing:
            self._failing.remove(witness.name)
            _log.info("a witness cosigns again", witness=witness.name)

    async def _offer(self, http: aiohttp.ClientSession, witness: WitnessAt, head: Head) -> Cosigned:
        known = self._latest.get(witness.name)
        status, body = await self._post(http, witness, head, 0 if known is None else known.size)
        if status == Answer.OTHER_SIZE:
            # It knows another size than we remember: after a lost answer, or from another process of this server.
            size = body.strip()
            if not _SIZE.fullmatch(size) or int(size) > head.size:
                raise Unwilling(f"it has seen {size[:20].decode(errors='replace')} entries, the log has {head.size}")
            status, body = await self._post(http, witness, head, int(size))
        if status != Answer.COSIGNED:
            raise Unwilling(f"it answered {status}")
        [line] = open_note(head.checkpoint.encode() + body, [witness.key]).signatures
        # Every line by a key of type 4 has a time; the types cannot say so.
        return Cosigned(head.size, witness.name, line.time or 0, signature_line(line).decode())

    async def _post(self, http: aiohttp.ClientSession, witness: WitnessAt, head: Head, old: int) -> tuple[int, bytes]:
        proof = [] if old == 0 else actions.prove_consistency(self._writer.log, old, head.size)
        if proof is None:
            raise Unwilling(f"the log has no tree of {old} entries")
        asked = Submission(old, tuple(proof), head.checkpoint.encode())
        url = f"{witness.url.rstrip('/')}/add-checkpoint"
        async with http.post(url, data=asked.to_bytes(), allow_redirects=False) as answer:
            body = bytearray()
            async for chunk in answer.content.iter_chunked(_LONGEST_ANSWER):
                body += chunk
                if len(body) > _LONGEST_ANSWER:
                    raise Unwilling("its answer is too long")
            return answer.status, bytes(body)

    def _note(self, said: Cosigned) -> None:
        self._latest[said.witness] = said
        self._figures.size.labels(said.witness).set(said.size)
        self._figures.seconds.labels(said.witness).set(said.seconds)
