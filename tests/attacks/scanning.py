"""Finding words in bytes, however they are written: what a thief of everything that the server keeps would look for."""

from __future__ import annotations

import base64
import json
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "latin-1")
ENCODED_AGAIN = ("utf-8", "utf-16-le")
"""What programs write before they turn it into base64."""


def readings(word: str) -> set[str]:
    """Give a word as it could be written: other case, other normal form, without accents or spaces, backwards."""
    forms = {unicodedata.normalize(form, word) for form in ("NFC", "NFD", "NFKC", "NFKD")}
    forms |= {"".join(letter for letter in unicodedata.normalize("NFKD", word) if letter.isascii())}
    forms |= {form.replace(" ", "") for form in forms}
    forms |= {change(form) for form in set(forms) for change in (str.lower, str.upper)}
    return forms | {form[::-1] for form in forms}


def writings(word: str) -> set[bytes]:
    """Give every row of bytes that would betray the word."""
    found = set()
    for form in readings(word):
        found |= {json.dumps(form)[1:-1].encode(), quote(form).encode()}
        for encoding in ENCODINGS:
            try:
                raw = form.encode(encoding)
            except UnicodeEncodeError:
                continue
            found |= {raw, raw.hex().encode(), raw.hex().upper().encode()}
            if encoding in ENCODED_AGAIN:
                found |= set(in_base64(raw))
    return found


def in_base64(raw: bytes) -> Iterator[bytes]:
    """Give the letters of base64 that are the same whatever stands before and after, at each of the three offsets."""
    for offset in range(3):
        written = base64.b64encode(bytes(offset) + raw)
        first, end = -(-offset * 8 // 6), (offset + len(raw)) * 8 // 6
        yield written[first:end]
        yield written[first:end].translate(bytes.maketrans(b"+/", b"-_"))


def kept(folder: Path) -> dict[str, bytes]:
    """Read every file below a folder, names included."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    names = "\n".join(str(path.relative_to(folder)) for path in sorted(folder.rglob("*"))).encode()
    return {"the names of files": names} | {str(path.relative_to(folder)): path.read_bytes() for path in files}


def betrayed(words: list[str], where: dict[str, bytes]) -> list[tuple[str, str, bytes]]:
    """Give (word, place, writing) for every word that is found somewhere."""
    return [
        (word, place, writing)
        for word in words
        for writing in sorted(writings(word))
        for place, content in where.items()
        if writing in content
    ]
