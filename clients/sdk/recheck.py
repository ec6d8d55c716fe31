"""What an extract of the register changes on a child's sheet. Pure: the register, the sheet and an instant in.

The register's word is followed where it is clear, and never guessed at where it is not: `andre` and `ukjent` are
written down as what they are, and then nobody can sign until it is settled by hand (DOMAIN E2). Nobody is let in by a
file alone, because a block leaves no trace on a sheet: a new holder waits until the registrar admits them by name.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from clients.sdk.register import Address, Adult, Elsewhere, Entry, LegalCapacity, Register, Responsible, Word
from protocol.consent.age import age, birthday, midnight, wall_clock
from protocol.consent.case import Holder
from protocol.consent.vocabulary import Capacity, Responsibility
from protocol.identifiers import Instant, PersonId, SubjectId
from protocol.statements.identity import SheetBody

_OF_AGE = 18
_SOLE = frozenset({Word.MOTHER, Word.FATHER, Word.CO_MOTHER})


class Finding(StrEnum):
    """What the register says about one child, beside or against the sheet."""

    BIRTH_DATE = "birth-date"
    RESPONSIBILITY = "responsibility"
    HOLDER_BEGINS = "holder-begins"
    HOLDER_ENDS = "holder-ends"
    HOLDER_DIED = "holder-died"
    OF_AGE = "of-age"
    NOT_ADMITTED = "not-admitted"
    """Has responsibility, stands on no list, and nobody has admitted them by name."""
    NOT_ENROLLED = "not-enrolled"
    ORGANISATION = "organisation"
    WITHOUT_NUMBER = "without-number"
    SETTLE_BY_HAND = "settle-by-hand"
    PROTECTED_CHILD = "protected-child"
    PROTECTED_HOLDER = "protected-holder"
    LIMITED_CAPACITY = "limited-capacity"
    CONTRADICTION = "contradiction"
    CHILD_DIED = "child-died"
    OTHER_CHILD = "other-child"
    UNKNOWN_HERE = "unknown-here"


CHANGES = frozenset(
    {
        Finding.BIRTH_DATE,
        Finding.RESPONSIBILITY,
        Finding.HOLDER_BEGINS,
        Finding.HOLDER_ENDS,
        Finding.HOLDER_DIED,
        Finding.OF_AGE,
    }
)
"""What a new sheet says; all others are for somebody to look into."""
STOPS = frozenset({Finding.CONTRADICTION, Finding.CHILD_DIED, Finding.OTHER_CHILD, Finding.UNKNOWN_HERE})
"""With one of these the sheet is left to end: it is neither changed nor prolonged."""


@dataclass(frozen=True, slots=True)
class Found:
    """One finding: whom it is about, what stood there and what is to stand there, where there is such."""

    finding: Finding
    person: PersonId | None = None
    before: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Rechecked:
    """One child: everything found, and the lists of the next sheet, or null where nothing changes or nothing may."""

    subject: SubjectId
    found: tuple[Found, ...]
    body: SheetBody | None = None

    @property
    def stopped(self) -> bool:
        """Say whether somebody must look into it before the sheet is signed or prolonged."""
        return any(each.finding in STOPS for each in self.found)


@dataclass(frozen=True, slots=True)
class _Says:
    """What the lines in force come to."""

    responsibility: Responsibility
    holders: frozenset[PersonId] | None
    """Who of those enrolled holds it; null where the register does not tell, so that the list stays as it is."""
    elsewhere: tuple[Elsewhere, ...]


def recheck(
    entry: Entry, register: Register, sheet: SheetBody, index: str, admitted: Collection[PersonId], at: Instant
) -> Rechecked:
    """Compare one child's sheet with the register at an instant; `index` is the blind index of the entry's number.

    The next sheet has the lists and words that the register gives, the sheet's own number and end.
    """
    stop = _stop(entry, sheet, index, at)
    if stop is not None:
        return Rechecked(entry.subject, (stop, *_notes(entry, register.adults)))
    if age(entry.birth_date, at) >= _OF_AGE:
        found, body = _of_age(entry, sheet, at)
    else:
        found, body = _minor(entry, register, sheet, admitted, at)
    if entry.birth_date != sheet.birth_date:
        found.insert(0, Found(Finding.BIRTH_DATE, None, sheet.birth_date.isoformat(), entry.birth_date.isoformat()))
        body = replace(body, birth_date=entry.birth_date)
    return Rechecked(entry.subject, (*found, *_notes(entry, register.adults)), None if body == sheet else body)


def _stop(entry: Entry, sheet: SheetBody, index: str, at: Instant) -> Found | None:
    if index != sheet.index:
        return Found(Finding.OTHER_CHILD)
    if entry.died is not None:
        return Found(Finding.CHILD_DIED, None, None, entry.died.isoformat())
    young = age(entry.birth_date, at) < _OF_AGE
    contradicts = young and _says(entry, at) is None
    return Found(Finding.CONTRADICTION) if contradicts else None


def _of_age(entry: Entry, sheet: SheetBody, at: Instant) -> tuple[list[Found], SheetBody]:
    """End what rests on parental responsibility at the 18th birthday (DOMAIN E25)."""
    guardians = _present(sheet, at)
    if not guardians:
        return [], sheet
    end = birthday(entry.birth_date, _OF_AGE)
    return [Found(Finding.OF_AGE)], _with_ended(sheet, guardians, end)


def _minor(
    entry: Entry, register: Register, sheet: SheetBody, admitted: Collection[PersonId], at: Instant
) -> tuple[list[Found], SheetBody]:
    says = _says(entry, at)
    assert says is not None  # noqa: S101  (`_stop` has asked)
    present = _present(sheet, at)
    dead = {each for each in present if _died(register.adults.get(each))}
    wanted = present if says.holders is None else says.holders
    alive = frozenset(each for each in wanted if not _died(register.adults.get(each)))
    begins = {each for each in alive - present if each in admitted}
    word = _word(says, alive, died=len(wanted) - len(alive))
    found = [Found(Finding.HOLDER_DIED, each) for each in sorted(dead)]
    found += [Found(Finding.HOLDER_ENDS, each) for each in sorted(present - wanted - dead)]
    found += [Found(Finding.HOLDER_BEGINS, each) for each in sorted(begins)]
    found += [Found(Finding.NOT_ADMITTED, each) for each in sorted(alive - present - begins)]
    if word is not sheet.responsibility:
        found.append(Found(Finding.RESPONSIBILITY, None, str(sheet.responsibility), str(word)))
    if word in {Responsibility.OTHER, Responsibility.UNKNOWN}:
        found.append(Found(Finding.SETTLE_BY_HAND))
    found += [Found(Finding(each)) for each in sorted(set(says.elsewhere))]
    body = _with_ended(sheet, present - alive, at)
    lines = {each.holder: each for each in entry.responsibility if isinstance(each.holder, PersonId)}
    new = tuple(_begun(person, lines[person], at) for person in sorted(begins))
    body = replace(body, may_sign=body.may_sign + new, may_know=body.may_know + new, responsibility=word)
    return found, body


def _says(entry: Entry, at: Instant) -> _Says | None:
    """Read the lines in force today; None where they contradict each other."""
    today = wall_clock(at).date()
    lines = [each for each in entry.responsibility if each.holds(today)]
    words = {each.type for each in lines}
    persons = frozenset(each.holder for each in lines if isinstance(each.holder, PersonId))
    elsewhere = tuple(each.holder for each in lines if isinstance(each.holder, Elsewhere))
    if not words or words == {Word.UNKNOWN}:
        return _Says(Responsibility.UNKNOWN, None, elsewhere)
    if words == {Word.OTHER}:
        return _Says(Responsibility.OTHER, None, elsewhere)
    if len(persons) + len(elsewhere) != len(lines):
        return None
    if words == {Word.JOINT} and len(lines) > 1:
        return _Says(Responsibility.JOINT, persons, elsewhere)
    if words <= _SOLE and len(lines) == 1:
        return _Says(Responsibility.SOLE, persons, elsewhere)
    return None


def _word(says: _Says, alive: frozenset[PersonId], *, died: int) -> Responsibility:
    """Return the sheet's word: of joint holders of whom one is left alone, that one is sole (barnelova § 38)."""
    if says.holders is None or not died:
        return says.responsibility
    if not alive and not says.elsewhere:
        return Responsibility.UNKNOWN
    return Responsibility.SOLE if len(alive) + len(says.elsewhere) == 1 else says.responsibility


def _notes(entry: Entry, adults: Mapping[PersonId, Adult]) -> list[Found]:
    """Tell what a registrar must look into beside the lists: protected addresses, limited capacity (DOMAIN E6, E20)."""
    notes = [] if entry.address is Address.OPEN else [Found(Finding.PROTECTED_CHILD, None, None, str(entry.address))]
    holders = sorted({each.holder for each in entry.responsibility if isinstance(each.holder, PersonId)})
    for adult in (adults[each] for each in holders if each in adults):
        if adult.address is not Address.OPEN:
            notes.append(Found(Finding.PROTECTED_HOLDER, adult.person, None, str(adult.address)))
        if adult.capacity is not LegalCapacity.FULL:
            notes.append(Found(Finding.LIMITED_CAPACITY, adult.person, None, str(adult.capacity)))
    return notes


def _present(sheet: SheetBody, at: Instant) -> frozenset[PersonId]:
    guardians = (each for each in sheet.may_sign if each.capacity is Capacity.GUARDIAN)
    return frozenset(each.person for each in guardians if each.holds(at))


def _with_ended(sheet: SheetBody, persons: Collection[PersonId], at: Instant) -> SheetBody:
    """End what these hold as guardians, on both lists; what was signed before can still be judged."""

    def ended(each: Holder) -> Holder:
        open_end = each.holds_to is None or at < each.holds_to
        if each.person not in persons or each.capacity is not Capacity.GUARDIAN or not open_end:
            return each
        return replace(each, holds_to=max(at, Instant(each.holds_from + 1)))

    return replace(sheet, may_sign=tuple(map(ended, sheet.may_sign)), may_know=tuple(map(ended, sheet.may_know)))


def _begun(person: PersonId, line: Responsible, at: Instant) -> Holder:
    """Put a new holder on the lists: it holds since the register's day, and counts from when this is known."""
    since = at if line.since is None else min(at, midnight(line.since))
    until = None if line.until is None else midnight(line.until)
    return Holder(
        person=person, capacity=Capacity.GUARDIAN, holds_from=Instant(max(since, 0)), holds_to=until, known_at=at
    )


def _died(adult: Adult | None) -> bool:
    return adult is not None and adult.died is not None
