"""Every sentence a person is shown by the protocol, in bokmål and English: why not, and what a consent says.

The texts lie in `nb.json` and `en.json`. No family's name is ever put into one: units are named, persons are
"the family".
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

from protocol.consent.age import wall_clock
from protocol.consent.terms import Party, Terms, Text, UnitParty
from protocol.consent.vocabulary import Category, Kind, Language, Purpose
from protocol.identifiers import Instant, UnitId


class NoText(LookupError):
    """There is no sentence for this code in this language, or a unit was given no name."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a consent text tells: everything in the terms that a signer must understand."""

    kind: Kind
    purpose: Purpose
    senders: tuple[Party, ...]
    receivers: tuple[Party, ...]
    categories: tuple[Category, ...]
    share_until: Instant
    read_until: Instant
    onward: bool = False

    @classmethod
    def of(cls, terms: Terms) -> Contents:
        """Take from terms what their text must say."""
        return cls(
            terms.kind,
            terms.purpose,
            terms.senders,
            terms.receivers,
            terms.categories,
            terms.share_until,
            terms.read_until,
            terms.onward,
        )


def sentence(reason_code: str, language: str) -> str:
    """Return the sentence for a reason: why not, the next step, and the other channel where the law has one.

    Raises:
        NoText: an unknown code or language.
    """
    try:
        text: str = texts(language)["reasons"][reason_code]
    except KeyError as error:
        raise NoText(f"no sentence for {reason_code} in {language}") from error
    return text


def consent_text(contents: Contents, unit_names: Mapping[UnitId, str], language: Language) -> Text:
    """Write the plain-language text of a consent: why, what, from whom to whom, until when, if no, how to withdraw.

    Pure: a client that shows terms renders them anew and refuses terms whose text says something else.

    Raises:
        NoText: a unit among the parties has no name in `unit_names`.
    """
    words = texts(language)["consent"]
    filled = {
        "kind": words["kinds"][contents.kind],
        "why": words["purposes"][contents.purpose]["why"],
        "no": words["purposes"][contents.purpose]["no"],
        "onward": words["onward"]["yes" if contents.onward else "no"],
        "categories": _series([words["categories"][each] for each in contents.categories], words),
        "senders": _series([_name(party, unit_names, words) for party in contents.senders], words),
        "receivers": _series([_name(party, unit_names, words) for party in contents.receivers], words),
        "share_until": _moment(contents.share_until, words),
        "read_until": _moment(contents.read_until, words),
    }
    body = "\n\n".join(paragraph.format_map(filled) for paragraph in words["paragraphs"])
    return Text(words["version"], language, body)


@lru_cache(maxsize=len(Language))
def texts(language: str) -> Mapping[str, Any]:
    """Return all texts of one language.

    Raises:
        NoText: an unknown language.
    """
    if language not in tuple(Language):
        raise NoText(f"there are no texts in {language}")
    read: Mapping[str, Any] = json.loads(
        (resources.files("protocol.texts") / f"{language}.json").read_text(encoding="utf-8")
    )
    return read


def _name(party: Party, unit_names: Mapping[UnitId, str], words: Mapping[str, Any]) -> str:
    if not isinstance(party, UnitParty):
        return str(words["family"])
    if party.unit not in unit_names:
        raise NoText(f"{party.unit} has no name here")
    name = unit_names[party.unit]
    return str(words["subunits"]).format(unit=name) if party.subunits else name


def _series(names: Sequence[str], words: Mapping[str, Any]) -> str:
    """Join names as in speech; several persons of one family are named once."""
    *first, last = dict.fromkeys(names)
    return last if not first else ", ".join(first) + str(words["conjunction"]) + last


def _moment(at: Instant, words: Mapping[str, Any]) -> str:
    local = wall_clock(at)
    month = words["months"][local.month - 1]
    return str(words["moment"]).format(day=local.day, month=month, year=local.year, clock=f"{local:%H:%M}")
