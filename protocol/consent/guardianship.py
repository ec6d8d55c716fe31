"""Who plays the guardians' part: they themselves, or whoever an order or a mandate puts in their place.

The rules of `protocol.consent.law` ask guardians to sign; here that becomes persons. What the guardians signed before
an order came carries nothing after it began, not even when it has ended: then they sign anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from protocol.consent.answer import Reason
from protocol.consent.authority import Authority
from protocol.consent.case import Holder, Sheet, Signature
from protocol.consent.in_place import SIGNS, GuardiansSend
from protocol.consent.ruleset import RuleSet
from protocol.consent.vocabulary import ORDERS, AuthorityKind, Capacity, Purpose
from protocol.identifiers import Instant, PersonId

NO_PERSONS: frozenset[PersonId] = frozenset()
Groups = frozenset[frozenset[PersonId]]
NO_GROUPS: Groups = frozenset()


@dataclass(frozen=True, slots=True)
class GuardiansPart:
    """Who plays the guardians' part at an instant.

    Of each group in `groups` one signs, and where there is none `nobody` says why; `told` are informed and may object;
    `senders` may send of their own, where `own_only` is true nothing but their own observations. `rules` names the rule
    that put somebody in their place; `representatives` are those who stand there by a mandate.
    """

    groups: Groups
    told: frozenset[PersonId]
    senders: frozenset[PersonId]
    own_only: bool = False
    rules: tuple[str, ...] = ()
    nobody: Reason = Reason.NO_SIGNER
    representatives: frozenset[PersonId] = NO_PERSONS


def who(may_sign: Iterable[Holder], capacity: Capacity, at: Instant) -> frozenset[PersonId]:
    """Return who stood on the list on a footing at an instant, as far as it was known then."""
    return frozenset(
        holder.person
        for holder in may_sign
        if holder.capacity is capacity and holder.known_at <= at and holder.holds(at)
    )


def each(persons: frozenset[PersonId]) -> Groups:
    """Return the groups that make each of these persons sign."""
    return frozenset(frozenset({person}) for person in persons)


def guardians_part(
    rules: RuleSet, authorities: tuple[Authority, ...], may_sign: tuple[Holder, ...], purpose: Purpose, at: Instant
) -> GuardiansPart:
    """Return who plays the guardians' part for a purpose; nobody does while an order stands and does not count."""
    holders = who(may_sign, Capacity.GUARDIAN, at)
    in_scope = [one for one in authorities if one.stands(at) and _covers(rules, one, purpose, at)]
    acting = _acting(in_scope, at)
    if acting is not None:
        signers = _signers(acting, may_sign, at)
        groups = frozenset({signers}) if signers else NO_GROUPS
        representatives = signers if acting.kind is AuthorityKind.MANDATE else NO_PERSONS
        rule = rules.standing_by(acting.kind, at).id
        return GuardiansPart(groups, NO_PERSONS, signers, rules=(rule,), representatives=representatives)
    if any(one.kind in ORDERS for one in in_scope):
        return GuardiansPart(NO_GROUPS, NO_PERSONS, NO_PERSONS, nobody=Reason.EXCEPTION_CARE_ORDER)
    return GuardiansPart(each(holders), holders, holders, own_only=_own_only(rules, authorities, at))


def parts(sheet: Sheet, at: Instant) -> tuple[frozenset[PersonId], ...]:
    """Return everybody who may come to play the guardians' part at an instant: they, and each authority's signers."""
    standing_in = (_signers(one, sheet.may_sign, at) for one in sheet.authorities if one.kind in SIGNS)
    return (who(sheet.may_sign, Capacity.GUARDIAN, at), *standing_in)


def is_settled(sheet: Sheet, purpose: Purpose, at: Instant) -> bool:
    """Say whether two registrars determined who decides, so that the register's word need not fit the list.

    A settlement fits exactly the guardians that it names: nobody fewer and nobody more.
    """
    if not sheet.authorities:
        return False
    holders = who(sheet.may_sign, Capacity.GUARDIAN, at)
    return any(
        one.counts(at)
        and one.is_for(purpose)
        and (one.kind is not AuthorityKind.RESPONSIBILITY or frozenset(one.persons) == holders)
        for one in sheet.authorities
    )


def counted(
    rules: RuleSet, sheet: Sheet, purpose: Purpose, signatures: Iterable[Signature], then: Instant
) -> frozenset[PersonId]:
    """Return whose signatures count at `then`, of those that were made in time.

    A guardian's does not, where an order stood at any instant since. That of somebody who signed for a child welfare
    service counts for whoever signs for the same service later: a consent outlives the staff of a unit.
    """
    if not sheet.authorities:
        return frozenset(signature.person for signature in signatures)
    signed: set[PersonId] = set()
    now = _service(rules, sheet, purpose, then)
    for signature in signatures:
        if _overtaken(rules, sheet, purpose, signature, then):
            continue
        signed.add(signature.person)
        before = _service(rules, sheet, purpose, signature.at)
        if now is not None and before is not None and now.unit == before.unit and signature.person in before.persons:
            signed.update(now.persons)
    return frozenset(signed)


def _signers(authority: Authority, may_sign: Iterable[Holder], at: Instant) -> frozenset[PersonId]:
    return who(may_sign, SIGNS[authority.kind], at) & frozenset(authority.persons)


def _covers(rules: RuleSet, authority: Authority, purpose: Purpose, at: Instant) -> bool:
    if authority.kind not in SIGNS or not authority.is_for(purpose):
        return False
    return purpose in rules.standing_by(authority.kind, at).purposes


def _acting(in_scope: list[Authority], at: Instant) -> Authority | None:
    """Return the authority that was confirmed last and counts; an order comes before a mandate, even in its way."""
    orders = [one for one in in_scope if one.kind in ORDERS]
    counting = [one for one in orders or in_scope if one.counts(at)]
    return max(counting, key=lambda one: one.known_at or 0, default=None)


def _own_only(rules: RuleSet, authorities: tuple[Authority, ...], at: Instant) -> bool:
    return any(
        rules.standing_by(one.kind, at).guardians_send is GuardiansSend.OWN_OBSERVATIONS
        for one in authorities
        if one.kind in SIGNS and one.counts(at)
    )


def _service(rules: RuleSet, sheet: Sheet, purpose: Purpose, at: Instant) -> Authority | None:
    """Return the order by which a child welfare service signs at an instant, if one does."""
    orders = [one for one in sheet.authorities if one.kind in ORDERS and _covers(rules, one, purpose, at)]
    return _acting(orders, at)


def _overtaken(rules: RuleSet, sheet: Sheet, purpose: Purpose, signature: Signature, then: Instant) -> bool:
    if signature.person not in who(sheet.may_sign, Capacity.GUARDIAN, signature.at):
        return False
    return any(
        one.kind in ORDERS and one.between(signature.at, then) and _covers(rules, one, purpose, then)
        for one in sheet.authorities
    )
