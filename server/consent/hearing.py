"""Which hearings count for a consent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from protocol.consent.terms import UnitParty
from server.identity import store as identity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from protocol.consent.terms import Terms
    from protocol.identifiers import UnitId


class _ForUnit(Protocol):
    """A hearing with the unit that it was recorded for; None if the youth told it."""

    @property
    def unit(self) -> UnitId | None: ...


H = TypeVar("H", bound=_ForUnit)


def counted(connection: Connection, heard: Sequence[H], terms: Sequence[Terms]) -> list[H]:
    """Keep the hearings of one matter that go with these terms: the youth's own, and those by units that are parties.

    What is listed with a consent, sent along with an envelope and counted in a decision is the same. A hearing by any
    other unit would tell of that unit to somebody who may not know that it takes part, and so would a decision that
    hangs on one (DESIGN §1, promise 7). No child is silenced by that: the youth's own word counts everywhere.
    """
    parties = [party for each in terms for party in (*each.senders, *each.receivers) if isinstance(party, UnitParty)]
    present = {party.unit for party in parties}
    wide = {party.unit for party in parties if party.subunits}
    others = {each.unit for each in heard if each.unit is not None} - present
    if wide and others:
        known = identity.units(connection, others)
        present |= {unit for unit in others & known.keys() if wide.intersection(known[unit].ancestors)}
    return [each for each in heard if each.unit is None or each.unit in present]
