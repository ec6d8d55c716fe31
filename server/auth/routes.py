"""`POST /v1/token`: signing in."""

from typing import Annotated, Literal

from aiohttp import web
from pydantic import Field

from server.auth.proof import BadProof, Expected, NonceNeeded, check_proof
from server.auth.replay import Overloaded
from server.auth.service import KEY_LOOKUP, SIGN_INS, challenge
from server.auth.signin import BadAssertion, SignIn, check_assertion
from server.config import SETTINGS
from server.http import problems
from server.http.access import Access
from server.http.bodies import URL_ENCODED
from server.http.clock import CLOCK
from server.http.forms import Answer, Form, Headers, Token
from server.http.origin import target_of
from server.http.problems import Problem, ProblemDocument, ProblemType, problem
from server.http.routes import Replied, RouteTable

routes = RouteTable("auth")

BAD_PROOF = ProblemType("bad-proof", 400, "The DPoP proof does not hold")


class TokenForm(Form):
    """A request by client credentials (RFC 6749 §4.4) with a signed assertion (RFC 7523 §2.2)."""

    grant_type: Literal["client_credentials"]
    client_assertion_type: Literal["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"]
    client_assertion: Annotated[Token, Field(max_length=8_192)]


class ProofHeader(Headers):
    """The proof made with the key that the access token shall be bound to."""

    dpop: Annotated[Token, Field(alias="DPoP", max_length=4_096)]


class Granted(Answer):
    """An access token (RFC 6749 §5.1); `expires_in` is in seconds."""

    access_token: str
    token_type: Literal["DPoP"] = "DPoP"  # noqa: S105  (the name of a scheme)
    expires_in: int


@routes.post(
    "/v1/token",
    summary="Sign in",
    description=(
        "The assertion is a `client-authentication+jwt` by the person's key with exactly `iss` and `sub` (the person), "
        "`aud` (this address), `iat`, `exp`, `jti` and `cnf.jkt`: the thumbprint of the key of the DPoP proof."
    ),
    who=Access.PUBLIC,
    vital=True,
    consumes=URL_ENCODED,
    body_limit=16_384,
    problems=(BAD_PROOF, problems.UNAUTHENTICATED),
    answer_headers={"DPoP-Nonce": "The nonce for the next proof"},
)
async def sign_in(request: web.Request, form: TokenForm, headers: ProofHeader) -> Replied[Granted]:
    """Exchange an assertion for an access token."""
    sign_ins, now, skew = request.app[SIGN_INS], request.app[CLOCK](), request.app[SETTINGS].clock_skew
    target = target_of(request)
    nonce = {"DPoP-Nonce": sign_ins.proofs.nonce}
    try:
        expected = Expected(request.method, target)
        thumbprint = await check_proof(headers.dpop, expected, sign_ins.proofs, now=now, skew=skew)
        asked = SignIn(form.client_assertion, target, thumbprint)
        person = await check_assertion(asked, request.app[KEY_LOOKUP], sign_ins.assertions, now=now, skew=skew)
    except BadProof as fault:
        raise Problem(ProblemDocument(BAD_PROOF, str(fault), error="invalid_dpop_proof", headers=nonce)) from fault
    except NonceNeeded as fault:
        raise Problem(ProblemDocument(BAD_PROOF, str(fault), error="use_dpop_nonce", headers=nonce)) from fault
    except BadAssertion as fault:
        raise challenge("invalid_client", str(fault), nonce=sign_ins.proofs.nonce) from fault
    except Overloaded as fault:
        raise problem(problems.BUSY, Retry_After="5") from fault
    token = sign_ins.tokens.issue(person, thumbprint, now)
    return Replied(Granted(access_token=token, expires_in=sign_ins.tokens.seconds), nonce)
