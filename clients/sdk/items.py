"""What waits in the inbox, and what I sign to receive or open it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from clients.sdk.client import new_statement_id
from protocol.identifiers import ConversationId, Instant, MatterId, PersonId, ShareId, SubjectId, UnitId, parse_instant
from protocol.reading import Fields, boolean, text
from protocol.statements.base import holder_id
from protocol.statements.share import OpenBody


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the inbox: what waits, from whom, to which of my mailboxes. Nothing in it is believed."""

    share: ShareId
    sender: PersonId
    unit: UnitId | None
    to: PersonId | UnitId
    own: bool
    subject: SubjectId
    matter: MatterId
    conversation: ConversationId
    urgency: str
    t: Instant
    received: bool
    opened: bool
    header: str
    body: str

    @classmethod
    def parse(cls, value: object) -> Self:
        """Take one item of `GET /v1/inbox`."""
        fields = Fields(value, "item")
        envelopes = Fields(fields.take("envelopes", dict), "envelopes")
        return cls(
            share=fields.take("share", ShareId.parse),
            sender=fields.take("sender", PersonId.parse),
            unit=fields.take_or_null("unit", UnitId.parse),
            to=fields.take("to", holder_id),
            own=fields.take("own", boolean),
            subject=fields.take("subject", SubjectId.parse),
            matter=fields.take("matter", MatterId.parse),
            conversation=fields.take("conversation", ConversationId.parse),
            urgency=fields.take("urgency", text),
            t=fields.take("t", parse_instant),
            received=fields.take("received", boolean),
            opened=fields.take("opened", boolean),
            header=envelopes.take("header", text),
            body=envelopes.take("body", text),
        )

    @property
    def reading_unit(self) -> UnitId | None:
        """The unit I read it for; null if it is sealed to me."""
        return self.to if isinstance(self.to, UnitId) else None


def opening(item: Item, act: str) -> OpenBody:
    """Return what I sign to receive, open, reopen or open my own copy of an item."""
    envelope = item.header if act == "receive" else item.body
    return OpenBody(new_statement_id(), item.share, envelope, act, item.reading_unit)
