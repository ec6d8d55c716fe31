"""The details of an entry: who did what, for whom, about whom, decided how. Personal data, kept apart from the tree.

Canonical JSON (RFC 8785) with closed names; what does not apply is null or an empty list, so every entry has the same
names. Ids, digests and codes only: no name, no title, no free text, no identity number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from keys.canonical import NotCanonical
from keys.canonical import parse as parse_canonical
from protocol.identifiers import (
    BadIdentifier,
    ConversationId,
    InvitationId,
    MatterId,
    PersonId,
    ShareId,
    SubjectId,
    UnitId,
    UploadId,
    parse_digest,
    parse_holder,
)

if TYPE_CHECKING:
    from collections.abc import Callable

_CODE = re.compile(r"[\w.:/§+-]{1,100}")
_ENTRY_ID = re.compile(r"[0-9a-f]{32}")


class BadDetails(ValueError):
    """Not the canonical details of an entry, version 1."""


class Decision(StrEnum):
    """What a decision said, or that the event decides nothing."""

    PERMIT = "permit"
    DENY = "deny"
    NONE = "none"


@dataclass(frozen=True)
class Details:
    """What an entry commits to. Lists are kept sorted and without repetition, whatever order they come in."""

    actor: PersonId | None = None
    """Who acted; null when the server did, or somebody it does not know."""
    for_unit: UnitId | None = None
    """For which unit the actor acted."""
    act: str | None = None
    """What was asked: `share`, `receive`, `open`, `reopen`, `own` or a statement's kind."""
    decision: Decision = Decision.NONE
    basis: str | None = None
    """On what a permit rests: `consent`."""
    rule: str | None = None
    """The rule that decided, as the rule set names it."""
    reason: str | None = None
    """Why it was denied or refused, as a code."""
    missing: tuple[str, ...] = ()
    """What a denied act still needs, as codes or ids."""
    subject: SubjectId | None = None
    matter: MatterId | None = None
    person: PersonId | None = None
    """Whom the event concerns besides the actor: endorsed, removed, told, heard."""
    unit: UnitId | None = None
    """Which unit the event concerns: registered, its epoch, its member."""
    recipients: tuple[PersonId | UnitId, ...] = ()
    share: ShareId | None = None
    conversation: ConversationId | None = None
    invitation: InvitationId | None = None
    upload: UploadId | None = None
    content: str | None = None
    """Digest of the share's content."""
    consents: tuple[str, ...] = ()
    """Digests of the consents that the decision used or the event is about."""
    statements: tuple[str, ...] = ()
    """Digests of every statement that the decision used, the actor's own among them."""
    entries: tuple[str, ...] = ()
    """Ids of other entries that this one is about: the opening that a download names, the entries erased."""
    v: int = 1

    def __post_init__(self) -> None:
        for name in _LISTS:
            if (values := getattr(self, name)) != ():
                object.__setattr__(self, name, tuple(sorted(set(values))))

    def to_bytes(self) -> bytes:
        """Write the canonical bytes that the commitment covers.

        Raises:
            BadDetails: a field is not of its form.
        """
        values = vars(self)
        # What the parsers let pass holds nothing that JSON would escape; most fields do not apply to most events.
        members = [
            written if values[name] is default else f'"{name}":{_text(_field(name, parse, values[name]))}'
            for name, parse, default, written in _MEMBERS
        ]
        return f"{{{','.join(members)}}}".encode()

    @classmethod
    def parse(cls, value: bytes) -> Details:
        """Read details from their canonical bytes.

        Raises:
            BadDetails: any other bytes, other names, an id, digest or code that is none.
        """
        try:
            members = parse_canonical(value)
        except NotCanonical as error:
            raise BadDetails("details are canonical JSON") from error
        if not isinstance(members, dict) or members.keys() != _FIELDS.keys():
            raise BadDetails("details have closed names; if they are newer, update your client")
        details = cls(**{name: _field(name, parse, members[name]) for name, parse in _FIELDS.items()})
        # The bytes are the one spelling of these members; only the lists could still stand in another order.
        if any([*getattr(details, name)] != members[name] for name in _LISTS):
            raise BadDetails("the lists in details are sorted and without repetition")
        return details


def _field(name: str, parse: Callable[[Any], Any], value: object) -> Any:
    try:
        return parse(value)
    except (BadIdentifier, BadDetails) as error:
        raise BadDetails(f"{name}: {error}") from error


def _text(value: object) -> str:
    """Write what a field's parser has let pass as JSON."""
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, tuple):
        return f"[{','.join(map(_text, value))}]"
    return "null" if value is None else str(value)


def _version(value: object) -> int:
    if type(value) is not int or value != 1:
        raise BadDetails("unknown version; update your client")
    return 1


def _decision(value: object) -> Decision:
    if not isinstance(value, str) or value not in _DECISIONS:
        raise BadDetails("a decision is permit, deny or none")
    return Decision(value)


def _code(value: object) -> str:
    if not isinstance(value, str) or not _CODE.fullmatch(value):
        raise BadDetails("a code has no spaces and at most 100 characters")
    return value


def _entry_id(value: object) -> str:
    if not isinstance(value, str) or not _ENTRY_ID.fullmatch(value):
        raise BadDetails("an entry's id is 32 lower-case hex digits")
    return value


def _maybe(parse: Callable[[object], object]) -> Callable[[object], object]:
    return lambda value: None if value is None else parse(value)


def _each(parse: Callable[[object], object]) -> Callable[[object], object]:
    def parse_all(value: object) -> tuple[object, ...]:
        if not isinstance(value, list | tuple):
            raise BadDetails("not a list")
        return tuple(parse(item) for item in value)

    return parse_all


_LISTS: dict[str, Callable[[object], object]] = {
    "missing": _each(_code),
    "recipients": _each(parse_holder),
    "consents": _each(parse_digest),
    "statements": _each(parse_digest),
    "entries": _each(_entry_id),
}
_FIELDS: dict[str, Callable[[object], object]] = _LISTS | {
    "v": _version,
    "actor": _maybe(PersonId.parse),
    "for_unit": _maybe(UnitId.parse),
    "act": _maybe(_code),
    "decision": _decision,
    "basis": _maybe(_code),
    "rule": _maybe(_code),
    "reason": _maybe(_code),
    "subject": _maybe(SubjectId.parse),
    "matter": _maybe(MatterId.parse),
    "person": _maybe(PersonId.parse),
    "unit": _maybe(UnitId.parse),
    "share": _maybe(ShareId.parse),
    "conversation": _maybe(ConversationId.parse),
    "invitation": _maybe(InvitationId.parse),
    "upload": _maybe(UploadId.parse),
    "content": _maybe(parse_digest),
}
_DECISIONS = frozenset(Decision)
_MEMBERS = [
    (each.name, _FIELDS[each.name], each.default, f'"{each.name}":{_text(each.default)}')
    for each in sorted(fields(Details), key=lambda field: field.name)
]
"""Name, parser, default and the whole member that the default makes, in the order of canonical JSON."""
