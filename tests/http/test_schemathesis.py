"""The served OpenAPI document held against the server: schemathesis makes requests from it, good and bad, signed in.

Everybody in the small world of the end-to-end tests is there, so that ids found in a path can be real.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import importlib
import importlib.util
import secrets
import threading
import time
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

import pytest
import requests
import schemathesis
import structlog
from hypothesis import HealthCheck, Phase, settings
from requests.auth import AuthBase
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    content_type_conformance,
    missing_required_header,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from clients.sdk.home import Home
from keys import signing
from server.app import PACKAGES
from server.http.openapi import document
from tests.e2e.stage import PASSPHRASE, Stage, build_now

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    missing_required_header,
    unsupported_method,
    allow_header_conformance,
]
"""Left out, each for a reason: `positive_data_acceptance`, since no generator signs statements, and what is signed by
nobody must be refused; `ignored_auth`, since it repeats requests without the proof that belongs to them (signing in has
tests of its own in `base/`); `use_after_free` and `ensure_resource_availability`, since nothing made can be reached."""

UNKNOWN_HEADER = "x-schemathesis-unknown-property"


@schemathesis.serializer("application/offset+octet-stream")
def send_as_it_is(_: Any, value: Any) -> bytes:
    """Send the bytes of an upload; schemathesis knows plain octets only."""
    return value if isinstance(value, bytes) else str(value).encode()


class SignedIn(AuthBase):
    """Signs in as one person, and puts a fresh DPoP proof on every request (RFC 9449)."""

    def __init__(self, origin: str, home: Home) -> None:
        self.origin, self.home = origin, home
        self.key = signing.generate()
        self.nonce: str | None = None
        self.token: str | None = None

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self.token is None:
            self.sign_in()
        target = str(request.url).split("?", 1)[0].split("#", 1)[0]
        request.headers["Authorization"] = f"DPoP {self.token}"
        request.headers["DPoP"] = self.proof(str(request.method), target)
        return request

    def sign_in(self) -> None:
        url = f"{self.origin}/v1/token"
        for _ in range(2):
            form = {
                "grant_type": "client_credentials",
                "client_assertion_type": ASSERTION,
                "client_assertion": self.assertion(url),
            }
            answer = requests.post(url, data=form, headers={"DPoP": self.proof("POST", url)}, timeout=60)
            self.nonce = answer.headers.get("DPoP-Nonce", self.nonce)
            if answer.status_code == 200:
                self.token = answer.json()["access_token"]
                return
        raise AssertionError(answer.text)

    def proof(self, method: str, url: str) -> str:
        claims: dict[str, Any] = {
            "htm": method,
            "htu": url,
            "iat": int(time.time()),
            "jti": secrets.token_urlsafe(16),
        }
        if self.nonce is not None:
            claims["nonce"] = self.nonce
        if self.token is not None:
            digest = hashlib.sha256(self.token.encode()).digest()
            claims["ath"] = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        return signing.sign_proof(claims, self.key)

    def assertion(self, url: str) -> str:
        now, person = int(time.time()), self.home.profile.person
        claims = {
            "iss": person,
            "sub": person,
            "aud": url,
            "iat": now,
            "exp": now + 60,
            "jti": secrets.token_urlsafe(16),
            "cnf": {"jkt": self.key.public.thumbprint},
        }
        return signing.sign("client-authentication+jwt", claims, self.home.keyring.signing)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Serve the small world from another thread: schemathesis asks synchronously."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    built = build_now(tmp_path_factory.mktemp("described"))
    loop, up = asyncio.new_event_loop(), threading.Event()
    over = asyncio.Event()

    async def serve() -> None:
        async with built.serving():
            up.set()
            await over.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    try:
        assert up.wait(120)
        yield built
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(60)
        loop.close()
        structlog.reset_defaults()


@pytest.fixture(scope="module")
def signed_in(stage: Stage) -> SignedIn:
    return SignedIn(stage.origin, Home.open(stage.home("gp"), PASSPHRASE))


def described() -> dict[str, Any]:
    """Describe the routes of every package; that this is what is served, the first test says."""
    modules = [importlib.import_module(name) for name in PACKAGES if importlib.util.find_spec(name) is not None]
    return document([route for module in modules for route in module.routes], version("fortrolig"))


def without_security(told: dict[str, Any]) -> dict[str, Any]:
    """Leave signing in to `SignedIn`: schemathesis would leave the proof out, and miss that it was put back."""
    paths = {
        path: {method: {k: v for k, v in what.items() if k != "security"} for method, what in methods.items()}
        for path, methods in told["paths"].items()
    }
    components = {name: part for name, part in told["components"].items() if name != "securitySchemes"}
    return told | {"paths": paths, "components": components}


schema = schemathesis.openapi.from_dict(without_security(described()))


def test_the_document_is_served_as_it_is_tested(stage: Stage) -> None:
    answer = requests.get(f"{stage.origin}/v1/openapi.json", timeout=60)
    assert answer.status_code == 200
    assert answer.json() == described()


@schema.parametrize()
@settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_the_server_answers_as_its_document_says(
    case: schemathesis.Case[Any], stage: Stage, signed_in: SignedIn
) -> None:
    answer = case.call(base_url=stage.origin, auth=signed_in, timeout=60)
    # Headers are open: an unknown one is ignored. 413 refuses before there is a value that could break the schema.
    lenient = answer.status_code == 413 or UNKNOWN_HEADER in case.headers
    checks = [check for check in CHECKS if not (lenient and check is negative_data_rejection)]
    case.validate_response(answer, checks=checks, transport_kwargs={"auth": signed_in})
