"""A synthetic town for the comparison of decisions: families, their consents, and the questions that are asked of them.

Everything is drawn from one seed. Each question is made to be permitted or to fail in one known way, so that the right
answer is known from how it was made, and every side is held to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from random import Random
from typing import NamedTuple, TypeVar

from protocol.consent.age import instant_of
from protocol.consent.ask import Actor, Ask
from protocol.consent.case import (
    AcceptedRules,
    Case,
    ConsentFacts,
    Dated,
    Hearing,
    Holder,
    Membership,
    Sheet,
    Signature,
    UnitFacts,
)
from protocol.consent.coverage import situation_of_terms
from protocol.consent.law import Requirements, requirements, roles
from protocol.consent.ruleset import current_rules
from protocol.consent.terms import Terms, Text, UnitParty
from protocol.consent.vocabulary import (
    Act,
    Capacity,
    Category,
    Evidence,
    Kind,
    Language,
    Outcome,
    Purpose,
    Regime,
    Responsibility,
)
from protocol.identifiers import ConsentId, Identifier, Instant, MatterId, PersonId, SubjectId, UnitId
from protocol.texts import Contents, consent_text

CONSENTS_EACH = 4
"""Consents of one family, each in a matter of its own."""
QUESTIONS_EACH = 5
"""Questions about one consent: two within what was agreed, three that miss it in one way each."""

_UNITS, _STAFF = 60, 1
_DAY = 24 * 60 * 60 * 1000
_START = instant_of(datetime(2026, 9, 1, 8, tzinfo=UTC))
_END = Instant(_START + 400 * _DAY)
_BORN = (date(2023, 5, 4), date(2017, 5, 4), date(2010, 5, 4))
"""At three both guardians sign, at nine the child is heard too, at sixteen the youth alone signs."""
_AGREED = (Category.HEALTH_NOTE, Category.MESSAGE)

I = TypeVar("I", bound=Identifier)  # noqa: E741  (an identifier of any kind)


@dataclass(frozen=True, slots=True)
class Place:
    """A unit and its staff."""

    unit: UnitId
    staff: tuple[PersonId, ...]


class Question(NamedTuple):
    """One question about a family's case, and whether it is to be permitted."""

    family: int
    ask: Ask
    at: Instant
    permitted: bool


class Town(NamedTuple):
    """Everything that is decided on, and the questions in the order they are asked."""

    places: list[Place]
    cases: list[Case]
    questions: list[Question]


def town(families: int, seed: int = 1) -> Town:
    """Draw a town; a seed always gives the same one."""
    draw = _Draw(Random(seed))  # noqa: S311  (synthetic people, drawn the same each time)
    places = [Place(draw.id(UnitId), tuple(draw.id(PersonId) for _ in range(_STAFF))) for _ in range(_UNITS)]
    cases, questions = [], []
    for number in range(families):
        case, asked = draw.family(places)
        cases.append(case)
        questions += [Question(number, *each) for each in asked]
    draw.random.shuffle(questions)
    return Town(places, cases, questions)


class _Draw:
    def __init__(self, random: Random) -> None:
        self.random = random

    def id(self, kind: type[I]) -> I:
        return kind.of(self.random.randbytes(16))

    def family(self, places: Sequence[Place]) -> tuple[Case, list[tuple[Ask, Instant, bool]]]:
        gp, bup, team = near = self.random.sample(places, 3)
        sheet = self._sheet()
        case = Case(
            sheet=sheet,
            units={each.unit: UnitFacts(Regime.HEALTH, frozenset(), _END, active=True) for each in near},
            memberships=tuple(
                Membership(person=person, unit=each.unit, holds_from=_START, holds_to=None)
                for each in near
                for person in each.staff
            ),
            consents=(),
            hearings=(),
            assessments=(),
            shields=(),
            exceptions=(),
            rule_sets=(AcceptedRules(digest=current_rules().digest, holds_from=Instant(0), holds_to=None),),
        )
        consents, hearings, asked = [], [], []
        for sender, receiver, other in ((gp, bup, team), (bup, gp, team), (gp, team, bup), (team, gp, bup)):
            consent, whole = self._consent(case, sheet, sender, receiver)
            consents.append(consent)
            made = consent.terms.made
            hearings.append(Hearing(sheet.subject, consent.terms.matter, Outcome.FOR, sender.staff[0], made))
            asked += self._questions(consent, sender, other, whole=whole)
        return replace(case, consents=tuple(consents), hearings=tuple(hearings)), asked

    def _sheet(self) -> Sheet:
        capacities = (Capacity.GUARDIAN, Capacity.GUARDIAN, Capacity.SELF)
        signers = tuple(
            Holder(person=self.id(PersonId), capacity=each, holds_from=Instant(0), holds_to=None, known_at=Instant(0))
            for each in capacities
        )
        return Sheet(
            subject=self.id(SubjectId),
            birth_date=self.random.choice(_BORN),
            number=1,
            not_after=_END,
            responsibility=Responsibility.JOINT,
            may_sign=signers,
            may_know=signers,
        )

    def _consent(self, case: Case, sheet: Sheet, sender: Place, receiver: Place) -> tuple[ConsentFacts, bool]:
        """Draw a consent: of ten, one has been withdrawn and one lacks a signature; the others are whole."""
        made = Instant(_START + self.random.randrange(20 * _DAY))
        terms = self._terms(case, sheet, sender, receiver, made)
        signers = sorted({role.person for role in terms.roles if role.act == "signs"})
        fate = self.random.randrange(10)
        signed = signers[1:] if fate == 0 else signers
        return ConsentFacts(
            terms=terms,
            requested_at=made,
            signatures=tuple(
                Signature(PersonId(person), Instant(made + _DAY), Evidence.OWN_KEY, None) for person in signed
            ),
            withdrawals=(Dated(PersonId(signers[0]), Instant(made + 2 * _DAY)),) if fate == 1 else (),
        ), fate > 1

    def _terms(self, case: Case, sheet: Sheet, sender: Place, receiver: Place, made: Instant) -> Terms:
        draft = Terms(
            v=1,
            id=self.id(ConsentId),
            subject=sheet.subject,
            matter=self.id(MatterId),
            kind=Kind.DISCLOSURE,
            purpose=Purpose.COORDINATION,
            senders=(UnitParty(sender.unit, subunits=False),),
            receivers=(UnitParty(receiver.unit, subunits=False),),
            categories=_AGREED,
            made=made,
            share_until=Instant(made + 90 * _DAY),
            read_until=Instant(made + 180 * _DAY),
            rules=current_rules().digest,
            onward=False,
            roles=(),
            text=Text("-", Language.BOKMAL, "-"),
        )
        situation = situation_of_terms(draft, case)
        asked = None if situation is None else requirements(current_rules(), situation, sheet, made)
        if not isinstance(asked, Requirements):
            raise TypeError(f"the rules ask nobody in this town: {asked}")
        names = {sender.unit: "Fastlegen", receiver.unit: "BUP"}
        text = consent_text(Contents.of(draft), names, Language.BOKMAL)
        return replace(draft, roles=roles(asked, sheet), text=text)

    def _questions(
        self, consent: ConsentFacts, sender: Place, other: Place, *, whole: bool
    ) -> list[tuple[Ask, Instant, bool]]:
        terms = consent.terms
        agreed = Ask(
            act=Act.SHARE,
            subject=terms.subject,
            matter=terms.matter,
            purpose=terms.purpose,
            sender=Actor(self.random.choice(sender.staff), sender.unit),
            receivers=(terms.receivers[0].id,),
            reader=None,
            categories=_AGREED[:1],
            consents=(terms.digest,),
            shared_at=None,
        )
        within = range(terms.made + 3 * _DAY, terms.share_until)
        outside = self.random.choice((range(terms.made - _DAY, terms.made), range(terms.share_until, terms.read_until)))
        missing = self.random.sample(self._missing(agreed, other), 2)
        return [
            (agreed, self._moment(within), whole),
            (agreed, self._moment(within), whole),
            (agreed, self._moment(outside), False),
            *((ask, self._moment(within), False) for ask in missing),
        ]

    def _missing(self, agreed: Ask, other: Place) -> list[Ask]:
        """Give questions that each miss in one way what was agreed."""
        return [
            replace(agreed, sender=Actor(other.staff[0], other.unit)),
            replace(agreed, sender=Actor(other.staff[0], agreed.sender.unit)),
            replace(agreed, receivers=(other.unit,)),
            replace(agreed, categories=(Category.ASSESSMENT,)),
            replace(agreed, purpose=Purpose.REFERRAL),
            replace(agreed, matter=self.id(MatterId)),
            replace(agreed, subject=self.id(SubjectId)),
        ]

    def _moment(self, among: range) -> Instant:
        return Instant(self.random.choice(among))
