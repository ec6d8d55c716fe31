"""Statements about shares: the manifest, the hold that keeps a draft, opening, and opening what is one's own."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Any, ClassVar, Self

from protocol.consent.terms import CATEGORIES
from protocol.identifiers import (
    ConversationId,
    Instant,
    MatterId,
    PersonId,
    ShareId,
    StatementId,
    SubjectId,
    UnitId,
    parse_digest,
    parse_instant,
)
from protocol.reading import Fields, Malformed, boolean, closed, distinct, integer, listed, one_of, optional
from protocol.statements.base import holder_id

HEADER, BODY = "header", "body"
MOST_FILES = 20
INLINE_BYTES = 64 * 1024
"""Ciphertext up to this length travels with the share; larger goes through an upload (DESIGN §10)."""


part_name = one_of(HEADER, BODY, *(f"file-{number}" for number in range(1, MOST_FILES + 1)))
"""Takes `header`, `body` or `file-1` … `file-20`."""

# Made once: a parser that is made anew for every member costs more than what it reads.
_category = one_of(*CATEGORIES)
_consents = distinct(parse_digest, least=1, most=10)
_PART = {"part": part_name, "category": optional(_category), "length": integer, "sha256": parse_digest}
_RECIPIENT = {"to": holder_id, "key": parse_digest, "own": boolean, "header": parse_digest, "body": parse_digest}


@dataclass(frozen=True, slots=True)
class Part:
    """One ciphertext: its name, the category it falls under (null for the header), its length in bytes and SHA-256."""

    part: str
    category: str | None
    length: int
    sha256: str

    @classmethod
    def parse(cls, value: object) -> Self:
        """Take `{part, category, length, sha256}`; everything but the header has a category."""
        part = cls(**closed(value, "part", _PART))
        if (part.category is None) != (part.part == HEADER):
            raise Malformed("the header has no category, every other part has one")
        return part

    def to_json(self) -> dict[str, Any]:
        """Return the form that `parse` takes."""
        return {"part": self.part, "category": self.category, "length": self.length, "sha256": self.sha256}


@dataclass(frozen=True, slots=True)
class Recipient:
    """One holder's two envelopes. `key` is the SHA-256 of the sealing key, `own` marks the sender's own copy."""

    to: PersonId | UnitId
    key: str
    own: bool
    header: str
    body: str

    @classmethod
    def parse(cls, value: object) -> Self:
        """Take `{to, key, own, header, body}`."""
        return cls(**closed(value, "recipient", _RECIPIENT))

    def to_json(self) -> dict[str, Any]:
        """Return the form that `parse` takes."""
        return {"to": self.to, "key": self.key, "own": self.own, "header": self.header, "body": self.body}


_MANIFEST = {
    "share": ShareId.parse,
    "subject": SubjectId.parse,
    "matter": MatterId.parse,
    "unit": optional(UnitId.parse),
    "epoch": optional(parse_digest),
    "conversation": ConversationId.parse,
    "consents": _consents,
    "urgency": one_of("routine", "urgent"),
    "after": distinct(parse_digest, most=20),
    "parts": listed(Part.parse, least=2, most=2 + MOST_FILES),
    "content": parse_digest,
    "header_commitment": parse_digest,
    "body_commitment": parse_digest,
    "recipients": listed(Recipient.parse, least=1, most=50),
}
_OPENING = {
    "id": StatementId.parse,
    "share": ShareId.parse,
    "envelope": parse_digest,
    "act": one_of("receive", "open", "reopen", "own"),
    "unit": optional(UnitId.parse),
}
_HOLD = {
    "share": ShareId.parse,
    "subject": SubjectId.parse,
    "matter": MatterId.parse,
    "unit": optional(UnitId.parse),
    "consents": _consents,
    "to": distinct(holder_id, least=1, most=50),
    "draft": parse_digest,
    "not_after": parse_instant,
}


def content_digest(parts: tuple[Part, ...]) -> str:
    """Digest of all ciphertexts: SHA-256 over canonical `[{part, length, sha256}]` (DESIGN §4)."""
    # Names and digests hold nothing that JSON would escape, and the members stand in their order: this is canonical.
    members = [f'{{"length":{each.length},"part":"{each.part}","sha256":"{each.sha256}"}}' for each in parts]
    return sha256(f"[{','.join(members)}]".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class ManifestBody:
    """The sender's word on one share: what, about whom, in which matter, on which consents, to whom.

    `unit` is the unit the sender acts for (null for family) and `epoch` the digest of the epoch statement that makes
    it a member. `after` holds the digests of the conversation's latest manifests, so that gaps and replays show.
    """

    kind: ClassVar[str] = "manifest"
    share: ShareId
    subject: SubjectId
    matter: MatterId
    unit: UnitId | None
    epoch: str | None
    conversation: ConversationId
    consents: tuple[str, ...]
    urgency: str
    after: tuple[str, ...]
    parts: tuple[Part, ...]
    content: str
    header_commitment: str
    body_commitment: str
    recipients: tuple[Recipient, ...]

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Take the manifest's members; `content` must be the digest of `parts`."""
        body = cls(**fields.take_all(_MANIFEST))
        names = [part.part for part in body.parts]
        if names != [HEADER, BODY, *(f"file-{number}" for number in range(1, len(names) - 1))]:
            raise Malformed("parts are the header, the body, then the files in order")
        if body.content != content_digest(body.parts):
            raise Malformed("content is not the digest of the parts")
        if len({(recipient.to, recipient.own) for recipient in body.recipients}) != len(body.recipients):
            raise Malformed("a recipient stands once")
        if list(body.consents) != sorted(body.consents):
            raise Malformed("consents are sorted")
        if (body.unit is None) != (body.epoch is None):
            raise Malformed("who acts for a unit names its epoch")
        return body

    def to_json(self) -> dict[str, Any]:
        """Return the manifest's members."""
        return {
            "share": self.share,
            "subject": self.subject,
            "matter": self.matter,
            "unit": self.unit,
            "epoch": self.epoch,
            "conversation": self.conversation,
            "consents": list(self.consents),
            "urgency": self.urgency,
            "after": list(self.after),
            "parts": [part.to_json() for part in self.parts],
            "content": self.content,
            "header_commitment": self.header_commitment,
            "body_commitment": self.body_commitment,
            "recipients": [recipient.to_json() for recipient in self.recipients],
        }

    def categories(self) -> tuple[str, ...]:
        """Return the categories of all parts, each once, sorted."""
        return tuple(sorted({part.category for part in self.parts if part.category is not None}))

    def receivers(self) -> tuple[PersonId | UnitId, ...]:
        """Return who receives, without the sender's own copy."""
        return tuple(recipient.to for recipient in self.recipients if not recipient.own)

    def sender(self, iss: PersonId) -> PersonId | UnitId:
        """Return the party that sends: the unit acted for, else the person who signs."""
        return self.unit if self.unit is not None else iss


@dataclass(frozen=True, slots=True)
class OpenBody:
    """The reader's word before the key is released: which envelope of which share, in which act, for which unit."""

    kind: ClassVar[str] = "open"
    id: StatementId
    share: ShareId
    envelope: str
    act: str
    unit: UnitId | None

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Take the members of an opening."""
        return cls(**fields.take_all(_OPENING))

    def to_json(self) -> dict[str, Any]:
        """Return the members of an opening."""
        return {"id": self.id, "share": self.share, "envelope": self.envelope, "act": self.act, "unit": self.unit}


@dataclass(frozen=True, slots=True)
class HoldBody:
    """A draft that waits for a complete consent: sealed to the sender's own unit (or self) until `not_after`."""

    kind: ClassVar[str] = "hold"
    share: ShareId
    subject: SubjectId
    matter: MatterId
    unit: UnitId | None
    consents: tuple[str, ...]
    to: tuple[PersonId | UnitId, ...]
    draft: str
    not_after: Instant

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Take the members of a hold; `draft` is the SHA-256 of the sealed draft."""
        return cls(**fields.take_all(_HOLD))

    def to_json(self) -> dict[str, Any]:
        """Return the members of a hold."""
        return {
            "share": self.share,
            "subject": self.subject,
            "matter": self.matter,
            "unit": self.unit,
            "consents": list(self.consents),
            "to": list(self.to),
            "draft": self.draft,
            "not_after": self.not_after,
        }
