"""Invitations, and what newcomers answered to them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Column, Index, Integer, String, Table, Text, bindparam, func, insert, select, update

from protocol.identifiers import Instant, InvitationId, PersonId, UnitId
from server.database.schema import metadata
from server.identity.store.statements import DIGEST, ID, LONG, THUMBPRINT, statements

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from protocol.statements.base import Statement
    from protocol.statements.enrolment import InvitationBody

_invitations = Table(
    "invitations",
    metadata,
    Column("invitation", ID, primary_key=True),
    Column("digest", DIGEST, nullable=False),
    Column("inviter", ID, nullable=False),
    Column("kid", THUMBPRINT, nullable=False),
    Column("holder", ID, nullable=False),
    Column("role", String(16), nullable=False),
    Column("unit", ID),
    Column("name", Text),
    Column("not_after", LONG, nullable=False),
    Column("used_at", LONG),
    Column("alarms", Integer, nullable=False, default=0),
    Index("invitations_by_inviter", "inviter", "not_after"),
)
_answers = Table(
    "invitation_answers",
    metadata,
    Column("invitation", ID, primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("key_set", Text, nullable=False),
    Column("keys_digest", DIGEST, nullable=False),
    Column("mac", DIGEST, nullable=False),
    Column("t", LONG, nullable=False),
)


class Invitation(NamedTuple):
    """An invitation as it stands: `used_at` when its endorsement came, `alarms` how many answers came after that."""

    invitation: InvitationId
    token: str
    inviter: PersonId
    kid: str
    holder: PersonId
    role: str
    unit: UnitId | None
    name: str | None
    not_after: Instant
    used_at: Instant | None
    alarms: int
    answers: int

    def state(self, at: Instant) -> str:
        """Say `waiting`, `answered`, `used` or `ended`."""
        if self.used_at is not None:
            return "used"
        if self.not_after <= at:
            return "ended"
        return "answered" if self.answers else "waiting"


class Answer(NamedTuple):
    """A newcomer's key set as JSON values, and its MAC in hex, which only the inviter's client can check."""

    keys: dict[str, Any]
    mac: str
    at: Instant


_i, _a = _invitations.c, _answers.c
_COUNT = select(func.count()).where(_a.invitation == _i.invitation).scalar_subquery()
_ALL = select(
    _i.invitation,
    statements.c.token,
    _i.inviter,
    _i.kid,
    _i.holder,
    _i.role,
    _i.unit,
    _i.name,
    _i.not_after,
    _i.used_at,
    _i.alarms,
    _COUNT,
).join(statements, statements.c.digest == _i.digest)
_ONE = _ALL.where(_i.invitation == bindparam("i"))
_MINE = _ALL.where(_i.inviter == bindparam("p")).order_by(_i.not_after.desc(), _i.invitation).limit(bindparam("most"))
_FIND_ANSWERS = select(_a.key_set, _a.mac, _a.t).where(_a.invitation == bindparam("i")).order_by(_a.n)
_SAME = select(_a.n).where(_a.invitation == bindparam("i"), _a.keys_digest == bindparam("k"), _a.mac == bindparam("m"))


def invitation(connection: Connection, name: InvitationId) -> Invitation | None:
    """Give the invitation of this id."""
    row = connection.execute(_ONE, {"i": name}).one_or_none()
    return None if row is None else _invitation(row)


def invitations_by(connection: Connection, inviter: PersonId, most: int) -> list[Invitation]:
    """Give this inviter's invitations, the last to end first."""
    return [_invitation(row) for row in connection.execute(_MINE, {"p": inviter, "most": most})]


def add_invitation(connection: Connection, statement: Statement[InvitationBody]) -> None:
    """Keep a new invitation."""
    body = statement.body
    connection.execute(
        insert(_invitations),
        {
            "invitation": body.id,
            "digest": statement.digest,
            "inviter": statement.iss,
            "kid": statement.kid,
            "holder": body.holder,
            "role": body.role,
            "unit": body.unit,
            "name": body.name,
            "not_after": body.not_after,
        },
    )


def mark_used(connection: Connection, name: InvitationId, t: Instant) -> None:
    """Close an invitation: its endorsement has come."""
    connection.execute(update(_invitations).where(_i.invitation == name).values(used_at=t))


def count_alarm(connection: Connection, name: InvitationId) -> None:
    """Count one more answer to a used invitation."""
    connection.execute(update(_invitations).where(_i.invitation == name).values(alarms=_i.alarms + 1))


def answers_to(connection: Connection, name: InvitationId) -> list[Answer]:
    """Give what was answered, in order."""
    rows = connection.execute(_FIND_ANSWERS, {"i": name})
    return [Answer(json.loads(keys), mac, Instant(t)) for keys, mac, t in rows]


def was_answered(connection: Connection, name: InvitationId, keys_digest: str, mac: str) -> bool:
    """Say whether this very answer is kept."""
    return connection.execute(_SAME, {"i": name, "k": keys_digest, "m": mac}).first() is not None


def add_answer(connection: Connection, name: InvitationId, number: int, keys_digest: str, answer: Answer) -> None:
    """Keep one answer."""
    row = {"invitation": name, "n": number, "key_set": json.dumps(answer.keys), "keys_digest": keys_digest}
    connection.execute(insert(_answers), row | {"mac": answer.mac, "t": answer.at})


def _invitation(row: Any) -> Invitation:
    name, token, inviter, kid, holder, role, unit, shown, not_after, used_at, alarms, count = row
    return Invitation(
        InvitationId(name),
        token,
        PersonId(inviter),
        kid,
        PersonId(holder),
        role,
        None if unit is None else UnitId(unit),
        shown,
        Instant(not_after),
        None if used_at is None else Instant(used_at),
        alarms,
        count,
    )
