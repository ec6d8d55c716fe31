"""Consents from a person's side: ask, see, sign, refuse, object, withdraw, record a hearing.

Each client derives the law itself before it shows or signs anything: what the server lists is never taken on trust.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from clients.sdk import shields
from clients.sdk.client import Client, new_statement_id
from clients.sdk.errors import Denied, Postponed, Tampered
from clients.sdk.journal import purpose
from clients.sdk.transport import clock
from keys.signing import digest, peek
from protocol.consent.acceptance import rules_for
from protocol.consent.age import months_after
from protocol.consent.answer import Reason
from protocol.consent.case import Case, ConsentFacts, Dated, Hearing, Shield, Signature
from protocol.consent.coverage import covers, situation_of_terms
from protocol.consent.law import requirements, roles
from protocol.consent.ruleset import rule_sets
from protocol.consent.state import Standing, standing
from protocol.consent.terms import PersonParty, Role, Terms, Text, UnitParty
from protocol.consent.vocabulary import Category, Evidence, Kind, Language, Purpose
from protocol.evidence import ConsentRecord, build_case, consent_facts, hearing_fact, recorded_facts
from protocol.facts import Recorded, recognise
from protocol.identifiers import ConsentId, Instant, MatterId, PersonId, SubjectId, UnitId
from protocol.identity import Directory, logged_list
from protocol.statements.base import Refused, claim
from protocol.statements.consent import (
    ConsentAct,
    HearingBody,
    NoticeBody,
    ObjectionBody,
    RefusalBody,
    RequestBody,
    SignatureBody,
    WithdrawalBody,
)
from protocol.statements.narrowing import WRITTEN_DOWN
from protocol.texts import Contents, consent_text, sentence

Party = UnitParty | PersonParty


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants to be allowed: the terms before law and text are added."""

    subject: SubjectId
    matter: MatterId
    purpose: Purpose
    senders: tuple[Party, ...]
    receivers: tuple[Party, ...]
    categories: tuple[Category, ...]
    share_months: int | None = None
    read_months: int | None = None
    language: Language = Language.BOKMAL


@dataclass(frozen=True, slots=True)
class Known:
    """One consent as this client believes it, and where it derives that it stands."""

    digest: str
    facts: ConsentFacts
    standing: Standing
    record: ConsentRecord

    @property
    def terms(self) -> Terms:
        """The terms as they stand."""
        return self.facts.terms


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything this client believes around one subject, ready for `decide`."""

    directory: Directory
    subject: SubjectId
    consents: tuple[ConsentFacts, ...]
    records: tuple[ConsentRecord, ...]
    hearings: Mapping[str, tuple[Hearing, ...]]
    """By consent: a hearing that a unit recorded goes only with the consents to which the unit is a party."""
    facts: Mapping[str, tuple[Recorded, ...]]
    """By consent, like hearings."""
    shields: tuple[Shield, ...]
    """What is hidden from whom, in every matter of whose shields I may know."""

    def case(self, consents: Collection[str], memberships: Sequence[tuple[PersonId, UnitId]] = ()) -> Case:
        """Build the case of these consents, with memberships that the caller vouches for.

        Only the hearings that go with them count, as at the server: otherwise one of us would permit what the other
        denies, and who heard the child would show to somebody who may not know.
        """
        facts = tuple(each for each in self.consents if each.terms.digest in consents)
        heard = dict.fromkeys(hearing for consent in consents for hearing in self.hearings.get(consent, ()))
        noted = dict.fromkeys(fact for consent in consents for fact in self.facts.get(consent, ()))
        return build_case(self.directory, self.subject, facts, tuple(heard), memberships, tuple(noted), self.shields)

    def drafted(self, draft: Terms) -> Case:
        """Build the case for terms that nobody was asked about yet: what their own parties recorded counts."""
        case, sides = self.case(()), (*draft.senders, *draft.receivers)
        noted = dict.fromkeys(fact for some in self.facts.values() for fact in some if fact.matter == draft.matter)
        going = [fact for fact in noted if covers(sides, fact.unit, case)]
        return replace(case, incapacities=recognise(going).incapacities)


def parties(ids: Sequence[PersonId | UnitId], *, subunits: bool = False) -> tuple[Party, ...]:
    """Return the parties that these ids name, in the terms' order."""
    made: list[Party] = [
        UnitParty(one, subunits) if isinstance(one, UnitId) else PersonParty(one) for one in sorted(set(ids))
    ]
    return tuple(made)


async def situation(client: Client, subject: SubjectId, units: Sequence[UnitId] = ()) -> Situation:
    """Fetch and believe everything around one subject that I may know of, and these units.

    Raises:
        Tampered: something does not hold.
    """
    listed = await client.transport.pages("/v1/consents", "consents", subject=subject)
    records = tuple(ConsentRecord.parse({"request": one["request"], "statements": one["statements"]}) for one in listed)
    heard_with = [logged_list(one["hearings"]) for one in listed]
    noted_with = [logged_list(one["facts"]) for one in listed]
    heard = {logged.token: logged for some in heard_with for logged in some}
    noted = {logged.token: logged for some in noted_with for logged in some}
    signers = {claim(logged.token).iss for record in records for logged in (record.request, *record.statements)}
    signers |= {claim(logged.token).iss for logged in (*heard.values(), *noted.values())}
    named = {UnitId(party.id) for one in records for party in _parties_of(one) if party.id.startswith(UnitId.prefix)}
    recorders = _recording((*noted, *_written_down(records)))
    directory = await client.directory(units={*named, *recorders, *units}, persons=signers, subjects=[subject])
    try:
        facts = tuple(consent_facts(directory, record) for record in records)
        believed = {token: hearing_fact(directory, logged) for token, logged in heard.items()}
        recorded = {fact.digest: fact for fact in recorded_facts(directory, noted.values())}
    except Refused as error:
        raise client.tampered(error, {"consents": [record.to_json() for record in records]}) from error
    await client.require_one_log(directory)
    hearings = {
        each.terms.digest: tuple(believed[logged.token] for logged in some)
        for each, some in zip(facts, heard_with, strict=True)
    }
    by_consent = {
        each.terms.digest: tuple(recorded[digest(logged.token)] for logged in some)
        for each, some in zip(facts, noted_with, strict=True)
    }
    hidden = await shields.listed(client, subject)
    kept = tuple(shield for each in hidden for shield in each.shielding.shields)
    return Situation(directory, subject, facts, records, hearings, by_consent, kept)


async def listed(client: Client, subject: SubjectId, at: Instant | None = None) -> list[Known]:
    """Return the consents around a subject that I may know of, each with where it stands now."""
    found = await situation(client, subject)
    now = clock() if at is None else at
    return [
        Known(facts.terms.digest, facts, standing(facts, found.case([facts.terms.digest]), now), record)
        for facts, record in zip(found.consents, found.records, strict=True)
    ]


async def request(client: Client, wanted: Wanted, *, unit: UnitId | None = None) -> list[Terms]:
    """Ask for what is wanted: sign the terms and lay them before those whom the law names.

    A referral asks for two consents in one act: care and disclosure.

    Raises:
        Denied: the law lets nobody sign this now; the sentence says why.
    """
    asked = []
    named = [party.unit for party in (*wanted.senders, *wanted.receivers) if isinstance(party, UnitParty)]
    found = await situation(client, wanted.subject, named)
    for kind in _kinds(wanted.purpose):
        terms = lawful_terms(found, wanted, kind)
        why = purpose("consent", kind, *_wish(wanted), unit)
        done = await client.submit("/v1/consents", RequestBody(new_statement_id(), unit, terms), purpose=why)
        asked.append(Terms.parse(done.said["terms"]))
    return asked


def lawful_terms(found: Situation, wanted: Wanted, kind: Kind) -> Terms:
    """Write the terms of one kind with the roles that the law asks for now.

    Raises:
        Denied: the law lets nobody sign this now.
    """
    case, made = found.case(()), clock()
    rules = rules_for(case.rule_sets, made)
    if rules is None:
        raise denied(Reason.RULES_NOT_ACCEPTED, wanted.language)
    scope = rules.purposes[wanted.purpose]
    draft = Terms(
        v=1,
        id=ConsentId.of(secrets.token_bytes(16)),
        subject=wanted.subject,
        matter=wanted.matter,
        kind=kind,
        purpose=wanted.purpose,
        senders=wanted.senders,
        receivers=wanted.receivers,
        categories=tuple(sorted(set(wanted.categories))),
        made=made,
        share_until=months_after(made, wanted.share_months or scope.share_months),
        read_until=months_after(made, wanted.read_months or scope.read_months),
        rules=rules.digest,
        onward=False,
        roles=(),
        text=Text("-", wanted.language, "-"),
    )
    case = found.drafted(draft)
    asked_of = situation_of_terms(draft, case)
    if asked_of is None or case.sheet is None:
        raise denied(Reason.UNIT_UNKNOWN if case.sheet is not None else Reason.SHEET_MISSING, wanted.language)
    asked = requirements(rules, asked_of, case.sheet, made)
    if isinstance(asked, Reason):
        raise denied(asked, wanted.language)
    with_roles = replace(draft, roles=roles(asked, case.sheet))
    names = {unit.unit: unit.name for unit in found.directory.units()}
    written = consent_text(Contents.of(with_roles), names, wanted.language)
    return Terms.parse(replace(with_roles, text=written).to_json())


async def sign(client: Client, known: Known) -> None:
    """Say yes to the terms, after deriving the law anew; who has said so before says nothing more.

    Raises:
        Tampered: the text or the roles in the terms are not what the law and the units' names give.
    """
    terms = known.terms
    await require_lawful(client, known)
    body = SignatureBody(
        new_statement_id(), known.digest, terms.subject, terms.matter, terms.text.version, str(terms.text.language)
    )
    own = [each for each in known.facts.signatures if each.evidence is Evidence.OWN_KEY]
    await _hand_in(client, known, body, own)


async def require_lawful(client: Client, known: Known) -> None:
    """Derive law and text of a consent anew, before anybody signs it; raises `Tampered` as `sign`."""
    terms = known.terms
    found = await situation(client, terms.subject, [p.unit for p in _terms_parties(terms) if isinstance(p, UnitParty)])
    names = {unit.unit: unit.name for unit in found.directory.units()}
    if consent_text(Contents.of(terms), names, terms.text.language) != terms.text:
        raise _not_to_be_signed(client, known, "wrong-text", "the text of this consent does not say what its terms say")
    if terms.roles != _lawful_roles(terms, found.drafted(terms)):
        raise _not_to_be_signed(client, known, "wrong-roles", "this consent does not name the people whom the law asks")


async def refuse(client: Client, known: Known) -> None:
    """Say no: final for this request."""
    await _say(client, known, RefusalBody, known.facts.refusals)


async def object_to(client: Client, known: Known) -> None:
    """Object, as somebody who need not sign."""
    await _say(client, known, ObjectionBody, known.facts.objections)


async def acknowledge(client: Client, known: Known) -> None:
    """Confirm that I have been informed."""
    await _say(client, known, NoticeBody, known.facts.notices)


async def withdraw(client: Client, known: Known) -> bool:
    """Withdraw: works for the next request, everywhere. Return whether the log holds it already.

    False says that the server's log stands still and the server keeps the withdrawal for it. Nothing can be opened
    meanwhile, and whoever withdraws the same again later learns what became of it and gets the receipt.
    """
    try:
        await _say(client, known, WithdrawalBody, known.facts.withdrawals)
    except Postponed:
        return False
    return True


async def hear(
    client: Client, subject: SubjectId, matter: MatterId, outcome: str, *, unit: UnitId | None = None
) -> None:
    """Record the child's view: as a professional for a unit, or as the youth."""
    body = HearingBody(new_statement_id(), subject, matter, unit, outcome, None)
    await client.submit("/v1/consent-statements", body, purpose=purpose("hear", subject, matter, unit, outcome))


def denied(reason: Reason, language: Language) -> Denied:
    """Return the error that says why in plain words, with the next step."""
    return Denied(str(reason), sentence(reason, language))


def _lawful_roles(terms: Terms, case: Case) -> tuple[Role, ...]:
    rules, asked_of = rule_sets().get(terms.rules), situation_of_terms(terms, case)
    if rules is None or asked_of is None or case.sheet is None:
        return ()
    asked = requirements(rules, asked_of, case.sheet, terms.made)
    return () if isinstance(asked, Reason) else roles(asked, case.sheet)


def _not_to_be_signed(client: Client, known: Known, code: str, why: str) -> Tampered:
    return client.tampered(Refused(code, why), known.record.to_json())


async def _say(client: Client, known: Known, word: type[ConsentAct], said: Iterable[Dated]) -> None:
    body = word(new_statement_id(), known.digest, known.terms.subject, known.terms.matter)
    await _hand_in(client, known, body, said)


async def _hand_in(client: Client, known: Known, body: ConsentAct, said: Iterable[Dated | Signature]) -> None:
    why = f"{body.kind} {known.digest}"
    # Said before, and the log proves it: a second time would add nothing.
    if await client.finish(why) is None and client.person not in {one.person for one in said}:
        await client.submit("/v1/consent-statements", body, purpose=why)


def _wish(wanted: Wanted) -> list[object]:
    sides = [[str(party.id) for party in side] for side in (wanted.senders, wanted.receivers)]
    terms = [wanted.subject, wanted.matter, wanted.purpose, *sides, sorted(map(str, wanted.categories))]
    return [*terms, wanted.share_months, wanted.read_months, wanted.language]


def _kinds(purpose: Purpose) -> tuple[Kind, ...]:
    if purpose is Purpose.REFERRAL:
        return (Kind.CARE, Kind.DISCLOSURE)
    return (Kind.DISCLOSURE,)


def _terms_parties(terms: Terms) -> tuple[Party, ...]:
    return (*terms.senders, *terms.receivers)


def _written_down(records: Iterable[ConsentRecord]) -> list[str]:
    said = [logged.token for record in records for logged in record.statements]
    return [token for token in said if claim(token).kind in WRITTEN_DOWN]


def _recording(noted: Iterable[str]) -> set[UnitId]:
    # Read before it is believed, only to know which units to fetch; `recorded_facts` verifies it afterwards.
    return {UnitId.parse(peek(token).body.get("unit")) for token in noted}


def _parties_of(record: ConsentRecord) -> tuple[Party, ...]:
    # Read before it is believed, only to know whose keys to fetch; `consent_facts` verifies it afterwards.
    return _terms_parties(Terms.parse(peek(record.request.token).body.get("terms")))
