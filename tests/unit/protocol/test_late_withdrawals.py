from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from keys import signing
from protocol.identifiers import Instant, MatterId, PersonId, StatementId, SubjectId
from protocol.log.checkpoint import LogPolicy
from protocol.log.receipt import Verified
from protocol.logged import TOLERANCE, Ledger
from protocol.statements.base import Refused, Statement, sign, verify
from protocol.statements.consent import ConsentAct, NoticeBody, ObjectionBody, RefusalBody, WithdrawalBody

NOON = Instant(1_800_000_000_000)
ORIGIN = "log.test/fortrolig"


def said(kind: type[ConsentAct], made: int) -> Statement[Any]:
    key = signing.generate()
    body = kind(StatementId.of(b"s" * 16), "0" * 64, SubjectId.of(b"c" * 16), MatterId.of(b"m" * 16))
    token = sign(body, key, iss=PersonId.of(b"p" * 16), aud=ORIGIN, made=Instant(made), seen=None)
    return verify(token, kind, key.public, aud=ORIGIN)


def believe(statement: Statement[Any]) -> Instant:
    """Take in a statement whose entry stands at noon."""
    entry = cast("Verified", SimpleNamespace(index=0, entry=SimpleNamespace(t=NOON)))
    return Ledger(cast("LogPolicy", None), NOON).believe(statement, entry)


def test_a_withdrawal_that_waited_for_the_log_counts_from_its_entry() -> None:
    assert believe(said(WithdrawalBody, NOON - 1000 * TOLERANCE)) == NOON


def test_a_withdrawal_is_not_made_after_its_entry() -> None:
    with pytest.raises(Refused) as refused:
        believe(said(WithdrawalBody, NOON + TOLERANCE + 1))
    assert refused.value.code == "wrong-time"


@pytest.mark.parametrize("kind", [NoticeBody, ObjectionBody, RefusalBody])
def test_no_other_word_stands_in_the_log_later_than_it_was_made(kind: type[ConsentAct]) -> None:
    assert believe(said(kind, NOON - TOLERANCE)) == NOON
    with pytest.raises(Refused) as refused:
        believe(said(kind, NOON - TOLERANCE - 1))
    assert refused.value.code == "wrong-time"
