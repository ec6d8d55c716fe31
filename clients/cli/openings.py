"""Who opened what under a consent, in lines that fit a telephone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from clients.cli.naming import category_names, series, who
from clients.cli.plain import plain
from clients.cli.sending import moment
from clients.cli.session import Session
from clients.sdk.openings import Opening
from protocol.identifiers import PersonId

_ACTS = {
    "receive": ("fikk overskriften", "received the title"),
    "open": ("åpnet", "opened"),
    "reopen": ("åpnet igjen", "opened again"),
}


def opening_json(opened: Sequence[Opening]) -> list[dict[str, Any]]:
    """Tell of openings as JSON."""
    return [
        {
            "act": one.act,
            "by": one.by,
            "name": one.name,
            "unit": one.unit,
            "unit_name": one.unit_name,
            "at": one.at,
            "share": one.share,
            "categories": None if one.what is None else [str(each) for each in one.what.categories],
            "shared_by": None if one.what is None else one.what.unit or one.what.by,
            "shared_at": None if one.what is None else one.what.at,
            "statement": one.statement,
            "leaf": one.index,
        }
        for one in opened
    ]


def opening_lines(session: Session, opened: Sequence[Opening], me: PersonId) -> Iterator[str]:
    """Say who received and opened what, newest first; each was proved before it came here."""
    yield session.say("Hvem som har åpnet hva:", "Who opened what:")
    if not opened:
        yield session.say(
            "  Ingen åpning å vise.",
            "  No opening to show.",
        )
    for one in opened:
        yield f"  {_act(session, one, me)}"
        yield f"    [dim]{_what(session, one, me)}[/dim]"


def latest(opened: Sequence[Opening]) -> Sequence[Opening]:
    """Return the newest opening of content, if there is one; who was only shown a title has opened nothing."""
    return [one for one in opened if one.act != "receive"][:1]


def latest_lines(session: Session, opened: Sequence[Opening], me: PersonId) -> Iterator[str]:
    """Say in the overview who opened something last; nothing where there is nothing to tell."""
    for one in latest(opened):
        yield f"    {session.say('Sist', 'Latest')}: {_act(session, one, me)}"


def _act(session: Session, one: Opening, me: PersonId) -> str:
    person = who(session, one.by, me) if one.by == me or one.name is None else plain(one.name)
    place = "" if one.unit is None else f" ({plain(one.unit_name or one.unit)})"
    return f"{moment(one.at)}  {person}{place} {session.say(*_ACTS[one.act])}"


def _what(session: Session, one: Opening, me: PersonId) -> str:
    if one.what is None:
        return plain(one.share[:12])
    sender = who(session, one.what.by, me) if one.what.unit is None else plain(one.what.unit_name or one.what.unit)
    sorts = series(category_names(session, one.what.categories))
    sent = session.say(f"sendt {moment(one.what.at)} av {sender}", f"sent {moment(one.what.at)} by {sender}")
    return f"{sorts}, {sent}"
