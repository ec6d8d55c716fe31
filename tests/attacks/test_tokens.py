"""Access tokens and DPoP proofs that are stolen, replayed, bent or made for something else."""

from __future__ import annotations

import secrets
import time
from typing import Any

import aiohttp
import pytest

from clients.sdk.client import Client
from clients.sdk.errors import SdkError
from keys import signing
from server.auth.proof import token_digest
from server.auth.tokens import load_key
from tests.attacks.town import LOG, Town

ME = "/v1/me"


async def ask(town: Town, token: str, proof: str, path: str = ME, scheme: str = "DPoP") -> tuple[int, Any]:
    """Ask who one is, with a token and a proof."""
    headers = {"Authorization": f"{scheme} {token}", "DPoP": proof}
    async with aiohttp.ClientSession() as session, session.get(town.url + path, headers=headers) as told:
        return told.status, await told.json(content_type=None)


def proof(town: Town, client: Client, token: str, key: signing.SigningKey | None = None, **changes: Any) -> str:
    """Make a proof as the client's device does, with what is changed."""
    claims = {
        "htm": "GET",
        "htu": town.url + ME,
        "iat": int(time.time()),
        "jti": secrets.token_urlsafe(16),
        "nonce": client.transport._nonce,
        "ath": token_digest(token),
    }
    return signing.sign_proof(claims | changes, key or client.transport._proof_key)


async def signed_in(town: Town, name: str = "mother") -> tuple[Client, str]:
    client = await town.client(name)
    await client.transport.get(ME)
    token = client.transport._access_token
    assert token is not None
    return client, token


def forged(town: Town, token: str, kind: str = "at+jwt", **changes: Any) -> str:
    """Make an access token with the server's own key: only what is changed may be what refuses it."""
    claims = signing.peek(token).body | changes
    return signing.sign(kind, {name: value for name, value in claims.items() if value is not None}, load_key(town.data))


async def test_a_token_with_its_own_proof_is_good_for_one_request(town: Town) -> None:
    mother, token = await signed_in(town)
    made = proof(town, mother, token)
    status, told = await ask(town, token, made)
    assert (status, told["person"]) == (200, mother.person)
    assert (await ask(town, token, made))[0] == 401


async def test_a_token_made_by_the_servers_key_with_the_right_claims_is_good(town: Town) -> None:
    mother, token = await signed_in(town)
    good = forged(town, token)
    assert (await ask(town, good, proof(town, mother, good)))[0] == 200


BENT: dict[str, dict[str, Any]] = {
    "another audience": {"aud": "another.example/log"},
    "a list of audiences": {"aud": [LOG, "another.example/log"]},
    "another issuer": {"iss": "another.example/log"},
    "expiry as a string": {"exp": str(2**40)},
    "expiry as a boolean": {"exp": True},
    "no expiry": {"exp": None},
    "expired": {"exp": 1_700_000_000},
    "issued as a string": {"iat": "1700000000"},
    "no confirmation": {"cnf": None},
    "another confirmation": {"cnf": {"jkt": signing.generate().kid}},
    "an unknown claim": {"scope": "all"},
    "nobody": {"sub": "root"},
}


@pytest.mark.parametrize("kind", ["JWT", "jwt", "client-authentication+jwt", "application/at+jwt"])
async def test_a_token_of_another_typ_is_refused(town: Town, kind: str) -> None:
    mother, token = await signed_in(town)
    bad = forged(town, token, kind)
    assert await ask(town, bad, proof(town, mother, bad)) == (401, (await refusal(town)))


async def refusal(town: Town) -> Any:
    """Give what somebody who sends rubbish is answered."""
    return (await ask(town, "rubbish", "rubbish"))[1]


async def test_a_bent_token_is_refused_whatever_is_bent(town: Town) -> None:
    mother, token = await signed_in(town)
    told = {}
    for name, changes in BENT.items():
        bad = forged(town, token, **changes)
        told[name] = (await ask(town, bad, proof(town, mother, bad)))[0]
    assert told == dict.fromkeys(BENT, 401)


async def test_a_token_signed_by_anybody_else_is_refused(town: Town) -> None:
    mother, token = await signed_in(town)
    claims = signing.peek(token).body
    own = signing.sign("at+jwt", claims, mother.home.keyring.signing)
    assert (await ask(town, own, proof(town, mother, own)))[0] == 401


async def test_a_stolen_token_is_no_good_under_another_key(town: Town) -> None:
    mother, token = await signed_in(town)
    thief = signing.generate()
    assert (await ask(town, token, proof(town, mother, token, thief)))[0] == 401
    assert (await ask(town, token, proof(town, mother, token), scheme="Bearer"))[0] == 401


async def test_one_persons_token_is_no_good_with_anothers_proof(town: Town) -> None:
    _, token = await signed_in(town)
    stranger, _ = await signed_in(town, "stranger")
    assert (await ask(town, token, proof(town, stranger, token)))[0] == 401


@pytest.mark.parametrize(
    "changes",
    [
        {"htm": "POST"},
        {"htu": "http://127.0.0.1:1/v1/me"},
        {"iat": int(time.time()) - 3600},
        {"iat": str(int(time.time()))},
        {"nonce": "another"},
        {"ath": token_digest("another")},
        {"jti": ""},
    ],
    ids=lambda changes: next(iter(changes)),
)
async def test_a_proof_for_something_else_is_refused(town: Town, changes: dict[str, Any]) -> None:
    mother, token = await signed_in(town)
    assert (await ask(town, token, proof(town, mother, token, **changes)))[0] == 401


async def test_a_recorded_sign_in_gives_no_second_token(town: Town) -> None:
    await signed_in(town)
    recorded = town.operator.last("POST", "/v1/token")
    async with (
        aiohttp.ClientSession() as session,
        session.post(town.url + "/v1/token", headers=recorded.headers, data=recorded.body) as told,
    ):
        assert told.status in {400, 401}
        assert "access_token" not in await told.json(content_type=None)


async def test_somebody_elses_assertion_signs_nobody_in(town: Town) -> None:
    stranger = await town.client("stranger")
    stranger.transport._person = town.person("mother")
    with pytest.raises(SdkError) as refused:
        await stranger.transport.get(ME)
    assert refused.value.code == "sign-in-refused"
