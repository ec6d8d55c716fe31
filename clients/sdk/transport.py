"""Talking to the server: sign-in bound to a key made for it, a proof with every request, problems as errors."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from email.utils import parsedate_to_datetime
from typing import Any, Self

import aiohttp

from clients.sdk.errors import Denied, Fault, Misused, SdkError, Unreachable
from keys import signing
from protocol.identifiers import Instant, PersonId

_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ASSERTION_SECONDS = 60
_RENEW_BEFORE_SECONDS = 30
_NOT_FOUND, _FORBIDDEN, _UNAUTHENTICATED, _GONE, _SERVER_FAULT = 404, 403, 401, 410, 500
_TRY_AGAIN = frozenset({408, 409, 425, 429})
_LONGEST_ANSWER = 64 * 1024 * 1024
_LONGEST_PROBLEM = 64 * 1024
_MOST_PAGES = 2_000
_MOST_APART_SECONDS = 300
_NONCE_ERROR = "use_dpop_nonce"


def clock() -> Instant:
    """Return the time now: the one place where the SDK reads it."""
    return Instant(time.time_ns() // 1_000_000)


_CONNECTION_FAULTS = (aiohttp.ClientError, TimeoutError, ConnectionError)
"""What a broken connection raises; a fault of one's own disk while an answer is read is not among them."""


class Given(dict[str, Any]):
    """A JSON object that the server gave: a member that is not there is the server's fault."""

    def __missing__(self, name: str) -> Any:
        raise Fault("bad-answer", f"The server's answer lacks '{name}'. Update your client, or ask the operator.")


def bad_answer(path: str) -> Fault:
    """Return the error for an answer that is not of its documented form."""
    return Fault("bad-answer", f"The server's answer to {path} is not of the documented form. Update your client.")


class Transport:
    """One signed-in connection to one server; without a key it asks only what is public."""

    def __init__(self, server: str, person: PersonId | None = None, key: signing.SigningKey | None = None) -> None:
        self.server = server.rstrip("/")
        self._person = person
        self._key = key
        self._session: aiohttp.ClientSession | None = None
        self._proof_key = signing.generate()
        self._access_token: str | None = None
        self._expires = 0.0
        self._nonce: str | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=60))
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def get(self, path: str, *, public: bool = False, **query: Any) -> Any:
        """GET JSON, without signing in if it is public; query members that are None are left out."""
        return await self._json("GET", path, public=public, params=_query(query))

    async def post(
        self, path: str, body: Mapping[str, Any], *, idempotency: str | None = None, public: bool = False
    ) -> Any:
        """POST JSON, without signing in if it is public, and return the JSON answer (None for 204)."""
        headers = {} if idempotency is None else {"Idempotency-Key": idempotency}
        return await self._json("POST", path, public=public, json=body, headers=headers)

    async def pages(self, path: str, member: str, **query: Any) -> list[Any]:
        """GET every page of a list.

        Raises:
            Fault: the pages never end, or the answer is not a list.
        """
        return [one async for page in self.each_page(path, member, **query) for one in page[member]]

    async def each_page(self, path: str, *members: str, **query: Any) -> AsyncIterator[dict[str, list[Any]]]:
        """GET a page after the other, each with these lists; raises as `pages`."""
        cursor: str | None = None
        seen: set[str | None] = set()
        while cursor not in seen and len(seen) < _MOST_PAGES:
            seen.add(cursor)
            page = await self.get(path, **query, cursor=cursor)
            if not isinstance(page, dict) or not all(isinstance(page.get(member), list) for member in members):
                raise bad_answer(path)
            yield page
            cursor = page.get("next")
            if cursor is None:
                return
        raise bad_answer(path)

    async def delete(self, path: str) -> None:
        """DELETE what the path names."""
        await self._json("DELETE", path)

    async def get_text(self, path: str, **query: Any) -> str:
        """GET text, such as a signed checkpoint."""
        async with self.stream("GET", path, params=_query(query)) as response:
            return (await _body(response, _LONGEST_ANSWER)).decode(errors="replace")

    async def _json(self, method: str, path: str, **options: Any) -> Any:
        async with self.stream(method, path, **options) as response:
            content = await _body(response, _LONGEST_ANSWER)
        if not content:
            return None
        try:
            return json.loads(content, object_hook=Given)
        except (ValueError, RecursionError) as error:
            raise bad_answer(path) from error

    @asynccontextmanager
    async def stream(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, public: bool = False, **options: Any
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send one request, signed in unless it is public, and give the response; refusals are raised.

        Raises:
            Unreachable: no answer.
            Denied, Misused, Fault: the server's problem document.
        """
        url = f"{self.server}{path}"
        for last in (False, True):
            signed = {**(headers or {}), **({} if public else await self._signed(method, url))}
            try:
                async with self._open().request(
                    method, url, headers=signed, allow_redirects=False, **options
                ) as response:
                    self._nonce = response.headers.get("DPoP-Nonce", self._nonce)
                    if response.status < 400:  # noqa: PLR2004  (RFC 9110 §15: below it nothing was refused)
                        yield response
                        return
                    problem = await _problem(response)
            except _CONNECTION_FAULTS as error:
                raise self._unreachable(error) from error
            if last or public or response.status != _UNAUTHENTICATED or self._key is None:
                raise _error(response.status, problem)
            # The server was restarted, or the token ran out on the way: sign in again, once.
            self._access_token = None

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise Misused("not-open", "use the client in an `async with` block")
        return self._session

    async def _signed(self, method: str, url: str) -> dict[str, str]:
        if self._key is None or self._person is None:
            return {}
        if self._access_token is None or time.monotonic() >= self._expires:
            await self._sign_in(self._key, self._person)
        token = self._access_token or ""
        ath = base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()
        return {"Authorization": f"DPoP {token}", "DPoP": self._proof(method, url, ath=ath)}

    async def _sign_in(self, key: signing.SigningKey, person: PersonId) -> None:
        url = f"{self.server}/v1/token"
        problem: dict[str, Any] = {}
        status = _SERVER_FAULT
        for _ in range(2):
            form = {
                "grant_type": "client_credentials",
                "client_assertion_type": _ASSERTION_TYPE,
                "client_assertion": self._assertion(key, person, url),
            }
            try:
                async with self._open().post(url, data=form, headers={"DPoP": self._proof("POST", url)}) as response:
                    self._nonce = response.headers.get("DPoP-Nonce", self._nonce)
                    status = response.status
                    if status < 400:  # noqa: PLR2004  (as above)
                        self._take_token(await _body(response, _LONGEST_PROBLEM))
                        return
                    problem, date = await _problem(response), response.headers.get("Date", "")
            except _CONNECTION_FAULTS as error:
                raise self._unreachable(error) from error
            if _is_apart(date):
                raise Fault("wrong-time", "Your clock and the server's are more than five minutes apart. Set yours.")
            if problem.get("error") != _NONCE_ERROR:
                break
        if status == _UNAUTHENTICATED:
            raise Denied("sign-in-refused", "The server does not know your key (yet), or your access has ended.")
        raise _error(status, problem)

    def _take_token(self, content: bytes) -> None:
        try:
            granted = json.loads(content)
            self._access_token = str(granted["access_token"])
            self._expires = time.monotonic() + int(granted["expires_in"]) - _RENEW_BEFORE_SECONDS
        except (ValueError, LookupError, TypeError) as error:
            raise bad_answer("/v1/token") from error

    def _unreachable(self, error: Exception) -> Unreachable:
        # aiohttp's own distinction: nothing was sent, or the connection broke on the way.
        if isinstance(error, aiohttp.ClientConnectorError):
            return Unreachable("unreachable", f"No answer from {self.server}. Is it running?", server=self.server)
        return Unreachable(
            "answer-lost",
            f"The connection to {self.server} broke before the answer came. "
            "Do the same once more: nothing happens twice.",
            server=self.server,
        )

    def _assertion(self, key: signing.SigningKey, person: PersonId, url: str) -> str:
        now = clock() // 1000
        return signing.sign(
            "client-authentication+jwt",
            {
                "iss": person,
                "sub": person,
                "aud": url,
                "iat": now,
                "exp": now + _ASSERTION_SECONDS,
                "jti": secrets.token_urlsafe(16),
                "cnf": {"jkt": self._proof_key.kid},
            },
            key,
        )

    def _proof(self, method: str, url: str, ath: str | None = None) -> str:
        claims: dict[str, Any] = {
            "htm": method,
            "htu": url,
            "iat": clock() // 1000,
            "jti": secrets.token_urlsafe(16),
        }
        if self._nonce is not None:
            claims["nonce"] = self._nonce
        if ath is not None:
            claims["ath"] = ath
        return signing.sign_proof(claims, self._proof_key)


def _query(query: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in query.items() if value is not None}


def _is_apart(date: str) -> bool:
    """Say whether the server's clock, as its Date header tells (RFC 9110 §6.6.1), is far from ours."""
    try:
        theirs = parsedate_to_datetime(date).timestamp()
    except ValueError:
        return False
    return abs(theirs - clock() / 1000) > _MOST_APART_SECONDS


async def _body(response: aiohttp.ClientResponse, most: int) -> bytes:
    """Read a body of at most so many bytes; raises `Fault` for a longer one."""
    content = bytearray()
    async for chunk in response.content.iter_chunked(1 << 16):
        content += chunk
        if len(content) > most:
            raise Fault("answer-too-long", "The server's answer is longer than any should be.")
    return bytes(content)


async def _problem(response: aiohttp.ClientResponse) -> dict[str, Any]:
    try:
        value = json.loads(await _body(response, _LONGEST_PROBLEM))
    except (ValueError, RecursionError, Fault):
        value = None
    return value if isinstance(value, dict) else {}


def _error(status: int, problem: Mapping[str, Any]) -> SdkError:
    code = _text(problem.get("reason")) or _text(problem.get("code")) or f"http-{status}"
    why = _text(problem.get("detail")) or _text(problem.get("title")) or f"The server answered {status}."
    if status >= _SERVER_FAULT or status in _TRY_AGAIN or code == "wrong-time":
        return Fault(code, why)
    if status in (_FORBIDDEN, _UNAUTHENTICATED, _NOT_FOUND, _GONE):
        missing = problem.get("missing")
        named = tuple(one for one in missing if isinstance(one, str)) if isinstance(missing, list) else ()
        return Denied(code, why, missing=named, rule=_text(problem.get("rule")))
    return Misused(code, why)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
