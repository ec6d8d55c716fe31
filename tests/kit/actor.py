"""A person with real keys, and a device that signs in with DPoP and asks the server over HTTP."""

from __future__ import annotations

import asyncio
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from aiohttp.test_utils import TestClient

from keys import sealing, signing
from protocol.identifiers import PersonId
from protocol.statements.identity import KeySet
from server.auth.proof import token_digest
from tests.kit.clock import MINUTE, Clock

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: its status, its bytes, and these as JSON (None when they are none)."""

    status: int
    raw: bytes
    body: Any

    @property
    def code(self) -> str | None:
        """The code of a problem document."""
        return self.body.get("code") if isinstance(self.body, dict) else None


@dataclass
class Actor:
    """Somebody; `name` is for professionals and for reading tests."""

    name: str
    person: PersonId = field(default_factory=lambda: PersonId.of(secrets.token_bytes(16)))
    sign: signing.SigningKey = field(default_factory=signing.generate, repr=False)
    seal: sealing.SealingKey = field(default_factory=sealing.generate, repr=False)

    @property
    def keys(self) -> KeySet:
        return KeySet(self.sign.public, self.seal.public.raw)


@dataclass
class Device:
    """One person's signed-in client. Signs in when it has to; a fresh proof for each request."""

    client: TestClient[Any, Any]
    clock: Clock
    actor: Actor
    proof_key: signing.SigningKey = field(default_factory=signing.generate, repr=False)
    nonce: str | None = None
    token: str | None = None
    signed_in_at: int = 0
    signing_in: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    async def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Reply:
        """Send a request as this person; `body` is sent as JSON."""
        async with self.signing_in:  # of requests that begin together, one signs in
            if self.token is None or self.clock.now - self.signed_in_at > 8 * MINUTE:
                assert await self.sign_in() == 200
        told = {"Authorization": f"DPoP {self.token}", "DPoP": self.proof(method, path), **(headers or {})}
        async with self.client.request(method, path, json=body, headers=told) as response:
            return reply(response.status, await response.read())

    async def sign_in(self) -> int:
        """Sign in; give the status of the last try (the first one learns the nonce)."""
        self.token = None
        status = await self._ask_token()
        return await self._ask_token() if status == 400 else status

    async def _ask_token(self) -> int:
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION,
            "client_assertion": self.assertion(),
        }
        proof = {"DPoP": self.proof("POST", "/v1/token")}
        async with self.client.post("/v1/token", data=form, headers=proof) as response:
            self.nonce = response.headers.get("DPoP-Nonce", self.nonce)
            if response.status == 200:
                self.token, self.signed_in_at = (await response.json())["access_token"], self.clock.now
            return response.status

    def url(self, path: str) -> str:
        return str(self.client.make_url(path).with_query(None))

    def proof(self, method: str, path: str) -> str:
        claims: dict[str, Any] = {
            "htm": method,
            "htu": self.url(path),
            "iat": self.clock.now // 1000,
            "jti": secrets.token_urlsafe(16),
        }
        if self.nonce is not None:
            claims["nonce"] = self.nonce
        if self.token is not None:
            claims["ath"] = token_digest(self.token)
        return signing.sign_proof(claims, self.proof_key)

    def assertion(self) -> str:
        now = self.clock.now // 1000
        claims = {
            "iss": self.actor.person,
            "sub": self.actor.person,
            "aud": self.url("/v1/token"),
            "iat": now,
            "exp": now + 60,
            "jti": secrets.token_urlsafe(16),
            "cnf": {"jkt": self.proof_key.public.thumbprint},
        }
        return signing.sign("client-authentication+jwt", claims, self.actor.sign)


def reply(status: int, raw: bytes) -> Reply:
    """Make a reply from a status and its bytes."""
    try:
        return Reply(status, raw, json.loads(raw))
    except ValueError:
        return Reply(status, raw, None)
