"""Turning what people type into what the SDK takes; every mistake becomes a sentence that says what was expected."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TypeVar

from clients.sdk.client import Client
from clients.sdk.errors import Misused
from clients.sdk.units import registered
from protocol.identifiers import BadIdentifier, Identifier, MatterId, PersonId, SubjectId, UnitId

I = TypeVar("I", bound=Identifier)  # noqa: E741  (an identifier)
W = TypeVar("W", bound=StrEnum)


def identifier(kind: type[I], written: str) -> I:
    """Read an id; raises `Misused`."""
    try:
        return kind.parse(written)
    except BadIdentifier as error:
        raise Misused(
            "bad-id", f"{written!r} is not an id of this kind: {error}.", given=written, kind=kind.prefix
        ) from error


def word(kind: type[W], written: str) -> W:
    """Read one of a closed list of words; raises `Misused` with the list."""
    try:
        return kind(written)
    except ValueError as error:
        raise not_a_word(written, tuple(kind)) from error


def not_a_word(written: str, words: Sequence[str]) -> Misused:
    """Return the error for a word that is not on its list."""
    known = ", ".join(words)
    return Misused("bad-word", f"{written!r} is none of {known}.", given=written, words=known)


async def holders(client: Client, written: Sequence[str]) -> tuple[PersonId | UnitId, ...]:
    """Read recipients: `per_…`, `unt_…`, or (the beginning of) a unit's name, which must fit one unit only."""
    return tuple([await holder(client, one) for one in written])


async def holder(client: Client, written: str) -> PersonId | UnitId:
    """Read one recipient; raises `Misused` if a name fits no unit or several."""
    if written.startswith(f"{PersonId.prefix}_"):
        return identifier(PersonId, written)
    return await unit(client, written)


async def unit(client: Client, written: str) -> UnitId:
    """Read a unit by id or by the beginning of its name."""
    if written.startswith(f"{UnitId.prefix}_"):
        return identifier(UnitId, written)
    named = {one.unit: one.name for one in await registered(client)}
    fitting = [one for one, name in named.items() if name.casefold().startswith(written.casefold())]
    if len(fitting) != 1:
        known = ", ".join(sorted(named[one] for one in fitting)) or "-"
        raise Misused(
            "unclear-unit",
            f"{written!r} fits: {known}. Write more of the name, or its id (unt_…).",
            given=written,
            known=known,
        )
    return fitting[0]


async def own_unit(client: Client, written: str | None) -> UnitId | None:
    """Return the unit I act for: the one named, else my only one, else none."""
    if written is not None:
        return await unit(client, written)
    mine = (await client.transport.get("/v1/me"))["units"]
    if len(mine) > 1:
        known = ", ".join(mine)
        raise Misused(
            "which-unit",
            f"You are a member of {len(mine)} units; say which with --unit: {known}.",
            count=len(mine),
            known=known,
        )
    return UnitId.parse(mine[0]) if mine else None


async def child(client: Client, written: str | None) -> SubjectId:
    """Return the child it is about: the one named, else the only one whose sheet I am on."""
    if written is not None:
        return identifier(SubjectId, written)
    mine = (await client.transport.get("/v1/me"))["subjects"]
    if len(mine) != 1:
        raise Misused("which-child", "Say which child it is about with --child sub_… .")
    return SubjectId.parse(mine[0])


def matter(written: str) -> MatterId:
    """Read a matter's id."""
    return identifier(MatterId, written)
