"""The rule for epochs: a unit's sealing key and complete list of members."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

from protocol.log.details import Details
from protocol.log.event import Event
from protocol.statements.base import Refused
from server.identity.chain import require_alive, require_next, require_right
from server.identity.store import mailboxes, people, restricted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from protocol.identifiers import Instant, PersonId
    from protocol.statements.base import Statement
    from protocol.statements.identity import EpochBody
    from server.audit.batch import Work
    from server.identity.store.mailboxes import Epoch


@dataclass(frozen=True, slots=True)
class Sealed:
    """What comes with an epoch: its seed sealed to each member, and the seed before it sealed to its own key."""

    seeds: Mapping[PersonId, bytes] = field(default_factory=dict)
    previous: bytes | None = None


def publish_epoch(work: Work, statement: Statement[EpochBody], fingerprint: str, sealed: Sealed) -> int:
    """Keep an epoch by the unit's custodian; whoever is not on its list is no member from here on."""
    body, connection = statement.body, work.connection
    require_right(work, statement, fingerprint)
    require_alive(body.not_after, work.at)
    latest = mailboxes.latest_epoch(connection, body.unit)
    require_next(body.number, 0 if latest is None else latest.number)
    _require_members(connection, body, work.at)
    seal = sha256(body.seal).hexdigest()
    _require_key(connection, body, seal, latest)
    require_seeds(body, sealed, replaced=latest is not None and latest.seal != seal)
    details = Details(
        actor=statement.iss, for_unit=body.unit, act=body.kind, unit=body.unit, statements=(statement.digest,)
    )
    index = work.append(Event.EPOCH_PUBLISHED, details, body.unit)
    mailboxes.add_epoch(connection, body, statement.digest, seal, sealed.seeds, sealed.previous)
    for person in mailboxes.move_members(connection, body, work.at):
        removed = Details(
            actor=statement.iss, for_unit=body.unit, person=person, unit=body.unit, statements=(statement.digest,)
        )
        work.append(Event.MEMBER_REMOVED, removed, body.unit)
    return index


def require_seeds(body: EpochBody, sealed: Sealed, *, replaced: bool) -> None:
    """Check that the sealed seeds fit the list of members, and whether the key was `replaced` (`seeds-missing`)."""
    if sealed.seeds.keys() != {member.person for member in body.members}:
        raise Refused("seeds-missing", "the seed is sealed to every member, and to nobody else")
    if replaced != (sealed.previous is not None):
        raise Refused("seeds-missing", "the seed before comes along exactly when the key is another")


def _require_members(connection: Connection, body: EpochBody, at: Instant) -> None:
    endorsed = {
        (each.holder, each.keys) for each in people.endorsements_in(connection, body.unit) if each.not_after > at
    }
    if not {(member.person, member.keys) for member in body.members} <= endorsed:
        raise Refused("unknown-member", "a member is not endorsed for this unit with these keys")


def _require_key(connection: Connection, body: EpochBody, seal: str, latest: Epoch | None) -> None:
    if latest is None or latest.seal != seal:
        # Neither may an earlier key return, which whoever was removed since may still hold, nor one that a restricted
        # mailbox keeps from somebody.
        changed = not mailboxes.seal_was_used(connection, body.unit, seal)
        changed &= not restricted.seal_was_used(connection, body.unit, seal)
    else:
        # Other keys of the same person are another reader: a lost telephone is removed like a colleague who left.
        before = mailboxes.standing(connection, body.unit)
        changed = before.items() <= {member.person: member.keys for member in body.members}.items()
    if not changed:
        raise Refused("key-not-changed", "whoever is removed must not hold the unit's new key")
