"""Keeping a person out of everything around a child: by the family, a member of staff; by health personnel, one of it.

Whoever is kept out is told nothing of it, here or anywhere: not that it was said, nor around which child.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from protocol.consent.keeping_out import may_be_excluded, may_end, may_exclude, without
from protocol.consent.law import youth
from protocol.consent.shielding import LONGEST_REVIEW, may_be_shut_out, may_stand_on
from protocol.consent.vocabulary import Ground
from protocol.identity import CUSTODIAN
from protocol.log.details import Details
from protocol.logged import EVENTS
from protocol.statements.base import Refused
from protocol.statements.exclusions import KEEPING_OUT, BlockBody, ExclusionBody, KeepingOutEndBody
from protocol.statements.restricted import MOST_KEPT_OUT
from server.consent import listing
from server.consent.refusals import NOT_ENTITLED, not_known
from server.consent.shields import NOT_HEALTH, OTHER_AGE, OTHER_PERSONS, OTHER_REVIEW, is_asked, require_health
from server.consent.store import exclusions
from server.http.problems import ProblemDocument, ProblemType, unknown
from server.identity import store as identity
from server.identity.intake import Accepted, Rejected, accept, require_key
from server.identity.store import mailboxes, people, restricted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from sqlalchemy import Connection

    from protocol.consent.case import Sheet
    from protocol.consent.keeping_out import KeptOut
    from protocol.consent.terms import UnitParty
    from protocol.identifiers import Instant, PersonId, SubjectId, UnitId
    from protocol.statements.base import Body, Statement
    from server.audit.batch import Work
    from server.consent.store.exclusions import Kept
    from server.identity.store.restricted import RestrictedEpoch

WORDS: dict[str, type[Body]] = {word.kind: word for word in KEEPING_OUT}
"""What may be said about who is kept out, by kind."""

ALREADY_KEPT_OUT = ProblemType(
    "already-kept-out", 403, "This person is kept out of everything around this child already"
)
NOBODY_LEFT = ProblemType(
    "nobody-left", 403, "Nobody would be left to read there: choose another unit, or let the unit admit somebody first"
)
ON_THE_SHEET = ProblemType(
    "on-the-sheet", 422, "Only health personnel keeps out somebody who stands on the child's sheet"
)
NO_OTHER_CUSTODIAN = ProblemType(
    "no-other-custodian", 403, "Only this person makes the unit's keys: a registrar must name another custodian first"
)
PROBLEMS = (
    NO_OTHER_CUSTODIAN,
    ON_THE_SHEET,
    NOT_HEALTH,
    ALREADY_KEPT_OUT,
    NOBODY_LEFT,
    OTHER_PERSONS,
    OTHER_AGE,
    OTHER_REVIEW,
    NOT_ENTITLED,
)

_KINDS = {kind.code: kind for kind in PROBLEMS}

Row = tuple[str, int]

PAGE = 50
"""Words in one answer."""


def say(work: Work, statement: Statement[Any]) -> Accepted | Rejected:
    """Take a word on who is kept out."""
    return accept(work, statement, _word)


def problem_for(rejected: Rejected, otherwise: Callable[[Rejected], ProblemDocument]) -> ProblemDocument:
    """Answer a refusal of this package, or let another answer it."""
    if rejected.code == not_known().code:
        return unknown()
    kind = _KINDS.get(rejected.code)
    return otherwise(rejected) if kind is None else ProblemDocument(kind, rejected.why)


def listed(
    connection: Connection, person: PersonId, subject: SubjectId, after: int, at: Instant
) -> tuple[list[Row], int | None]:
    """Give a page of the words around a subject that hold and that a person may know of, and the next one's cursor."""
    known = [each for each in _known(connection, person, subject, at) if each.leaf_index > after]
    page = known[:PAGE]
    found = identity.find_statements(connection, [each.word.digest for each in page])
    return [(each.token, each.leaf_index) for each in found], page[-1].leaf_index if len(known) > PAGE else None


def mailboxes_for(connection: Connection, person: PersonId, subject: SubjectId, at: Instant) -> list[Row]:
    """Give the epochs that a person who may know of these words seals to; where there is none yet, nothing.

    An epoch tells whom it is without: of a mailbox of which they know a part of the words only, they are given none.
    """
    known = [each.word for each in _known(connection, person, subject, at)]
    units = {each.mailbox for each in known if each.mailbox is not None}
    needed = exclusions.kept_from(connection, subject, units, at)
    found = [
        restricted.usable(connection, unit, persons, at)
        for unit, persons in needed.items()
        if persons == without(known, unit, at)
    ]
    digests = [each.digest for each in found if each is not None]
    return [(each.token, each.leaf_index) for each in identity.find_statements(connection, digests)]


def to_seal_to(
    connection: Connection, subject: SubjectId, units: Collection[UnitId], at: Instant
) -> dict[UnitId, RestrictedEpoch | None]:
    """Give the epoch that takes the place of each unit's own for a subject; None where the unit has none to seal to."""
    needed = exclusions.kept_from(connection, subject, units, at)
    return {unit: restricted.usable(connection, unit, without, at) for unit, without in needed.items()}


def wanted(connection: Connection, custodian: PersonId, unit: UnitId, at: Instant) -> list[tuple[PersonId, ...]]:
    """Give whom a mailbox is to be without and cannot be yet, to a custodian who may make it: no child is named."""
    if custodian not in _custodians(connection, unit, at):
        return []
    return [
        persons
        for persons in exclusions.without_in(connection, unit, at)
        if custodian not in persons and restricted.usable(connection, unit, persons, at) is None
    ]


def is_kept_out(connection: Connection, person: PersonId, subject: SubjectId, at: Instant) -> bool:
    """Say whether a person is kept out of everything around a subject."""
    return exclusions.is_kept_out(connection, subject, person, at)


def to_tell(connection: Connection, word: str, at: Instant) -> list[PersonId]:
    """Give the custodians for whom a mailbox waits to be made since the word of this digest."""
    mailbox = exclusions.mailbox_of(connection, word)
    if mailbox is None:
        return []
    return [each for each in sorted(_custodians(connection, mailbox, at)) if wanted(connection, each, mailbox, at)]


def _known(connection: Connection, person: PersonId, subject: SubjectId, at: Instant) -> list[Kept]:
    """Give the words that hold and that somebody may know of: nobody who is kept out themself knows of any.

    Whoever said a word knows of it. Of an exclusion so do the youth, those who read at the mailbox, and those who may
    send there; of a block the units that take part.
    """
    words = [each for each in exclusions.about(connection, subject) if each.word.holds(at)]
    if not words or any(each.word.person == person for each in words):
        return []
    sheet = _sheet(connection, subject, at)
    is_youth = sheet is not None and person in youth(sheet, at)
    asker = listing.viewer(connection, person, at)
    units = {each.unit for each in asker.memberships}
    parties = listing.parties_around(connection, asker, subject, at)

    def known(word: KeptOut) -> bool:
        if word.mailbox is None:
            return bool(units & _covered(connection, parties, units))
        return (
            is_youth
            or person == word.by
            or word.mailbox in units
            or bool(_covered(connection, parties, {word.mailbox}))
        )

    return [each for each in words if known(each.word)]


def _covered(connection: Connection, parties: frozenset[UnitParty], units: set[UnitId]) -> set[UnitId]:
    """Give those of these units that are parties, or lie below one that is named with its sub-units."""
    above = {unit: known.ancestors for unit, known in identity.units(connection, units).items()} if units else {}
    return {
        unit
        for unit, ancestors in above.items()
        if any(each.unit == unit or (each.subunits and each.unit in ancestors) for each in parties)
    }


def _sheet(connection: Connection, subject: SubjectId, at: Instant) -> Sheet | None:
    known = identity.sheet(connection, subject)
    return None if known is None or at >= known.not_after else identity.sheet_facts(connection, known)


def _word(work: Work, statement: Statement[ExclusionBody | BlockBody | KeepingOutEndBody]) -> int:
    connection, at, body = work.connection, work.at, statement.body
    require_key(connection, statement, at)
    sheet = _sheet(connection, body.subject, at)
    if sheet is None or exclusions.is_kept_out(connection, body.subject, statement.iss, at):
        raise not_known()
    if isinstance(body, ExclusionBody):
        _require_excludable(connection, statement, body, sheet, at)
    elif isinstance(body, BlockBody):
        _require_part(connection, statement.iss, body.unit, body.subject, at)
        _require_blockable(sheet, body, at)
    else:
        _require_ending(connection, statement, body, sheet, at)
    details = Details(
        actor=statement.iss,
        for_unit=None if isinstance(body, ExclusionBody) else body.unit,
        act=body.kind,
        subject=body.subject,
        person=None if isinstance(body, KeepingOutEndBody) else body.person,
        unit=body.mailbox if isinstance(body, ExclusionBody) else None,
        statements=(statement.digest,),
    )
    index = work.append(EVENTS[body.kind], details, body.subject)
    exclusions.add(connection, statement, index, at)
    return index


def _require_excludable(
    connection: Connection, statement: Statement[Any], body: ExclusionBody, sheet: Sheet, at: Instant
) -> None:
    if not may_exclude(sheet, statement.iss, at):
        raise not_known()
    if not may_be_excluded(sheet, body.person, at):
        raise _refused(ON_THE_SHEET)
    staff = set(mailboxes.standing(connection, body.mailbox))
    if body.person not in staff:
        raise Refused("unknown-member", "this person is no member of this unit")
    # By what the signer may know: what others said must not show in an answer.
    known = [each.word for each in _known(connection, statement.iss, body.subject, at)]
    out = {each.person for each in known if each.mailbox == body.mailbox}
    if any((each.person, each.mailbox, each.by) == (body.person, body.mailbox, statement.iss) for each in known):
        raise _refused(ALREADY_KEPT_OUT)
    if staff <= out | {body.person} or len(out) >= MOST_KEPT_OUT:
        raise _refused(NOBODY_LEFT)
    if not _custodians(connection, body.mailbox, at) - {body.person}:
        raise _refused(NO_OTHER_CUSTODIAN)


def _custodians(connection: Connection, unit: UnitId, at: Instant) -> set[PersonId]:
    vouched = people.endorsements_in(connection, unit)
    return {each.holder for each in vouched if each.role == CUSTODIAN and each.not_after > at}


def _require_blockable(sheet: Sheet, body: BlockBody, at: Instant) -> None:
    if not may_stand_on(Ground.WEIGHTY, sheet.birth_date, at):
        raise _refused(OTHER_AGE)
    if not may_be_shut_out(sheet, [body.person], at):
        raise _refused(OTHER_PERSONS)
    if not at < body.review_at <= at + LONGEST_REVIEW:
        raise _refused(OTHER_REVIEW)


def _require_ending(
    connection: Connection, statement: Statement[Any], body: KeepingOutEndBody, sheet: Sheet, at: Instant
) -> None:
    found = [each.word for each in exclusions.about(connection, body.subject) if each.word.digest == body.ends]
    if not found or not found[0].holds(at):
        raise not_known()
    [word] = found
    if body.unit is None:
        if word.mailbox is None or not may_end(word, sheet, statement.iss, at):
            raise not_known()
        return
    _require_part(connection, statement.iss, body.unit, body.subject, at)
    if word.mailbox is not None:
        raise _refused(NOT_ENTITLED)


def _require_part(connection: Connection, person: PersonId, unit: UnitId, subject: SubjectId, at: Instant) -> None:
    """Check that somebody speaks for a health unit of theirs that takes part in something around the subject."""
    member = identity.membership(connection, person, unit, at) is not None
    units = frozenset({unit})
    if not member or not (listing.is_party(connection, subject, units) or is_asked(connection, subject, units)):
        raise not_known()
    require_health(connection, unit, at)


def _refused(kind: ProblemType) -> Refused:
    return Refused(kind.code, kind.title)
