"""The rules file: complete, without doubles, and named by its digest."""

from __future__ import annotations

import hashlib
import tomllib
from importlib import resources

import pytest

from keys.canonical import canonical
from protocol.consent.age import Band
from protocol.consent.ruleset import PAIRS, BadRules, Footing, RuleSet, When, current_rules, rule_sets
from protocol.consent.vocabulary import Purpose, Regime
from tests.unit.consent.family import NOW, oslo

TEXT = (resources.files("protocol.consent") / "rules" / "no.toml").read_text(encoding="utf-8")
CHANGED_AT = oslo(2027, 1, 1)


def test_the_digest_is_sha256_of_the_canonical_content() -> None:
    rules = current_rules()
    assert rules.digest == hashlib.sha256(canonical(tomllib.loads(TEXT))).hexdigest()
    assert rule_sets()[rules.digest] == rules
    assert RuleSet.parse(TEXT + "\n# a remark changes nothing\n").digest == rules.digest
    assert RuleSet.parse(TEXT.replace("share_months = 18", "share_months = 17")).digest != rules.digest


def test_every_rule_explains_itself_in_two_languages_with_its_reference() -> None:
    for rule in current_rules().rules:
        assert rule.nb.endswith(".")
        assert rule.en.endswith(".")
        assert rule.nb != rule.en
        assert "§" in rule.reference
        assert rule.footing in Footing


@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize("band", Band)
def test_every_purpose_and_age_has_one_rule_for_every_pair(purpose: Purpose, band: Band) -> None:
    for pair in PAIRS:
        found = [rule for rule in current_rules().rules if (purpose, band, pair) in set(rule.cells())]
        assert found == [current_rules().find(purpose, band, pair, NOW)]


def test_no_rule_holds_before_the_set_begins() -> None:
    pair = (Regime.HEALTH, Regime.HEALTH)
    begins = oslo(2023, 1, 1)
    for at, known in ((begins - 1, False), (begins, True)):
        rule = current_rules().find(Purpose.REFERRAL, Band.UNDER_7, pair, type(begins)(at))
        assert (rule is not None) is known


BLOCKS = TEXT.split("[[rules]]")


def block_of(rule_id: str) -> str:
    return next(block for block in BLOCKS if f'id = "{rule_id}"' in block)


def succeeded(gap: str) -> str:
    """The rules where one ends as 2027 begins and a successor starts at `gap`."""
    old = block_of("no/referral/0-6")
    ended = old.replace('valid_to = ""', 'valid_to = "2027-01-01"')
    successor = old.replace('id = "no/referral/0-6"', 'id = "no/referral/0-6/2027"').replace("2023-01-01", gap)
    return TEXT.replace(old, f"{ended}[[rules]]{successor}")


def test_a_rule_may_be_followed_by_another_on_the_day_it_ends() -> None:
    rules = RuleSet.parse(succeeded("2027-01-01"))
    for at, expected in ((CHANGED_AT - 1, "no/referral/0-6"), (CHANGED_AT, "no/referral/0-6/2027")):
        rule = rules.find(Purpose.REFERRAL, Band.UNDER_7, PAIRS[0], type(CHANGED_AT)(at))
        assert rule is not None
        assert rule.id == expected


BROKEN = {
    "no TOML": "rules = ",
    "a gap in time": succeeded("2027-01-02"),
    "an overlap in time": succeeded("2026-12-31"),
    "a rule missing": TEXT.replace("[[rules]]" + block_of("no/information/7-11"), ""),
    "a rule too many": TEXT + "[[rules]]" + block_of("no/information/7-11").replace("information/7", "information/x/7"),
    "an id twice": TEXT.replace('id = "no/information/7-11"', 'id = "no/information/0-6"'),
    "a regime uncovered": TEXT.replace("sender-not-outside-health", "no-party-outside-health"),
    "ages that cut a band": TEXT.replace("to_age = 6", "to_age = 5", 1),
    "ages that begin in a band": TEXT.replace("from_age = 7", "from_age = 8", 1),
    "a rule that ends": TEXT.replace('valid_to = ""', 'valid_to = "2030-01-01"', 1),
    "a rule that begins late": TEXT.replace("2023-01-01", "2024-01-01", 2).replace("2024-01-01", "2023-01-01", 1),
    "a word nobody knows": TEXT.replace('signs = "youth"', 'signs = "anyone"', 1),
    "a purpose without scope": TEXT.replace("[purposes.discharge]", "[purposes.charge]"),
    "a date in another spelling": TEXT.replace("2023-01-01", "1 January", 1),
    "months with a fraction": TEXT.replace("share_months = 18", "share_months = 1.5"),
    "a rule without explanation": TEXT.replace("en = ", "se = ", 1),
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_other_rules_are_refused(text: str) -> None:
    assert text != TEXT
    with pytest.raises(BadRules):
        RuleSet.parse(text)


@pytest.mark.parametrize("when", When)
def test_a_person_is_neither_in_health_nor_outside_it(when: When) -> None:
    assert when.matches((None, None)) is when.matches((Regime.HEALTH, Regime.HEALTH))
