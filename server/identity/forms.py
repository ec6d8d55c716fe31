"""What identity's routes take and answer."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field

from keys.encoding import decode
from protocol.identifiers import PersonId, UnitId
from protocol.statements.base import holder_id
from server.http.forms import PARSED, Answer, Digest, Form, Instant, Query

MOST_RENEWED = 5_000


def _decodable(text: str) -> str:
    decode(text)
    return text


def _holder(text: str) -> str:
    return holder_id(text)


LongToken = Annotated[str, Field(max_length=400_000, pattern=r"^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$")]
Sealed = Annotated[str, Field(min_length=1, max_length=8192, pattern="^[A-Za-z0-9_-]*$"), AfterValidator(_decodable)]
Holder = Annotated[str, Field(pattern="^(per|unt)_[0-9a-f]{32}$"), AfterValidator(_holder)]


class Jwk(Form):
    """A public key on P-256 (RFC 7517)."""

    crv: Annotated[str, Field(pattern="^P-256$")]
    kty: Annotated[str, Field(pattern="^EC$")]
    x: Annotated[str, Field(pattern="^[A-Za-z0-9_-]{43}$")]
    y: Annotated[str, Field(pattern="^[A-Za-z0-9_-]{43}$")]


class Keys(Form):
    """A person's two public keys: to sign with (P-256), and to be sealed to (X-Wing, 1216 bytes)."""

    sign: Jwk
    seal: Annotated[str, Field(pattern="^[A-Za-z0-9_-]{1622}$")]


class PolicyForm(Form):
    """The root's key and its policy."""

    root: Jwk
    token: LongToken


class TokenForm(Form):
    """A signed statement."""

    token: LongToken


class AnswerForm(Form):
    """A newcomer's keys, and their MAC under the invitation's secret."""

    keys: Keys
    mac: Digest


class SeedForm(Form):
    """An epoch's seed, sealed to one member."""

    person: Annotated[PersonId, PARSED]
    sealed: Sealed


class CardForm(Form):
    """A subject card, sealed to one of those concerned."""

    to: Holder
    sealed: Sealed


class StatementForm(Form):
    """A statement of the chain; `seeds` and `previous` go with epochs, `cards` with sheets, `sheets` with renewals."""

    token: LongToken
    seeds: Annotated[list[SeedForm], Field(max_length=1_000)] | None = None
    previous: Sealed | None = None
    cards: Annotated[list[CardForm], Field(max_length=200)] | None = None
    sheets: Annotated[list[Digest], Field(max_length=MOST_RENEWED)] | None = None


class LoggedAnswer(Answer):
    """A statement, and the receipt of the entry that published it."""

    token: str
    receipt: str


class AcceptedAnswer(Answer):
    """The digest of what was accepted, and the receipt of its entry."""

    digest: str
    receipt: str


class PolicyAnswer(Answer):
    """The root's key and the latest policy."""

    root: dict[str, str]
    policy: LoggedAnswer


class InvitationAnswer(Answer):
    """What a newcomer needs beside the slip; `state` is waiting, answered, used or ended."""

    token: str
    inviter: dict[str, str]
    state: str


class AnswerTold(Answer):
    """One answer, for the inviter to check."""

    keys: dict[str, Any]
    mac: str
    at: Instant


class InvitationTold(Answer):
    """One of the inviter's own invitations."""

    token: str
    state: str
    answers: list[AnswerTold]


class InvitationsAnswer(Answer):
    """The inviter's own invitations, the last to end first."""

    invitations: list[InvitationTold]


class UnitsAnswer(Answer):
    """A page of units; `next` is the cursor of the one after."""

    units: list[LoggedAnswer]
    next: str | None


class StatementsAnswer(Answer):
    """Statements in the log's order."""

    statements: list[LoggedAnswer]


class SealedSeed(Answer):
    """A seed under its epoch's number."""

    number: int
    sealed: str


class SeedsAnswer(Answer):
    """The seeds sealed to the asker, and each seed before an epoch, sealed to that epoch's key."""

    seeds: list[SealedSeed]
    previous: list[SealedSeed]


class RenewalTold(Answer):
    """A renewal, the sheet's index under its root, and the proof (base64url hashes, the leaf's sibling first)."""

    logged: LoggedAnswer
    index: int
    proof: list[str]


class SubjectAnswer(Answer):
    """A subject's sheet, what prolongs it, and the cards sealed to the asker."""

    statements: list[LoggedAnswer]
    renewals: list[RenewalTold]
    cards: list[str]


class RoleTold(Answer):
    """One role of the asker: person, custodian, staff, supervisor or registrar."""

    role: str
    unit: str | None
    name: str | None


class MeAnswer(Answer):
    """What the server knows of the asker."""

    person: str
    roles: list[RoleTold]
    subjects: list[str]
    units: list[str]


class UnitsQuery(Query):
    """Where to go on."""

    cursor: Annotated[UnitId, PARSED] | None = None


class UnitQuery(Query):
    """From which epoch on; without it, the latest two."""

    from_epoch: Annotated[int, Field(ge=1, le=2**53 - 1)] | None = None
