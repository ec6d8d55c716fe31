"""Policies, keys and endorsements: who signs with what, in which role, until when."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Column, Index, Integer, LargeBinary, String, Table, Text, bindparam, delete, insert, select

from keys.signing import PublicKey
from protocol.identifiers import Instant, InvitationId, PersonId, UnitId
from protocol.identity import CUSTODIAN
from protocol.statements.identity import PolicyBody
from server.database.schema import metadata
from server.identity.store.statements import DIGEST, ID, LONG, THUMBPRINT, Bodies, statements

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from protocol.statements.identity import EndorsementBody, KeySet

_policies = Table(
    "policies",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("digest", DIGEST, nullable=False),
    Column("root", Text, nullable=False),
)
_registrars = Table(  # of the latest policy only: that is the one which counts
    "registrars",
    metadata,
    Column("person", ID, primary_key=True),
    Column("kid", THUMBPRINT, primary_key=True),
    Column("not_after", LONG, nullable=False),
)
_signing_keys = Table(  # a thumbprint names its key for ever; whether the key may say something is asked elsewhere
    "signing_keys",
    metadata,
    Column("kid", THUMBPRINT, primary_key=True),
    Column("point", LargeBinary, nullable=False),
)
endorsements = Table(
    "endorsements",
    metadata,
    Column("invitation", ID, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("digest", DIGEST, nullable=False),
    Column("holder", ID, nullable=False),
    Column("unit", ID),
    Column("role", String(16), nullable=False),
    Column("name", Text),
    Column("kid", THUMBPRINT, nullable=False),
    Column("key_set", DIGEST, nullable=False),
    Column("not_after", LONG, nullable=False),
    Column("t", LONG, nullable=False),
    Index("endorsements_by_holder", "holder", "unit"),
    Index("endorsements_by_unit", "unit", "role"),
)


class Policy(NamedTuple):
    """The latest policy: its number and digest, the root's JWK, its token and the entry that published it."""

    number: int
    digest: str
    root: dict[str, str]
    token: str
    leaf_index: int


class Endorsement(NamedTuple):
    """The latest endorsement under one invitation; `kid` and `keys` name the signing key and the key set."""

    invitation: InvitationId
    number: int
    digest: str
    holder: PersonId
    unit: UnitId | None
    role: str
    name: str | None
    kid: str
    keys: str
    not_after: Instant


_e = endorsements.c
_ENDORSEMENT = (
    _e.invitation,
    _e.number,
    _e.digest,
    _e.holder,
    _e.unit,
    _e.role,
    _e.name,
    _e.kid,
    _e.key_set,
    _e.not_after,
)
_LATEST_POLICY = (
    select(_policies.c.number, _policies.c.digest, _policies.c.root, statements.c.token, statements.c.leaf_index)
    .join(statements, statements.c.digest == _policies.c.digest)
    .order_by(_policies.c.number.desc())
    .limit(1)
)
_LATEST_DIGEST = select(_policies.c.digest).order_by(_policies.c.number.desc()).limit(1)
_bodies = Bodies(PolicyBody, most=8)
_REGISTRAR = select(_registrars.c.person).where(
    _registrars.c.person == bindparam("p"),
    _registrars.c.kid == bindparam("k"),
    _registrars.c.not_after > bindparam("at"),
)
_REGISTRAR_KEYS = select(_registrars.c.kid).where(
    _registrars.c.person == bindparam("p"), _registrars.c.not_after > bindparam("at")
)
_KEY = select(_signing_keys.c.point).where(_signing_keys.c.kid == bindparam("k"))
_IN_FORCE = (
    select(_signing_keys.c.point)
    .join_from(endorsements, _signing_keys, _signing_keys.c.kid == _e.kid)
    .where(_e.holder == bindparam("p"), _e.kid == bindparam("k"), _e.not_after > bindparam("at"))
    .limit(1)
)
_AS_PERSON = _IN_FORCE.where(_e.unit.is_(None))
_FOR_UNIT = _IN_FORCE.where(_e.unit == bindparam("u"))
_AS_CUSTODIAN = _FOR_UNIT.where(_e.role == CUSTODIAN)
_NEWEST_KEY = (
    select(_e.kid).where(_e.holder == bindparam("p"), _e.not_after > bindparam("at")).order_by(_e.t.desc()).limit(1)
)
_OF_HOLDER = select(*_ENDORSEMENT).where(_e.holder == bindparam("p")).order_by(_e.t)
_OF_UNIT = select(*_ENDORSEMENT).where(_e.unit == bindparam("u")).order_by(_e.t)
_BY_INVITATION = select(*_ENDORSEMENT).where(_e.invitation == bindparam("i"))


def latest_policy(connection: Connection) -> Policy | None:
    """Give the policy with the highest number, whether or not it has ended."""
    row = connection.execute(_LATEST_POLICY).one_or_none()
    return None if row is None else Policy(row[0], row[1], json.loads(row[2]), row[3], row[4])


def latest_policy_body(connection: Connection) -> PolicyBody | None:
    """Give what the policy with the highest number says, whether or not it has ended."""
    digest = connection.execute(_LATEST_DIGEST).scalar_one_or_none()
    return None if digest is None else _bodies.get(connection, digest)


def add_policy(connection: Connection, body: PolicyBody, digest: str, root: PublicKey) -> None:
    """Keep a policy as the latest, and its registrars as the ones who count."""
    row = {"number": body.number, "digest": digest, "root": json.dumps(root.jwk)}
    connection.execute(insert(_policies), row)
    connection.execute(delete(_registrars))
    named = {(each.person, each.keys.sign.thumbprint): each.keys for each in body.registrars}
    connection.execute(
        insert(_registrars), [{"person": person, "kid": kid, "not_after": body.not_after} for person, kid in named]
    )
    for keys in named.values():
        add_key(connection, keys.sign)


def is_registrar(connection: Connection, person: PersonId, kid: str, at: Instant) -> bool:
    """Say whether the policy in force names this person with this key as a registrar."""
    return connection.execute(_REGISTRAR, {"p": person, "k": kid, "at": at}).first() is not None


def registrar_kids(connection: Connection, person: PersonId, at: Instant) -> list[str]:
    """Give the keys with which the policy in force names this person as a registrar."""
    return list(connection.execute(_REGISTRAR_KEYS, {"p": person, "at": at}).scalars())


def is_custodian(connection: Connection, person: PersonId, kid: str, unit: UnitId, at: Instant) -> bool:
    """Say whether this key was a custodian's of the unit at that instant."""
    asked = {"p": person, "k": kid, "u": unit, "at": at}
    return connection.execute(_AS_CUSTODIAN, asked).first() is not None


def add_key(connection: Connection, key: PublicKey) -> None:
    """Remember a key by its thumbprint."""
    if connection.execute(_KEY, {"k": key.thumbprint}).first() is None:
        connection.execute(insert(_signing_keys), {"kid": key.thumbprint, "point": key.point})


def key_of(connection: Connection, kid: str) -> PublicKey | None:
    """Give the key of this thumbprint, if anybody ever vouched for it. What it may say is another question."""
    point = connection.execute(_KEY, {"k": kid}).scalar_one_or_none()
    return None if point is None else _public_key(point)


def signing_key(
    connection: Connection, person: PersonId, kid: str, at: Instant, unit: UnitId | None = None
) -> PublicKey | None:
    """Give the person's key of this thumbprint if an endorsement of it was in force at `at`, else None.

    With `unit`, an endorsement for that unit (as staff or custodian); without, one as a person or supervisor. A
    custodian's word on staff never makes a key that speaks for the family.
    """
    asked = {"p": person, "k": kid, "at": at}
    query = _AS_PERSON if unit is None else _FOR_UNIT
    point = connection.execute(query, asked if unit is None else asked | {"u": unit}).scalar_one_or_none()
    return None if point is None else _public_key(point)


def sign_in_key(connection: Connection, person: PersonId, at: Instant) -> PublicKey | None:
    """Give the key that the person signs in with: a registrar's of the policy, else that of the newest endorsement."""
    kids = registrar_kids(connection, person, at)
    kid = kids[0] if kids else connection.execute(_NEWEST_KEY, {"p": person, "at": at}).scalar_one_or_none()
    return None if kid is None else key_of(connection, kid)


def endorsement(connection: Connection, invitation: InvitationId) -> Endorsement | None:
    """Give the latest endorsement under an invitation."""
    row = connection.execute(_BY_INVITATION, {"i": invitation}).one_or_none()
    return None if row is None else _endorsement(row)


def endorsements_of(connection: Connection, person: PersonId) -> list[Endorsement]:
    """Give the person's endorsements, ended ones too, oldest first."""
    return [_endorsement(row) for row in connection.execute(_OF_HOLDER, {"p": person})]


def endorsements_in(connection: Connection, unit: UnitId) -> list[Endorsement]:
    """Give the endorsements of the unit's custodians and staff, ended ones too, oldest first."""
    return [_endorsement(row) for row in connection.execute(_OF_UNIT, {"u": unit})]


def put_endorsement(connection: Connection, body: EndorsementBody, digest: str, t: Instant) -> None:
    """Keep an endorsement in place of the one before it under the same invitation."""
    connection.execute(delete(endorsements).where(_e.invitation == body.invitation))
    keys: KeySet = body.keys
    add_key(connection, keys.sign)
    connection.execute(
        insert(endorsements),
        {
            "invitation": body.invitation,
            "number": body.number,
            "digest": digest,
            "holder": body.holder,
            "unit": body.unit,
            "role": body.role,
            "name": body.name,
            "kid": keys.sign.thumbprint,
            "key_set": keys.digest,
            "not_after": body.not_after,
            "t": t,
        },
    )


@lru_cache(maxsize=10_000)
def _public_key(point: bytes) -> PublicKey:
    return PublicKey(point)


def _endorsement(row: Any) -> Endorsement:
    invitation, number, digest, holder, unit, role, name, kid, keys, not_after = row
    return Endorsement(
        InvitationId(invitation),
        number,
        digest,
        PersonId(holder),
        None if unit is None else UnitId(unit),
        role,
        name,
        kid,
        keys,
        Instant(not_after),
    )
