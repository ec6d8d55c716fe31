"""What registrars determined about who may sign for a child: every word once, with its entry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Column, Index, String, Table, bindparam, insert, select

from protocol.authorities import Determined, determined
from protocol.identifiers import Instant, PersonId
from protocol.statements.authority import AUTHORITY_WORDS, AuthorityBody, AuthorityWord
from server.database.schema import metadata
from server.identity.store.statements import DIGEST, ID, LONG, Bodies
from server.identity.store.subjects import KnownSheet

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from protocol.consent.case import Sheet
    from protocol.identifiers import SubjectId

words = Table(
    "authority_words",
    metadata,
    Column("digest", DIGEST, primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("subject", ID, nullable=False),
    Column("unit", ID),
    Column("person", ID, nullable=False),
    Column("t", LONG, nullable=False),
    Column("leaf_index", LONG, nullable=False),
    Index("authority_words_by_subject", "subject", "leaf_index"),
)
_w = words.c
_OF = select(_w.digest, _w.kind, _w.person, _w.t).where(_w.subject == bindparam("s")).order_by(_w.t, _w.digest)
_bodies: dict[str, Bodies[AuthorityWord]] = {word.kind: Bodies(word, most=4096) for word in AUTHORITY_WORDS}


def add_word(connection: Connection, word: Determined, leaf_index: int) -> None:
    """Keep a registrar's word."""
    body = word.body
    connection.execute(
        insert(words),
        {
            "digest": word.digest,
            "kind": body.kind,
            "subject": body.subject,
            "unit": body.unit if isinstance(body, AuthorityBody) else None,
            "person": word.by,
            "t": word.at,
            "leaf_index": leaf_index,
        },
    )


def words_about(connection: Connection, subject: SubjectId) -> list[Determined]:
    """Give everything that registrars said of this kind about a child, oldest first."""
    return [
        Determined(digest, _bodies[kind].get(connection, digest), PersonId(by), Instant(at))
        for digest, kind, by, at in connection.execute(_OF, {"s": subject})
    ]


def sheet_facts(connection: Connection, known: KnownSheet) -> Sheet:
    """Give what `decide` needs to know of a sheet; what it does not name does not count yet."""
    named = known.body.authorities
    words = words_about(connection, known.body.subject) if named else []
    counting = [word for word in words if not isinstance(word.body, AuthorityBody) or word.digest in named]
    return known.body.facts(known.not_after, determined(counting))
