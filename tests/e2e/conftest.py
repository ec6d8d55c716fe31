"""One stage a session, copied for each test; and the same one being served."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.stage import Stage, build_now


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    return build_now(tmp_path_factory.mktemp("stage"))


@pytest.fixture
def stage(built: Stage, tmp_path: Path) -> Stage:
    return built.copy(tmp_path / "stage")


@pytest.fixture
async def served(stage: Stage) -> AsyncIterator[Stage]:
    async with stage.serving():
        yield stage
