"""Holding: what lacks a signature waits at the server, its keys sealed to its author, and is sent when it has it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from clients.sdk import mailboxes
from clients.sdk.choosing import Wanted, around, permitted
from clients.sdk.client import Client, days, new_statement_id
from clients.sdk.content import Content
from clients.sdk.errors import Denied, Tampered
from clients.sdk.exclusions import Mailboxes, mailboxes_for
from clients.sdk.mailboxes import key_id, load_seeds
from clients.sdk.sharing import Sent, done_before, public_key, purpose, share
from keys import sealing
from keys.canonical import canonical, parse
from keys.encoding import decode, encode
from protocol.consent.answer import Permit
from protocol.consent.vocabulary import Language
from protocol.identifiers import ShareId, UnitId
from protocol.statements.share import HoldBody, OpenBody, Part

HOLD_DAYS = 30


@dataclass(frozen=True, slots=True)
class Draft:
    """A held share: everything but the envelopes, sealed to its author's own unit or self."""

    wanted: dict[str, Any]
    parts: tuple[Part, ...]
    header_key: bytes = field(repr=False)
    body_key: bytes = field(repr=False)


async def hold_back(
    client: Client,
    wanted: Wanted,
    content: Content,
    given: Mapping[str, Any],
    consents: Sequence[str],
    restricted: Mailboxes,
) -> Sent:
    """Put a share aside under the consents that it waits for; raises as `Client.submit`.

    It is sealed to the author's unit, past whom the family keeps out; where that cannot be yet, to the author alone.
    """
    if wanted.unit is None or wanted.unit in restricted.missing:
        public = client.home.keyring.sealing.public.raw
    else:
        directory = await client.directory(units=[wanted.unit], persons=[client.person])
        public = public_key(directory, wanted.unit, restricted)
    value = {
        "v": 1,
        "wanted": wanted.to_json(),
        "parts": [part.to_json() for part in content.parts],
        "header_key": encode(content.header_key),
        "body_key": encode(content.body_key),
    }
    sealed = sealing.seal(
        canonical(value), sealing.SealingPublicKey(public), _draft_info(client, content.share, key_id(public))
    )
    body = HoldBody(
        content.share,
        wanted.subject,
        wanted.matter,
        wanted.unit,
        tuple(sorted(consents)),
        tuple(sorted(wanted.to)),
        hashlib.sha256(sealed).hexdigest(),
        days(HOLD_DAYS),
    )
    more = {"draft": encode(sealed), "parts": given["parts"], "uploads": given["uploads"]}
    return done_before(await client.submit("/v1/holds", body, purpose=purpose(content.share), field="hold", more=more))


async def holds(client: Client) -> list[dict[str, Any]]:
    """Return the held shares that I may release."""
    listed: list[dict[str, Any]] = (await client.transport.get("/v1/holds"))["holds"]
    return listed


async def release(client: Client, held: ShareId, language: Language = Language.BOKMAL) -> Sent:
    """Send a held share, if its consents are complete now: decide again, seal to today's keys, sign the manifest.

    Raises:
        Denied: still not complete, or not mine to release.
    """
    before = await client.finish(purpose(held))
    if before is not None:
        return done_before(before)
    waiting = await holds(client)
    one = next((hold for hold in waiting if hold["share"] == held), None)
    if one is None:
        raise Denied("no-hold", "There is no held share of this id that you may release.")
    unit = None if one["unit"] is None else UnitId.parse(one["unit"])
    body = OpenBody(new_statement_id(), held, str(one["draft"]), "own", unit)
    opened = await client.submit(f"/v1/holds/{held}/open", body, field="statement")
    sealed = decode(opened.answer["draft"])
    if hashlib.sha256(sealed).hexdigest() != one["draft"]:
        raise Tampered("wrong-draft", "The held draft is not the one that was put aside.")
    draft = await _open_draft(client, held, unit, sealed)
    wanted = Wanted.parse(draft.wanted, language)
    permit, _ = permitted(client, await around(client, wanted), wanted, hold=False)
    restricted = await mailboxes_for(client, wanted.subject, wanted.units())
    restricted.require()
    content = Content(held, draft.parts, b"", b"", {}, draft.header_key, draft.body_key)
    consents = permit.consents if isinstance(permit, Permit) else ()
    return await share(client, wanted, content, {"hold": True}, consents, restricted)


async def drop(client: Client, share: ShareId) -> None:
    """Throw a held share away, unsent."""
    await client.transport.delete(f"/v1/holds/{share}")


async def _open_draft(client: Client, share: ShareId, unit: UnitId | None, sealed: bytes) -> Draft:
    keys = [client.home.keyring.sealing]
    if unit is not None:
        await load_seeds(client, await client.directory(units=[unit]), unit)
        for box in (await mailboxes.restricted(client, unit)).mailboxes:
            await mailboxes.own_key(client, box)
        keys += mailboxes.unit_keys(client, unit)
    for key in keys:
        try:
            value = parse(sealing.unseal(sealed, key, _draft_info(client, share, key_id(key.public.raw))))
        except sealing.CannotOpen:
            continue
        parts = tuple(Part.parse(part) for part in value["parts"])
        return Draft(value["wanted"], parts, decode(value["header_key"]), decode(value["body_key"]))
    raise Denied("not-a-member", "This draft was sealed to a mailbox key that you do not have.")


def _draft_info(client: Client, share: ShareId, recipient_key: str) -> bytes:
    return canonical(
        {"v": 1, "use": "draft", "log": client.policy.origin, "recipient_key": recipient_key, "share": share}
    )
