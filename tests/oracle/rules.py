"""The rule table of the domain once more, written from the law's side and as simply as it can be.

Nothing of the program is imported: dates are compared as dates, people are names, purposes are words. Whoever doubts
the engine reads these pages beside the table, and then looks for where the two differ.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

OSLO = ZoneInfo("Europe/Oslo")
DAY = 86_400_000
SEVEN_DAYS = 7 * DAY


@dataclass(frozen=True)
class Parent:
    """A holder of parental responsibility, from one instant until another."""

    name: str
    since: int
    until: int | None = None


@dataclass
class Family:
    """A child, who signs for it, and what the register says about that."""

    born: date
    parents: list[Parent]
    register: str = "joint"
    youth: str = "youth"

    def holders(self, at: int) -> set[str]:
        """Name who holds parental responsibility at an instant."""
        return {each.name for each in self.parents if each.since <= at and (each.until is None or at < each.until)}

    def register_fits(self, at: int) -> bool:
        """Say whether the register's word and the list agree."""
        count = len(self.holders(at))
        return count == 1 if self.register == "sole" else count > 1


@dataclass
class Agreement:
    """One consent to share, and everything that was said on it: `(who, when)`."""

    purpose: str
    sender_outside_health: bool
    receiver_outside_health: bool
    asked: int
    share_until: int
    read_until: int
    own_sender: str | None = None
    signed: list[tuple[str, int]] = field(default_factory=list)
    told: list[tuple[str, int]] = field(default_factory=list)
    noes: list[tuple[str, int]] = field(default_factory=list)


Hearings = list[tuple[int, str]]
"""When the child was asked, and what it said: for, against or unable."""


def years(born: date, at: int) -> int:
    """Count birthdays: midnight in Oslo; a child of 29 February has its day on the 28th where there is no 29th."""
    today = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at)).astimezone(OSLO).date()
    count = 0
    while True:
        year = born.year + count + 1
        try:
            birthday = born.replace(year=year)
        except ValueError:
            birthday = date(year, 2, 28)
        if birthday > today:
            return count
        count += 1


def must_sign(family: Family, agreement: Agreement, at: int) -> set[str] | None:
    """Name everybody who must sign now; null where nobody can. One of several is said by `one_is_enough`."""
    age, parents = years(family.born, at), family.holders(at)
    if agreement.purpose == "own-sending":
        sender = agreement.own_sender
        allowed = (sender == family.youth and age >= 12) or (sender in parents and age < 16)
        return {sender} if sender is not None and allowed else None
    if age >= 16:
        return {family.youth}
    if not parents:
        return None
    return parents | ({family.youth} if age == 15 and _youth_co_signs(agreement) else set())


def may_ask(family: Family, agreement: Agreement, at: int) -> bool:
    """Say whether the consent may be asked for now: somebody can sign, and below 16 the register is clear."""
    if must_sign(family, agreement, at) is None:
        return False
    return years(family.born, at) >= 16 or family.register_fits(at)


def one_is_enough(family: Family, agreement: Agreement, at: int) -> bool:
    """Say whether one parent's signature is enough, when the others are told and do not object."""
    outside = agreement.sender_outside_health or agreement.receiver_outside_health
    return agreement.purpose == "discharge" and not outside and years(family.born, at) < 16


def must_be_heard(family: Family, agreement: Agreement, at: int) -> bool:
    """Say whether the child's view must be on record."""
    return agreement.purpose != "own-sending" and 7 <= years(family.born, at) < 16


def may_withdraw(family: Family, agreement: Agreement, who: str, at: int) -> bool:
    """Say whether somebody may take the consent back now."""
    if who == agreement.own_sender:
        return True
    if years(family.born, at) >= 16:
        return who == family.youth
    voices = must_sign(family, agreement, at) or set()
    # Whoever need not sign a discharge may object to it: from 12 the youth too.
    if one_is_enough(family, agreement, at) and years(family.born, at) >= 12:
        voices = voices | {family.youth}
    return who in voices


def may_share(family: Family, agreement: Agreement, hearings: Hearings, at: int) -> bool:
    """Say whether something may be sent now."""
    return _complete(family, agreement, hearings, at) and _stands(family, agreement, hearings, at, at)


def may_open(family: Family, agreement: Agreement, hearings: Hearings, shared: int, at: int) -> bool:
    """Say whether what was sent at one instant may be read at another."""
    return _complete(family, agreement, hearings, shared) and _stands(family, agreement, hearings, shared, at)


def _youth_co_signs(agreement: Agreement) -> bool:
    if agreement.purpose == "referral":
        return agreement.sender_outside_health
    return agreement.sender_outside_health or agreement.receiver_outside_health


def _complete(family: Family, agreement: Agreement, hearings: Hearings, then: int) -> bool:
    """Say whether the right people had done their part by an instant."""
    required = must_sign(family, agreement, then)
    if required is None or not agreement.asked <= then < agreement.share_until:
        return False
    signed = {who for who, when in agreement.signed if when <= then and _was_asked(family, agreement, who, when)}
    if one_is_enough(family, agreement, then):
        told = {who for who, when in agreement.told if when + SEVEN_DAYS <= then}
        if not signed & required or not required <= signed | told:
            return False
    elif not required <= signed:
        return False
    return not must_be_heard(family, agreement, then) or _was_heard(family, hearings, then)


def _was_asked(family: Family, agreement: Agreement, who: str, when: int) -> bool:
    return when < agreement.share_until and who in (must_sign(family, agreement, when) or set())


def _was_heard(family: Family, hearings: Hearings, then: int) -> bool:
    """Say whether the child was asked; what it said before it was 12 is not enough when it is."""
    grown = years(family.born, then) >= 12
    return any(when <= then and (not grown or years(family.born, when) >= 12) for when, _ in hearings)


def _stands(family: Family, agreement: Agreement, hearings: Hearings, then: int, now: int) -> bool:
    """Say whether nothing that has happened since stands in the way."""
    if now >= agreement.read_until or any(when <= now for _, when in agreement.noes):
        return False
    if years(family.born, now) < 16 and not family.register_fits(now):
        return False
    if not must_be_heard(family, agreement, then):
        return True
    own_words = [(when, said) for when, said in hearings if when <= now and years(family.born, when) >= 12]
    # Of two answers at one instant the no counts.
    return not own_words or max(own_words, key=lambda one: (one[0], one[1] == "against"))[1] != "against"
