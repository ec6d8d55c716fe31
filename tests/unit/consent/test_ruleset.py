"""The rules file: complete, without doubles, and named by its digest."""

from __future__ import annotations

import hashlib
import re
import tomllib
from importlib import resources
from itertools import product

import pytest

from keys.canonical import canonical
from protocol.consent.age import Band
from protocol.consent.in_place import InPlace
from protocol.consent.ruleset import (
    PAIRS,
    BadRules,
    MayObject,
    Rule,
    RuleSet,
    Signs,
    When,
    current_rules,
    rule_sets,
    together,
)
from protocol.consent.vocabulary import AuthorityKind, Circumstance, Purpose, Regime
from protocol.consent.wording import Footing
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
    every: list[Rule | InPlace] = [*current_rules().rules]
    for rule in [*every, *current_rules().in_place]:
        assert rule.nb.endswith(".")
        assert rule.en.endswith(".")
        assert rule.nb != rule.en
        assert "§" in rule.reference
        assert rule.version == 1
        assert rule.footing in Footing


@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize("band", Band)
def test_every_purpose_and_age_has_one_rule_for_every_pair_in_every_circumstance(purpose: Purpose, band: Band) -> None:
    cells = {rule: set(rule.cells()) for rule in current_rules().rules}
    for pair, circumstance in product(PAIRS, Circumstance):
        found = [rule for rule in cells if (purpose, band, pair, circumstance) in cells[rule]]
        assert found == [current_rules().find(purpose, band, pair, NOW, circumstance)]


@pytest.mark.parametrize("purpose", sorted(set(Purpose) - {Purpose.OWN_SENDING}))
def test_a_shielded_matter_has_a_rule_of_its_own_from_12_to_15_and_no_other_age(purpose: Purpose) -> None:
    for band, pair in product(Band, PAIRS):
        held = (Circumstance.ORDINARY, Circumstance.SHIELDED)
        ordinary, shielded = (current_rules().find(purpose, band, pair, NOW, each) for each in held)
        assert shielded is not None
        if band in {Band.FROM_12, Band.AT_15}:
            assert (shielded.id, shielded.signs) == (f"no/{purpose}/12-15/shielded", Signs.YOUTH)
            assert "3-4" in shielded.reference
            assert "4-3" in shielded.reference
        else:
            assert shielded is ordinary


@pytest.mark.parametrize("purpose", sorted(set(Purpose) - {Purpose.OWN_SENDING}))
def test_without_capacity_the_parents_sign_at_16_and_17_a_representative_from_18_and_nothing_changes_before(
    purpose: Purpose,
) -> None:
    signers = {Band.FROM_16: Signs.ALL_GUARDIANS, Band.ADULT: Signs.REPRESENTATIVE}
    for band, pair in product(Band, PAIRS):
        held = (Circumstance.ORDINARY, Circumstance.WITHOUT_CAPACITY)
        ordinary, without = (current_rules().find(purpose, band, pair, NOW, each) for each in held)
        assert without is not None
        if band in signers:
            assert (without.signs, without.heard, without.may_object) == (signers[band], True, MayObject.YOUTH)
            assert ("4-5" if band is Band.FROM_16 else "4-6") in without.reference
        else:
            assert without is ordinary


def test_no_rule_holds_before_the_set_begins() -> None:
    pair = (Regime.HEALTH, Regime.HEALTH)
    begins = oslo(2023, 1, 1)
    for at, known in ((begins - 1, False), (begins, True)):
        rule = current_rules().find(Purpose.REFERRAL, Band.UNDER_7, pair, type(begins)(at))
        assert (rule is not None) is known


def test_who_stands_in_the_guardians_place_may_change_with_the_day() -> None:
    rules = RuleSet.parse(_followed())
    for at, expected in ((CHANGED_AT - 1, "no/in-place/mandate"), (CHANGED_AT, "no/in-place/mandate/2027")):
        assert rules.standing_by(AuthorityKind.MANDATE, type(CHANGED_AT)(at)).id == expected
    assert rules.standing_by(AuthorityKind.MANDATE, type(CHANGED_AT)(0)).id == "no/in-place/mandate"
    assert rules.beginnings == {oslo(2023, 1, 1), CHANGED_AT}


def _followed() -> str:
    """The rules where another rule on mandates follows as 2027 begins."""
    start = TEXT.rindex("[[in_place]]")
    old = TEXT[start:]
    successor = old.replace("/mandate", "/mandate/2027").replace("2023-01-01", "2027-01-01")
    return TEXT[:start] + old.replace('valid_to = ""', 'valid_to = "2027-01-01"') + "\n" + successor


BLOCKS = re.split(r"\[\[rules\]\]|(?=\n# Who stands)", TEXT)


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
    "no TOML": ("rules = ", "not a rule set"),
    "a gap in time": (succeeded("2027-01-02"), "a gap or an overlap at referral/0-6"),
    "an overlap in time": (succeeded("2026-12-31"), "a gap or an overlap at referral/0-6"),
    "a rule missing": (
        TEXT.replace("[[rules]]" + block_of("no/information/7-11"), ""),
        "a gap or an overlap at information/7-11",
    ),
    "a rule too many": (
        TEXT + "[[rules]]" + block_of("no/information/7-11").replace("information/7", "information/x/7"),
        "a gap or an overlap at information/7-11",
    ),
    "an id twice": (TEXT.replace('id = "no/information/7-11"', 'id = "no/information/0-6"'), "two rules have one id"),
    "a regime uncovered": (
        TEXT.replace("sender-not-outside-health", "no-party-outside-health"),
        "a gap or an overlap at referral/15 from health to education",
    ),
    "a regime covered twice": (
        TEXT.replace('"sender-not-outside-health"', '"always"'),
        "a gap or an overlap at referral/15 from education",
    ),
    "ages that cut a band": (TEXT.replace("to_age = 6", "to_age = 5", 1), "no/referral/0-6 cuts an age band"),
    "ages that begin in a band": (TEXT.replace("from_age = 7", "from_age = 8", 1), "cuts an age band"),
    "ages that end before they begin": (TEXT.replace("from_age = 7", "from_age = 12", 1), "is for nobody"),
    "a circumstance uncovered": (
        TEXT.replace("[[rules]]" + block_of("no/referral/12-15/shielded"), ""),
        "a gap or an overlap at referral/12-14 from health to health, shielded",
    ),
    "a circumstance covered twice": (
        TEXT.replace(
            block_of("no/referral/12-14"),
            block_of("no/referral/12-14").replace('["ordinary", ', '["ordinary", "shielded", '),
        ),
        "a gap or an overlap at referral/12-14 from health to health, shielded",
    ),
    "a rule for no circumstance": (TEXT.replace('["shielded"]', "[]", 1), "circumstances"),
    "a circumstance named twice": (TEXT.replace('["shielded"]', '["shielded", "shielded"]', 1), "circumstances"),
    "a circumstance nobody knows": (TEXT.replace('["shielded"]', '["hidden"]', 1), "hidden"),
    "a rule that ends": (
        TEXT.replace('valid_to = ""', 'valid_to = "2030-01-01"', 1),
        "a gap or an overlap at referral/0-6",
    ),
    "a rule that ends as it begins": (TEXT.replace('valid_to = ""', 'valid_to = "2023-01-01"', 1), "never valid"),
    "a rule that begins late": (
        TEXT.replace("2023-01-01", "2024-01-01", 2).replace("2024-01-01", "2023-01-01", 1),
        "a gap or an overlap at referral/0-6",
    ),
    "a word nobody knows": (TEXT.replace('signs = "youth"', 'signs = "anyone"', 1), "anyone"),
    "a sender who signs where nobody sends their own": (
        TEXT.replace('signs = "youth"', 'signs = "sending-youth"', 1),
        "against its purpose",
    ),
    "an own sending that the sender does not sign": (
        TEXT.replace('signs = "sending-guardian"', 'signs = "one-guardian"', 1),
        "against its purpose",
    ),
    "a purpose without scope": (TEXT.replace("[purposes.discharge]", "[purposes.charge]"), "purposes"),
    "a date in another spelling": (TEXT.replace("2023-01-01", "1 January", 1), "YYYY-MM-DD"),
    "months with a fraction": (TEXT.replace("share_months = 18", "share_months = 1.5"), "share_months"),
    "no months at all": (TEXT.replace("share_months = 18", "share_months = 0"), "a month at least"),
    "sharing longer than reading": (
        TEXT.replace("share_months = 18", "share_months = 25"),
        "readable at least as long",
    ),
    "a rule without explanation": (TEXT.replace("en = ", "se = ", 1), "en"),
    "a rule without reference": (TEXT.replace('reference = "pbrl', 'source = "pbrl', 1), "reference"),
    "nobody to stand in the guardians' place": (
        TEXT.replace('authority = "mandate"', 'authority = "care-order"'),
        "who stands in the guardians' place by a care-order",
    ),
    "an authority by which nobody stands in their place": (
        TEXT.replace('authority = "mandate"', 'authority = "responsibility"'),
        "nobody stands in the guardians' place",
    ),
    "a place for no purpose": (
        re.sub(r"(?<=\npurposes = )\[.*\]", "[]", TEXT, count=1),
        "purposes",
    ),
    "a place that ends": (TEXT[::-1].replace('""', '"10-10-0302"', 1)[::-1], "in the guardians' place by a mandate"),
    "an id of a place twice": (TEXT.replace("no/in-place/mandate", "no/information/0-6"), "two rules have one id"),
    "a rule of no version": (TEXT.replace("version = 1\n", "version = 0\n", 1), "versions begin at 1"),
}


@pytest.mark.parametrize(("text", "why"), BROKEN.values(), ids=BROKEN)
def test_other_rules_are_refused(text: str, why: str) -> None:
    assert text != TEXT
    with pytest.raises(BadRules, match=re.escape(why)):
        RuleSet.parse(text)


RULES = {rule.id: rule for rule in current_rules().rules}
MOVED = {
    "begun a day late": ('valid_from = "2023-01-01"', 'valid_from = "2023-01-02"'),
    "begun a day early": ('valid_from = "2023-01-01"', 'valid_from = "2022-12-31"'),
    "ended": ('valid_to = ""', 'valid_to = "2031-05-17"'),
}


def broken_line(rule_id: str, change: str) -> str:
    """The rules with one rule removed, doubled under another id, or moved in time."""
    block = block_of(rule_id)
    if change in MOVED:
        return TEXT.replace(block, block.replace(*MOVED[change]))
    double = block.replace(f'id = "{rule_id}"', f'id = "{rule_id}/copy"') + "[[rules]]" + block
    return TEXT.replace(f"[[rules]]{block}", "" if change == "removed" else f"[[rules]]{double}")


@pytest.mark.parametrize("change", ["removed", "doubled", *MOVED])
@pytest.mark.parametrize("rule_id", RULES)
def test_no_rule_can_be_missing_doubled_late_early_or_ended_and_the_place_is_named(rule_id: str, change: str) -> None:
    with pytest.raises(BadRules) as refused:
        RuleSet.parse(broken_line(rule_id, change))
    cells = RULES[rule_id].cells()
    places = {f"{purpose}/{band} from {one} to {other}, {held}" for purpose, band, (one, other), held in cells}
    assert str(refused.value).removeprefix("a gap or an overlap at ") in places


def test_a_changed_set_without_a_version_of_its_own_is_refused() -> None:
    changed = RuleSet.parse(TEXT.replace("share_months = 18", "share_months = 17"))
    with pytest.raises(BadRules, match="two rule sets have one id and version"):
        together((current_rules(), changed))
    assert set(together((current_rules(), current_rules()))) == {current_rules().digest}


def test_a_changed_rule_without_a_version_of_its_own_is_refused() -> None:
    later = TEXT.replace('version = "2026-1"', 'version = "2027-1"')
    old = block_of("no/referral/0-6")
    reworded = old.replace("Everyone with", "Everybody with")
    with pytest.raises(BadRules, match="rule no/referral/0-6 version 1 has two wordings"):
        together((current_rules(), RuleSet.parse(later.replace(old, reworded))))
    raised = RuleSet.parse(later.replace(old, reworded.replace("version = 1", "version = 2")))
    assert set(together((current_rules(), raised))) == {current_rules().digest, raised.digest}


@pytest.mark.parametrize("when", When)
def test_a_person_is_neither_in_health_nor_outside_it(when: When) -> None:
    assert when.matches((None, None)) is when.matches((Regime.HEALTH, Regime.HEALTH))
