"""What somebody with the server's database can do to it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from keys import signing


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the database with every guard against changes removed."""
    with closing(sqlite3.connect(path)) as database, database:
        for (trigger,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f'DROP TRIGGER "{trigger}"')
        yield database


def forge(path: Path, digest_of: tuple[str, tuple[str, ...]], change: Callable[[dict[str, Any]], None]) -> None:
    """Change one statement's payload and sign it anew with a key of one's own, under the signer's name."""
    with opened(path) as database:
        [digest] = database.execute(*digest_of).fetchone()
        [token] = database.execute("SELECT token FROM statements WHERE digest = ?", (digest,)).fetchone()
        kind, _, payload = signing.peek(token)
        change(payload)
        forged = signing.sign(kind, payload, signing.generate())
        database.execute("UPDATE statements SET token = ? WHERE digest = ?", (forged, digest))
