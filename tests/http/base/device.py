"""A person's device that speaks the sign-in protocol, with every part open to be made wrong."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient

from keys import signing
from protocol.identifiers import PersonId
from server.auth.proof import token_digest

Claims = dict[str, Any]


@dataclass
class Device:
    """`person` signs in with `key`; `proof_key` is made for one sign-in; `now` is in seconds."""

    client: TestClient[Any, Any]
    now: int
    person: PersonId = field(default_factory=lambda: PersonId.of(secrets.token_bytes(16)))
    key: signing.SigningKey = field(default_factory=signing.generate)
    proof_key: signing.SigningKey = field(default_factory=signing.generate)
    nonce: str | None = None
    access_token: str | None = None

    def url(self, path: str) -> str:
        return str(self.client.make_url(path).with_query(None))

    def proof_claims(self, method: str, path: str) -> Claims:
        claims: Claims = {"htm": method, "htu": self.url(path), "iat": self.now, "jti": secrets.token_urlsafe(16)}
        if self.nonce is not None:
            claims["nonce"] = self.nonce
        if self.access_token is not None:
            claims["ath"] = token_digest(self.access_token)
        return claims

    def proof(self, method: str, path: str, **changed: Any) -> str:
        """Make a proof; a claim changed to None is left out."""
        claims = self.proof_claims(method, path) | changed
        told = {name: value for name, value in claims.items() if value is not None}
        return signing.sign_proof(told, self.proof_key)

    def assertion(self, *, kind: str = "client-authentication+jwt", **changed: Any) -> str:
        claims: Claims = {
            "iss": self.person,
            "sub": self.person,
            "aud": self.url("/v1/token"),
            "iat": self.now,
            "exp": self.now + 60,
            "jti": secrets.token_urlsafe(16),
            "cnf": {"jkt": self.proof_key.public.thumbprint},
        }
        told = {name: value for name, value in (claims | changed).items() if value is not None}
        return signing.sign(kind, told, self.key)

    async def ask_token(self, assertion: str | None = None, proof: str | None = None) -> ClientResponse:
        response = await self.client.post(
            "/v1/token",
            data={
                "grant_type": "client_credentials",
                "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                "client_assertion": assertion or self.assertion(),
            },
            headers={"DPoP": proof or self.proof("POST", "/v1/token")},
        )
        self.nonce = response.headers.get("DPoP-Nonce", self.nonce)
        return response

    async def sign_in(self) -> None:
        self.access_token = None
        response = await self.ask_token()
        if response.status == 400:
            response = await self.ask_token()
        assert response.status == 200, await response.text()
        self.access_token = (await response.json())["access_token"]

    def headers(self, method: str, path: str, **changed: Any) -> dict[str, str]:
        return {"Authorization": f"DPoP {self.access_token}", "DPoP": self.proof(method, path, **changed)}
