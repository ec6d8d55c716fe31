"""Opening a share: signed, logged, everything that comes back checked, then unsealed. Files come meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from pathlib import Path

from clients.sdk.client import Client
from clients.sdk.content import Body, FileEntry
from clients.sdk.downloading import Coming, ask, save_file
from clients.sdk.errors import Tampered
from clients.sdk.items import Item, opening
from clients.sdk.opened import Opened
from clients.sdk.unsealing import Released, decrypted, not_understood, released, unsealed, verified
from clients.sdk.uploads import Progress, silent
from protocol.consent.vocabulary import Language
from protocol.reading import Malformed
from protocol.share import Verified, announced
from protocol.statements.share import BODY

Place = Callable[[FileEntry], Path]
"""Says where a file shall lie."""

Follow = Callable[[Path], AbstractContextManager[Progress]]
"""Gives whom to tell how far a file is, for as long as it is coming."""


def _nobody(_target: Path) -> AbstractContextManager[Progress]:
    return nullcontext(silent)


async def open_share(client: Client, item: Item, language: Language = Language.BOKMAL) -> Opened:
    """Open a share without its files: sign that I do, check everything that comes back, then unseal.

    Raises:
        Denied: no consent permits it now.
        Tampered: something does not hold; nothing was unsealed.
    """
    came = await _asked(client, item)
    judged = await verified(client, item, came, language)
    async with client.remembering(judged, came.receipt):
        return Opened(judged, await _body(client, item, judged), came.receipt)


async def open_with_files(
    client: Client,
    item: Item,
    place: Place,
    language: Language = Language.BOKMAL,
    follow: Follow = _nobody,
) -> tuple[Opened, list[Path]]:
    """Open a share and save its files: `open_share`, then `save_file` for each, with as little waiting as there can be.

    The first file is asked for before anything is checked, and nothing of it is read before everything holds. No file
    is put in place before the receipt of the opening is on the disk.

    Raises:
        Denied, Tampered, FileExistsError: as those two.
    """
    came = await _asked(client, item)
    async with _first_file(client, item, came) as first:
        judged = await verified(client, item, came, language)
        async with client.remembering(judged, came.receipt) as kept:
            opened = Opened(judged, await _body(client, item, judged), came.receipt)
            saved = []
            for number, entry in enumerate(opened.body.files):
                coming = first if number == 0 else None
                with follow(target := place(entry)) as progress:
                    saved.append(await save_file(client, opened, entry, target, progress, coming=coming, kept=kept))
    return opened, saved


async def _asked(client: Client, item: Item) -> Released:
    """Sign that I open it, and return what came for that."""
    act = "own" if item.own else ("reopen" if item.opened else "open")
    token = await client.sign(opening(item, act))
    answer = await client.transport.post(f"/v1/shares/{item.share}/open", {"statement": token})
    return released(client, token, answer["bundle"])


async def _body(client: Client, item: Item, judged: Verified) -> Body:
    if judged.body is None:
        raise Tampered("no-body", "The server left out the content.")
    key = await unsealed(client, item, judged, judged.manifest.body.body_commitment)
    try:
        return Body.parse(decrypted(judged, BODY, key, judged.body))
    except Malformed as error:
        raise not_understood() from error


@asynccontextmanager
async def _first_file(client: Client, item: Item, came: Released) -> AsyncIterator[Coming | None]:
    """Ask for the first file that the bundle says there is. It may lie: then a request was made for nothing."""
    told = announced(came.bundle)
    if told is None:
        yield None
        return
    async with ask(client, item.share, told.part, told.entry) as coming:
        yield coming
