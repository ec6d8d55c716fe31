from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING

import asyncpg  # type: ignore[import-untyped]  # it ships no types
import pytest
from sqlalchemy.engine import make_url

from server.audit.keyfiles import init_log
from tests.unit.server_audit.support import ORIGIN, Place

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

POSTGRES = os.environ.get("FORTROLIG_TEST_POSTGRES")


@pytest.fixture(params=["sqlite"] if POSTGRES is None else ["sqlite", "postgres"])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    if request.param == "sqlite":
        yield Place(tmp_path, tmp_path / "log.db", init_log(tmp_path, ORIGIN))
        return
    assert POSTGRES is not None
    name = f"fortrolig_{secrets.token_hex(6)}"
    administrator = await asyncpg.connect(POSTGRES)
    await administrator.execute(f"CREATE DATABASE {name}")
    try:
        url = make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)
        yield Place(tmp_path, url, init_log(tmp_path, ORIGIN))
    finally:
        await administrator.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await administrator.close()


@pytest.fixture
def sqlite_place(tmp_path: Path) -> Place:
    return Place(tmp_path, tmp_path / "log.db", init_log(tmp_path, ORIGIN))
