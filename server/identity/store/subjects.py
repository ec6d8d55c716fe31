"""Subject sheets with their renewals, who stands on them, and sealed cards."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import Column, Index, Integer, LargeBinary, String, Table, bindparam, delete, func, insert, or_, select

from protocol.identifiers import Instant, PersonId, SubjectId, UnitId
from protocol.statements.identity import SheetBody
from server.database.schema import metadata
from server.identity.store.statements import DIGEST, ID, LONG, Bodies

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy import Connection

    from protocol.statements.identity import RenewalBody

sheets = Table(
    "sheets",
    metadata,
    Column("subject", ID, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("digest", DIGEST, nullable=False, unique=True),
    Column("not_after", LONG, nullable=False),
    Column("card", DIGEST, nullable=False),
)
_entitled = Table(
    "sheet_persons",
    metadata,
    Column("n", LONG, primary_key=True),
    Column("subject", ID, nullable=False),
    Column("person", ID, nullable=False),
    Column("holds_from", LONG, nullable=False),
    Column("holds_to", LONG),
    Index("sheet_persons_by_person", "person", "subject"),
    Index("sheet_persons_by_subject", "subject"),
)
_renewals = Table(
    "renewals",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("digest", DIGEST, nullable=False),
    Column("not_after", LONG, nullable=False),
)
_renewed = Table(  # the latest renewal of each sheet
    "renewed_sheets",
    metadata,
    Column("subject", ID, primary_key=True),
    Column("renewal", DIGEST, nullable=False),
    Column("position", Integer, nullable=False),
    Column("proof", LargeBinary, nullable=False),
    Column("not_after", LONG, nullable=False),
)
_cards = Table(
    "subject_cards",
    metadata,
    Column("subject", ID, primary_key=True),
    Column("to", String(36), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
)


class KnownSheet(NamedTuple):
    """A subject's latest sheet; `not_after` counts its renewal in."""

    digest: str
    body: SheetBody
    not_after: Instant


class Renewed(NamedTuple):
    """The renewal that covers a sheet: its digest, the sheet's position under its root, and the proof (hashes)."""

    renewal: str
    position: int
    proof: tuple[bytes, ...]


_s, _p, _r = sheets.c, _entitled.c, _renewed.c
_SHEET = (
    select(_s.digest, _s.not_after, _r.not_after)
    .select_from(sheets.outerjoin(_renewed, _r.subject == _s.subject))
    .where(_s.subject == bindparam("s"))
)
_NOW = [_p.holds_from <= bindparam("at"), or_(_p.holds_to.is_(None), _p.holds_to > bindparam("at"))]
_SUBJECTS = select(_p.subject).where(_p.person == bindparam("p"), *_NOW).distinct().order_by(_p.subject)
_ON = select(_p.n).where(_p.person == bindparam("p"), _p.subject == bindparam("s"), *_NOW).limit(1)
_NUMBER = select(_s.number, _s.card).where(_s.subject == bindparam("s"))
_CURRENT = select(_s.digest, _s.subject).where(_s.digest.in_(bindparam("digests", expanding=True)))
_RENEWED = select(_r.renewal, _r.position, _r.proof).where(_r.subject == bindparam("s"))
_FIND_CARDS = (
    select(_cards.c.sealed)
    .where(_cards.c.subject == bindparam("s"), _cards.c.to.in_(bindparam("to", expanding=True)))
    .order_by(_cards.c.to)
)
_HASH = 32
_bodies = Bodies(SheetBody, most=4096)


def sheet(connection: Connection, subject: SubjectId) -> KnownSheet | None:
    """Give the subject's latest sheet, ended or not, if a registrar has made one."""
    row = connection.execute(_SHEET, {"s": subject}).one_or_none()
    if row is None:
        return None
    digest, not_after, renewed = row
    return KnownSheet(digest, _bodies.get(connection, digest), Instant(max(not_after, renewed or 0)))


def sheet_number(connection: Connection, subject: SubjectId) -> tuple[int, str]:
    """Give the number of the subject's latest sheet (0: none yet) and the digest of its card."""
    row = connection.execute(_NUMBER, {"s": subject}).one_or_none()
    return (0, "") if row is None else (row[0], row[1])


def put_sheet(connection: Connection, body: SheetBody, digest: str) -> None:
    """Keep a sheet in place of the one before it, whose renewal ends with it."""
    for table in (sheets, _entitled, _renewed):
        connection.execute(delete(table).where(table.c.subject == body.subject))
    row = {"subject": body.subject, "number": body.number, "digest": digest}
    connection.execute(insert(sheets), row | {"not_after": body.not_after, "card": body.card})
    persons = [
        {"subject": body.subject, "person": each.person, "holds_from": each.holds_from, "holds_to": each.holds_to}
        for each in (*body.may_sign, *body.may_know)
    ]
    if persons:
        connection.execute(insert(_entitled), persons)


def subjects_of(connection: Connection, person: PersonId, at: Instant) -> list[SubjectId]:
    """Give the subjects on whose sheet the person stands at an instant."""
    return [SubjectId(row[0]) for row in connection.execute(_SUBJECTS, {"p": person, "at": at})]


def on_sheet(connection: Connection, person: PersonId, subject: SubjectId, at: Instant) -> bool:
    """Say whether the person stands on the subject's sheet at an instant."""
    return connection.execute(_ON, {"p": person, "s": subject, "at": at}).first() is not None


def current_sheets(connection: Connection, digests: Collection[str]) -> dict[str, SubjectId]:
    """Give the subject of each of these sheets that is the latest of its subject."""
    found: dict[str, SubjectId] = {}
    ordered = sorted(digests)
    for start in range(0, len(ordered), 500):
        rows = connection.execute(_CURRENT, {"digests": ordered[start : start + 500]})
        found |= {digest: SubjectId(subject) for digest, subject in rows}
    return found


def last_renewal(connection: Connection) -> int:
    """Give the number of the latest renewal; 0 before the first."""
    return connection.execute(select(func.max(_renewals.c.number))).scalar_one() or 0


def add_renewal(
    connection: Connection,
    body: RenewalBody,
    digest: str,
    subjects: Sequence[SubjectId],
    proofs: Sequence[Sequence[bytes]],
) -> None:
    """Keep a renewal, and for each subject, in the order under its root, the proof of its sheet."""
    connection.execute(insert(_renewals), {"number": body.number, "digest": digest, "not_after": body.not_after})
    connection.execute(delete(_renewed).where(_r.subject == bindparam("s")), [{"s": subject} for subject in subjects])
    connection.execute(
        insert(_renewed),
        [
            {
                "subject": subject,
                "renewal": digest,
                "position": position,
                "proof": b"".join(proof),
                "not_after": body.not_after,
            }
            for position, (subject, proof) in enumerate(zip(subjects, proofs, strict=True))
        ],
    )


def renewed(connection: Connection, subject: SubjectId) -> Renewed | None:
    """Give the renewal that covers the subject's latest sheet, if one does."""
    row = connection.execute(_RENEWED, {"s": subject}).one_or_none()
    if row is None:
        return None
    renewal, position, proof = row
    return Renewed(renewal, position, tuple(proof[i : i + _HASH] for i in range(0, len(proof), _HASH)))


def put_cards(connection: Connection, subject: SubjectId, cards: Mapping[PersonId | UnitId, bytes]) -> None:
    """Keep these sealed cards in place of all earlier ones of the subject."""
    connection.execute(delete(_cards).where(_cards.c.subject == subject))
    if cards:
        connection.execute(
            insert(_cards), [{"subject": subject, "to": to, "sealed": sealed} for to, sealed in cards.items()]
        )


def cards_for(connection: Connection, subject: SubjectId, holders: Collection[PersonId | UnitId]) -> list[bytes]:
    """Give the subject's cards that are sealed to one of these holders."""
    return list(connection.execute(_FIND_CARDS, {"s": subject, "to": sorted(holders)}).scalars())
