"""Signing in and proving every request: one test per refusal, each beside a request that is accepted."""

# Annotations are read by the route table, so they are not postponed here.
import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import ClientResponse, web

from keys import signing
from protocol.identifiers import PersonId
from server.auth.service import SIGN_INS, SignIns
from server.auth.tokens import Tokens
from server.http.access import acting_person
from server.http.forms import Answer
from server.http.idempotency import repeat_key
from server.http.routes import RouteTable
from tests.http.base.conftest import START, Client, Open, Small, TestClock
from tests.http.base.device import Device

Changed = dict[str, Any]
NewDevice = Callable[[Client], Device]

routes = RouteTable("trial")


class Me(Answer):
    person: str
    key: str | None = None
    digest: str | None = None


@routes.get("/v1/me", summary="Who am I")
async def me(request: web.Request) -> Me:
    return Me(person=acting_person(request))


@routes.post("/v1/me", summary="Who am I", idempotent=True)
async def write(request: web.Request) -> Me:
    repeat = repeat_key(request)
    return Me(person=acting_person(request), key=repeat and repeat.key, digest=repeat and repeat.digest)


@pytest.fixture
async def client(small: Small, open_app: Open) -> Client:
    from server.auth.routes import routes as auth_routes  # noqa: PLC0415  (beside its use)

    return await open_app(small([*routes, *auth_routes]))


@pytest.fixture
async def device(client: Client, new_device: NewDevice) -> Device:
    device = new_device(client)
    await device.sign_in()
    return device


async def refused(response: ClientResponse, error: str | None, status: int = 401) -> dict[str, Any]:
    """Check the refusal and its challenge."""
    body: dict[str, Any] = await response.json(content_type="application/problem+json")
    assert (response.status, body.get("error")) == (status, error), body
    if status == 401:
        assert body["code"] == "unauthenticated"
        assert response.headers["WWW-Authenticate"].startswith("DPoP ")
        assert error is None or f'error="{error}"' in response.headers["WWW-Authenticate"]
    return body


async def ask(device: Device, **changed: Any) -> ClientResponse:
    return await device.client.get("/v1/me", headers=device.headers("GET", "/v1/me", **changed))


def sign_ins(client: Client) -> SignIns:
    assert client.app is not None
    return client.app[SIGN_INS]


# --- accepted


async def test_a_signed_in_person_is_known_by_every_request(device: Device) -> None:
    for _ in range(2):
        response = await ask(device)
        assert (response.status, await response.json()) == (200, {"person": device.person, "key": None, "digest": None})


async def test_a_token_says_what_rfc_9068_asks(client: Client, new_device: NewDevice) -> None:
    device = new_device(client)
    await device.ask_token()
    response = await device.ask_token()
    answer = await response.json()
    kind, _, body = signing.peek(answer["access_token"])
    assert (answer["token_type"], answer["expires_in"], kind) == ("DPoP", 600, "at+jwt")
    assert set(body) == {"iss", "aud", "sub", "client_id", "iat", "exp", "jti", "cnf"}
    assert (body["sub"], body["client_id"], body["exp"] - body["iat"]) == (device.person, device.person, 600)
    assert body["cnf"] == {"jkt": device.proof_key.public.thumbprint}
    assert response.headers["Cache-Control"] == "no-store"


async def test_a_proof_is_for_the_path_whatever_the_query(device: Device) -> None:
    headers = device.headers("GET", "/v1/me")
    response = await device.client.get("/v1/me?x=1", headers=headers)
    assert response.status == 422


async def test_a_clock_that_is_a_little_off_is_accepted(device: Device) -> None:
    for seconds in (-300, 300):
        assert (await ask(device, iat=START + seconds)).status == 200


# --- the request's token


async def test_without_a_token_there_is_a_challenge(client: Client) -> None:
    await refused(await client.get("/v1/me"), None)


async def test_a_bearer_token_is_refused(device: Device) -> None:
    headers = device.headers("GET", "/v1/me") | {"Authorization": f"Bearer {device.access_token}"}
    await refused(await device.client.get("/v1/me", headers=headers), "invalid_token")


async def test_a_token_without_a_proof_is_refused(device: Device) -> None:
    headers = {"Authorization": f"DPoP {device.access_token}"}
    await refused(await device.client.get("/v1/me", headers=headers), "invalid_dpop_proof")


async def test_two_proofs_are_refused(device: Device) -> None:
    headers = [("Authorization", f"DPoP {device.access_token}")]
    headers += [("DPoP", device.proof("GET", "/v1/me")) for _ in range(2)]
    await refused(await device.client.get("/v1/me", headers=headers), "invalid_dpop_proof")


def _claims(device: Device, **changed: Any) -> Changed:
    claims: Changed = {
        "iss": "test/log",
        "aud": "test/log",
        "sub": device.person,
        "client_id": device.person,
        "iat": START,
        "exp": START + 600,
        "jti": "x",
        "cnf": {"jkt": device.proof_key.public.thumbprint},
    }
    return {name: value for name, value in (claims | changed).items() if value is not None}


async def test_the_servers_own_claims_are_accepted(device: Device) -> None:
    device.access_token = signing.sign("at+jwt", _claims(device), sign_ins(device.client).tokens._key)
    assert (await ask(device)).status == 200


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": "another/log"},
        {"iss": "another/log"},
        {"aud": ["test/log"]},
        {"exp": str(START + 600)},
        {"exp": True},
        {"exp": None},
        {"iat": str(START)},
        {"exp": START},
        {"exp": START - 1},
        {"cnf": None},
        {"cnf": {"jkt": "another"}},
        {"cnf": {}},
        {"sub": "unt_" + "0" * 32},
        {"scope": "all"},
    ],
)
async def test_a_token_with_another_claim_is_refused(device: Device, changed: Changed) -> None:
    device.access_token = signing.sign("at+jwt", _claims(device, **changed), sign_ins(device.client).tokens._key)
    await refused(await ask(device), "invalid_token")


@pytest.mark.parametrize("kind", ["JWT", "AT+JWT", "application/at+jwt", "client-authentication+jwt"])
async def test_a_token_of_another_kind_is_refused(device: Device, kind: str) -> None:
    device.access_token = signing.sign(kind, _claims(device), sign_ins(device.client).tokens._key)
    await refused(await ask(device), "invalid_token")


async def test_a_token_by_another_key_is_refused(device: Device) -> None:
    device.access_token = signing.sign("at+jwt", _claims(device), device.key)
    await refused(await ask(device), "invalid_token")


@pytest.mark.parametrize("algorithm", ["none", "HS256", "RS256", "ES384"])
async def test_a_token_of_another_algorithm_is_refused(device: Device, algorithm: str) -> None:
    assert device.access_token is not None
    _, payload, signature = device.access_token.split(".")
    header = {"alg": algorithm, "kid": sign_ins(device.client).tokens._key.kid, "typ": "at+jwt"}
    spelt = base64.urlsafe_b64encode(json.dumps(header, separators=(",", ":")).encode()).rstrip(b"=").decode()
    for ending in (signature, ""):
        device.access_token = f"{spelt}.{payload}.{ending}"
        await refused(await ask(device), "invalid_token")


async def test_a_token_ends_on_time_although_it_was_verified_before(device: Device, clock: TestClock) -> None:
    assert (await ask(device)).status == 200
    clock.seconds = device.now = START + 599
    assert (await ask(device)).status == 200
    clock.seconds = device.now = START + 600
    await refused(await ask(device), "invalid_token")


async def test_the_token_of_another_signing_in_is_refused(
    client: Client, device: Device, new_device: NewDevice
) -> None:
    other = new_device(client)
    await other.sign_in()
    other.access_token = device.access_token
    await refused(await ask(other), "invalid_token")


# --- the request's proof


@pytest.mark.parametrize(
    "changed",
    [
        {"htm": "POST"},
        {"htm": "get"},
        {"htm": None},
        {"htu": "http://127.0.0.1:1/v1/me"},
        {"htu": "https://fortrolig.example/v1/me"},
        {"htu": None},
        {"iat": START - 301},
        {"iat": START + 301},
        {"iat": str(START)},
        {"iat": True},
        {"iat": None},
        {"jti": None},
        {"jti": ""},
        {"jti": 7},
        {"jti": "x" * 129},
        {"ath": None},
        {"ath": "another"},
        {"exp": START + 600},
    ],
)
async def test_a_proof_with_another_claim_is_refused(device: Device, changed: Changed) -> None:
    await refused(await ask(device, **changed), "invalid_dpop_proof")
    assert (await ask(device)).status == 200


@pytest.mark.parametrize("path", ["/v1/other", "/v1/me/", "/v1/me?x=1", "/v1/me#x"])
async def test_a_proof_for_another_address_is_refused(device: Device, path: str) -> None:
    await refused(await ask(device, htu=device.url("/") + path[1:]), "invalid_dpop_proof")


async def test_a_proof_counts_once(device: Device) -> None:
    headers = device.headers("GET", "/v1/me")
    assert (await device.client.get("/v1/me", headers=headers)).status == 200
    await refused(await device.client.get("/v1/me", headers=headers), "invalid_dpop_proof")


async def test_a_replayed_proof_is_refused_in_its_other_signature_too(device: Device) -> None:
    headers = device.headers("GET", "/v1/me")
    assert (await device.client.get("/v1/me", headers=headers)).status == 200
    head, payload, signature = headers["DPoP"].split(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    flipped = raw[:32] + (order - int.from_bytes(raw[32:])).to_bytes(32)
    headers["DPoP"] = f"{head}.{payload}.{base64.urlsafe_b64encode(flipped).rstrip(b'=').decode()}"
    body = await refused(await device.client.get("/v1/me", headers=headers), "invalid_dpop_proof")
    assert "used before" in body["detail"]


@pytest.mark.parametrize("nonce", [None, "guessed", 7])
async def test_a_proof_without_this_servers_nonce_is_told_it(device: Device, nonce: Any) -> None:
    response = await ask(device, nonce=nonce)
    await refused(response, "use_dpop_nonce")
    assert (await ask(device, nonce=response.headers["DPoP-Nonce"])).status == 200


async def test_a_proof_from_before_a_restart_is_refused(device: Device, small: Small, open_app: Open) -> None:
    again = await open_app(small(routes))
    assert device.access_token is not None
    told = sign_ins(again)
    assert told.tokens.read(device.access_token, told_now(again)).person == device.person
    claims = device.proof_claims("GET", "/v1/me") | {"htu": str(again.make_url("/v1/me"))}
    headers = {"Authorization": f"DPoP {device.access_token}", "DPoP": signing.sign_proof(claims, device.proof_key)}
    await refused(await again.get("/v1/me", headers=headers), "use_dpop_nonce")


def told_now(client: Client) -> Any:
    from server.http.clock import CLOCK  # noqa: PLC0415  (beside its use)

    assert client.app is not None
    return client.app[CLOCK]()


async def test_a_proof_by_another_key_is_refused(device: Device) -> None:
    device.proof_key = signing.generate()
    await refused(await ask(device), "invalid_token")


async def test_what_is_no_proof_is_refused(device: Device) -> None:
    headers = device.headers("GET", "/v1/me")
    statement = signing.sign("dpop+jwt", device.proof_claims("GET", "/v1/me"), device.proof_key)
    for wrong in ("x", "a.b.c", headers["DPoP"] + "=", statement, str(device.access_token)):
        response = await device.client.get("/v1/me", headers=headers | {"DPoP": wrong})
        await refused(response, "invalid_dpop_proof")


async def test_a_foreign_host_header_is_no_address_of_this_server(device: Device) -> None:
    headers = device.headers("GET", "/v1/me", htu="http://evil.example/v1/me") | {"Host": "evil.example"}
    response = await device.client.get("/v1/me", headers=headers)
    assert response.status == 400


# --- the assertion


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": "http://127.0.0.1:1/v1/token"},
        {"aud": None},
        {"iss": "per_" + "1" * 32},
        {"sub": "per_" + "1" * 32},
        {"sub": "Kari"},
        {"exp": str(START + 60)},
        {"iat": str(START)},
        {"exp": True},
        {"exp": START + 301},
        {"exp": START},
        {"iat": START + 301, "exp": START + 361},
        {"iat": START - 400, "exp": START - 300},
        {"jti": None},
        {"jti": ""},
        {"jti": "x" * 129},
        {"cnf": None},
        {"cnf": {"jkt": "another"}},
        {"scope": "all"},
    ],
)
async def test_an_assertion_with_another_claim_is_refused(device: Device, changed: Changed) -> None:
    device.access_token = None
    await refused(await device.ask_token(device.assertion(**changed)), "invalid_client")
    assert (await device.ask_token()).status == 200


@pytest.mark.parametrize("kind", ["JWT", "at+jwt", "Client-Authentication+JWT"])
async def test_an_assertion_of_another_kind_is_refused(device: Device, kind: str) -> None:
    device.access_token = None
    await refused(await device.ask_token(device.assertion(kind=kind)), "invalid_client")


async def test_an_assertion_counts_once(device: Device) -> None:
    device.access_token = None
    assertion = device.assertion()
    assert (await device.ask_token(assertion)).status == 200
    body = await refused(await device.ask_token(assertion), "invalid_client")
    assert "used before" in body["detail"]


async def test_a_stolen_assertion_is_worth_nothing_under_another_key(device: Device) -> None:
    device.access_token = None
    assertion = device.assertion()
    device.proof_key = signing.generate()
    await refused(await device.ask_token(assertion), "invalid_client")


async def test_a_stranger_and_a_wrong_key_get_the_same_answer(
    device: Device, client: Client, people: dict[PersonId, Any]
) -> None:
    device.access_token = None
    device.key = signing.generate()
    wrong = await device.ask_token()
    await refused(wrong, "invalid_client")
    stranger = Device(client, START, nonce=device.nonce)
    assert stranger.person not in people
    assert await (await stranger.ask_token()).read() == await wrong.read()


async def test_who_was_removed_signs_in_no_more(device: Device, people: dict[PersonId, Any]) -> None:
    device.access_token = None
    del people[device.person]
    await refused(await device.ask_token(), "invalid_client")


async def test_signing_in_needs_a_proof_with_the_nonce(client: Client, new_device: NewDevice) -> None:
    device = new_device(client)
    response = await device.ask_token()
    await refused(response, "use_dpop_nonce", 400)
    assert response.headers["DPoP-Nonce"] == sign_ins(client).proofs.nonce
    assert (await device.ask_token()).status == 200


@pytest.mark.parametrize(
    "changed",
    [{"htm": "GET"}, {"htu": "http://127.0.0.1:1/v1/token"}, {"iat": START - 301}, {"iat": START + 301}, {"ath": "x"}],
)
async def test_signing_in_with_another_proof_is_refused(device: Device, changed: Changed) -> None:
    device.access_token = None
    response = await device.ask_token(proof=device.proof("POST", "/v1/token", **changed))
    body = await refused(response, "invalid_dpop_proof", 400)
    assert body["code"] == "bad-proof"


async def test_a_proof_signs_in_once(device: Device) -> None:
    device.access_token = None
    proof = device.proof("POST", "/v1/token")
    assert (await device.ask_token(proof=proof)).status == 200
    await refused(await device.ask_token(proof=proof), "invalid_dpop_proof", 400)


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        ({"grant_type": "password"}, 422, "bad-field"),
        ({}, 422, "bad-field"),
        ("grant_type=a&grant_type=b", 400, "bad-request"),
        ("grant_type=%FF", 400, "bad-request"),
        ("grant_type", 400, "bad-request"),
        (b"\xff=1", 400, "bad-request"),
    ],
)
async def test_a_request_for_a_token_is_read_strictly(device: Device, data: Any, status: int, code: str) -> None:
    headers = {"DPoP": device.proof("POST", "/v1/token"), "Content-Type": "application/x-www-form-urlencoded"}
    response = await device.client.post("/v1/token", data=data, headers=headers)
    body = await response.json(content_type="application/problem+json")
    assert (response.status, body["code"]) == (status, code)


# --- bounds and keys of repeated writes


async def test_when_proofs_cannot_be_remembered_the_server_is_busy(device: Device) -> None:
    held = sign_ins(device.client).proofs
    held._at_most = 0  # type: ignore[attr-defined]  # the memory one
    response = await ask(device)
    assert (response.status, response.headers["Retry-After"]) == (503, "5")
    device.access_token = None
    assert (await device.ask_token()).status == 503


def test_only_so_many_verified_tokens_are_remembered(monkeypatch: pytest.MonkeyPatch, clock: TestClock) -> None:
    monkeypatch.setattr("server.auth.tokens._CACHED_AT_MOST", 2)
    tokens = Tokens(signing.generate(), "test/log", 600)
    person = PersonId.of(bytes(16))
    for _ in range(3):
        assert tokens.read(tokens.issue(person, "thumb", clock()), clock()).person == person
    assert len(tokens._verified) == 2


async def test_a_repeated_write_brings_its_key_and_what_it_was_for(device: Device) -> None:
    async def write_with(keys: list[str], body: bytes = b"") -> ClientResponse:
        headers = [*device.headers("POST", "/v1/me").items(), *(("Idempotency-Key", key) for key in keys)]
        return await device.client.post("/v1/me", headers=headers, data=body)

    told = await (await write_with(["k" * 16])).json()
    assert told["key"] == "k" * 16
    assert told["digest"] == (await (await write_with(["k" * 16])).json())["digest"]
    assert (await (await write_with([])).json())["key"] is None
    for wrong in (["short"], ["k" * 65], ["k" * 15 + "!"], ["k" * 16, "k" * 16]):
        assert (await write_with(wrong)).status == 422
