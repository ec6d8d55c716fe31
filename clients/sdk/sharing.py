"""Sharing: seal the content keys to today's keys of each recipient, sign the manifest, hand it in."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clients.sdk.choosing import Wanted
from clients.sdk.client import Client, Submitted
from clients.sdk.content import Content
from clients.sdk.exclusions import Mailboxes
from clients.sdk.mailboxes import key_id
from keys import commitment, sealing
from keys.encoding import encode
from protocol.identifiers import ConversationId, PersonId, ShareId, UnitId
from protocol.identity import Directory
from protocol.log.receipt import Verified as Proved
from protocol.share import seal_info
from protocol.statements.share import (
    BODY,
    HEADER,
    HoldBody,
    ManifestBody,
    Recipient,
    content_digest,
)


@dataclass(frozen=True, slots=True)
class Sent:
    """A share that the server has, with the receipt that proves it."""

    share: ShareId
    entry: Proved
    consents: tuple[str, ...]
    held: bool = False
    waits_for: tuple[str, ...] = ()
    """Of a held share, the names of the units whose mailbox without somebody is not there yet."""


async def share(
    client: Client,
    wanted: Wanted,
    content: Content,
    given: Mapping[str, Any],
    consents: Sequence[str],
    restricted: Mailboxes,
) -> Sent:
    """Seal, sign and hand in what was encrypted, with what the server was given of it; raises as `Client.submit`.

    Where the family keeps a member of a unit's staff out, it is sealed to the unit's mailbox without them: one of
    `restricted`, of which none may be missing.
    """
    persons = [to for to in wanted.to if isinstance(to, PersonId)] + [client.person]
    directory = await client.directory(units=wanted.units(), persons=persons, subjects=[wanted.subject])
    own = wanted.unit if wanted.unit is not None else client.person
    to_all = [(to, False) for to in wanted.to] + [(own, True)]
    publics = {to: public_key(directory, to, restricted) for to, _ in to_all}
    draft = ManifestBody(
        share=content.share,
        subject=wanted.subject,
        matter=wanted.matter,
        unit=wanted.unit,
        epoch=None if wanted.unit is None else directory.epoch(wanted.unit).digest,
        conversation=wanted.conversation or ConversationId.of(secrets.token_bytes(16)),
        consents=tuple(sorted(consents)),
        urgency=wanted.urgency,
        after=wanted.after,
        parts=content.parts,
        content=content_digest(content.parts),
        header_commitment=commitment.commit(content.share, content.header_key),
        body_commitment=commitment.commit(content.share, content.body_key),
        recipients=(),
    )
    envelopes, recipients = [], []
    for to, is_own in to_all:
        header, body = _sealed(client, draft, content, publics[to])
        envelopes.append({"to": to, "own": is_own, "header": encode(header), "body": encode(body)})
        recipients.append(
            Recipient(
                to,
                key_id(publics[to]),
                is_own,
                hashlib.sha256(header).hexdigest(),
                hashlib.sha256(body).hexdigest(),
            )
        )
    body_of = {name: getattr(draft, name) for name in draft.__slots__}
    manifest = ManifestBody(**{**body_of, "recipients": tuple(recipients)})
    return done_before(
        await client.submit(
            "/v1/shares",
            manifest,
            purpose=purpose(content.share),
            field="manifest",
            more={**given, "envelopes": envelopes},
        )
    )


def done_before(done: Submitted) -> Sent:
    """Return the share that a hold or a manifest that happened has named."""
    said = done.said
    held = said["kind"] == HoldBody.kind
    return Sent(ShareId.parse(said["share"]), done.entry, tuple(said["consents"]), held=held)


def purpose(share: ShareId) -> str:
    """Name what a share's request is for, in the journal."""
    return f"share {share}"


def unanswered(client: Client) -> list[ShareId]:
    """Return the shares that were handed in and whose answer never came."""
    begun = [one.purpose.split(" ", 1) for one in client.journal.all()]
    return [ShareId.parse(named[1]) for named in begun if named[0] == "share"]


def public_key(directory: Directory, to: PersonId | UnitId, restricted: Mailboxes) -> bytes:
    """Return the key to seal to now for a person or a unit: of the mailbox that takes its own's place, if one does.

    Raises:
        Refused: there is none in force.
    """
    if isinstance(to, UnitId):
        own = directory.epoch(to).body
        return restricted.epochs.get(to, own).seal
    return directory.keys(to).seal


def _sealed(client: Client, draft: ManifestBody, content: Content, public: bytes) -> tuple[bytes, bytes]:
    recipient = sealing.SealingPublicKey(public)
    sender = client.home.keyring.signing.kid
    sealed = []
    for use, key in ((HEADER, content.header_key), (BODY, content.body_key)):
        info = seal_info(use, log=client.policy.origin, recipient_key=key_id(public), sender_key=sender, manifest=draft)
        sealed.append(sealing.seal(key, recipient, info))
    return sealed[0], sealed[1]
