"""Who must sign, who is heard, who is informed, who may object: the rules applied to the facts of one child."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache

from protocol.consent.age import Band, band, months_after, thresholds
from protocol.consent.answer import Missing, Reason
from protocol.consent.authority import Authority
from protocol.consent.case import Holder, Sheet
from protocol.consent.circumstance import NOTHING, Recorded
from protocol.consent.guardianship import (
    NO_GROUPS,
    NO_PERSONS,
    Groups,
    GuardiansPart,
    each,
    guardians_part,
    is_settled,
    who,
)
from protocol.consent.ruleset import Informed, MayObject, Pair, Rule, RuleSet, Signs
from protocol.consent.terms import PersonParty, Role, Terms
from protocol.consent.vocabulary import Capacity, Category, Circumstance, Kind, Purpose, Responsibility, RoleAct
from protocol.identifiers import Instant, PersonId

_OWN_OBSERVATIONS = frozenset({Category.OWN_OBSERVATIONS})
_GUARDIANS_SIGN = frozenset({Signs.ALL_GUARDIANS, Signs.GUARDIANS_AND_YOUTH, Signs.ONE_GUARDIAN})
_YOUTH_SIGNS = frozenset({Signs.GUARDIANS_AND_YOUTH, Signs.YOUTH})
_GUARDIANS_OBJECT = frozenset({MayObject.OTHER_GUARDIANS, MayObject.OTHER_GUARDIANS_AND_YOUTH})
_YOUTH_OBJECTS = frozenset({MayObject.OTHER_GUARDIANS_AND_YOUTH, MayObject.YOUTH})
_MINORS = frozenset({Band.UNDER_7, Band.FROM_7, Band.FROM_12, Band.AT_15})


@dataclass(frozen=True, slots=True)
class Situation:
    """What a consent is for, as far as the law asks.

    `pairs` holds the regimes of every sender with every receiver; `own_senders` the persons an own sending comes from;
    `recorded` what is recorded of the matter that may change whom the law asks.
    """

    purpose: Purpose
    kind: Kind
    categories: frozenset[Category]
    pairs: frozenset[Pair]
    own_senders: frozenset[PersonId] = NO_PERSONS
    recorded: Recorded = NOTHING


@dataclass(frozen=True)
class Requirements:
    """What the law asks. Of each group in `groups` one person must sign; `rules` is the sorted ids of the rules.

    `by_guardians` says whether a rule asks those who have parental responsibility: then it must be clear who they are.
    """

    groups: tuple[frozenset[PersonId], ...]
    heard: bool
    informed: frozenset[PersonId]
    objectors: frozenset[PersonId]
    rules: tuple[str, ...]
    by_guardians: bool = False

    @cached_property
    def signers(self) -> frozenset[PersonId]:
        """Everybody whose signature counts."""
        return NO_PERSONS.union(*self.groups)


def guardians(sheet: Sheet, at: Instant) -> frozenset[PersonId]:
    """Return who held parental responsibility at an instant, as far as it was known then."""
    return who(sheet.may_sign, Capacity.GUARDIAN, at)


def youth(sheet: Sheet, at: Instant) -> frozenset[PersonId]:
    """Return the subject's own person, or nobody while the subject has no key."""
    return who(sheet.may_sign, Capacity.SELF, at)


def minor(birth_date: date, at: Instant) -> bool:
    """Say whether the subject is under 16, below health-law majority (pbrl § 4-3)."""
    return band(birth_date, at) in _MINORS


def requirements(rules: RuleSet, situation: Situation, sheet: Sheet, at: Instant) -> Requirements | Reason:
    """Derive who must act at an instant, or say why nobody can.

    Several regimes: the rule of each pair of sender and receiver is found, and what they ask is united.
    """
    return law_of(rules, situation, sheet).asks(at)


def law_of(rules: RuleSet, situation: Situation, sheet: Sheet) -> Law:
    """Return the law of one situation around one child, to ask it for several instants."""
    return _law(rules, situation, sheet.birth_date, sheet.may_sign, sheet.authorities)


class Law:
    """What the law asks in one situation around one child: derived once for each stretch of time that sees no turn.

    A turn is a birthday that matters, a rule that begins, a holder or authority that begins, ends or becomes known, or
    something recorded that begins or ends.
    """

    def __init__(
        self,
        rules: RuleSet,
        situation: Situation,
        birth_date: date,
        may_sign: tuple[Holder, ...],
        authorities: tuple[Authority, ...],
    ) -> None:
        self._rules, self._situation, self._birth_date, self._may_sign = rules, situation, birth_date, may_sign
        self._authorities = authorities
        turns = {*thresholds(birth_date), *rules.beginnings, *situation.recorded.turns}
        turns = turns.union(*(one.turns for one in authorities))
        for one in may_sign:
            turns |= {one.known_at, one.holds_from, one.holds_from if one.holds_to is None else one.holds_to}
        self._turns = sorted(turns)
        self._derived: dict[int, Requirements | Reason] = {}

    def asks(self, at: Instant) -> Requirements | Reason:
        """Return who must act at an instant, or why nobody can."""
        stretch = bisect_right(self._turns, at)
        asked = self._derived.get(stretch)
        if asked is None:
            asked = self._derived[stretch] = self._derive(at)
        return asked

    def _derive(self, at: Instant) -> Requirements | Reason:
        situation = self._situation
        if situation.kind not in self._rules.purposes[situation.purpose].kinds:
            return Reason.KIND_NOT_ALLOWED
        part = guardians_part(self._rules, self._authorities, self._may_sign, situation.purpose, at)
        circumstance = situation.recorded.at(NO_PERSONS.union(*part.groups), at)
        found = _rules(self._rules, situation, self._birth_date, circumstance, at)
        if not found:
            return Reason.RULES_UNKNOWN
        return _apply(found, part, who(self._may_sign, Capacity.SELF, at), situation)


# Every signature and every share under a consent asks for the same few situations around the same children.
_law = lru_cache(maxsize=4_096)(Law)


def _apply(
    found: frozenset[Rule], part: GuardiansPart, selves: frozenset[PersonId], situation: Situation
) -> Requirements | Reason:
    """Apply rules to people, uniting what they ask."""
    groups: set[frozenset[PersonId]] = set()
    for rule in found:
        asked = _groups(rule.signs, part, selves)
        if asked is None:
            asked = _sending(rule.signs, part, selves, situation)
        if isinstance(asked, Reason):
            return asked
        groups |= asked
    in_place = part.rules if any(rule.signs in _GUARDIANS_SIGN for rule in found) else ()
    return Requirements(
        tuple(sorted(groups, key=sorted)),
        heard=any(rule.heard for rule in found),
        informed=part.told if any(rule.informed is Informed.OTHER_GUARDIANS for rule in found) else NO_PERSONS,
        objectors=_objectors(found, part.told, selves),
        rules=tuple(sorted((*(rule.id for rule in found), *in_place))),
        by_guardians=any(rule.signs in _GUARDIANS_SIGN for rule in found),
    )


def responsibility_is_clear(sheet: Sheet, purpose: Purpose, at: Instant) -> bool:
    """Say whether the register's word fits the list: joint takes two or more, sole exactly one, nothing else will do.

    A list that is shorter than the register's word hides a guardian (DOMAIN E2, E18), unless two registrars determined
    who decides.
    """
    if is_settled(sheet, purpose, at):
        return True
    count = len(guardians(sheet, at))
    if sheet.responsibility is Responsibility.JOINT:
        return count > 1
    return sheet.responsibility is Responsibility.SOLE and count == 1


def within_caps(rules: RuleSet, terms: Terms) -> bool:
    """Say whether the terms end within the purpose's longest times, in Oslo calendar months from `made`."""
    scope = rules.purposes[terms.purpose]
    return terms.share_until <= months_after(terms.made, scope.share_months) and terms.read_until <= months_after(
        terms.made, scope.read_months
    )


def own_senders(terms: Terms) -> frozenset[PersonId]:
    """Return the persons an own sending comes from; nobody for other purposes."""
    if terms.purpose is not Purpose.OWN_SENDING:
        return NO_PERSONS
    return frozenset(party.person for party in terms.senders if isinstance(party, PersonParty))


def roles(asked: Requirements, sheet: Sheet) -> tuple[Role, ...]:
    """Write what the law asks as the roles of terms, in their order. Each role names all the rules it comes from."""
    rule = " ".join(asked.rules)
    listed = {Missing(person, RoleAct.SIGNS) for person in asked.signers}
    listed |= {Missing(person, RoleAct.IS_INFORMED) for person in asked.informed}
    listed |= {Missing(person, RoleAct.MAY_OBJECT) for person in asked.objectors}
    if asked.heard:
        listed.add(Missing(sheet.subject, RoleAct.IS_HEARD))
    return tuple(Role(each.person, each.act, rule) for each in sorted(listed))


def _rules(
    rules: RuleSet, situation: Situation, birth_date: date, circumstance: Circumstance, at: Instant
) -> frozenset[Rule]:
    age_band = band(birth_date, at)
    found = {rules.find(situation.purpose, age_band, pair, at, circumstance) for pair in situation.pairs}
    return frozenset(rule for rule in found if rule is not None)


def _groups(signs: Signs, part: GuardiansPart, selves: frozenset[PersonId]) -> Groups | Reason | None:
    """Return the groups of whom one each must sign, or why nobody can; None where it depends on who sends."""
    of_guardians, of_youth = signs in _GUARDIANS_SIGN, signs in _YOUTH_SIGNS
    if signs is Signs.REPRESENTATIVE:
        return frozenset({part.representatives}) if part.representatives else Reason.NO_SIGNER
    if of_guardians and not part.groups:
        return part.nobody
    if of_youth and not selves:
        return Reason.YOUTH_NOT_ENROLLED
    if signs is Signs.ONE_GUARDIAN:
        return frozenset({NO_PERSONS.union(*part.groups)})
    if of_guardians or of_youth:
        return (part.groups if of_guardians else NO_GROUPS) | (each(selves) if of_youth else NO_GROUPS)
    return None


def _sending(signs: Signs, part: GuardiansPart, selves: frozenset[PersonId], situation: Situation) -> Groups | Reason:
    """Whoever sends what is their own signs for it, when the rule lets them send."""
    senders = situation.own_senders
    may_send = {
        Signs.SENDING_GUARDIAN: part.senders,
        Signs.SENDING_YOUTH: selves,
    }.get(signs, part.senders | selves)
    if not senders or not senders <= may_send:
        return Reason.SENDER_MAY_NOT_SEND
    own_only = part.own_only or signs is Signs.YOUTH_OR_OWN_OBSERVATIONS
    if own_only and not senders <= selves and situation.categories != _OWN_OBSERVATIONS:
        return Reason.OWN_OBSERVATIONS_ONLY
    return each(senders)


def _objectors(found: Iterable[Rule], holders: frozenset[PersonId], selves: frozenset[PersonId]) -> frozenset[PersonId]:
    words = {rule.may_object for rule in found}
    others = holders if words & _GUARDIANS_OBJECT else NO_PERSONS
    return others | selves if words & _YOUTH_OBJECTS else others
