"""What holds for every question: total, pure, and never more generous than the law."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from hypothesis import assume, given
from hypothesis import strategies as st

from protocol.consent.age import wall_clock
from protocol.consent.answer import Deny, Permit, Reason
from protocol.consent.ask import Ask
from protocol.consent.case import Case, ConsentFacts
from protocol.consent.decide import decide
from protocol.consent.state import State, standing
from protocol.consent.visibility import NOTHING, view
from protocol.consent.vocabulary import Outcome, Purpose, Regime
from protocol.identifiers import Instant, PersonId, UnitId
from tests.property.consent.oracle import World, sufficient
from tests.property.consent.worlds import INSTANTS, questions, signed_worlds
from tests.unit.consent import family as f

Signed = tuple[ConsentFacts, Case, date]


def ask_of(signed: ConsentFacts, at: Instant | None = None) -> Ask:
    receiver = next(party.id for party in signed.terms.receivers if party not in signed.terms.senders)
    if at is None:
        return replace(f.share(signed), receivers=(receiver,))
    return f.opening(signed, shared_at=at, reader=f.actor(receiver))


def regime(who: UnitId | PersonId) -> Regime | None:
    return f.UNITS[who].regime if isinstance(who, UnitId) else None


def permitted(signed: ConsentFacts, case: Case, at: Instant = f.NOW) -> bool:
    return isinstance(decide(ask_of(signed), replace(case, consents=(signed,)), at), Permit)


@given(questions())
def test_every_question_has_one_answer_that_only_depends_on_it(question: tuple[Ask, Case, Instant]) -> None:
    ask, case, at = question
    answer = decide(ask, case, at)
    assert decide(replace(ask), replace(case), at) == answer
    if isinstance(answer, Permit):
        assert answer.consents == tuple(sorted(set(answer.consents)))
        assert set(answer.consents) <= set(ask.consents)
        assert answer.rule
    else:
        assert answer.missing == tuple(sorted(set(answer.missing)))


@given(questions())
def test_standing_and_view_have_an_answer_for_everything(question: tuple[Ask, Case, Instant]) -> None:
    ask, case, at = question
    for each in case.consents:
        assert standing(each, case, at).state in State
        seen = view(ask.sender, each, case, at)
        assert seen == NOTHING or seen.existence


@given(signed_worlds())
def test_a_simple_second_reading_of_the_law_gives_the_same_answer(world: Signed) -> None:
    signed, case, born = world
    senders = [party.id for party in signed.terms.senders]
    receivers = [party.id for party in signed.terms.receivers if party not in signed.terms.senders]
    simple = World(
        born=born,
        today=wall_clock(f.NOW).date(),
        purpose=signed.terms.purpose,
        sender=regime(senders[0]),
        receiver=regime(receivers[0]),
        categories=signed.terms.categories,
        parents=frozenset({f.MOTHER, f.FATHER}),
        youth=f.YOUTH,
        own_sender=senders[0] if isinstance(senders[0], PersonId) else None,
        signed=frozenset(signature.person for signature in signed.signatures),
        told=frozenset(notice.person for notice in signed.notices),
        heard=bool(case.hearings),
    )
    assert permitted(signed, case) is sufficient(simple)


@given(signed_worlds(), st.data())
def test_taking_a_signature_away_never_helps(world: Signed, data: st.DataObject) -> None:
    signed, case, _ = world
    assume(signed.signatures)
    gone = data.draw(st.sampled_from(signed.signatures))
    fewer = replace(signed, signatures=tuple(each for each in signed.signatures if each != gone))
    assert permitted(signed, case) or not permitted(fewer, case)


@given(signed_worlds(), st.data())
def test_a_withdrawal_by_somebody_who_signed_and_counted_stops_everything(world: Signed, data: st.DataObject) -> None:
    signed, case, _ = world
    assume(permitted(signed, case))
    counted = [
        each.person
        for each in signed.signatures
        if not permitted(replace(signed, signatures=tuple(x for x in signed.signatures if x != each)), case)
    ]
    assume(counted)
    withdrawn = replace(signed, withdrawals=(f.dated(data.draw(st.sampled_from(counted)), f.NOW),))
    after = replace(case, consents=(withdrawn,))
    assert not permitted(withdrawn, case)
    assert decide(ask_of(withdrawn, f.NOW), after, f.NOW) == Deny(Reason.WITHDRAWN)
    assert decide(ask_of(withdrawn, f.NOW), after, f.later(f.NOW, f.DAY)) == Deny(Reason.WITHDRAWN)


@given(signed_worlds(), st.sampled_from(("withdrawals", "refusals", "objections")), INSTANTS, st.data())
def test_no_word_of_no_ever_helps(world: Signed, field: str, at: Instant, data: st.DataObject) -> None:
    signed, case, _ = world
    who = data.draw(st.sampled_from((f.MOTHER, f.FATHER, f.YOUTH, f.STRANGER)))
    against = replace(signed, **{field: (f.dated(who, at),)})  # type: ignore[arg-type]
    assert permitted(signed, case) or not permitted(against, case)


@given(signed_worlds(), INSTANTS)
def test_nothing_is_shared_or_read_from_its_last_instant(world: Signed, at: Instant) -> None:
    signed, case, _ = world
    lasting = replace(case.sheet, not_after=Instant(at + 1)) if case.sheet else None
    units = {who: replace(facts, not_after=Instant(at + 1)) for who, facts in case.units.items()}
    case = replace(case, sheet=lasting, units=units)
    assert not (permitted(signed, case, at) and at >= signed.terms.share_until)
    if at >= f.NOW:
        read = decide(ask_of(signed, f.NOW), case, at)
        assert not (isinstance(read, Permit) and at >= signed.terms.read_until)


@given(signed_worlds(), st.integers(0, 20 * f.DAY - 1))
def test_what_was_shared_in_time_stays_readable_while_nobody_says_no(world: Signed, by: int) -> None:
    signed, case, _ = world
    assume(permitted(signed, case))
    assert isinstance(decide(ask_of(signed, f.NOW), case, f.later(f.NOW, by)), Permit)


@given(signed_worlds())
def test_a_youths_no_from_12_stops_what_the_youth_must_be_heard_on(world: Signed) -> None:
    signed, case, born = world
    against = replace(case, hearings=(*case.hearings, f.heard(Outcome.AGAINST, f.NOW)))
    answer = decide(ask_of(signed), against, f.NOW)
    from_12 = born <= date(2014, 9, 11)
    under_16 = born > date(2010, 9, 11)
    heard = signed.terms.purpose is not Purpose.OWN_SENDING
    if from_12 and under_16 and heard:
        assert isinstance(answer, Deny)
    elif isinstance(decide(ask_of(signed), case, f.NOW), Permit):
        assert isinstance(answer, Permit)
