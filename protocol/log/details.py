"""The details of an entry: who did what, for whom, about whom, decided how. Personal data, kept apart from the tree.

Canonical JSON (RFC 8785) with closed names; what does not apply is null or an empty list, so every entry has the same
names. Ids, digests and codes only: no name, no title, no free text, no identity number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from protocol.identifiers import (
    ConversationId,
    Identifier,
    InvitationId,
    MatterId,
    PersonId,
    ShareId,
    SubjectId,
    UnitId,
    UploadId,
    parse_holder,
)

if TYPE_CHECKING:
    from collections.abc import Callable


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
        # Most members do not apply to most events.
        members = [
            written if values[name] is default else f'"{name}":{_text(values[name])}'
            for name, default, written in _WRITTEN
        ]
        written = f"{{{','.join(members)}}}"
        if not _DETAILS.fullmatch(
            written
        ):  # no field can smuggle in another spelling: only what reads back leaves here
            raise BadDetails("a field of these details is not of its form")
        return written.encode()

    @classmethod
    def parse(cls, value: bytes) -> Details:
        """Read details from their canonical bytes.

        Raises:
            BadDetails: any other bytes, other names, an id, digest or code that is none.
        """
        try:
            match = _DETAILS.fullmatch(value.decode())
        except UnicodeDecodeError as error:
            raise BadDetails("details are UTF-8") from error
        if match is None:
            raise BadDetails("details are canonical and have closed names; if they are newer, update your client")
        read = {name: _value(form, text) for (name, form), text in zip(_FORMS.items(), match.groups(), strict=True)}
        details = cls(**read)
        # The bytes are the one spelling of these members; only the lists could still stand in another order.
        if any(getattr(details, name) != read[name] for name in _LISTS):
            raise BadDetails("the lists in details are sorted and without repetition")
        return details


class _Form(NamedTuple):
    """How a member's text is written between its quotation marks, and what reads it."""

    pattern: str
    read: Callable[[str], object]


def _identifier(kind: type[Identifier]) -> _Form:
    return _Form(f"{kind.prefix}_[0-9a-f]{{32}}", kind)


def _value(form: _Form, text: str) -> Any:
    """Read what the pattern has let pass: null, text or a list of texts."""
    if text.startswith("["):
        return tuple(map(form.read, text[2:-2].split('","'))) if text != "[]" else ()
    return None if text == "null" else form.read(text[1:-1])


def _text(value: object) -> str:
    """Write a member; the pattern refuses what is not of its form, and no text may end early."""
    if isinstance(value, str):
        if '"' in value:
            raise BadDetails("no id, digest or code has a quotation mark")
        return f'"{value}"'
    if isinstance(value, tuple):
        return f"[{','.join(map(_text, value))}]"
    return "null" if value is None else str(value)


_CODE = _Form(r"[\w.:/§+-]{1,100}", str)
_DIGEST = _Form("[0-9a-f]{64}", str)
_FORMS = {
    "act": _CODE,
    "actor": _identifier(PersonId),
    "basis": _CODE,
    "consents": _DIGEST,
    "content": _DIGEST,
    "conversation": _identifier(ConversationId),
    "decision": _Form("|".join(Decision), Decision),
    "entries": _Form("[0-9a-f]{32}", str),
    "for_unit": _identifier(UnitId),
    "invitation": _identifier(InvitationId),
    "matter": _identifier(MatterId),
    "missing": _CODE,
    "person": _identifier(PersonId),
    "reason": _CODE,
    "recipients": _Form(f"(?:{PersonId.prefix}|{UnitId.prefix})_[0-9a-f]{{32}}", parse_holder),
    "rule": _CODE,
    "share": _identifier(ShareId),
    "statements": _DIGEST,
    "subject": _identifier(SubjectId),
    "unit": _identifier(UnitId),
    "upload": _identifier(UploadId),
}
"""The members between the braces, in the order of canonical JSON, but for `v`."""

_LISTS = tuple(each.name for each in fields(Details) if each.default == ())


def _member(name: str, form: _Form) -> str:
    one = f'"(?:{form.pattern})"'
    if name in _LISTS:
        return rf'"{name}":(\[(?:{one}(?:,{one})*)?\])'
    return f'"{name}":({one})' if name == "decision" else f'"{name}":(null|{one})'


# Canonical JSON of closed members has one spelling, so this pattern is the whole parser: fast, and strict by itself.
_DETAILS = re.compile(rf'\{{{",".join(_member(name, form) for name, form in _FORMS.items())},"v":1\}}')
_WRITTEN = [
    (each.name, each.default, f'"{each.name}":{_text(each.default)}')
    for each in sorted(fields(Details), key=lambda field: field.name)
]
"""Name, default and the whole member that the default makes."""
