"""Rules for subject sheets, their cards and their renewals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from protocol.identifiers import UnitId
from protocol.log.details import Details
from protocol.log.event import Event
from protocol.log.merkle import leaf_hash
from protocol.statements.base import Refused
from server.audit.tree import Edge, Tree
from server.identity.authorities import require_named
from server.identity.chain import policy_in_force, require_alive, require_next, require_right
from server.identity.store import mailboxes, subjects

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from protocol.identifiers import PersonId
    from protocol.statements.base import Statement
    from protocol.statements.identity import RenewalBody, SheetBody
    from server.audit.batch import Work


@dataclass(frozen=True, slots=True)
class Covered:
    """The sheets under a renewal's root, in order, with the root that they give and each one's proof."""

    digests: tuple[str, ...]
    root: str
    proofs: tuple[tuple[bytes, ...], ...]

    @classmethod
    def of(cls, digests: Sequence[str]) -> Covered:
        """Build the tree over the sheets' digests."""
        edge = Edge(Tree().grow([leaf_hash(bytes.fromhex(digest)) for digest in digests]), len(digests))
        return cls(
            tuple(digests), edge.root().hex(), tuple(tuple(edge.inclusion(index)) for index in range(len(digests)))
        )


def publish_sheet(
    work: Work, statement: Statement[SheetBody], fingerprint: str, cards: Mapping[PersonId | UnitId, bytes] | None
) -> int:
    """Keep a sheet; `cards` replace the ones before, None keeps them where the card is the same."""
    body, connection = statement.body, work.connection
    require_right(work, statement, fingerprint)
    require_alive(body.not_after, work.at)
    number, card = subjects.sheet_number(connection, body.subject)
    require_next(body.number, number)
    _require_concerned(work, body, cards or {})
    require_named(work, body)
    scope = body.subject
    details = Details(actor=statement.iss, act=body.kind, subject=body.subject, statements=(statement.digest,))
    index = work.append(Event.SHEET_PUBLISHED, details, scope)
    subjects.put_sheet(connection, body, statement.digest)
    if cards is not None or card != body.card:
        subjects.put_cards(connection, body.subject, cards or {})
        sealed_to = Details(
            actor=statement.iss, subject=body.subject, recipients=tuple(cards or ()), statements=(statement.digest,)
        )
        work.append(Event.CARD_PUBLISHED, sealed_to, scope)
    return index


def publish_renewal(work: Work, statement: Statement[RenewalBody], fingerprint: str, covered: Covered) -> int:
    """Keep a renewal of sheets that are all the latest of their subjects."""
    body, connection = statement.body, work.connection
    require_right(work, statement, fingerprint)
    require_alive(body.not_after, work.at)
    require_next(body.number, subjects.last_renewal(connection))
    if (body.size, body.root) != (len(covered.digests), covered.root):
        raise Refused("bad-renewal", "the sheets do not give the root that was signed")
    current = subjects.current_sheets(connection, covered.digests)
    if not covered.digests or current.keys() != set(covered.digests) or len(current) != len(covered.digests):
        raise Refused("bad-renewal", "a renewal covers sheets that are the latest of their subjects, each once")
    details = Details(actor=statement.iss, act=body.kind, statements=(statement.digest,))
    index = work.append(Event.RENEWAL_PUBLISHED, details, statement.iss)
    named = [current[digest] for digest in covered.digests]
    subjects.add_renewal(connection, body, statement.digest, named, covered.proofs)
    return index


def _require_concerned(work: Work, body: SheetBody, cards: Mapping[PersonId | UnitId, bytes]) -> None:
    persons = {each.person for each in (*body.may_sign, *body.may_know)}
    persons |= {each.person for each in policy_in_force(work.connection, work.at).registrars}
    named = [to for to in cards if isinstance(to, UnitId)]
    if not {to for to in cards if to not in named} <= persons:
        raise Refused("not-concerned", "a card is sealed to those on the sheet, to registrars and to units")
    if len(mailboxes.units(work.connection, named)) != len(named):
        raise Refused("not-concerned", "a card is sealed to units that are registered")
