from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from server.audit.keyfiles import init_log
from tests.kit.postgres import POSTGRES, own_database
from tests.unit.server_audit.support import ORIGIN, Place

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture(params=["sqlite"] if POSTGRES is None else ["sqlite", "postgres"])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    if request.param == "sqlite":
        yield Place(tmp_path, tmp_path / "log.db", init_log(tmp_path, ORIGIN))
        return
    async with own_database() as url:
        assert url is not None
        yield Place(tmp_path, url, init_log(tmp_path, ORIGIN))


@pytest.fixture
def sqlite_place(tmp_path: Path) -> Place:
    return Place(tmp_path, tmp_path / "log.db", init_log(tmp_path, ORIGIN))
