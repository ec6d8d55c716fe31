"""Everything that signing in and authenticating share in one process, and the authenticator of requests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from server.auth.proof import BadProof, Expected, NonceNeeded, check_proof
from server.auth.replay import Overloaded, ReplayGuard
from server.auth.tokens import BadToken, Tokens
from server.config import SETTINGS
from server.http import problems
from server.http.clock import CLOCK
from server.http.origin import target_of
from server.http.problems import Problem, ProblemDocument, problem

if TYPE_CHECKING:
    from protocol.identifiers import PersonId
    from server.auth.signin import KeyLookup

_SCHEME = "DPoP"


@dataclass(frozen=True, slots=True)
class SignIns:
    """Tokens, and what was used already (proofs and assertions apart)."""

    tokens: Tokens
    proofs: ReplayGuard
    assertions: ReplayGuard


KEY_LOOKUP: web.AppKey[KeyLookup] = web.AppKey("key_lookup")
SIGN_INS: web.AppKey[SignIns] = web.AppKey("sign_ins", SignIns)


async def authenticate_request(request: web.Request) -> PersonId:
    """Tell who signed a request: an access token, and a proof made for this very request by the key it is bound to.

    Raises:
        Problem: 401 with a challenge, or 503.
    """
    sign_ins, now = request.app[SIGN_INS], request.app[CLOCK]()
    token, proof = _credentials(request)
    try:
        signed = sign_ins.tokens.read(token, now)
        expected = Expected(request.method, target_of(request), token)
        skew = request.app[SETTINGS].clock_skew
        signed.check_key(await check_proof(proof, expected, sign_ins.proofs, now=now, skew=skew))
    except BadToken as fault:
        raise challenge("invalid_token", str(fault)) from fault
    except BadProof as fault:
        raise challenge("invalid_dpop_proof", str(fault)) from fault
    except NonceNeeded as fault:
        raise challenge("use_dpop_nonce", str(fault), nonce=sign_ins.proofs.nonce) from fault
    except Overloaded as fault:
        raise problem(problems.BUSY, Retry_After="5") from fault
    return signed.person


def challenge(error: str | None, detail: str, *, nonce: str | None = None) -> Problem:
    """Make the 401 of RFC 9449 §7.1; `detail` is a sentence of ours, with nothing of the request in it."""
    said = "" if error is None else f'error="{error}", '
    headers = {"WWW-Authenticate": f'{_SCHEME} {said}algs="ES256"'}
    if nonce is not None:
        headers["DPoP-Nonce"] = nonce
    return Problem(ProblemDocument(problems.UNAUTHENTICATED, detail, error=error, headers=headers))


def _credentials(request: web.Request) -> tuple[str, str]:
    tokens, proofs = request.headers.getall("Authorization", []), request.headers.getall("DPoP", [])
    if not tokens:
        raise challenge(None, "Send an access token and a proof.")
    scheme, _, token = tokens[0].partition(" ")
    if len(tokens) > 1 or scheme.lower() != _SCHEME.lower():
        raise challenge("invalid_token", "Send one Authorization header with the scheme DPoP.")
    if len(proofs) != 1:
        raise challenge("invalid_dpop_proof", "Send one DPoP header.")
    return token, proofs[0]
