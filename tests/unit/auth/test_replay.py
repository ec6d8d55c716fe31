"""What was used once is refused as long as it could otherwise be accepted."""

from __future__ import annotations

import pytest

from protocol.identifiers import Instant
from server.auth.replay import MemoryReplays, Overloaded


async def test_a_name_counts_once_under_its_key() -> None:
    replays = MemoryReplays(10)
    assert await replays.first_use("key", "name", Instant(0))
    assert not await replays.first_use("key", "name", Instant(0))
    assert await replays.first_use("other", "name", Instant(0))
    assert await replays.first_use("key", "other", Instant(0))


async def test_a_name_is_remembered_to_the_end_of_its_window_and_not_longer() -> None:
    replays = MemoryReplays(10)
    assert await replays.first_use("key", "name", Instant(0))
    assert not await replays.first_use("key", "name", Instant(10_000))
    assert await replays.first_use("key", "name", Instant(10_001))


async def test_when_nothing_more_can_be_remembered_nothing_more_is_accepted() -> None:
    replays = MemoryReplays(10, at_most=1)
    assert await replays.first_use("key", "name", Instant(0))
    with pytest.raises(Overloaded):
        await replays.first_use("key", "other", Instant(0))
    assert await replays.first_use("key", "other", Instant(10_001))


def test_each_boot_has_a_nonce_of_its_own() -> None:
    assert MemoryReplays(1).nonce != MemoryReplays(1).nonce
