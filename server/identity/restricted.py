"""The rules for a unit's mailbox without some of its staff: publishing its epochs, giving them to who reads there."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from protocol.log.details import Details
from protocol.log.event import Event
from protocol.restricted import require_not_kept_out
from protocol.statements.base import Refused
from server.identity import store
from server.identity.chain import require_alive, require_next, require_right
from server.identity.mailboxes import require_seeds
from server.identity.store import mailboxes
from server.identity.store import restricted as rows

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from protocol.identifiers import Instant, PersonId, UnitId
    from protocol.statements.base import Statement
    from protocol.statements.restricted import RestrictedEpochBody
    from server.audit.batch import Work
    from server.identity.mailboxes import Sealed
    from server.identity.store.restricted import RestrictedEpoch


class Lines(NamedTuple):
    """A unit's restricted mailboxes that somebody reads: their epochs' statements, and all seeds under their place.

    A place is (without, number).
    """

    statements: list[tuple[str, int]]
    seeds: list[tuple[tuple[PersonId, ...], int, bytes]]
    previous: list[tuple[tuple[PersonId, ...], int, bytes]]


def publish_restricted(work: Work, statement: Statement[RestrictedEpochBody], fingerprint: str, sealed: Sealed) -> int:
    """Keep an epoch of a restricted mailbox by the unit's custodian; it changes nobody's membership of the unit."""
    body, connection = statement.body, work.connection
    require_right(work, statement, fingerprint)
    require_not_kept_out(statement.iss, body)
    require_alive(body.not_after, work.at)
    known = rows.line(connection, body.unit, body.without)
    latest = known[-1] if known else None
    require_next(body.number, 0 if latest is None else latest.number)
    members = {member.person: member.keys for member in body.members}
    if not members.items() <= mailboxes.standing(connection, body.unit).items():
        raise Refused("unknown-member", "a restricted mailbox lists members of the unit, with the keys they have there")
    seal = sha256(body.seal).hexdigest()
    _require_key(connection, body, seal, latest)
    require_seeds(body, sealed, replaced=latest is not None and latest.seal != seal)
    # For the unit's log, without whom it is: that is for those who read there.
    details = Details(actor=statement.iss, for_unit=body.unit, act=body.kind, statements=(statement.digest,))
    index = work.append(Event.EPOCH_PUBLISHED, details, body.unit)
    rows.add_restricted(connection, body, statement.digest, seal, sealed.seeds, sealed.previous)
    return index


def lines_of(connection: Connection, unit: UnitId, person: PersonId, at: Instant) -> Lines | None:
    """Give the restricted mailboxes of a unit in whose latest epoch a member stands; None to whoever is no member."""
    if store.membership(connection, person, unit, at) is None:
        return None
    mine = [each for each in rows.lines(connection, unit) if person in each[-1].members]
    names = {each[-1].without for each in mine}
    epochs = [epoch for each in mine for epoch in each]
    found = store.find_statements(connection, [each.digest for each in epochs])
    return Lines(
        [(each.token, each.leaf_index) for each in found],
        [each for each in rows.seeds_to(connection, unit, person) if each[0] in names],
        [(each.without, each.number, each.previous) for each in epochs if each.previous is not None],
    )


def _require_key(connection: Connection, body: RestrictedEpochBody, seal: str, latest: RestrictedEpoch | None) -> None:
    """Check that the key is the mailbox's own: no other mailbox of the unit had it, and nobody who is off the list."""
    if latest is not None and latest.seal == seal:
        changed = latest.members.items() <= {member.person: member.keys for member in body.members}.items()
    else:
        changed = not rows.seal_was_used(connection, body.unit, seal)
        changed &= not mailboxes.seal_was_used(connection, body.unit, seal)
    if not changed:
        raise Refused("key-not-changed", "whoever is kept out or removed must not hold the mailbox's key")
