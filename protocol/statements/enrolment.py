"""The invitation that begins an enrolment, and the fields that its secret authenticates (DESIGN §3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from protocol.identifiers import Instant, InvitationId, PersonId, UnitId, parse_instant
from protocol.reading import FORMAT_VERSION, Fields, one_of, optional, text
from protocol.statements.identity import ROLES, KeySet, check_role

_INVITATION = {
    "id": InvitationId.parse,
    "holder": PersonId.parse,
    "role": one_of(*ROLES),
    "unit": optional(UnitId.parse),
    "name": optional(text),
    "not_after": parse_instant,
}


@dataclass(frozen=True, slots=True)
class InvitationBody:
    """An inviter's word that whoever knows the secret may enrol as this holder, in this role. Ends within 14 days."""

    kind: ClassVar[str] = "invitation"
    id: InvitationId
    holder: PersonId
    role: str
    unit: UnitId | None
    name: str | None
    not_after: Instant

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Take the invitation's members."""
        body = cls(**fields.take_all(_INVITATION))
        check_role(body.role, body.unit, body.name)
        return body

    def to_json(self) -> dict[str, Any]:
        """Return the invitation's members."""
        return {
            "id": self.id,
            "holder": self.holder,
            "role": self.role,
            "unit": self.unit,
            "name": self.name,
            "not_after": self.not_after,
        }


def enrolment_fields(
    invitation: InvitationBody, *, server: str, log: str, root: str, inviter: str, keys: KeySet
) -> dict[str, Any]:
    """Return what the newcomer's client authenticates with the secret, and the inviter's client checks.

    `log` is the origin, `root` the root's fingerprint, `inviter` the thumbprint of the inviter's signing key.
    """
    return {
        "use": "enrolment",
        "v": FORMAT_VERSION,
        "invitation": invitation.id,
        "server": server,
        "log": log,
        "root": root,
        "inviter": inviter,
        "holder": invitation.holder,
        "unit": invitation.unit,
        "role": invitation.role,
        "keys": keys.digest,
        "not_after": invitation.not_after,
    }
