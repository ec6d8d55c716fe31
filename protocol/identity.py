"""The chain of trust: who may say what, down from the root that the operator never holds.

`Directory` takes logged statements and applies every rule; it does no file and no network work. Whoever shares and
whoever opens fills one and asks it (DESIGN §3). A statement counts when its signer was entitled at the instant that
its log entry carries.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from keys import signing
from protocol.authorities import Determined, determined, require_determinable
from protocol.consent.authority import Authority
from protocol.consent.case import Sheet
from protocol.consent.vocabulary import Regime
from protocol.identifiers import Instant, PersonId, SubjectId, UnitId
from protocol.log.checkpoint import BadCheckpoint, LogPolicy
from protocol.log.merkle import ProofError, leaf_hash, verify_inclusion
from protocol.log.receipt import Verified
from protocol.logged import TOLERANCE, Ledger, Logged, logged_list, prove
from protocol.mailboxes import Mailbox
from protocol.people import People, place
from protocol.pins import Pins
from protocol.reading import text
from protocol.restricted import require_not_kept_out, require_usable
from protocol.statements.authority import AUTHORITY_WORDS, AuthorityBody, AuthorityConfirmationBody, AuthorityWord
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
from protocol.statements.restricted import RestrictedEpochBody, line_of

__all__ = [
    "CHAIN",
    "CUSTODIAN",
    "DAY",
    "MINUTE",
    "REGISTRAR",
    "ROOT",
    "TOLERANCE",
    "Directory",
    "Logged",
    "Policy",
    "accept_policy",
    "judge",
    "logged_list",
    "proved",
    "said_in_chain",
]

MINUTE = 60_000
DAY = 24 * 60 * MINUTE

ROOT, REGISTRAR, CUSTODIAN = "root", "registrar", "custodian"

CHAIN: dict[str, tuple[str, int]] = {
    "policy": (ROOT, 366 * DAY),
    "unit": (REGISTRAR, 90 * DAY),
    "endorsement person": (REGISTRAR, 90 * DAY),
    "endorsement custodian": (REGISTRAR, 90 * DAY),
    "endorsement supervisor": (REGISTRAR, 90 * DAY),
    "endorsement staff": (CUSTODIAN, 90 * DAY),
    "epoch": (CUSTODIAN, 90 * DAY),
    "restricted-epoch": (CUSTODIAN, 90 * DAY),
    "subject-sheet": (REGISTRAR, 30 * DAY),
    "renewal": (REGISTRAR, 30 * DAY),
}
"""Who may say it, and the longest life in milliseconds. Everything that does not stand here is refused."""


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
        Refused: `wrong-root`, `bad-statement`, `wrong-time`, `ended`, `too-long`, `rolled-back` or `two-truths`.
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
    if statement.made > at + TOLERANCE:
        raise Refused("wrong-time", "the policy was made in the future: check your clock")
    _alive(statement.body.not_after, statement.made, at, CHAIN["policy"][1], "policy")
    pins.checked("policy", statement.body.number, statement.digest)
    body = statement.body
    try:
        log = LogPolicy(origin, body.log, body.witnesses, body.quorum, body.fresh_for)
    except BadCheckpoint as error:
        raise Refused("bad-statement", f"policy: {error}") from error
    return Policy(statement, fingerprint, log)


def proved(logged: Logged, policy: Policy) -> Verified:
    """Return the log entry by which this statement took effect.

    Raises:
        Refused: `not-logged`, if the receipt proves no such entry.
    """
    return prove(logged, policy.log)


class Directory:
    """Everything believed about persons, units and subjects under one policy, at one instant.

    `seen` and `ledger.checkpoints` are for `protocol.sightings`: until all of them are prefixes of one checkpoint that
    the client trusts, an operator may have shown entries that stand in no log.
    """

    def __init__(self, policy: Policy, pins: Pins, at: Instant) -> None:
        self.policy = policy
        self.pins = pins.checked("policy", policy.statement.body.number, policy.statement.digest)
        self.at = at
        self.ledger = Ledger(policy.log, at)
        self._people = People()
        self._units: dict[UnitId, Statement[UnitBody]] = {}
        self._mailboxes: dict[str, Mailbox] = {}
        self._sheets: dict[SubjectId, Statement[SheetBody]] = {}
        self._renewed: dict[str, Instant] = {}
        self._determined: dict[str, Determined] = {}

    @property
    def seen(self) -> set[str]:
        """Every checkpoint that the signer of a believed statement had seen."""
        return self.ledger.seen

    def learn(self, statements: Iterable[Logged]) -> None:
        """Take logged statements: registrars' words first, then what custodians say under them.

        Of one thing a higher number may follow a lower one, and replaces it.

        Raises:
            Refused: at the first statement that breaks a rule of the chain.
        """
        by_kind: dict[str, list[Logged]] = {}
        for logged in statements:
            by_kind.setdefault(claim(logged.token).kind, []).append(logged)
        for logged in by_kind.pop("unit", []):
            self._learn_unit(logged)
        endorsements = by_kind.pop("endorsement", [])
        for logged in sorted(endorsements, key=_by_custodian):
            self._learn_endorsement(logged)
        for kind in (EpochBody, RestrictedEpochBody):
            for logged in by_kind.pop(kind.kind, []):
                self._learn_epoch(logged, kind)
        self._pin_epochs()
        for logged in by_kind.pop("subject-sheet", []):
            self._learn_sheet(logged)
        for word in AUTHORITY_WORDS:
            for logged in by_kind.pop(word.kind, []):
                self._learn_determined(logged, word)
        if by_kind:
            raise Refused("not-in-chain", f"nobody may say this here: {', '.join(sorted(by_kind))}")

    def learn_renewal(self, logged: Logged, subject: SubjectId, index: int, proof: Sequence[bytes]) -> None:
        """Take a renewal and the proof that this subject's sheet is among the ones rechecked.

        Raises:
            Refused: `bad-renewal`, or as `learn`.
        """
        statement, _ = self._registrars_word(logged, RenewalBody)
        body, sheet = statement.body, self.sheet(subject)
        _alive(body.not_after, statement.made, self.at, CHAIN["renewal"][1], "renewal")
        try:
            verify_inclusion(
                index, body.size, leaf_hash(bytes.fromhex(sheet.digest)), list(proof), bytes.fromhex(body.root)
            )
        except ProofError as error:
            raise Refused("bad-renewal", "the renewal does not cover this subject sheet") from error
        self._pin(f"renewal {subject}", body.number, statement.digest)
        # By the sheet, not by the subject: the next sheet is not renewed by what was said of the one before.
        self._renewed[sheet.digest] = max(body.not_after, self._renewed.get(sheet.digest, Instant(0)))

    def unit(self, unit: UnitId) -> UnitBody:
        """Return a unit that is registered and has not ended.

        Raises:
            Refused: `unknown-unit` or `ended`.
        """
        body = self._unit(unit)
        if body.not_after <= self.at:
            raise Refused("ended", "this unit's registration has ended; a registrar must renew it")
        return body

    def units(self) -> tuple[UnitBody, ...]:
        """Return every unit learnt, ended ones too."""
        return tuple(statement.body for statement in self._units.values())

    def lineage(self, unit: UnitId) -> tuple[UnitId, ...]:
        """Return the unit's ancestors, nearest first, as far as they are known; a loop is refused."""
        found: list[UnitId] = []
        parent = self._unit(unit).parent
        while parent is not None and parent in self._units:
            if parent in found or parent == unit:
                raise Refused("unknown-unit", "the units' tree has a loop")
            found.append(parent)
            parent = self._units[parent].body.parent
        return tuple(found)

    def epoch(self, unit: UnitId) -> Statement[EpochBody]:
        """Return the unit's latest epoch, if it has not ended; raises `Refused` (`no-epoch`, `ended`)."""
        if unit not in self._mailboxes:
            raise Refused("no-epoch", "this unit has no mailbox key yet")
        statement = self._mailboxes[unit].latest()
        if statement.body.not_after <= self.at:
            raise Refused("ended", "this unit's mailbox key has ended; its custodian must renew it")
        return statement

    def restricted(self, unit: UnitId, without: Iterable[PersonId]) -> Statement[EpochBody]:
        """Return the latest epoch of the unit's mailbox without these persons, if it may be sealed to.

        Raises:
            Refused: `no-epoch`, `ended`, or `not-entitled` if it lists somebody who is no member of the unit now.
        """
        line = line_of(unit, without)
        if line not in self._mailboxes:
            raise Refused("no-epoch", "this unit has no mailbox without the persons whom the family keeps out")
        statement, own = self._mailboxes[line].latest(), self.epoch(unit)
        require_usable(statement.body, own.body, self.at)
        return statement

    def epoch_at(self, unit: UnitId, digest: str, t: Instant) -> Statement[EpochBody]:
        """Return the epoch of this digest, if it was the unit's latest at log time `t`.

        Raises:
            Refused: `no-epoch`, if it is unknown, had not begun, had ended or been replaced, or a later one is known
                without the next.
        """
        found = self._mailboxes[unit].at(digest, t) if unit in self._mailboxes else None
        if found is None:
            raise Refused("no-epoch", "the sender was not a member of its unit then")
        return found

    def require_member(self, epoch: EpochBody, person: PersonId, kid: str, t: Instant) -> None:
        """Check that an epoch lists a person with the very key set of which this signing key is one, in force at `t`.

        Raises:
            Refused: `not-entitled`. A colleague's lost telephone is another key set than the one that was admitted.
        """
        vouched = self._people.in_force(person, t, unit=epoch.unit, kid=kid)
        if not any(epoch.lists(person, each.body.keys.digest) for each in vouched):
            raise Refused("not-entitled", "the signer was not a member of the unit with this key")

    def sheet(self, subject: SubjectId) -> Statement[SheetBody]:
        """Return the subject's sheet, if any; raises `Refused` (`no-sheet`). Its end is `sheet_not_after`."""
        if subject not in self._sheets:
            raise Refused("no-sheet", "no registrar has recorded who may decide for this child")
        return self._sheets[subject]

    def sheet_not_after(self, subject: SubjectId) -> Instant:
        """Return the end of the sheet, renewals counted in."""
        sheet = self.sheet(subject)
        return max(sheet.body.not_after, self._renewed.get(sheet.digest, Instant(0)))

    def sheet_facts(self, subject: SubjectId) -> Sheet:
        """Return what `decide` needs to know of the sheet.

        Raises:
            Refused: `no-sheet`; or as `authorities`.
        """
        return self.sheet(subject).body.facts(self.sheet_not_after(subject), self.authorities(subject))

    def authorities(self, subject: SubjectId) -> tuple[Authority, ...]:
        """Return what two registrars each determined about the subject, as far as the sheet names it.

        Raises:
            Refused: `no-authority`, if something that the sheet names did not come with it; `unknown-unit` or
                `not-entitled`, if an order names no child welfare service.
        """
        named, said = set(self.sheet(subject).body.authorities), self.determined(subject)
        if not named <= {word.digest for word in said}:
            raise Refused("no-authority", "something that the child's sheet names about who signs did not come with it")
        words = [word for word in said if word.digest in named or isinstance(word.body, AuthorityConfirmationBody)]
        for word in words:
            unit = word.body.unit if isinstance(word.body, AuthorityBody) else None
            if unit is not None and self._unit(unit).regime is not Regime.CHILD_WELFARE:
                raise Refused("not-entitled", "an order names a unit that is no child welfare service")
        return determined(words)

    def require_authorities(self) -> None:
        """Check that everything came along that the sheets name about who signs; raises as `authorities`."""
        for subject in self._sheets:
            self.authorities(subject)

    def determined(self, subject: SubjectId) -> tuple[Determined, ...]:
        """Return all that registrars said about who signs for the subject, oldest first, named by the sheet or not."""
        said = [word for word in self._determined.values() if word.body.subject == subject]
        return tuple(sorted(said, key=lambda word: (word.at, word.digest)))

    def keys(self, person: PersonId, unit: UnitId | None = None) -> KeySet:
        """Return the key set to seal to now: the person's own, by a registrar's word, or that of a unit's staff.

        With `unit`, the newest that this unit's custodian (or, for a custodian, a registrar) vouches for; without, the
        registrar's own or the newest that a registrar vouches for. A custodian can swap nobody's own keys.

        Raises:
            Refused: `unknown-person`.
        """
        registrar = self.policy.registrar_keys(person) if unit is None else None
        if registrar is not None:
            return registrar
        newest = max(self._people.in_force(person, self.at, unit=unit), key=lambda each: each.t, default=None)
        if newest is None:
            raise Refused("unknown-person", "nobody entitled vouches for this person's keys now")
        return newest.body.keys

    def endorsements(self, person: PersonId) -> tuple[EndorsementBody, ...]:
        """Return every endorsement believed of this person."""
        return self._people.of(person)

    def signed_by_person(self, logged: Logged, kind: type[B]) -> tuple[Statement[B], Instant]:
        """Verify a person's statement and return it with its entry's instant.

        If its body names a `unit`, an endorsement of the key for that unit must have been in force then; otherwise one
        as a person, by a registrar: no custodian can make a key that signs for a family.

        Raises:
            Refused: `not-entitled`, `bad-statement`, `not-logged`, `wrong-time`, `bad-seen` or `wrong-order`.
        """
        statement, entry = self._verified(logged, kind)
        t = self.ledger.believe(statement, entry)
        self.person_key(statement.iss, statement.kid, t, unit=getattr(statement.body, "unit", None))
        return statement, t

    def person_key(self, person: PersonId, kid: str, t: Instant, *, unit: UnitId | None) -> signing.PublicKey:
        """Return the key of this thumbprint that was the person's at `t`, for the unit or as a person.

        Raises:
            Refused: `not-entitled`.
        """
        for each in self._people.in_force(person, t, unit=unit, kid=kid):
            return each.body.keys.sign
        raise Refused("not-entitled", "the signer was not entitled to say this")

    def _unit(self, unit: UnitId) -> UnitBody:
        if unit not in self._units:
            raise Refused("unknown-unit", "no registrar vouches for this unit")
        return self._units[unit].body

    def _verified(self, logged: Logged, kind: type[B]) -> tuple[Statement[B], Verified]:
        """Verify signature and receipt. That the key may say this is still to be asked."""
        said = claim(logged.token)
        key = self.policy.registrar_key(said.iss, said.kid) or self._people.key(said.kid)
        if key is None:
            raise Refused("not-entitled", f"{kind.kind}: nobody vouches for the key that signed this")
        return verify(logged.token, kind, key, aud=self.policy.origin), self.ledger.entry(logged)

    def _registrars_word(self, logged: Logged, kind: type[B]) -> tuple[Statement[B], Instant]:
        statement, t = self._by_registrar(logged, kind)
        judge(statement, REGISTRAR, self.policy.fingerprint)
        return statement, t

    def _by_registrar(self, logged: Logged, kind: type[B]) -> tuple[Statement[B], Instant]:
        said = claim(logged.token)
        if self.policy.registrar_key(said.iss, said.kid) is None:
            raise Refused("not-entitled", f"{kind.kind}: not signed by a registrar that the root names")
        statement, entry = self._verified(logged, kind)
        return statement, self.ledger.believe(statement, entry)

    def _custodians_word(
        self, logged: Logged, kind: type[EndorsementBody | EpochBody]
    ) -> tuple[Statement[Any], Instant]:
        statement, entry = self._verified(logged, kind)
        t, unit = self.ledger.believe(statement, entry), statement.body.unit
        vouched = self._people.in_force(statement.iss, t, unit=unit, kid=statement.kid) if unit is not None else ()
        if not any(each.body.role == CUSTODIAN for each in vouched):
            raise Refused("not-entitled", f"{kind.kind}: not signed by a custodian of this unit")
        judge(statement, CUSTODIAN, self.policy.fingerprint)
        return statement, t

    def _learn_unit(self, logged: Logged) -> None:
        statement, _ = self._registrars_word(logged, UnitBody)
        self._pin(f"unit {statement.body.unit}", statement.body.number, statement.digest)
        self._units[statement.body.unit] = statement

    def _learn_endorsement(self, logged: Logged) -> None:
        word = self._custodians_word if _by_custodian(logged) else self._registrars_word
        statement, t = word(logged, EndorsementBody)
        self._pin(place(statement.body), statement.body.number, statement.digest)
        self._people.add(statement, t)

    def _learn_epoch(self, logged: Logged, kind: type[EpochBody]) -> None:
        statement, t = self._custodians_word(logged, kind)
        require_not_kept_out(statement.iss, statement.body)
        self._mailboxes.setdefault(statement.body.line, Mailbox()).add(statement, t)

    def _pin_epochs(self) -> None:
        for line, mailbox in self._mailboxes.items():
            mailbox.check_order()
            latest = mailbox.latest()
            self._pin(f"epoch {line}", latest.body.number, latest.digest)

    def _learn_sheet(self, logged: Logged) -> None:
        statement, _ = self._registrars_word(logged, SheetBody)
        self._pin(f"sheet {statement.body.subject}", statement.body.number, statement.digest)
        self._sheets[statement.body.subject] = statement

    def _learn_determined(self, logged: Logged, kind: type[AuthorityWord]) -> None:
        word = Determined.of(*self._by_registrar(logged, kind))
        require_determinable(word, self._determined)
        self._determined[word.digest] = word

    def _pin(self, name: str, number: int, digest: str) -> None:
        self.pins = self.pins.checked(name, number, digest)


def _by_custodian(logged: Logged) -> bool:
    """Say whether this is for a custodian to say, so that registrars' words on custodians are learnt before it."""
    return CHAIN.get(claim(logged.token).said, (REGISTRAR, 0))[0] == CUSTODIAN


def _alive(not_after: Instant, made: Instant, at: Instant, longest: int, what: str) -> None:
    if not_after - made > longest:
        raise Refused("too-long", f"a {what} may not live that long")
    if not_after <= at:
        raise Refused("ended", f"the {what} has ended and must be renewed by its signer")
