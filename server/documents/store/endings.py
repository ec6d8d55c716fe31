"""Envelopes that are to be deleted, and the shares they belong to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import and_, bindparam, or_, select, update

from protocol.identifiers import MatterId, PersonId, ShareId, SubjectId, UnitId, parse_holder
from server.documents.store.tables import envelopes, share_consents, shares

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sqlalchemy import Connection

    from protocol.identifiers import Instant


class Ending(NamedTuple):
    """A share, and the recipients whose envelopes are there and go now."""

    share: ShareId
    subject: SubjectId
    matter: MatterId
    manifest: str
    recipients: tuple[PersonId | UnitId, ...]


_s, _e, _c = shares.c, envelopes.c, share_consents.c
_HERE = or_(_e.header.is_not(None), _e.body.is_not(None))
_WITH_ENVELOPES = (
    select(_s.share, _s.subject, _s.matter, _s.manifest, _e.to)
    .select_from(shares.join(envelopes, _e.share == _s.share))
    .where(_e.own.is_(False), _HERE)
    .order_by(_s.leaf_index, _e.to)
)
_UNDER = _WITH_ENVELOPES.where(_s.share.in_(select(_c.share).where(_c.consent == bindparam("consent"))))
_UNOPENED_UNDER = _UNDER.where(_e.opened_at.is_(None))
_OVER = _WITH_ENVELOPES.where(_s.read_until <= bindparam("at")).limit(1000)
_IN_CONSENT = _e.share.in_(select(_c.share).where(_c.consent == bindparam("ended")))
_WITHDRAW = update(envelopes).where(_IN_CONSENT, _e.own.is_(False)).values(withdrawn=True)
_DELETE_UNOPENED = (
    update(envelopes).where(_IN_CONSENT, _e.own.is_(False), _e.opened_at.is_(None)).values(header=None, body=None)
)
_FROM = and_(_e.share == bindparam("name"), _e.to.in_(bindparam("gone", expanding=True)), _e.own.is_(False))
_WITHDRAW_FROM = update(envelopes).where(_FROM).values(withdrawn=True)
_DELETE_UNOPENED_FROM = update(envelopes).where(_FROM, _e.opened_at.is_(None)).values(header=None, body=None)
_READ_UNTIL = (
    update(shares)
    .where(_s.share.in_(select(_c.share).where(_c.consent == bindparam("shortened"))), _s.read_until > bindparam("end"))
    .values(read_until=bindparam("end"))
)
_DELETE = update(envelopes).where(_e.share == bindparam("name"), _e.own.is_(False)).values(header=None, body=None)


def shares_under(connection: Connection, consent: str, *, opened: bool) -> list[Ending]:
    """Give the shares under a consent with the recipients who have not opened theirs, or also those who have."""
    return _endings(connection.execute(_UNDER if opened else _UNOPENED_UNDER, {"consent": consent}))


def shares_over(connection: Connection, at: Instant) -> list[Ending]:
    """Give some of the shares whose reading time is over and whose envelopes are still here."""
    return _endings(connection.execute(_OVER, {"at": at}))


def withdraw(connection: Connection, consent: str) -> None:
    """Mark every share under a consent as withdrawn, and delete the envelopes that were not opened."""
    connection.execute(_WITHDRAW, {"ended": consent})
    connection.execute(_DELETE_UNOPENED, {"ended": consent})


def withdraw_from(connection: Connection, share: ShareId, recipients: Collection[PersonId | UnitId]) -> None:
    """Mark a share as withdrawn from these recipients, and delete theirs where they have not opened it."""
    gone = {"name": share, "gone": sorted(recipients)}
    connection.execute(_WITHDRAW_FROM, gone)
    connection.execute(_DELETE_UNOPENED_FROM, gone)


def read_until(connection: Connection, consent: str, end: Instant) -> None:
    """Let the reading of every share under a consent end at `end`, if it would end later."""
    connection.execute(_READ_UNTIL, {"shortened": consent, "end": end})


def delete_envelopes(connection: Connection, share: ShareId) -> None:
    """Delete all recipients' envelopes of a share; the sender's own copy stays."""
    connection.execute(_DELETE, {"name": share})


def _endings(rows: Iterable[Any]) -> list[Ending]:
    found: dict[str, Ending] = {}
    for share, subject, matter, manifest, to in rows:
        known = found.get(share)
        before = () if known is None else known.recipients
        recipients = (*before, parse_holder(to))
        found[share] = Ending(ShareId(share), SubjectId(subject), MatterId(matter), manifest, recipients)
    return list(found.values())
