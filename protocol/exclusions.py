"""From signed and logged words on who is kept out to what they come to: verified by every client for itself.

A word that keeps somebody out can only take away, so whether its signer might say it is the server's to check: the
sheet of today need not name who was entitled then. What has ended is not told, and a server that leaves out what has
not is convicted when the family shows its receipt.
"""

from __future__ import annotations

from collections.abc import Iterable

from protocol.consent.keeping_out import KeptOut
from protocol.identity import Directory, Logged
from protocol.statements.base import Refused, claim
from protocol.statements.exclusions import BlockBody, ExclusionBody

_KINDS: dict[str, type[ExclusionBody | BlockBody]] = {word.kind: word for word in (ExclusionBody, BlockBody)}


def kept_out(directory: Directory, found: Iterable[Logged]) -> tuple[KeptOut, ...]:
    """Verify words that keep somebody out.

    Raises:
        Refused: `not-in-chain`, or as `Directory.signed_by_person`.
    """
    known = []
    for logged in found:
        kind = _KINDS.get(claim(logged.token).kind)
        if kind is None:
            raise Refused("not-in-chain", "this keeps nobody out")
        statement, t = directory.signed_by_person(logged, kind)
        body = statement.body
        mailbox, unit = (body.mailbox, None) if isinstance(body, ExclusionBody) else (None, body.unit)
        known.append(KeptOut(statement.digest, body.subject, body.person, statement.iss, mailbox, unit, t))
    return tuple(known)
