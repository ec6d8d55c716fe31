from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.http.consent.support import BORN_14, BORN_17, Town, open_town


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    """The child is seven."""
    async with open_town(tmp_path) as opened:
        yield opened


@pytest.fixture
async def town_of_14(tmp_path: Path) -> AsyncIterator[Town]:
    async with open_town(tmp_path, born=BORN_14) as opened:
        yield opened


@pytest.fixture
async def town_of_17(tmp_path: Path) -> AsyncIterator[Town]:
    async with open_town(tmp_path, born=BORN_17) as opened:
        yield opened
