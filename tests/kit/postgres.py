"""A PostgreSQL database per test, where FORTROLIG_TEST_POSTGRES names a server (`postgresql://…`) that may be used."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import AsyncIterator

import asyncpg  # type: ignore[import-untyped]  # it ships no types
from sqlalchemy.engine import make_url

POSTGRES = os.environ.get("FORTROLIG_TEST_POSTGRES")


@contextlib.asynccontextmanager
async def own_database() -> AsyncIterator[str | None]:
    """Give the URL of a new, empty database that is dropped at the end; None where no server is named."""
    if POSTGRES is None:
        yield None
        return
    name = f"fortrolig_{secrets.token_hex(6)}"
    administrator = await asyncpg.connect(POSTGRES)
    try:
        await administrator.execute(f"CREATE DATABASE {name}")
        try:
            yield make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)
        finally:
            await administrator.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await administrator.close()
