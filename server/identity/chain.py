"""What all rules of the chain ask: the policy in force, the signer's right, the number, the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from protocol.identity import CHAIN, CUSTODIAN, REGISTRAR, judge, said_in_chain
from protocol.statements.base import Refused
from server.identity import store

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from protocol.identifiers import Instant
    from protocol.statements.base import Statement
    from protocol.statements.identity import PolicyBody
    from server.audit.batch import Work


def policy_in_force(connection: Connection, at: Instant) -> PolicyBody:
    """Give the policy.

    Raises:
        Refused: `no-policy`, if there is none that has not ended.
    """
    policy = store.latest_policy_body(connection)
    if policy is None or policy.not_after <= at:
        raise Refused("no-policy", "the root has not signed a policy that is in force")
    return policy


def require_right(work: Work, statement: Statement[Any], fingerprint: str, role: str | None = None) -> None:
    """Check that the signer has the role that `CHAIN` asks for what is said, and apply `protocol.identity.judge`.

    `role` is given for what does not stand in the chain: invitations.

    Raises:
        Refused: `no-policy`, `not-entitled`, `not-in-chain` or `too-long`.
    """
    policy_in_force(work.connection, work.at)
    if role is None:
        role = CHAIN[said_in_chain(statement.body)][0]
        judge(statement, role, fingerprint)
    if not _holds(work, statement, role):
        raise Refused("not-entitled", f"{statement.body.kind}: not signed by a {role} who may say this now")


def require_next(number: int, known: int) -> None:
    """Check that numbers go up by one from 1; raises `Refused` (`wrong-number`)."""
    if number != known + 1:
        raise Refused("wrong-number", f"the next number is {known + 1}, not {number}")


def require_alive(not_after: Instant, at: Instant) -> None:
    """Check that something has not ended; raises `Refused` (`ended`). The same instant counts as ended."""
    if not_after <= at:
        raise Refused("ended", "the end lies in the past")


def _holds(work: Work, statement: Statement[Any], role: str) -> bool:
    if role == REGISTRAR:
        return store.is_registrar(work.connection, statement.iss, statement.kid, work.at)
    if role == CUSTODIAN:
        unit = statement.body.unit
        return store.is_custodian(work.connection, statement.iss, statement.kid, unit, work.at)
    return False
