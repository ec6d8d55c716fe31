"""Rules of law as data: reading `rules/*.toml`, refusing gaps and overlaps, and finding the one rule that applies."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass
from enum import StrEnum
from functools import cached_property, lru_cache
from importlib import resources
from itertools import product
from types import MappingProxyType
from typing import Self

from keys.canonical import canonical
from protocol.consent.age import BANDS, Band
from protocol.consent.fields import closed, short_text
from protocol.consent.in_place import SIGNS, InPlace
from protocol.consent.vocabulary import AuthorityKind, Circumstance, Kind, Purpose, Regime
from protocol.consent.wording import WORDING, Footing, day, in_line, require_validity
from protocol.identifiers import Instant
from protocol.reading import Malformed, boolean, distinct, integer, listed

Pair = tuple[Regime | None, Regime | None]
"""The regimes of one sender and one receiver; a person has none."""

PAIRS: tuple[Pair, ...] = tuple(product((*Regime, None), repeat=2))
_Cell = tuple[Purpose, Band, Pair, Circumstance]


class BadRules(ValueError):
    """The text is not a complete set of rules; the message names what is missing or doubled."""


class When(StrEnum):
    """Which pairs of sender and receiver a rule is for."""

    ALWAYS = "always"
    SENDER_OUTSIDE_HEALTH = "sender-outside-health"
    SENDER_NOT_OUTSIDE_HEALTH = "sender-not-outside-health"
    PARTY_OUTSIDE_HEALTH = "party-outside-health"
    NO_PARTY_OUTSIDE_HEALTH = "no-party-outside-health"

    def matches(self, pair: Pair) -> bool:
        """Say whether a rule with this condition is for the pair."""
        sender, receiver = (regime not in (Regime.HEALTH, None) for regime in pair)
        return {
            When.ALWAYS: True,
            When.SENDER_OUTSIDE_HEALTH: sender,
            When.SENDER_NOT_OUTSIDE_HEALTH: not sender,
            When.PARTY_OUTSIDE_HEALTH: sender or receiver,
            When.NO_PARTY_OUTSIDE_HEALTH: not (sender or receiver),
        }[self]


class Signs(StrEnum):
    """Who must sign. "Sending" is whoever an own sending comes from."""

    ALL_GUARDIANS = "all-guardians"
    GUARDIANS_AND_YOUTH = "guardians-and-youth"
    ONE_GUARDIAN = "one-guardian"
    YOUTH = "youth"
    REPRESENTATIVE = "representative"
    SENDING_GUARDIAN = "sending-guardian"
    SENDING_GUARDIAN_OR_YOUTH = "sending-guardian-or-youth"
    YOUTH_OR_OWN_OBSERVATIONS = "youth-or-own-observations"
    SENDING_YOUTH = "sending-youth"


class Informed(StrEnum):
    """Who must have been told before the consent counts."""

    NOBODY = "nobody"
    OTHER_GUARDIANS = "other-guardians"


class MayObject(StrEnum):
    """Whose objection stops the consent, beside those who sign."""

    NOBODY = "nobody"
    OTHER_GUARDIANS = "other-guardians"
    OTHER_GUARDIANS_AND_YOUTH = "other-guardians-and-youth"
    YOUTH = "youth"


# Rules are compared by identity: they are keys of caches that every decision looks into.
@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One rule: for whom it holds, what it asks, its legal reference, its validity, and why in plain words.

    `version` rises whenever a word of the rule changes; `id` and `version` name one wording for ever.
    """

    id: str
    version: int
    purpose: Purpose
    from_age: int
    to_age: int
    when: When
    circumstances: tuple[Circumstance, ...]
    signs: Signs
    heard: bool
    informed: Informed
    may_object: MayObject
    reference: str
    footing: Footing
    valid_from: Instant
    valid_to: Instant | None
    nb: str
    en: str

    @classmethod
    def parse(cls, value: object) -> Self:
        """Read one rule; any other shape raises ValueError."""
        rule = cls(
            **closed(
                value,
                purpose=Purpose,
                from_age=integer,
                to_age=integer,
                when=When,
                circumstances=_circumstances,
                signs=Signs,
                heard=boolean,
                informed=Informed,
                may_object=MayObject,
                **WORDING,
            )
        )
        rule._refuse_contradictions()
        return rule

    def _refuse_contradictions(self) -> None:
        firsts = {each.first for each in BANDS}
        if self.from_age not in firsts or self.to_age + 1 not in firsts | {_BEYOND_ALL_AGES}:
            raise Malformed(f"rule {self.id} cuts an age band in two")
        if self.from_age > self.to_age:
            raise Malformed(f"rule {self.id} is for nobody: its first age lies after its last")
        require_validity(self)
        if (self.signs in _SENDING) is not (self.purpose is Purpose.OWN_SENDING):
            raise Malformed(f"rule {self.id} names a sender to sign, or none, against its purpose")

    def cells(self) -> Iterable[_Cell]:
        """Name every purpose, band, pair and circumstance that this rule is for."""
        bands = [each for each in BANDS if self.from_age <= each.first <= self.to_age]
        pairs = [pair for pair in PAIRS if self.when.matches(pair)]
        yield from product([self.purpose], bands, pairs, self.circumstances)


_BEYOND_ALL_AGES = 151
_SENDING = frozenset(
    {
        Signs.SENDING_GUARDIAN,
        Signs.SENDING_GUARDIAN_OR_YOUTH,
        Signs.YOUTH_OR_OWN_OBSERVATIONS,
        Signs.SENDING_YOUTH,
    }
)
"""Who signs depends on who sends: in own sending always, elsewhere never."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What kinds of consent a purpose takes, and its longest times in calendar months."""

    kinds: frozenset[Kind]
    share_months: int
    read_months: int

    @classmethod
    def parse(cls, value: object) -> Self:
        """Read one purpose's scope; any other shape raises ValueError."""
        read = closed(value, kinds=distinct(Kind, least=1), share_months=integer, read_months=integer)
        if not 0 < read["share_months"] <= read["read_months"]:
            raise Malformed("what may be shared must be readable at least as long, and a month at least")
        return cls(**{**read, "kinds": frozenset(read["kinds"])})


# Compared by identity, as its rules are.
@dataclass(frozen=True, eq=False)
class RuleSet:
    """A complete set of rules. `digest` names it in terms and policies."""

    id: str
    version: str
    digest: str
    purposes: Mapping[Purpose, Scope]
    rules: tuple[Rule, ...]
    in_place: tuple[InPlace, ...]
    _cells: Mapping[_Cell, tuple[Rule, ...]]
    _standing: Mapping[AuthorityKind, tuple[InPlace, ...]]

    @classmethod
    def parse(cls, toml: str) -> Self:
        """Read a rule set.

        Raises:
            BadRules: no TOML, another shape, two rules of one id, or no rule or two for a purpose, band,
                pair, circumstance and date.
        """
        try:
            content = tomllib.loads(toml)
            read = closed(
                content,
                id=short_text(20),
                version=short_text(20),
                valid_from=day,
                purposes=lambda value: closed(value, **dict.fromkeys(Purpose, Scope.parse)),
                rules=listed(Rule.parse),
                in_place=listed(InPlace.parse),
            )
            digest = hashlib.sha256(canonical(content)).hexdigest()
        except ValueError as error:
            raise BadRules(f"not a rule set: {error}") from error
        rules: tuple[Rule, ...] = read["rules"]
        in_place: tuple[InPlace, ...] = read["in_place"]
        if len({rule.id for rule in rules} | {rule.id for rule in in_place}) != len(rules) + len(in_place):
            raise BadRules("two rules have one id")
        purposes = MappingProxyType({Purpose(name): scope for name, scope in read["purposes"].items()})
        begins = read["valid_from"]
        cells, standing = _index(rules, begins), _index_in_place(in_place, begins)
        return cls(read["id"], read["version"], digest, purposes, rules, in_place, cells, standing)

    @cached_property
    def beginnings(self) -> frozenset[Instant]:
        """The instants at which a rule begins to hold; between them `find` answers the same."""
        return frozenset({rule.valid_from for rule in self.rules} | {rule.valid_from for rule in self.in_place})

    def find(
        self, purpose: Purpose, band: Band, pair: Pair, at: Instant, circumstance: Circumstance = Circumstance.ORDINARY
    ) -> Rule | None:
        """Return the one rule for the cell that is valid at an instant; None only before the set begins."""
        for rule in self._cells[purpose, band, pair, circumstance]:
            if rule.valid_from <= at:
                return rule
        return None

    def standing_by(self, authority: AuthorityKind, at: Instant) -> InPlace:
        """Return the one rule by which somebody stands in the guardians' place; the first, before the set begins."""
        line = self._standing[authority]
        return next((rule for rule in line if rule.valid_from <= at), line[-1])


def _index(rules: tuple[Rule, ...], begins: Instant) -> Mapping[_Cell, tuple[Rule, ...]]:
    """File the rules by cell, latest first, refusing gaps and overlaps in each cell's time line."""
    cells: dict[_Cell, list[Rule]] = {cell: [] for cell in product(Purpose, BANDS, PAIRS, Circumstance)}
    for rule in rules:
        for cell in rule.cells():
            cells[cell].append(rule)
    found = {}
    for cell, among in cells.items():
        line = in_line(among, begins)
        if line is None:
            purpose, band, (sender, receiver), circumstance = cell
            raise BadRules(f"a gap or an overlap at {purpose}/{band} from {sender} to {receiver}, {circumstance}")
        found[cell] = line
    return MappingProxyType(found)


def _index_in_place(rules: tuple[InPlace, ...], begins: Instant) -> Mapping[AuthorityKind, tuple[InPlace, ...]]:
    found = {}
    for kind in SIGNS:
        line = in_line([rule for rule in rules if rule.authority is kind], begins)
        if line is None:
            raise BadRules(f"a gap or an overlap at who stands in the guardians' place by a {kind}")
        found[kind] = line
    return MappingProxyType(found)


@lru_cache(maxsize=1)
def rule_sets() -> Mapping[str, RuleSet]:
    """Return every packaged rule set by its digest, so that a consent is judged by the rules it was signed under."""
    folder = resources.files("protocol.consent") / "rules"
    texts = [entry.read_text(encoding="utf-8") for entry in folder.iterdir() if entry.name.endswith(".toml")]
    return together(map(RuleSet.parse, texts))


def together(sets: Iterable[RuleSet]) -> Mapping[str, RuleSet]:
    """Return rule sets by digest.

    Raises:
        BadRules: two sets of one id and version, or one rule's id and version with two wordings.
    """
    found = {rules.digest: rules for rules in sets}
    if len({(rules.id, rules.version) for rules in found.values()}) != len(found):
        raise BadRules("two rule sets have one id and version: raise the version of the changed one")
    wordings: dict[tuple[str, int], tuple[object, ...]] = {}
    every: list[Rule | InPlace] = [rule for rules in found.values() for rule in rules.rules]
    for rule in [*every, *(rule for rules in found.values() for rule in rules.in_place)]:
        if wordings.setdefault((rule.id, rule.version), astuple(rule)) != astuple(rule):
            raise BadRules(
                f"rule {rule.id} version {rule.version} has two wordings: raise the version of the later one"
            )
    return MappingProxyType(found)


@lru_cache(maxsize=1)
def current_rules() -> RuleSet:
    """Return the packaged rule set that new terms are made under: `rules/no.toml`."""
    text = (resources.files("protocol.consent") / "rules" / "no.toml").read_text(encoding="utf-8")
    return rule_sets()[RuleSet.parse(text).digest]


_circumstances = distinct(Circumstance, least=1)
