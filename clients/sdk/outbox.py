"""Shares that are encrypted and not yet sent, kept so that an interrupted `send` goes on where it stopped.

    outbox/<share>/record.json     {v, sealed}: what is needed to go on, sealed to my own key
    outbox/<share>/uploads.json    {part: upload id}
    outbox/<share>/<part>          ciphertext

A folder without a record was never finished encrypting. Nothing in an outbox can be read without the passphrase.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clients.sdk.client import Client
from clients.sdk.content import Content
from clients.sdk.home import damaged, read_json, write_json
from keys import sealing
from keys.canonical import NotCanonical, canonical, parse
from keys.encoding import decode, encode
from protocol.identifiers import ShareId, UploadId
from protocol.statements.share import BODY, HEADER, Part

_RECORD, _UPLOADS = "record.json", "uploads.json"
_ABANDONED_SECONDS = 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class Unsent:
    """One share on its way: the wish (`fingerprint`, and as `sending` writes it), its content, whether it may wait."""

    fingerprint: str
    wanted: Mapping[str, Any]
    content: Content
    hold: bool
    folder: Path = field(repr=False)

    def uploads(self) -> dict[str, UploadId]:
        """Return the uploads begun, by part."""
        return {part: UploadId.parse(upload) for part, upload in read_json(self.folder / _UPLOADS).items()}

    def keep_upload(self, part: str, upload: UploadId | None) -> None:
        """Remember an upload, or (null) forget one that the server no longer has."""
        known = {**self.uploads(), part: upload}
        write_json(self.folder / _UPLOADS, {name: kept for name, kept in known.items() if kept is not None})

    def discard(self) -> None:
        """Forget it: it was sent, or refused."""
        discard(self.folder)


def folder_of(client: Client, share: ShareId) -> Path:
    """Return where a share's ciphertexts lie until it is sent."""
    return client.home.folder / "outbox" / share


def keep(client: Client, fingerprint: str, wanted: Mapping[str, Any], content: Content, *, hold: bool) -> Unsent:
    """Keep an encrypted share until it is sent; the record comes last."""
    folder = folder_of(client, content.share)
    (folder / HEADER).write_bytes(content.header)
    (folder / BODY).write_bytes(content.body)
    value = {
        "v": 1,
        "fingerprint": fingerprint,
        "wanted": dict(wanted),
        "parts": [part.to_json() for part in content.parts],
        "header_key": encode(content.header_key),
        "body_key": encode(content.body_key),
        "hold": hold,
    }
    own = client.home.keyring.sealing.public
    sealed = sealing.seal(canonical(value), own, _info(content.share))
    write_json(folder / _RECORD, {"v": 1, "sealed": encode(sealed)})
    return Unsent(fingerprint, wanted, content, hold, folder)


def waiting(client: Client) -> list[Unsent]:
    """Return every share that is not sent yet, oldest first, and clear away what was abandoned while encrypting."""
    found = []
    for folder in sorted((client.home.folder / "outbox").glob(f"{ShareId.prefix}_*")):
        if (folder / _RECORD).exists():
            found.append(_read(client, folder))
        elif time.time() - folder.stat().st_mtime > _ABANDONED_SECONDS:
            discard(folder)
    return sorted(found, key=lambda unsent: (unsent.folder / _RECORD).stat().st_mtime_ns)


def find(client: Client, fingerprint: str) -> Unsent | None:
    """Return the share that was begun for this wish and not sent yet."""
    return next((unsent for unsent in waiting(client) if unsent.fingerprint == fingerprint), None)


def discard(folder: Path) -> None:
    """Remove a share's folder, the record first: what is left of it is not gone on with."""
    (folder / _RECORD).unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


def _read(client: Client, folder: Path) -> Unsent:
    try:
        share = ShareId.parse(folder.name)
        sealed = decode(read_json(folder / _RECORD)["sealed"])
        value = parse(sealing.unseal(sealed, client.home.keyring.sealing, _info(share)))
        parts = tuple(Part.parse(part) for part in value["parts"])
        content = Content(
            share,
            parts,
            (folder / HEADER).read_bytes(),
            (folder / BODY).read_bytes(),
            {part.part: folder / part.part for part in parts if part.part not in {HEADER, BODY}},
            decode(value["header_key"]),
            decode(value["body_key"]),
        )
        return Unsent(str(value["fingerprint"]), value["wanted"], content, value["hold"] is True, folder)
    except (sealing.CannotOpen, NotCanonical, ValueError, LookupError, TypeError, OSError) as error:
        raise damaged(folder) from error


def _info(share: ShareId) -> bytes:
    return canonical({"v": 1, "use": "outbox", "share": share})
