"""Held drafts, inside the group commit: put aside, opened by whoever may release them, ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from protocol.consent.answer import Reason
from protocol.consent.ask import Actor
from protocol.consent.vocabulary import Language
from protocol.identity import DAY, TOLERANCE
from protocol.log.details import Details
from protocol.log.event import Event
from protocol.statements.base import Refused
from protocol.statements.share import HoldBody, OpenBody
from protocol.texts import sentence
from server.consent import cases
from server.consent import store as consent_store
from server.consent.store.shields import hidden_matters
from server.documents.judging import require_related
from server.documents.refusals import Denied, log_refusal, not_known
from server.documents.store import holds, shares, uploads
from server.documents.store.holds import Hold
from server.documents.store.shares import KeptPart
from server.identity import store as identity
from server.identity.intake import Accepted, Rejected, require_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from protocol.identifiers import Instant, PersonId, ShareId, UploadId
    from protocol.statements.base import Statement
    from protocol.statements.share import ManifestBody
    from server.audit.batch import Work

HOLD = {HoldBody.kind: HoldBody}
LONGEST_HOLD = 90 * DAY
MOST_LISTED = 500


@dataclass(frozen=True, slots=True)
class Draft:
    """A sealed draft with its ciphertexts: small ones by part, and large ones as uploads."""

    sealed: bytes = field(repr=False)
    parts: Mapping[str, bytes] = field(repr=False)
    uploads: Mapping[str, UploadId]


@dataclass(frozen=True, slots=True)
class Returned:
    """A draft on its way back to whoever may release it."""

    leaf_index: int
    sealed: bytes = field(repr=False)
    parts: Mapping[str, bytes] = field(repr=False)


def hold(work: Work, statement: Statement[HoldBody], draft: Draft) -> Accepted | Rejected | Denied:
    """Put a draft aside, once; the same statement again is answered as the first time."""
    body, connection = statement.body, work.connection
    known = identity.find_statement(connection, statement.digest)
    if known is not None:
        return Accepted(known.digest, known.leaf_index)
    try:
        require_now(connection, statement, work.at)
        _require_new(connection, statement, draft, work.at)
        found = uploads.require_owned(connection, statement.iss, draft.uploads)
        _require_related(connection, statement, work.at)
    except Refused as refusal:
        return log_refusal(work, Event.STATEMENT_REFUSED, statement, refusal, subject=body.subject, matter=body.matter)
    details = Details(
        actor=statement.iss,
        for_unit=body.unit,
        act=body.kind,
        subject=body.subject,
        matter=body.matter,
        share=body.share,
        recipients=body.to,
        consents=body.consents,
        statements=(statement.digest,),
    )
    index = work.append(Event.SHARE_HELD, details, body.matter)
    identity.keep_statement(connection, statement, index, work.at)
    holds.add(connection, statement, index, work.at, draft.sealed)
    kept = [KeptPart(name, len(data), sha256(data).hexdigest(), data) for name, data in draft.parts.items()]
    kept += [KeptPart(name, each.length, each.sha256 or "", None) for name, each in found.items()]
    if kept:
        shares.add_parts(connection, body.share, kept)
    if draft.uploads:
        uploads.take(connection, draft.uploads.values(), body.share)
    return Accepted(statement.digest, index)


def open_draft(work: Work, statement: Statement[OpenBody], share: ShareId) -> Returned | Rejected | Denied:
    """Give a draft back to its author, or to a member of the unit that holds it, and log that."""
    work.never_replay()
    connection = work.connection
    try:
        held = _to_open(work, statement, share)
    except Refused as refusal:
        return log_refusal(work, Event.OPEN_REFUSED, statement, refusal)
    details = _details(held, statement.iss, "own", (statement.digest, held.statement))
    index = work.append(Event.OWN_OPENED, details, held.matter)
    identity.keep_statement(connection, statement, index, work.at)
    small = {each.part: each.data for each in shares.all_parts(connection, share) if each.data is not None}
    return Returned(index, held.draft or b"", small)


def give_up(work: Work, share: ShareId, person: PersonId) -> list[str] | None:
    """Throw a draft away; give the digests of files that nothing names any more, None if it is not theirs."""
    held = holds.hold(work.connection, share)
    if held is None or not _may_release(work.connection, held, person, work.at):
        return None
    end(work, held, "given-up", actor=person)
    return uploads.release(work.connection, share)


def run_out(work: Work) -> list[str]:
    """End every draft whose end has come; give the digests of files that nothing names any more."""
    freed: list[str] = []
    for held in holds.run_out(work.connection, work.at):
        end(work, held, "ran-out")
        freed += uploads.release(work.connection, held.share)
    return freed


def end(work: Work, held: Hold, why: str, *, actor: PersonId | None = None) -> None:
    """Log that a hold has ended, and forget its draft."""
    details = Details(
        actor=actor,
        for_unit=held.unit,
        act="hold",
        reason=why,
        subject=held.subject,
        matter=held.matter,
        share=held.share,
        consents=held.consents,
        statements=(held.statement,),
    )
    work.append(Event.HOLD_ENDED, details, held.matter)
    holds.end(work.connection, held.share, work.at)


def to_release(connection: Connection, statement: Statement[ManifestBody], at: Instant) -> Hold:
    """Give the draft that a manifest releases: the signer's own or their unit's, about the same and for the same.

    Raises:
        Refused: there is none, or it is another one.
    """
    body = statement.body
    held = _mine(connection, body.share, statement.iss, body.unit, at)
    if (held.subject, held.matter) != (body.subject, body.matter) or set(held.to) != set(body.receivers()):
        raise Refused("conflict", "the held draft is about something else, or for others")
    return held


def listed(connection: Connection, person: PersonId, at: Instant) -> list[Hold]:
    """Give what somebody may release, newest first."""
    units = [each.unit for each in identity.memberships_of(connection, person, at)]
    return holds.releasable(connection, person, units, hidden_matters(connection, person, at), at, MOST_LISTED)


def require_now(connection: Connection, statement: Statement[Any], at: Instant) -> None:
    """Check that the signer says this now, with a key in force, as a member of the unit named.

    Raises:
        Refused: `wrong-time`, `not-entitled` or `not-a-member`.
    """
    if abs(statement.made - at) > TOLERANCE:
        raise Refused("wrong-time", "the statement was not made now: check the clock")
    require_key(connection, statement, at)
    unit = statement.body.unit
    if unit is not None and identity.membership(connection, statement.iss, unit, at) is None:
        raise Refused(Reason.NOT_A_MEMBER, sentence(Reason.NOT_A_MEMBER, Language.ENGLISH))


def _require_new(connection: Connection, statement: Statement[HoldBody], draft: Draft, at: Instant) -> None:
    body = statement.body
    if holds.hold(connection, body.share) is not None or shares.stored(connection, body.share) is not None:
        raise Refused("conflict", "something else was held or sent under this id")
    if body.not_after - statement.made > LONGEST_HOLD:
        raise Refused("hold-too-long", f"a draft is held {LONGEST_HOLD // DAY} days at most")
    if body.not_after <= at:
        raise Refused("ended", "the end lies in the past")
    if sha256(draft.sealed).hexdigest() != body.draft:
        raise Refused("wrong-draft", "the draft is not the one that the statement names")


def _to_open(work: Work, statement: Statement[OpenBody], share: ShareId) -> Hold:
    body, connection = statement.body, work.connection
    if identity.find_statement(connection, statement.digest) is not None:
        raise Refused("already-used", "this statement has opened something before: sign a new one")
    require_now(connection, statement, work.at)
    if body.share != share or body.act != "own":
        raise Refused("other-share", "the statement names another share or act")
    held = _mine(connection, share, statement.iss, body.unit, work.at)
    if held.draft_digest != body.envelope:
        raise Refused("wrong-draft", "the draft is not the one that the statement names")
    return held


def _mine(connection: Connection, share: ShareId, person: PersonId, unit: object, at: Instant) -> Hold:
    held = holds.hold(connection, share)
    if held is None or held.unit != unit or not _may_release(connection, held, person, at):
        raise not_known()
    return held


def _may_release(connection: Connection, held: Hold, person: PersonId, at: Instant) -> bool:
    if held.ended_at is not None or held.not_after <= at or held.matter in hidden_matters(connection, person, at):
        return False
    if held.unit is None:
        return held.author == person
    return identity.membership(connection, person, held.unit, at) is not None


def _require_related(connection: Connection, statement: Statement[HoldBody], at: Instant) -> None:
    body = statement.body
    facts = consent_store.facts_of(consent_store.consents(connection, body.consents), ())
    actor = Actor(statement.iss, body.unit)
    require_related(connection, cases.around(connection, body.subject, facts, (), [actor], at), actor, body.subject, at)


def _details(held: Hold, person: PersonId, act: str, statements: tuple[str, ...]) -> Details:
    return Details(
        actor=person,
        for_unit=held.unit,
        act=act,
        subject=held.subject,
        matter=held.matter,
        share=held.share,
        consents=held.consents,
        statements=statements,
    )
