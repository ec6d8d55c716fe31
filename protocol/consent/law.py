"""Who must sign, who is heard, who is informed, who may object: the rules applied to the facts of one child."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from protocol.consent.age import Band, band, months_after
from protocol.consent.answer import Missing, Reason
from protocol.consent.case import Sheet
from protocol.consent.ruleset import Informed, MayObject, Pair, Rule, RuleSet, Signs
from protocol.consent.terms import PersonParty, Role, Terms
from protocol.consent.vocabulary import Capacity, Category, Kind, Purpose, Responsibility, RoleAct
from protocol.identifiers import Instant, PersonId

_OWN_OBSERVATIONS = frozenset({Category.OWN_OBSERVATIONS})
_GUARDIANS_SIGN = frozenset({Signs.ALL_GUARDIANS, Signs.GUARDIANS_AND_YOUTH, Signs.ONE_GUARDIAN})
_YOUTH_SIGNS = frozenset({Signs.GUARDIANS_AND_YOUTH, Signs.YOUTH})
_MINORS = frozenset({Band.UNDER_7, Band.FROM_7, Band.FROM_12, Band.AT_15})
NO_PERSONS: frozenset[PersonId] = frozenset()


@dataclass(frozen=True, slots=True)
class Situation:
    """What a consent is for, as far as the law asks.

    `pairs` holds the regimes of every sender with every receiver; `own_senders` the persons an own sending comes from.
    """

    purpose: Purpose
    kind: Kind
    categories: frozenset[Category]
    pairs: frozenset[Pair]
    own_senders: frozenset[PersonId] = NO_PERSONS


@dataclass(frozen=True, slots=True)
class Requirements:
    """What the law asks. Of each group in `groups` one person must sign; `rules` is the sorted ids of the rules."""

    groups: tuple[frozenset[PersonId], ...]
    heard: bool
    informed: frozenset[PersonId]
    objectors: frozenset[PersonId]
    rules: tuple[str, ...]

    @property
    def signers(self) -> frozenset[PersonId]:
        """Everybody whose signature counts."""
        return NO_PERSONS.union(*self.groups)


def guardians(sheet: Sheet, at: Instant) -> frozenset[PersonId]:
    """Return who held parental responsibility at an instant, as far as it was known then."""
    return _who(sheet, Capacity.GUARDIAN, at)


def youth(sheet: Sheet, at: Instant) -> frozenset[PersonId]:
    """Return the subject's own person, or nobody while the subject has no key."""
    return _who(sheet, Capacity.SELF, at)


def minor(birth_date: date, at: Instant) -> bool:
    """Say whether the subject is under 16, below health-law majority (pbrl § 4-3)."""
    return band(birth_date, at) in _MINORS


def requirements(rules: RuleSet, situation: Situation, sheet: Sheet, at: Instant) -> Requirements | Reason:
    """Derive who must act at an instant, or say why nobody can.

    Several regimes: the rule of each pair of sender and receiver is found, and what they ask is united.
    """
    if situation.kind not in rules.purposes[situation.purpose].kinds:
        return Reason.KIND_NOT_ALLOWED
    found = _rules(rules, situation, sheet.birth_date, at)
    if not found:
        return Reason.RULES_UNKNOWN
    own_observations = situation.categories == _OWN_OBSERVATIONS
    return _apply(found, guardians(sheet, at), youth(sheet, at), situation.own_senders, own_observations)


# Each signature of each consent asks this anew, mostly about the same few people.
@lru_cache(maxsize=16_384)
def _apply(
    found: frozenset[Rule],
    holders: frozenset[PersonId],
    selves: frozenset[PersonId],
    senders: frozenset[PersonId],
    own_observations: bool,  # noqa: FBT001  (part of a cache key)
) -> Requirements | Reason:
    """Apply rules to people, uniting what they ask."""
    groups: set[frozenset[PersonId]] = set()
    for rule in found:
        asked = _groups(rule.signs, holders, selves)
        if asked is None:
            asked = _sending(rule.signs, holders, selves, senders, own_observations=own_observations)
        if isinstance(asked, Reason):
            return asked
        groups |= asked
    return Requirements(
        tuple(sorted(groups, key=sorted)),
        heard=any(rule.heard for rule in found),
        informed=holders if any(rule.informed is Informed.OTHER_GUARDIANS for rule in found) else NO_PERSONS,
        objectors=_objectors(found, holders, selves),
        rules=tuple(sorted(rule.id for rule in found)),
    )


def responsibility_is_clear(sheet: Sheet, at: Instant) -> bool:
    """Say whether the register's word fits the list: joint takes two or more, sole exactly one, nothing else will do.

    A list that is shorter than the register's word hides a guardian (DOMAIN E2, E18).
    """
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


def _who(sheet: Sheet, capacity: Capacity, at: Instant) -> frozenset[PersonId]:
    return frozenset(
        holder.person
        for holder in sheet.may_sign
        if holder.capacity is capacity and holder.known_at <= at and holder.holds(at)
    )


def _rules(rules: RuleSet, situation: Situation, birth_date: date, at: Instant) -> frozenset[Rule]:
    age_band = band(birth_date, at)
    found = {rules.find(situation.purpose, age_band, pair, at) for pair in situation.pairs}
    return frozenset(rule for rule in found if rule is not None)


def _groups(
    signs: Signs, holders: frozenset[PersonId], selves: frozenset[PersonId]
) -> frozenset[frozenset[PersonId]] | Reason | None:
    """Return the groups of whom one each must sign, or why nobody can; None where it depends on who sends."""
    of_guardians, of_youth = signs in _GUARDIANS_SIGN, signs in _YOUTH_SIGNS
    if of_guardians and not holders:
        return Reason.NO_SIGNER
    if of_youth and not selves:
        return Reason.YOUTH_NOT_ENROLLED
    if signs is Signs.ONE_GUARDIAN:
        return frozenset({holders})
    if of_guardians or of_youth:
        return _each((holders if of_guardians else NO_PERSONS) | (selves if of_youth else NO_PERSONS))
    return None


def _sending(
    signs: Signs,
    holders: frozenset[PersonId],
    selves: frozenset[PersonId],
    senders: frozenset[PersonId],
    *,
    own_observations: bool,
) -> frozenset[frozenset[PersonId]] | Reason:
    """Whoever sends what is their own signs for it, when the rule lets them send."""
    may_send = {
        Signs.SENDING_GUARDIAN: holders,
        Signs.SENDING_YOUTH: selves,
    }.get(signs, holders | selves)
    if not senders or not senders <= may_send:
        return Reason.SENDER_MAY_NOT_SEND
    if signs is Signs.YOUTH_OR_OWN_OBSERVATIONS and not senders <= selves and not own_observations:
        return Reason.OWN_OBSERVATIONS_ONLY
    return _each(senders)


def _each(persons: frozenset[PersonId]) -> frozenset[frozenset[PersonId]]:
    return frozenset(frozenset({person}) for person in persons)


def _objectors(found: Iterable[Rule], holders: frozenset[PersonId], selves: frozenset[PersonId]) -> frozenset[PersonId]:
    words = {rule.may_object for rule in found}
    who = NO_PERSONS if words == {MayObject.NOBODY} else holders
    return who | selves if MayObject.OTHER_GUARDIANS_AND_YOUTH in words else who
