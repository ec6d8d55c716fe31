from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.kit.world import Unit, World, open_world


@pytest.fixture
async def blank(tmp_path: Path) -> AsyncIterator[World]:
    """A server on which nothing is published yet."""
    async with open_world(tmp_path) as world:
        yield world


@pytest.fixture
async def world(blank: World) -> World:
    await blank.begin()
    return blank


@pytest.fixture
async def clinic(world: World) -> Unit:
    return await world.add_unit("Klinikken")
