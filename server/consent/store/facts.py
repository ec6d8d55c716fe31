"""Rows of recorded facts: added, and given back as `protocol.facts.Recorded`. What was recorded is never unrecorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import bindparam, insert, select

from protocol.consent.vocabulary import Purpose
from protocol.facts import Recorded
from protocol.identifiers import Instant, MatterId, PersonId, SubjectId, UnitId
from server.consent.store import tables

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Connection

_f = tables.facts.c
_FACTS = (
    select(
        _f.statement,
        _f.kind,
        _f.unit,
        _f.subject,
        _f.matter,
        _f.person,
        _f.at,
        _f.guardian,
        _f.purposes,
        _f.fact,
        _f.holds_from,
        _f.holds_to,
        _f.leaf_index,
    )
    .where(_f.matter.in_(bindparam("matters", expanding=True)))
    .order_by(_f.leaf_index)
)


class Noted(NamedTuple):
    """A recorded fact with the leaf index of its entry."""

    fact: Recorded
    leaf_index: int

    @property
    def unit(self) -> UnitId:
        """The unit that it was recorded for."""
        return self.fact.unit

    @property
    def statement(self) -> str:
        """The digest of its statement."""
        return self.fact.digest


def add_fact(connection: Connection, fact: Recorded, leaf_index: int) -> None:
    """Keep a fact."""
    connection.execute(
        insert(tables.facts),
        {
            "statement": fact.digest,
            "kind": fact.kind,
            "matter": fact.matter,
            "subject": fact.subject,
            "unit": fact.unit,
            "person": fact.by,
            "guardian": fact.guardian,
            "purposes": " ".join(fact.purposes) or None,
            "fact": fact.fact,
            "holds_from": fact.holds_from,
            "holds_to": fact.holds_to,
            "at": fact.at,
            "leaf_index": leaf_index,
        },
    )


def facts_in(connection: Connection, matters: Collection[MatterId]) -> list[Noted]:
    """Give the facts recorded in these matters, in the log's order. The attempts that one names were checked once."""
    return [
        Noted(
            Recorded(
                digest=digest,
                kind=kind,
                unit=UnitId(unit),
                subject=SubjectId(subject),
                matter=MatterId(matter),
                by=PersonId(by),
                at=Instant(at),
                guardian=None if guardian is None else PersonId(guardian),
                fact=fact,
                purposes=() if purposes is None else tuple(map(Purpose, purposes.split(" "))),
                holds_from=None if holds_from is None else Instant(holds_from),
                holds_to=None if holds_to is None else Instant(holds_to),
            ),
            leaf_index,
        )
        for digest, kind, unit, subject, matter, by, at, guardian, purposes, fact, holds_from, holds_to, leaf_index in (
            connection.execute(_FACTS, {"matters": sorted(matters)})
        )
    ]
