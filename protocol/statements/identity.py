"""Statements about who is who: policy, units, endorsements, epochs, subject sheets, renewals."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, Self

from keys.canonical import canonical
from keys.encoding import decode, encode
from keys.signing import PublicKey
from protocol.consent.case import AcceptedRules, Holder, Sheet, parse_date
from protocol.consent.fields import plain
from protocol.consent.vocabulary import Regime, Responsibility
from protocol.identifiers import Instant, InvitationId, PersonId, SubjectId, UnitId, parse_digest, parse_instant
from protocol.reading import Fields, Malformed, boolean, distinct, integer, listed, one_of, text

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


@dataclass(frozen=True, slots=True)
class KeySet:
    """The two public keys of a person: what they sign with and what is sealed to them."""

    sign: PublicKey
    seal: bytes

    @classmethod
    def parse(cls, value: object) -> Self:
        """Take `{sign: JWK, seal: base64url}`."""
        fields = Fields(value, "keys")
        keys = cls(fields.take("sign", PublicKey.from_jwk), fields.take("seal", sealing_key))
        fields.done()
        return keys

    def to_json(self) -> dict[str, Any]:
        """Return the form that `parse` takes."""
        return {"sign": self.sign.jwk, "seal": encode(self.seal)}

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical form, lower-case hex."""
        return hashlib.sha256(canonical(self.to_json())).hexdigest()


@dataclass(frozen=True, slots=True)
class Registrar:
    """A registrar that the root names in its policy."""

    person: PersonId
    keys: KeySet

    @classmethod
    def parse(cls, value: object) -> Self:
        """Take `{person, keys}`."""
        fields = Fields(value, "registrar")
        registrar = cls(fields.take("person", PersonId.parse), fields.take("keys", KeySet.parse))
        fields.done()
        return registrar

    def to_json(self) -> dict[str, Any]:
        """Return the form that `parse` takes."""
        return {"person": self.person, "keys": self.keys.to_json()}


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

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Take the policy's members."""
        return cls(
            number=fields.take("number", integer),
            not_after=fields.take("not_after", parse_instant),
            server=fields.take("server", text),
            log=fields.take("log", text),
            witnesses=fields.take("witnesses", distinct(text, most=32)),
            quorum=fields.take("quorum", integer),
            registrars=fields.take("registrars", listed(Registrar.parse, least=1, most=100)),
            rules=fields.take("rules", listed(AcceptedRules.parse, least=1, most=100)),
        )

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
        }


@dataclass(frozen=True, slots=True)
class UnitBody:
    """A mailbox that outlives its staff, with its legal entity and its regime of confidentiality."""

    kind: ClassVar[str] = "unit"
    number: int
    not_after: Instant
    unit: UnitId
    name: str
    entity: str
    organisation: str
    parent: UnitId | None
    regime: Regime

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Take the unit's members."""
        return cls(
            number=fields.take("number", integer),
            not_after=fields.take("not_after", parse_instant),
            unit=fields.take("unit", UnitId.parse),
            name=fields.take("name", text),
            entity=fields.take("entity", text),
            organisation=fields.take("organisation", text),
            parent=fields.take_or_null("parent", UnitId.parse),
            regime=fields.take("regime", Regime),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the unit's members."""
        return {
            "number": self.number,
            "not_after": self.not_after,
            "unit": self.unit,
            "name": self.name,
            "entity": self.entity,
            "organisation": self.organisation,
            "parent": self.parent,
            "regime": str(self.regime),
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
        body = cls(
            number=fields.take("number", integer),
            not_after=fields.take("not_after", parse_instant),
            invitation=fields.take("invitation", InvitationId.parse),
            server=fields.take("server", text),
            root=fields.take("root", text),
            inviter=fields.take("inviter", text),
            holder=fields.take("holder", PersonId.parse),
            unit=fields.take_or_null("unit", UnitId.parse),
            role=fields.take("role", one_of(*ROLES)),
            name=fields.take_or_null("name", text),
            keys=fields.take("keys", KeySet.parse),
        )
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


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a unit in one epoch, and the digest of the key set that the seed was sealed to."""

    person: PersonId
    keys: str

    @classmethod
    def parse(cls, value: object) -> Self:
        """Take `{person, keys}`."""
        fields = Fields(value, "member")
        member = cls(fields.take("person", PersonId.parse), fields.take("keys", parse_digest))
        fields.done()
        return member

    def to_json(self) -> dict[str, Any]:
        """Return the form that `parse` takes."""
        return {"person": self.person, "keys": self.keys}


@dataclass(frozen=True, slots=True)
class EpochBody:
    """A custodian's word: the unit's sealing key and its complete list of members, from this number on."""

    kind: ClassVar[str] = "epoch"
    number: int
    not_after: Instant
    unit: UnitId
    seal: bytes
    members: tuple[Member, ...]

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Take the epoch's members."""
        body = cls(
            number=fields.take("number", integer),
            not_after=fields.take("not_after", parse_instant),
            unit=fields.take("unit", UnitId.parse),
            seal=fields.take("seal", sealing_key),
            members=fields.take("members", listed(Member.parse, least=1, most=1_000)),
        )
        if len({member.person for member in body.members}) != len(body.members):
            raise Malformed("a person is a member once")
        return body

    def to_json(self) -> dict[str, Any]:
        """Return the epoch's members."""
        return {
            "number": self.number,
            "not_after": self.not_after,
            "unit": self.unit,
            "seal": encode(self.seal),
            "members": [member.to_json() for member in self.members],
        }

    def holds(self, person: PersonId) -> bool:
        """Tell whether the person is on the complete list."""
        return any(member.person == person for member in self.members)

    def lists(self, person: PersonId, keys: str) -> bool:
        """Tell whether the person is on the complete list with the key set of this digest."""
        return any((member.person, member.keys) == (person, keys) for member in self.members)


@dataclass(frozen=True, slots=True)
class SheetBody:
    """A registrar's word on a child: birth date, and the complete lists of who may sign and who may know."""

    kind: ClassVar[str] = "subject-sheet"
    number: int
    not_after: Instant
    subject: SubjectId
    birth_date: date
    responsibility: Responsibility
    may_sign: tuple[Holder, ...]
    may_know: tuple[Holder, ...]
    care_order: bool
    card: str
    index: str

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Take the sheet's members; `card` is the subject card's digest, `index` the national id's blind index."""
        return cls(
            number=fields.take("number", integer),
            not_after=fields.take("not_after", parse_instant),
            subject=fields.take("subject", SubjectId.parse),
            birth_date=fields.take("birth_date", parse_date),
            responsibility=fields.take("responsibility", Responsibility),
            may_sign=fields.take("may_sign", listed(Holder.parse, most=20)),
            may_know=fields.take("may_know", listed(Holder.parse, most=20)),
            care_order=fields.take("care_order", boolean),
            card=fields.take("card", parse_digest),
            index=fields.take("index", parse_digest),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the sheet's members."""
        return {
            "number": self.number,
            "not_after": self.not_after,
            "subject": self.subject,
            "birth_date": self.birth_date.isoformat(),
            "responsibility": str(self.responsibility),
            "may_sign": plain(self.may_sign),
            "may_know": plain(self.may_know),
            "care_order": self.care_order,
            "card": self.card,
            "index": self.index,
        }

    def facts(self, not_after: Instant) -> Sheet:
        """Return what `decide` needs to know, with the end that renewals have moved."""
        return Sheet(
            self.subject,
            self.birth_date,
            self.number,
            not_after,
            self.responsibility,
            self.may_sign,
            self.may_know,
        )


@dataclass(frozen=True, slots=True)
class RenewalBody:
    """A registrar's word that every sheet under this Merkle root was rechecked and is unchanged until `not_after`."""

    kind: ClassVar[str] = "renewal"
    number: int
    not_after: Instant
    size: int
    root: str

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Take the renewal's members."""
        return cls(
            number=fields.take("number", integer),
            not_after=fields.take("not_after", parse_instant),
            size=fields.take("size", integer),
            root=fields.take("root", parse_digest),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the renewal's members."""
        return {"number": self.number, "not_after": self.not_after, "size": self.size, "root": self.root}


@dataclass(frozen=True, slots=True)
class SubjectCard:
    """Who the child is: sealed to those concerned, bound to the sheet by its digest, hidden by 32 random bytes."""

    subject: SubjectId
    name: str
    national_id: str
    salt: bytes

    @classmethod
    def parse(cls, value: object) -> Self:
        """Take `{v, subject, name, national_id, salt}`."""
        fields = Fields(value, "subject card")
        fields.version()
        card = cls(
            fields.take("subject", SubjectId.parse),
            fields.take("name", text),
            fields.take("national_id", text),
            fields.take("salt", lambda value: decode(text(value))),
        )
        fields.done()
        return card

    def to_json(self) -> Mapping[str, Any]:
        """Return the form that `parse` takes."""
        return {
            "v": 1,
            "subject": self.subject,
            "name": self.name,
            "national_id": self.national_id,
            "salt": encode(self.salt),
        }

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical form: what the sheet carries."""
        return hashlib.sha256(canonical(self.to_json())).hexdigest()
