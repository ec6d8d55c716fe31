"""Every error that a person may meet, in bokmål and English: what happened, and what to do next.

`errors` in `nb.json` and `en.json` has one sentence a code. `{…}` stands for a fact of the error: a file, a name as it
was typed, a number. A code without a sentence is told in the error's own words.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from typing import Any

from clients.sdk.errors import SdkError, Tampered
from protocol.consent.vocabulary import Language
from protocol.texts import NoText, sentence


def told(error: SdkError, language: Language) -> str:
    """Return what to say about an error in a language: the law's sentence, ours, or the error's own."""
    try:
        return sentence(error.code, language)
    except NoText:
        pass
    words = texts(language)
    try:
        said = str(words["errors"][error.code]).format_map(error.facts)
    except KeyError:
        return str(error)
    if isinstance(error, Tampered) and "path" in error.facts:
        return f"{said} {words['evidence'].format_map(error.facts)}"
    return said


def phrase(name: str, language: Language) -> str:
    """Return one of the short texts of the command line."""
    return str(texts(language)["phrases"][name])


@lru_cache(maxsize=len(Language))
def texts(language: Language) -> Mapping[str, Any]:
    """Return all texts of one language."""
    read: Mapping[str, Any] = json.loads(
        (resources.files("clients.texts") / f"{language}.json").read_text(encoding="utf-8")
    )
    return read
