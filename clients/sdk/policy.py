"""The root's policy: fetched, accepted under the fingerprint that came by hand, and kept for judging offline.

    policy.json    in a home: {v, root, token, receipt}, the root's key and the policy with its receipt, as they came

What is kept is believed no more than what is fetched: it is verified anew whenever it is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from clients.sdk.errors import Denied, Incomplete, Tampered
from clients.sdk.home import Home, damaged, read_json, read_pins, read_profile, write_json
from clients.sdk.transport import Transport, clock
from keys import signing
from protocol.identity import Logged, Policy, accept_policy, proved
from protocol.log.receipt import parse as parse_receipt
from protocol.pins import Pins
from protocol.reading import Fields, text
from protocol.statements.base import Refused, verify
from protocol.statements.identity import PolicyBody

_FILE = "policy.json"


@dataclass(frozen=True, slots=True)
class Published:
    """A policy as it travels, with the root's key: nothing of it is believed yet."""

    root: Mapping[str, Any]
    logged: Logged

    @classmethod
    def parse(cls, value: object) -> Self:
        """Take what `to_json` returned; raises `Malformed`."""
        fields = Fields(value, "policy")
        fields.version()
        root = fields.take("root", dict)
        logged = Logged.parse({name: fields.take(name, text) for name in ("token", "receipt")})
        fields.done()
        return cls(root, logged)

    def to_json(self) -> dict[str, Any]:
        """Return the form that is kept."""
        return {"v": 1, "root": dict(self.root), **self.logged.to_json()}

    @property
    def checkpoint(self) -> str:
        """The checkpoint that its receipt stands on."""
        return parse_receipt(self.logged.receipt).checkpoint.decode()

    def accept(self, fingerprint: str, pins: Pins) -> Policy:
        """Believe it under a fingerprint that came by hand, now.

        Raises:
            Refused: it is not the root's, has ended, is older than one pinned, or the log does not hold it.
            ValueError: the root's key is none.
        """
        policy = accept_policy(self.logged.token, signing.PublicKey.from_jwk(self.root), fingerprint, pins, clock())
        proved(self.logged, policy)
        return policy


async def fetch(transport: Transport, fingerprint: str, home: Home) -> tuple[Policy, Published]:
    """Fetch the policy and accept it under a fingerprint that came by hand.

    Raises:
        Incomplete: the server has none yet.
        Tampered: it is not the root's, has ended, or is older than one seen before.
    """
    try:
        answer = await transport.get("/v1/policy", public=True)
    except Denied as error:
        raise Incomplete("no-policy", "The server has no policy yet: the root must publish one.") from error
    try:
        published = Published(answer["root"], Logged.parse(answer["policy"]))
        return published.accept(fingerprint, home.pins), published
    except (Refused, ValueError, LookupError, TypeError) as error:
        code = getattr(error, "code", "bad-policy")
        path = home.save_evidence({"code": code, "why": str(error), "answer": answer})
        why = f"The server's policy does not hold: {error}"
        raise Tampered(code, f"{why}. Do not go on; the evidence is kept in {path}.", what=why, path=path) from error


def keep(home: Home, published: Published) -> None:
    """Keep a policy that was accepted."""
    known = published.to_json()
    # Its receipt is another each time, and as good: what has not changed is not written again.
    if {**read_json(home.folder / _FILE), "receipt": None} != {**known, "receipt": None}:
        write_json(home.folder / _FILE, known)


def kept(folder: Path) -> Policy | None:
    """Accept the policy that a home keeps, offline and without its passphrase; None if it keeps none.

    Raises:
        Fault: `damaged-home`.
        Refused: `ended`, if it must be fetched anew; or it does not hold.
    """
    found = read_json(folder / _FILE)
    if not found:
        return None
    try:
        return Published.parse(found).accept(read_profile(folder).root, read_pins(folder))
    except Refused:
        raise
    except ValueError as error:
        raise damaged(folder / _FILE) from error


def last_published(folder: Path, root: signing.PublicKey, log: str) -> PolicyBody | None:
    """Read the policy that the root's own home keeps, whether or not it has ended; None if it keeps none.

    Only whoever goes on from it asks this: nothing else may rest on a policy that has ended.

    Raises:
        Fault: `damaged-home`.
        Refused: it is not this root's, or of another log.
    """
    found = read_json(folder / _FILE)
    if not found:
        return None
    try:
        token = Published.parse(found).logged.token
    except ValueError as error:
        raise damaged(folder / _FILE) from error
    return verify(token, PolicyBody, root, aud=log).body
