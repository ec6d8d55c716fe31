"""What an operator can make with the log's real key and nobody else's: entries, receipts and whole side trees."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from keys import signing
from protocol.identifiers import Instant
from protocol.log import merkle, receipt
from protocol.log.details import Details
from protocol.log.entry import BLIND_LENGTH, ID_LENGTH, Entry, commitment
from protocol.log.event import Event
from protocol.log.merkle import leaf_hash
from protocol.log.receipt import Disclosure
from protocol.logged import EVENTS
from protocol.statements.base import claim
from server.audit.keyfiles import load_log_key
from server.audit.wiring import WRITER
from tests.attacks.town import Town

Payload = dict[str, Any]


def changed(token: str, change: Callable[[Payload], object], key: signing.SigningKey | None = None) -> str:
    """Change what a statement says, and sign it with a key of the attacker's own (or the one given)."""
    kind, _, payload = signing.peek(token)
    change(payload)
    return signing.sign(kind, payload, key or signing.generate())


def unsigned_change(token: str, change: Callable[[Payload], object]) -> str:
    """Change what a statement says, and keep header and signature as they were."""
    header, _, signature = token.split(".")
    body = changed(token, change).split(".")[1]
    return f"{header}.{body}.{signature}"


def fabricated(town: Town, token: str, event: Event | None = None, *, after: int | None = None, **told: Any) -> str:
    """Make the receipt of an entry that the log does not hold, in a side tree signed with the log's real key.

    It stands on top of the first `after` entries of the true log (all of them, if none is given), and says what an
    honest entry of this statement would say, unless told otherwise.
    """
    log, said = load_log_key(town.data), claim(token)
    written = Details(**({"statements": (signing.digest(token),), "actor": said.iss} | told)).to_bytes()
    entries = town.entries()
    below = entries if after is None else entries[:after]
    t = max([Entry.parse(each).t for each in below], default=signing.peek(token).body["made"])
    name, blind = secrets.token_hex(ID_LENGTH), secrets.token_bytes(BLIND_LENGTH)
    entry = Entry(name, Instant(t), event or EVENTS[said.said], commitment(name, blind, written)).to_bytes()
    hashes = [leaf_hash(each) for each in [*below, entry]]
    note = log.sign(len(hashes), merkle.root(hashes)).encode()
    proof = merkle.inclusion_proof(len(below), hashes)
    return receipt.format(receipt.issue(Disclosure(entry, blind, written), len(below), proof, note))


def logged(town: Town, token: str) -> dict[str, str]:
    """Make `{token, receipt}` of a statement that was never handed in, as convincing as an operator can."""
    return {"token": token, "receipt": fabricated(town, token)}


def real_receipt(town: Town, token: str) -> str:
    """Give the receipt of the log's real entry that carries a statement's digest."""
    digest = signing.digest(token)
    index = next(n for n, (_, details) in reversed(list(enumerate(town.log()))) if digest in details.statements)
    log = town.app[WRITER].log
    return log.receipt(index, town.disclosures()[index])


def replace_kind(statements: list[dict[str, str]], kind: str, made: Callable[[str], Any]) -> list[Any]:
    """Put something else in place of each logged statement of a kind; None leaves it out."""
    told = [made(one["token"]) if signing.peek(one["token"]).kind == kind else one for one in statements]
    return [one for one in told if one is not None]
