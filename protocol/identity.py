"""The chain of trust: who may say what, down from the root that the operator never holds.

`Directory` takes logged statements and applies every rule; it does no file and no network work. Whoever shares and
whoever opens fills one and asks it (DESIGN §3). A statement counts when its signer was entitled at the instant that
its log entry carries.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

from keys import signing
from protocol.identifiers import Instant, PersonId, SubjectId, UnitId
from protocol.log.checkpoint import BadCheckpoint, LogPolicy
from protocol.log.merkle import ProofError, leaf_hash, verify_inclusion
from protocol.log.receipt import BadReceipt, Verified
from protocol.log.receipt import parse as parse_receipt
from protocol.log.receipt import verify as verify_receipt
from protocol.pins import Pins
from protocol.reading import Fields, listed, text
from protocol.statements.base import B, Body, Refused, Statement, claim, verify
from protocol.statements.identity import (
    EndorsementBody,
    EpochBody,
    KeySet,
    PolicyBody,
    RenewalBody,
    SheetBody,
    UnitBody,
)

MINUTE = 60_000
DAY = 24 * 60 * MINUTE
TOLERANCE = 5 * MINUTE
"""How far a statement's `made` may lie from its entry's `t`, milliseconds (DESIGN §6.5)."""

ROOT, REGISTRAR, CUSTODIAN = "root", "registrar", "custodian"

CHAIN: dict[str, tuple[str, int]] = {
    "policy": (ROOT, 366 * DAY),
    "unit": (REGISTRAR, 90 * DAY),
    "endorsement person": (REGISTRAR, 90 * DAY),
    "endorsement custodian": (REGISTRAR, 90 * DAY),
    "endorsement supervisor": (REGISTRAR, 90 * DAY),
    "endorsement staff": (CUSTODIAN, 90 * DAY),
    "epoch": (CUSTODIAN, 90 * DAY),
    "subject-sheet": (REGISTRAR, 30 * DAY),
    "renewal": (REGISTRAR, 30 * DAY),
}
"""Who may say it, and the longest life in milliseconds. Everything that does not stand here is refused."""


@dataclass(frozen=True, slots=True)
class Logged:
    """A statement as it travels: its token, and the receipt of the entry that published it."""

    token: str
    receipt: str

    @classmethod
    def parse(cls, value: object) -> Self:
        """Take `{token, receipt}`."""
        fields = Fields(value, "logged statement")
        logged = cls(fields.take("token", text), fields.take("receipt", text))
        fields.done()
        return logged

    def to_json(self) -> dict[str, Any]:
        """Return the form that `parse` takes."""
        return {"token": self.token, "receipt": self.receipt}


@dataclass(frozen=True, slots=True)
class Policy:
    """The root's policy, accepted under a fingerprint that came by hand."""

    statement: Statement[PolicyBody]
    fingerprint: str
    log: LogPolicy

    @property
    def origin(self) -> str:
        """The log's origin: what every statement's `aud` must be."""
        return self.log.origin

    def registrar_key(self, person: PersonId, kid: str) -> signing.PublicKey | None:
        """Return the registrar's key of this thumbprint, if the root names it."""
        for registrar in self.statement.body.registrars:
            if registrar.person == person and registrar.keys.sign.thumbprint == kid:
                return registrar.keys.sign
        return None

    def registrar_keys(self, person: PersonId) -> KeySet | None:
        """Return the key set of a registrar that the root names."""
        found = [registrar.keys for registrar in self.statement.body.registrars if registrar.person == person]
        return found[0] if found else None


def said_in_chain(body: Body) -> str:
    """Name what a body says as `CHAIN` does: its kind, for endorsements with the role."""
    return f"endorsement {body.role}" if isinstance(body, EndorsementBody) else body.kind


def judge(statement: Statement[Any], signer: str, fingerprint: str) -> None:
    """Check that a signer in this role may say this, under this root, for this long.

    That the signer has the role, and what depends on other statements, is for the caller to check.

    Raises:
        Refused: `not-in-chain`, `not-entitled` or `too-long`.
    """
    body = statement.body
    said = said_in_chain(body)
    if said not in CHAIN:
        raise Refused("not-in-chain", f"nobody may say this here: {said}")
    role, longest = CHAIN[said]
    if signer != role:
        raise Refused("not-entitled", f"{said}: only a {role} may say this")
    if isinstance(body, EndorsementBody) and (body.root != fingerprint or body.inviter != statement.kid):
        raise Refused("not-entitled", "this endorsement is not its signer's to give")
    if body.not_after - statement.made > longest:
        raise Refused("too-long", f"{said}: may not live longer than {longest // DAY} days")


def accept_policy(token: str, root: signing.PublicKey, fingerprint: str, pins: Pins, at: Instant) -> Policy:
    """Accept a policy under the fingerprint (RFC 7638 thumbprint of the root key) that came by hand.

    Raises:
        Refused: `wrong-root`, `bad-statement`, `ended`, `too-long`, `rolled-back` or `two-truths`.
    """
    if root.thumbprint != fingerprint:
        raise Refused("wrong-root", "the root key is not the one whose fingerprint you were given")
    try:
        _, _, payload = signing.peek(token)
        verifier = text(payload.get("log"))
    except (ValueError, signing.BadStatement) as error:
        raise Refused("bad-statement", f"policy: {error}") from error
    origin = verifier.split("+", 1)[0]
    statement = verify(token, PolicyBody, root, aud=origin)
    _alive(statement.body.not_after, statement.made, at, CHAIN["policy"][1], "policy")
    pins.checked("policy", statement.body.number, statement.digest)
    body = statement.body
    try:
        log = LogPolicy(origin, body.log, body.witnesses, body.quorum)
    except BadCheckpoint as error:
        raise Refused("bad-statement", f"policy: {error}") from error
    return Policy(statement, fingerprint, log)


def proved(logged: Logged, policy: Policy) -> Verified:
    """Return the log entry that holds this statement's digest.

    Raises:
        Refused: `not-logged`, if the receipt does not prove that the log holds it.
    """
    try:
        entry = verify_receipt(parse_receipt(logged.receipt), policy.log)
    except BadReceipt as error:
        raise Refused("not-logged", f"the receipt does not hold: {error}") from error
    if signing.digest(logged.token) not in entry.details.statements:
        raise Refused("not-logged", "the receipt belongs to another statement")
    return entry


@dataclass(frozen=True, slots=True)
class Known:
    """A statement that the directory believes, and the instant from which the log holds it."""

    statement: Statement[Any]
    t: Instant


class Directory:
    """Everything believed about persons, units and subjects under one policy, at one instant."""

    def __init__(self, policy: Policy, pins: Pins, at: Instant) -> None:
        self.policy = policy
        self.pins = pins.checked("policy", policy.statement.body.number, policy.statement.digest)
        self.at = at
        self._endorsements: dict[str, Known] = {}
        self._units: dict[UnitId, Statement[UnitBody]] = {}
        self._epochs: dict[UnitId, dict[int, tuple[Statement[EpochBody], Instant]]] = {}
        self._sheets: dict[SubjectId, Statement[SheetBody]] = {}
        self._renewed: dict[SubjectId, Instant] = {}
        self.seen: set[str] = set()
        """Every checkpoint that a believed statement carries: `protocol.sightings` compares them."""

    def learn(self, statements: Iterable[Logged]) -> None:
        """Take logged statements in any order: registrars' words first, then what custodians say under them.

        Raises:
            Refused: at the first statement that breaks a rule of the chain.
        """
        by_kind: dict[str, list[Logged]] = {}
        for logged in statements:
            by_kind.setdefault(claim(logged.token).kind, []).append(logged)
        for logged in by_kind.pop("unit", []):
            self._learn_unit(logged)
        endorsements = by_kind.pop("endorsement", [])
        staff = [logged for logged in endorsements if not self._is_registrar(logged)]
        for logged in [*(one for one in endorsements if one not in staff), *staff]:
            self._learn_endorsement(logged)
        for logged in by_kind.pop("epoch", []):
            self._learn_epoch(logged)
        self._pin_epochs()
        for logged in by_kind.pop("subject-sheet", []):
            self._learn_sheet(logged)
        if by_kind:
            raise Refused("not-in-chain", f"nobody may say this here: {', '.join(sorted(by_kind))}")

    def learn_renewal(self, logged: Logged, subject: SubjectId, index: int, proof: Sequence[bytes]) -> None:
        """Take a renewal and the proof that this subject's sheet is among the ones rechecked.

        Raises:
            Refused: `bad-renewal`, or as `learn`.
        """
        statement, _ = self._registrars_word(logged, RenewalBody)
        _alive(statement.body.not_after, statement.made, self.at, CHAIN["renewal"][1], "renewal")
        sheet = self.sheet(subject)
        try:
            verify_inclusion(
                index,
                statement.body.size,
                leaf_hash(bytes.fromhex(sheet.digest)),
                list(proof),
                bytes.fromhex(statement.body.root),
            )
        except ProofError as error:
            raise Refused("bad-renewal", "the renewal does not cover this subject sheet") from error
        self._renewed[subject] = max(statement.body.not_after, self._renewed.get(subject, Instant(0)))

    def unit(self, unit: UnitId) -> UnitBody:
        """Return a unit that is registered and has not ended; raises `Refused` (`unknown-unit`)."""
        if unit not in self._units:
            raise Refused("unknown-unit", "no registrar vouches for this unit")
        return self._units[unit].body

    def units(self) -> tuple[UnitBody, ...]:
        """Return every unit learnt."""
        return tuple(statement.body for statement in self._units.values())

    def lineage(self, unit: UnitId) -> tuple[UnitId, ...]:
        """Return the unit's ancestors, nearest first, as far as they are known; a loop is refused."""
        found: list[UnitId] = []
        parent = self.unit(unit).parent
        while parent is not None and parent in self._units:
            if parent in found or parent == unit:
                raise Refused("unknown-unit", "the units' tree has a loop")
            found.append(parent)
            parent = self._units[parent].body.parent
        return tuple(found)

    def epoch(self, unit: UnitId) -> Statement[EpochBody]:
        """Return the unit's latest epoch, if it has not ended; raises `Refused` (`no-epoch`, `ended`)."""
        known = self._epochs.get(unit)
        if not known:
            raise Refused("no-epoch", "this unit has no mailbox key yet")
        statement, _ = known[max(known)]
        if statement.body.not_after <= self.at:
            raise Refused("ended", "this unit's mailbox key has ended; its custodian must renew it")
        return statement

    def epoch_at(self, unit: UnitId, digest: str, t: Instant) -> Statement[EpochBody]:
        """Return the epoch of this digest, if it was the unit's latest at log time `t`.

        Raises:
            Refused: `no-epoch`, if it is unknown, had been replaced by then, or a later one is known without the next.
        """
        known = self._epochs.get(unit, {})
        for number, (statement, _) in known.items():
            if statement.digest != digest:
                continue
            later = [other for other in known if other > number]
            if later and (number + 1 not in known or known[number + 1][1] <= t):
                break
            if statement.body.not_after <= t:
                break
            return statement
        raise Refused("no-epoch", "the sender was not a member of its unit then")

    def sheet(self, subject: SubjectId) -> Statement[SheetBody]:
        """Return the subject's sheet, if any; raises `Refused` (`no-sheet`). Its end is `sheet_not_after`."""
        if subject not in self._sheets:
            raise Refused("no-sheet", "no registrar has recorded who may decide for this child")
        return self._sheets[subject]

    def sheet_not_after(self, subject: SubjectId) -> Instant:
        """Return the end of the sheet, renewals counted in."""
        return max(self.sheet(subject).body.not_after, self._renewed.get(subject, Instant(0)))

    def keys(self, person: PersonId, unit: UnitId | None = None) -> KeySet:
        """Return the person's key set in force now, to seal to: as a person, or as the unit's own.

        A custodian's word counts for the unit only: else it could name keys of its own for somebody's mother.

        Raises:
            Refused: `unknown-person`.
        """
        registrar = self.policy.registrar_keys(person)
        if registrar is not None:
            return registrar
        in_force = [
            known
            for known in self._endorsements.values()
            if known.statement.body.holder == person
            and known.statement.body.unit == unit
            and known.statement.body.not_after > self.at
        ]
        if not in_force:
            raise Refused("unknown-person", "nobody entitled vouches for this person's keys now")
        keys: KeySet = max(in_force, key=lambda known: known.t).statement.body.keys
        return keys

    def endorsements(self, person: PersonId) -> tuple[EndorsementBody, ...]:
        """Return every endorsement believed of this person."""
        return tuple(
            known.statement.body for known in self._endorsements.values() if known.statement.body.holder == person
        )

    def signed_by_person(self, logged: Logged, kind: type[B]) -> tuple[Statement[B], Instant]:
        """Verify a person's statement and return it with its entry's instant.

        An endorsement for the unit that its body names, or as a person if it names none, must have been in force then.

        Raises:
            Refused: `not-entitled`, `bad-statement`, `not-logged` or `wrong-time`.
        """
        said = claim(logged.token)
        t = Instant(proved(logged, self.policy).entry.t)
        statement = verify(logged.token, kind, self._endorsed_key(said.iss, said.kid), aud=self.policy.origin)
        self.person_key(said.iss, said.kid, t, unit=getattr(statement.body, "unit", None))
        if abs(statement.made - t) > TOLERANCE:
            raise Refused("wrong-time", "the statement's time is not its log entry's")
        return self._believed(statement), t

    def person_key(self, person: PersonId, kid: str, t: Instant, *, unit: UnitId | None) -> signing.PublicKey:
        """Return the key of this thumbprint that was the person's at `t`: for the unit, or (null) as a person.

        Raises:
            Refused: `not-entitled`.
        """
        for known in self._endorsements.values():
            body: EndorsementBody = known.statement.body
            if (body.holder, body.unit, body.keys.sign.thumbprint) == (person, unit, kid) and t < body.not_after:
                return body.keys.sign
        raise Refused("not-entitled", "the signer was not entitled to say this")

    def _endorsed_key(self, person: PersonId, kid: str) -> signing.PublicKey:
        for known in self._endorsements.values():
            body: EndorsementBody = known.statement.body
            if body.holder == person and body.keys.sign.thumbprint == kid:
                return body.keys.sign
        raise Refused("not-entitled", "nobody vouches for the key that signed this")

    def _is_registrar(self, logged: Logged) -> bool:
        said = claim(logged.token)
        return self.policy.registrar_key(said.iss, said.kid) is not None

    def _registrars_word(self, logged: Logged, kind: type[B]) -> tuple[Statement[B], Instant]:
        said = claim(logged.token)
        key = self.policy.registrar_key(said.iss, said.kid)
        if key is None:
            raise Refused("not-entitled", f"{kind.kind}: not signed by a registrar that the root names")
        statement = verify(logged.token, kind, key, aud=self.policy.origin)
        judge(statement, REGISTRAR, self.policy.fingerprint)
        return self._believed(statement), Instant(proved(logged, self.policy).entry.t)

    def _custodians_word(self, logged: Logged, kind: type[B]) -> tuple[Statement[B], Instant, UnitId]:
        said = claim(logged.token)
        for known in self._endorsements.values():
            body: EndorsementBody = known.statement.body
            if body.role != CUSTODIAN or body.holder != said.iss or body.keys.sign.thumbprint != said.kid:
                continue
            statement = verify(logged.token, kind, body.keys.sign, aud=self.policy.origin)
            t = Instant(proved(logged, self.policy).entry.t)
            if body.unit is not None and body.unit == getattr(statement.body, "unit", None) and t < body.not_after:
                judge(statement, CUSTODIAN, self.policy.fingerprint)
                return self._believed(statement), t, body.unit
        raise Refused("not-entitled", f"{kind.kind}: not signed by a custodian of this unit")

    def _learn_unit(self, logged: Logged) -> None:
        statement, _ = self._registrars_word(logged, UnitBody)
        self._pin(f"unit {statement.body.unit}", statement.body.number, statement.digest)
        self._units[statement.body.unit] = statement

    def _learn_endorsement(self, logged: Logged) -> None:
        if self._is_registrar(logged):
            statement, t = self._registrars_word(logged, EndorsementBody)
        else:
            statement, t, _ = self._custodians_word(logged, EndorsementBody)
        body = statement.body
        self._pin(f"endorsement {body.invitation}", body.number, statement.digest)
        self._endorsements[body.invitation] = Known(statement, t)

    def _learn_epoch(self, logged: Logged) -> None:
        statement, t, unit = self._custodians_word(logged, EpochBody)
        known = self._epochs.setdefault(unit, {})
        number = statement.body.number
        if number in known and known[number][0].digest != statement.digest:
            raise Refused("two-truths", f"two different epochs of one unit carry number {number}")
        known[number] = (statement, t)

    def _pin_epochs(self) -> None:
        for unit, known in self._epochs.items():
            number = max(known)
            self._pin(f"epoch {unit}", number, known[number][0].digest)

    def _learn_sheet(self, logged: Logged) -> None:
        statement, _ = self._registrars_word(logged, SheetBody)
        body = statement.body
        self._pin(f"sheet {body.subject}", body.number, statement.digest)
        self._sheets[body.subject] = statement

    def _believed(self, statement: Statement[B]) -> Statement[B]:
        if statement.seen is not None:
            self.seen.add(statement.seen)
        return statement

    def _pin(self, name: str, number: int, digest: str) -> None:
        self.pins = self.pins.checked(name, number, digest)


def _alive(not_after: Instant, made: Instant, at: Instant, longest: int, what: str) -> None:
    if not_after - made > longest:
        raise Refused("too-long", f"a {what} may not live that long")
    if not_after <= at:
        raise Refused("ended", f"the {what} has ended and must be renewed by its signer")


def logged_list(value: object) -> tuple[Logged, ...]:
    """Take a list of `{token, receipt}`."""
    return listed(Logged.parse, most=2_000)(value)
