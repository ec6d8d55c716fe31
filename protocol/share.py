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

from keys import signing
from keys.canonical import canonical
from protocol.bundle import Bundle
from protocol.consent.answer import Deny, Permit
from protocol.consent.ask import Actor, Ask
from protocol.consent.decide import decide
from protocol.consent.terms import Terms
from protocol.consent.vocabulary import Act, Category
from protocol.evidence import build_case, consent_facts, hearing_fact, recorded_facts
from protocol.identifiers import Instant, SubjectId, UnitId
from protocol.identity import TOLERANCE, Directory, Logged, Policy
from protocol.log.details import Decision, Details
from protocol.log.entry import Entry
from protocol.log.event import Event
from protocol.log.receipt import Disclosure
from protocol.log.receipt import Verified as Proved
from protocol.log.receipt import parse as parse_receipt
from protocol.logged import EVENTS
from protocol.pins import Pins
from protocol.reading import FORMAT_VERSION
from protocol.shields import shields_of
from protocol.sightings import compare
from protocol.statements.base import Refused, Statement
from protocol.statements.identity import SheetBody
from protocol.statements.share import BODY, HEADER, ManifestBody, OpenBody, Recipient, part_name

EVENT_OF_ACT: Mapping[str, Event] = {act: EVENTS[f"open {act}"] for act in ("receive", "open", "reopen", "own")}
"""What the log says when an act is permitted."""

_FIRST_FILE = 2
"""Where the files begin among a manifest's parts, after header and body."""


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

    `bundle.open.token` must be the statement that the reader itself signed for this opening: its `seen` is the largest
    checkpoint that the reader trusts, from which everything here must have grown.

    Raises:
        NotPermitted: all of it holds, but `decide` denies.
        Refused: something does not hold; `code` says what. A `Forked` carries evidence.
    """
    if policy.statement.body.not_after <= at:
        raise Refused("ended", "the policy has ended and must be renewed by the root")
    directory = Directory(policy, pins, at)
    directory.learn(bundle.statements)
    manifest, shared = _manifest(directory, bundle.manifest)
    body, shared_at = manifest.body, shared.entry.t
    for renewal in bundle.renewals:
        directory.learn_renewal(renewal.logged, body.subject, renewal.index, renewal.proof)
    opening, opened = _opening(directory, bundle.open, manifest, at)
    if opened.index <= shared.index:
        raise Refused("wrong-order", "the log holds the opening before the share")
    recipient = _recipient(bundle, manifest, opening)
    _ciphertexts(bundle, body, opening.body.act)
    facts = [consent_facts(directory, record) for record in bundle.consents]
    terms = tuple(fact.terms for fact in facts)
    if sorted(one.digest for one in terms) != list(body.consents):
        raise Refused("no-consent", "the consents that the share names did not come with it, or others did")
    hearings = [hearing_fact(directory, logged) for logged in bundle.hearings]
    known = recorded_facts(directory, bundle.facts)
    about = [(one.subject, one.matter) for one in hearings] + [(one.subject, one.matter) for one in known]
    if any(each != (body.subject, body.matter) for each in about):
        raise Refused("other-consent", "a hearing or a fact is of another child or matter")
    shields = shields_of(directory, bundle.shields, body.subject, body.matter)
    # Before anything is decided on them: whatever was proved must stand in the one log that everybody sees.
    newest = max(directory.ledger.checkpoints, key=directory.ledger.size)
    compare(
        directory.ledger.checkpoints | directory.seen, newest, bundle.consistency, policy.log, directory.ledger.open
    )
    permit = None
    if opening.body.act != "own":
        acting = [(said.iss, said.body.unit) for said in (manifest, opening) if said.body.unit is not None]
        case = build_case(directory, body.subject, facts, hearings, acting, known, shields)
        answer = decide(ask_to_open(manifest, opening, terms, shared_at), case, at)
        if isinstance(answer, Deny):
            raise NotPermitted(answer)
        permit = answer
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


@dataclass(frozen=True, slots=True)
class Announced:
    """What a bundle says of its first file, believing nothing: the part's name, and the entry of the opening."""

    part: str
    entry: str


def announced(bundle: Bundle) -> Announced | None:
    """Read which file a bundle announces first, so that it can be asked for while the bundle is verified.

    None if it announces none, or is not of its form: why is for `verify` to say.
    """
    try:
        part = part_name(signing.peek(bundle.manifest.token).body["parts"][_FIRST_FILE]["part"])
        entry = Entry.parse(Disclosure.parse(parse_receipt(bundle.open.receipt).extra or b"").entry)
    except (LookupError, TypeError, ValueError, signing.BadStatement):
        return None
    return Announced(part, entry.id)


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


def _manifest(directory: Directory, logged: Logged) -> tuple[Statement[ManifestBody], Proved]:
    manifest, t = directory.signed_by_person(logged, ManifestBody)
    body, shared = manifest.body, directory.ledger.entry(logged)
    told = shared.details
    if told.decision is not Decision.PERMIT or not _is_about(told, manifest, body.unit):
        raise Refused("wrong-receipt", "the receipt of sharing is of something else")
    if told.recipients != tuple(sorted(set(body.receivers()))):
        raise Refused("wrong-receipt", "the log names other recipients than the sender")
    if body.unit is not None and body.epoch is not None:
        epoch = directory.epoch_at(body.unit, body.epoch, t)
        directory.require_member(epoch.body, manifest.iss, manifest.kid, t)
    return manifest, shared


def _opening(
    directory: Directory, logged: Logged, manifest: Statement[ManifestBody], at: Instant
) -> tuple[Statement[OpenBody], Proved]:
    opening, t = directory.signed_by_person(logged, OpenBody)
    opened = directory.ledger.entry(logged)
    body, expected = opening.body, Decision.NONE if opening.body.act == "own" else Decision.PERMIT
    if opened.details.decision is not expected or not _is_about(opened.details, manifest, body.unit):
        raise Refused("wrong-receipt", "the receipt does not say that this opening was permitted")
    if body.share != manifest.body.share:
        raise Refused("wrong-receipt", "what was opened is another share")
    if abs(t - at) > TOLERANCE:
        raise Refused("wrong-time", "the server's clock and yours are more than five minutes apart")
    if body.unit is not None:
        directory.require_member(directory.epoch(body.unit).body, opening.iss, opening.kid, t)
    return opening, opened


def _is_about(told: Details, manifest: Statement[ManifestBody], unit: UnitId | None) -> bool:
    """Say whether an entry tells of this share as its manifest does, and of somebody acting for this unit."""
    body = manifest.body
    return (told.for_unit, told.subject, told.matter, told.share, told.content, told.consents) == (
        unit,
        body.subject,
        body.matter,
        body.share,
        body.content,
        body.consents,
    )


def _recipient(bundle: Bundle, manifest: Statement[ManifestBody], opening: Statement[OpenBody]) -> Recipient:
    act, digest = opening.body.act, hashlib.sha256(bundle.envelope).hexdigest()
    reader = opening.body.unit if opening.body.unit is not None else opening.iss
    if act == "own" and reader != manifest.body.sender(manifest.iss):
        # `own` is the one act outside `decide`: it must never be a way around it.
        raise Refused("wrong-envelope", "an own copy is the sender's own")
    for recipient in manifest.body.recipients:
        if recipient.to != reader or recipient.own != (act == "own"):
            continue
        expected = recipient.header if act == "receive" else recipient.body
        if digest == expected == opening.body.envelope:
            return recipient
    raise Refused("wrong-envelope", "this envelope is not the one that the sender sealed to you")


def _ciphertexts(bundle: Bundle, manifest: ManifestBody, act: str) -> None:
    if (bundle.body is None) is not (act == "receive"):
        raise Refused("wrong-content", "the body comes with every act but `receive`")
    for part, ciphertext in zip(manifest.parts, (bundle.header, bundle.body), strict=False):
        if ciphertext is not None and (
            part.length != len(ciphertext) or part.sha256 != hashlib.sha256(ciphertext).hexdigest()
        ):
            raise Refused("wrong-content", f"the {part.part} is not what the sender sent")
