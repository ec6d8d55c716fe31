"""Who may come to play the guardians' part, and how a caseworker is spoken to."""

from __future__ import annotations

from protocol.consent.answer import Deny
from protocol.consent.ask import Actor
from protocol.consent.case import Shield
from protocol.consent.decide import decide
from protocol.consent.explain import Audience, explain
from protocol.consent.guardianship import parts
from protocol.consent.vocabulary import AuthorityKind, Capacity, Language
from protocol.identifiers import PersonId
from protocol.shields import leave_out_guardians
from tests.unit.consent import family as f
from tests.unit.consent.family import BOTH, CASEWORKER, FATHER, GRANDMOTHER, MOTHER, NOW, share

LISTED = (
    f.holder(MOTHER),
    f.holder(FATHER),
    f.holder(CASEWORKER, Capacity.CHILD_WELFARE),
    f.holder(GRANDMOTHER, Capacity.REPRESENTATIVE),
)
SETTLED = f.authority(AuthorityKind.RESPONSIBILITY, persons=(MOTHER, FATHER))
SHEET = f.sheet(
    may_sign=LISTED,
    may_know=LISTED,
    authorities=(f.authority(), f.authority(AuthorityKind.MANDATE, persons=(GRANDMOTHER,)), SETTLED),
)


def test_guardians_and_each_authoritys_signers_may_come_to_play_the_guardians_part() -> None:
    assert list(map(sorted, parts(SHEET, NOW))) == [[MOTHER, FATHER], [CASEWORKER], [GRANDMOTHER]]


def test_a_decision_is_shown_where_it_leaves_out_whoever_signs_in_the_guardians_place() -> None:
    def withheld(*persons: PersonId) -> tuple[Shield, ...]:
        hidden = frozenset(persons)
        return (Shield(matter=f.MATTER, persons=hidden, provisional=False, holds_from=f.MADE, holds_to=None),)

    assert leave_out_guardians(withheld(MOTHER, FATHER), SHEET)
    assert leave_out_guardians(withheld(CASEWORKER), SHEET)
    assert not leave_out_guardians(withheld(MOTHER), SHEET)


def test_a_caseworker_is_told_in_the_words_for_child_welfare_and_the_family_that_the_service_must_sign() -> None:
    case = f.case(BOTH, sheet=SHEET)
    answer = decide(share(BOTH), case, NOW)
    assert isinstance(answer, Deny)
    said = {
        viewer: explain(answer, share(BOTH), Actor(viewer, None), case, NOW, language=Language.ENGLISH)
        for viewer in (CASEWORKER, MOTHER)
    }
    assert (said[CASEWORKER].audience, said[MOTHER].audience) == (Audience.CHILD_WELFARE, Audience.PARENT)
    assert said[CASEWORKER].acts == ("You must sign.",)
    assert said[MOTHER].acts == ("The child welfare service must sign.",)
    assert "pbrl § 4-4; bvl § 5-1" in said[MOTHER].references
