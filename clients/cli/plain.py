"""Other people's words made safe to print: what a terminal would obey is shown, never obeyed.

A title, a message, a unit's name or a file's name is chosen by somebody else. Control characters could move the cursor,
rewrite what was printed, or set the clipboard; marks of writing direction could make a name read backwards.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from rich.markup import escape

_SHOWN = "\N{REPLACEMENT CHARACTER}"
_KEPT = frozenset("\n\t")
_JOINERS = frozenset("\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NON-JOINER}")  # emoji and some scripts are written with them
_LINES = frozenset("\N{LINE SEPARATOR}\N{PARAGRAPH SEPARATOR}")
_LONGEST_NAME = 180
_RESERVED = frozenset('<>:"/\\|?*')


def safe(text: str) -> str:
    """Replace every character that a terminal or a reader's eye would obey; line breaks and tabs stay."""
    return "".join(_SHOWN if _is_obeyed(character) else character for character in text)


def prose(text: str) -> str:
    """Make somebody's message safe to print as it stands, over several lines, with nothing read as our markup."""
    return escape(safe(text))


def plain(text: str) -> str:
    """Make somebody's name or title safe to print within a line of ours."""
    return escape(" ".join(safe(text).split()))


def safe_json(value: Mapping[str, Any]) -> str:
    """Write one JSON object in a line, with what a terminal would obey escaped as JSON allows."""
    written = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return "".join(_escaped(character) if _is_obeyed(character) else character for character in written)


def file_name(name: str, otherwise: str) -> str:
    """Make a sender's file name one that stays in its folder: the last component, not hidden, reserved or too long."""
    last = PurePosixPath(name.replace("\\", "/")).name
    kept = "".join(" " if _is_obeyed(one) or one in _RESERVED or one in _KEPT else one for one in last)
    kept = " ".join(kept.split()).lstrip(". ").rstrip(". ")
    stem, dot, ending = kept.rpartition(".")
    if dot and len(ending) <= 10:  # noqa: PLR2004  (an ending that a person would know)
        kept = _cut(stem, _LONGEST_NAME - len(ending.encode()) - 1) + dot + ending
    return _cut(kept, _LONGEST_NAME) or otherwise


def apart(name: str, taken: set[str]) -> str:
    """Number a name that is taken: `paper.pdf`, `paper (2).pdf`; letters' case does not tell names apart."""
    stem, dot, ending = name.rpartition(".")
    stem, ending = (stem, f".{ending}") if dot and stem else (name, "")
    number, chosen = 1, name
    while chosen.casefold() in taken:
        number += 1
        chosen = f"{stem} ({number}){ending}"
    taken.add(chosen.casefold())
    return chosen


def _is_obeyed(character: str) -> bool:
    # Cc: control. Cf: formatting, with it the marks of direction. Cs: half a character. Co: private use.
    if character in _LINES:
        return True
    if character in _KEPT or character in _JOINERS:
        return False
    return unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co"}


def _escaped(character: str) -> str:
    return json.dumps(character)[1:-1]


def _cut(text: str, most: int) -> str:
    return text.encode()[: max(most, 0)].decode(errors="ignore")
