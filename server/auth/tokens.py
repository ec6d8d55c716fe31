"""Access tokens (RFC 9068): made at sign-in, bound to a DPoP key, good for minutes, readable by this server only."""

from __future__ import annotations

import json
import secrets
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from keys.encoding import BadKey
from keys.signing import BadStatement, SigningKey, generate, sign, verify
from protocol.identifiers import BadIdentifier, PersonId
from server.auth.proof import token_digest, whole_seconds
from server.database.files import create_private

if TYPE_CHECKING:
    from pathlib import Path

    from protocol.identifiers import Instant

KIND = "at+jwt"
KEY_FILE = "token.key"
_CACHED_AT_MOST = 10_000
_CLAIMS = frozenset({"iss", "aud", "sub", "client_id", "iat", "exp", "jti", "cnf", "kind"})


class BadToken(Exception):
    """This access token does not count here, or no longer."""


class NoTokenKey(Exception):
    """The data directory has no token key, or what stands there is none."""


def create_key(data: Path) -> None:
    """Make the key that signs access tokens, in a 0600 file.

    Raises:
        FileExistsError: there is one already.
    """
    create_private(data / KEY_FILE, json.dumps({"v": 1, "private": generate().to_bytes().hex()}).encode())


def load_key(data: Path) -> SigningKey:
    """Read the key that signs access tokens.

    Raises:
        NoTokenKey: there is none.
    """
    path = data / KEY_FILE
    try:
        kept = json.loads(path.read_bytes())
        if kept["v"] != 1:
            raise NoTokenKey(f"{path} is of another version: update this program")
        return SigningKey.from_bytes(bytes.fromhex(kept["private"]))
    except FileNotFoundError as fault:
        raise NoTokenKey(f"{path} is missing: `fortrolig server init` makes it") from fault
    except (ValueError, TypeError, KeyError, BadKey) as fault:
        raise NoTokenKey(f"{path} is not a token key") from fault


@dataclass(frozen=True, slots=True)
class Signed:
    """Who signed in, the thumbprint of the DPoP key made for it, and the second in which that ends."""

    person: PersonId
    thumbprint: str
    ends: int

    def check_key(self, thumbprint: str) -> None:
        """Check that a verified proof was made by the key that the token is bound to.

        Raises:
            BadToken: it is another's.
        """
        if thumbprint != self.thumbprint:
            raise BadToken("The access token is bound to another key than the proof's.")


class Tokens:
    """Issues and reads access tokens; `audience` is the name of this server in both."""

    def __init__(self, key: SigningKey, audience: str, seconds: int) -> None:
        self.seconds = seconds
        self._key = key
        self._audience = audience
        self._verified: OrderedDict[str, Signed] = OrderedDict()

    def issue(self, person: PersonId, thumbprint: str, now: Instant) -> str:
        """Make a token for a person, bound to the DPoP key of this thumbprint."""
        issued = now // 1000
        claims = {
            "iss": self._audience,
            "aud": self._audience,
            "sub": person,
            "client_id": person,
            "iat": issued,
            "exp": issued + self.seconds,
            "jti": secrets.token_urlsafe(16),
            "cnf": {"jkt": thumbprint},
        }
        return sign(KIND, claims, self._key)

    def read(self, token: str, now: Instant) -> Signed:
        """Check a token. A signature verified once is remembered by the token's digest; its end never is.

        Raises:
            BadToken: another kind, signer, audience or form, or its time is over.
        """
        name = token_digest(token)
        signed = self._verified.get(name)
        if signed is None:
            signed = self._verify(token)
            self._verified[name] = signed
            if len(self._verified) > _CACHED_AT_MOST:
                self._verified.popitem(last=False)
        # The same instant counts as expired: late is safer than early.
        if now // 1000 >= signed.ends:
            self._verified.pop(name, None)
            raise BadToken("The access token has expired: sign in again.")
        return signed

    def _verify(self, token: str) -> Signed:
        try:
            claims = verify(token, KIND, self._key.public)
        except BadStatement as fault:
            raise BadToken("This is not an access token of this server.") from fault
        ends = whole_seconds(claims.get("exp"))
        confirmation = claims.get("cnf")
        if not set(claims) <= _CLAIMS or claims.get("iss") != self._audience or claims.get("aud") != self._audience:
            raise BadToken("The access token is for another server.")
        if ends is None or whole_seconds(claims.get("iat")) is None or not isinstance(confirmation, dict):
            raise BadToken("The access token is not well formed.")
        try:
            return Signed(PersonId.parse(claims.get("sub")), str(confirmation.get("jkt")), ends)
        except BadIdentifier as fault:
            raise BadToken("The access token names nobody.") from fault
