"""Receiving: see what waits, and receive headers: what it is about, and which child's card it carries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from clients.sdk.client import Client
from clients.sdk.errors import Denied
from clients.sdk.items import Item, opening
from clients.sdk.subjects import checked_card, remember_card
from clients.sdk.transport import bad_answer
from clients.sdk.unsealing import decrypted, not_understood, released, unsealed, verified, why
from protocol.consent.vocabulary import Language
from protocol.share import Verified
from protocol.statements.identity import SubjectCard
from protocol.statements.share import HEADER

__all__ = ["Header", "Item", "NotReceived", "inbox", "opening", "receive", "sent"]

MOST_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Header:
    """What an opened header says, the child's card checked against the registrar's sheet."""

    item: Item
    title: str
    card: SubjectCard | None
    files: tuple[dict[str, Any], ...]
    urgency: str


@dataclass(frozen=True, slots=True)
class NotReceived:
    """A header that was refused: why, in plain words."""

    item: Item
    code: str
    why: str


async def inbox(client: Client) -> list[Item]:
    """Return everything that waits for me and my units, newest first. Nothing is opened by looking."""
    return [Item.parse(one) for one in await client.transport.pages("/v1/inbox", "items")]


async def receive(
    client: Client, items: Sequence[Item], language: Language = Language.BOKMAL
) -> list[Header | NotReceived]:
    """Receive headers, up to 200 at a time: one signed statement and one log entry each.

    Raises:
        Tampered: something that came does not hold.
    """
    seen: list[Header | NotReceived] = []
    for start in range(0, len(items), MOST_AT_ONCE):
        some = items[start : start + MOST_AT_ONCE]
        tokens = [await client.sign(opening(item, "receive")) for item in some]
        answer = await client.transport.post("/v1/receive", {"statements": tokens})
        results = answer["results"]
        if not isinstance(results, list) or len(results) != len(some):
            raise bad_answer("/v1/receive")
        for item, token, result in zip(some, tokens, results, strict=True):
            if "bundle" not in result:
                code = str(result["reason"])
                seen.append(NotReceived(item, code, why(code, str(result.get("detail") or code), language)))
                continue
            try:
                came = released(client, token, result["bundle"])
                judged = await verified(client, item, came, language)
                async with client.remembering(judged, came.receipt):
                    seen.append(await _header(client, item, judged))
            except Denied as error:
                seen.append(NotReceived(item, error.code, str(error)))
    return seen


async def sent(client: Client) -> list[dict[str, Any]]:
    """Return what I and my units have sent, and who has received and opened it."""
    return await client.transport.pages("/v1/sent", "items")


async def _header(client: Client, item: Item, judged: Verified) -> Header:
    key = await unsealed(client, item, judged, judged.manifest.body.header_commitment)
    value = decrypted(judged, HEADER, key, judged.header)
    try:
        card = None if value["card"] is None else checked_card(value["card"], judged.directory)
        if card is not None:
            remember_card(client, card)
        return Header(item, str(value["title"]), card, tuple(map(dict, value["files"])), str(value["urgency"]))
    except (LookupError, TypeError, ValueError) as error:
        raise not_understood() from error
