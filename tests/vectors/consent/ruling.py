"""The vectors of the rule set: each rule found once, with its longest times and the next turn, and each broken once.

`{digest, found, refused}`. A row of `found` is `{purpose, born, at, sender, receiver, circumstance, rule, share_until,
read_until, next}`: regimes (null for a person of the family), instants, and `next` as `{at, birthday, rule}` or null.
A row of `refused` is `{rule, change, fields}`: the packaged set with these fields of one rule replaced (`replace`),
with a copy of the rule under other fields beside it (`copy`), or without the rule (`remove`).
"""

from __future__ import annotations

from datetime import date
from typing import Any

from protocol.consent.applicable import applicable
from protocol.consent.ruleset import PAIRS, Pair, Rule, current_rules
from protocol.consent.vocabulary import Purpose
from protocol.identifiers import Instant
from tests.unit.consent.family import oslo

AT = oslo(2026, 11, 23, 9, 30)
BROKEN: tuple[tuple[str, dict[str, object]], ...] = (
    ("remove", {}),
    ("copy", {"id": "copy"}),
    ("replace", {"valid_from": "2023-01-02"}),
    ("replace", {"valid_to": "2031-05-17"}),
    ("replace", {"version": 0}),
    ("replace", {"signs": "anybody"}),
    ("replace", {"from_age": 151}),
    ("replace", {"en": ""}),
    ("replace", {"circumstances": []}),
)


def ruling() -> dict[str, Any]:
    """Return the vectors: as many rules refused as found."""
    rules = current_rules()
    return {
        "digest": rules.digest,
        "found": [_found(rule) for rule in rules.rules],
        "refused": [
            {"rule": rule.id, "change": change, "fields": fields}
            for number, rule in enumerate(rules.rules)
            for change, fields in (BROKEN[number % len(BROKEN)],)
        ],
    }


def _found(rule: Rule) -> dict[str, Any]:
    own = rule.purpose is Purpose.OWN_SENDING
    pair: Pair = next(each for each in PAIRS if rule.when.matches(each) and (each[0] is None) is own)
    # Born on a 29 February where the years allow it: the birthdays that follow are then the hard ones.
    born = date(2026 - rule.from_age, 2, 28 if (2026 - rule.from_age) % 4 else 29)
    circumstance = rule.circumstances[0]
    found = applicable(current_rules(), rule.purpose, born, (pair,), AT, circumstance)
    assert found is not None
    assert found.rules == (rule,)
    turn = found.next
    return {
        "purpose": str(rule.purpose),
        "born": born.isoformat(),
        "at": Instant(AT),
        "sender": None if pair[0] is None else str(pair[0]),
        "receiver": None if pair[1] is None else str(pair[1]),
        "circumstance": str(circumstance),
        "rule": rule.id,
        "share_until": found.share_until,
        "read_until": found.read_until,
        "next": None if turn is None else {"at": turn.at, "birthday": turn.birthday, "rule": turn.rules[0].id},
    }
