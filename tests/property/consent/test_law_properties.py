"""What the law asks is derived once for each stretch of time: no instant of a stretch may ask otherwise."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from protocol.consent.age import thresholds
from protocol.consent.authority import Authority
from protocol.consent.case import Holder
from protocol.consent.law import Law, Situation
from protocol.consent.ruleset import PAIRS, current_rules
from protocol.consent.vocabulary import Category, Kind, Purpose
from protocol.identifiers import Instant
from tests.property.consent.worlds import AUTHORITIES, BIRTHS, HOLDERS, INSTANTS

SITUATIONS = st.builds(
    Situation,
    st.sampled_from(Purpose),
    st.sampled_from(Kind),
    st.frozensets(st.sampled_from(Category), min_size=1, max_size=2),
    st.frozensets(st.sampled_from(PAIRS), min_size=1, max_size=2),
)


@given(BIRTHS, HOLDERS, AUTHORITIES, SITUATIONS, st.data())
def test_the_law_of_a_stretch_is_the_law_of_each_of_its_instants(
    birth_date: date,
    may_sign: tuple[Holder, ...],
    authorities: tuple[Authority, ...],
    situation: Situation,
    data: st.DataObject,
) -> None:
    told = [each for holder in may_sign for each in (holder.known_at, holder.holds_from, holder.holds_to)]
    turns = [*thresholds(birth_date), *current_rules().beginnings, *(each for each in told if each is not None)]
    beside = st.builds(lambda turn, by: Instant(turn + by), st.sampled_from(turns), st.integers(-1, 1))
    turns += [turn for each in authorities for turn in each.turns]
    instants = data.draw(st.lists(INSTANTS | beside, min_size=2, max_size=12))
    facts = (birth_date, may_sign, authorities)
    law = Law(current_rules(), situation, *facts)
    asked = [law.asks(at) for at in instants]
    assert asked == [Law(current_rules(), situation, *facts).asks(at) for at in instants]
