"""The words on shields: rows that are only ever added, and what they come to, derived anew each time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Column, Index, LargeBinary, String, Table, bindparam, insert, select

from keys.canonical import canonical
from protocol.consent.shielding import Asked, Decided, Ended, Shielding, Told, Word, shielding
from protocol.consent.vocabulary import ALL_ASPECTS, Aspect, Ground
from protocol.identifiers import Instant, MatterId, PersonId, UnitId
from protocol.statements.shields import (
    ShieldAskBody,
    ShieldDeclineBody,
    ShieldNoticeBody,
    ShieldWithholdBody,
    ShieldWord,
)
from server.consent.store.exclusions import matters_closed_to
from server.database.schema import metadata
from server.identity.store.statements import DIGEST, ID, LONG

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from sqlalchemy import Connection

    from protocol.identifiers import SubjectId
    from protocol.statements.base import Statement

shield_words = Table(
    "shield_words",
    metadata,
    Column("statement", DIGEST, primary_key=True),
    Column("matter", ID, nullable=False),
    Column("subject", ID, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("said", LargeBinary, nullable=False),
    Column("at", LONG, nullable=False),
    Column("leaf_index", LONG, nullable=False),
    Index("shield_words_by_matter", "matter", "leaf_index"),
    Index("shield_words_by_subject", "subject", "leaf_index"),
)
shut_out = Table(  # every person ever named, so that their own lists find what is hidden from them
    "shield_persons",
    metadata,
    Column("person", ID, primary_key=True),
    Column("matter", ID, primary_key=True),
)


class Said(NamedTuple):
    """A word on a matter's shields as it was kept: whom it is from is in the statement."""

    statement: str
    matter: MatterId
    leaf_index: int
    word: Word
    units: frozenset[UnitId]


_w, _p = shield_words.c, shut_out.c
_COLUMNS = (_w.statement, _w.matter, _w.kind, _w.said, _w.at, _w.leaf_index)
_IN = select(*_COLUMNS).where(_w.matter.in_(bindparam("matters", expanding=True))).order_by(_w.leaf_index)
_ABOUT = select(_w.matter).where(_w.subject == bindparam("s")).group_by(_w.matter)
_NAMING = select(_p.matter).where(_p.person == bindparam("p"))
_NAMED = select(_p.person).where(_p.matter == bindparam("m"))


def add_shield_word(
    connection: Connection, statement: Statement[Any], ground: Ground, leaf_index: int, at: Instant
) -> None:
    """Keep a word on a matter's shields; `ground` is on which the law lets it be said."""
    body: ShieldWord = statement.body
    said = {**body.to_json(), "ground": str(ground)}
    connection.execute(
        insert(shield_words),
        {
            "statement": statement.digest,
            "matter": body.matter,
            "subject": body.subject,
            "kind": body.kind,
            "said": canonical(said),
            "at": at,
            "leaf_index": leaf_index,
        },
    )
    known = set(connection.execute(_NAMED, {"m": body.matter}).scalars())
    new = sorted(set(said.get("persons", ())) - known)
    if new:
        connection.execute(insert(shut_out), [{"person": person, "matter": body.matter} for person in new])


def shield_words_in(connection: Connection, matters: Collection[str]) -> list[Said]:
    """Give the words on the shields of these matters, in the log's order."""
    if not matters:
        return []
    return [_said(*row) for row in connection.execute(_IN, {"matters": sorted(matters)})]


def shieldings(connection: Connection, matters: Collection[str]) -> Mapping[MatterId, Shielding]:
    """Derive the shields of those of these matters that have any."""
    return derived(shield_words_in(connection, matters))


def derived(said: Iterable[Said]) -> Mapping[MatterId, Shielding]:
    """Derive the shields of each matter from the words on them."""
    words: dict[MatterId, list[Word]] = {}
    for each in said:
        words.setdefault(each.matter, []).append(each.word)
    return {matter: shielding(matter, some) for matter, some in words.items()}


def shielded_matters_of(connection: Connection, subject: SubjectId) -> list[MatterId]:
    """Give the matters around a subject on whose shields somebody has said a word."""
    return sorted(MatterId(matter) for matter in connection.execute(_ABOUT, {"s": subject}).scalars())


def hidden_from(connection: Connection, person: PersonId, at: Instant) -> Mapping[str, frozenset[Aspect]]:
    """Give what is hidden from a person at an instant, by matter; matters of which nothing is hidden are left out.

    Around whom they are kept out of everything, every matter is.
    """
    matters = list(connection.execute(_NAMING, {"p": person}).scalars())
    found = {str(matter): each.hidden(person, at) for matter, each in shieldings(connection, matters).items()}
    found |= dict.fromkeys(matters_closed_to(connection, person, at), ALL_ASPECTS)
    return {matter: hides for matter, hides in found.items() if hides}


def hidden_matters(connection: Connection, person: PersonId, at: Instant) -> frozenset[str]:
    """Give the matters of which a person may not know that they exist."""
    hides = hidden_from(connection, person, at)
    return frozenset(matter for matter, aspects in hides.items() if Aspect.EXISTENCE in aspects)


def _said(  # noqa: PLR0917  (the columns)
    statement: str, matter: str, kind: str, written: bytes, at: int, leaf_index: int
) -> Said:
    said = json.loads(written)
    units = frozenset(UnitId(unit) for unit in (said["unit"], said.get("to")) if unit is not None)
    return Said(statement, MatterId(matter), leaf_index, _word(kind, statement, said, Instant(at)), units)


def _word(kind: str, statement: str, said: Mapping[str, Any], at: Instant) -> Word:
    persons = frozenset(PersonId(person) for person in said.get("persons", ()))
    ground = Ground(said["ground"])
    if kind == ShieldAskBody.kind:
        return Asked(at, ground, persons)
    if kind == ShieldNoticeBody.kind:
        return Told(at, said["decision"])
    if kind == ShieldWithholdBody.kind:
        hides = frozenset(Aspect(each) for each in said["hides"])
        return Decided(at, ground, statement, persons, hides, Instant(said["review_at"]))
    if kind == ShieldDeclineBody.kind:
        return Decided(at, ground, statement, persons, frozenset(), at)
    return Ended(at)
