"""Who is kept from what in one matter, written once more from the law's side (pbrl § 3-4, DOMAIN E13).

Every ask and every decision to withhold hides from its own instant. It stops hiding when the youth ends what the youth
asked for, when a later decision hides at least as much, or a week after the youth has been told of a decision that
hides less. Nothing here ends by the passing of time but the power of a decision to leave the parents out of signing.
"""

from __future__ import annotations

from dataclasses import dataclass

WEEK = 7 * 86_400_000
EVERYTHING = frozenset({"content", "existence", "notices", "log", "unit-name"})


@dataclass(frozen=True)
class Said:
    """One word on a matter: asked, withheld, declined, told or ended. `about` is the decision the youth is told of."""

    word: str
    at: int
    youth_asks: bool = True
    persons: frozenset[str] = frozenset()
    hides: frozenset[str] = EVERYTHING
    review: int = 0
    about: int = -1


Words = list[Said]


def hidden(words: Words, who: str, at: int) -> frozenset[str]:
    """Name what is hidden from somebody."""
    found = [each.hides for place, each in enumerate(words) if who in each.persons and _hides(words, place, at)]
    return frozenset().union(*found)


def anything_hidden(words: Words, at: int, *, youth_asked: bool = False) -> bool:
    """Say whether anything is hidden from anybody, or anything that the youth asked for."""
    return any((each.youth_asks or not youth_asked) and _hides(words, place, at) for place, each in enumerate(words))


def decided(words: Words) -> Said | None:
    """Give the decision that stands: the last one, unless it was a yes to the youth, and the youth has ended it."""
    standing = None
    for each in words:
        if each.word in {"withheld", "declined"}:
            standing = each
        elif each.word == "ended" and standing is not None and standing.persons and standing.youth_asks:
            standing = None
    return standing


def left_out(words: Words, at: int) -> frozenset[str]:
    """Name who is left out of signing: kept from the content by the last decision, until its review."""
    past = [each for each in words if each.at <= at]
    last = max((place for place, each in enumerate(past) if each.word in {"withheld", "declined"}), default=None)
    if last is None or at >= past[last].review or "content" not in past[last].hides:
        return frozenset()
    ended = past[last].youth_asks and any(each.word == "ended" for each in past[last:])
    return frozenset() if ended else past[last].persons


def _hides(words: Words, place: int, at: int) -> bool:
    layer = words[place]
    if layer.word not in {"asked", "withheld"} or at < layer.at:
        return False
    return not any(_lifts(each, layer, words, place) <= at for each in words[place + 1 :])


def _lifts(later: Said, layer: Said, words: Words, place: int) -> float:
    """Say from when a later word stops a layer from hiding."""
    if later.word == "ended":
        return later.at if layer.youth_asks else float("inf")
    if later.word == "withheld" and layer.persons <= later.persons and layer.hides <= later.hides:
        return later.at
    if later.word == "told" and later.about > place and words[later.about].word in {"withheld", "declined"}:
        return later.at + WEEK
    return float("inf")
