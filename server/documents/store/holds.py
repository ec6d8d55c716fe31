"""Held drafts: sealed, not sent, until released, given up or run out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import bindparam, insert, or_, select, update

from protocol.identifiers import Instant, MatterId, PersonId, ShareId, SubjectId, UnitId
from server.documents.store.tables import holds

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Connection

    from protocol.statements.base import Statement
    from protocol.statements.share import HoldBody


class Hold(NamedTuple):
    """A held draft; `draft` is gone once it has ended."""

    share: ShareId
    statement: str
    leaf_index: int
    t: Instant
    author: PersonId
    unit: UnitId | None
    subject: SubjectId
    matter: MatterId
    consents: tuple[str, ...]
    to: tuple[str, ...]
    not_after: Instant
    draft_digest: str
    draft: bytes | None
    ended_at: Instant | None


_h = holds.c
_COLUMNS = tuple(_h[name] for name in Hold._fields)
_ONE = select(*_COLUMNS).where(_h.share == bindparam("name"))
_MINE = (
    select(*_COLUMNS)
    .where(
        _h.ended_at.is_(None),
        _h.not_after > bindparam("at"),
        _h.matter.not_in(bindparam("hidden", expanding=True)),
        or_(
            _h.unit.in_(bindparam("units", expanding=True)),
            (_h.author == bindparam("person")) & _h.unit.is_(None),
        ),
    )
    .order_by(_h.leaf_index.desc())
    .limit(bindparam("most"))
)
_RUN_OUT = select(*_COLUMNS).where(_h.ended_at.is_(None), _h.not_after <= bindparam("at"))
_END = update(holds).where(_h.share == bindparam("name")).values(ended_at=bindparam("ended"), draft=None)


def hold(connection: Connection, share: ShareId) -> Hold | None:
    """Give the draft held under a share id, ended ones too."""
    row = connection.execute(_ONE, {"name": share}).one_or_none()
    return None if row is None else _hold(row)


def releasable(  # noqa: PLR0917  (a connection, who asks, and what is listed)
    connection: Connection,
    person: PersonId,
    units: Collection[UnitId],
    hidden: Collection[str],
    at: Instant,
    most: int,
) -> list[Hold]:
    """Give what somebody, or the units they are a member of, hold now in other matters than these, newest first."""
    told = {"person": person, "units": sorted(units), "hidden": sorted(hidden), "at": at, "most": most}
    return [_hold(row) for row in connection.execute(_MINE, told)]


def run_out(connection: Connection, at: Instant) -> list[Hold]:
    """Give the drafts whose end has come, and which have not been ended."""
    return [_hold(row) for row in connection.execute(_RUN_OUT, {"at": at})]


def add(connection: Connection, statement: Statement[HoldBody], index: int, t: Instant, draft: bytes) -> None:
    """Keep a held draft."""
    body = statement.body
    connection.execute(
        insert(holds),
        {
            "share": body.share,
            "statement": statement.digest,
            "leaf_index": index,
            "t": t,
            "author": statement.iss,
            "unit": body.unit,
            "subject": body.subject,
            "matter": body.matter,
            "consents": json.dumps(body.consents),
            "to": json.dumps(body.to),
            "not_after": body.not_after,
            "draft_digest": body.draft,
            "draft": draft,
        },
    )


def end(connection: Connection, share: ShareId, t: Instant) -> None:
    """End a hold and forget its draft."""
    connection.execute(_END, {"name": share, "ended": t})


def _hold(row: Any) -> Hold:
    told = dict(zip(Hold._fields, row, strict=True))
    told["share"], told["author"] = ShareId(told["share"]), PersonId(told["author"])
    told["unit"] = None if told["unit"] is None else UnitId(told["unit"])
    told["subject"], told["matter"] = SubjectId(told["subject"]), MatterId(told["matter"])
    told["consents"], told["to"] = tuple(json.loads(told["consents"])), tuple(json.loads(told["to"]))
    return Hold(**told)
