"""What happens to shares when a consent ends or reading time is over: unopened envelopes are deleted, and logged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from protocol.identifiers import UnitId
from protocol.log.details import Details
from protocol.log.event import Event
from protocol.statements.narrowing import NarrowingBody
from server.documents.store import endings, shares
from server.identity import store as identity

if TYPE_CHECKING:
    from protocol.consent.narrowing import Less
    from protocol.identifiers import PersonId
    from protocol.statements.consent import ConsentAct
    from server.audit.batch import Work
    from server.documents.store.endings import Ending

WITHDRAWN, READING_ENDED = "withdrawn", "reading-ended"


def on_consent_ended(work: Work, no: ConsentAct) -> None:
    """Delete what was not opened under a consent that somebody's no has ended, in that no's own transaction."""
    if isinstance(no, NarrowingBody):
        _on_narrowed(work, no.consent, no.less)
        return
    for share in endings.shares_under(work.connection, no.consent, opened=False):
        _log(work, share, WITHDRAWN, no.consent)
    endings.withdraw(work.connection, no.consent)


def on_reading_ended(work: Work) -> None:
    """Delete what recipients may no longer read since their consents' `read_until`; the senders keep their copies."""
    for share in endings.shares_over(work.connection, work.at):
        _log(work, share, READING_ENDED)
        endings.delete_envelopes(work.connection, share.share)


def _on_narrowed(work: Work, consent: str, less: Less) -> None:
    """Delete what was not opened of what was taken back: all of a share that carries it, or one recipient's copy."""
    connection = work.connection
    unopened = {share.share: share for share in endings.shares_under(connection, consent, opened=False)}
    for share in endings.shares_under(connection, consent, opened=True):
        gone = _gone(work, share, less)
        if share.share in unopened:
            left = unopened[share.share]
            _log(
                work,
                left._replace(recipients=tuple(each for each in left.recipients if each in gone)),
                WITHDRAWN,
                consent,
            )
        endings.withdraw_from(connection, share.share, gone)
    if less.read_until is not None:
        endings.read_until(connection, consent, max(less.read_until, work.at))


def _gone(work: Work, share: Ending, less: Less) -> frozenset[PersonId | UnitId]:
    """Say from whom a share is taken back."""
    sent = shares.sent(work.connection, share.share)
    if sent is not None and not set(less.categories).isdisjoint(sent.body.categories()):
        return frozenset(share.recipients)
    known = identity.units(work.connection, [each for each in share.recipients if isinstance(each, UnitId)])
    below = {unit for unit, each in known.items() if not set(each.ancestors).isdisjoint(less.receivers)}
    return frozenset(each for each in share.recipients if each in less.receivers or each in below)


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
