"""Who was given an envelope under which consent: rows by consent, in the log's order."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import bindparam, insert, select

from protocol.identifiers import ShareId, UnitId
from server.documents.store.tables import consent_openings, share_consents
from server.identity.store.statements import DIGEST, ID, LONG

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from protocol.statements.base import Statement
    from protocol.statements.share import OpenBody


class UnderConsent(NamedTuple):
    """One release of an envelope: the leaf of its entry, of which share, for which unit, and the reader's statement."""

    leaf_index: int
    share: ShareId
    unit: UnitId | None
    statement: str


_o, _c = consent_openings.c, share_consents.c
_ADD = insert(consent_openings).from_select(
    ["consent", "leaf_index", "share", "unit", "statement"],
    select(
        _c.consent,
        bindparam("index", type_=LONG),
        _c.share,
        bindparam("unit", type_=ID),
        bindparam("statement", type_=DIGEST),
    ).where(_c.share == bindparam("share")),
)
_BEFORE = (
    select(_o.leaf_index, _o.share, _o.unit, _o.statement)
    .where(_o.consent == bindparam("consent"), _o.leaf_index < bindparam("before"))
    .order_by(_o.leaf_index.desc())
    .limit(bindparam("most"))
)


def add(connection: Connection, opened: Statement[OpenBody], index: int) -> None:
    """Keep an opening under each consent that reading the share hangs on."""
    body = opened.body
    told = {"share": body.share, "index": index, "unit": body.unit, "statement": opened.digest}
    connection.execute(_ADD, told)


def before(connection: Connection, consent: str, place: int, most: int) -> list[UnderConsent]:
    """Give up to `most` openings under a consent from before a place, newest first."""
    found = connection.execute(_BEFORE, {"consent": consent, "before": place, "most": most})
    return [
        UnderConsent(leaf, ShareId(share), None if unit is None else UnitId(unit), statement)
        for leaf, share, unit, statement in found
    ]
