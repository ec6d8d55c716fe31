"""The rule table of the domain once more, written from the law's side and as simply as it can be.

Nothing of the program is imported: dates are compared as dates, people are names, purposes are words. Whoever doubts
the engine reads these pages beside the table, and then looks for where the two differ.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.oracle.facts import Agreement, Family, Signed
from tests.oracle.shields import hidden, left_out

OSLO = ZoneInfo("Europe/Oslo")
DAY = 86_400_000
SEVEN_DAYS = 7 * DAY


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


# Who must sign, be heard, be told


def must_sign(family: Family, agreement: Agreement, at: int) -> set[str] | None:
    """Name everybody who must sign now; null where nobody can. One of several is said by `one_is_enough`."""
    age, parents = years(family.born, at), family.holders(at)
    if agreement.purpose == "own-sending":
        sender = agreement.own_sender
        allowed = (sender == family.youth and age >= 12) or (sender in parents and age < 16)
        return {sender} if sender is not None and allowed else None
    if age >= 16 or youth_decides(family, agreement, at):
        return {family.youth}
    if not parents:
        return None
    return parents | ({family.youth} if age == 15 and _youth_co_signs(agreement) else set())


def youth_decides(family: Family, agreement: Agreement, at: int) -> bool:
    """Say whether a youth of 12 to 15 signs alone: a professional keeps every parent from the matter's content."""
    parents = family.holders(at)
    shut_out = bool(parents) and parents <= left_out(agreement.matter.shields, at)
    return shut_out and agreement.purpose != "own-sending" and 12 <= years(family.born, at) < 16


def still_asked(family: Family, agreement: Agreement, at: int) -> set[str] | None:
    """Name who must sign when a recorded ground lifts what it may: within health, and never for everybody."""
    asked = must_sign(family, agreement, at)
    if asked is None or agreement.purpose == "own-sending" or agreement.outside:
        return asked
    return asked - excused(agreement, at) or asked


def excused(agreement: Agreement, at: int) -> set[str]:
    """Name the parents whom a ground by one of the parties lets the others do without."""
    parties = {agreement.sender, agreement.receiver}
    return {each.parent for each in agreement.matter.grounds if each.by in parties and each.made <= at < each.until}


def one_is_enough(family: Family, agreement: Agreement, at: int) -> bool:
    """Say whether one parent's signature is enough, when the others are told and do not object."""
    if agreement.purpose != "discharge" or agreement.outside or youth_decides(family, agreement, at):
        return False
    return years(family.born, at) < 16


def must_be_heard(family: Family, agreement: Agreement, at: int) -> bool:
    """Say whether the child's view must be on record."""
    if agreement.purpose == "own-sending" or youth_decides(family, agreement, at):
        return False
    return 7 <= years(family.born, at) < 16


# What may be said


def may_ask(family: Family, agreement: Agreement, at: int) -> bool:
    """Say whether the consent may be asked for now: somebody can sign, and below 16 the register is clear."""
    if must_sign(family, agreement, at) is None:
        return False
    return years(family.born, at) >= 16 or family.register_fits(at)


def may_refuse(family: Family, agreement: Agreement, who: str, at: int) -> bool:
    """Say whether somebody's no stops the consent: whoever must sign it now."""
    return who in (still_asked(family, agreement, at) or ())


def may_object(family: Family, agreement: Agreement, who: str, at: int) -> bool:
    """Say whether somebody may object: to a discharge that one parent signs, the others, and from 12 the youth."""
    if not one_is_enough(family, agreement, at):
        return False
    return may_refuse(family, agreement, who, at) or (
        who == family.youth and years(family.born, at) >= 12 and bool(family.holders(at))
    )


def may_withdraw(family: Family, agreement: Agreement, who: str, at: int) -> bool:
    """Say whether somebody may take the consent back now, all of it or a part."""
    if who == agreement.own_sender:
        return True
    if years(family.born, at) >= 16:
        return who == family.youth
    # Whoever is not asked any more cannot stop it, but a parent may always take back what they signed themself.
    entitled = family.holders(at) | (must_sign(family, agreement, at) or set())
    own = who in {each.who for each in agreement.signed} and who in entitled
    return own or may_refuse(family, agreement, who, at) or may_object(family, agreement, who, at)


def may_know_of(family: Family, agreement: Agreement, who: str, at: int) -> bool:
    """Say whether somebody may know that the consent exists: its parties, and of the family whoever follows it."""
    if "existence" in hidden(agreement.matter.shields, who, at):
        return False
    if who in {agreement.sender, agreement.receiver}:
        return who not in {"mother", "father"} or who in family.holders(at)
    if agreement.purpose == "own-sending":
        return False
    grown = years(family.born, at) >= 16
    return who == family.youth or (not grown and who in family.holders(at) | family.relatives)


# Sharing and reading


def may_share(family: Family, agreement: Agreement, at: int) -> bool:
    """Say whether a message may be sent now."""
    if agreement.own_sender is not None and "content" in hidden(agreement.matter.shields, agreement.own_sender, at):
        return False
    if agreement.sender in {each.receiver for each in agreement.less if each.when <= at}:
        return False
    return _complete(family, agreement, at, at) and _stands(family, agreement, at, at)


def may_open(family: Family, agreement: Agreement, shared: int, at: int) -> bool:
    """Say whether a message that was sent at one instant may be read at another."""
    return _complete(family, agreement, shared, at) and _stands(family, agreement, shared, at)


def _youth_co_signs(agreement: Agreement) -> bool:
    if agreement.purpose == "referral":
        return agreement.sender in agreement.outside_health
    return agreement.outside


def _complete(family: Family, agreement: Agreement, then: int, now: int) -> bool:
    """Say whether the right people had done their part by an instant, as it is judged now."""
    required = still_asked(family, agreement, then)
    if required is None or not agreement.asked <= then:
        return False
    signed = {
        each.who
        for each in agreement.signed
        if each.when <= then and _was_asked(family, agreement, each) and _is_taken(family, each, now)
    }
    if one_is_enough(family, agreement, then):
        told = {who for who, when in agreement.told if when + SEVEN_DAYS <= then}
        if not signed & required or not required <= signed | told:
            return False
    elif not required <= signed:
        return False
    return not must_be_heard(family, agreement, then) or _was_heard(family, agreement, then)


def _was_asked(family: Family, agreement: Agreement, each: Signed) -> bool:
    return each.when < agreement.share_until and each.who in (must_sign(family, agreement, each.when) or set())


def _is_taken(family: Family, each: Signed, now: int) -> bool:
    return each.record is None or (family.takes_recorded and (each.disputed is None or now < each.disputed))


def _was_heard(family: Family, agreement: Agreement, then: int) -> bool:
    """Say whether the child was asked; what it said before it was 12 is not enough when it is."""
    grown = years(family.born, then) >= 12
    asked = [each.when for each in agreement.hearings() if each.when <= then]
    return any(not grown or years(family.born, when) >= 12 for when in asked)


def _stands(family: Family, agreement: Agreement, then: int, now: int) -> bool:
    """Say whether nothing that has happened since stands in the way."""
    if any(when <= now for _, when in agreement.noes) or _taken_back(agreement, then, now):
        return False
    if years(family.born, now) < 16 and not family.register_fits(now):
        return False
    return not must_be_heard(family, agreement, then) or not _said_no(family, agreement, now)


def _taken_back(agreement: Agreement, then: int, now: int) -> bool:
    """Say whether the consent has ended, or lost the receiver or the messages; an earlier end never reaches back."""
    less = [each for each in agreement.less if each.when <= now]
    if any(each.receiver == agreement.receiver or each.category == "message" for each in less):
        return True
    ends = [agreement.share_until, *(max(each.share_until, each.when) for each in less if each.share_until is not None)]
    reads = [agreement.read_until, *(max(each.read_until, each.when) for each in less if each.read_until is not None)]
    return then >= min(ends) or now >= min(reads)


def _said_no(family: Family, agreement: Agreement, now: int) -> bool:
    """Say whether a youth's last word from 12 on was no, and no professional has assessed it since."""
    own_words = [each for each in agreement.hearings() if each.when <= now and years(family.born, each.when) >= 12]
    if not own_words:
        return False
    # Of two answers at one instant the no counts.
    last = max(own_words, key=lambda one: (one.when, one.said == "against"))
    parties = {agreement.sender, agreement.receiver}
    assessed = any(by in parties and last.when < when <= now for by, when in agreement.matter.assessed)
    return last.said == "against" and not assessed
