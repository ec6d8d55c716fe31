"""Withdrawals that come while the log is halted: kept beside it, and carried out before anything else when it goes on.

A halted log shares and opens nothing, so a withdrawal that waits is late for nobody. What needs no writing is checked
when it comes; who may withdraw is judged when it is carried out, on the facts of then.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from protocol.statements.base import Body, Refused, claim
from protocol.statements.narrowing import TAKING_BACK, WORDS
from server.audit import postponed
from server.audit.log import LogHalted
from server.consent import actions
from server.identity.intake import Rejected, refuse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from protocol.identifiers import Instant, PersonId
    from protocol.statements.base import Statement
    from server.audit.batch import Work
    from server.audit.postponed import Postponed
    from server.consent.actions import OnEnded
    from server.identity.intake import Intake

WITHDRAWAL: dict[str, type[Body]] = {word.kind: word for word in WORDS if word.kind in TAKING_BACK}
"""What takes a consent back, whole or in part."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """The withdrawal of this digest is kept, and is not in the log yet."""

    digest: str


def is_withdrawal(token: str) -> bool:
    """Say whether a token says of itself that it is a withdrawal."""
    try:
        return claim(token).kind in WITHDRAWAL
    except Refused:
        return False


async def keep(intake: Intake, token: str, person: PersonId, at: Instant) -> Waiting | Rejected:
    """Keep a withdrawal while the log is halted; nothing of a refusal can be logged then, so nothing is.

    The same statement again is answered as the first time, however late: it was made in time when it came.

    Raises:
        server.audit.writer.LogNotHalted: the log works.
    """
    try:
        statement = await intake.read(token, person, WITHDRAWAL)
        if token not in {each.token for each in await intake.writer.database.read(postponed.waiting)}:
            actions.require_now(statement.made, at)
    except Refused as refusal:
        return Rejected(refusal.code, str(refusal))
    await intake.writer.postpone(statement.body.kind, token)
    return Waiting(statement.digest)


async def carry_out(intake: Intake, on_ended: Sequence[OnEnded]) -> None:
    """Carry out what waits, in the order it came, each accepted or refused and logged like any other statement.

    To be called before the first request is let in. While the log is halted all of it goes on waiting. What else fails
    is raised: a server that cannot carry out a withdrawal must not begin to open anything.
    """
    if intake.writer.log.halted is not None:
        return
    with suppress(LogHalted):
        for each in await intake.writer.database.read(postponed.waiting):
            await intake.writer.submit(_settle, each, await _read(intake, each.token), on_ended)


async def _read(intake: Intake, token: str) -> Statement[Any] | Refused:
    try:
        return await intake.read(token, claim(token).iss, WITHDRAWAL)
    except Refused as refusal:
        return refusal


def _settle(work: Work, each: Postponed, read: Statement[Any] | Refused, on_ended: Sequence[OnEnded]) -> None:
    if each not in postponed.waiting(work.connection):
        return  # another process that started at the same time has done it
    if isinstance(read, Refused):
        refuse(work, claim(each.token).iss, each.kind, None, read)
    else:
        actions.say(work, read, on_ended, each.t)
    postponed.settle(work.connection, each.digest)
