"""One log is consistent with itself at every size, and with no other."""

from __future__ import annotations

from functools import lru_cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.log import note
from protocol.log.checkpoint import LogPolicy
from protocol.log.details import Details
from protocol.log.event import Event
from protocol.sightings import Forked, compare
from protocol.statements.base import Refused
from tests.unit.protocol.world import LOG_KEY, ORIGIN, Log

SIZE = 24
POLICY = LogPolicy(ORIGIN, note.verifier_text(ORIGIN, 1, LOG_KEY.public))
sizes = st.integers(0, SIZE)


@lru_cache(maxsize=SIZE + 1)
def log(forked_at: int = SIZE) -> Log:
    """Give a log whose entries from `forked_at` on are another history."""
    made = Log()
    for number in range(SIZE):
        made.append(Event.SIGNED_IN if number < forked_at else Event.LOG_READ, Details(), number)
    return made


@given(st.sets(sizes), sizes)
def test_a_log_that_only_grew_is_one_log(seen: set[int], newest: int) -> None:
    grown = log().first(newest)
    earlier = [size for size in seen if size <= newest]
    proofs = {size: grown.consistency(size) for size in earlier if 0 < size < newest}
    compare([log().checkpoint(size) for size in earlier], grown.checkpoint(), proofs, POLICY)


@given(st.integers(0, SIZE - 1), sizes, sizes)
def test_another_history_is_never_consistent(forked_at: int, seen: int, newest: int) -> None:
    other, grown = log(forked_at), log().first(newest)
    proofs = {size: grown.consistency(size) for size in range(1, newest)}
    if seen <= min(forked_at, newest):
        compare([other.checkpoint(seen)], grown.checkpoint(), proofs, POLICY)
    else:
        with pytest.raises(Forked) as caught:
            compare([other.checkpoint(seen)], grown.checkpoint(), proofs, POLICY)
        assert caught.value.evidence == (other.checkpoint(seen), grown.checkpoint())


@given(st.integers(1, SIZE - 1), st.data())
def test_without_the_right_proof_nothing_is_believed(seen: int, data: st.DataObject) -> None:
    right = log().consistency(seen)
    for proofs, code in (({}, "no-consistency"), ({seen: _changed(right, data)}, "forked")):
        with pytest.raises(Refused) as caught:
            compare([log().checkpoint(seen)], log().checkpoint(), proofs, POLICY)
        assert caught.value.code == code


def _changed(proof: tuple[bytes, ...], data: st.DataObject) -> tuple[bytes, ...]:
    where = data.draw(st.integers(0, len(proof) - 1))
    node = data.draw(st.binary(min_size=32, max_size=32).filter(lambda node: node != proof[where]))
    shorter = (*proof[:where], *proof[where + 1 :])
    return data.draw(st.sampled_from([(*proof[:where], node, *proof[where + 1 :]), shorter, (*proof, node)]))
