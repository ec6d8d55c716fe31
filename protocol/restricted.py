"""When an epoch of a unit's mailbox without some of its staff may be sealed to: asked by senders and by the server."""

from __future__ import annotations

from protocol.identifiers import Instant, PersonId
from protocol.statements.base import Refused
from protocol.statements.identity import EpochBody
from protocol.statements.restricted import RestrictedEpochBody


def require_not_kept_out(signer: PersonId, body: EpochBody) -> None:
    """Check that nobody drew a key that is to be kept from themself; raises `Refused` (`not-entitled`)."""
    if isinstance(body, RestrictedEpochBody) and signer in body.without:
        raise Refused("not-entitled", "a mailbox without somebody is not theirs to make: they would know its key")


def require_usable(body: EpochBody, own: EpochBody, at: Instant) -> None:
    """Check the latest epoch of a restricted mailbox against the unit's latest own.

    Whoever left the unit still holds the restricted key until its next epoch, so it counts only while all whom it
    lists stand on the unit's own list with the same keys.

    Raises:
        Refused: `ended` or `not-entitled`.
    """
    if body.not_after <= at:
        raise Refused("ended", "this restricted mailbox's key has ended; its custodian must renew it")
    if not set(body.members) <= set(own.members) or body.seal == own.seal:
        raise Refused("not-entitled", "this restricted mailbox reaches somebody who is no member of the unit now")
