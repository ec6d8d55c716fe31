"""`/v1/facts`: what a professional records that the rules use. Facts are listed with the consents they go with."""

from aiohttp import web

from server.consent import facts
from server.consent.refusals import PROBLEMS, problem_for
from server.http.access import acting_person
from server.http.problems import NOT_FOUND, REFUSED, ProblemDocument
from server.http.routes import RouteTable
from server.identity.forms import AcceptedAnswer, TokenForm
from server.identity.intake import INTAKE, Rejected
from server.identity.refusals import beside

routes = RouteTable("facts")

_PROBLEMS = (*beside(PROBLEMS), REFUSED, NOT_FOUND)


@routes.post(
    "/v1/facts",
    summary="Record a fact that the rules use",
    description="A ground for one guardian alone, an assessment, an attempt to reach a guardian, or the end of one.",
    status=201,
    problems=_PROBLEMS,
)
async def record_fact(request: web.Request, form: TokenForm) -> AcceptedAnswer | ProblemDocument:
    """Take one fact; the same again is answered again."""
    taken = await request.app[INTAKE].take(form.token, acting_person(request), facts.RECORDED, facts.record)
    if isinstance(taken, Rejected):
        return problem_for(taken)
    return AcceptedAnswer(digest=taken.digest, receipt=taken.receipt)
