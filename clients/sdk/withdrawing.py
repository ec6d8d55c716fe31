"""Withdrawing at a server that is not believed: the word is handed in, and nothing that comes back is trusted.

A log that is behind what this home has seen (a backup was put back), that forked, or whose policy does not hold, ends
everything else that a client does. A withdrawal takes power away and gives none, so it goes out all the same. What to
withdraw is read from receipts in the home, under the policy that the home keeps, never from the server.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from clients.sdk import policy as policies
from clients.sdk.client import Client, new_statement_id
from clients.sdk.errors import Denied, Fault, Misused, Tampered
from clients.sdk.journal import Begun
from clients.sdk.transport import clock
from protocol.identity import Policy
from protocol.log.event import Event
from protocol.log.receipt import BadReceipt, parse, verify
from protocol.statements import base
from protocol.statements.base import Refused
from protocol.statements.consent import WithdrawalBody

_PATH = "/v1/consent-statements"


async def in_spite_of(client: Client, consent: str, broken: Tampered) -> Tampered:
    """Hand in the withdrawal of a consent that was signed from this home; return the error that tells of both.

    `consent` is its digest or the beginning of one; `broken` is what made the server unbelievable. The request stays
    begun, so whoever withdraws the same again, once the log holds, gets the receipt.

    Returns:
        `handed-in`: the server took it, without proof. `not-handed-in`: it did not. `broken` itself: no receipt here
        says that this was signed, or several fit.

    Raises:
        Unreachable: no answer; the same once more is safe.
    """
    policy = _kept_policy(client)
    bodies = {} if policy is None else _signed_here(client, policy, consent)
    if policy is None or len(bodies) != 1:
        return broken
    [body] = bodies.values()
    path = client.home.folder / "evidence"
    try:
        begun, answer = await _hand_in(client, policy, body)
    except (Denied, Misused, Fault) as error:
        return Tampered(
            "not-handed-in",
            f"The server's log cannot be believed, and it did not take your withdrawal ({error.code}). Tell those who "
            f"may read, in person or on paper. Do not go on; the evidence is kept in {path}.",
            broken.evidence,
            reason=error.code,
            path=path,
        )
    client.home.save_evidence({"code": "handed-in", "at": clock(), "token": begun.token, "answer": answer})
    return Tampered(
        "handed-in",
        "Your withdrawal is handed in. But the server's log is behind or not the one that you have seen, so nothing "
        "proves what becomes of it: tell those who may read that you have withdrawn, and run the same again later for "
        f"the receipt. Do not go on with anything else; the evidence is kept in {path}.",
        broken.evidence,
        path=path,
    )


def _kept_policy(client: Client) -> Policy | None:
    with suppress(Refused):  # it has ended: there is nothing to judge the home's own receipts by
        return policies.kept(client.home.folder)
    return None


def _signed_here(client: Client, policy: Policy, beginning: str) -> Mapping[str, WithdrawalBody]:
    """Give the withdrawals of what I signed from this home, by the consent's digest, if that begins so."""
    found: dict[str, WithdrawalBody] = {}
    for path in client.home.receipts():
        with suppress(BadReceipt):  # of an earlier key of the log
            proved = verify(parse(path.read_bytes()), policy.log)
            told = proved.details
            signed = proved.entry.e is Event.CONSENT_SIGNED and told.actor == client.person
            if signed and told.subject is not None and told.matter is not None:
                [consent] = told.consents
                if consent.startswith(beginning):
                    found[consent] = WithdrawalBody(new_statement_id(), consent, told.subject, told.matter)
    return found


async def _hand_in(client: Client, policy: Policy, body: WithdrawalBody) -> tuple[Begun, Any]:
    """Post what was begun before, or sign it now; raises as `Transport.post`."""
    purpose = f"{body.kind} {body.consent}"
    async with client.journal.alone(purpose):
        begun = client.journal.find(purpose)
        if begun is not None:
            with suppress(Denied, Misused):  # signed too long ago, say: once more, now
                return begun, await _post(client, begun)
        key = client.home.keyring.signing
        token = base.sign(body, key, iss=client.person, aud=policy.origin, made=clock(), seen=client.home.seen)
        begun = Begun(purpose, _PATH, {"token": token}, "token", secrets.token_urlsafe(16))
        client.journal.keep(begun)
        try:
            return begun, await _post(client, begun)
        except (Denied, Misused):
            client.journal.done(purpose)
            raise


async def _post(client: Client, begun: Begun) -> Any:
    return await client.transport.post(begun.path, begun.request, idempotency=begun.key)
