"""Who may keep whom out of everything around a child, and what that hides. Pure: facts in, answers out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from protocol.consent.case import Sheet, Shield
from protocol.consent.law import guardians, minor, youth
from protocol.identifiers import Instant, MatterId, PersonId, SubjectId, UnitId


@dataclass(frozen=True, slots=True)
class KeptOut:
    """A person is kept out of everything around a child, by the statement of this digest.

    `mailbox` is where they work (an exclusion by the family), or null where health personnel blocks somebody of it,
    for `unit`. `ended_at` is null while it holds.
    """

    digest: str
    subject: SubjectId
    person: PersonId
    by: PersonId
    mailbox: UnitId | None
    unit: UnitId | None
    at: Instant
    ended_at: Instant | None = None

    def holds(self, at: Instant) -> bool:
        """Say whether it holds at an instant."""
        return self.at <= at and (self.ended_at is None or at < self.ended_at)

    def shield(self, matter: MatterId) -> Shield:
        """Return what it hides of one matter: everything. It takes nobody's signature away, so it is provisional."""
        return Shield(
            matter=matter,
            persons=frozenset({self.person}),
            provisional=True,
            holds_from=self.at,
            holds_to=self.ended_at,
        )


def may_exclude(sheet: Sheet, who: PersonId, at: Instant) -> bool:
    """Say whether somebody may keep a member of staff out: each guardian alone and the youth, from 16 the youth."""
    alone = youth(sheet, at)
    return who in (alone | guardians(sheet, at) if minor(sheet.birth_date, at) else alone)


def may_be_excluded(sheet: Sheet, person: PersonId, at: Instant) -> bool:
    """Say whether a family may keep somebody out by itself: nobody who stands on the sheet, whoever employs them."""
    return not any(each.person == person and each.holds(at) for each in (*sheet.may_sign, *sheet.may_know))


def may_end(word: KeptOut, sheet: Sheet, who: PersonId, at: Instant) -> bool:
    """Say whether somebody of the family may end an exclusion: whoever said it, or others once that one may not."""
    return may_exclude(sheet, who, at) and (who == word.by or not may_exclude(sheet, word.by, at))


def without(words: Iterable[KeptOut], mailbox: UnitId, at: Instant) -> tuple[PersonId, ...]:
    """Return whom a mailbox must be without for these words on one child, rising; nobody: its own will do."""
    return tuple(sorted({each.person for each in words if each.mailbox == mailbox and each.holds(at)}))
