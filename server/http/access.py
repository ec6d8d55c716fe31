"""Who is asking: declared by each route, settled by the authenticator before a body is read."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Protocol

from aiohttp import web

if TYPE_CHECKING:
    from protocol.identifiers import PersonId


class Access(Enum):
    """Who may call a route at all; what they may do there is decided by actions."""

    PUBLIC = "public"
    SIGNED_IN = "signed-in"


class Authenticator(Protocol):
    """Tells who signed a request; `server.auth` has the one in use."""

    async def __call__(self, request: web.Request) -> PersonId:
        """Give the person behind the request.

        Raises:
            Problem: 401 with a `WWW-Authenticate: DPoP` challenge.
        """


AUTHENTICATOR: web.AppKey[Authenticator] = web.AppKey("authenticator")
_PERSON: web.RequestKey[PersonId] = web.RequestKey("person")


async def authenticate(request: web.Request) -> None:
    """Settle who is asking, for `acting_person`.

    Raises:
        Problem: nobody who is signed in.
    """
    request[_PERSON] = await request.app[AUTHENTICATOR](request)


def acting_person(request: web.Request) -> PersonId:
    """Give the person who signed the request; only on routes with `Access.SIGNED_IN`."""
    return request[_PERSON]
