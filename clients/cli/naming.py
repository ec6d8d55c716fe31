"""How people, units and sorts of content are called where lines are printed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from clients.cli.plain import plain
from clients.cli.session import Session
from protocol.consent.vocabulary import Category
from protocol.identifiers import PersonId, UnitId
from protocol.texts import texts


def category_names(session: Session, categories: Iterable[Category]) -> list[str]:
    """Name sorts of content in the reader's language."""
    names = texts(session.language)["consent"]["categories"]
    return [str(names[category]) for category in categories]


def named(session: Session, names: Mapping[UnitId, str], party: str, me: PersonId) -> str:
    """Name a unit as it is registered, or a person as `who` does."""
    if party.startswith(f"{UnitId.prefix}_"):
        return plain(names.get(UnitId(party), party))
    return who(session, party, me)


def who(session: Session, person: str, me: PersonId) -> str:
    """Call a person `you`, or by their id: families' names are never in clear."""
    return session.say("du", "you") if person == me else person


def series(names: Sequence[str]) -> str:
    """Write names in a row."""
    return ", ".join(names) if names else "-"
