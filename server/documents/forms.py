"""What the routes of shares take and answer."""

from typing import Annotated, Any

from pydantic import Field

from protocol.identifiers import ShareId, UploadId
from protocol.statements.share import INLINE_BYTES, MOST_FILES
from server.http.forms import PARSED, Answer, Digest, Form, Instant, Query, Token
from server.identity.forms import Holder

_BASE64 = "^[A-Za-z0-9_-]*$"
MOST_RECEIVED = 200
LONGEST_ENVELOPE = 4_096
LONGEST_DRAFT = 65_536


def _encoded(length: int) -> int:
    return (length * 4 + 2) // 3


Inline = Annotated[str, Field(pattern=_BASE64, max_length=_encoded(INLINE_BYTES), description="base64url")]
Envelope = Annotated[str, Field(pattern=_BASE64, min_length=1, max_length=_encoded(LONGEST_ENVELOPE))]
SealedDraft = Annotated[str, Field(pattern=_BASE64, min_length=1, max_length=_encoded(LONGEST_DRAFT))]
PartName = Annotated[str, Field(pattern=r"^(header|body|file-([1-9]|1[0-9]|20))$")]
Parts = Annotated[dict[PartName, Inline], Field(max_length=2 + MOST_FILES)]
Uploads = Annotated[dict[PartName, Annotated[UploadId, PARSED]], Field(max_length=MOST_FILES)]


class EnvelopeForm(Form):
    """One recipient's two envelopes; `own` marks the sender's own copy."""

    to: Holder
    own: bool
    header: Envelope
    body: Envelope


class ShareForm(Form):
    """A signed manifest with its ciphertexts and envelopes; `hold`: those of the draft held under the same id."""

    manifest: Token
    parts: Parts = Field(default_factory=dict)
    uploads: Uploads = Field(default_factory=dict)
    envelopes: Annotated[list[EnvelopeForm], Field(min_length=1, max_length=50)]
    hold: bool = False


class HoldForm(Form):
    """A signed hold with the sealed draft and its ciphertexts."""

    hold: Token
    draft: SealedDraft
    parts: Parts = Field(default_factory=dict)
    uploads: Uploads = Field(default_factory=dict)


class OpenForm(Form):
    """The reader's signed statement."""

    statement: Token


class ReceiveForm(Form):
    """Signed statements with the act `receive`, one for each header."""

    statements: Annotated[list[Token], Field(min_length=1, max_length=MOST_RECEIVED)]


class PageQuery(Query):
    """Where to go on: the `next` of an earlier answer."""

    cursor: Annotated[str, Field(pattern="^(shr|cnv)_[0-9a-f]{32}$")] | None = None


class ContentQuery(Query):
    """Which ciphertext, and the id of the entry that logged the opening."""

    part: PartName
    entry: Annotated[str, Field(pattern="^[0-9a-f]{32}$")]


class SharedAnswer(Answer):
    """The share, and the receipt of its entry."""

    share: Annotated[ShareId, PARSED]
    receipt: str


class BundleAnswer(Answer):
    """Everything that came with one envelope: `protocol.bundle.Bundle` (docs/protocol.md has its form)."""

    bundle: dict[str, Any]


class ReceivedAnswer(Answer):
    """One header with all that goes with it, or why there is none."""

    share: str | None
    bundle: dict[str, Any] | None = None
    reason: str | None = None
    rule: str | None = None
    detail: str | None = None


class ReceiveAnswer(Answer):
    """The answers, in the order of the statements."""

    results: list[dict[str, Any]]


class EnvelopesTold(Answer):
    """The digests of a mailbox's two envelopes: what the reader's statements name."""

    header: Digest
    body: Digest


class ItemAnswer(Answer):
    """One line of the inbox. `received` and `opened` are the mailbox's, whoever of its members it was."""

    share: str
    sender: str
    unit: str | None
    to: str
    own: bool
    subject: str
    matter: str
    conversation: str
    urgency: str
    t: Instant
    received: bool
    opened: bool
    withdrawn: bool
    envelopes: EnvelopesTold


class InboxAnswer(Answer):
    """A page, newest first; `next` is null at the end. There is no total."""

    items: list[ItemAnswer]
    next: str | None


class ReachedAnswer(Answer):
    """How far a share came with one recipient, and who of a unit it was."""

    to: str
    received: Instant | None
    received_by: str | None
    opened: Instant | None
    opened_by: str | None
    withdrawn: bool


class SentItem(Answer):
    """One share that the asker or a unit of theirs has sent."""

    share: str
    sender: str
    unit: str | None
    subject: str
    matter: str
    conversation: str
    urgency: str
    t: Instant
    read_until: Instant
    recipients: list[ReachedAnswer]


class SentAnswer(Answer):
    """A page, newest first; `next` is null at the end. There is no total."""

    items: list[SentItem]
    next: str | None


class HoldTold(Answer):
    """One draft that the asker may release; `draft` is its digest."""

    share: str
    author: str
    unit: str | None
    subject: str
    matter: str
    consents: list[Digest]
    to: list[str]
    draft: Digest
    t: Instant
    not_after: Instant


class HoldsAnswer(Answer):
    """Every draft that the asker may release, newest first."""

    holds: list[HoldTold]


class DraftAnswer(Answer):
    """A sealed draft with its small ciphertexts, and the receipt of the entry that says it was opened."""

    draft: str
    parts: dict[str, str]
    receipt: str
