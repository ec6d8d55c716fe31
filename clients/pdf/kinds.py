"""What a file is, by its first bytes: its name proves nothing."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from clients.pdf.reasons import Reason, UnsafeFile

LARGEST_FILE: Final = 200 * 1024 * 1024
"""Bytes that one file may have by default."""

_PDF_HEADER_WITHIN: Final = 1024  # readers look that far for %PDF- (ISO 32000-1 Annex H.3 note 13)
_LEGACY_OFFICE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HEIC_BRANDS: Final = frozenset({b"heic", b"heix", b"heif", b"mif1", b"msf1", b"hevc"})
_TEXT_CONTROLS: Final = frozenset("\t\n\r\f")


class Kind(StrEnum):
    """The kinds of file that are taken, by media type."""

    PDF = "application/pdf"
    JPEG = "image/jpeg"
    PNG = "image/png"
    TEXT = "text/plain"


def sniff(content: bytes, *, largest: int = LARGEST_FILE) -> Kind:
    """Tell the kind of a file by its content.

    Args:
        content: the whole file.
        largest: the most bytes it may have.

    Raises:
        UnsafeFile: empty, too large, or of a kind that is not taken.
    """
    if not content:
        raise UnsafeFile(Reason.EMPTY)
    if len(content) > largest:
        raise UnsafeFile(Reason.TOO_LARGE)
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return Kind.PNG
    if content.startswith(b"\xff\xd8\xff"):
        return Kind.JPEG
    if content.startswith((b"PK\x03\x04", b"PK\x05\x06", _LEGACY_OFFICE, b"{\\rtf")):
        raise UnsafeFile(Reason.OFFICE_DOCUMENT)
    if content[4:8] == b"ftyp" and content[8:12] in _HEIC_BRANDS:
        raise UnsafeFile(Reason.HEIC_PHOTO)
    if b"%PDF-" in content[:_PDF_HEADER_WITHIN]:
        return Kind.PDF
    return _sniff_text(content)


def _sniff_text(content: bytes) -> Kind:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        # Old Latin-1 text has no NUL and hardly any control bytes; a program or picture is full of them.
        looks_like_text = not any(byte < ord(" ") and chr(byte) not in _TEXT_CONTROLS for byte in content[:4096])
        raise UnsafeFile(Reason.TEXT_NOT_READABLE if looks_like_text else Reason.KIND_NOT_TAKEN) from None
    if any(character < " " and character not in _TEXT_CONTROLS for character in text):
        raise UnsafeFile(Reason.KIND_NOT_TAKEN)
    return Kind.TEXT
