"""What a client believes of words on shields: by whom, at which age, against whom."""

from __future__ import annotations

from typing import Any

import pytest

from protocol.consent.shielding import Asked, Decided, Ended, Told, shielding
from protocol.consent.vocabulary import ALL_ASPECTS, Ground, Regime
from protocol.identifiers import Instant, MatterId, PersonId, StatementId, SubjectId, UnitId
from protocol.shields import Said, shield_word
from protocol.statements.base import Refused
from protocol.statements.shields import (
    ShieldAskBody,
    ShieldDeclineBody,
    ShieldEndBody,
    ShieldNoticeBody,
    ShieldWithholdBody,
    ShieldWord,
)
from tests.unit.consent import family as f
from tests.unit.protocol.world import DAY, REGISTRAR, Story, sha, statement_id, step, tell

REASON = sha(b"reason")
About = tuple[StatementId, UnitId | None, SubjectId, MatterId]
OWN: About = (statement_id(90), None, f.CHILD, f.MATTER)
FOR_GP: About = (statement_id(91), f.GP, f.CHILD, f.MATTER)
PARENTS = tuple(sorted((f.MOTHER, f.FATHER)))


def ask(about: About = OWN, persons: tuple[PersonId, ...] = PARENTS) -> ShieldAskBody:
    return ShieldAskBody(*about, f.BUP, persons)


def withhold(about: About = FOR_GP, ground: Ground = Ground.WEIGHTY) -> ShieldWithholdBody:
    hides = tuple(sorted(ALL_ASPECTS))
    return ShieldWithholdBody(*about, PARENTS, hides, ground, REASON, Instant(f.MADE + 90 * DAY))


def words(*said: tuple[PersonId, ShieldWord], age: int = 13, regime: Regime = Regime.HEALTH) -> list[Said]:
    """Tell a story in which these say so on day five, and believe it as a client does."""

    def between(story: Story) -> None:
        story.do("youth", REGISTRAR, story.endorse(REGISTRAR, f.YOUTH, "person", None))
        for number, (who, body) in enumerate(said):
            story.do(f"word {number}", who, body)

    story = tell(
        step("sheet", body={"birth_date": f.BORN[age]}), step("gp unit", body={"regime": regime}), between=between
    )
    directory = story.directory()
    return [shield_word(directory, story.logged(f"word {number}")) for number in range(len(said))]


def code(*said: tuple[PersonId, ShieldWord], **how: Any) -> str:
    with pytest.raises(Refused) as refused:
        words(*said, **how)
    return refused.value.code


def test_every_word_is_believed_from_whoever_may_say_it() -> None:
    decision = ShieldDeclineBody(*FOR_GP, Ground.YOUTH_ASKS, REASON)
    found = words(
        (f.YOUTH, ask()),
        (f.DOCTOR, withhold(ground=Ground.YOUTH_ASKS)),
        (f.DOCTOR, decision),
        (f.YOUTH, ShieldNoticeBody(*OWN, REASON)),
        (f.DOCTOR, ShieldNoticeBody(*FOR_GP, REASON)),
        (f.YOUTH, ShieldEndBody(*OWN)),
        (f.DOCTOR, ask(FOR_GP)),
    )
    kinds = [type(each.word) for each in found]
    assert kinds == [Asked, Decided, Decided, Told, Told, Ended, Asked]
    assert [each.by for each in found] == [f.YOUTH, f.DOCTOR, f.DOCTOR, f.YOUTH, f.DOCTOR, f.YOUTH, f.DOCTOR]
    assert (found[0].to, found[0].unit, found[1].to, found[1].unit) == (f.BUP, None, None, f.GP)
    assert [each.word.ground for each in found if isinstance(each.word, Asked)] == [Ground.YOUTH_ASKS, Ground.WEIGHTY]
    assert shielding(f.MATTER, [each.word for each in found]).standing == found[2].word


def test_a_word_goes_on_counting_once_whom_it_shuts_out_has_left_the_sheet() -> None:
    story = tell(
        step("sheet", body={"birth_date": f.BORN[13], "may_know": (), "may_sign": (f.holder(f.MOTHER),)}),
        between=lambda story: story.do("word", f.DOCTOR, withhold()),
    )
    word = shield_word(story.directory(), story.logged("word")).word
    assert isinstance(word, Decided)
    assert f.FATHER in word.persons


def test_what_says_nothing_on_a_shield_is_refused() -> None:
    story = tell()
    with pytest.raises(Refused) as refused:
        shield_word(story.directory(), story.logged("hearing"))
    assert refused.value.code == "not-in-chain"


def test_nobody_else_of_the_family_says_anything_on_a_shield() -> None:
    assert code((f.MOTHER, ask())) == "not-entitled"
    assert code((f.MOTHER, ShieldEndBody(*OWN))) == "not-entitled"


def test_a_youth_decides_nothing() -> None:
    assert code((f.YOUTH, withhold(OWN))) == "not-entitled"
    assert code((f.YOUTH, ShieldDeclineBody(*OWN, Ground.YOUTH_ASKS, REASON))) == "not-entitled"


def test_only_a_health_unit_decides() -> None:
    assert code((f.DOCTOR, withhold()), regime=Regime.EDUCATION) == "not-entitled"
    assert len(words((f.DOCTOR, ask(FOR_GP)), regime=Regime.EDUCATION)) == 1


@pytest.mark.parametrize(
    ("age", "who", "body", "fits"),
    [
        (8, f.YOUTH, ask(), False),
        (8, f.DOCTOR, ask(FOR_GP), True),
        (15, f.YOUTH, ask(), True),
        (16, f.YOUTH, ask(), False),
        (16, f.DOCTOR, ask(FOR_GP), False),
        (8, f.DOCTOR, withhold(ground=Ground.YOUTH_ASKS), False),
        (8, f.DOCTOR, withhold(), True),
        (16, f.DOCTOR, withhold(), False),
        (16, f.DOCTOR, ShieldDeclineBody(*FOR_GP, Ground.YOUTH_ASKS, REASON), True),
    ],
)
def test_the_law_knows_each_word_at_its_ages(age: int, who: PersonId, body: ShieldWord, fits: bool) -> None:
    if fits:
        assert len(words((who, body), age=age)) == 1
    else:
        assert code((who, body), age=age) == "not-entitled"


def test_nobody_is_shut_out_from_what_is_their_own() -> None:
    assert code((f.YOUTH, ask(persons=(f.YOUTH,)))) == "not-entitled"
