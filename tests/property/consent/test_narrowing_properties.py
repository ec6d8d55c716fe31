"""Whatever is taken back of a consent, by whomever and in whatever order: it never gives anything."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from protocol.consent.answer import Permit
from protocol.consent.decide import decide
from protocol.consent.narrowing import Less, Narrowing
from protocol.consent.remaining import remaining
from protocol.consent.vocabulary import Category
from protocol.identifiers import Instant
from tests.property.consent.test_decide_properties import Signed, ask_of, permitted
from tests.property.consent.worlds import INSTANTS, signed_worlds
from tests.unit.consent import family as f

PEOPLE = (f.MOTHER, f.FATHER, f.YOUTH, f.GRANDMOTHER, f.STRANGER)
PARTIES = (f.GP, f.BUP, f.SCHOOL, f.PPT, f.BOROUGH, f.MOTHER)


def rising(of: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.frozensets(st.sampled_from(of), max_size=2).map(lambda some: tuple(sorted(some)))


NARROWINGS = st.builds(
    Narrowing,
    st.sampled_from(PEOPLE),
    INSTANTS,
    st.builds(Less, rising(PARTIES), rising(tuple(Category)), st.none() | INSTANTS, st.none() | INSTANTS),
)


@given(signed_worlds(), st.lists(NARROWINGS, max_size=3), NARROWINGS, st.integers(0, 20 * f.DAY))
def test_one_more_narrowing_never_helps(world: Signed, some: list[Narrowing], more: Narrowing, after: int) -> None:
    signed, case, _ = world
    before, narrower = replace(signed, narrowings=tuple(some)), replace(signed, narrowings=(*some, more))
    at = Instant(f.NOW + after)
    for ask in (ask_of(signed), ask_of(signed, f.NOW)):
        now_permitted = isinstance(decide(ask, replace(case, consents=(narrower,)), at), Permit)
        assert isinstance(decide(ask, replace(case, consents=(before,)), at), Permit) or not now_permitted


@given(signed_worlds(), st.lists(NARROWINGS, max_size=4))
def test_narrowings_mean_the_same_in_any_order(world: Signed, some: list[Narrowing]) -> None:
    signed, case, _ = world
    one, other = replace(signed, narrowings=tuple(some)), replace(signed, narrowings=tuple(reversed(some)))
    assert permitted(one, case) is permitted(other, case)
    assert remaining(one, case, f.NOW) == remaining(other, case, f.NOW)


@given(signed_worlds(), st.lists(NARROWINGS, max_size=4))
def test_what_is_left_is_never_more_than_the_terms_give(world: Signed, some: list[Narrowing]) -> None:
    signed, case, _ = world
    left, terms = remaining(replace(signed, narrowings=tuple(some)), case, f.NOW), signed.terms
    assert set(left.receivers) <= set(terms.receivers)
    assert set(left.categories) <= set(terms.categories)
    assert left.share_until <= terms.share_until
    assert left.share_until <= left.read_until <= terms.read_until
