"""Uploads (tus 1.0): registered and completed in the group commit, their bytes written beside it.

How far an upload has come is the length of its file: rows are written when it begins and when it is whole. The row is
completed before the file moves into place; `tidying.recover` makes good what a crash in between has left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from protocol.log.details import Decision, Details
from protocol.log.event import Event
from server.documents.store import uploads
from server.documents.store.uploads import Upload
from server.identity.intake import Rejected

if TYPE_CHECKING:
    from protocol.identifiers import PersonId, UploadId
    from server.audit.batch import Work

HOUR = 60 * 60 * 1000
SEALING_OVERHEAD = 65_536
"""Bytes by which a ciphertext may be longer than the largest file accepted; streaming adds 56, and 16 a megabyte."""


@dataclass(frozen=True, slots=True)
class Completed:
    """An upload is whole."""

    digest: str


def register(work: Work, upload: UploadId, owner: PersonId, length: int, quota: int) -> Upload | Rejected:
    """Begin an upload if its owner's quota has room for it: what is announced counts until a share has taken it."""
    pending = uploads.pending_bytes(work.connection, owner)
    if pending + length > quota:
        return _refuse(work, owner, upload, "over-quota", "finish or delete other uploads first")
    made = Upload(upload, owner, length, work.at, None, None)
    uploads.add(work.connection, made)
    return made


def complete(work: Work, upload: Upload, digest: str) -> Completed | Rejected:
    """Make an upload whole under its digest; ciphertext that lies here already, or is somebody else's, is refused."""
    known = uploads.by_digest(work.connection, digest)
    if known is not None and known.upload != upload.upload:
        if known.owner != upload.owner or known.share is not None:
            uploads.remove(work.connection, [upload.upload])
            return _refuse(work, upload.owner, upload.upload, "digest-taken", "encrypt anew and upload that")
        uploads.remove(work.connection, [known.upload])
    uploads.complete(work.connection, upload.upload, digest)
    return Completed(digest)


def discard(work: Work, name: UploadId, owner: PersonId) -> Upload | None:
    """Forget an upload that nothing has taken; None if there is none that is the asker's to delete."""
    known = uploads.upload(work.connection, name)
    if known is None or known.owner != owner or known.share is not None:
        return None
    uploads.remove(work.connection, [name])
    return known


def is_stale(upload: Upload, at: int, hours: int) -> bool:
    """Say whether an upload that nothing has taken is too old. The same instant counts as too old."""
    return upload.share is None and at >= upload.created_at + hours * HOUR


def _refuse(work: Work, owner: PersonId, upload: UploadId, code: str, why: str) -> Rejected:
    details = Details(actor=owner, act="upload", decision=Decision.DENY, reason=code, upload=upload)
    work.append(Event.UPLOAD_REFUSED, details, owner)
    return Rejected(code, why)
