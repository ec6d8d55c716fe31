"""Hiding a matter from persons: asked for, decided, told, ended, each inside the group commit (pbrl § 3-4).

Who may not know of a matter's shields is told the same about every matter: that there is nothing here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from protocol.consent.law import youth
from protocol.consent.shielding import LONGEST_REVIEW, Asked, Decided, Shielding, may_be_shut_out, may_stand_on
from protocol.consent.vocabulary import Aspect, Ground, Regime
from protocol.log.details import Details
from protocol.logged import EVENTS
from protocol.shields import leave_out_guardians
from protocol.statements.base import Refused
from protocol.statements.shields import (
    SHIELD_WORDS,
    ShieldAskBody,
    ShieldDeclineBody,
    ShieldEndBody,
    ShieldNoticeBody,
    ShieldWithholdBody,
)
from server.consent import store
from server.consent.refusals import NOT_ENTITLED, not_known
from server.consent.store import shields
from server.consent.store.exclusions import is_kept_out
from server.http.problems import ProblemDocument, ProblemType, unknown
from server.identity import store as identity
from server.identity.intake import Accepted, Rejected, accept, require_key

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from sqlalchemy import Connection

    from protocol.consent.case import Sheet
    from protocol.identifiers import Instant, MatterId, PersonId, SubjectId, UnitId
    from protocol.statements.base import Body, Statement
    from protocol.statements.shields import ShieldWord
    from server.audit.batch import Work
    from server.consent.store.shields import Said

SHIELDS: dict[str, type[Body]] = {word.kind: word for word in SHIELD_WORDS}
"""What may be said about a matter's shields, by kind."""

NOT_SHIELDED = ProblemType("not-shielded", 403, "Nobody has asked that this be hidden, or it is hidden no longer")
ALREADY_DECIDED = ProblemType("already-decided", 403, "A professional has decided: only a new decision changes it")
OTHER_PERSONS = ProblemType("other-persons", 422, "Only others who stand on the child's sheet can be shut out")
OTHER_AGE = ProblemType("other-age", 422, "The law knows no such ground at this age")
NOT_HEALTH = ProblemType("not-health", 403, "Only a professional of a health unit decides this")
OTHER_REVIEW = ProblemType("other-review", 422, "The review lies in the past, or more than half a year ahead")
PROBLEMS = (NOT_SHIELDED, ALREADY_DECIDED, OTHER_PERSONS, OTHER_AGE, NOT_HEALTH, OTHER_REVIEW, NOT_ENTITLED)

_KINDS = {kind.code: kind for kind in PROBLEMS}

PAGE = 100
"""Words on shields in one answer."""


class _Matter(NamedTuple):
    """A matter with the words on its shields, what they come to, and the child whose it is."""

    owner: SubjectId | None
    sheet: Sheet
    said: list[Said]
    shielding: Shielding


def say(work: Work, statement: Statement[Any]) -> Accepted | Rejected:
    """Take a word on a matter's shields."""
    return accept(work, statement, _word)


def problem_for(rejected: Rejected, otherwise: Callable[[Rejected], ProblemDocument]) -> ProblemDocument:
    """Answer a refusal of this package, or let another answer it."""
    if rejected.code == not_known().code:
        return unknown()
    kind = _KINDS.get(rejected.code)
    return otherwise(rejected) if kind is None else ProblemDocument(kind, rejected.why)


def concerned(connection: Connection, person: PersonId, subject: SubjectId, at: Instant) -> list[Said]:
    """Give the words on shields around a subject that a person may know of, in the log's order.

    The youth knows of all. A professional knows of those in matters in which a unit of theirs takes part, or was asked
    to decide, and from which they are not shut out themselves.
    """
    if is_kept_out(connection, subject, person, at):
        return []
    said = shields.shield_words_in(connection, shields.shielded_matters_of(connection, subject))
    if _is_youth(connection, person, subject, at):
        return said
    units = {each.unit for each in identity.memberships_of(connection, person, at)}
    found = shields.derived(said)
    known = {
        matter
        for matter, shielding in found.items()
        if Aspect.EXISTENCE not in shielding.hidden(person, at)
        and _takes_part(connection, matter, units, [each for each in said if each.matter == matter])
    }
    return [each for each in said if each.matter in known]


def listed(
    connection: Connection, person: PersonId, subject: SubjectId, after: int, at: Instant
) -> tuple[list[tuple[str, int]], int | None]:
    """Give a page of what `concerned` gives as (token, leaf index), and the next page's cursor; None at the end.

    The cursor is the leaf index of the last word given, which its receipt tells anyway.
    """
    said = [each for each in concerned(connection, person, subject, at) if each.leaf_index > after]
    page = said[:PAGE]
    found = identity.find_statements(connection, [each.statement for each in page])
    return [(each.token, each.leaf_index) for each in found], page[-1].leaf_index if len(said) > PAGE else None


def deciding(connection: Connection, subject: SubjectId, matter: MatterId) -> list[Said]:
    """Give the words on a matter's shields, in the log's order, if they ever leave every guardian out of signing.

    Whoever judges a consent in the matter must be shown them then; otherwise nobody need know of them.
    """
    said = shields.shield_words_in(connection, [matter])
    known = identity.sheet(connection, subject) if said else None
    if known is None:
        return []
    found = shields.derived(said)[matter].shields
    return said if leave_out_guardians(found, identity.sheet_facts(connection, known)) else []


def is_asked(connection: Connection, subject: SubjectId, units: frozenset[UnitId]) -> bool:
    """Say whether one of these units has asked for a shield around the subject, or was asked to decide."""
    said = shields.shield_words_in(connection, shields.shielded_matters_of(connection, subject))
    return any(not each.units.isdisjoint(units) for each in said if isinstance(each.word, Asked))


def _word(work: Work, statement: Statement[ShieldWord]) -> int:
    connection, at, word = work.connection, work.at, statement.body
    require_key(connection, statement, at)
    matter = _matter(connection, statement, at)
    ground = _RULES[word.kind](connection, statement, matter, at)
    index = work.append(EVENTS[word.kind], _details(statement), word.matter)
    if matter.owner is None:
        store.begin_matter(connection, word.matter, word.subject)
    shields.add_shield_word(connection, statement, ground, index, at)
    return index


def _matter(connection: Connection, statement: Statement[ShieldWord], at: Instant) -> _Matter:
    """Give the matter to whoever may know of its shields; a new one may be begun by asking, and in no other way.

    Raises:
        Refused: `unknown`, the same for a matter that is another child's as for one that does not exist.
    """
    word, person = statement.body, statement.iss
    known = identity.sheet(connection, word.subject)
    owner = store.subject_of(connection, word.matter)
    if known is None or at >= known.not_after or owner not in {None, word.subject}:
        raise not_known()
    if is_kept_out(connection, word.subject, person, at):
        raise not_known()
    sheet = identity.sheet_facts(connection, known)
    said = shields.shield_words_in(connection, [word.matter])
    found = shields.derived(said).get(word.matter, Shielding((), None))
    if word.unit is None:
        entitled = person in youth(sheet, at)
    else:
        entitled = identity.membership(connection, person, word.unit, at) is not None
        entitled &= Aspect.EXISTENCE not in found.hidden(person, at)
        entitled &= owner is None or _takes_part(connection, word.matter, {word.unit}, said)
    if not entitled or (owner is None and not isinstance(word, ShieldAskBody)):
        raise not_known()
    return _Matter(owner, sheet, said, found)


def _takes_part(connection: Connection, matter: MatterId, units: Collection[UnitId], said: Collection[Said]) -> bool:
    """Say whether one of these units is a party in the matter, has asked for a shield in it or was asked to decide."""
    if any(not each.units.isdisjoint(units) for each in said if isinstance(each.word, Asked)):
        return True
    above = {one for each in identity.units(connection, sorted(units)).values() for one in each.ancestors}
    related = store.Related((), tuple(sorted(units)), tuple(sorted(above)))
    return bool(store.listed(connection, related, None, matter, -1, 1))


def _ask(connection: Connection, statement: Statement[ShieldAskBody], matter: _Matter, at: Instant) -> Ground:
    word = statement.body
    ground = Ground.YOUTH_ASKS if word.unit is None else Ground.WEIGHTY
    _require_persons(matter.sheet, word.persons, ground, at)
    require_health(connection, word.to, at)
    if matter.shielding.standing is not None:
        raise _refused(ALREADY_DECIDED)
    return ground


def _withhold(connection: Connection, statement: Statement[ShieldWithholdBody], matter: _Matter, at: Instant) -> Ground:
    word = statement.body
    require_health(connection, word.unit, at)
    _require_persons(matter.sheet, word.persons, word.ground, at)
    asked = any(isinstance(each.word, Asked) and each.word.ground is Ground.YOUTH_ASKS for each in matter.said)
    if word.ground is Ground.YOUTH_ASKS and not asked:
        raise _refused(NOT_SHIELDED)
    if not at < word.review_at <= at + LONGEST_REVIEW:
        raise _refused(OTHER_REVIEW)
    return word.ground


def _decline(connection: Connection, statement: Statement[ShieldDeclineBody], matter: _Matter, at: Instant) -> Ground:
    require_health(connection, statement.body.unit, at)
    if not matter.shielding.grounds_at(at):
        raise _refused(NOT_SHIELDED)
    return statement.body.ground


def _notice(connection: Connection, statement: Statement[ShieldNoticeBody], matter: _Matter, at: Instant) -> Ground:
    del connection, at
    for each in matter.said:
        if isinstance(each.word, Decided) and each.word.digest == statement.body.decision:
            return each.word.ground
    raise not_known()


def _end(connection: Connection, statement: Statement[ShieldWord], matter: _Matter, at: Instant) -> Ground:
    del connection
    if statement.body.unit is not None:
        raise _refused(NOT_ENTITLED)
    if Ground.YOUTH_ASKS not in matter.shielding.grounds_at(at):
        raise _refused(NOT_SHIELDED)
    return Ground.YOUTH_ASKS


_RULES: Mapping[str, Callable[[Connection, Statement[Any], _Matter, Instant], Ground]] = {
    ShieldAskBody.kind: _ask,
    ShieldWithholdBody.kind: _withhold,
    ShieldDeclineBody.kind: _decline,
    ShieldNoticeBody.kind: _notice,
    ShieldEndBody.kind: _end,
}


def _require_persons(sheet: Sheet, persons: Collection[PersonId], ground: Ground, at: Instant) -> None:
    if not may_stand_on(ground, sheet.birth_date, at):
        raise _refused(OTHER_AGE)
    if not may_be_shut_out(sheet, persons, at):
        raise _refused(OTHER_PERSONS)


def require_health(connection: Connection, unit: UnitId | None, at: Instant) -> None:
    """Check that a unit is one of health that has not ended; raises `Refused` (`not-health`)."""
    known = identity.unit_facts(connection, [unit]).get(unit) if unit is not None else None
    if known is None or known.regime is not Regime.HEALTH or at >= known.not_after:
        raise _refused(NOT_HEALTH)


def _is_youth(connection: Connection, person: PersonId, subject: SubjectId, at: Instant) -> bool:
    known = identity.sheet(connection, subject)
    return known is not None and at < known.not_after and person in youth(identity.sheet_facts(connection, known), at)


def _refused(kind: ProblemType) -> Refused:
    return Refused(kind.code, kind.title)


def _details(statement: Statement[ShieldWord]) -> Details:
    word = statement.body
    return Details(
        actor=statement.iss,
        for_unit=word.unit,
        act=word.kind,
        subject=word.subject,
        matter=word.matter,
        statements=(statement.digest,),
    )
