"""Who is kept out of everything around a child: rows that are only ever added, and what they hide of each matter."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Column, Index, String, Table, bindparam, insert, select

from protocol.consent.keeping_out import KeptOut
from protocol.identifiers import Instant, MatterId, PersonId, SubjectId, UnitId
from protocol.statements.exclusions import BlockBody, ExclusionBody, KeepingOutEndBody
from server.consent.store import tables
from server.database.schema import metadata
from server.identity.store.statements import DIGEST, ID, LONG

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sqlalchemy import Connection

    from protocol.consent.case import Shield
    from protocol.statements.base import Statement

keeping_out = Table(  # `person` is null in the row of an end, and `ends` names what it ends
    "keeping_out",
    metadata,
    Column("statement", DIGEST, primary_key=True),
    Column("subject", ID, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("person", ID),
    Column("mailbox", ID),
    Column("unit", ID),
    Column("ends", DIGEST),
    Column("by", ID, nullable=False),
    Column("at", LONG, nullable=False),
    Column("leaf_index", LONG, nullable=False),
    Index("keeping_out_by_subject", "subject", "leaf_index"),
    Index("keeping_out_by_person", "person"),
    Index("keeping_out_by_mailbox", "mailbox"),
)


class Kept(NamedTuple):
    """A word that keeps somebody out, and the leaf index of its entry."""

    word: KeptOut
    leaf_index: int


_k, _m = keeping_out.c, tables.matters.c
_ABOUT = (
    select(_k.statement, _k.subject, _k.person, _k.mailbox, _k.unit, _k.ends, _k.by, _k.at, _k.leaf_index)
    .where(_k.subject == bindparam("s"))
    .order_by(_k.leaf_index)
)
_OUT_OF = select(_k.subject).where(_k.person == bindparam("p"))
_THROUGH = select(_k.subject).where(_k.mailbox == bindparam("u"))
_MAILBOX_OF = select(_k.mailbox).where(_k.statement == bindparam("d"))
_MATTERS = select(_m.matter).where(_m.subject == bindparam("s"))


def add(connection: Connection, statement: Statement[Any], leaf_index: int, at: Instant) -> None:
    """Keep a word on who is kept out."""
    body: ExclusionBody | BlockBody | KeepingOutEndBody = statement.body
    connection.execute(
        insert(keeping_out),
        {
            "statement": statement.digest,
            "subject": body.subject,
            "kind": body.kind,
            "person": None if isinstance(body, KeepingOutEndBody) else body.person,
            "mailbox": body.mailbox if isinstance(body, ExclusionBody) else None,
            "unit": None if isinstance(body, ExclusionBody) else body.unit,
            "ends": body.ends if isinstance(body, KeepingOutEndBody) else None,
            "by": statement.iss,
            "at": at,
            "leaf_index": leaf_index,
        },
    )


def about(connection: Connection, subject: SubjectId) -> list[Kept]:
    """Give every word that keeps somebody out of what is around a subject, ended ones too, in the log's order."""
    found: dict[str, Kept] = {}
    for statement, of, person, mailbox, unit, ends, by, at, index in connection.execute(_ABOUT, {"s": subject}):
        if ends is not None:
            ended = found[ends]
            found[ends] = ended._replace(word=replace(ended.word, ended_at=Instant(at)))
            continue
        word = KeptOut(
            digest=statement,
            subject=SubjectId(of),
            person=PersonId(person),
            by=PersonId(by),
            mailbox=None if mailbox is None else UnitId(mailbox),
            unit=None if unit is None else UnitId(unit),
            at=Instant(at),
        )
        found[statement] = Kept(word, index)
    return list(found.values())


def mailbox_of(connection: Connection, word: str) -> UnitId | None:
    """Give where the person works whom the word of this digest keeps out; None for a word of another kind."""
    mailbox = connection.execute(_MAILBOX_OF, {"d": word}).scalar_one()
    return None if mailbox is None else UnitId(mailbox)


def is_kept_out(connection: Connection, subject: SubjectId, person: PersonId, at: Instant) -> bool:
    """Say whether a person is kept out of what is around a subject now."""
    return any(each.word.person == person and each.word.holds(at) for each in about(connection, subject))


def hiding(connection: Connection, subject: SubjectId, matters: Iterable[MatterId]) -> list[Shield]:
    """Give what the words around a subject hide, for each of its matters."""
    words = about(connection, subject)
    return [each.word.shield(matter) for each in words for matter in matters] if words else []


def matters_closed_to(connection: Connection, person: PersonId, at: Instant) -> list[MatterId]:
    """Give all the matters of the subjects around whom a person is kept out of everything now."""
    subjects = {SubjectId(subject) for subject in connection.execute(_OUT_OF, {"p": person}).scalars()}
    return [
        MatterId(matter)
        for subject in sorted(subjects)
        if is_kept_out(connection, subject, person, at)
        for matter in connection.execute(_MATTERS, {"s": subject}).scalars()
    ]


def without_in(connection: Connection, mailbox: UnitId, at: Instant) -> list[tuple[PersonId, ...]]:
    """Give, each once, whom a mailbox is to be without for some child, rising; the children are not told."""
    found = set()
    for subject in set(connection.execute(_THROUGH, {"u": mailbox}).scalars()):
        found.add(kept_from(connection, SubjectId(subject), [mailbox], at).get(mailbox, ()))
    return sorted(each for each in found if each)


def kept_from(
    connection: Connection, subject: SubjectId, mailboxes: Collection[UnitId], at: Instant
) -> dict[UnitId, tuple[PersonId, ...]]:
    """Give whom each of these mailboxes must be without for a subject, rising; those without a word are left out."""
    found: dict[UnitId, set[PersonId]] = {}
    for each in about(connection, subject):
        if each.word.mailbox in mailboxes and each.word.mailbox is not None and each.word.holds(at):
            found.setdefault(each.word.mailbox, set()).add(each.word.person)
    return {mailbox: tuple(sorted(persons)) for mailbox, persons in found.items()}
