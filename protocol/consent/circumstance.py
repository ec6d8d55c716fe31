"""In what circumstances somebody is asked to sign: what is recorded of one matter that changes whom the law asks.

Who signs is in the rules; here is only which of them hold, at which instant (pbrl §§ 3-4, 4-3).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from protocol.consent.case import Case, Shield
from protocol.consent.terms import Terms
from protocol.consent.vocabulary import Aspect, Circumstance
from protocol.identifiers import Instant, PersonId


@dataclass(frozen=True, slots=True)
class Recorded:
    """What is recorded of one matter and may count: decided shields that hide its content."""

    shields: tuple[Shield, ...] = ()

    @property
    def turns(self) -> frozenset[Instant]:
        """The instants at which something here begins or ends."""
        ends = (each for shield in self.shields for each in (shield.holds_from, shield.holds_to))
        return frozenset(each for each in ends if each is not None)

    def at(self, holders: frozenset[PersonId], at: Instant) -> Circumstance:
        """Return what the law is asked in at an instant; `holders` have parental responsibility then.

        A matter is shielded while every one of them is kept from its content. Where nobody holds parental
        responsibility nobody is, and a guardian who came later has been told nothing of a decision: both are ordinary.
        """
        hidden = {person for each in self.shields if each.holds(at) for person in each.persons}
        return Circumstance.SHIELDED if holders and holders <= hidden else Circumstance.ORDINARY


NOTHING = Recorded()


def recorded(shields: Iterable[Shield]) -> Recorded:
    """Return what of one matter's shields may count: decisions. What the youth has only asked for hides, no more."""
    return Recorded(tuple(each for each in shields if not each.provisional and Aspect.CONTENT in each.hides))


def around(case: Case, terms: Terms) -> Recorded:
    """Return what is recorded of the matter that terms are about."""
    return recorded(each for each in case.shields if each.matter == terms.matter) if case.shields else NOTHING
