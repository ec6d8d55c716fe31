"""The story once more, in a matter that is withheld from both parents: the youth, 13, signs alone."""

from __future__ import annotations

from typing import Any

from protocol.consent.terms import Role
from protocol.consent.vocabulary import ALL_ASPECTS, Aspect, Ground, RoleAct
from protocol.identifiers import Instant, PersonId, UnitId
from protocol.statements.shields import ShieldAskBody, ShieldDeclineBody, ShieldWithholdBody
from tests.unit.consent import family as f
from tests.unit.protocol.world import DAY, REGISTRAR, Saying, Step, Story, sha, statement_id, step, tell

REASON = sha(b"reason")
PARENTS = tuple(sorted((f.MOTHER, f.FATHER)))
ALONE = (Role(f.YOUTH, RoleAct.SIGNS, "no/information/12-15/shielded"),)
REVIEW = Instant(f.MADE + 90 * DAY)


def about(number: int, unit: UnitId | None) -> dict[str, Any]:
    return {"id": statement_id(number), "unit": unit, "subject": f.CHILD, "matter": f.MATTER}


def asks(story: Story) -> None:
    """The youth asks that the parents are not told."""
    story.do("youth", REGISTRAR, story.endorse(REGISTRAR, f.YOUTH, "person", None))
    story.do("ask", f.YOUTH, ShieldAskBody(**about(90, None), to=f.GP, persons=PARENTS))


def withholds(
    story: Story,
    *,
    who: PersonId = f.DOCTOR,
    persons: tuple[PersonId, ...] = PARENTS,
    hides: frozenset[Aspect] = ALL_ASPECTS,
    review_at: Instant = REVIEW,
) -> None:
    """The doctor decides it."""
    said = ShieldWithholdBody(
        **about(91, f.GP),
        persons=persons,
        hides=tuple(sorted(hides)),
        ground=Ground.YOUTH_ASKS,
        reason=REASON,
        review_at=review_at,
    )
    story.do("decision", who, said)


def declines(story: Story) -> None:
    """The doctor decides anew, and against it."""
    story.do("second decision", f.DOCTOR, ShieldDeclineBody(**about(92, f.GP), ground=Ground.YOUTH_ASKS, reason=REASON))


def decided(story: Story) -> None:
    """What the story needs: asked for, and decided."""
    asks(story)
    withholds(story)


def tell_shielded(*changes: Step, before: Saying = decided, **how: Any) -> Story:
    """Tell the story of a youth of 13 who alone is named to sign, and signs."""
    standing = (step("sheet", body={"birth_date": f.BORN[13]}), step("terms", body={"roles": ALONE}))
    return tell(*standing, *changes, before=before, signers=(("youth", f.YOUTH),), **how)
