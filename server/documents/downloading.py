"""Fetching ciphertext: by the entry of one's own opening, decided anew at each request (DESIGN §6.5)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from protocol.consent.answer import Deny
from protocol.consent.ask import Actor
from protocol.consent.vocabulary import Act
from protocol.log.details import Decision, Details
from protocol.log.event import Event
from server.consent.cases import rule_code
from server.documents.judging import judge_opening
from server.documents.opening import OWN
from server.documents.refusals import UNKNOWN, Denied, Unrelated
from server.documents.store import shares
from server.documents.store.shares import KeptPart
from server.identity import store as identity
from server.identity.intake import Rejected

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from protocol.identifiers import Instant, PersonId, ShareId
    from server.audit.batch import Work

_UNKNOWN = Rejected(UNKNOWN, "")


def decide_download(  # noqa: PLR0917  (a connection, who asks, and for what)
    connection: Connection, person: PersonId, share: ShareId, part: str, entry: str, at: Instant
) -> KeptPart | Rejected | Denied:
    """Give a ciphertext to whoever opened the share under this entry, if they may read it at this instant."""
    opened = shares.opening(connection, entry)
    sent = shares.sent(connection, share)
    if opened is None or sent is None or (opened.share, opened.person) != (share, person):
        return _UNKNOWN
    if opened.act == OWN:
        if opened.unit is not None and identity.membership(connection, person, opened.unit, at) is None:
            return _UNKNOWN
    else:
        reader = Actor(person, opened.unit)
        try:
            judged = judge_opening(connection, Act.REOPEN, reader, sent.sender, sent.body, sent.t, at)
        except Unrelated:
            return _UNKNOWN
        if isinstance(judged.answer, Deny):
            return Denied.of(judged.answer)
    return shares.part(connection, share, part) or _UNKNOWN


def log_refused_download(work: Work, person: PersonId, share: ShareId, entry: str, no: Rejected | Denied) -> None:
    """Log that ciphertext was refused: under the person's own key, so that a stranger fills nobody else's log."""
    if isinstance(no, Denied):
        told: dict[str, Any] = {"reason": no.reason, "rule": rule_code(no.rule), "missing": no.missing}
    else:
        told = {"reason": no.code}
    refused = Details(actor=person, act="content", decision=Decision.DENY, share=share, entries=(entry,))
    work.append(Event.OPEN_REFUSED, replace(refused, **told), person)
