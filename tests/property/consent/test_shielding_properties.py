"""Whatever is said on a matter's shields: nothing comes to light that the youth was not told of, or did not end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from protocol.consent.shielding import TOLD_FIRST, Asked, Decided, Ended, Told, Word, shielding, whole
from protocol.consent.vocabulary import ALL_ASPECTS, Aspect, Ground
from protocol.identifiers import Instant, PersonId
from tests.unit.consent.family import DAY, FATHER, GRANDMOTHER, MATTER, MOTHER, NOW

PERSONS = (MOTHER, FATHER, GRANDMOTHER)
AT = Instant(0)
GROUNDS = st.sampled_from(Ground)
SOME = st.frozensets(st.sampled_from(PERSONS), min_size=1)
HIDES = st.frozensets(st.sampled_from(Aspect), min_size=1).map(whole)
DIGESTS = st.sampled_from(["0" * 64, "1" * 64, "2" * 64])
ASKED = st.builds(Asked, at=st.just(AT), ground=GROUNDS, persons=SOME)
WITHHELD = st.builds(
    Decided,
    at=st.just(AT),
    ground=GROUNDS,
    digest=DIGESTS,
    persons=SOME,
    hides=HIDES,
    review_at=st.just(Instant(NOW + 5 * DAY)),
)
DECLINED = st.builds(
    Decided,
    at=st.just(AT),
    ground=GROUNDS,
    digest=DIGESTS,
    persons=st.just(frozenset()),
    hides=st.just(frozenset()),
    review_at=st.just(AT),
)
TOLD = st.builds(Told, at=st.just(AT), decision=DIGESTS)
ENDED = st.builds(Ended, at=st.just(AT))
UNTOLD = st.lists(ASKED | WITHHELD | DECLINED, max_size=8)
ANYTHING = st.lists(ASKED | WITHHELD | DECLINED | TOLD | ENDED, max_size=8)


def in_turn(words: list[Word]) -> list[Word]:
    """Let each be said a day after the one before."""
    return [replace(word, at=_on(day)) for day, word in enumerate(words)]


def _on(day: int) -> Instant:
    return Instant(NOW + day * DAY)


def hidden(words: Sequence[Word], person: PersonId, at: int) -> frozenset[Aspect]:
    return shielding(MATTER, words).hidden(person, Instant(at))


@given(UNTOLD, st.sampled_from(PERSONS), st.integers(0, 20), st.integers(0, 20))
def test_what_is_hidden_stays_hidden_while_the_youth_is_told_of_nothing(
    words: list[Word], person: PersonId, one: int, other: int
) -> None:
    said = in_turn(words)
    earlier, later = sorted((_on(one), _on(other)))
    assert hidden(said, person, earlier) <= hidden(said, person, later)


@given(ANYTHING, st.sampled_from(PERSONS), st.integers(0, 20))
def test_nothing_comes_to_light_within_a_week_of_a_notice_unless_the_youth_ends_it(
    words: list[Word], person: PersonId, day: int
) -> None:
    said = [word for word in in_turn(words) if not isinstance(word, Ended)]
    notices = [word.at for word in said if isinstance(word, Told)]
    first = min(notices, default=_on(0))
    asked_before = [word for word in said if word.at <= first]
    before = hidden(asked_before, person, first)
    at = min(_on(day), first + TOLD_FIRST - 1)
    if at >= first:
        assert before <= hidden(said, person, at)


@given(ANYTHING, st.sampled_from(PERSONS), st.integers(0, 20))
def test_only_a_professionals_decision_is_firm_and_it_hides_what_it_leaves_out_of_signing(
    words: list[Word], person: PersonId, day: int
) -> None:
    said, at = in_turn(words), _on(day)
    for shield in shielding(MATTER, said).shields:
        assert shield.hides
        assert shield.holds_to is None or shield.holds_from < shield.holds_to
        if not shield.provisional:
            assert any(isinstance(word, Decided) and word.persons == shield.persons for word in said)
            if shield.holds(at) and person in shield.persons:
                assert shield.hides <= hidden(said, person, at)


@given(ANYTHING)
def test_who_was_never_named_sees_everything(words: list[Word]) -> None:
    said = [word for word in in_turn(words) if not isinstance(word, Asked | Decided) or MOTHER not in word.persons]
    assert all(hidden(said, MOTHER, _on(day)) == frozenset() for day in range(15))
    assert whole(ALL_ASPECTS) == ALL_ASPECTS
