"""From signed and logged statements on shields to what they come to: verified by every client for itself."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from protocol.consent.case import Sheet, Shield
from protocol.consent.circumstance import recorded
from protocol.consent.guardianship import parts
from protocol.consent.law import youth
from protocol.consent.shielding import Asked, Decided, Ended, Told, Word, may_stand_on, shielding
from protocol.consent.vocabulary import Circumstance, Ground, Regime
from protocol.identifiers import Instant, MatterId, PersonId, SubjectId, UnitId
from protocol.identity import Directory, Logged
from protocol.statements.base import Refused, Statement, claim
from protocol.statements.shields import (
    SHIELD_WORDS,
    ShieldAskBody,
    ShieldDeclineBody,
    ShieldNoticeBody,
    ShieldWithholdBody,
)

_KINDS = {word.kind: word for word in SHIELD_WORDS}
_DECISIONS = (ShieldWithholdBody, ShieldDeclineBody)


@dataclass(frozen=True, slots=True)
class Said:
    """A believed word on a matter's shields: by whom, for which unit (null for the youth), by which statement."""

    subject: SubjectId
    matter: MatterId
    word: Word
    by: PersonId
    unit: UnitId | None
    digest: str
    to: UnitId | None = None
    """The unit that is asked to decide, where somebody asks."""


def shield_word(directory: Directory, logged: Logged) -> Said:
    """Verify a word on shields and whether its signer may say it, at its entry's instant.

    Whether the signer's unit takes part in the matter is for the server to check: a client may not know the matter.

    Raises:
        Refused: `not-in-chain`, `not-entitled`, or as `Directory.signed_by_person`.
    """
    kind = _KINDS.get(claim(logged.token).kind)
    if kind is None:
        raise Refused("not-in-chain", "this says nothing on a shield")
    statement, t = directory.signed_by_person(logged, kind)
    body = statement.body
    sheet = directory.sheet_facts(body.subject)
    if body.unit is None and (statement.iss not in youth(sheet, t) or isinstance(body, _DECISIONS)):
        raise Refused("not-entitled", "a shield is the youth's, or a professional's for a unit")
    if isinstance(body, _DECISIONS) and not _is_health(directory, body.unit):
        raise Refused("not-entitled", "only a professional of a health unit decides what is withheld")
    word = _word(statement, t)
    # Whether they stood on the sheet then is the server's to check: who has left it since is shut out of nothing more.
    if isinstance(word, Asked | Decided) and word.persons and not _lawful(sheet, word, t):
        raise Refused("not-entitled", "the law lets nobody be shut out so at this age")
    to = body.to if isinstance(body, ShieldAskBody) else None
    return Said(body.subject, body.matter, word, statement.iss, body.unit, statement.digest, to)


def _lawful(sheet: Sheet, word: Asked | Decided, at: Instant) -> bool:
    return may_stand_on(word.ground, sheet.birth_date, at) and not youth(sheet, at) & set(word.persons)


def shields_of(
    directory: Directory, found: Iterable[Logged], subject: SubjectId, matter: MatterId
) -> tuple[Shield, ...]:
    """Verify the words on one matter's shields that came along with something, and return what they come to.

    They count in the log's order, whatever order they came in.

    Raises:
        Refused: `other-consent`, if one is about another child or matter; or as `shield_word`.
    """
    said = []
    for logged in found:
        word = shield_word(directory, logged)
        if (word.subject, word.matter) != (subject, matter):
            raise Refused("other-consent", "a word on a shield is about another child or matter")
        said.append((directory.ledger.entry(logged).index, word.word))
    return shielding(matter, [word for _, word in sorted(said, key=lambda each: each[0])]).shields


def leave_out_guardians(shields: Collection[Shield], sheet: Sheet) -> bool:
    """Say whether one matter's shields at any time leave everybody out of signing who plays the guardians' part.

    Then whoever judges a consent in the matter must be shown the words that they come from; otherwise nobody is.
    """
    kept = recorded(shields)
    turns = kept.turns.union(*((each.holds_from, each.known_at, each.holds_to) for each in sheet.may_sign))
    return any(
        kept.at(part, at) is Circumstance.SHIELDED for at in turns if at is not None for part in parts(sheet, at)
    )


def _is_health(directory: Directory, unit: UnitId | None) -> bool:
    return any(each.unit == unit and each.regime is Regime.HEALTH for each in directory.units())


def _word(statement: Statement[Any], t: Instant) -> Word:
    body = statement.body
    if isinstance(body, ShieldAskBody):
        return Asked(t, Ground.YOUTH_ASKS if body.unit is None else Ground.WEIGHTY, frozenset(body.persons))
    if isinstance(body, ShieldWithholdBody):
        persons, hides = frozenset(body.persons), frozenset(body.hides)
        return Decided(t, body.ground, statement.digest, persons, hides, body.review_at)
    if isinstance(body, ShieldDeclineBody):
        return Decided(t, body.ground, statement.digest, frozenset(), frozenset(), t)
    return Told(t, body.decision) if isinstance(body, ShieldNoticeBody) else Ended(t)
