"""The committed vectors of the rule set: what a second implementation must find, and what it must refuse."""

from __future__ import annotations

import json
import tomllib
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from protocol.consent.applicable import applicable
from protocol.consent.ruleset import BadRules, RuleSet, current_rules
from protocol.consent.vocabulary import Circumstance, Purpose, Regime
from protocol.identifiers import Instant

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "vectors" / "consent" / "rules.json").read_text(encoding="utf-8")
)
TEXT = (resources.files("protocol.consent") / "rules" / "no.toml").read_text(encoding="utf-8")


def _regime(word: str | None) -> Regime | None:
    return None if word is None else Regime(word)


@pytest.mark.parametrize("row", VECTORS["found"], ids=lambda row: str(row["rule"]))
def test_a_rule_is_found_where_the_vector_says_with_its_longest_times_and_the_next_turn(row: dict[str, Any]) -> None:
    pair = (_regime(row["sender"]), _regime(row["receiver"]))
    born, at = date.fromisoformat(row["born"]), Instant(row["at"])
    circumstance = Circumstance(row["circumstance"])
    found = applicable(current_rules(), Purpose(row["purpose"]), born, (pair,), at, circumstance)
    assert found is not None
    assert [rule.id for rule in found.rules] == [row["rule"]]
    assert (found.share_until, found.read_until) == (row["share_until"], row["read_until"])
    turn = found.next
    told = None if turn is None else {"at": turn.at, "birthday": turn.birthday, "rule": turn.rules[0].id}
    assert told == row["next"]


@pytest.mark.parametrize("row", VECTORS["refused"], ids=lambda row: f"{row['change']} {row['rule']} {row['fields']}")
def test_a_rule_set_that_the_vector_breaks_is_refused(row: dict[str, Any]) -> None:
    blocks = TEXT.split("[[rules]]")
    [block] = [each for each in blocks if f'id = "{row["rule"]}"' in each]
    changed = block
    for name, value in row["fields"].items():
        written = json.dumps(value)
        before = next(line for line in block.splitlines() if line.startswith(f"{name} = "))
        changed = changed.replace(before, f"{name} = {written}")
    result = {"remove": [], "copy": [block, changed], "replace": [changed]}[row["change"]]
    place = blocks.index(block)
    broken = "[[rules]]".join([*blocks[:place], *result, *blocks[place + 1 :]])
    assert tomllib.loads(broken) != tomllib.loads(TEXT)
    with pytest.raises(BadRules):
        RuleSet.parse(broken)


def test_the_vectors_name_the_digest_and_every_rule_of_the_set_found_and_refused() -> None:
    rules = current_rules()
    assert VECTORS["digest"] == rules.digest
    for rows in (VECTORS["found"], VECTORS["refused"]):
        assert [row["rule"] for row in rows] == [rule.id for rule in rules.rules]
    assert {row["change"] for row in VECTORS["refused"]} == {"remove", "copy", "replace"}
