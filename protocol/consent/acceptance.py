"""Which rule sets a policy accepts for terms made when: how one set follows another, and under which to write terms.

The root's signed, logged policy lists digests with half-open intervals of `made`. A set that another has followed stays
on the list with its end, so that what was signed under it goes on being judged by it.
"""

from __future__ import annotations

from protocol.consent.case import AcceptedRules
from protocol.consent.ruleset import RuleSet, current_rules, rule_sets
from protocol.identifiers import Instant

_BEGINNING = Instant(0)


def following(before: tuple[AcceptedRules, ...], digest: str, at: Instant) -> tuple[AcceptedRules, ...]:
    """Return what the next policy accepts: `digest` for terms made from `at`, everything else until then at most.

    A set that was accepted stays so for terms made while it was. Without any before, the set holds from the beginning.
    """
    if not before:
        return (AcceptedRules(digest=digest, holds_from=_BEGINNING, holds_to=None),)
    if any(each.digest == digest and each.holds_from <= at and each.holds_to is None for each in before):
        kept = tuple(each if each.digest == digest else _ended(each, at) for each in before)
        return tuple(each for each in kept if each is not None)
    ended = tuple(each for each in (_ended(each, at) for each in before) if each is not None)
    return (*ended, AcceptedRules(digest=digest, holds_from=at, holds_to=None))


def rules_for(accepted: tuple[AcceptedRules, ...], at: Instant) -> RuleSet | None:
    """Return the rule set to write terms under at an instant: this program's newest if accepted, else one it knows."""
    digests = [each.digest for each in accepted if each.holds(at) and each.digest in rule_sets()]
    newest = current_rules()
    if newest.digest in digests:
        return newest
    return rule_sets()[digests[0]] if digests else None


def _ended(each: AcceptedRules, at: Instant) -> AcceptedRules | None:
    """End an interval at an instant; what would begin no earlier never held, and falls away."""
    if each.holds_to is not None and each.holds_to <= at:
        return each
    return AcceptedRules(digest=each.digest, holds_from=each.holds_from, holds_to=at) if each.holds_from < at else None
