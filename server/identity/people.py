"""Rules for policies, invitations, endorsements and units: each refuses before it writes, and gives its leaf index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from protocol.identity import CHAIN, CUSTODIAN, DAY
from protocol.log.details import Details
from protocol.log.event import Event
from protocol.statements.base import Refused
from server.identity import store
from server.identity.chain import policy_in_force, require_alive, require_next, require_right
from server.identity.store import invitations, mailboxes, people

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from keys.signing import PublicKey
    from protocol.identifiers import UnitId
    from protocol.statements.base import Statement
    from protocol.statements.enrolment import InvitationBody
    from protocol.statements.identity import EndorsementBody, PolicyBody, UnitBody
    from server.audit.batch import Work

LONGEST_INVITATION = 14 * DAY

_ENDORSED = {
    "person": Event.PERSON_ENDORSED,
    "custodian": Event.CUSTODIAN_ENDORSED,
    "staff": Event.STAFF_ENDORSED,
    "supervisor": Event.SUPERVISOR_ENDORSED,
}


def publish_policy(work: Work, statement: Statement[PolicyBody], root: PublicKey, verifier: str) -> int:
    """Keep a policy that `accept_policy` has verified under the configured root."""
    body = statement.body
    require_alive(body.not_after, work.at)
    if body.log != verifier:
        raise Refused("wrong-log", "the policy names another log than this server's")
    latest = store.latest_policy_body(work.connection)
    require_next(body.number, 0 if latest is None else latest.number)
    before = () if latest is None else latest.registrars
    details = Details(actor=statement.iss, act=body.kind, statements=(statement.digest,))
    index = work.append(Event.POLICY_PUBLISHED, details, statement.iss)
    for registrar in body.registrars:
        if registrar not in before:
            named = Details(actor=statement.iss, person=registrar.person, statements=(statement.digest,))
            work.append(Event.REGISTRAR_ENDORSED, named, registrar.person)
    people.add_policy(work.connection, body, statement.digest, root)
    return index


def register_invitation(work: Work, statement: Statement[InvitationBody]) -> int:
    """Keep an invitation by whoever may endorse what it invites to."""
    body = statement.body
    require_right(work, statement, "", role=CHAIN[f"endorsement {body.role}"][0])
    require_alive(body.not_after, work.at)
    if body.not_after - statement.made > LONGEST_INVITATION:
        raise Refused("too-long", "an invitation holds 14 days at most")
    if invitations.invitation(work.connection, body.id) is not None:
        raise Refused("invitation-used", "there is an invitation of this id already")
    _require_unit(work.connection, statement)
    details = Details(
        actor=statement.iss,
        for_unit=body.unit if CHAIN[f"endorsement {body.role}"][0] == CUSTODIAN else None,
        act=body.kind,
        person=body.holder,
        unit=body.unit,
        invitation=body.id,
        statements=(statement.digest,),
    )
    index = work.append(Event.INVITATION_REGISTERED, details, body.holder)
    invitations.add_invitation(work.connection, statement)
    return index


def endorse(work: Work, statement: Statement[EndorsementBody], fingerprint: str) -> int:
    """Keep an endorsement: the first one uses up its invitation, the next ones renew or end it."""
    body, connection = statement.body, work.connection
    require_right(work, statement, fingerprint)
    invitation = invitations.invitation(connection, body.invitation)
    if invitation is None:
        raise Refused("unknown-invitation", "there is no such invitation")
    known = people.endorsement(connection, body.invitation)
    require_next(body.number, 0 if known is None else known.number)
    invited = (invitation.holder, invitation.role, invitation.unit, invitation.name)
    if (body.holder, body.role, body.unit, body.name) != invited:
        raise Refused("other-invitation", "the endorsement says something else than its invitation")
    if body.server != policy_in_force(connection, work.at).server:
        raise Refused("other-invitation", "the endorsement is for another server")
    if known is None:
        _require_first(work, statement, invitation)
    elif body.keys.digest != known.keys:
        raise Refused("other-keys", "a renewal keeps the keys: new keys take a new invitation")
    by_custodian = CHAIN[f"endorsement {body.role}"][0] == CUSTODIAN
    if by_custodian and _is_anothers(work, statement):
        raise Refused("holder-taken", "a custodian cannot give new keys to somebody whom others vouch for")
    details = Details(
        actor=statement.iss,
        for_unit=body.unit if by_custodian else None,
        act=body.kind,
        person=body.holder,
        unit=body.unit,
        invitation=body.invitation,
        statements=(statement.digest,),
    )
    index = work.append(_ENDORSED[body.role], details, body.holder)
    people.put_endorsement(connection, body, statement.digest, work.at)
    if known is None:
        invitations.mark_used(connection, body.invitation, work.at)
    return index


def register_unit(work: Work, statement: Statement[UnitBody], fingerprint: str) -> int:
    """Keep a unit: new, or in place of its statement before."""
    body, connection = statement.body, work.connection
    require_right(work, statement, fingerprint)
    require_alive(body.not_after, work.at)
    asked = {body.unit} if body.parent is None else {body.unit, body.parent}
    found = mailboxes.units(connection, asked)
    known = found.get(body.unit)
    require_next(body.number, 0 if known is None else known.number)
    above: tuple[UnitId, ...] = ()
    if body.parent is not None:
        parent = found.get(body.parent)
        if parent is None:
            raise Refused("unknown-unit", "the unit above it is not registered")
        above = (body.parent, *parent.ancestors)
        if body.unit in above:
            raise Refused("unknown-unit", "a unit cannot stand above itself")
    details = Details(actor=statement.iss, act=body.kind, unit=body.unit, statements=(statement.digest,))
    index = work.append(Event.UNIT_REGISTERED, details, body.unit)
    mailboxes.put_unit(connection, body, statement.digest, above)
    return index


def _require_first(work: Work, statement: Statement[EndorsementBody], invitation: invitations.Invitation) -> None:
    require_alive(statement.body.not_after, work.at)
    require_alive(invitation.not_after, work.at)
    if (statement.iss, statement.kid) != (invitation.inviter, invitation.kid):
        raise Refused("other-invitation", "only the inviter's own key can say that the secret was checked")


def _is_anothers(work: Work, statement: Statement[EndorsementBody]) -> bool:
    """Say whether others than this unit vouch, or ever vouched, for this holder with other keys.

    Without this a custodian could make keys of their own count as those of a parent, or of another unit's staff.
    """
    body = statement.body
    elsewhere = [each for each in people.endorsements_of(work.connection, body.holder) if each.unit != body.unit]
    if any(each.keys != body.keys.digest for each in elsewhere):
        return True
    return bool(people.registrar_kids(work.connection, body.holder, work.at))


def _require_unit(connection: Connection, statement: Statement[InvitationBody]) -> None:
    unit = statement.body.unit
    if unit is not None and not mailboxes.units(connection, [unit]):
        raise Refused("unknown-unit", "the unit is not registered")
