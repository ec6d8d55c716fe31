"""The one procedure that leads to unsealing (DESIGN §6.6).

`verify` takes everything that came with an envelope and believes none of it: policy, spelling, chain, ends, pins,
terms and every signature, the manifest against terms and envelopes, the receipts of sharing and opening, every
checkpoint that a signer had seen, and `decide` at the reader's own clock. What it returns is the only thing that may be
unsealed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from keys.canonical import canonical
from protocol.bundle import Bundle
from protocol.consent.answer import Deny, Permit
from protocol.consent.ask import Actor, Ask
from protocol.consent.decide import decide
from protocol.consent.terms import Terms
from protocol.consent.vocabulary import Act, Category
from protocol.evidence import build_case, consent_facts, hearing_fact
from protocol.identifiers import Instant, SubjectId
from protocol.identity import TOLERANCE, Directory, Logged, Policy, proved
from protocol.log.details import Decision
from protocol.log.event import Event
from protocol.log.receipt import Verified as Proved
from protocol.log.receipt import parse as parse_receipt
from protocol.pins import Pins
from protocol.reading import FORMAT_VERSION
from protocol.sightings import compare
from protocol.statements.base import Refused, Statement
from protocol.statements.identity import SheetBody
from protocol.statements.share import BODY, HEADER, ManifestBody, OpenBody, Recipient

EVENT_OF_ACT: Mapping[str, Event] = {
    "receive": Event.RECEIVED,
    "open": Event.OPENED,
    "reopen": Event.REOPENED,
    "own": Event.OWN_OPENED,
}
"""What the log says when an act is permitted."""


class NotPermitted(Refused):
    """Everything holds, but no consent permits it now; `decision` says why and what is missing."""

    def __init__(self, decision: Deny) -> None:
        super().__init__(str(decision.reason), "no consent in force permits this")
        self.decision = decision


@dataclass(frozen=True, slots=True)
class Verified:
    """A share that may be unsealed now by this reader, and what was believed on the way."""

    manifest: Statement[ManifestBody]
    opening: Statement[OpenBody]
    recipient: Recipient
    terms: tuple[Terms, ...]
    permit: Permit | None
    directory: Directory
    pins: Pins
    shared_at: Instant
    opened: Proved
    envelope: bytes
    header: bytes
    body: bytes | None

    @property
    def info(self) -> bytes:
        """The HPKE `info` under which the envelope was sealed."""
        use = HEADER if self.opening.body.act == "receive" else BODY
        return seal_info(
            use,
            log=self.directory.policy.origin,
            recipient_key=self.recipient.key,
            sender_key=self.manifest.kid,
            manifest=self.manifest.body,
        )

    def sheet(self, subject: SubjectId) -> SheetBody:
        """Return the subject sheet that this was judged by."""
        return self.directory.sheet(subject).body


def seal_info(use: str, *, log: str, recipient_key: str, sender_key: str, manifest: ManifestBody) -> bytes:
    """Return the canonical `info` that binds an envelope to its place (DESIGN §4).

    `use` is `header` or `body`; `recipient_key` the SHA-256 of the recipient's sealing key, `sender_key` the thumbprint
    of the sender's signing key.
    """
    commitment = manifest.header_commitment if use == HEADER else manifest.body_commitment
    return canonical(
        {
            "v": FORMAT_VERSION,
            "use": use,
            "log": log,
            "recipient_key": recipient_key,
            "sender_key": sender_key,
            "share": manifest.share,
            "subject": manifest.subject,
            "matter": manifest.matter,
            "consents": list(manifest.consents),
            "content": manifest.content,
            "commitment": commitment,
        }
    )


def part_data(share: str, part: str) -> bytes:
    """Return the associated data of one ciphertext: canonical `{v, use, share, part}` (DESIGN §10)."""
    return canonical({"v": FORMAT_VERSION, "use": "content", "share": share, "part": part})


def verify(bundle: Bundle, policy: Policy, pins: Pins, at: Instant) -> Verified:
    """Judge everything that came with an envelope, at the reader's own clock.

    `bundle.open.token` must be the statement that the reader itself signed for this opening.

    Raises:
        NotPermitted: all of it holds, but `decide` denies.
        Refused: something does not hold; `code` says what. A `Forked` carries evidence.
    """
    if policy.statement.body.not_after <= at:
        raise Refused("ended", "the policy has ended and must be renewed by the root")
    directory = Directory(policy, pins, at)
    directory.learn(bundle.statements)
    manifest, shared_at = _manifest(directory, bundle.manifest)
    for renewal in bundle.renewals:
        directory.learn_renewal(renewal.logged, manifest.body.subject, renewal.index, renewal.proof)
    opening, opened = _opening(directory, bundle.open, manifest, at)
    recipient = _recipient(bundle, manifest.body, opening)
    _ciphertexts(bundle, manifest.body)
    facts = [consent_facts(directory, record) for record in bundle.consents]
    terms = tuple(fact.terms for fact in facts)
    permit = None
    if opening.body.act != "own":
        acting = [(said.iss, said.body.unit) for said in (manifest, opening) if said.body.unit is not None]
        hearings = [hearing_fact(directory, logged) for logged in bundle.hearings]
        case = build_case(directory, manifest.body.subject, facts, hearings, acting)
        answer = decide(ask_to_open(manifest, opening, terms, shared_at), case, at)
        if isinstance(answer, Deny):
            raise NotPermitted(answer)
        permit = answer
    compare(directory.seen, parse_receipt(bundle.open.receipt).checkpoint.decode(), bundle.consistency, policy.log)
    return Verified(
        manifest=manifest,
        opening=opening,
        recipient=recipient,
        terms=terms,
        permit=permit,
        directory=directory,
        pins=directory.pins,
        shared_at=shared_at,
        opened=opened,
        envelope=bundle.envelope,
        header=bundle.header,
        body=bundle.body,
    )


def ask_to_open(
    manifest: Statement[ManifestBody], opening: Statement[OpenBody], terms: tuple[Terms, ...], shared_at: Instant
) -> Ask:
    """Build the question that an opening puts to `decide`; the purpose is that of the consents, which must agree.

    Raises:
        Refused: `no-consent`, if the consents named are missing or of several purposes.
    """
    named = [one for one in terms if one.digest in manifest.body.consents]
    purposes = {one.purpose for one in named}
    if len(named) != len(manifest.body.consents) or len(purposes) != 1:
        raise Refused("no-consent", "the consents that the share names did not come with it")
    return Ask(
        act=Act(opening.body.act),
        subject=manifest.body.subject,
        matter=manifest.body.matter,
        purpose=purposes.pop(),
        sender=Actor(manifest.iss, manifest.body.unit),
        receivers=(),
        reader=Actor(opening.iss, opening.body.unit),
        categories=tuple(Category(category) for category in manifest.body.categories()),
        consents=manifest.body.consents,
        shared_at=shared_at,
    )


def _manifest(directory: Directory, logged: Logged) -> tuple[Statement[ManifestBody], Instant]:
    manifest, shared_at = directory.signed_by_person(logged, ManifestBody)
    entry = proved(logged, directory.policy)
    if entry.entry.e is not Event.SHARED or entry.details.share != manifest.body.share:
        raise Refused("wrong-receipt", "the receipt of sharing is of something else")
    if manifest.body.unit is not None and manifest.body.epoch is not None:
        epoch = directory.epoch_at(manifest.body.unit, manifest.body.epoch, shared_at)
        if not epoch.body.holds(manifest.iss):
            raise Refused("not-entitled", "the sender was not a member of its unit")
    return manifest, shared_at


def _opening(
    directory: Directory, logged: Logged, manifest: Statement[ManifestBody], at: Instant
) -> tuple[Statement[OpenBody], Proved]:
    opening, t = directory.signed_by_person(logged, OpenBody)
    opened = proved(logged, directory.policy)
    act = opening.body.act
    if opened.entry.e is not EVENT_OF_ACT[act] or opened.details.share != manifest.body.share:
        raise Refused("wrong-receipt", "the receipt of opening is of something else")
    if opened.details.decision is Decision.DENY or opening.body.share != manifest.body.share:
        raise Refused("wrong-receipt", "the receipt does not say that this opening was permitted")
    if abs(t - at) > TOLERANCE:
        raise Refused("wrong-time", "the server's clock and yours are more than five minutes apart")
    unit = opening.body.unit
    if unit is not None and not directory.epoch(unit).body.holds(opening.iss):
        raise Refused("not-entitled", "you are not a member of this unit")
    return opening, opened


def _recipient(bundle: Bundle, manifest: ManifestBody, opening: Statement[OpenBody]) -> Recipient:
    act, digest = opening.body.act, hashlib.sha256(bundle.envelope).hexdigest()
    reader = opening.body.unit if opening.body.unit is not None else opening.iss
    for recipient in manifest.recipients:
        if recipient.to != reader or recipient.own != (act == "own"):
            continue
        expected = recipient.header if act == "receive" else recipient.body
        if digest == expected == opening.body.envelope:
            return recipient
    raise Refused("wrong-envelope", "this envelope is not the one that the sender sealed to you")


def _ciphertexts(bundle: Bundle, manifest: ManifestBody) -> None:
    for part, ciphertext in zip(manifest.parts, (bundle.header, bundle.body), strict=False):
        if ciphertext is not None and (
            part.length != len(ciphertext) or part.sha256 != hashlib.sha256(ciphertext).hexdigest()
        ):
            raise Refused("wrong-content", f"the {part.part} is not what the sender sent")
