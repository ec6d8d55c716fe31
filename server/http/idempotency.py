"""Repeated writes: the same key and the same request get the same answer for 24 hours (DESIGN §10).

Never set `idempotent` on a route that releases an envelope: a repeated opening is a new statement, decided and logged
again. What may not happen twice after a crash is held apart by the ids inside the statements, not by these keys.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from aiohttp import web

from server.http import problems
from server.http.problems import problem

KEPT_SECONDS = 24 * 3600
KEPT_AT_MOST = 50_000

HEADER = "Idempotency-Key"
KEY_PATTERN = "^[A-Za-z0-9_-]{16,64}$"


class Asked(NamedTuple):
    """A key as its owner used it: nobody meets another person's keys."""

    person: str
    key: str


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What was answered the first time."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class KeptAnswers(Protocol):
    """Remembers answers by key."""

    async def claim(self, asked: Asked, digest: str) -> KeptAnswer | None:
        """Give the answer kept for this key, or None when the caller is the first and must `keep` or `release`.

        Raises:
            Problem: the key was used for another request, or the first one is still being answered.
        """

    async def keep(self, asked: Asked, answer: KeptAnswer) -> None:
        """Remember the answer."""

    async def release(self, asked: Asked) -> None:
        """Forget the claim: nothing was decided."""


KEPT_ANSWERS: web.AppKey[KeptAnswers] = web.AppKey("kept_answers")


@dataclass(slots=True)
class _Slot:
    digest: str
    until: float
    answer: KeptAnswer | None = None


class MemoryAnswers:
    """Answers kept in this process; the oldest give way when there are too many."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, at_most: int = KEPT_AT_MOST) -> None:
        self._clock = clock
        self._at_most = at_most
        self._slots: OrderedDict[Asked, _Slot] = OrderedDict()

    async def claim(self, asked: Asked, digest: str) -> KeptAnswer | None:
        """See `KeptAnswers.claim`."""
        now = self._clock()
        while self._slots and (len(self._slots) > self._at_most or next(iter(self._slots.values())).until <= now):
            self._slots.popitem(last=False)
        slot = self._slots.get(asked)
        if slot is None:
            self._slots[asked] = _Slot(digest, now + KEPT_SECONDS)
            return None
        if slot.digest != digest:
            raise problem(problems.KEY_REUSED)
        if slot.answer is None:
            raise problem(problems.IN_PROGRESS, Retry_After="1")
        return slot.answer

    async def keep(self, asked: Asked, answer: KeptAnswer) -> None:
        """See `KeptAnswers.keep`."""
        if slot := self._slots.get(asked):
            slot.answer = answer

    async def release(self, asked: Asked) -> None:
        """See `KeptAnswers.release`."""
        self._slots.pop(asked, None)
