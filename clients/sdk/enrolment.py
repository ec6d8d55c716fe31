"""Inviting, enrolling, endorsing: how a newcomer's keys get vouched for by somebody in the same room (DESIGN §3)."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from clients.sdk.client import Client, days, fetch_policy
from clients.sdk.errors import Denied, Misused, Tampered
from clients.sdk.home import Home, Profile
from clients.sdk.transport import Transport
from keys import mac, signing
from keys.encoding import BadEncoding
from keys.keyring import Cost
from protocol.identifiers import BadIdentifier, InvitationId, PersonId, UnitId
from protocol.statements import base
from protocol.statements.base import Refused
from protocol.statements.enrolment import InvitationBody, enrolment_fields
from protocol.statements.identity import EndorsementBody, KeySet

INVITATION_DAYS = 14
ENDORSEMENT_DAYS = 90
_PREFIX = "fortrolig-invitation"


@dataclass(frozen=True, slots=True)
class Slip:
    """What is handed over in the room, on paper or as a QR code: never through the server."""

    server: str
    invitation: InvitationId
    secret: bytes
    root: str

    def __str__(self) -> str:
        secret = base64.b32encode(self.secret).decode().rstrip("=").lower()
        return f"{_PREFIX} 1 {self.server} {self.invitation} {secret} {self.root}"

    @classmethod
    def parse(cls, written: str) -> Self:
        """Read a slip; raises `Misused` (`bad-invitation`)."""
        words = written.split()
        try:
            prefix, version, server, invitation, secret, root = words
            raw = base64.b32decode(secret.upper() + "=" * (-len(secret) % 8))
            if (prefix, version, len(raw)) != (_PREFIX, "1", 16):
                raise BadIdentifier("not a slip of version 1")
            return cls(server, InvitationId.parse(invitation), raw, root)
        except ValueError as error:
            raise Misused(
                "bad-invitation", "This is not a whole invitation; copy all of it, from 'fortrolig-invitation' on."
            ) from error


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer to an invitation: the key set that came, and whether the secret authenticates it."""

    keys: KeySet
    authentic: bool


async def invite(client: Client, role: str, *, unit: UnitId | None = None, name: str | None = None) -> Slip:
    """Register an invitation and return the slip; its secret stays in this keyring until it is used.

    Raises:
        Denied: I may not invite into this role.
    """
    policy = await client.load_policy()
    secret = mac.generate()
    invitation = InvitationId.of(secrets.token_bytes(16))
    holder = PersonId.of(secrets.token_bytes(16))
    body = InvitationBody(invitation, holder, role, unit, name, days(INVITATION_DAYS))
    # Kept before it is registered: an invitation whose secret is lost can never be endorsed.
    client.home.keyring.add_secret(f"invitation {invitation}", secret)
    await client.submit("/v1/invitations", body)
    return Slip(client.profile.server, invitation, secret, policy.fingerprint)


async def enrol(folder: Path, passphrase: str, slip: Slip, *, cost: Cost | None = None) -> Home:
    """Make keys in a new home and answer the invitation with them. The inviter must still endorse.

    Raises:
        Misused: the home exists, or the invitation has ended or is used.
        Tampered: the server shows another root than the slip.
    """
    home = Home.create(folder, passphrase, cost=cost)
    async with Transport(slip.server) as transport:
        policy = await fetch_policy(transport, slip.root, home)
        answer = await transport.get(f"/v1/invitations/{slip.invitation}", public=True)
        if answer["state"] in ("used", "ended"):
            raise Misused("invitation-over", "This invitation is used or has ended; ask for a new one.")
        try:
            inviter = signing.PublicKey.from_jwk(answer["inviter"])
            invitation = base.verify(answer["token"], InvitationBody, inviter, aud=policy.origin).body
        except (Refused, ValueError) as error:
            raise Tampered("bad-invitation", f"The invitation at the server does not hold: {error}") from error
        if invitation.id != slip.invitation:
            raise Tampered("bad-invitation", "The server shows another invitation than the slip names.")
        keys = KeySet(home.keyring.signing.public, home.keyring.sealing.public.raw)
        fields = enrolment_fields(
            invitation, server=slip.server, log=policy.origin, root=slip.root, inviter=inviter.thumbprint, keys=keys
        )
        tag = mac.authenticate(fields, slip.secret)
        await transport.post(f"/v1/invitations/{slip.invitation}/answers", {"keys": keys.to_json(), "mac": tag.hex()})
    home.save_profile(Profile(invitation.holder, slip.server, slip.root))
    return home


async def answers(client: Client) -> list[tuple[InvitationBody, list[Answered]]]:
    """Return my open invitations with what came in, each answer checked with the secret."""
    policy = await client.load_policy()
    listed = await client.transport.get("/v1/invitations")
    found = []
    for one in listed["invitations"]:
        if one["state"] not in ("waiting", "answered"):
            continue
        own = client.home.keyring.signing.public
        invitation = base.verify(one["token"], InvitationBody, own, aud=policy.origin).body
        found.append((invitation, [_check(client, invitation, answer) for answer in one["answers"]]))
    return found


async def endorse(client: Client, invitation: InvitationBody, came: list[Answered]) -> PersonId:
    """Vouch for the one authentic key set, and forget the secret.

    Raises:
        Denied: nothing authentic came.
        Tampered: two different key sets carry a valid MAC: the secret has leaked.
    """
    authentic = {answer.keys.digest: answer.keys for answer in came if answer.authentic}
    if not authentic:
        raise Denied("no-answer", "Nobody who knows the invitation's secret has answered yet.")
    if len(authentic) > 1:
        raise Tampered("two-answers", "Two different key sets know the secret: it has leaked. Make a new invitation.")
    policy = await client.load_policy()
    body = EndorsementBody(
        number=1,
        not_after=days(ENDORSEMENT_DAYS),
        invitation=invitation.id,
        server=client.profile.server,
        root=policy.fingerprint,
        inviter=client.home.keyring.signing.kid,
        holder=invitation.holder,
        unit=invitation.unit,
        role=invitation.role,
        name=invitation.name,
        keys=authentic.popitem()[1],
    )
    await client.submit("/v1/statements", body)
    client.home.keyring.remove_secret(f"invitation {invitation.id}")
    return invitation.holder


def _check(client: Client, invitation: InvitationBody, answer: dict[str, Any]) -> Answered:
    keys = KeySet.parse(answer["keys"])
    fields = enrolment_fields(
        invitation,
        server=client.profile.server,
        log=client.policy.origin,
        root=client.policy.fingerprint,
        inviter=client.home.keyring.signing.kid,
        keys=keys,
    )
    try:
        secret = client.home.keyring.secret(f"invitation {invitation.id}")
        mac.verify(bytes.fromhex(answer["mac"]), fields, secret)
    except (mac.BadMac, BadEncoding, ValueError):
        return Answered(keys, authentic=False)
    return Answered(keys, authentic=True)
