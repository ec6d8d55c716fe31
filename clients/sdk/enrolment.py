"""Inviting, enrolling, endorsing: how a newcomer's keys get vouched for by somebody in the same room (DESIGN §3)."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from clients.sdk import policy as policies
from clients.sdk.client import Client, days
from clients.sdk.errors import Denied, Misused, Tampered
from clients.sdk.home import Home, Profile, home_exists, read_profile
from clients.sdk.journal import purpose
from clients.sdk.transport import Transport
from keys import mac, signing
from keys.keyring import Cost, NoSuchKey
from protocol.identifiers import BadIdentifier, InvitationId, PersonId, UnitId
from protocol.identity import Policy
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
class Invited:
    """An invitation of mine as it stands, and every key set that came with the secret's authentication, by digest."""

    invitation: InvitationBody
    state: str
    authentic: Mapping[str, KeySet]

    @property
    def is_open(self) -> bool:
        """Nobody was endorsed under it yet."""
        return self.state in ("waiting", "answered")

    @property
    def is_used(self) -> bool:
        """Somebody was endorsed under it."""
        return self.state == "used"


async def invite(client: Client, role: str, *, unit: UnitId | None = None, name: str | None = None) -> Slip:
    """Register an invitation and return the slip; its secret stays in this keyring until it is used.

    An invitation of the same words whose answer was lost is taken up again.

    Raises:
        Denied: I may not invite into this role.
    """
    policy = await client.load_policy()
    secret = mac.generate()
    invitation = InvitationId.of(secrets.token_bytes(16))
    holder = PersonId.of(secrets.token_bytes(16))
    body = InvitationBody(invitation, holder, role, unit, name, days(INVITATION_DAYS))
    # Kept before it is registered: an invitation whose secret is lost can never be endorsed.
    client.home.keyring.add_secret(_secret_name(invitation), secret)
    done = await client.submit("/v1/invitations", body, purpose=purpose("invite", role, unit, name))
    registered = InvitationId.parse(done.said["id"])
    if registered != invitation:
        client.home.keyring.remove_secret(_secret_name(invitation))
    return Slip(
        client.profile.server, registered, client.home.keyring.secret(_secret_name(registered)), policy.fingerprint
    )


async def enrol(folder: Path, passphrase: str, slip: Slip, *, cost: Cost | None = None) -> Home:
    """Make keys in a new home and answer the invitation with them. The inviter must still endorse.

    Whoever was interrupted goes on by doing the same again: with the keys that were made, and the same answer.

    Raises:
        Misused: the home is somebody else's, or the invitation has ended or is used.
        Tampered: the server shows another root than the slip.
    """
    existing = _already_enrolled(folder)
    async with Transport(slip.server) as transport:
        answer = await transport.get(f"/v1/invitations/{slip.invitation}", public=True)
        if existing is None and answer["state"] in ("used", "ended"):
            raise Misused("invitation-over", "This invitation is used or has ended; ask for a new one.")
        home = Home.begin(folder, passphrase, cost=cost) if existing is None else Home.open(folder, passphrase)
        policy, _ = await policies.fetch(transport, slip.root, home)
        inviter, invitation = _believed(answer, policy, slip)
        mine = Profile(invitation.holder, slip.server, slip.root)
        if existing not in (None, mine):
            raise home_exists(folder)
        # Kept before the answer leaves: from then on somebody may vouch for these keys.
        home.save_profile(mine)
        if answer["state"] == "used":
            return home
        keys = KeySet(home.keyring.signing.public, home.keyring.sealing.public.raw)
        fields = enrolment_fields(
            invitation, server=slip.server, log=policy.origin, root=slip.root, inviter=inviter.thumbprint, keys=keys
        )
        tag = mac.authenticate(fields, slip.secret)
        await transport.post(
            f"/v1/invitations/{slip.invitation}/answers", {"keys": keys.to_json(), "mac": tag.hex()}, public=True
        )
    return home


async def invitations(client: Client) -> list[Invited]:
    """Return my invitations with what came in, each answer checked with the secret."""
    policy = await client.load_policy()
    found = []
    for one in (await client.transport.get("/v1/invitations"))["invitations"]:
        own = client.home.keyring.signing.public
        invitation = base.verify(one["token"], InvitationBody, own, aud=policy.origin).body
        checked = [_check(client, invitation, answer) for answer in one["answers"]]
        authentic = {keys.digest: keys for keys in checked if keys is not None}
        found.append(Invited(invitation, str(one["state"]), authentic))
    return found


async def endorse(client: Client, invited: Invited) -> PersonId:
    """Vouch for the one authentic key set, and forget the secret.

    Raises:
        Denied: nothing authentic came.
        Tampered: two different key sets carry a valid MAC: the secret has leaked.
    """
    invitation = invited.invitation
    if not invited.authentic:
        raise Denied("no-answer", "Nobody who knows the invitation's secret has answered yet.")
    if len(invited.authentic) > 1:
        leaked = Refused("two-answers", "two different key sets know the secret: it has leaked; make a new invitation")
        raise client.tampered(leaked, {"keys": [keys.to_json() for keys in invited.authentic.values()]})
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
        keys=next(iter(invited.authentic.values())),
    )
    await client.submit("/v1/statements", body, purpose=f"endorse {invitation.id}")
    client.home.keyring.remove_secret(_secret_name(invitation.id))
    return invitation.holder


async def endorse_all(client: Client) -> tuple[list[PersonId], int]:
    """Vouch for everybody who answered, as a registrar; return whom, and how many invitations still wait."""
    endorsed = [PersonId.parse(done.said["holder"]) for done in await client.finish_all("endorse ")]
    waiting = 0
    for invited in await invitations(client):
        if invited.is_open and invited.authentic:
            endorsed.append(await endorse(client, invited))
        elif invited.is_open:
            waiting += 1
    return endorsed, waiting


def _already_enrolled(folder: Path) -> Profile | None:
    return read_profile(folder) if (folder / "profile.json").exists() else None


def _believed(answer: Mapping[str, Any], policy: Policy, slip: Slip) -> tuple[signing.PublicKey, InvitationBody]:
    try:
        inviter = signing.PublicKey.from_jwk(answer["inviter"])
        invitation = base.verify(answer["token"], InvitationBody, inviter, aud=policy.origin).body
    except (Refused, ValueError) as error:
        raise Tampered("bad-invitation-there", "The invitation at the server does not hold.") from error
    if invitation.id != slip.invitation:
        raise Tampered("bad-invitation-there", "The server shows another invitation than the slip names.")
    return inviter, invitation


def _secret_name(invitation: InvitationId) -> str:
    return f"invitation {invitation}"


def _check(client: Client, invitation: InvitationBody, answer: Mapping[str, Any]) -> KeySet | None:
    """Return the key set if the secret authenticates it, which the server cannot fake; else None."""
    try:
        keys = KeySet.parse(answer["keys"])
        secret = client.home.keyring.secret(_secret_name(invitation.id))
        fields = enrolment_fields(
            invitation,
            server=client.profile.server,
            log=client.policy.origin,
            root=client.policy.fingerprint,
            inviter=client.home.keyring.signing.kid,
            keys=keys,
        )
        mac.verify(bytes.fromhex(answer["mac"]), fields, secret)
    except (mac.BadMac, NoSuchKey, ValueError):
        return None
    return keys
