"""The content of a share: a sealed header, an encrypted body, and files, each under a key of its own (DESIGN §10)."""

from __future__ import annotations

import hashlib
import io
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from clients.pdf import prepare
from keys import streaming
from keys.canonical import canonical
from keys.encoding import decode, encode
from protocol.identifiers import ShareId
from protocol.reading import Fields, integer, listed, text
from protocol.share import part_data
from protocol.statements.share import BODY, HEADER, Part

KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file to send: where it is, the category it falls under, and the name that the recipient sees."""

    path: Path
    category: str
    name: str


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One file as the sealed body lists it; `sha256` is of the plaintext."""

    part: str
    name: str
    media_type: str
    key: bytes
    size: int
    sha256: str

    @classmethod
    def parse(cls, value: object) -> FileEntry:
        """Take `{part, name, media_type, key, size, sha256}`."""
        fields = Fields(value, "file")
        entry = cls(
            fields.take("part", text),
            fields.take("name", text),
            fields.take("media_type", text),
            fields.take("key", lambda value: decode(text(value))),
            fields.take("size", integer),
            fields.take("sha256", text),
        )
        fields.done()
        return entry

    def to_json(self) -> dict[str, Any]:
        """Return the form that `parse` takes."""
        return {
            "part": self.part,
            "name": self.name,
            "media_type": self.media_type,
            "key": encode(self.key),
            "size": self.size,
            "sha256": self.sha256,
        }


@dataclass(frozen=True, slots=True)
class Content:
    """Encrypted content, ready to be sealed: parts, inline ciphertexts, files on disk, and the two keys."""

    share: ShareId
    parts: tuple[Part, ...]
    header: bytes
    body: bytes
    files: Mapping[str, Path]
    header_key: bytes
    body_key: bytes


@dataclass(frozen=True, slots=True)
class Body:
    """What the sealed body says: a message, a structured form, and the files with their keys."""

    message: str | None
    form: Mapping[str, Any] | None
    files: tuple[FileEntry, ...]

    @classmethod
    def parse(cls, value: object) -> Body:
        """Take `{v, message, form, files}`."""
        fields = Fields(value, "body")
        fields.version()
        body = cls(
            fields.take_or_null("message", text),
            fields.take_or_null("form", dict),
            fields.take("files", listed(FileEntry.parse, most=20)),
        )
        fields.done()
        return body

    def to_json(self) -> dict[str, Any]:
        """Return the form that `parse` takes."""
        return {
            "v": 1,
            "message": self.message,
            "form": None if self.form is None else dict(self.form),
            "files": [entry.to_json() for entry in self.files],
        }


def encrypt(
    share: ShareId,
    header: Mapping[str, Any],
    *,
    message: str | None,
    form: Mapping[str, Any] | None,
    category: str,
    attachments: list[Attachment],
    folder: Path,
) -> Content:
    """Clean and encrypt everything; ciphertexts of files are written under `folder`.

    `category` is that of the body itself. The plaintext of a file exists only in memory.

    Raises:
        UnsafeFile: a file is not taken; its sentence says why.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    entries: list[FileEntry] = []
    parts: list[Part] = []
    files: dict[str, Path] = {}
    for number, attachment in enumerate(attachments, start=1):
        part = f"file-{number}"
        kind, safe = prepare(attachment.path.read_bytes())
        key = secrets.token_bytes(KEY_BYTES)
        ciphertext = folder / part
        with ciphertext.open("wb") as sink:
            streaming.encrypt(io.BytesIO(safe), sink, key, part_data(share, part))
        digest = hashlib.sha256(safe).hexdigest()
        entries.append(FileEntry(part, attachment.name, str(kind), key, len(safe), digest))
        parts.append(Part(part, attachment.category, ciphertext.stat().st_size, file_digest(ciphertext)))
        files[part] = ciphertext
    header_key, body_key = secrets.token_bytes(KEY_BYTES), secrets.token_bytes(KEY_BYTES)
    listed_files = [{"name": entry.name, "media_type": entry.media_type, "size": entry.size} for entry in entries]
    sealed_header = seal_part(share, HEADER, header_key, {"v": 1, **header, "files": listed_files})
    sealed_body = seal_part(share, BODY, body_key, Body(message, form, tuple(entries)).to_json())
    return Content(
        share,
        (_part(HEADER, None, sealed_header), _part(BODY, category, sealed_body), *parts),
        sealed_header,
        sealed_body,
        files,
        header_key,
        body_key,
    )


def seal_part(share: ShareId, part: str, key: bytes, value: Mapping[str, Any]) -> bytes:
    """Encrypt a small JSON value as one part."""
    sink = io.BytesIO()
    streaming.encrypt(io.BytesIO(canonical(dict(value))), sink, key, part_data(share, part))
    return sink.getvalue()


def open_part(share: ShareId, part: str, key: bytes, ciphertext: bytes) -> Any:
    """Decrypt a small JSON part; raises `keys.streaming.BadCiphertext`."""
    sink = io.BytesIO()
    # What is no longer than a segment is one, of whatever size: room for a whole one would cost more than the cipher.
    segment = min(max(len(ciphertext), streaming.SMALLEST_SEGMENT), streaming.SEGMENT)
    streaming.decrypt(io.BytesIO(ciphertext), sink, key, part_data(share, part), segment_size=segment)
    return json.loads(sink.getvalue())


def decrypt_file(share: ShareId, entry: FileEntry, source: BinaryIO, sink: BinaryIO) -> None:
    """Decrypt one file; raises `keys.streaming.BadCiphertext`."""
    streaming.decrypt(source, sink, entry.key, part_data(share, entry.part))


def file_digest(path: Path) -> str:
    """SHA-256 of a file, lower-case hex, in constant memory."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _part(name: str, category: str | None, ciphertext: bytes) -> Part:
    return Part(name, category, len(ciphertext), hashlib.sha256(ciphertext).hexdigest())
