"""Downloading: a file is hashed, decrypted and written while it arrives, and put in place once all of it holds."""

from __future__ import annotations

import asyncio
import errno
import hashlib
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import aiohttp

from clients.sdk.client import Client
from clients.sdk.content import FileEntry, decrypt_file, file_digest
from clients.sdk.opened import Opened
from clients.sdk.pieces import Pieces
from clients.sdk.plaintext import Plaintext
from clients.sdk.uploads import Progress, silent
from keys import streaming
from protocol.identifiers import ShareId
from protocol.statements.base import Refused

_AT_ONCE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Coming:
    """A ciphertext that was asked for: of which part, and the answer, of which nothing has been read yet."""

    part: str
    answer: asyncio.Task[aiohttp.ClientResponse]


@asynccontextmanager
async def ask(client: Client, share: ShareId, part: str, entry: str) -> AsyncIterator[Coming]:
    """Ask for a ciphertext under the entry of my opening; the request has left when the block begins.

    Raises:
        Denied, Fault, Unreachable: where the answer is awaited or read.
    """
    asked = client.transport.stream(
        "GET",
        f"/v1/shares/{share}/content",
        params={"part": part, "entry": entry},
        read_bufsize=_AT_ONCE_BYTES,
    )
    async with AsyncExitStack() as stack:
        answer = asyncio.create_task(stack.enter_async_context(asked))
        try:
            await asyncio.sleep(0)
            yield Coming(part, answer)
        finally:
            answer.cancel()
            await asyncio.wait([answer])


async def save_file(
    client: Client,
    opened: Opened,
    entry: FileEntry,
    target: Path,
    progress: Progress = silent,
    *,
    coming: Coming | None = None,
    kept: Awaitable[None] | None = None,
) -> Path:
    """Download one file, check ciphertext and plaintext, and put it in place whole.

    A file that is there already with the same content is left as it is. `coming` is a ciphertext that was asked for
    before; it is used if it is this file's. The file is put in place when `kept` is done.

    Raises:
        Tampered: it is not what the sender sent.
        FileExistsError: `target` is there already with other content; nothing is overwritten.
    """
    part = opened.part(entry)
    if target.exists():
        if file_digest(target) == entry.sha256:
            return target
        raise FileExistsError(errno.EEXIST, "there already", str(target))
    async with AsyncExitStack() as stack:
        if coming is None or coming.part != part.part:
            coming = await stack.enter_async_context(ask(client, opened.share, part.part, opened.entry))
        plain = stack.enter_context(Plaintext(target))
        try:
            await _arrived(coming, opened, entry, plain, progress)
            if await asyncio.to_thread(plain.settle) != entry.sha256:
                raise _Differs("the content is not the one that the sender listed")  # noqa: TRY301  (kept as below)
        except (streaming.BadCiphertext, _Differs) as error:
            # Against the sender's own words: what came, and the opening that it was given under.
            evidence = {"manifest": opened.verified.manifest.token, "receipt": opened.receipt, "part": entry.part}
            differs = Refused("wrong-content", f"a file is not what was sent: {error}")
            raise client.tampered(differs, evidence) from error
        if kept is not None:
            await kept
        plain.put_in_place()
    return target


async def _arrived(coming: Coming, opened: Opened, entry: FileEntry, plain: Plaintext, progress: Progress) -> None:
    """Read a ciphertext to its end; a thread hashes it and another decrypts it while more arrives."""
    part = opened.part(entry)
    for_digest, for_plain = Pieces(), Pieces()
    hashing = asyncio.create_task(asyncio.to_thread(_digest, for_digest))
    decrypting = asyncio.create_task(asyncio.to_thread(_decrypt, opened.share, entry, for_plain, plain))
    length = 0
    try:
        answer = await coming.answer
        async for chunk in answer.content.iter_any():
            length += len(chunk)
            if length > part.length or decrypting.done():
                break
            for pipe in (for_digest, for_plain):
                pipe.write(chunk)
                if pipe.is_full():
                    await asyncio.to_thread(pipe.wait_for_room)
            progress(length, part.length)
    finally:
        for_digest.end()
        for_plain.end()
        await asyncio.gather(hashing, decrypting, return_exceptions=True)
    decrypting.result()
    if length != part.length or hashing.result() != part.sha256:
        raise _Differs("the ciphertext is not the one that the manifest names")


def _digest(ciphertext: Pieces) -> str:
    hashed = hashlib.sha256()
    with ciphertext:
        while piece := ciphertext.take(_AT_ONCE_BYTES):
            hashed.update(piece)
    return hashed.hexdigest()


def _decrypt(share: ShareId, entry: FileEntry, ciphertext: Pieces, plain: Plaintext) -> None:
    with ciphertext:
        decrypt_file(share, entry, cast("BinaryIO", ciphertext), cast("BinaryIO", plain))


class _Differs(Exception):
    """A file is not what the manifest or the sealed body says."""
