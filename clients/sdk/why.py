"""Why: a decision built again from what this client has verified, with every statement it rests on.

Whenever a share is verified, the statements that came with it are kept in the home, without any ciphertext. They are
judged anew here, today together with what the server can add, or as the log held them at an earlier instant.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clients.sdk.errors import Denied, Incomplete
from clients.sdk.home import damaged
from clients.sdk.transport import clock
from keys.signing import digest, peek
from protocol.bundle import Bundle, Renewal
from protocol.consent.answer import Deny, Permit
from protocol.consent.ask import Actor, Ask
from protocol.consent.case import Case, ConsentFacts
from protocol.consent.decide import decide
from protocol.consent.explain import Explanation, explain, rules_named
from protocol.consent.in_place import InPlace
from protocol.consent.ruleset import Rule
from protocol.consent.terms import Terms
from protocol.consent.vocabulary import Act, Category, Language
from protocol.evidence import ConsentRecord, build_case, consent_facts, hearing_fact, recorded_facts
from protocol.identifiers import Instant, PersonId, ShareId, SubjectId, UnitId
from protocol.identity import Directory, Logged, Policy, logged_list
from protocol.log.receipt import Verified
from protocol.log.receipt import parse as parse_receipt
from protocol.logged import prove
from protocol.pins import Pins
from protocol.reading import optional
from protocol.shields import shields_of
from protocol.statements.base import Refused, claim
from protocol.statements.share import ManifestBody
from protocol.statements.units import EpochBody

if TYPE_CHECKING:
    from clients.sdk.client import Client

_FOLDER = "shares"
_NOTHING = b"\0"
"""Stands where a ciphertext stood: a bundle has no form without one."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One statement that a decision rests on: what was said, by whom, when the log took it in, and at which leaf."""

    said: str
    by: PersonId
    unit: UnitId | None
    at: Instant
    index: int
    about: str | None


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """A decision with everything it was made from. `explanation` is null for a permit.

    `hindsight` is what is known now of that instant, where it is another answer: a consent was declared void since.
    """

    share: ShareId
    act: Act
    at: Instant
    answer: Permit | Deny
    explanation: Explanation | None
    rules: tuple[Rule | InPlace, ...]
    shown: tuple[Shown, ...]
    hindsight: Deny | None = None


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What several bundles of one share hold, each statement once. `named` are the consents as first kept."""

    manifest: Logged
    opening: Logged
    named: tuple[ConsentRecord, ...]
    chain: tuple[Logged, ...]
    renewals: tuple[Renewal, ...]
    consents: tuple[ConsentRecord, ...]
    hearings: tuple[Logged, ...]
    facts: tuple[Logged, ...]
    shields: tuple[Logged, ...]

    @property
    def subject(self) -> SubjectId:
        """Whom the share is about."""
        return SubjectId.parse(peek(self.manifest.token).body.get("subject"))

    @property
    def requests(self) -> frozenset[str]:
        """The requests of the consents that the share names."""
        return frozenset(record.request.token for record in self.named)

    @property
    def units(self) -> frozenset[UnitId]:
        """Every unit that takes part."""
        parties = [party.id for terms in map(_terms, self.named) for party in (*terms.senders, *terms.receivers)]
        signed_for = [peek(logged.token).body.get("unit") for logged in self.each()]
        given = [one for one in (*parties, *signed_for) if str(one).startswith(UnitId.prefix)]
        return frozenset(map(UnitId.parse, given))

    def each(self) -> Iterator[Logged]:
        """Yield every statement."""
        yield from self.chain
        yield from (renewal.logged for renewal in self.renewals)
        for record in self.consents:
            yield record.request
            yield from record.statements
        yield from (*self.hearings, *self.facts, *self.shields, self.manifest, self.opening)

    def before(self, past: set[Logged]) -> _Evidence:
        """Leave out sheets, renewals, consents, words, hearings, facts and shields that the log did not hold yet."""
        return replace(
            self,
            chain=tuple(one for one in self.chain if one in past or claim(one.token).kind != "subject-sheet"),
            renewals=tuple(one for one in self.renewals if one.logged in past),
            consents=tuple(
                ConsentRecord(one.request, tuple(word for word in one.statements if word in past))
                for one in self.consents
                if one.request in past
            ),
            hearings=tuple(one for one in self.hearings if one in past),
            facts=tuple(one for one in self.facts if one in past),
            shields=tuple(one for one in self.shields if one in past),
        )


def keep(folder: Path, share: ShareId, bundle: Bundle) -> None:
    """Keep what came with a verified share in the home folder, without ciphertexts; mode 0600.

    Not synchronised with the disk: after a power cut the next opening brings it again.
    """
    path = folder / _FOLDER / f"{share}.{bundle_act(bundle)}.json"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    written = path.with_suffix(".new")
    written.touch(mode=0o600)
    bare = replace(bundle, envelope=_NOTHING, header=_NOTHING, body=None, consistency={})
    written.write_text(json.dumps(bare.to_json()), encoding="utf-8")
    written.replace(path)


def bundle_act(bundle: Bundle) -> str:
    """Name the act that a bundle was released for."""
    return str(peek(bundle.open.token).body["act"])


def kept_shares(folder: Path) -> tuple[ShareId, ...]:
    """Return every share that this home can explain."""
    names = {path.name.split(".", 1)[0] for path in (folder / _FOLDER).glob("*.json")}
    return tuple(sorted(map(ShareId.parse, names)))


async def why(client: Client, share: ShareId, at: Instant | None, language: Language) -> Rebuilt:
    """Decide once more about a share: now (null), or with what the log held at an instant and no more.

    A receiver asks whether it may be opened; its sender, and anybody for an instant before it was shared, whether it
    may be shared.

    Raises:
        Incomplete: nothing was kept of this share, or what was kept does not decide it.
        Denied: the server gives nothing on this child to me any more.
        Tampered: what the server adds today does not hold.
    """
    policy = await client.load_policy()
    kept = _read(client.home.folder, share)
    news = await _news(client, kept, needed=at is None)
    known = news if at is None else kept
    now = clock()
    then = now if at is None else at
    try:
        entries = {logged: prove(logged, policy.log) for logged in known.each()}
        past = known.before({logged for logged, entry in entries.items() if entry.entry.t <= then})
        directory = _directory(policy, past, now)
        question = _question(client, directory, known, then)
        case = _case(directory, past, question, then)
        today = _directory(policy, news, now)
        void = [consent_facts(today, record) for record in news.consents]
    except Refused as error:
        raise Incomplete(error.code, f"What this machine has kept does not decide it: {error}.") from error
    answer = decide(question.ask, case, then)
    hindsight = decide(question.ask, _as_known_now(case, void), then)
    shown = [_shown(logged, entries[logged]) for logged in past.each() if entries[logged].entry.t <= then]
    return Rebuilt(
        share=share,
        act=question.ask.act,
        at=then,
        answer=answer,
        explanation=explain(answer, question.ask, question.viewer, case, then, language=language)
        if isinstance(answer, Deny)
        else None,
        rules=rules_named(answer.rule),
        shown=tuple(sorted(shown, key=lambda one: one.index)),
        hindsight=hindsight if isinstance(hindsight, Deny) and hindsight != answer else None,
    )


def _as_known_now(case: Case, today: Iterable[ConsentFacts]) -> Case:
    """Add what nobody could know then and what counts from the beginning: that a consent was declared void."""
    void = {each.terms.digest: each.invalidations for each in today}
    return replace(
        case,
        consents=tuple(replace(each, invalidations=void.get(each.terms.digest, ())) for each in case.consents),
    )


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked, by whom, and who acts for which unit with which key."""

    ask: Ask
    viewer: Actor
    acting: tuple[tuple[Actor, str], ...]
    body: ManifestBody


def _question(client: Client, directory: Directory, known: _Evidence, then: Instant) -> _Question:
    manifest, shared_at = directory.signed_by_person(known.manifest, ManifestBody)
    body, opening = manifest.body, peek(known.opening.token).body
    viewer = Actor(client.person, optional(UnitId.parse)(opening.get("unit")))
    sender = Actor(manifest.iss, body.unit)
    reading = opening.get("act") != "own" and then >= shared_at
    named = [terms for terms in map(_terms, known.named) if terms.digest in body.consents]
    if not named:
        raise Refused("no-consent", "the consents that the share names were not kept")
    ask = Ask(
        act=Act.OPEN if reading else Act.SHARE,
        subject=body.subject,
        matter=body.matter,
        purpose=named[0].purpose,
        sender=sender,
        receivers=() if reading else tuple(sorted({one.to for one in body.recipients if not one.own})),
        reader=viewer if reading else None,
        categories=tuple(Category(category) for category in body.categories()),
        consents=body.consents,
        shared_at=shared_at if reading else None,
    )
    mine = client.home.keyring.signing.kid
    return _Question(ask, viewer, ((sender, manifest.kid), (viewer, mine)), body)


def _directory(policy: Policy, past: _Evidence, now: Instant) -> Directory:
    """Believe the chain as it stands today: who is whose key is no fact of the case. Sheets are only those of then."""
    # Without pins: an older sheet was true in its time. What came from the server today was pinned by `believe`.
    directory = Directory(policy, Pins(), now)
    directory.learn(past.chain)
    for renewal in past.renewals:
        # A renewal of another sheet, or one that has ended, adds nothing.
        with suppress(Refused):
            directory.learn_renewal(renewal.logged, past.subject, renewal.index, renewal.proof)
    return directory


def _case(directory: Directory, past: _Evidence, question: _Question, then: Instant) -> Case:
    body = question.body
    hearings = [hearing_fact(directory, logged) for logged in past.hearings]
    recorded = recorded_facts(directory, past.facts)
    case = build_case(
        directory,
        body.subject,
        [consent_facts(directory, record) for record in past.consents],
        [one for one in hearings if one.matter == body.matter],
        [
            (actor.person, actor.unit)
            for actor, kid in question.acting
            if actor.unit is not None and _was_member(directory, past, actor, kid, then)
        ],
        [one for one in recorded if one.matter == body.matter],
        shields_of(directory, past.shields, body.subject, body.matter),
    )
    if case.sheet is None:
        return case
    sheet = replace(
        case.sheet,
        may_sign=tuple(one for one in case.sheet.may_sign if one.known_at <= then),
        may_know=tuple(one for one in case.sheet.may_know if one.known_at <= then),
    )
    return replace(case, sheet=sheet)


def _was_member(directory: Directory, past: _Evidence, actor: Actor, kid: str, then: Instant) -> bool:
    for logged in past.chain:
        if actor.unit is None or claim(logged.token).kind != EpochBody.kind:
            continue
        with suppress(Refused):
            epoch = directory.epoch_at(actor.unit, digest(logged.token), then)
            directory.require_member(epoch.body, actor.person, kid, then)
            return True
    return False


async def _news(client: Client, kept: _Evidence, *, needed: bool) -> _Evidence:
    """Add what the server tells today; where it is not needed and not told any more, what was kept is all there is."""
    try:
        return await _with_news(client, kept)
    except Denied:
        if needed:
            raise
        return kept


async def _with_news(client: Client, known: _Evidence) -> _Evidence:
    """Add what the server tells today, believed and pinned like everything that it tells."""
    policy = await client.load_policy()
    listed = await client.transport.pages("/v1/consents", "consents", subject=known.subject)
    told = [one for one in listed if ConsentRecord.parse(_record(one)).request.token in known.requests]
    consents = [ConsentRecord.parse(_record(one)) for one in told]
    hearings = [logged for one in told for logged in logged_list(one["hearings"])]
    facts = [logged for one in told for logged in logged_list(one["facts"])]
    hidden = await client.transport.pages("/v1/shields", "statements", subject=known.subject)
    matter = peek(known.manifest.token).body.get("matter")
    shields = [one for one in logged_list(hidden) if peek(one.token).body.get("matter") == matter]
    words = [logged for record in consents for logged in (record.request, *record.statements)]
    said = (*words, *hearings, *facts, *shields, known.manifest, known.opening)
    persons = {claim(logged.token).iss for logged in said}
    answers = [await client.transport.get(f"/v1/persons/{person}") for person in sorted(persons)]
    units = known.units.union(UnitId(unit) for one in shields if (unit := peek(one.token).body.get("unit")) is not None)
    answers += [await client.transport.get(f"/v1/units/{unit}") for unit in sorted(units)]
    sheet = await client.transport.get(f"/v1/subjects/{known.subject}")
    chain = [logged for answer in (*answers, sheet) for logged in logged_list(answer["statements"])]
    renewals = [Renewal.parse(one) for one in sheet["renewals"]]
    await client.believe(policy, chain, [(known.subject, one) for one in renewals])
    # What I may no longer know of is not told, and then counts as unknown.
    return replace(
        known,
        chain=_once((*known.chain, *chain)),
        renewals=(*known.renewals, *renewals),
        consents=tuple(consents),
        hearings=_once(hearings),
        facts=_once(facts),
        shields=_once((*known.shields, *shields)),
    )


def _read(folder: Path, share: ShareId) -> _Evidence:
    bundles = []
    for path in sorted((folder / _FOLDER).glob(f"{share}.*.json")):
        try:
            bundles.append(Bundle.parse(json.loads(path.read_text(encoding="utf-8"))))
        except (ValueError, Refused) as error:
            raise damaged(path) from error
    if not bundles:
        raise Incomplete("never-received", "This share was never received on this machine: receive it first.")
    bundles.sort(key=lambda bundle: parse_receipt(bundle.open.receipt).index)
    newest = bundles[-1]
    return _Evidence(
        manifest=newest.manifest,
        opening=newest.open,
        named=newest.consents,
        chain=_once(logged for bundle in bundles for logged in bundle.statements),
        renewals=tuple(renewal for bundle in bundles for renewal in bundle.renewals),
        consents=tuple(
            ConsentRecord(record.request, _once(_words(bundles, record.request.token))) for record in newest.consents
        ),
        hearings=_once(logged for bundle in bundles for logged in bundle.hearings),
        facts=_once(logged for bundle in bundles for logged in bundle.facts),
        shields=_once(logged for bundle in bundles for logged in bundle.shields),
    )


def _words(bundles: Iterable[Bundle], request: str) -> Iterable[Logged]:
    for bundle in bundles:
        for record in bundle.consents:
            if record.request.token == request:
                yield from record.statements


def _once(found: Iterable[Logged]) -> tuple[Logged, ...]:
    """Return each statement once, in the order of the log: a higher number must follow a lower one."""
    known = {logged.token: logged for logged in found}
    return tuple(sorted(known.values(), key=lambda logged: parse_receipt(logged.receipt).index))


def _record(told: Mapping[str, Any]) -> dict[str, Any]:
    return {"request": told["request"], "statements": told["statements"]}


def _terms(record: ConsentRecord) -> Terms:
    return Terms.parse(peek(record.request.token).body.get("terms"))


def _shown(logged: Logged, entry: Verified) -> Shown:
    said, details = claim(logged.token), entry.details
    about = next(iter(details.consents), None) if len(details.consents) == 1 else None
    return Shown(said.said, said.iss, details.for_unit, entry.entry.t, entry.index, about)
