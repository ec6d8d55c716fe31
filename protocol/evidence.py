"""From signed and logged statements to the facts that `decide` judges.

Both the sender before sealing and the reader before unsealing build their `Case` here; the server builds its own from
what it has verified and stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

from protocol.consent.case import (
    Case,
    ConsentFacts,
    Dated,
    Hearing,
    Membership,
    Shield,
    Signature,
    UnitFacts,
)
from protocol.consent.narrowing import Narrowing
from protocol.consent.terms import Terms, UnitParty
from protocol.consent.vocabulary import Capacity, Evidence, Outcome
from protocol.facts import KINDS, Recorded, recognise, require
from protocol.identifiers import Instant, PersonId, SubjectId, UnitId
from protocol.identity import TOLERANCE, Directory, Logged
from protocol.reading import Fields, distinct
from protocol.recorded import recorded_signatures
from protocol.statements.base import Refused, Statement, claim
from protocol.statements.consent import ConsentAct, HearingBody, RequestBody, SignatureBody
from protocol.statements.facts import FactBody
from protocol.statements.invalidating import INVALIDATING
from protocol.statements.narrowing import WORDS, NarrowingBody
from protocol.statements.recorded import (
    DisputeBody,
    RecordedAct,
    RecordedSignatureBody,
    RecordedWithdrawalBody,
    spoken_for,
)

_FACTS: dict[str, type[FactBody]] = {fact.kind: fact for fact in KINDS}
_BEGINNING = Instant(0)
_MOST_WORDS = 500


@dataclass(frozen=True, slots=True)
class ConsentRecord:
    """One consent as it travels: the request that holds its terms, and every word said on it."""

    request: Logged
    statements: tuple[Logged, ...]

    @classmethod
    def parse(cls, value: object) -> Self:
        """Take `{request, statements}`."""
        fields = Fields(value, "consent")
        record = cls(
            fields.take("request", Logged.parse), fields.take("statements", distinct(Logged.parse, most=_MOST_WORDS))
        )
        fields.done()
        return record

    def to_json(self) -> dict[str, Any]:
        """Return the form that `parse` takes."""
        return {"request": self.request.to_json(), "statements": [logged.to_json() for logged in self.statements]}


def consent_facts(directory: Directory, record: ConsentRecord) -> ConsentFacts:
    """Verify a consent's request and every word on it, and return them as facts at their log instants.

    Raises:
        Refused: a statement that does not hold, or that is about another consent; `wrong-time`, if the terms say that
            they were made at another time than they were asked for.
    """
    request, requested_at = directory.signed_by_person(record.request, RequestBody)
    terms = request.body.terms
    # The rules and the longest times are those of `made`: backdated, terms would choose the law of another day.
    if abs(terms.made - requested_at) > TOLERANCE:
        raise Refused("wrong-time", "the terms were not made when they were asked for")
    words: dict[str, list[Dated]] = {word.kind: [] for word in WORDS}
    written: list[tuple[Statement[Any], Instant]] = []
    narrowings: list[Narrowing] = []
    for logged in record.statements:
        kind = _act(claim(logged.token).kind)
        statement, t = directory.signed_by_person(logged, kind)
        _check_about(statement.body, terms)
        words[kind.kind].append(Dated(spoken_for(statement), t))
        if isinstance(statement.body, RecordedAct) and not isinstance(statement.body, RecordedWithdrawalBody):
            _check_party(directory, statement.body, terms)
        if isinstance(statement.body, RecordedAct | DisputeBody):
            written.append((statement, t))
        if isinstance(statement.body, NarrowingBody):
            narrowings.append(Narrowing(statement.iss, t, statement.body.less))
    void = tuple(word for kind in sorted(INVALIDATING) for word in words[kind])
    return ConsentFacts(
        terms,
        requested_at,
        signatures=(
            *(Signature(word.person, word.at, Evidence.OWN_KEY) for word in words["consent-signature"]),
            *recorded_signatures(written),
        ),
        refusals=tuple(words["consent-refusal"]),
        objections=tuple(words["consent-objection"]),
        withdrawals=(*words["consent-withdrawal"], *words["recorded-withdrawal"], *void),
        notices=tuple(words["consent-notice"]),
        narrowings=tuple(narrowings),
        invalidations=void,
    )


def hearing_fact(directory: Directory, logged: Logged) -> Hearing:
    """Verify a hearing: by a professional for a unit, or by the youth.

    Raises:
        Refused: `not-entitled`, if anybody else wrote it; or as `Directory.signed_by_person`.
    """
    statement, t = directory.signed_by_person(logged, HearingBody)
    body = statement.body
    if body.unit is None and statement.iss not in _selves(directory, body.subject):
        raise Refused("not-entitled", "a child's view is recorded by a professional or told by the youth")
    return Hearing(body.subject, body.matter, Outcome(body.outcome), statement.iss, t)


def recorded_facts(directory: Directory, found: Iterable[Logged]) -> tuple[Recorded, ...]:
    """Verify recorded facts: each by a professional, for a unit of a regime that may record it.

    Raises:
        Refused: `not-in-chain`, for another kind; as `protocol.facts.require` and `Directory.signed_by_person`.
    """
    regimes = {unit.unit: unit.regime for unit in directory.units()}
    known: dict[str, Recorded] = {}
    for logged in found:
        said = claim(logged.token).kind
        if said not in _FACTS:
            raise Refused("not-in-chain", f"a {said} is no recorded fact")
        statement, t = directory.signed_by_person(logged, _FACTS[said])
        fact = Recorded.of(statement, t)
        if fact.unit not in regimes:
            raise Refused("unknown-unit", "no registrar vouches for the unit that recorded this")
        known[fact.digest] = fact
    for fact in known.values():
        require(fact, regimes[fact.unit], known)
    return tuple(known.values())


def build_case(  # noqa: PLR0917  (the parts of a case, in its order)
    directory: Directory,
    subject: SubjectId,
    consents: Sequence[ConsentFacts],
    hearings: Sequence[Hearing],
    memberships: Sequence[tuple[PersonId, UnitId]],
    facts: Sequence[Recorded] = (),
    shields: Sequence[Shield] = (),
) -> Case:
    """Build the case around one subject from what the directory believes.

    `memberships` are those the caller has checked against epochs. A directory without a sheet gives a case without one,
    which `decide` denies.
    """
    try:
        directory.sheet(subject)
    except Refused:
        sheet = None
    else:
        sheet = directory.sheet_facts(subject)
    recognised = recognise(facts)
    return Case(
        sheet=sheet,
        units={
            unit.unit: UnitFacts(
                unit.regime,
                frozenset(directory.lineage(unit.unit)),
                unit.not_after,
                active=True,
                own_keys_only=unit.own_keys_only,
            )
            for unit in directory.units()
        },
        memberships=tuple(
            Membership(person=person, unit=unit, holds_from=_BEGINNING, holds_to=None) for person, unit in memberships
        ),
        consents=tuple(consents),
        hearings=tuple(hearings),
        assessments=recognised.assessments,
        shields=tuple(shields),
        exceptions=recognised.exceptions,
        rule_sets=directory.policy.statement.body.rules,
        recorded=directory.policy.statement.body.recorded,
        incapacities=recognised.incapacities,
    )


def _act(kind: str) -> type[ConsentAct]:
    for act in WORDS:
        if act.kind == kind:
            return act
    raise Refused("not-in-chain", f"a {kind} says nothing on a consent")


def _check_about(word: ConsentAct, terms: Terms) -> None:
    if (word.consent, word.subject, word.matter) != (terms.digest, terms.subject, terms.matter):
        raise Refused("other-consent", "a signature or withdrawal belongs to another consent")
    shown = (terms.text.version, str(terms.text.language))
    if isinstance(word, SignatureBody | RecordedSignatureBody) and (word.text_version, word.language) != shown:
        raise Refused("other-text", "a signer was shown another text than the one in the terms")


def _check_party(directory: Directory, word: RecordedAct, terms: Terms) -> None:
    """Check that the unit which wrote a word down takes part in the consent; raises `Refused` (`not-entitled`)."""
    above = directory.lineage(word.unit)
    for party in (*terms.senders, *terms.receivers):
        if party.id == word.unit or (isinstance(party, UnitParty) and party.subunits and party.unit in above):
            return
    raise Refused("not-entitled", "the unit that recorded a word takes no part in the consent")


def _selves(directory: Directory, subject: SubjectId) -> set[PersonId]:
    return {holder.person for holder in directory.sheet(subject).body.may_sign if holder.capacity is Capacity.SELF}
