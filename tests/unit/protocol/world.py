"""A whole story in memory, from the root's policy to an opening, whose steps tests can change one at a time.

    tell().verify()                                    # what everybody did right
    tell(step("father signs", t=f.MADE - DAY))         # the same story with one thing wrong

A doctor of the GP shares with a psychologist of BUP about a child of 8. Both guardians sign, the child was heard, the
sheet was renewed, the GP's epoch replaced after the share. No server, no network, no randomness but ECDSA's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from keys import signing
from keys.notes import NoteKey
from protocol import share
from protocol.bundle import Bundle, Renewal
from protocol.consent.case import AcceptedRules
from protocol.consent.terms import Terms
from protocol.consent.vocabulary import Regime
from protocol.evidence import ConsentRecord
from protocol.identifiers import (
    ConversationId,
    Instant,
    InvitationId,
    PersonId,
    ShareId,
    StatementId,
    UnitId,
)
from protocol.identity import Directory, Logged, Policy, accept_policy
from protocol.log import checkpoint, note, receipt
from protocol.log.details import Decision, Details
from protocol.log.entry import Entry, commitment
from protocol.log.event import Event
from protocol.log.merkle import Levels, consistency_path, inclusion_path, leaf_hash
from protocol.logged import EVENTS
from protocol.pins import Pins
from protocol.reading import Fields
from protocol.share import Verified
from protocol.statements.authority import AUTHORITY_WORDS
from protocol.statements.base import B, Body, Claim, claim, compose
from protocol.statements.consent import ConsentAct, HearingBody, RequestBody, SignatureBody
from protocol.statements.identity import (
    EndorsementBody,
    EpochBody,
    KeySet,
    Member,
    PolicyBody,
    Registrar,
    RenewalBody,
    SheetBody,
    UnitBody,
)
from protocol.statements.share import ManifestBody, OpenBody, Part, Recipient, content_digest
from tests.unit.consent import family as f

MINUTE = 60_000
DAY = f.DAY
SERVER = "https://fortrolig.example"
ORIGIN = "log.example/fortrolig"
LOG_KEY = NoteKey.from_bytes(b"\x01" * 32)
HEADER, BODY = b"sealed header", b"sealed body"
ENVELOPES = {"receive": b"envelope of the header key", "open": b"envelope of the body key"}
OWN_ENVELOPE = b"the doctor's own copy"
REGISTRAR, GP_HEAD, BUP_HEAD, ROOT, OFFICER = map(f.person, range(21, 26))
SHARE = ShareId.of(b"s" * 16)


def sha(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


@lru_cache(maxsize=64)
def key_of(person: PersonId, device: int = 0) -> signing.SigningKey:
    return signing.SigningKey.from_bytes(hashlib.sha256(f"{person} {device}".encode()).digest())


def keys_of(person: PersonId, device: int = 0) -> KeySet:
    return KeySet(key_of(person, device).public, seal_of(person, device))


def seal_of(holder: str, number: int = 0) -> bytes:
    return hashlib.shake_256(f"{holder} {number}".encode()).digest(1216)


FINGERPRINT = key_of(ROOT).kid


def statement_id(number: int) -> StatementId:
    return StatementId.of(number.to_bytes(16, "big"))


def invitation(holder: PersonId, number: int = 0) -> InvitationId:
    return InvitationId.of(hashlib.sha256(f"{holder} {number}".encode()).digest()[:16])


class Log:
    """An honest log, unless a test makes another with the same key."""

    def __init__(self, key: NoteKey = LOG_KEY) -> None:
        self.key = key
        self.disclosed: list[receipt.Disclosure] = []
        self.levels = Levels()

    @property
    def size(self) -> int:
        return len(self.disclosed)

    def append(self, event: Event, details: Details, t: int) -> int:
        number = self.size.to_bytes(16, "big")
        identity, blind = sha(b"id" + number)[:32], hashlib.sha256(b"blind" + number).digest()
        entry = Entry(identity, Instant(t), event, commitment(identity, blind, details.to_bytes()))
        self.disclosed.append(receipt.Disclosure(entry.to_bytes(), blind, details.to_bytes()))
        self.levels.append(leaf_hash(entry.to_bytes()))
        return self.size - 1

    def first(self, size: int) -> Log:
        """Give a log of its own, with the same key, that holds the first entries of this one."""
        copy = Log(self.key)
        copy.disclosed = self.disclosed[:size]
        copy.levels = Levels(leaf_hash(each.entry) for each in copy.disclosed)
        return copy

    def checkpoint(self, size: int | None = None) -> str:
        size = self.size if size is None else size
        state = checkpoint.Checkpoint(ORIGIN, size, self.levels.root(size))
        return note.sign_note(checkpoint.format(state), ORIGIN, self.key).decode()

    def receipt(self, index: int, size: int | None = None) -> str:
        size = self.size if size is None else size
        hashes = inclusion_path(index, size, self.levels.node)
        return receipt.format(receipt.issue(self.disclosed[index], index, hashes, self.checkpoint(size).encode()))

    def consistency(self, old: int) -> tuple[bytes, ...]:
        return tuple(consistency_path(old, self.size, self.levels.node))


@dataclass(frozen=True)
class Step:
    """How one step of the story differs: `body` replaces members, `how` are `Story.say`'s options."""

    name: str
    who: PersonId | None
    body: Mapping[str, Any]
    how: Mapping[str, Any]


def step(name: str, *, who: PersonId | None = None, body: Mapping[str, Any] | None = None, **how: Any) -> Step:
    return Step(name, who, body or {}, how)


@dataclass(frozen=True)
class Said:
    """A signed statement and where the log holds it."""

    token: str
    index: int

    @property
    def digest(self) -> str:
        return signing.digest(self.token)

    @property
    def claim(self) -> Claim:
        return claim(self.token)


@dataclass
class Story:
    """Everything that was said, by the names of the steps."""

    changes: Mapping[str, Step]
    log: Log = field(default_factory=Log)
    said: dict[str, Said] = field(default_factory=dict)
    now: Instant = f.MADE

    def say(
        self,
        name: str,
        who: PersonId,
        body: Body,
        *,
        t: int | None = None,
        made: int | None = None,
        seen: str | None = None,
        aud: str = ORIGIN,
        key: signing.SigningKey | None = None,
        event: Event | None = None,
        told: Mapping[str, Any] | None = None,
        payload: Mapping[str, Any] | None = None,
        log: Log | None = None,
    ) -> Said:
        """Sign a body and append its entry; each step takes a minute. `payload` puts in what no body type would."""
        self.now = Instant(self.now + MINUTE)
        when = self.now if t is None else t
        composed = compose(body, iss=who, aud=aud, made=Instant(when if made is None else made), seen=seen)
        token = signing.sign(body.kind, composed | dict(payload or {}), key or key_of(who))
        standing: dict[str, Any] = {"actor": who, "act": body.kind, "statements": (signing.digest(token),)}
        published = EVENTS[claim(token).said] if event is None else event
        index = (log or self.log).append(published, Details(**(standing | dict(told or {}))), when)
        self.said[name] = Said(token, index)
        return self.said[name]

    def do(self, name: str, who: PersonId, body: Any, **how: Any) -> Said:
        """Do one step of the story, as changed."""
        change = self.changes.get(name)
        if change is None:
            return self.say(name, who, body, **how)
        told = dict(how.get("told", {})) | dict(change.how.get("told", {}))
        changed = {**how, **change.how, "told": told}
        return self.say(name, change.who or who, replace(body, **change.body), **changed)

    def logged(self, name: str, log: Log | None = None) -> Logged:
        said = self.said[name]
        return Logged(said.token, (log or self.log).receipt(said.index))

    def endorse(self, signer: PersonId, holder: PersonId, role: str, unit: UnitId | None, **changed: Any) -> Any:
        told: dict[str, Any] = {
            "number": 1,
            "not_after": Instant(self.now + 80 * DAY),
            "invitation": invitation(holder),
            "server": SERVER,
            "root": FINGERPRINT,
            "inviter": key_of(signer).kid,
            "holder": holder,
            "unit": unit,
            "role": role,
            "name": None if role == "person" else "Kari Syntetisk",
            "keys": keys_of(holder),
        }
        return EndorsementBody(**(told | changed))

    def epoch(self, unit: UnitId, number: int, members: Iterable[PersonId]) -> EpochBody:
        listed = tuple(Member(person, keys_of(person).digest) for person in members)
        return EpochBody(number, Instant(self.now + 80 * DAY), unit, seal_of(unit, number), listed)

    def word(self, name: str, who: PersonId, kind: type[ConsentAct], **how: Any) -> Said:
        """Say one more word on the consent."""
        terms = self.terms()
        body = kind(statement_id(100 + len(self.said)), terms.digest, terms.subject, terms.matter)
        return self.do(name, who, body, **how)

    def body(self, name: str, kind: type[B]) -> B:
        """Read what was said in a step."""
        return kind.read(_fields(self.said[name]))

    def at_day(self, day: int) -> None:
        self.now = Instant(f.MADE + day * DAY)

    # What comes of it

    @property
    def at(self) -> Instant:
        """When the reader looks: a minute after the opening."""
        return Instant(self.now + MINUTE)

    def policy(self, at: Instant | None = None, pins: Pins | None = None) -> Policy:
        token = self.said["policy"].token
        return accept_policy(token, key_of(ROOT).public, FINGERPRINT, pins or Pins(), at or self.at)

    def chain(self) -> tuple[Logged, ...]:
        kinds = {"unit", "endorsement", "epoch", "subject-sheet", *(word.kind for word in AUTHORITY_WORDS)}
        names = [name for name, said in self.said.items() if said.claim.kind in kinds and name != "other sheet"]
        return tuple(self.logged(name) for name in names)

    def terms(self) -> Terms:
        return Terms.parse(signing.peek(self.said["request"].token).body["terms"])

    def renewal(self, name: str = "renewal", index: int = 0, sibling: str = "other sheet") -> Renewal:
        return Renewal(self.logged(name), index, (leaf_hash(bytes.fromhex(self.said[sibling].digest)),))

    def record(self) -> ConsentRecord:
        words = tuple(self.logged(name) for name, said in self.said.items() if said.claim.kind.startswith("consent-"))
        return ConsentRecord(words[0], words[1:])

    def record_with(self, *names: str) -> ConsentRecord:
        """Give the record with words that are named otherwise than the family's own."""
        record = self.record()
        return ConsentRecord(record.request, (*record.statements, *map(self.logged, names)))

    def shields(self) -> tuple[Logged, ...]:
        """Give the words on the matter's shields, in the log's order."""
        return tuple(self.logged(name) for name, said in self.said.items() if said.claim.kind.startswith("shield-"))

    def bundle(self, **changed: Any) -> Bundle:
        """Give what an honest server sends: all receipts against the newest checkpoint."""
        act = signing.peek(self.said["open"].token).body["act"]
        own = {"envelope": OWN_ENVELOPE} if act == "own" else {}
        plain: dict[str, Any] = {
            "statements": self.chain(),
            "renewals": (self.renewal(),),
            "consents": (self.record(),),
            "hearings": (self.logged("hearing"),),
            "facts": (),
            "shields": self.shields(),
            "manifest": self.logged("manifest"),
            "open": self.logged("open"),
            "envelope": ENVELOPES["receive" if act == "receive" else "open"],
            "header": HEADER,
            "body": None if act == "receive" else BODY,
            "consistency": {size: self.log.consistency(size) for size in sorted(self.sizes() - {self.log.size})},
        }
        return Bundle(**(plain | own | changed))

    def sizes(self) -> set[int]:
        seen = [signing.peek(said.token).body["seen"] for said in self.said.values()]
        return {int(text.split("\n")[1]) for text in seen if text is not None} - {0}

    def verify(
        self, bundle: Bundle | None = None, *, pins: Pins | None = None, at: int | None = None, **changed: Any
    ) -> Verified:
        when = self.at if at is None else Instant(at)
        came = self.bundle(**changed) if bundle is None else bundle
        return share.verify(came, self.policy(), pins or Pins(), when)

    def directory(self, at: int | None = None) -> Directory:
        directory = Directory(self.policy(), Pins(), self.at if at is None else Instant(at))
        directory.learn(self.chain())
        return directory


Saying = Callable[[Story], object]
PARENTS = (("mother", f.MOTHER), ("father", f.FATHER))
Determining = Callable[[Story], Mapping[str, Any]]
"""Says what two registrars determine before the child's sheet, and returns what is then on it."""


def tell(
    *changes: Step,
    act: str = "open",
    between: Saying | None = None,
    before: Saying | None = None,
    signers: tuple[tuple[str, PersonId], ...] = PARENTS,
    determining: Determining | None = None,
) -> Story:
    """Tell the story from the policy to the opening; `before` says more before the request, `between` on day five."""
    story = Story({each.name: each for each in changes})
    story.at_day(-5)
    _found(story, determining)
    story.at_day(-1)
    if before is not None:
        before(story)
    story.at_day(0)
    _consent(story, signers)
    story.at_day(2)
    _share(story)
    story.at_day(3)
    story.do("gp epoch 2", GP_HEAD, story.epoch(f.GP, 2, (GP_HEAD, f.DOCTOR)))
    sheets = [story.said[name].digest for name in ("sheet", "other sheet")]
    root = Levels(leaf_hash(bytes.fromhex(digest)) for digest in sheets).root()
    story.do("renewal", REGISTRAR, RenewalBody(1, Instant(story.now + 20 * DAY), 2, root.hex()))
    story.at_day(5)
    if between is not None:
        between(story)
    story.at_day(10)
    _open(story, act)
    missing = story.changes.keys() - story.said.keys()
    assert not missing, f"no such step: {missing}"
    return story


def _found(story: Story, determining: Determining | None) -> None:
    now = story.now
    rules = AcceptedRules(holds_from=Instant(0), holds_to=None, digest=f.terms().rules)
    log = note.verifier_text(ORIGIN, 1, story.log.key.public)
    registrars = tuple(Registrar(each, keys_of(each)) for each in (REGISTRAR, OFFICER))
    story.do("policy", ROOT, PolicyBody(1, Instant(now + 300 * DAY), SERVER, log, (), 0, registrars, (rules,)))
    for name, unit, head, worker in (("gp", f.GP, GP_HEAD, f.DOCTOR), ("bup", f.BUP, BUP_HEAD, f.PSYCHOLOGIST)):
        said = UnitBody(1, Instant(now + 80 * DAY), unit, name.upper(), "Kommunen", "999999999", None, Regime.HEALTH)
        story.do(f"{name} unit", REGISTRAR, said)
        story.do(f"{name} custodian", REGISTRAR, story.endorse(REGISTRAR, head, "custodian", unit))
        story.do(f"{name} staff", head, story.endorse(head, worker, "staff", unit))
        story.do(f"{name} epoch", head, story.epoch(unit, 1, (head, worker)))
    for name, person in PARENTS:
        story.do(name, REGISTRAR, story.endorse(REGISTRAR, person, "person", None))
    determined = {"sheet": determining(story) if determining is not None else {}}
    for name, subject in (("sheet", f.CHILD), ("other sheet", f.OTHER_CHILD)):
        facts = f.sheet()
        body = SheetBody(
            1,
            Instant(f.MADE + 4 * DAY),
            subject,
            facts.birth_date,
            facts.responsibility,
            facts.may_sign,
            facts.may_know,
            authorities=(),
            card=sha(b"card"),
            index=sha(b"index"),
        )
        story.do(name, REGISTRAR, replace(body, **determined.get(name, {})))


def _consent(story: Story, signers: tuple[tuple[str, PersonId], ...]) -> None:
    change = story.changes.get("terms")
    terms = f.terms(made=Instant(story.now + MINUTE), **(change.body if change else {}))
    story.said |= {"terms": story.said["policy"]} if change else {}
    story.do("request", f.DOCTOR, RequestBody(statement_id(1), f.GP, terms))
    told = {"subject": terms.subject, "matter": terms.matter, "consents": (terms.digest,)}
    story.do(
        "hearing", f.DOCTOR, HearingBody(statement_id(2), f.CHILD, f.MATTER, f.GP, "for", None), told={"for_unit": f.GP}
    )
    for number, (name, person) in enumerate(signers):
        body = SignatureBody(statement_id(3 + number), terms.digest, terms.subject, terms.matter, "1", "nb")
        seen = story.log.checkpoint() if name == "father" else None
        story.do(f"{name} signs", person, body, told=told, seen=seen)


def _share(story: Story) -> None:
    terms = story.terms()
    parts = (Part("header", None, len(HEADER), sha(HEADER)), Part("body", "message", len(BODY), sha(BODY)))
    sealed = sha(ENVELOPES["receive"]), sha(ENVELOPES["open"])
    body = ManifestBody(
        share=SHARE,
        subject=f.CHILD,
        matter=f.MATTER,
        unit=f.GP,
        epoch=story.said["gp epoch"].digest,
        conversation=ConversationId.of(b"c" * 16),
        consents=(terms.digest,),
        urgency="routine",
        after=(),
        parts=parts,
        content=content_digest(parts),
        header_commitment=sha(b"header key"),
        body_commitment=sha(b"body key"),
        recipients=(
            Recipient(f.BUP, sha(seal_of(f.BUP, 1)), own=False, header=sealed[0], body=sealed[1]),
            Recipient(f.GP, sha(seal_of(f.GP, 1)), own=True, header=sha(b"own header"), body=sha(OWN_ENVELOPE)),
        ),
    )
    told = about(body) | {"for_unit": f.GP, "recipients": (f.BUP,), "decision": Decision.PERMIT}
    story.do("manifest", f.DOCTOR, body, told=told)


def _open(story: Story, act: str) -> None:
    body = story.body("manifest", ManifestBody)
    own = act == "own"
    who, unit = (f.DOCTOR, f.GP) if own else (f.PSYCHOLOGIST, f.BUP)
    envelope = OWN_ENVELOPE if own else ENVELOPES["receive" if act == "receive" else "open"]
    told = about(body) | {"for_unit": unit, "decision": Decision.NONE if own else Decision.PERMIT}
    opening = OpenBody(statement_id(9), SHARE, sha(envelope), act, unit)
    story.do("open", who, opening, told=told, seen=story.log.checkpoint(5))


def about(body: ManifestBody) -> dict[str, Any]:
    named = ("share", "subject", "matter", "content", "consents", "conversation")
    return {name: getattr(body, name) for name in named}


def _fields(said: Said) -> Fields:
    payload = signing.peek(said.token).body
    common = {"v", "kind", "iss", "aud", "made", "seen"}
    return Fields({name: payload[name] for name in payload if name not in common}, said.claim.kind)
