"""Statements with their receipts: what the log says of each, and that all of it is one log in one order.

A log key alone can sign a receipt of anything. What an operator cannot do is make entries it invents fit among the
honest ones: `Ledger` checks what is proved against everything else that was proved, and `protocol.sightings` that every
checkpoint on the way is a prefix of the newest.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from keys import signing
from protocol.facts import KINDS
from protocol.identifiers import Instant
from protocol.log.checkpoint import BadCheckpoint, LogPolicy, SignedCheckpoint, open_checkpoint
from protocol.log.details import Decision
from protocol.log.event import Event
from protocol.log.receipt import BadReceipt, Verified
from protocol.log.receipt import parse as parse_receipt
from protocol.log.receipt import verify as verify_receipt
from protocol.reading import Fields, listed, text_up_to
from protocol.statements.authority import AUTHORITY_WORDS
from protocol.statements.base import Refused, Statement, claim
from protocol.statements.exclusions import KEEPING_OUT
from protocol.statements.invalidating import INVALIDATING
from protocol.statements.narrowing import TAKING_BACK

TOLERANCE = 5 * 60_000
"""How far a statement's `made` may lie from its entry's `t`, and either from a client's clock, milliseconds (§6.5)."""

_LONGEST = 1 << 20

EVENTS: Mapping[str, Event] = {
    "policy": Event.POLICY_PUBLISHED,
    "unit": Event.UNIT_REGISTERED,
    "invitation": Event.INVITATION_REGISTERED,
    "endorsement person": Event.PERSON_ENDORSED,
    "endorsement custodian": Event.CUSTODIAN_ENDORSED,
    "endorsement staff": Event.STAFF_ENDORSED,
    "endorsement supervisor": Event.SUPERVISOR_ENDORSED,
    "epoch": Event.EPOCH_PUBLISHED,
    "restricted-epoch": Event.EPOCH_PUBLISHED,
    "subject-sheet": Event.SHEET_PUBLISHED,
    "renewal": Event.RENEWAL_PUBLISHED,
    **{word.kind: Event.FACT_RECORDED for word in AUTHORITY_WORDS},
    "consent-request": Event.CONSENT_REQUESTED,
    "consent-signature": Event.CONSENT_SIGNED,
    "consent-refusal": Event.CONSENT_REFUSED,
    "consent-objection": Event.CONSENT_OBJECTED,
    "consent-notice": Event.NOTICE_GIVEN,
    "consent-reminder": Event.CONSENT_REMINDED,
    "consent-withdrawal": Event.CONSENT_WITHDRAWN,
    "consent-narrowing": Event.CONSENT_NARROWED,
    "recorded-signature": Event.FACT_RECORDED,
    "recorded-confirmation": Event.CONSENT_SIGNED,
    "recorded-withdrawal": Event.CONSENT_WITHDRAWN,
    "recorded-dispute": Event.CONSENT_OBJECTED,
    **dict.fromkeys(INVALIDATING, Event.CONSENT_WITHDRAWN),
    "hearing": Event.CHILD_HEARD,
    **{fact.kind: Event.FACT_RECORDED for fact in KINDS},
    **{word.kind: Event.FACT_RECORDED for word in KEEPING_OUT},
    "shield-ask": Event.SHIELD_ASKED,
    "shield-withhold": Event.SHIELD_DECIDED,
    "shield-decline": Event.SHIELD_DECIDED,
    "shield-notice": Event.SHIELD_TOLD,
    "shield-end": Event.SHIELD_ENDED,
    "hold": Event.SHARE_HELD,
    "manifest": Event.SHARED,
    "open receive": Event.RECEIVED,
    "open open": Event.OPENED,
    "open reopen": Event.REOPENED,
    "open own": Event.OWN_OPENED,
}
"""The one event by which each takes effect. Refusals and later uses name the digest too, and prove nothing."""


@dataclass(frozen=True, slots=True)
class Logged:
    """A statement as it travels: its token, and the receipt of the entry that published it."""

    token: str
    receipt: str

    @classmethod
    def parse(cls, value: object) -> Self:
        """Take `{token, receipt}`."""
        fields = Fields(value, "logged statement")
        logged = cls(fields.take("token", text_up_to(_LONGEST)), fields.take("receipt", text_up_to(_LONGEST)))
        fields.done()
        return logged

    def to_json(self) -> dict[str, Any]:
        """Return the form that `parse` takes."""
        return {"token": self.token, "receipt": self.receipt}


def logged_list(value: object) -> tuple[Logged, ...]:
    """Take a list of `{token, receipt}`."""
    return listed(Logged.parse, most=2_000)(value)


def prove(
    logged: Logged, policy: LogPolicy, opened: Callable[[bytes, LogPolicy], SignedCheckpoint] = open_checkpoint
) -> Verified:
    """Return the log entry by which this statement took effect.

    Raises:
        Refused: `not-logged`, if the receipt proves no such entry.
    """
    said = claim(logged.token)
    try:
        entry = verify_receipt(parse_receipt(logged.receipt), policy, opened)
    except BadReceipt as error:
        raise Refused("not-logged", f"the receipt does not hold: {error}") from error
    if signing.digest(logged.token) not in entry.details.statements or entry.details.actor != said.iss:
        raise Refused("not-logged", "the receipt belongs to another statement")
    if entry.entry.e is not EVENTS.get(said.said) or entry.details.decision is Decision.DENY:
        # A refusal names the refused statement's digest too, and has as good a receipt.
        raise Refused("not-logged", "the receipt does not say that the statement took effect")
    return entry


class Ledger:
    """What receipts have proved under one policy at one instant: one log, whose entries stand in one order."""

    def __init__(self, policy: LogPolicy, at: Instant) -> None:
        self._policy = policy
        self._at = at
        self._opened: dict[bytes, SignedCheckpoint] = {}
        self._proved: dict[Logged, Verified] = {}
        self._placed: list[Verified] = []
        self.seen: set[str] = set()
        """Every checkpoint that the signer of a believed statement had seen."""
        self.checkpoints: set[str] = set()
        """Every checkpoint that a receipt stands on."""

    def entry(self, logged: Logged) -> Verified:
        """Return the entry by which this statement took effect.

        Raises:
            Refused: `not-logged`; `wrong-time`, if it lies in the future; `wrong-order`, if time runs backwards between
                this entry and another, or two different entries have one place.
        """
        known = self._proved.get(logged)
        if known is not None:
            return known
        entry = prove(logged, self._policy, self.open)
        if entry.entry.t > self._at + TOLERANCE:
            raise Refused("wrong-time", "an entry of the log lies in the future: check your clock")
        self._place(entry)
        self._proved[logged] = entry
        self.checkpoints.add(entry.checkpoint.note.decode())
        return entry

    def believe(self, statement: Statement[Any], entry: Verified) -> Instant:
        """Take in a verified statement: made when it was logged, after everything that its signer had seen.

        Raises:
            Refused: `wrong-time`; `bad-seen`, if what was seen is not signed by the log; `wrong-order`, if it was seen
                before it can have been there.
        """
        t = entry.entry.t
        # A withdrawal waits while the log is halted (DESIGN §7), and counts from its entry on however old it is then.
        late = t - statement.made > TOLERANCE and statement.body.kind not in TAKING_BACK
        if late or statement.made - t > TOLERANCE:
            raise Refused("wrong-time", "the statement's time is not its log entry's")
        if statement.seen is not None:
            try:
                size = self.open(statement.seen.encode(), self._policy).checkpoint.size
            except BadCheckpoint as error:
                raise Refused("bad-seen", f"what the signer had seen is not this log: {error}") from error
            if size > entry.index:
                raise Refused("wrong-order", "the signer had seen more of the log than was there before the statement")
            self.seen.add(statement.seen)
        return t

    def size(self, note: str) -> int:
        """Return how many entries the log had at one of the checkpoints here."""
        return self._opened[note.encode()].checkpoint.size

    def open(self, note: bytes, policy: LogPolicy) -> SignedCheckpoint:
        """Do what `open_checkpoint` does, once for each note; raises `BadCheckpoint`."""
        if note not in self._opened:
            self._opened[note] = open_checkpoint(note, policy)
        return self._opened[note]

    def _place(self, entry: Verified) -> None:
        where = bisect_left(self._placed, entry.index, key=lambda each: each.index)
        for other in self._placed[max(where - 1, 0) : where + 1]:
            if _contradict(*sorted((other, entry), key=lambda each: each.index)):
                raise Refused("wrong-order", "the log's entries contradict each other")
        self._placed.insert(where, entry)


def _contradict(first: Verified, second: Verified) -> bool:
    if first.index == second.index:
        return first.entry != second.entry
    return first.entry.t > second.entry.t
