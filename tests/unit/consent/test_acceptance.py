"""A changed rule set: signed into the policy with its date; each consent is judged by the set it was signed under."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from protocol.consent import acceptance, judge
from protocol.consent.acceptance import following, rules_for
from protocol.consent.answer import Answer, Deny, Permit, Reason
from protocol.consent.case import AcceptedRules, ConsentFacts
from protocol.consent.decide import decide
from protocol.consent.ruleset import RuleSet, current_rules, together
from protocol.consent.vocabulary import Purpose
from protocol.identifiers import Instant
from tests.unit.consent import family as f
from tests.unit.consent.family import FATHER, MADE, MOTHER, NOW, YOUTH, consent, share
from tests.unit.consent.test_ruleset import TEXT, block_of

OLD = current_rules()
CHANGED = Instant(MADE + 5 * f.DAY)
"""When the policy accepts the new set: after the old consent was made, before it is asked about."""


def _successor() -> RuleSet:
    """The rules of a later year, where one parent is enough for information about a child of 7 to 11."""
    old = block_of("no/information/7-11")
    new = old.replace("version = 1", "version = 2").replace('"all-guardians"', '"one-guardian"')
    return RuleSet.parse(TEXT.replace('version = "2026-1"', 'version = "2027-1"').replace(old, new))


NEW = _successor()
ACCEPTED = following(following((), OLD.digest, Instant(0)), NEW.digest, CHANGED)


@pytest.fixture(autouse=True)
def both_sets_are_packaged(monkeypatch: pytest.MonkeyPatch) -> None:
    packaged = together((OLD, NEW))
    for module in (judge, acceptance):
        monkeypatch.setattr(module, "rule_sets", lambda: packaged)


def made_at(at: int, rules: RuleSet, *signers: Any) -> ConsentFacts:
    """A consent made at an instant under a set, signed a second later."""
    terms = f.terms(made=Instant(at), rules=rules.digest)
    signatures = tuple(f.signature(each, at + f.SECOND) for each in signers)
    return consent(terms=terms, requested_at=Instant(at), signatures=signatures)


def answered(signed: ConsentFacts, accepted: tuple[AcceptedRules, ...] = ACCEPTED) -> Answer:
    case = f.case(signed, rule_sets=accepted, hearings=(f.heard(at=MADE),))
    return decide(share(signed), case, NOW)


def reason(answer: Answer) -> Reason | None:
    return answer.reason if isinstance(answer, Deny) else None


def test_an_old_consent_goes_on_being_judged_by_its_old_rules() -> None:
    assert isinstance(answered(made_at(MADE, OLD, MOTHER, FATHER)), Permit)
    # By the new rules the mother alone would do: her old consent still waits for the father.
    assert reason(answered(made_at(MADE, OLD, MOTHER))) is Reason.SIGNATURE_MISSING


def test_a_new_consent_is_judged_by_the_new_rules() -> None:
    assert isinstance(answered(made_at(CHANGED, NEW, MOTHER)), Permit)


@pytest.mark.parametrize(("at", "rules"), [(CHANGED, OLD), (CHANGED - 1, NEW)], ids=["old too late", "new too early"])
def test_a_set_counts_only_for_terms_made_while_the_policy_accepts_it(at: int, rules: RuleSet) -> None:
    assert reason(answered(made_at(at, rules, MOTHER, FATHER))) is Reason.RULES_NOT_ACCEPTED
    other = NEW if rules is OLD else OLD
    assert isinstance(answered(made_at(at, other, MOTHER, FATHER)), Permit)


def test_a_digest_that_the_policy_accepts_and_this_program_lacks_denies() -> None:
    unknown = "0" * 64
    accepted = following(ACCEPTED, unknown, Instant(CHANGED + 1))
    signed = consent(MOTHER, FATHER, terms=f.terms(made=Instant(CHANGED + 2), rules=unknown))
    assert reason(answered(signed, accepted)) is Reason.RULES_UNKNOWN
    # What was signed under the sets before is not touched by it.
    assert isinstance(answered(made_at(MADE, OLD, MOTHER, FATHER), accepted), Permit)


def test_a_digest_that_this_program_holds_and_the_policy_never_accepted_denies() -> None:
    assert reason(answered(made_at(CHANGED, NEW, MOTHER), ACCEPTED[:1])) is Reason.RULES_NOT_ACCEPTED


def accepted(digest: str, since: int, until: int | None) -> AcceptedRules:
    return AcceptedRules(digest=digest, holds_from=Instant(since), holds_to=None if until is None else Instant(until))


A, B, C = ("a" * 64, "b" * 64, "c" * 64)


@pytest.mark.parametrize(
    ("before", "digest", "expected"),
    [
        ((), A, (accepted(A, 0, None),)),
        ((accepted(A, 0, None),), A, (accepted(A, 0, None),)),
        ((accepted(A, 0, None),), B, (accepted(A, 0, 9), accepted(B, 9, None))),
        (
            (accepted(A, 0, 5), accepted(B, 5, None)),
            C,
            (accepted(A, 0, 5), accepted(B, 5, 9), accepted(C, 9, None)),
        ),
        ((accepted(A, 0, 5), accepted(B, 5, None)), B, (accepted(A, 0, 5), accepted(B, 5, None))),
        ((accepted(A, 0, 5), accepted(B, 5, None)), A, (accepted(A, 0, 5), accepted(B, 5, 9), accepted(A, 9, None))),
        ((accepted(A, 0, None), accepted(B, 0, 20)), A, (accepted(A, 0, None), accepted(B, 0, 9))),
        ((accepted(A, 0, None), accepted(B, 12, None)), A, (accepted(A, 0, None),)),
        ((accepted(A, 12, None),), B, (accepted(B, 9, None),)),
        ((accepted(A, 9, None),), B, (accepted(B, 9, None),)),
    ],
)
def test_a_policy_keeps_what_the_one_before_accepted_and_ends_it_now(
    before: tuple[AcceptedRules, ...], digest: str, expected: tuple[AcceptedRules, ...]
) -> None:
    assert following(before, digest, Instant(9)) == expected


def test_terms_are_written_under_the_newest_set_that_the_policy_accepts() -> None:
    assert rules_for(ACCEPTED, Instant(CHANGED - 1)) is OLD
    # A policy that has gone on to a set this program holds, though not as its newest.
    assert rules_for(ACCEPTED, CHANGED) is NEW
    assert rules_for((*ACCEPTED, accepted(OLD.digest, CHANGED, None)), CHANGED) is OLD
    assert rules_for((accepted("0" * 64, 0, None),), CHANGED) is None
    assert rules_for((), CHANGED) is None


def test_what_the_two_sets_ask_differs_so_that_the_tests_above_say_something() -> None:
    signed = replace(made_at(CHANGED, NEW, MOTHER))
    assert reason(answered(replace(signed, signatures=(f.signature(YOUTH, CHANGED + 1),)))) is Reason.SIGNATURE_MISSING
    assert NEW.purposes[Purpose.INFORMATION] == OLD.purposes[Purpose.INFORMATION]
