"""Receiving: see what waits, receive headers, open content. `protocol.share.verify` stands before every unsealing."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any, BinaryIO, Self, cast

from clients.sdk.client import Client, new_statement_id
from clients.sdk.content import Body, FileEntry, decrypt_file, file_digest, open_part
from clients.sdk.errors import Denied, Tampered
from clients.sdk.pieces import Pieces
from clients.sdk.subjects import checked_card, remember_card
from clients.sdk.transport import bad_answer, clock
from clients.sdk.units import load_seeds, unit_key
from clients.sdk.uploads import Progress, silent
from keys import commitment, sealing, streaming
from protocol import share
from protocol.bundle import Bundle
from protocol.consent.vocabulary import Language
from protocol.identifiers import ConversationId, Instant, MatterId, PersonId, ShareId, SubjectId, UnitId, parse_instant
from protocol.identity import Logged
from protocol.reading import Fields, Malformed, boolean, text
from protocol.share import NotPermitted, Verified
from protocol.statements.base import Refused, holder_id
from protocol.statements.identity import SubjectCard
from protocol.statements.share import BODY, HEADER, OpenBody, Part
from protocol.texts import sentence

MOST_AT_ONCE = 200
_READ_AHEAD_BYTES = 1 << 20
_IN_MEMORY_BYTES = 16 << 20
"""Ciphertexts up to this length are kept in memory until they are decrypted."""


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


@dataclass(frozen=True, slots=True)
class Opened:
    """A share that is open on this machine, and the receipt that says so."""

    verified: Verified
    header: Header
    body: Body
    receipt: str

    @property
    def share(self) -> ShareId:
        """Which share it is."""
        return self.verified.manifest.body.share


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
                seen.append(NotReceived(item, code, _why(code, str(result.get("detail") or code), language)))
                continue
            try:
                verified = await _verified(client, item, token, result["bundle"], language)
                seen.append(await _header(client, item, verified))
            except Denied as error:
                seen.append(NotReceived(item, error.code, str(error)))
    return seen


async def open_share(client: Client, item: Item, language: Language = Language.BOKMAL) -> Opened:
    """Open a share: sign that I do, check everything that comes back, then unseal.

    Raises:
        Denied: no consent permits it now.
        Tampered: something does not hold; nothing was unsealed.
    """
    act = "own" if item.own else ("reopen" if item.opened else "open")
    token = await client.sign(opening(item, act))
    answer = await client.transport.post(f"/v1/shares/{item.share}/open", {"statement": token})
    verified = await _verified(client, item, token, answer["bundle"], language)
    if verified.body is None:
        raise Tampered("no-body", "The server left out the content.")
    body_key = await _unsealed(client, item, verified, verified.manifest.body.body_commitment)
    try:
        body = Body.parse(_decrypted(verified, BODY, body_key, verified.body))
    except Malformed as error:
        raise _not_understood() from error
    header = Header(item, "", None, (), item.urgency)
    return Opened(verified, header, body, str(answer["bundle"]["open"]["receipt"]))


async def save_file(
    client: Client, opened: Opened, entry: FileEntry, target: Path, progress: Progress = silent
) -> Path:
    """Download one file, check its ciphertext against the manifest, decrypt it, and put it in place whole.

    A file that is there already with the same content is left as it is.

    Raises:
        Tampered: it is not what the sender sent.
        FileExistsError: `target` is there already with other content; nothing is overwritten.
    """
    part = next((one for one in opened.verified.manifest.body.parts if one.part == entry.part), None)
    if part is None:
        raise Tampered("wrong-content", "The body names a file that the sender did not sign for.")
    if target.exists():
        if file_digest(target) == entry.sha256:
            return target
        raise FileExistsError(errno.EEXIST, "there already", str(target))
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    written = Path(name)
    with _room(part.length) as ciphertext, os.fdopen(descriptor, "wb", buffering=0) as plain:
        try:
            await _download(client, opened, part, ciphertext, progress)
            ciphertext.seek(0)
            await asyncio.to_thread(decrypt_file, opened.share, entry, ciphertext, plain)
            # The disk works while the processor does.
            found, _ = await asyncio.gather(
                asyncio.to_thread(file_digest, written), asyncio.to_thread(os.fsync, plain.fileno())
            )
            if found != entry.sha256:
                raise _Differs("the content is not the one that the sender listed")  # noqa: TRY301  (kept as below)
            os.link(written, target)  # refuses to replace what came there meanwhile
        except (streaming.BadCiphertext, _Differs) as error:
            # Against the sender's own words: what came, and the opening that it was given under.
            kept = {"manifest": opened.verified.manifest.token, "receipt": opened.receipt, "part": entry.part}
            raise client.tampered(Refused("wrong-content", f"a file is not what was sent: {error}"), kept) from error
        finally:
            written.unlink(missing_ok=True)
    return target


async def sent(client: Client) -> list[dict[str, Any]]:
    """Return what I and my units have sent, and who has received and opened it."""
    return await client.transport.pages("/v1/sent", "items")


def opening(item: Item, act: str) -> OpenBody:
    """Return what I sign to receive, open, reopen or open my own copy of an item."""
    envelope = item.header if act == "receive" else item.body
    return OpenBody(new_statement_id(), item.share, envelope, act, item.reading_unit)


async def _verified(client: Client, item: Item, token: str, given: Any, language: Language) -> Verified:
    policy = await client.load_policy()
    try:
        bundle = Bundle.parse(given)
        # Our own token, whatever came: the receipt must be of the statement that we signed.
        bundle = replace(bundle, open=Logged(token, bundle.open.receipt))
        verified = share.verify(bundle, policy, client.home.pins, clock())
    except NotPermitted as error:
        raise Denied(error.code, _why(error.code, str(error), language)) from error
    except (Refused, Malformed) as error:
        raise client.tampered(error, {"bundle": given}) from error
    if verified.manifest.body.share != item.share:
        raise client.tampered(Refused("wrong-share", "another share came than was asked for"), {"bundle": given})
    client.home.save_trust(verified.pins, None)
    await client.check_receipt(bundle.open, grown_from=verified.opening.seen)
    return verified


async def _header(client: Client, item: Item, verified: Verified) -> Header:
    key = await _unsealed(client, item, verified, verified.manifest.body.header_commitment)
    value = _decrypted(verified, HEADER, key, verified.header)
    try:
        card = None if value["card"] is None else checked_card(value["card"], verified.directory)
        if card is not None:
            remember_card(client, card)
        return Header(item, str(value["title"]), card, tuple(map(dict, value["files"])), str(value["urgency"]))
    except (LookupError, TypeError, ValueError) as error:
        raise _not_understood() from error


async def _unsealed(client: Client, item: Item, verified: Verified, expected: str) -> bytes:
    if item.reading_unit is None:
        key = client.home.keyring.sealing
    else:
        await load_seeds(client, verified.directory, item.reading_unit)
        key = unit_key(client, item.reading_unit, verified.recipient.key)
    try:
        secret = sealing.unseal(verified.envelope, key, verified.info)
        commitment.check(expected, item.share, secret)
    except (sealing.CannotOpen, commitment.WrongContentKey, ValueError) as error:
        raise client.tampered(Refused("wrong-key", f"the envelope does not open: {error}"), {}) from error
    return secret


def _decrypted(verified: Verified, part: str, key: bytes, ciphertext: bytes) -> Any:
    try:
        return open_part(verified.manifest.body.share, part, key, ciphertext)
    except (streaming.BadCiphertext, ValueError, RecursionError) as error:
        raise Tampered("wrong-content", f"The {part} does not open: {error}") from error


def _room(length: int) -> BinaryIO:
    """Give a place for a ciphertext of so many bytes: in memory, or a file without a name if it is long."""
    return cast("BinaryIO", Pieces() if length <= _IN_MEMORY_BYTES else tempfile.TemporaryFile())


async def _download(client: Client, opened: Opened, part: Part, sink: BinaryIO, progress: Progress) -> None:
    """Fetch a ciphertext into a sink; its digest is taken by a thread beside, while more arrives."""
    arrived: SimpleQueue[bytes | None] = SimpleQueue()
    hashing = asyncio.create_task(asyncio.to_thread(_hashed, arrived))
    length = 0
    try:
        params = {"part": part.part, "entry": opened.verified.opened.entry.id}
        path = f"/v1/shares/{opened.share}/content"
        async with client.transport.stream("GET", path, params=params, read_bufsize=_READ_AHEAD_BYTES) as answer:
            async for chunk in answer.content.iter_any():
                length += len(chunk)
                if length > part.length:
                    break
                arrived.put(chunk)
                sink.write(chunk)
                progress(length, part.length)
    finally:
        arrived.put(None)
        digest = await hashing
    if length != part.length or digest != part.sha256:
        raise _Differs("the ciphertext is not the one that the manifest names")


def _hashed(arrived: SimpleQueue[bytes | None]) -> str:
    hashed = hashlib.sha256()
    while (chunk := arrived.get()) is not None:
        hashed.update(chunk)
    return hashed.hexdigest()


class _Differs(Exception):
    """A file is not what the manifest or the sealed body says."""


def _not_understood() -> Tampered:
    return Tampered("not-understood", "What the sender sealed is not of the documented form; ask for it anew.")


def _why(code: str, otherwise: str, language: Language) -> str:
    try:
        return sentence(code, language)
    except LookupError:
        return otherwise
