"""Rules for what registrars determine, two by two, about who may sign for a child."""

from __future__ import annotations

from typing import TYPE_CHECKING

from protocol.authorities import Determined, bound, require_determinable
from protocol.consent.vocabulary import Regime
from protocol.identity import REGISTRAR
from protocol.log.details import Details
from protocol.log.event import Event
from protocol.statements.authority import AuthorityBody, AuthorityWord
from protocol.statements.base import Refused
from server.identity.chain import require_alive, require_right
from server.identity.store import authorities, mailboxes, subjects

if TYPE_CHECKING:
    from protocol.statements.base import Statement
    from protocol.statements.identity import SheetBody
    from server.audit.batch import Work


def determine(work: Work, statement: Statement[AuthorityWord], fingerprint: str) -> int:
    """Keep a registrar's word: an order, a mandate or a settlement, its confirmation, its end."""
    body, connection = statement.body, work.connection
    require_right(work, statement, fingerprint, REGISTRAR)
    if subjects.sheet(connection, body.subject) is None:
        raise Refused("bad-authority", "no registrar has recorded this child")
    word = Determined.of(statement, work.at)
    require_determinable(word, {each.digest: each for each in authorities.words_about(connection, body.subject)})
    unit = body.unit if isinstance(body, AuthorityBody) else None
    if isinstance(body, AuthorityBody):
        require_alive(body.not_after, work.at)
    if unit is not None:
        known = mailboxes.unit_facts(connection, [unit]).get(unit)
        if known is None or known.regime is not Regime.CHILD_WELFARE:
            raise Refused("not-entitled", "an order names a child welfare service that is registered")
    details = Details(
        actor=statement.iss, act=body.kind, subject=body.subject, unit=unit, statements=(statement.digest,)
    )
    index = work.append(Event.FACT_RECORDED, details, body.subject)
    authorities.add_word(connection, word, index)
    return index


def require_named(work: Work, body: SheetBody) -> None:
    """Check that a sheet names everything that was determined about its child, and nothing else.

    Raises:
        Refused: `other-authorities`. Left out by mistake, an order could be hidden from whoever opens.
    """
    if body.authorities != bound(authorities.words_about(work.connection, body.subject)):
        raise Refused("other-authorities", "the sheet must name every order, mandate and settlement, and their ends")
