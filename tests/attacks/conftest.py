from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from clients.sdk import choosing, transport
from keys import sealing, streaming
from protocol.consent.answer import Basis, Permit
from protocol.consent.ask import Ask
from server.documents import judging
from tests.attacks.town import Town, build, open_town


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The town as it was built once; nobody writes here."""
    folder = tmp_path_factory.mktemp("town")
    asyncio.run(build(folder))
    return folder


@pytest.fixture
async def town(template: Path, tmp_path: Path) -> AsyncIterator[Town]:
    async with open_town(template, tmp_path / "town") as opened:
        yield opened


@dataclass
class Watch:
    """What the client's keys did: every secret unsealed, every secret sealed, every plaintext decrypted."""

    unsealed: list[bytes] = field(default_factory=list)
    sealed: list[bytes] = field(default_factory=list)
    decrypted: int = 0


@pytest.fixture
def watch(town: Town, monkeypatch: pytest.MonkeyPatch) -> Watch:
    """Watch the client's keys from the start of the test: the town is built already."""
    del town
    seen = Watch()
    unseal, seal, decrypt = sealing.unseal, sealing.seal, streaming.decrypt

    def watched_unseal(*given: Any) -> bytes:
        secret = unseal(*given)
        seen.unsealed.append(secret)
        return secret

    def watched_seal(secret: bytes, *given: Any) -> bytes:
        seen.sealed.append(secret)
        return seal(secret, *given)

    def watched_decrypt(*given: Any, **named: Any) -> None:
        seen.decrypted += 1
        decrypt(*given, **named)

    monkeypatch.setattr(sealing, "unseal", watched_unseal)
    monkeypatch.setattr(sealing, "seal", watched_seal)
    monkeypatch.setattr(streaming, "decrypt", watched_decrypt)
    return seen


class Later:
    """A clock that runs ahead of the real one by what it is told."""

    def __init__(self) -> None:
        self.milliseconds = 0

    def forward(self, days: float) -> None:
        self.milliseconds += round(days * 86_400_000)

    def time_ns(self) -> int:
        return time.time_ns() + self.milliseconds * 1_000_000

    def monotonic(self) -> float:
        return time.monotonic() + self.milliseconds / 1000


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Later:
    """Move the clock of clients and server together."""
    moved = Later()
    monkeypatch.setattr(transport, "time", moved)
    return moved


@pytest.fixture
def lenient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server whose operator has taken the decision out: everything is permitted."""

    def permit(ask: Ask, *_: Any) -> Permit:
        return Permit(Basis.CONSENT, ask.consents, "no/any")

    monkeypatch.setattr(judging, "decide", permit)
    monkeypatch.setattr(judging, "require_related", lambda *_: None)


@pytest.fixture
def reckless(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A sender whose own client does not decide: it shares under the consents that the test puts in the list."""
    consents: list[str] = []

    def choose(*_: Any) -> SimpleNamespace:
        named = tuple(sorted(consents))
        return SimpleNamespace(answer=Permit(Basis.CONSENT, named, "no/any"), consents=named)

    monkeypatch.setattr(choosing, "choose", choose)
    return consents
