"""Uploads: whose, how long, and once complete their digest. How far one has come is told by its file alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import bindparam, delete, func, insert, select, update

from protocol.identifiers import Instant, PersonId, ShareId, UploadId
from protocol.statements.base import Refused
from server.documents.store.tables import parts, uploads

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import Connection


class Upload(NamedTuple):
    """An upload; `sha256` is None until all of it is there, `share` until something has taken it."""

    upload: UploadId
    owner: PersonId
    length: int
    created_at: Instant
    sha256: str | None
    share: ShareId | None


_u = uploads.c
_COLUMNS = (_u.upload, _u.owner, _u.length, _u.created_at, _u.sha256, _u.share)
_ONE = select(*_COLUMNS).where(_u.upload == bindparam("name"))
_SOME = select(*_COLUMNS).where(_u.upload.in_(bindparam("names", expanding=True)))
_BY_DIGEST = select(*_COLUMNS).where(_u.sha256 == bindparam("digest"))
_STALE = select(*_COLUMNS).where(_u.share.is_(None), _u.created_at <= bindparam("before"))
_PENDING = select(func.coalesce(func.sum(_u.length), 0)).where(_u.owner == bindparam("o"), _u.share.is_(None))
_TAKE = update(uploads).where(_u.upload == bindparam("name")).values(share=bindparam("by"))
_COMPLETE = update(uploads).where(_u.upload == bindparam("name")).values(sha256=bindparam("digest"))
_DELETE = delete(uploads).where(_u.upload == bindparam("name"))
_OF_SHARE = select(_u.sha256).where(_u.share == bindparam("by"))


def upload(connection: Connection, name: UploadId) -> Upload | None:
    """Give one upload."""
    row = connection.execute(_ONE, {"name": name}).one_or_none()
    return None if row is None else _upload(row)


def by_digest(connection: Connection, digest: str) -> Upload | None:
    """Give the upload whose ciphertext has this digest."""
    row = connection.execute(_BY_DIGEST, {"digest": digest}).one_or_none()
    return None if row is None else _upload(row)


def stale(connection: Connection, before: Instant) -> list[Upload]:
    """Give the uploads that nothing has taken, made at an instant or earlier."""
    return [_upload(row) for row in connection.execute(_STALE, {"before": before})]


def pending_bytes(connection: Connection, owner: PersonId) -> int:
    """Add up what the owner has announced and nothing has taken."""
    return int(connection.execute(_PENDING, {"o": owner}).scalar_one())


def add(connection: Connection, made: Upload) -> None:
    """Keep a new upload."""
    connection.execute(insert(uploads), made._asdict())


def complete(connection: Connection, name: UploadId, digest: str) -> None:
    """Remember what an upload turned out to be."""
    connection.execute(_COMPLETE, {"name": name, "digest": digest})


def remove(connection: Connection, names: Iterable[UploadId]) -> None:
    """Forget uploads."""
    told = [{"name": name} for name in names]
    if told:
        connection.execute(_DELETE, told)


def require_owned(connection: Connection, owner: PersonId, named: Mapping[str, UploadId]) -> dict[str, Upload]:
    """Give the uploads that parts are to be made of: each the owner's, complete, and free.

    Raises:
        Refused: `upload-missing`, or `wrong-part` if one upload stands for two parts.
    """
    if not named:
        return {}
    if len(set(named.values())) != len(named):
        raise Refused("wrong-part", "one upload is one part")
    found = {each.upload: each for each in map(_upload, connection.execute(_SOME, {"names": sorted(named.values())}))}
    for name in named.values():
        known = found.get(name)
        if known is None or known.owner != owner or known.share is not None or known.sha256 is None:
            raise Refused("upload-missing", "an upload is not complete, not yours, or taken already")
    return {part: found[name] for part, name in named.items()}


def take(connection: Connection, names: Iterable[UploadId], share: ShareId) -> None:
    """Make uploads part of a share or a held draft."""
    connection.execute(_TAKE, [{"name": name, "by": share} for name in names])


def release(connection: Connection, share: ShareId) -> list[str]:
    """Forget the uploads and parts of a share or draft; give the digests of the files that nothing names any more."""
    digests = list(connection.execute(_OF_SHARE, {"by": share}).scalars())
    connection.execute(delete(uploads).where(_u.share == share))
    connection.execute(delete(parts).where(parts.c.share == share))
    return digests


class Known(NamedTuple):
    """The ids of unfinished uploads, and the digest of each whole one."""

    arriving: set[str]
    complete: dict[str, str]


def known(connection: Connection) -> Known:
    """Give every upload that there should be a file of."""
    rows = connection.execute(select(_u.upload, _u.sha256)).all()
    arriving = {name for name, digest in rows if digest is None}
    return Known(arriving, {name: digest for name, digest in rows if digest is not None})


def _upload(row: Any) -> Upload:
    name, owner, length, created_at, digest, share = row
    taken = None if share is None else ShareId(share)
    return Upload(UploadId(name), PersonId(owner), length, Instant(created_at), digest, taken)
