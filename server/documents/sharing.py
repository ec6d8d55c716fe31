"""Sharing, inside the group commit: entitled, complete, sealed to today's keys, permitted; then logged and kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from protocol.consent.answer import Deny, Permit
from protocol.identifiers import PersonId, UnitId
from protocol.log.details import Decision, Details
from protocol.log.event import Event
from protocol.statements.base import Refused
from protocol.statements.share import BODY, HEADER, INLINE_BYTES, ManifestBody
from server.consent import exclusions
from server.consent.cases import rule_code
from server.documents import holding
from server.documents.judging import Judged, judge_share
from server.documents.refusals import MAILBOX_MISSING, Denied, denial, log_refusal
from server.documents.store import keys, shares, uploads
from server.documents.store.keys import EpochKey
from server.documents.store.shares import Holder, KeptPart
from server.identity import store as identity
from server.identity.intake import Accepted, Rejected

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sqlalchemy import Connection

    from protocol.identifiers import Instant, UploadId
    from protocol.statements.base import Statement
    from server.audit.batch import Work
    from server.documents.store.holds import Hold

MANIFEST = {ManifestBody.kind: ManifestBody}


@dataclass(frozen=True, slots=True)
class Given:
    """What came with a manifest: small ciphertexts, uploads of large ones, and envelopes by (holder, own).

    `held`: the ciphertexts are those of the held draft of the same share id.
    """

    parts: Mapping[str, bytes] = field(repr=False)
    uploads: Mapping[str, UploadId]
    envelopes: Mapping[tuple[Holder, bool], tuple[bytes, bytes]] = field(repr=False)
    held: bool


def check_given(body: ManifestBody, given: Given) -> None:
    """Check all that needs no database: parts and envelopes are complete, and have the digests that were signed.

    Raises:
        Refused: `wrong-part` or `wrong-envelope`.
    """
    if {(each.to, each.own) for each in body.recipients} != given.envelopes.keys():
        raise Refused("wrong-envelope", "the envelopes are not those of the recipients in the manifest")
    for each in body.recipients:
        header, sealed = given.envelopes[each.to, each.own]
        if (sha256(header).hexdigest(), sha256(sealed).hexdigest()) != (each.header, each.body):
            raise Refused("wrong-envelope", "an envelope is not the one that the manifest names")
    if given.held:
        if given.parts or given.uploads:
            raise Refused("wrong-part", "a held draft's ciphertexts are here already")
        return
    names = {each.part for each in body.parts}
    if given.parts.keys() | given.uploads.keys() != names or given.parts.keys() & given.uploads.keys():
        raise Refused("wrong-part", "each part in the manifest comes once: with the share or as an upload")
    if not {HEADER, BODY} <= given.parts.keys():
        raise Refused("wrong-part", f"header and body come with the share, at most {INLINE_BYTES} bytes each")
    for part in body.parts:
        inline = given.parts.get(part.part)
        if inline is not None and (len(inline), sha256(inline).hexdigest()) != (part.length, part.sha256):
            raise Refused("wrong-part", "a ciphertext is not the one that the manifest names")


def share(work: Work, statement: Statement[ManifestBody], given: Given) -> Accepted | Rejected | Denied:
    """Share once: the same manifest again is answered as the first time, another one under its id is a conflict."""
    body = statement.body
    reading = work.reading(body.share, body.conversation)
    here = shares.under(reading, body.share, body.conversation)
    known = here.stored
    if known is not None and known.manifest == statement.digest:
        return Accepted(known.manifest, known.leaf_index)
    try:
        _require_unsent(known)
        epochs = _require_sender(reading, statement, work.at)
        held = _to_release(reading, statement, work.at, here, released=given.held)
        parts = _parts(reading, statement, given)
        _require_parties(statement, here.conversation)
        judged = judge_share(reading, statement.iss, body, work.at)
        if isinstance(judged.answer, Permit):
            epochs = _require_sealed_now(reading, body, epochs, work.at)
    except Refused as refusal:
        return log_refusal(work, Event.SHARE_REFUSED, statement, refusal, subject=body.subject, matter=body.matter)
    used = (statement.digest, *judged.statements, *_chain(reading, body, epochs))
    if isinstance(judged.answer, Deny):
        scope = body.matter if judged.is_in(body.matter) else statement.iss
        work.append(Event.SHARE_REFUSED, _details(statement, used, **denial(judged.answer)), scope)
        return Denied.of(judged.answer)
    permit = judged.answer
    index = work.append(
        Event.SHARED,
        _details(
            statement,
            used,
            decision=Decision.PERMIT,
            basis=str(permit.basis),
            rule=rule_code(permit.rule),
        ),
        body.matter,
    )
    _store(work, statement, given, judged, parts, index)
    if here.conversation is None:
        shares.begin_conversation(work.later(body.conversation), body, _party_ids(statement))
    if held is not None:
        holding.end(work, held, "released")
    return Accepted(statement.digest, index)


def _require_unsent(known: shares.Stored | None) -> None:
    if known is not None:
        raise Refused("conflict", "something else was sent under this id")


def _require_sender(connection: Connection, statement: Statement[ManifestBody], at: Instant) -> dict[UnitId, EpochKey]:
    """Check that the sender is entitled, in the latest epoch; give the latest epochs of all units."""
    holding.require_now(connection, statement, at)
    body = statement.body
    own = [each.to for each in body.recipients if each.own]
    if own not in ([], [body.sender(statement.iss)]):
        raise Refused("wrong-envelope", "an own copy is the sender's own")
    units = {each.to for each in body.recipients if isinstance(each.to, UnitId)}
    epochs = keys.latest_epochs(connection, units if body.unit is None else {*units, body.unit})
    if body.unit is not None and epochs[body.unit].digest != body.epoch:
        raise Refused("wrong-epoch", "the unit has another epoch now: sign anew")
    return epochs


def _require_sealed_now(
    connection: Connection, body: ManifestBody, epochs: dict[UnitId, EpochKey], at: Instant
) -> dict[UnitId, EpochKey]:
    """Check that the sender has sealed to the keys that hold now, and give their epochs.

    After the decision: which mailbox is the right one tells whom a family keeps out, and that is for who may send.
    """
    epochs = epochs | _restricted(connection, body, epochs.keys(), at)
    persons = {each.to for each in body.recipients if isinstance(each.to, PersonId)}
    by_person = keys.person_keys(connection, persons, at)
    for each in body.recipients:
        if isinstance(each.to, UnitId):
            epoch = epochs.get(each.to)
            current = None if epoch is None or epoch.not_after <= at else epoch.seal
        else:
            current = by_person.get(each.to)
        if current != each.key:
            raise Refused("wrong-key", "a recipient's key is another one now: seal anew")
    return epochs


def _restricted(
    connection: Connection, body: ManifestBody, units: Collection[UnitId], at: Instant
) -> dict[UnitId, EpochKey]:
    """Give the epochs that take the place of units' own, where a family keeps one of their staff out."""
    found: dict[UnitId, EpochKey] = {}
    for unit, epoch in exclusions.to_seal_to(connection, body.subject, units, at).items():
        if epoch is None:
            raise Refused(MAILBOX_MISSING, "a recipient has no mailbox yet without whom the family keeps out")
        found[unit] = EpochKey(epoch.digest, epoch.not_after, epoch.seal)
    return found


def _to_release(
    connection: Connection, statement: Statement[ManifestBody], at: Instant, here: shares.Under, *, released: bool
) -> Hold | None:
    if released:
        return holding.to_release(connection, statement, at)
    if here.held:
        raise Refused("conflict", "a draft is held under this id")
    return None


def _parts(connection: Connection, statement: Statement[ManifestBody], given: Given) -> list[KeptPart]:
    """Give the parts to keep; for a held draft, check those that are kept already and give none."""
    body = statement.body
    if given.held:
        here = {each.part: (each.length, each.sha256) for each in shares.all_parts(connection, body.share)}
        if here != {each.part: (each.length, each.sha256) for each in body.parts}:
            raise Refused("wrong-part", "the held draft's ciphertexts are not those that the manifest names")
        return []
    uploaded = uploads.require_owned(connection, statement.iss, given.uploads)
    for each in body.parts:
        known = uploaded.get(each.part)
        if known is not None and (known.length, known.sha256) != (each.length, each.sha256):
            raise Refused("wrong-part", "an upload is not the ciphertext that the manifest names")
    return [KeptPart(each.part, each.length, each.sha256, given.parts.get(each.part)) for each in body.parts]


def _require_parties(statement: Statement[ManifestBody], known: shares.Conversation | None) -> None:
    """Check that the conversation is new, or has this matter and these parties among its own."""
    if known is not None and (known.matter != statement.body.matter or not _party_ids(statement) <= known.parties):
        raise Refused("other-conversation", "a conversation is one matter and fixed parties: begin a new one")


def _party_ids(statement: Statement[ManifestBody]) -> frozenset[str]:
    body = statement.body
    return frozenset({body.sender(statement.iss), *body.receivers()})


def _chain(connection: Connection, body: ManifestBody, epochs: Mapping[UnitId, EpochKey]) -> tuple[str, ...]:
    """Give the digests of the sheet and the epochs that the decision used."""
    sheet = identity.sheet(connection, body.subject)
    used = [each.digest for each in epochs.values()]
    return tuple(used if sheet is None else [sheet.digest, *used])


def _details(statement: Statement[ManifestBody], used: tuple[str, ...], **decided: Any) -> Details:
    body = statement.body
    return Details(
        actor=statement.iss,
        for_unit=body.unit,
        act="share",
        subject=body.subject,
        matter=body.matter,
        share=body.share,
        conversation=body.conversation,
        recipients=body.receivers(),
        content=body.content,
        consents=body.consents,
        statements=used,
        **decided,
    )


def _store(  # noqa: PLR0917  (a share is all of these)
    work: Work,
    statement: Statement[ManifestBody],
    given: Given,
    judged: Judged,
    parts: list[KeptPart],
    index: int,
) -> None:
    body = statement.body
    # No row breaks a constraint: nothing stands under this share id, and the manifest names nothing twice.
    later = work.later(body.share, statement.digest)
    identity.keep_statement(later, statement, index, work.at)
    shares.add_share(later, statement, index, work.at, judged.read_until)
    shares.add_consents(later, body.share, judged.reading)
    if parts:
        shares.add_parts(later, body.share, parts)
    shares.add_envelopes(later, body, index, given.envelopes)
    if given.uploads:
        uploads.take(work.connection, given.uploads.values(), body.share)
