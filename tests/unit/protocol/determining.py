"""Stories in which two registrars determine who signs for the child."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from protocol.consent.vocabulary import AuthorityKind, Capacity, Purpose, Regime, RoleAct
from protocol.identifiers import Instant, PersonId, SubjectId
from protocol.statements.authority import AuthorityBody, AuthorityConfirmationBody, AuthorityEndBody
from protocol.statements.identity import UnitBody
from tests.unit.consent import family as f
from tests.unit.protocol.world import DAY, OFFICER, REGISTRAR, Determining, Step, Story, statement_id, step

CHILD_WELFARE = f.holder(f.CASEWORKER, Capacity.CHILD_WELFARE)
PURPOSES = tuple(sorted(set(Purpose) - {Purpose.OWN_SENDING}))

BY_CASEWORKER: tuple[Step, ...] = (
    step(
        "terms",
        body={"roles": tuple(replace(role, person=f.CASEWORKER) for role in f.terms().roles[:1]) + f.terms().roles[2:]},
    ),
    step("mother signs", who=f.CASEWORKER),
)
"""The caseworker is asked, and signs where the mother otherwise would."""
assert {role.act for role in f.terms().roles[:1]} == {RoleAct.SIGNS}


def order(now: int, **changes: Any) -> AuthorityBody:
    """A care order by which the caseworker signs."""
    told: dict[str, Any] = {
        "id": statement_id(70),
        "not_after": Instant(now + 300 * DAY),
        "subject": f.CHILD,
        "by": AuthorityKind.CARE_ORDER,
        "number": "BHN-2026-0417",
        "decided_on": date(2026, 8, 20),
        "unit": f.WELFARE,
        "persons": (f.CASEWORKER,),
        "purposes": PURPOSES,
        "holds_from": Instant(now - DAY),
        "holds_to": None,
    }
    return AuthorityBody(**(told | changes))


def confirmation(digest: str, number: int = 71, subject: SubjectId = f.CHILD) -> AuthorityConfirmationBody:
    return AuthorityConfirmationBody(statement_id(number), subject, digest)


def end(digest: str, number: int = 72) -> AuthorityEndBody:
    return AuthorityEndBody(statement_id(number), f.CHILD, digest)


def service(story: Story) -> None:
    """Register the child welfare service and vouch for its caseworker."""
    body = UnitBody(
        1, Instant(story.now + 80 * DAY), f.WELFARE, "BARNEVERN", "Kommunen", "999999999", None, Regime.CHILD_WELFARE
    )
    story.do("welfare unit", REGISTRAR, body)
    story.do("caseworker", REGISTRAR, story.endorse(REGISTRAR, f.CASEWORKER, "person", None))


def on_sheet(*digests: str) -> Mapping[str, Any]:
    """What the sheet says then: parents and caseworker, and what was determined."""
    return {"may_sign": (*f.sheet().may_sign, CHILD_WELFARE), "authorities": tuple(sorted(digests))}


def in_care(*, by: PersonId = REGISTRAR, second: PersonId | None = OFFICER, **changes: Any) -> Determining:
    """A care order, confirmed unless nobody is `second`."""

    def determining(story: Story) -> Mapping[str, Any]:
        service(story)
        digest = story.do("order", by, order(story.now, **changes)).digest
        if second is not None:
            story.do("confirmation", second, confirmation(digest))
        return on_sheet(digest)

    return determining
