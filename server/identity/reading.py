"""Questions that the routes ask, each on one snapshot; None for what is unknown or not for the asker."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from protocol.identity import CUSTODIAN, REGISTRAR
from server.identity import store
from server.identity.access import is_related
from server.identity.store import bundle, invitations, mailboxes, people, subjects

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection

    from keys.signing import PublicKey
    from protocol.identifiers import Instant, InvitationId, PersonId, SubjectId, UnitId
    from server.identity.access import Closing, Relation
    from server.identity.store import Answer, Invitation

UNITS_AT_ONCE = 50
MOST_INVITATIONS = 500

Row = tuple[str, int]
"""A token and the index of the leaf that published it: what `publishing.publish` takes."""


class SubjectRows(NamedTuple):
    """A subject's sheet, the renewal that covers it with position and proof, and the cards sealed to the asker."""

    statements: list[Row]
    renewal: tuple[Row, int, tuple[bytes, ...]] | None
    cards: list[bytes]


class Me(NamedTuple):
    """What the server knows of whoever asks: (role, unit, name) of each endorsement in force, subjects, units."""

    roles: list[tuple[str, UnitId | None, str | None]]
    subjects: list[SubjectId]
    units: list[UnitId]


def policy(connection: Connection) -> store.Policy | None:
    """Give the latest policy."""
    return store.latest_policy(connection)


def listed_units(connection: Connection, after: str, at: Instant) -> tuple[list[Row], str | None]:
    """Give a page of units in force, and where the next one begins."""
    found = mailboxes.listed_units(connection, after, at, UNITS_AT_ONCE + 1)
    page = found[:UNITS_AT_ONCE]
    rows = {each.digest: (each.token, each.leaf_index) for each in _rows(connection, [digest for _, digest in page])}
    return [rows[digest] for _, digest in page], page[-1][0] if len(found) > len(page) else None


def unit(connection: Connection, name: UnitId, first_epoch: int | None, at: Instant) -> list[Row] | None:
    """Give a unit with its ancestors, its epochs, its custodians, and whoever is or may become a member."""
    if not store.units(connection, [name]):
        return None
    members = mailboxes.standing(connection, name)
    endorsed = [
        each.digest
        for each in people.endorsements_in(connection, name)
        if each.role == CUSTODIAN or each.holder in members or each.not_after > at
    ]
    digests = {
        *endorsed,
        *bundle.unit_digests(connection, [name]),
        *bundle.recent_epochs(connection, name, first_epoch),
    }
    return [(each.token, each.leaf_index) for each in _rows(connection, sorted(digests))]


def seeds(
    connection: Connection, name: UnitId, person: PersonId, at: Instant
) -> tuple[list[tuple[int, bytes]], list[tuple[int, bytes]]] | None:
    """Give a member the seeds sealed to them, and each seed sealed to the epoch after it."""
    if store.membership(connection, person, name, at) is None:
        return None
    return mailboxes.seeds_of(connection, name, person), mailboxes.previous_seeds(connection, name)


def person(connection: Connection, name: PersonId, at: Instant) -> list[Row] | None:
    """Give a person's endorsements and what they hang on; a registrar has none, being in the policy."""
    rows = store.statement_tokens(connection, persons=[name])
    return rows if rows or people.registrar_kids(connection, name, at) else None


def subject(  # noqa: PLR0917  (who asks about whom, and what the packages above say of it)
    connection: Connection,
    name: SubjectId,
    asker: PersonId,
    relations: Sequence[Relation],
    closings: Sequence[Closing],
    at: Instant,
) -> SubjectRows | None:
    """Give a subject's sheet, renewal and cards to those related to it."""
    if not is_related(connection, asker, name, relations, closings, at):
        return None
    statements = store.statement_tokens(connection, subjects=[name])
    if not statements:
        return None
    holders: list[PersonId | UnitId] = [asker, *(each.unit for each in store.memberships_of(connection, asker, at))]
    renewed = subjects.renewed(connection, name)
    renewal = None
    if renewed is not None:
        [statement] = _rows(connection, [renewed.renewal])
        renewal = ((statement.token, statement.leaf_index), renewed.position, renewed.proof)
    return SubjectRows(statements, renewal, subjects.cards_for(connection, name, holders))


def me(connection: Connection, asker: PersonId, at: Instant) -> Me:
    """Give what the server knows of the asker."""
    roles: list[tuple[str, UnitId | None, str | None]] = [
        (each.role, each.unit, each.name) for each in people.endorsements_of(connection, asker) if each.not_after > at
    ]
    if people.registrar_kids(connection, asker, at):
        roles.insert(0, (REGISTRAR, None, None))
    units = [each.unit for each in store.memberships_of(connection, asker, at)]
    return Me(roles, store.subjects_of(connection, asker, at), units)


def invitation(connection: Connection, name: InvitationId) -> tuple[Invitation, PublicKey] | None:
    """Give an invitation and its inviter's key."""
    found = invitations.invitation(connection, name)
    key = None if found is None else store.key_of(connection, found.kid)
    return None if found is None or key is None else (found, key)


def invitations_by(connection: Connection, inviter: PersonId) -> list[tuple[Invitation, list[Answer]]]:
    """Give an inviter's invitations with their answers, the last to end first."""
    return [
        (each, invitations.answers_to(connection, each.invitation))
        for each in invitations.invitations_by(connection, inviter, MOST_INVITATIONS)
    ]


def _rows(connection: Connection, digests: Iterable[str]) -> list[store.Published]:
    return store.find_statements(connection, list(digests))
