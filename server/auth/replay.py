"""Each proof and each assertion counts once."""

from __future__ import annotations

import secrets
from collections import deque
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from protocol.identifiers import Instant

REMEMBERED_AT_MOST = 2_000_000


class Overloaded(Exception):
    """No more can be remembered for now, so nothing more may be accepted."""


class ReplayGuard(Protocol):
    """Remembers what was used. One process keeps it in memory; several need a table between them."""

    @property
    def nonce(self) -> str:
        """What a proof must carry: without it, a proof from before the memory began could come again."""

    async def first_use(self, key: str, name: str, now: Instant) -> bool:
        """Say whether this `name` (a `jti`) is used for the first time under this key, and remember it.

        Raises:
            Overloaded: it cannot be remembered.
        """


class MemoryReplays:
    """Remembers in this process; its nonce carries the boot id, so what was made before a restart is refused."""

    def __init__(self, window: int, at_most: int = REMEMBERED_AT_MOST) -> None:
        """Remember for `window` seconds: as long as what is accepted now could still be accepted."""
        self.nonce = secrets.token_urlsafe(18)
        self._window = window * 1000
        self._at_most = at_most
        self._seen: set[bytes] = set()
        # Every entry is kept equally long, so the order of arrival is the order of expiry.
        self._order: deque[tuple[int, bytes]] = deque()

    async def first_use(self, key: str, name: str, now: Instant) -> bool:
        """See `ReplayGuard.first_use`."""
        while self._order and self._order[0][0] < now - self._window:
            self._seen.discard(self._order.popleft()[1])
        used = sha256(f"{key}\n{name}".encode()).digest()[:16]
        if used in self._seen:
            return False
        if len(self._seen) >= self._at_most:
            raise Overloaded
        self._seen.add(used)
        self._order.append((now, used))
        return True
