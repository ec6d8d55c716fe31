from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.http.consent.support import Town, open_town
from tests.http.documents.support import Office


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    """The child is seven."""
    async with open_town(tmp_path) as opened:
        yield opened


@pytest.fixture
def office(town: Town) -> Office:
    return Office(town)
