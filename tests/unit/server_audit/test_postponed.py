from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from server.audit import postponed
from server.audit.log import LogBehind
from server.audit.writer import LogNotHalted
from tests.unit.server_audit.support import NOON, append

if TYPE_CHECKING:
    from server.audit.batch import Work
    from tests.unit.server_audit.support import Place


def carry_out_what_waits(work: Work) -> list[str]:
    carried_out = []
    for each in postponed.waiting(work.connection):
        append(work)
        postponed.settle(work.connection, each.digest)
        carried_out.append(each.token)
    return carried_out


async def test_while_the_log_is_halted_statements_wait_in_the_order_they_came_and_once_each(place: Place) -> None:
    async with place.writer() as writer:
        writer.log.halted = LogBehind("a backup was put back")
        for token in ("later", "first", "later"):
            await writer.postpone("withdrawal", token)
            place.clock.move(1)
    async with place.writer() as writer:
        found = await writer.database.read(postponed.waiting)
        assert [(each.kind, each.token, each.t) for each in found] == [
            ("withdrawal", "later", NOON),
            ("withdrawal", "first", NOON + 1),
        ]
        outcome = await writer.submit(carry_out_what_waits)
        assert outcome.result == ["later", "first"]
        assert len(outcome.receipts) == 2
        assert (await writer.submit(carry_out_what_waits)).result == []


async def test_nothing_waits_while_the_log_works(place: Place) -> None:
    async with place.writer() as writer:
        with pytest.raises(LogNotHalted):
            await writer.postpone("withdrawal", "token")
        assert await writer.database.read(postponed.waiting) == []
