"""Statements about persons: the policy that names the registrars, and endorsements of key sets."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from keys.canonical import canonical
from keys.encoding import decode, encode
from keys.signing import PublicKey
from protocol.consent.case import AcceptedRules
from protocol.consent.fields import plain
from protocol.identifiers import Instant, InvitationId, PersonId, UnitId, parse_instant
from protocol.log.checkpoint import DAY_MS
from protocol.reading import Fields, Malformed, boolean, closed, distinct, integer, listed, one_of, optional, text

ROLES = ("person", "custodian", "staff", "supervisor")
SEALING_KEY_BYTES = 1216
"""An X-Wing public key (draft-connolly-cfrg-xwing-kem)."""


def sealing_key(value: object) -> bytes:
    """Take an X-Wing public key in base64url."""
    raw = decode(text(value))
    if len(raw) != SEALING_KEY_BYTES:
        raise Malformed("not a sealing key")
    return raw


def check_role(role: str, unit: UnitId | None, name: str | None) -> None:
    """Check that a role comes with what belongs to it; raises `Malformed`."""
    if (unit is not None) != (role in ("custodian", "staff")):
        raise Malformed("custodians and staff have a unit, others have none")
    if (name is not None) != (role != "person"):
        raise Malformed("professionals are named in clear, families never")


_KEYS = {"sign": PublicKey.from_jwk, "seal": sealing_key}


@dataclass(frozen=True, slots=True)
class KeySet:
    """The two public keys of a person: what they sign with and what is sealed to them."""

    sign: PublicKey
    seal: bytes

    @classmethod
    def parse(cls, value: object) -> Self:
        """Take `{sign: JWK, seal: base64url}`."""
        return cls(**closed(value, "keys", _KEYS))

    def to_json(self) -> dict[str, Any]:
        """Return the form that `parse` takes."""
        return {"sign": self.sign.jwk, "seal": encode(self.seal)}

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical form, lower-case hex."""
        return hashlib.sha256(canonical(self.to_json())).hexdigest()


_REGISTRAR = {"person": PersonId.parse, "keys": KeySet.parse}


@dataclass(frozen=True, slots=True)
class Registrar:
    """A registrar that the root names in its policy."""

    person: PersonId
    keys: KeySet

    @classmethod
    def parse(cls, value: object) -> Self:
        """Take `{person, keys}`."""
        return cls(**closed(value, "registrar", _REGISTRAR))

    def to_json(self) -> dict[str, Any]:
        """Return the form that `parse` takes."""
        return {"person": self.person, "keys": self.keys.to_json()}


_POLICY = {
    "number": integer,
    "not_after": parse_instant,
    "server": text,
    "log": text,
    "witnesses": distinct(text, most=32),
    "quorum": integer,
    "registrars": listed(Registrar.parse, least=1, most=100),
    "rules": listed(AcceptedRules.parse, least=1, most=100),
    "recorded": boolean,
    "fresh_for": integer,
}


@dataclass(frozen=True, slots=True)
class PolicyBody:
    """The root's word: which server, which log, which witnesses, which registrars, which rules. Ends within a year."""

    kind: ClassVar[str] = "policy"
    number: int
    not_after: Instant
    server: str
    log: str
    witnesses: tuple[str, ...]
    quorum: int
    registrars: tuple[Registrar, ...]
    rules: tuple[AcceptedRules, ...]
    recorded: bool = False
    """Whether signatures count that professionals wrote down for others."""
    fresh_for: int = DAY_MS
    """How old the quorum's cosignatures may be, in milliseconds, for the log to count as shown whole."""

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Take the policy's members."""
        return cls(**fields.take_all(_POLICY))

    def to_json(self) -> dict[str, Any]:
        """Return the policy's members."""
        return {
            "number": self.number,
            "not_after": self.not_after,
            "server": self.server,
            "log": self.log,
            "witnesses": list(self.witnesses),
            "quorum": self.quorum,
            "registrars": [registrar.to_json() for registrar in self.registrars],
            "rules": plain(self.rules),
            "recorded": self.recorded,
            "fresh_for": self.fresh_for,
        }


_ENDORSEMENT = {
    "number": integer,
    "not_after": parse_instant,
    "invitation": InvitationId.parse,
    "server": text,
    "root": text,
    "inviter": text,
    "holder": PersonId.parse,
    "unit": optional(UnitId.parse),
    "role": one_of(*ROLES),
    "name": optional(text),
    "keys": KeySet.parse,
}


@dataclass(frozen=True, slots=True)
class EndorsementBody:
    """An inviter's word that this key set belongs to this holder, checked by the invitation's secret (DESIGN §3).

    The next number renews it; a `not_after` at or before `made` ends it. `name` is shown for professionals, whose names
    are in clear; it is null for families, whose names are sealed.
    """

    kind: ClassVar[str] = "endorsement"
    number: int
    not_after: Instant
    invitation: InvitationId
    server: str
    root: str
    inviter: str
    holder: PersonId
    unit: UnitId | None
    role: str
    name: str | None
    keys: KeySet

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Take the endorsement's members; a unit belongs to custodians and staff, a name to professionals only."""
        body = cls(**fields.take_all(_ENDORSEMENT))
        check_role(body.role, body.unit, body.name)
        return body

    def to_json(self) -> dict[str, Any]:
        """Return the endorsement's members."""
        return {
            "number": self.number,
            "not_after": self.not_after,
            "invitation": self.invitation,
            "server": self.server,
            "root": self.root,
            "inviter": self.inviter,
            "holder": self.holder,
            "unit": self.unit,
            "role": self.role,
            "name": self.name,
            "keys": self.keys.to_json(),
        }
