"""In what circumstances somebody is asked to sign: what is recorded of one matter that changes whom the law asks.

Who signs is in the rules; here is only which of them hold, at which instant (pbrl §§ 3-4, 4-3, 4-5, 4-6).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from protocol.consent.case import Case, Incapacity, Shield
from protocol.consent.terms import Terms
from protocol.consent.vocabulary import Aspect, Circumstance
from protocol.identifiers import Instant, PersonId


@dataclass(frozen=True, slots=True)
class Recorded:
    """What is recorded of one matter and may count: decided shields that hide its content, lack of capacity."""

    shields: tuple[Shield, ...] = ()
    incapacities: tuple[Incapacity, ...] = ()

    @property
    def turns(self) -> frozenset[Instant]:
        """The instants at which something here begins or ends."""
        ends = [each for fact in (*self.shields, *self.incapacities) for each in (fact.holds_from, fact.holds_to)]
        return frozenset(each for each in (*ends, *(fact.known_at for fact in self.incapacities)) if each is not None)

    def at(self, holders: frozenset[PersonId], at: Instant) -> Circumstance:
        """Return what the law is asked in at an instant; `holders` have parental responsibility then.

        A matter is shielded while every one of them is kept from its content. Where nobody holds parental
        responsibility nobody is, and a guardian who came later has been told nothing of a decision: both are ordinary.
        Whoever cannot consent does not sign alone either, so lack of capacity comes first.
        """
        if any(each.known_at <= at and each.holds(at) for each in self.incapacities):
            return Circumstance.WITHOUT_CAPACITY
        hidden = {person for each in self.shields if each.holds(at) for person in each.persons}
        return Circumstance.SHIELDED if holders and holders <= hidden else Circumstance.ORDINARY


NOTHING = Recorded()


def recorded(shields: Iterable[Shield]) -> Recorded:
    """Return what of one matter's shields may count: decisions. What the youth has only asked for hides, no more."""
    return Recorded(tuple(each for each in shields if not each.provisional and Aspect.CONTENT in each.hides))


def around(case: Case, terms: Terms) -> Recorded:
    """Return what is recorded of the matter that terms are about, and for their purpose."""
    if not case.shields and not case.incapacities:
        return NOTHING
    found = recorded(each for each in case.shields if each.matter == terms.matter)
    return replace(found, incapacities=tuple(each for each in case.incapacities if _is_for(each, terms)))


def _is_for(fact: Incapacity, terms: Terms) -> bool:
    return (fact.subject, fact.matter) == (terms.subject, terms.matter) and terms.purpose in fact.purposes
