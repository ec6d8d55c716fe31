"""The vectors of notices: what one open request asks of a person, and who is offered a renewal.

A row is `{name, case, consent, person, at, asked, renewable, offered, withdrawn, written}`: the case in its own form,
the digest of the consent, `asked` the kinds in order (empty: no notice), `renewable` whether asking anew is offered at
all, given the other consents of the case, `offered` whether this person would sign anew, `withdrawn` the withdrawals
(`{person, at}`) that professionals wrote down, and `written` the kinds and instants that the person is told of such
words. As many say nothing as say something.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from protocol.consent.case import Case, ConsentFacts
from protocol.consent.narrowing import Less, Narrowing
from protocol.consent.notices import RENEWAL_PERIOD, asked_of, invalid_of, renewable, renewal_offered_to, written_of
from protocol.consent.vocabulary import Category, Evidence, Purpose
from protocol.identifiers import ConsentId, Instant, PersonId
from tests.unit.consent import family as f

LAST_DAYS = Instant(f.terms().share_until - RENEWAL_PERIOD)
_DISCHARGE: dict[str, Any] = {"purpose": Purpose.DISCHARGE, "categories": (Category.DISCHARGE_SUMMARY,)}
Question = tuple[ConsentFacts, Case, PersonId, Instant]
_RECORDED = f.signature(f.FATHER, evidence=Evidence.RECORDED)


def noticing() -> list[dict[str, Any]]:
    """Return the vectors, those that say something first."""
    return [_row(f"said: {name}", *each) for name, each in _said()] + [
        _row(f"nothing: {name}", *each) for name, each in _nothing()
    ]


def _said() -> Iterator[tuple[str, Question]]:
    discharge = f.consent(f.MOTHER, **_DISCHARGE)
    youth = f.sheet(f.BORN[13])
    yield "a guardian must sign", _about(f.consent(), f.MOTHER)
    yield "the other guardian must sign", _about(f.consent(f.MOTHER), f.FATHER)
    yield "the other guardian is informed", _about(discharge, f.FATHER)
    yield "a child is heard", _about(f.consent(), f.YOUTH, hearings=())
    yield "a youth may object and is heard", _about(discharge, f.YOUTH, hearings=(), sheet=youth)
    yield "the fourteenth day before the end", _late(f.BOTH, f.MOTHER)
    yield "the last instant", _late(f.BOTH, f.MOTHER, at=f.BOTH.terms.share_until - 1)
    yield "the sixteenth birthday has passed", _about(f.BOTH, f.YOUTH, sheet=f.sheet(f.BORN[16]))
    yield "a yes that was written down", _about(_written_down(), f.FATHER)
    yield "a withdrawal that was written down", _about(_withdrawn(f.NOW - f.DAY), f.MOTHER)
    yield "void from the beginning", _about(_void(f.NOW - 30 * f.DAY + 1), f.FATHER)


def _nothing() -> Iterator[tuple[str, Question]]:
    discharge = f.consent(f.MOTHER, **_DISCHARGE)
    informed = replace(discharge, notices=(f.dated(f.FATHER, f.NOW - f.DAY),))
    anew = _other(made=LAST_DAYS, share_until=f.later(LAST_DAYS, 60 * f.DAY))
    less = Less(categories=(Category.HEALTH_NOTE,))
    narrowed = replace(f.BOTH, narrowings=(Narrowing(f.MOTHER, f.SIGNED, less),))
    yield "whoever has signed", _about(f.consent(f.MOTHER), f.MOTHER)
    yield "whoever follows", _about(f.consent(), f.GRANDMOTHER)
    yield "after the other's refusal", _about(replace(f.consent(), refusals=(f.dated(f.MOTHER),)), f.FATHER)
    yield "after one's own objection", _about(replace(discharge, objections=(f.dated(f.FATHER),)), f.FATHER)
    yield "while the seven days run", _about(informed, f.FATHER)
    yield "the day before the fourteenth", _late(f.BOTH, f.MOTHER, at=LAST_DAYS - 1)
    yield "a yes that was disputed, to the other", _about(_written_down(disputed_at=f.NOW), f.MOTHER)
    yield "thirty days after it was declared void", _about(_void(f.NOW - 30 * f.DAY), f.FATHER)
    yield "thirty days after a withdrawal that was written down", _about(_withdrawn(f.NOW - 30 * f.DAY), f.MOTHER)
    yield "asked anew", _late(f.BOTH, f.STRANGER, anew)
    yield (
        "asked anew for what is left",
        _late(narrowed, f.STRANGER, replace(anew, terms=replace(anew.terms, categories=(Category.MESSAGE,)))),
    )


def _written_down(**changes: Any) -> ConsentFacts:
    both = f.consent(f.MOTHER)
    return replace(both, signatures=(*both.signatures, replace(_RECORDED, **changes)))


def _withdrawn(at: int) -> ConsentFacts:
    return replace(f.BOTH, withdrawals=(f.dated(f.FATHER, at),))


def _void(at: int) -> ConsentFacts:
    return replace(f.BOTH, invalidations=(f.dated(f.MOTHER, at),))


def _about(consent: ConsentFacts, person: PersonId, **changes: Any) -> Question:
    return consent, f.case(consent, **changes), person, f.NOW


def _late(consent: ConsentFacts, person: PersonId, *others: ConsentFacts, at: int = LAST_DAYS) -> Question:
    sheet = f.sheet(not_after=f.later(f.NOW, 400 * f.DAY))
    return consent, f.case(consent, *others, sheet=sheet), person, Instant(at)


def _other(**changes: Any) -> ConsentFacts:
    return f.consent(id=ConsentId.of((2).to_bytes(16, "big")), **changes)


def _row(name: str, consent: ConsentFacts, case: Case, person: PersonId, at: Instant) -> dict[str, Any]:
    named = {party.id for each in case.consents for party in (*each.terms.senders, *each.terms.receivers)}
    units = {unit: facts for unit, facts in case.units.items() if unit in named}
    small = replace(case, units=units, memberships=())
    others = [each.terms for each in case.consents]
    # In these rows every withdrawal was written down.
    written = (*written_of(person, consent, consent.withdrawals, at), *invalid_of(consent, at))
    return {
        "name": name,
        "case": small.to_json(),
        "consent": consent.terms.digest,
        "person": person,
        "at": at,
        "asked": [str(kind) for kind in asked_of(person, consent, small, at)],
        "renewable": renewable(consent, others, small, at),
        "offered": renewal_offered_to(person, consent, small, at),
        "withdrawn": [{"person": each.person, "at": each.at} for each in consent.withdrawals],
        "written": [[str(kind), since] for kind, since in written],
    }
