"""Certificates of consent: the terms with the log's receipts of everything said on them, to be judged offline.

A certificate is canonical JSON, deflated, in base32, cut into codes that fit a QR code each::

    FORTROLIG1:<number>/<count>:<first 8 hex digits of the SHA-256 of the deflated bytes, upper case>:<base32>

The JSON (closed; `docs/protocol.md`)::

    {"v": 1, "at", "state", "language", "synthetic", "terms": Terms, "note": signed checkpoint,
     "nodes": [base64url, …], "proofs": [{"entry", "details", "blind", "index", "nodes": [place in nodes, …]}, …],
     "narrowings": [token, …]}

Nothing in it is believed: `judge` proves each word by its receipt, under a log key known from elsewhere. What no
certificate can prove is that nothing was said since it was made.
"""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

from clients.sdk.client import Client
from clients.sdk.overview import Shown
from clients.sdk.subjects import card
from clients.sdk.transport import clock
from keys.canonical import canonical
from keys.canonical import parse as parse_canonical
from keys.encoding import decode, encode
from keys.signing import BadStatement, digest, peek
from protocol.consent.narrowing import LESS, Less
from protocol.consent.state import State
from protocol.consent.terms import Terms
from protocol.consent.vocabulary import Language, RoleAct
from protocol.identifiers import Instant, PersonId, UnitId, parse_instant
from protocol.log.checkpoint import LogPolicy
from protocol.log.details import Decision
from protocol.log.event import Event
from protocol.log.receipt import BadReceipt, Disclosure, Receipt, Verified, parse, verify
from protocol.logged import EVENTS
from protocol.national_id import BadNationalId, NationalId, Numbers
from protocol.reading import Fields, boolean, integer, listed, text, text_up_to
from protocol.statements.base import claim
from protocol.statements.identity import SubjectCard
from protocol.statements.invalidating import INVALIDATING
from protocol.statements.narrowing import NarrowingBody
from protocol.statements.recorded import DisputeBody

PREFIX = "FORTROLIG1"
_CODE = re.compile(rf"{PREFIX}:([1-9][0-9]?)/([1-9][0-9]?):([0-9A-F]{{8}}):([A-Z2-7]+)")
_IN_A_CODE = 1_100
_MOST_BYTES = 1 << 20
_MOST_PROOFS = 200
_WORDS = {
    Event.CONSENT_SIGNED,
    Event.CONSENT_REFUSED,
    Event.CONSENT_OBJECTED,
    Event.CONSENT_WITHDRAWN,
    Event.CONSENT_NARROWED,
}
_SAID_NO = {
    Event.CONSENT_WITHDRAWN: State.WITHDRAWN,
    Event.CONSENT_REFUSED: State.REFUSED,
    Event.CONSENT_OBJECTED: State.REFUSED,
}
_GIVEN = frozenset({State.IN_FORCE, State.READ_ONLY})


class BadCertificate(ValueError):
    """The certificate proves nothing; `code` is stable, the text is for people."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code


@dataclass(frozen=True, slots=True)
class Certificate:
    """What is printed and carried: nothing of it is verified."""

    at: Instant
    state: State
    language: Language
    synthetic: bool
    """Whether the child is a made-up one, which is then printed on every page."""
    terms: Terms
    receipts: tuple[Receipt, ...]
    """Of every signature, no and narrowing, all against one checkpoint."""
    narrowings: tuple[str, ...]
    """The tokens of the narrowings: the log says who narrowed and when, the statement what."""

    def codes(self) -> list[str]:
        """Write the certificate as the texts of its QR codes."""
        packed = zlib.compress(canonical(self._to_json()), 9)
        mark = hashlib.sha256(packed).hexdigest()[:8].upper()
        written = base64.b32encode(packed).decode().rstrip("=")
        pieces = [written[start : start + _IN_A_CODE] for start in range(0, len(written), _IN_A_CODE)]
        return [f"{PREFIX}:{number}/{len(pieces)}:{mark}:{piece}" for number, piece in enumerate(pieces, 1)]

    @classmethod
    def read(cls, found: str) -> Self:
        """Read a certificate from any text that holds its codes, in any order.

        Raises:
            BadCertificate: `no-codes`, `codes-missing`, `codes-changed` or `malformed`.
        """
        try:
            return cls._from_json(parse_canonical(_joined(found)))
        except BadCertificate:
            raise
        except ValueError as error:
            raise BadCertificate("malformed", f"this is not a certificate of consent: {error}") from error

    def _to_json(self) -> dict[str, Any]:
        nodes = sorted({node for receipt in self.receipts for node in receipt.hashes})
        places = {node: place for place, node in enumerate(nodes)}
        proofs = []
        for receipt in self.receipts:
            told = Disclosure.parse(receipt.extra or b"")
            proofs.append(
                {
                    "entry": told.entry.decode(),
                    "details": told.details.decode(),
                    "blind": encode(told.blind),
                    "index": receipt.index,
                    "nodes": [places[node] for node in receipt.hashes],
                }
            )
        return {
            "v": 1,
            "at": self.at,
            "state": str(self.state),
            "language": str(self.language),
            "synthetic": self.synthetic,
            "terms": self.terms.to_json(),
            "note": self.receipts[0].checkpoint.decode() if self.receipts else "-",
            "nodes": [encode(node) for node in nodes],
            "proofs": proofs,
            "narrowings": list(self.narrowings),
        }

    @classmethod
    def _from_json(cls, value: object) -> Self:
        fields = Fields(value, "certificate")
        fields.version()
        note = fields.take("note", text_up_to(10_000)).encode()
        nodes = fields.take("nodes", listed(lambda node: decode(text(node)), most=_MOST_PROOFS * 63))
        proofs = fields.take("proofs", listed(lambda proof: _receipt(proof, nodes, note), most=_MOST_PROOFS))
        certificate = cls(
            fields.take("at", parse_instant),
            fields.take("state", State),
            fields.take("language", Language),
            fields.take("synthetic", boolean),
            fields.take("terms", Terms.parse),
            proofs,
            fields.take("narrowings", listed(text_up_to(20_000), most=_MOST_PROOFS)),
        )
        fields.done()
        return certificate


async def issue(client: Client, shown: Shown, language: Language) -> Certificate:
    """Make the certificate of a consent as it stands now, with the receipts that came with it and were believed."""
    known = shown.known
    said = [logged for logged in known.record.statements if EVENTS.get(claim(logged.token).said) in _WORDS]
    receipts = tuple(parse(logged.receipt) for logged in said)
    # A clock a little behind the server's: nothing was said after the certificate was made.
    said_at = [Disclosure.parse(receipt.extra or b"").open()[0].t for receipt in receipts]
    return Certificate(
        Instant(max([clock(), *said_at])),
        known.standing.state,
        language,
        _is_synthetic(await card(client, known.terms.subject)),
        known.terms,
        receipts,
        tuple(logged.token for logged in said if claim(logged.token).kind == NarrowingBody.kind),
    )


def _is_synthetic(known: SubjectCard | None) -> bool:
    if known is None:
        return False
    with suppress(BadNationalId):
        NationalId.parse(known.national_id, Numbers.SYNTHETIC)
        return True
    return False


@dataclass(frozen=True, slots=True)
class Word:
    """One word on the consent that the log proves: what, by whom, when, and the digest of the statement."""

    event: Event
    person: PersonId
    at: Instant
    statement: str
    less: Less | None = None
    written_down_at: UnitId | None = None
    """The unit that recorded the word for somebody without a key; the person is whose word it is."""
    disputes: bool = False
    """Whether it says that what was recorded was never said: no objection to the consent itself."""
    invalidates: bool = False
    """Whether it says that it never was a consent."""


@dataclass(frozen=True, slots=True)
class Proven:
    """What a certificate proves: the words on these terms, in the log's order, and how many entries the log had."""

    words: tuple[Word, ...]
    size: int
    level: int

    @property
    def signed(self) -> tuple[Word, ...]:
        """The signatures."""
        return tuple(word for word in self.words if word.event is Event.CONSENT_SIGNED)


def judge(certificate: Certificate, policy: LogPolicy) -> Proven:
    """Prove every word of a certificate, offline.

    Raises:
        BadCertificate: `not-logged`, if a receipt does not hold; `terms-changed`, if one is of other terms than those
            printed; `other-signer`, if somebody signed whom the terms do not name; `narrowing-missing`; `wrong-state`,
            if the state that it states is not what its own receipts say.
    """
    proved: list[Verified] = []
    for receipt in certificate.receipts:
        try:
            proved.append(verify(receipt, policy))
        except BadReceipt as error:
            raise BadCertificate("not-logged", f"a receipt does not hold: {error}") from error
    tokens = {_digest(token): token for token in certificate.narrowings}
    words = tuple(sorted((_word(each, certificate.terms, tokens) for each in proved), key=lambda word: word.at))
    named = {role.person for role in certificate.terms.roles if role.act is RoleAct.SIGNS}
    if any(word.event is Event.CONSENT_SIGNED and word.person not in named for word in words):
        raise BadCertificate("other-signer", "somebody signed whom the terms do not name")
    if any(word.at > certificate.at for word in words):
        raise BadCertificate("wrong-state", "something was said after the certificate was made")
    _check_state(certificate, words)
    return Proven(
        words,
        max((each.checkpoint.checkpoint.size for each in proved), default=0),
        min((each.level for each in proved), default=0),
    )


def _word(proved: Verified, terms: Terms, tokens: dict[str, str]) -> Word:
    told, event = proved.details, proved.entry.e
    if event not in _WORDS or told.decision is Decision.DENY or told.actor is None:
        raise BadCertificate("not-logged", "a receipt is of something else than a word on a consent")
    if told.consents != (terms.digest,) or (told.subject, told.matter) != (terms.subject, terms.matter):
        raise BadCertificate(
            "terms-changed", "these are not the terms that the receipts are of: the terms were changed"
        )
    if len(told.statements) != 1:
        raise BadCertificate("not-logged", "a receipt names several statements")
    [statement] = told.statements
    less = None
    if event is Event.CONSENT_NARROWED:
        if statement not in tokens:
            raise BadCertificate("narrowing-missing", "what was taken back does not come with the receipt that it was")
        less = _less(tokens[statement])
    own = told.person is None
    return Word(
        event,
        told.actor if told.person is None else told.person,
        proved.entry.t,
        statement,
        less,
        None if own else told.for_unit,
        disputes=told.act == DisputeBody.kind,
        invalidates=told.act in INVALIDATING,
    )


def _check_state(certificate: Certificate, words: Iterable[Word]) -> None:
    """Compare the state that is stated with what the receipts can contradict."""
    terms, at, state = certificate.terms, certificate.at, certificate.state
    share_until, read_until = terms.share_until, terms.read_until
    signed = False
    for word in words:
        signed = signed or word.event is Event.CONSENT_SIGNED
        if word.event in _SAID_NO and state in _GIVEN and not word.disputes:
            raise BadCertificate("wrong-state", "it says that the consent is given, and carries the receipt of a no")
        if word.less is not None:
            share_until = min(share_until, max(word.less.share_until or share_until, word.at))
            read_until = min(read_until, max(word.less.read_until or read_until, word.at))
    late = at >= read_until or (state is State.IN_FORCE and at >= share_until)
    if state in _GIVEN and (late or not signed or at < terms.made):
        raise BadCertificate("wrong-state", "it says that the consent is given, and its own dates or receipts do not")


def _joined(found: str) -> bytes:
    codes = {match.groups() for match in _CODE.finditer(found)}
    if not codes:
        raise BadCertificate("no-codes", "there is no code of a certificate here")
    marks = {(count, mark) for _, count, mark, _ in codes}
    if len(marks) != 1:
        raise BadCertificate("codes-changed", "these codes are of different certificates, or were changed")
    [(count, mark)] = marks
    pieces = {int(number): piece for number, _, _, piece in codes}
    if len(pieces) != len(codes):
        raise BadCertificate("codes-changed", "one code is there twice, and not the same")
    missing = sorted(set(range(1, int(count) + 1)) - pieces.keys())
    if missing:
        raise BadCertificate("codes-missing", f"codes are missing: {', '.join(map(str, missing))} of {count}")
    written = "".join(pieces[number] for number in sorted(pieces))
    try:
        packed = base64.b32decode(written + "=" * (-len(written) % 8))
        unpacking = zlib.decompressobj()
        unpacked = unpacking.decompress(packed, _MOST_BYTES)
    except (ValueError, zlib.error) as error:
        raise BadCertificate("codes-changed", "the codes were changed: they hold nothing") from error
    if hashlib.sha256(packed).hexdigest()[:8].upper() != mark or not unpacking.eof or unpacking.unused_data:
        raise BadCertificate("codes-changed", "the codes were changed: they do not belong together")
    return unpacked


def _receipt(value: object, nodes: tuple[bytes, ...], note: bytes) -> Receipt:
    fields = Fields(value, "proof")
    told = Disclosure(
        fields.take("entry", text).encode(),
        fields.take("blind", lambda blind: decode(text(blind))),
        fields.take("details", text).encode(),
    )
    index = fields.take("index", integer)
    places = fields.take("nodes", listed(integer, most=63))
    fields.done()
    if any(place >= len(nodes) for place in places):
        raise BadCertificate("malformed", "a proof names a node that is not there")
    return Receipt(index, tuple(nodes[place] for place in places), note, told.to_bytes())


def _less(token: str) -> Less:
    """Read what a narrowing takes back: the log names the statement's digest, so it needs no other proof."""
    body = peek(token).body
    if body.get("kind") != NarrowingBody.kind:
        raise BadCertificate("narrowing-missing", "a statement is no narrowing")
    try:
        return Less(**{name: read(body.get(name)) for name, read in LESS.items()}).checked()
    except ValueError as error:
        raise BadCertificate("narrowing-missing", f"a narrowing cannot be read: {error}") from error


def _digest(token: str) -> str:
    try:
        return digest(token)
    except BadStatement as error:
        raise BadCertificate("malformed", "a narrowing is no statement") from error
