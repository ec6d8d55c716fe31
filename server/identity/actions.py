"""The use cases of identity, each inside the group commit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from protocol.log.details import Decision, Details
from protocol.log.event import Event
from protocol.statements.authority import AUTHORITY_WORDS
from protocol.statements.base import Body, Refused
from protocol.statements.enrolment import InvitationBody
from protocol.statements.identity import EndorsementBody, EpochBody, PolicyBody, RenewalBody, SheetBody, UnitBody
from protocol.statements.restricted import RestrictedEpochBody
from server.identity.authorities import determine
from server.identity.children import Covered, publish_renewal, publish_sheet
from server.identity.intake import Accepted, Rejected, accept
from server.identity.mailboxes import Sealed, publish_epoch
from server.identity.people import endorse, publish_policy, register_invitation, register_unit
from server.identity.restricted import publish_restricted
from server.identity.store import invitations
from server.identity.store.invitations import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keys.signing import PublicKey
    from protocol.identifiers import InvitationId, PersonId, UnitId
    from protocol.statements.base import Statement
    from protocol.statements.identity import KeySet
    from server.audit.batch import Work

MOST_ANSWERS = 5
"""Answers kept to one invitation, and alarms raised after it was used: enough to see that something is wrong."""

INVITATION = {InvitationBody.kind: InvitationBody}
CHAINED: dict[str, type[Body]] = {
    body.kind: body
    for body in (UnitBody, EndorsementBody, EpochBody, RestrictedEpochBody, SheetBody, RenewalBody, *AUTHORITY_WORDS)
}
"""What may be handed in as a statement of the chain, by kind."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What came along with a statement; None where nothing did."""

    seeds: Mapping[PersonId, bytes] | None = None
    previous: bytes | None = None
    cards: Mapping[PersonId | UnitId, bytes] | None = None
    covered: Covered | None = None

    def require_only(self, *allowed: str) -> None:
        """Refuse parts that belong to another kind; raises `Refused` (`other-parts`)."""
        for name in ("seeds", "previous", "cards", "covered"):
            if name not in allowed and getattr(self, name) is not None:
                raise Refused("other-parts", f"this kind of statement takes no {name}")


def take_policy(work: Work, statement: Statement[PolicyBody], root: PublicKey, verifier: str) -> Accepted | Rejected:
    """Accept a policy that holds under the configured root, for the log of this verifier key."""
    return accept(work, statement, publish_policy, root, verifier)


def invite(work: Work, statement: Statement[InvitationBody]) -> Accepted | Rejected:
    """Accept an invitation."""
    return accept(work, statement, register_invitation)


def hand_in(work: Work, statement: Statement[Any], fingerprint: str, parts: Parts) -> Accepted | Rejected:
    """Accept a statement of one of the kinds in `CHAINED`."""
    return accept(work, statement, _apply, fingerprint, parts)


def _apply(work: Work, statement: Statement[Any], fingerprint: str, parts: Parts) -> int:
    match statement.body:
        case RestrictedEpochBody():
            parts.require_only("seeds", "previous")
            return publish_restricted(work, statement, fingerprint, Sealed(parts.seeds or {}, parts.previous))
        case EpochBody():
            parts.require_only("seeds", "previous")
            return publish_epoch(work, statement, fingerprint, Sealed(parts.seeds or {}, parts.previous))
        case SheetBody():
            parts.require_only("cards")
            return publish_sheet(work, statement, fingerprint, parts.cards)
        case RenewalBody():
            parts.require_only("covered")
            return publish_renewal(work, statement, fingerprint, parts.covered or Covered.of(()))
    parts.require_only()
    alone = _ALONE.get(type(statement.body), endorse)
    return alone(work, statement, fingerprint)


_ALONE: dict[type[Body], Callable[[Work, Statement[Any], str], int]] = {
    UnitBody: register_unit,
    **dict.fromkeys(AUTHORITY_WORDS, determine),
}
"""What comes with nothing beside it; endorsements are the rest."""


def answer_invitation(work: Work, name: InvitationId, keys: KeySet, mac: str) -> bool | Rejected:
    """Keep a newcomer's keys and MAC for the inviter, who alone can check it; False if there is no such invitation.

    The same answer again changes nothing. An answer after the endorsement raises an alarm: somebody else has the slip.
    """
    connection = work.connection
    invitation = invitations.invitation(connection, name)
    if invitation is None:
        return False
    if invitations.was_answered(connection, name, keys.digest, mac):
        return True
    if invitation.used_at is not None:
        if invitation.alarms < MOST_ANSWERS:
            invitations.count_alarm(connection, name)
            work.append(Event.ALARM_RAISED, _alarm(invitation), invitation.holder)
        return Rejected("invitation-used", "the invitation was used before; tell the one who invited you")
    if invitation.not_after <= work.at:
        return Rejected("ended", "the invitation has ended; ask for a new one")
    if invitation.answers >= MOST_ANSWERS:
        return Rejected("too-many", "the invitation was answered too often; ask for a new one")
    answer = Answer(keys.to_json(), mac, work.at)
    invitations.add_answer(connection, name, invitation.answers + 1, keys.digest, answer)
    return True


def _alarm(invitation: invitations.Invitation) -> Details:
    return Details(
        act="answer",
        decision=Decision.DENY,
        reason="invitation-used",
        person=invitation.holder,
        unit=invitation.unit,
        invitation=invitation.invitation,
    )
