"""From the words on a matter's shields to who is hidden from what, and when (pbrl § 3-4, DOMAIN E13).

What the youth asks for hides at once. What a professional then decides never shows anything by itself: a no, or a yes
to less, begins to count `TOLD_FIRST` after the youth has been told of it. No shield ends by the passing of time: at its
review the power to leave the others out of signing ends, and hiding goes on until somebody says otherwise.
All instants are those of the log's entries, so what was known when is what held when.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from protocol.consent.age import Band, band
from protocol.consent.case import Sheet, Shield
from protocol.consent.law import minor, youth
from protocol.consent.vocabulary import ALL_ASPECTS, Aspect, Ground
from protocol.identifiers import Instant, MatterId, PersonId

_DAY = 24 * 60 * 60 * 1000
TOLD_FIRST = 7 * _DAY
"""How long before anybody else the youth is told that a matter will be shown, in milliseconds."""

LONGEST_REVIEW = 183 * _DAY
"""How far ahead a professional may put the review of a decision, in milliseconds."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody asked that the matter be hidden from these persons."""

    at: Instant
    ground: Ground
    persons: frozenset[PersonId]


@dataclass(frozen=True, slots=True)
class Decided:
    """A professional decided, by the statement of this digest; whoever declines hides nothing, from no persons."""

    at: Instant
    ground: Ground
    digest: str
    persons: frozenset[PersonId]
    hides: frozenset[Aspect]
    review_at: Instant


@dataclass(frozen=True, slots=True)
class Told:
    """The youth was told of the decision of this digest."""

    at: Instant
    decision: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The youth ended what the youth had asked for."""

    at: Instant


Word = Asked | Decided | Told | Ended


@dataclass(frozen=True, slots=True)
class _Cover:
    """A shield in the making; `awaiting` is the decision after which it ends, once the youth has been told of it."""

    shield: Shield
    ground: Ground
    awaiting: int | None = None


@dataclass(frozen=True, slots=True)
class Shielding:
    """What the words on one matter come to: shields with their grounds, and the last decision if one stands."""

    grounds: tuple[tuple[Shield, Ground], ...]
    standing: Decided | None

    @property
    def shields(self) -> tuple[Shield, ...]:
        """The shields alone."""
        return tuple(shield for shield, _ in self.grounds)

    def grounds_at(self, at: Instant) -> frozenset[Ground]:
        """Return on what grounds something is hidden at an instant."""
        return frozenset(ground for shield, ground in self.grounds if shield.holds(at))

    def hidden(self, person: PersonId, at: Instant) -> frozenset[Aspect]:
        """Return what is hidden from a person at an instant."""
        return hidden_by(self.shields, person, at)

    @property
    def declined(self) -> bool:
        """Say whether the decision that stands is a no."""
        return self.standing is not None and not self.standing.persons


def shielding(matter: MatterId, words: Iterable[Word]) -> Shielding:
    """Derive a matter's shields from the words on it, in the log's order. Total: what makes no sense counts nothing."""
    covers: list[_Cover] = []
    decisions: list[Decided] = []
    standing: Decided | None = None
    for word in words:
        if isinstance(word, Asked):
            if standing is None:
                covers.append(_cover(matter, word.persons, word.ground, word.at))
        elif isinstance(word, Decided):
            decisions.append(word)
            standing = word
            covers = [_after_decision(each, word, len(decisions) - 1) for each in covers]
            if word.persons:
                covers += _withheld(matter, word)
        elif isinstance(word, Told):
            known = [number for number, each in enumerate(decisions) if each.digest == word.decision]
            covers = [_after_notice(each, word.at, max(known, default=-1)) for each in covers]
        else:
            covers = [_cut(each, word.at) if each.ground is Ground.YOUTH_ASKS else each for each in covers]
            if standing is not None and standing.persons and standing.ground is Ground.YOUTH_ASKS:
                # A no stands: the youth cannot end what they asked for and ask again, past the professional.
                standing = None
    return Shielding(tuple((each.shield, each.ground) for each in covers if not _empty(each.shield)), standing)


def hidden_by(shields: Iterable[Shield], person: PersonId, at: Instant) -> frozenset[Aspect]:
    """Return what these shields, all of one matter, hide from a person at an instant."""
    return whole(
        aspect for shield in shields if person in shield.persons and shield.holds(at) for aspect in shield.hides
    )


def whole(hides: Iterable[Aspect]) -> frozenset[Aspect]:
    """Return what is hidden in effect: existence and unit names are not hidden without everything else.

    Terms name their units, and are shown as they were signed or not at all.
    """
    found = frozenset(hides)
    return ALL_ASPECTS if found & {Aspect.EXISTENCE, Aspect.UNIT_NAME} else found


def may_stand_on(ground: Ground, birth_date: date, at: Instant) -> bool:
    """Say whether the law knows this ground at this age: 12 to 15 if the youth asks, below 16 for weighty concerns."""
    if ground is Ground.WEIGHTY:
        return minor(birth_date, at)
    return band(birth_date, at) in {Band.FROM_12, Band.AT_15}


def may_be_shut_out(sheet: Sheet, persons: Iterable[PersonId], at: Instant) -> bool:
    """Say whether all of these stand on the sheet and none of them is the youth: nobody is hidden from themself."""
    listed = {each.person for each in (*sheet.may_sign, *sheet.may_know) if each.holds(at)}
    named = set(persons)
    return named <= listed and not named & youth(sheet, at)


def _cover(matter: MatterId, persons: frozenset[PersonId], ground: Ground, at: Instant) -> _Cover:
    return _Cover(Shield(matter=matter, persons=persons, provisional=True, holds_from=at, holds_to=None), ground)


def _withheld(matter: MatterId, word: Decided) -> list[_Cover]:
    """Hide for as long as nobody says otherwise, and until the review leave the others out of signing too."""
    hiding = _cover(matter, word.persons, word.ground, word.at)
    lasting = replace(hiding.shield, hides=whole(word.hides))
    firm = replace(lasting, provisional=False, holds_to=word.review_at)
    return [_Cover(firm, word.ground), _Cover(lasting, word.ground)]


def _after_decision(cover: _Cover, word: Decided, number: int) -> _Cover:
    """Let what is hidden and would be shown go on hiding until the youth has been told."""
    before = cover.shield
    if not before.provisional or (before.persons <= word.persons and before.hides <= whole(word.hides)):
        return _cut(cover, word.at)
    return cover if cover.awaiting is not None else replace(cover, awaiting=number)


def _after_notice(cover: _Cover, at: Instant, number: int) -> _Cover:
    if cover.awaiting is None or cover.awaiting > number:
        return cover
    return _cut(cover, Instant(at + TOLD_FIRST))


def _cut(cover: _Cover, at: Instant) -> _Cover:
    to = cover.shield.holds_to
    return replace(cover, shield=replace(cover.shield, holds_to=at if to is None else min(at, to)))


def _empty(shield: Shield) -> bool:
    return shield.holds_to is not None and shield.holds_to <= shield.holds_from
