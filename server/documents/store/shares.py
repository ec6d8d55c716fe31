"""Shares with their parts and envelopes."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import and_, bindparam, insert, literal, select, update

from keys import signing
from protocol.identifiers import ConversationId, Instant, MatterId, PersonId, ShareId, SubjectId, UnitId, parse_holder
from protocol.reading import Fields
from protocol.statements.share import BODY, HEADER, ManifestBody
from server.documents.store.tables import conversations, envelopes, holds, openings, parts, share_consents, shares
from server.identity.store.statements import statements

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from sqlalchemy import Connection

    from protocol.statements.base import Statement

Holder = PersonId | UnitId


class Stored(NamedTuple):
    """A share's manifest (digest) and the leaf index of its `shared` entry."""

    manifest: str
    leaf_index: int


class Sent(NamedTuple):
    """A share as it was signed and logged."""

    share: ShareId
    token: str
    digest: str
    leaf_index: int
    t: Instant
    sender: PersonId
    body: ManifestBody


class Mailed(NamedTuple):
    """A share with one holder's envelopes of it (None once deleted), and when the holder first opened it."""

    sent: Sent
    to: Holder
    own: bool
    header: bytes | None
    body: bytes | None
    opened_at: Instant | None


class KeptPart(NamedTuple):
    """One ciphertext: its length, its digest, and its bytes if they are in the database."""

    part: str
    length: int
    sha256: str
    data: bytes | None


class Opening(NamedTuple):
    """One release of a body envelope."""

    share: ShareId
    person: PersonId
    unit: UnitId | None
    act: str


class Conversation(NamedTuple):
    """A matter and a fixed set of parties."""

    matter: MatterId
    parties: frozenset[str]


class Under(NamedTuple):
    """What stands under the ids of a new share: a share, whether a draft is or was held, and the conversation."""

    stored: Stored | None
    held: bool
    conversation: Conversation | None


_s, _e, _p, _o, _c = shares.c, envelopes.c, parts.c, openings.c, conversations.c
_STORED = select(_s.manifest, _s.leaf_index).where(_s.share == bindparam("share"))
_SENT = (_s.share, statements.c.token, _s.manifest, _s.leaf_index, _s.t, _s.sender)
_JOINED = shares.join(statements, statements.c.digest == _s.manifest)
_FIND = select(*_SENT).select_from(_JOINED).where(_s.share == bindparam("share"))
_MAILED = (
    select(*_SENT, _e.to, _e.own, _e.header, _e.body, _e.opened_at)
    .select_from(_JOINED.join(envelopes, _e.share == _s.share))
    .where(_s.share == bindparam("share"), _e.to == bindparam("holder"), _e.own == bindparam("is_own"))
)
_PARTS = select(_p.part, _p.length, _p.sha256, _p.data).where(_p.share == bindparam("share")).order_by(_p.part)
_SMALL_PARTS = _PARTS.where(_p.part.in_([HEADER, BODY]))
_PART = _PARTS.where(_p.part == bindparam("name"))
_OPENING = select(_o.share, _o.person, _o.unit, _o.act).where(_o.entry == bindparam("entry"))
_one = select(literal(1).label("n")).subquery()
_UNDER = select(_s.manifest, _s.leaf_index, holds.c.share, _c.matter, _c.parties).select_from(
    _one.outerjoin(shares, _s.share == bindparam("share"))
    .outerjoin(holds, holds.c.share == bindparam("share"))
    .outerjoin(conversations, _c.conversation == bindparam("conversation"))
)
_MAILBOX = and_(_e.share == bindparam("s"), _e.to == bindparam("holder"))
_RECEIVED = (
    update(envelopes)
    .where(_MAILBOX, _e.own.is_(False), _e.received_at.is_(None))
    .values(received_at=bindparam("t"), received_by=bindparam("person"))
)
_OPENED = (
    update(envelopes)
    .where(_MAILBOX, _e.own == bindparam("is_own"), _e.opened_at.is_(None))
    .values(opened_at=bindparam("t"), opened_by=bindparam("person"))
)
_ADD_SHARE, _ADD_CONSENTS, _ADD_PARTS = insert(shares), insert(share_consents), insert(parts)
_ADD_ENVELOPES, _ADD_OPENING, _ADD_CONVERSATION = insert(envelopes), insert(openings), insert(conversations)
_ON_SUBJECT = (
    select(literal(1))
    .select_from(shares.outerjoin(envelopes, _e.share == _s.share))
    .where(
        _s.subject == bindparam("subject"),
        _s.unit.in_(bindparam("units", expanding=True)) | _e.to.in_(bindparam("units", expanding=True)),
    )
    .limit(1)
)


def stored(connection: Connection, share: ShareId) -> Stored | None:
    """Give what stands under a share id."""
    row = connection.execute(_STORED, {"share": share}).one_or_none()
    return None if row is None else Stored(row[0], row[1])


def under(connection: Connection, share: ShareId, conversation: ConversationId) -> Under:
    """Give what stands under a share id and a conversation's, in one SELECT."""
    row = connection.execute(_UNDER, {"share": share, "conversation": conversation}).one()
    manifest, leaf_index, held, matter, parties = row
    return Under(
        None if manifest is None else Stored(manifest, leaf_index),
        held is not None,
        None if matter is None else Conversation(MatterId(matter), frozenset(json.loads(parties))),
    )


def sent(connection: Connection, share: ShareId) -> Sent | None:
    """Give a share by its id."""
    row = connection.execute(_FIND, {"share": share}).one_or_none()
    return None if row is None else _sent(row)


def known(connection: Connection, share: ShareId) -> Sent:
    """Give a share that other rows name; raises NoResultFound where there is none."""
    return _sent(connection.execute(_FIND, {"share": share}).one())


def mailed(connection: Connection, share: ShareId, to: Holder, *, own: bool) -> Mailed | None:
    """Give a share with this holder's envelopes of it, if there are any."""
    row = connection.execute(_MAILED, {"share": share, "holder": to, "is_own": own}).one_or_none()
    if row is None:
        return None
    holder, is_own, header, body, opened_at = row[6:]
    return Mailed(_sent(row), parse_holder(holder), is_own, header, body, opened_at)


def add_share(connection: Connection, statement: Statement[ManifestBody], index: int, t: Instant, until: int) -> None:
    """Keep a share; `until` is when reading it ends."""
    body = statement.body
    connection.execute(
        _ADD_SHARE,
        {
            "share": body.share,
            "manifest": statement.digest,
            "leaf_index": index,
            "t": t,
            "sender": statement.iss,
            "unit": body.unit,
            "subject": body.subject,
            "matter": body.matter,
            "conversation": body.conversation,
            "urgency": body.urgency,
            "read_until": until,
        },
    )


def add_consents(connection: Connection, share: ShareId, consents: Iterable[str]) -> None:
    """Remember which consents reading a share hangs on."""
    connection.execute(_ADD_CONSENTS, [{"share": share, "consent": digest} for digest in consents])


def add_parts(connection: Connection, share: ShareId, kept: Iterable[KeptPart]) -> None:
    """Keep a share's ciphertexts."""
    connection.execute(_ADD_PARTS, [{"share": share, **each._asdict()} for each in kept])


def add_envelopes(
    connection: Connection,
    body: ManifestBody,
    index: int,
    sealed: Mapping[tuple[Holder, bool], tuple[bytes, bytes]],
) -> None:
    """Keep every recipient's two envelopes."""
    connection.execute(
        _ADD_ENVELOPES,
        [
            {
                "share": body.share,
                "to": each.to,
                "own": each.own,
                "leaf_index": index,
                "header_digest": each.header,
                "body_digest": each.body,
                "header": sealed[each.to, each.own][0],
                "body": sealed[each.to, each.own][1],
                "withdrawn": False,
            }
            for each in body.recipients
        ],
    )


def all_parts(connection: Connection, share: ShareId) -> list[KeptPart]:
    """Give all ciphertexts of a share or a held draft."""
    return [KeptPart(*row) for row in connection.execute(_PARTS, {"share": share})]


def small_parts(connection: Connection, share: ShareId) -> dict[str, bytes]:
    """Give the header's and the body's ciphertext."""
    return {row[0]: row[3] for row in connection.execute(_SMALL_PARTS, {"share": share})}


def part(connection: Connection, share: ShareId, name: str) -> KeptPart | None:
    """Give one ciphertext of a share."""
    row = connection.execute(_PART, {"share": share, "name": name}).one_or_none()
    return None if row is None else KeptPart(*row)


def mark_received(connection: Connection, share: ShareId, to: Holder, person: PersonId, t: Instant) -> None:
    """Remember who first received the header for a mailbox."""
    connection.execute(_RECEIVED, {"s": share, "holder": to, "t": t, "person": person})


def mark_opened(connection: Connection, mailbox: Mailed, person: PersonId, t: Instant) -> None:
    """Remember who first opened the body for a mailbox."""
    told = {"s": mailbox.sent.share, "holder": mailbox.to, "is_own": mailbox.own, "t": t, "person": person}
    connection.execute(_OPENED, told)


def add_opening(connection: Connection, entry: str, opening: Opening) -> None:
    """Keep one release of a body envelope under its entry's id."""
    connection.execute(_ADD_OPENING, {"entry": entry, **opening._asdict()})


def opening(connection: Connection, entry: str) -> Opening | None:
    """Give the release that this entry logged."""
    row = connection.execute(_OPENING, {"entry": entry}).one_or_none()
    if row is None:
        return None
    share, person, unit, act = row
    return Opening(ShareId(share), PersonId(person), None if unit is None else UnitId(unit), act)


def begin_conversation(connection: Connection, body: ManifestBody, parties: Collection[str]) -> None:
    """Bind a conversation to its matter and parties, for ever."""
    connection.execute(
        _ADD_CONVERSATION,
        {
            "conversation": body.conversation,
            "matter": body.matter,
            "subject": body.subject,
            "parties": json.dumps(sorted(parties)),
        },
    )


def is_party(connection: Connection, subject: SubjectId, units: frozenset[UnitId]) -> bool:
    """Say whether one of these units has sent or received something about a subject."""
    return connection.execute(_ON_SUBJECT, {"subject": subject, "units": sorted(units)}).first() is not None


@lru_cache(maxsize=4096)
def manifest(token: str) -> ManifestBody:
    """Parse the manifest in a token that was verified before it was kept."""
    return ManifestBody.read(Fields(signing.peek(token).body, ManifestBody.kind))


def _sent(row: Any) -> Sent:
    share, token, digest, leaf_index, t, sender = row[:6]
    return Sent(ShareId(share), token, digest, leaf_index, Instant(t), PersonId(sender), manifest(token))
