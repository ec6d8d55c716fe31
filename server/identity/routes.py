"""`/v1/policy`, `/invitations`, `/statements`, `/units`, `/persons`, `/subjects`, `/me`: who is who."""

from collections.abc import AsyncIterator, Iterable
from typing import Any

from aiohttp import web

from keys.encoding import BadKey, decode, encode
from keys.signing import PublicKey
from protocol.identifiers import InvitationId, PersonId, SubjectId, UnitId
from protocol.identity import Logged, accept_policy
from protocol.pins import Pins
from protocol.statements.base import Refused, holder_id
from protocol.statements.identity import KeySet
from server.audit.access import LOG_ACCESS
from server.audit.wiring import WRITER
from server.auth.service import KEY_LOOKUP
from server.config import SETTINGS
from server.http import problems
from server.http.access import Access, acting_person
from server.http.clock import CLOCK
from server.http.problems import FieldFault, Problem, ProblemDocument, unknown
from server.http.routes import RouteTable
from server.identity import actions, reading
from server.identity.access import CLOSINGS, RELATIONS, KnownPersons, PersonKeys
from server.identity.actions import CHAINED, INVITATION, Parts
from server.identity.children import Covered
from server.identity.forms import (
    AcceptedAnswer,
    AnswerForm,
    AnswerTold,
    InvitationAnswer,
    InvitationsAnswer,
    InvitationTold,
    LoggedAnswer,
    MeAnswer,
    PolicyAnswer,
    PolicyForm,
    RenewalTold,
    RoleTold,
    SealedSeed,
    SeedsAnswer,
    StatementForm,
    StatementsAnswer,
    SubjectAnswer,
    TokenForm,
    UnitQuery,
    UnitsAnswer,
    UnitsQuery,
)
from server.identity.intake import INTAKE, Intake, Receipted, Rejected
from server.identity.publishing import publish
from server.identity.refusals import PROBLEMS, problem_of

routes = RouteTable("identity")

STATEMENTS_LIMIT = 4 * 1024 * 1024
"""Bytes: an epoch of a thousand members with their seeds, or a renewal of five thousand sheets."""
_HEX_FINGERPRINT = 64


def prepare(app: web.Application) -> None:
    """Wire identity into signing in and the log, and open the intake once the writer is there."""
    app[RELATIONS], app[CLOSINGS] = [], []
    app[KEY_LOOKUP] = PersonKeys(app)
    app[LOG_ACCESS] = KnownPersons()
    app.cleanup_ctx.append(_intake)


async def _intake(app: web.Application) -> AsyncIterator[None]:
    app[INTAKE] = Intake(app[WRITER])
    yield


def fingerprint(app: web.Application) -> str:
    """Give the root's RFC 7638 thumbprint; empty, which no key has, where none is configured.

    The setting has the same 32 bytes in hex, which people can read to each other.
    """
    root = app[SETTINGS].root or ""
    return encode(bytes.fromhex(root)) if len(root) == _HEX_FINGERPRINT else root


@routes.get("/v1/policy", summary="The root's policy", who=Access.PUBLIC, problems=(problems.NOT_FOUND,))
async def get_policy(request: web.Request) -> PolicyAnswer | ProblemDocument:
    """Give the latest policy, to be believed only under the root's fingerprint got by hand."""
    writer = request.app[WRITER]
    policy = await writer.database.read(reading.policy)
    if policy is None:
        return unknown()
    [logged] = await publish(writer, [(policy.token, policy.leaf_index)])
    return PolicyAnswer(root=policy.root, policy=_logged(logged))


@routes.post(
    "/v1/policy", summary="Publish a policy", who=Access.PUBLIC, status=201, problems=PROBLEMS, body_limit=1_000_000
)
async def post_policy(request: web.Request, form: PolicyForm) -> AcceptedAnswer | ProblemDocument:
    """Accept a policy signed by the root that this server was configured with."""
    intake = request.app[INTAKE]
    try:
        root = PublicKey.from_jwk(form.root.model_dump())
        policy = accept_policy(form.token, root, fingerprint(request.app), Pins(), request.app[CLOCK]())
        intake.check_seen(policy.statement)
    except BadKey as fault:
        raise _bad_field("/root", str(fault)) from fault
    except Refused as refusal:
        # Anybody may knock here: what the root did not sign leaves no trace.
        return problem_of(Rejected(refusal.code, str(refusal)))
    verifier = intake.writer.log.key.verifier
    return _accepted(await intake.submit(actions.take_policy, policy.statement, root, verifier))


@routes.post("/v1/invitations", summary="Register an invitation", status=201, problems=PROBLEMS)
async def post_invitation(request: web.Request, form: TokenForm) -> AcceptedAnswer | ProblemDocument:
    """Accept an invitation by a registrar, or by a custodian for the unit's staff."""
    intake, person = request.app[INTAKE], acting_person(request)
    return _accepted(await intake.take(form.token, person, INVITATION, actions.invite))


@routes.get("/v1/invitations", summary="One's own invitations")
async def list_invitations(request: web.Request) -> InvitationsAnswer:
    """Give the asker's invitations with what newcomers answered: several answers mean that the slip was seen."""
    at = request.app[CLOCK]()
    found = await request.app[WRITER].database.read(reading.invitations_by, acting_person(request))
    return InvitationsAnswer(
        invitations=[
            InvitationTold(
                token=each.token,
                state=each.state(at),
                answers=[AnswerTold(keys=told.keys, mac=told.mac, at=told.at) for told in answers],
            )
            for each, answers in found
        ]
    )


@routes.get("/v1/invitations/{invitation}", summary="An invitation", who=Access.PUBLIC)
async def get_invitation(request: web.Request, invitation: InvitationId) -> InvitationAnswer | ProblemDocument:
    """Give an invitation to whoever holds the slip with its id."""
    found = await request.app[WRITER].database.read(reading.invitation, invitation)
    if found is None:
        return unknown()
    known, key = found
    return InvitationAnswer(token=known.token, inviter=key.jwk, state=known.state(request.app[CLOCK]()))


@routes.post(
    "/v1/invitations/{invitation}/answers",
    summary="Answer an invitation",
    who=Access.PUBLIC,
    status=201,
    problems=PROBLEMS,
    body_limit=16_384,
)
async def post_answer(request: web.Request, invitation: InvitationId, form: AnswerForm) -> ProblemDocument | None:
    """Keep a newcomer's keys for the inviter, whose client checks the MAC; an answer after use raises an alarm."""
    try:
        keys = KeySet.parse(form.keys.model_dump())
    except ValueError as fault:
        raise _bad_field("/keys", str(fault)) from fault
    outcome = await request.app[WRITER].submit(actions.answer_invitation, invitation, keys, form.mac)
    if isinstance(outcome.result, Rejected):
        return problem_of(outcome.result)
    return None if outcome.result else unknown()


@routes.post(
    "/v1/statements",
    summary="Hand in a statement of the chain",
    description=(
        "Kinds: unit, endorsement, epoch, restricted-epoch, subject-sheet, renewal, authority, authority-end, "
        "authority-confirmation. The same statement again is answered again."
    ),
    status=201,
    problems=PROBLEMS,
    body_limit=STATEMENTS_LIMIT,
)
async def post_statement(request: web.Request, form: StatementForm) -> AcceptedAnswer | ProblemDocument:
    """Accept what a registrar or custodian says."""
    intake, person = request.app[INTAKE], acting_person(request)
    root = fingerprint(request.app)
    return _accepted(await intake.take(form.token, person, CHAINED, actions.hand_in, root, _parts(form)))


@routes.get("/v1/units", summary="All units")
async def list_units(request: web.Request, query: UnitsQuery) -> UnitsAnswer:
    """Give the units in force, by id."""
    writer = request.app[WRITER]
    rows, after = await writer.database.read(reading.listed_units, query.cursor or "", request.app[CLOCK]())
    return UnitsAnswer(units=_all(await publish(writer, rows)), next=after)


@routes.get("/v1/units/{unit}", summary="A unit with all that its key hangs on")
async def get_unit(request: web.Request, unit: UnitId, query: UnitQuery) -> StatementsAnswer | ProblemDocument:
    """Give a unit, its ancestors, custodians, members and epochs."""
    writer = request.app[WRITER]
    return await _statements(
        request, await writer.database.read(reading.unit, unit, query.from_epoch, request.app[CLOCK]())
    )


@routes.get("/v1/units/{unit}/seeds", summary="A unit's sealed seeds, for its members")
async def get_seeds(request: web.Request, unit: UnitId) -> SeedsAnswer | ProblemDocument:
    """Give a member what opens the unit's mailbox."""
    database, at = request.app[WRITER].database, request.app[CLOCK]()
    found = await database.read(reading.seeds, unit, acting_person(request), at)
    if found is None:
        return unknown()
    seeds, previous = found
    return SeedsAnswer(seeds=_numbered(seeds), previous=_numbered(previous))


@routes.get("/v1/persons/{person}", summary="A person's endorsements")
async def get_person(request: web.Request, person: PersonId) -> StatementsAnswer | ProblemDocument:
    """Give a person's endorsements, with the units and custodians that they hang on."""
    writer = request.app[WRITER]
    return await _statements(request, await writer.database.read(reading.person, person, request.app[CLOCK]()))


@routes.get("/v1/subjects/{subject}", summary="A child's sheet, for those concerned")
async def get_subject(request: web.Request, subject: SubjectId) -> SubjectAnswer | ProblemDocument:
    """Give sheet, renewal and the asker's cards; to everybody else there is nothing here."""
    app, writer = request.app, request.app[WRITER]
    asker, at = acting_person(request), app[CLOCK]()
    found = await writer.database.read(reading.subject, subject, asker, app[RELATIONS], app[CLOSINGS], at)
    if found is None:
        return unknown()
    renewal = [] if found.renewal is None else [found.renewal]
    logged = await publish(writer, [*found.statements, *(row for row, _, _ in renewal)])
    return SubjectAnswer(
        statements=_all(logged[: len(found.statements)]),
        renewals=[
            RenewalTold(logged=_logged(logged[-1]), index=index, proof=[encode(node) for node in proof])
            for _, index, proof in renewal
        ],
        cards=[encode(card) for card in found.cards],
    )


@routes.get("/v1/me", summary="Who am I here")
async def get_me(request: web.Request) -> MeAnswer:
    """Give the asker's roles, children and units."""
    asker = acting_person(request)
    found = await request.app[WRITER].database.read(reading.me, asker, request.app[CLOCK]())
    roles = [RoleTold(role=role, unit=unit, name=name) for role, unit, name in found.roles]
    return MeAnswer(person=asker, roles=roles, subjects=list(found.subjects), units=list(found.units))


def _parts(form: StatementForm) -> Parts:
    seeds = None if form.seeds is None else _once("/seeds", ((each.person, each.sealed) for each in form.seeds))
    cards = None if form.cards is None else _once("/cards", ((holder_id(each.to), each.sealed) for each in form.cards))
    previous = None if form.previous is None else decode(form.previous)
    return Parts(seeds, previous, cards, None if form.sheets is None else Covered.of(form.sheets))


def _once(field: str, pairs: Iterable[tuple[Any, str]]) -> dict[Any, bytes]:
    listed = list(pairs)
    sealed = {holder: decode(text) for holder, text in listed}
    if len(sealed) != len(listed):
        raise _bad_field(field, "the same holder twice")
    return sealed


def _bad_field(field: str, fault: str) -> Problem:
    return Problem(ProblemDocument(problems.BAD_FIELD, fields=(FieldFault(field, fault),)))


def _accepted(taken: Receipted | Rejected) -> AcceptedAnswer | ProblemDocument:
    if isinstance(taken, Rejected):
        return problem_of(taken)
    return AcceptedAnswer(digest=taken.digest, receipt=taken.receipt)


async def _statements(request: web.Request, rows: list[reading.Row] | None) -> StatementsAnswer | ProblemDocument:
    if rows is None:
        return unknown()
    return StatementsAnswer(statements=_all(await publish(request.app[WRITER], rows)))


def _logged(logged: Logged) -> LoggedAnswer:
    return LoggedAnswer(token=logged.token, receipt=logged.receipt)


def _all(statements: Iterable[Logged]) -> list[LoggedAnswer]:
    return [_logged(each) for each in statements]


def _numbered(seeds: Iterable[tuple[int, bytes]]) -> list[SealedSeed]:
    return [SealedSeed(number=number, sealed=encode(sealed)) for number, sealed in seeds]
