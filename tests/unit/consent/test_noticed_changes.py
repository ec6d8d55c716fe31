"""Cases that nothing looked at until a changed rule went unnoticed (`make mutation`)."""

from __future__ import annotations

import pytest

from protocol.consent.answer import Deny, Reason
from protocol.consent.decide import decide
from protocol.consent.judge import may_withdraw, youth_from_16
from protocol.consent.state import prepare
from protocol.consent.vocabulary import Responsibility
from tests.unit.consent import family as f
from tests.unit.consent.family import BORN, BOTH, FATHER, MOTHER, NOW, YOUTH


@pytest.mark.parametrize(("age", "expected"), [(13, False), (15, False), (16, True)])
def test_a_youth_who_need_not_sign_withdraws_from_16_only(age: int, expected: bool) -> None:
    sheet = f.sheet(BORN[age])
    judged = prepare(BOTH, f.case(BOTH, sheet=sheet), NOW)
    assert not isinstance(judged, Reason)
    assert may_withdraw(judged, YOUTH, NOW) is expected
    assert (youth_from_16(sheet, NOW) == {YOUTH}) is expected
    assert may_withdraw(judged, MOTHER, NOW) is not expected


@pytest.mark.parametrize("register", [Responsibility.OTHER, Responsibility.UNKNOWN])
def test_one_guardian_alone_is_not_enough_when_the_register_does_not_say_sole(register: Responsibility) -> None:
    alone = f.consent(FATHER)
    sheet = f.sheet(may_sign=(f.holder(FATHER),), responsibility=register)
    answer = decide(f.share(alone), f.case(alone, sheet=sheet), NOW)
    assert isinstance(answer, Deny)
    assert answer.reason is Reason.RESPONSIBILITY_UNCLEAR
