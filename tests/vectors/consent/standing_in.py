"""Questions on who signs when it is not simply the parents: orders, mandates, settlements; half of them are denied."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from protocol.consent.authority import Authority
from protocol.consent.case import ConsentFacts
from protocol.consent.vocabulary import AuthorityKind, Capacity, Category, Purpose, Responsibility
from protocol.identifiers import Instant
from tests.unit.consent import family as f
from tests.unit.consent.family import BOTH, CASEWORKER, DAY, FATHER, GRANDMOTHER, MOTHER, NOW, SIGNED, SUCCESSOR
from tests.vectors.consent.denied import Question

BEFORE = Instant(SIGNED - DAY)
SERVICE = (
    f.holder(MOTHER),
    f.holder(FATHER),
    f.holder(CASEWORKER, Capacity.CHILD_WELFARE),
    f.holder(SUCCESSOR, Capacity.CHILD_WELFARE),
)
REPRESENTED = (f.holder(GRANDMOTHER, Capacity.REPRESENTATIVE),)


def by(*signers: Any, at: int = SIGNED) -> ConsentFacts:
    """A consent that was asked of those who sign it."""
    first, _, heard = f.terms().roles
    roles = (*(replace(first, person=each) for each in signers), heard)
    return f.consent(roles=roles, signatures=tuple(f.signature(each, at) for each in signers))


def under(
    *authorities: Authority, signed: ConsentFacts | None = None, at: int = NOW, listed: Any = SERVICE, **sheet: Any
) -> Question:
    """Return a share, by the caseworker's signature unless another is given."""
    consent = by(CASEWORKER) if signed is None else signed
    case = f.case(consent, sheet=f.sheet(may_sign=listed, may_know=listed, authorities=authorities, **sheet))
    return f.share(consent), case, Instant(at)


def order(kind: AuthorityKind = AuthorityKind.CARE_ORDER, **changes: Any) -> Authority:
    """An order from before anybody signed."""
    told = {"recorded_at": BEFORE, "known_at": BEFORE, "holds_from": BEFORE, "persons": (CASEWORKER, SUCCESSOR)}
    return f.authority(kind, **(told | changes))


def own_sending(category: Category) -> Question:
    """Return a mother's own sending under a care order."""
    own = f.consent(
        MOTHER,
        purpose=Purpose.OWN_SENDING,
        senders=f.parties(MOTHER),
        receivers=f.parties(f.BUP, MOTHER),
        categories=(category,),
    )
    asked, case, at = under(order(), signed=own)
    return replace(asked, receivers=(f.BUP,)), case, at


def standing_in() -> dict[str, Question]:
    """Return the questions."""
    emergency = order(AuthorityKind.EMERGENCY_ORDER, holds_to=NOW)
    mandate = order(AuthorityKind.MANDATE, persons=(GRANDMOTHER,), holds_to=Instant(NOW + 1))
    settled = order(AuthorityKind.RESPONSIBILITY, persons=(MOTHER, FATHER))
    unknown: dict[str, Any] = {"signed": BOTH, "listed": SERVICE[:2], "responsibility": Responsibility.UNKNOWN}
    alone: dict[str, Any] = {"signed": by(GRANDMOTHER), "listed": REPRESENTED, "responsibility": Responsibility.UNKNOWN}
    left = (*SERVICE[:2], f.holder(CASEWORKER, Capacity.CHILD_WELFARE, until=SIGNED + DAY), SERVICE[3])
    ended = order(ending_at=SIGNED, ended_at=SIGNED)
    return {
        "the service signs under a care order": under(order()),
        "the parents sign under a care order": under(order(), signed=BOTH),
        "the service signs without an order": under(),
        "an order that one registrar recorded": under(order(known_at=None)),
        "an order that was confirmed later": under(order(known_at=Instant(SIGNED + 1))),
        "an order that was to be rechecked": under(order(not_after=NOW)),
        "an order that was rechecked": under(order(not_after=NOW), order(known_at=SIGNED)),
        "an order whose end one registrar recorded": under(order(ending_at=NOW)),
        "an order that has ended": under(ended),
        "what the parents signed before the order": under(order(recorded_at=NOW, known_at=NOW), signed=BOTH),
        "what the parents signed before an order that has ended since": under(
            order(recorded_at=Instant(SIGNED + 1), ended_at=NOW), signed=BOTH
        ),
        "what the parents signed as the order ended": under(ended, signed=BOTH),
        "an order for another purpose": under(order(purposes=(Purpose.REFERRAL,)), signed=BOTH),
        "an order that names somebody else": under(order(persons=(SUCCESSOR,))),
        "a caseworker who is not on the sheet": under(order(), listed=SERVICE[:2]),
        "a caseworker who has left since": under(order(), listed=left),
        "a caseworker who had left": under(order(), signed=by(CASEWORKER, at=SIGNED + DAY), listed=left),
        "an emergency order in its last instant": under(emergency, at=NOW - 1),
        "an emergency order at its end": under(emergency),
        "a care order after an emergency order": under(emergency, order()),
        "a care order of another service": under(
            order(), order(unit=f.BOROUGH, known_at=NOW, persons=(SUCCESSOR,)), signed=by(CASEWORKER)
        ),
        "a representative": under(mandate, **alone),
        "a representative without a mandate": under(**alone),
        "a representative whose mandate has ended": under(mandate, at=NOW + 1, **alone),
        "a representative whose mandate nobody confirmed": under(replace(mandate, known_at=None), **alone),
        "who has responsibility, settled": under(settled, **unknown),
        "who has responsibility, not settled": under(**unknown),
        "who has responsibility, settled for fewer": under(replace(settled, persons=(MOTHER,)), **unknown),
        "a parent's own observations under an order": own_sending(Category.OWN_OBSERVATIONS),
        "a parent's papers under an order": own_sending(Category.OTHER_DOCUMENT),
    }
