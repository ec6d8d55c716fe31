"""Sending: decide, encrypt, upload, hand in. What lacks a consent can be held, and is sent when it has one."""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
from dataclasses import replace
from pathlib import Path
from typing import Any

from clients.sdk import outbox
from clients.sdk import uploads as uploading
from clients.sdk.choosing import Wanted, around, permitted
from clients.sdk.client import Client
from clients.sdk.content import encrypt, file_digest
from clients.sdk.errors import Denied, Fault, Misused, Tampered
from clients.sdk.exclusions import MISSING, mailboxes_for
from clients.sdk.holding import hold_back
from clients.sdk.sharing import Sent, done_before, purpose, share
from clients.sdk.subjects import card
from clients.sdk.uploads import Progress, silent
from keys.canonical import canonical
from keys.encoding import encode
from protocol.consent.answer import Deny
from protocol.consent.vocabulary import Language
from protocol.identifiers import ShareId, UploadId
from protocol.statements.share import BODY, HEADER, INLINE_BYTES

__all__ = ["Sent", "Wanted", "resume", "send"]

_SIGN_ANEW = frozenset({"wrong-epoch", "wrong-key", "upload-missing", MISSING})
"""What the server answers when something changed between the look at its keys and the share: sign once more."""


async def send(client: Client, wanted: Wanted, *, hold: bool = False, progress: Progress = silent) -> Sent:
    """Share, if a consent in force covers it. With `hold`, what lacks only signatures waits at the server, sealed.

    So does what must go past a member of a unit's staff, until the unit has a mailbox without them.

    The same wish again, after a crash or a lost answer, goes on where it stopped: nothing is sent twice.

    Raises:
        Denied: no consent covers it; `missing` says who must still act.
        UnsafeFile: a file is not taken.
        Unreachable: no answer; what was prepared stays in the outbox for `resume` or the same again.
    """
    fingerprint = await asyncio.to_thread(_fingerprint, wanted, hold=hold)
    async with client.journal.alone(_wish(fingerprint)):
        unsent = outbox.find(client, fingerprint)
        if unsent is None:
            # Decided before anything is encrypted: whoever may not send is told at once.
            permitted(client, await around(client, wanted), wanted, hold=hold)
            unsent = await _prepared(client, wanted, fingerprint, hold=hold)
        return await _deliver(client, unsent, wanted.language, progress)


async def resume(client: Client, language: Language = Language.BOKMAL, progress: Progress = silent) -> list[Sent]:
    """Go on with every share in the outbox; raises as `send`, at the first that cannot be sent."""
    sent = []
    for fingerprint in [unsent.fingerprint for unsent in outbox.waiting(client)]:
        async with client.journal.alone(_wish(fingerprint)):
            unsent = outbox.find(client, fingerprint)
            if unsent is not None:
                sent.append(await _deliver(client, unsent, language, progress))
    return sent


def _fingerprint(wanted: Wanted, *, hold: bool) -> str:
    """Name a wish by all that was asked for; not by `after`, which a share that did arrive has changed."""
    files = [[one.category, one.name, file_digest(one.path)] for one in wanted.attachments]
    told = {
        **wanted.to_json(),
        "after": [],
        "message": wanted.message,
        "form": json.dumps(wanted.form, sort_keys=True, default=dict),
        "files": files,
        "hold": hold,
    }
    return hashlib.sha256(canonical(told)).hexdigest()


def _wish(fingerprint: str) -> str:
    return f"send {fingerprint}"


async def _prepared(client: Client, wanted: Wanted, fingerprint: str, *, hold: bool) -> outbox.Unsent:
    """Clean, encrypt and put into the outbox, off the loop: a large file takes a while."""
    drawn = ShareId.of(secrets.token_bytes(16))
    folder = outbox.folder_of(client, drawn)
    try:
        content = await asyncio.to_thread(
            encrypt,
            drawn,
            await _header(client, wanted),
            message=wanted.message,
            form=wanted.form,
            category=str(wanted.category),
            attachments=list(wanted.attachments),
            folder=folder,
        )
        return outbox.keep(client, fingerprint, wanted.to_json(), content, hold=hold)
    except BaseException:
        outbox.discard(folder)
        raise


async def _header(client: Client, wanted: Wanted) -> dict[str, Any]:
    known = await card(client, wanted.subject)
    return {
        "title": wanted.title,
        "card": None if known is None else dict(known.to_json()),
        "author_unit": wanted.unit,
        "urgency": wanted.urgency,
    }


async def _deliver(client: Client, unsent: outbox.Unsent, language: Language, progress: Progress) -> Sent:
    """Bring one share of the outbox to the server; it leaves the outbox when the server has said yes or no."""
    why = purpose(unsent.content.share)
    try:
        before = await client.finish(why)
        sent = done_before(before) if before is not None else await _attempts(client, unsent, language, progress)
    except (Denied, Misused, Tampered) as error:
        if client.journal.find(why) is None and error.code != "sign-in-refused":
            unsent.discard()
        raise
    unsent.discard()
    return sent


async def _attempts(client: Client, unsent: outbox.Unsent, language: Language, progress: Progress) -> Sent:
    """Sign and hand in; once more if a key changed under it, or the server had thrown an old upload away."""
    try:
        return await _attempt(client, unsent, language, progress)
    except (Fault, Misused) as error:
        if error.code not in _SIGN_ANEW:
            raise
    for part in unsent.uploads():
        unsent.keep_upload(part, None)
    return await _attempt(client, unsent, language, progress)


async def _attempt(client: Client, unsent: outbox.Unsent, language: Language, progress: Progress) -> Sent:
    wanted, content = Wanted.parse(unsent.wanted, language), unsent.content
    permit, consents = permitted(client, await around(client, wanted), wanted, hold=unsent.hold)
    restricted = await mailboxes_for(client, wanted.subject, wanted.units())
    if not unsent.hold:
        restricted.require()
    given = await _uploaded(client, unsent, progress)
    if isinstance(permit, Deny) or restricted.missing:
        held = await hold_back(client, wanted, content, given, consents, restricted)
        return replace(held, waits_for=tuple(restricted.missing.values()))
    return await share(client, wanted, content, given, permit.consents, restricted)


async def _uploaded(client: Client, unsent: outbox.Unsent, progress: Progress) -> dict[str, Any]:
    content = unsent.content
    inline = {HEADER: encode(content.header), BODY: encode(content.body)}
    uploads: dict[str, str] = {}
    total = sum(path.stat().st_size for path in content.files.values())
    sent = 0
    for part, path in content.files.items():
        size = path.stat().st_size
        if size <= INLINE_BYTES:
            inline[part] = encode(path.read_bytes())
        else:
            uploads[part] = await _upload(client, unsent, part, path, _from(progress, sent, total))
        sent += size
        progress(sent, total)
    return {"parts": inline, "uploads": uploads, "hold": False}


async def _upload(client: Client, unsent: outbox.Unsent, part: str, path: Path, progress: Progress) -> UploadId:
    begun = unsent.uploads().get(part)
    if begun is not None:
        try:
            await uploading.resume(client, begun, path, progress)
        except Denied:
            # Thrown away at the server after a day: begin anew.
            unsent.keep_upload(part, None)
        else:
            return begun
    created = await uploading.create(client, path)
    unsent.keep_upload(part, created)
    await uploading.resume(client, created, path, progress)
    return created


def _from(progress: Progress, before: int, total: int) -> Progress:
    return lambda done, _: progress(before + done, total)
