"""What happens to shares when a consent ends or reading time is over: unopened envelopes are deleted, and logged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from protocol.log.details import Details
from protocol.log.event import Event
from server.documents.store import endings

if TYPE_CHECKING:
    from server.audit.batch import Work
    from server.documents.store.endings import Ending

WITHDRAWN, READING_ENDED = "withdrawn", "reading-ended"


def on_consent_ended(work: Work, consent: str) -> None:
    """Delete what was not opened under a consent that somebody's no has ended, in that no's own transaction."""
    for share in endings.shares_under(work.connection, consent):
        _log(work, share, WITHDRAWN, consent)
    endings.withdraw(work.connection, consent)


def on_reading_ended(work: Work) -> None:
    """Delete what recipients may no longer read since their consents' `read_until`; the senders keep their copies."""
    for share in endings.shares_over(work.connection, work.at):
        _log(work, share, READING_ENDED)
        endings.delete_envelopes(work.connection, share.share)


def _log(work: Work, share: Ending, why: str, *consents: str) -> None:
    if not share.recipients:
        return
    details = Details(
        act="delete",
        reason=why,
        subject=share.subject,
        matter=share.matter,
        share=share.share,
        recipients=share.recipients,
        consents=consents,
        statements=(share.manifest,),
    )
    work.append(Event.CONTENT_DELETED, details, share.matter)
