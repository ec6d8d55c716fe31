"""Explanations: each denial in the words of each audience, and no more than the asker may know."""

from __future__ import annotations

import re

import pytest

from protocol.consent.answer import Deny, Missing, Reason
from protocol.consent.ask import Actor
from protocol.consent.case import Case, Dated, Shield
from protocol.consent.decide import decide
from protocol.consent.explain import ADVICE, Audience, Channel, Explanation, audience_of, explain
from protocol.consent.vocabulary import Capacity, Category, Language, Purpose, RoleAct
from protocol.identifiers import Instant, UnitId
from tests.unit.consent import family as f
from tests.unit.consent.family import BORN, BOTH, FATHER, MOTHER, NOW, YOUTH, consent

REFERRAL = consent(MOTHER, FATHER, purpose=Purpose.REFERRAL)
VIEWERS = {
    Audience.PARENT: Actor(MOTHER, None),
    Audience.YOUTH: Actor(YOUTH, None),
    Audience.GP: f.actor(f.GP),
    Audience.BUP: f.actor(f.BUP),
    Audience.BOROUGH: f.actor(f.BOROUGH),
    Audience.PPT: f.actor(f.PPT),
    Audience.CHILD_WELFARE: Actor(f.NURSE, f.WELFARE),
}
EVERYBODY = consent(
    MOTHER,
    FATHER,
    purpose=Purpose.REFERRAL,
    senders=f.parties(f.GP, f.PPT, f.BOROUGH, f.WELFARE),
    receivers=f.parties(f.BUP, MOTHER, FATHER, YOUTH),
)
CASE = f.case(EVERYBODY, memberships=(*f.case().memberships, f.membership(f.NURSE, f.WELFARE)))
ALL_MISSING = (
    Missing(MOTHER, RoleAct.SIGNS),
    Missing(FATHER, RoleAct.SIGNS),
    Missing(YOUTH, RoleAct.SIGNS),
    Missing(f.CHILD, RoleAct.IS_HEARD),
    Missing(FATHER, RoleAct.IS_INFORMED),
)
LONGEST_SENTENCE = 22
"""Words in a sentence."""
LIX = {Audience.PARENT: 40, Audience.YOUTH: 40}
LIX_OF_SERVICES = 45
"""LIX (Björnsson 1968): below 40 reads like fiction and magazines, below 50 like a newspaper."""


def told(reason: Reason, audience: Audience, language: Language, missing: tuple[Missing, ...] = ()) -> Explanation:
    ask = f.share(EVERYBODY, sender=f.actor(f.GP), receivers=(f.BUP,))
    said = explain(Deny(reason, None, missing), ask, VIEWERS[audience], CASE, NOW, language=language)
    assert (said.reason, said.audience) == (reason, audience)
    return said


def sentences(text: str) -> list[list[str]]:
    return [words for part in re.split(r"[.:!?](?:\s|$)", text) if (words := re.findall(r"\w+", part))]


def lix(text: str) -> float:
    """Words a sentence plus the percentage of words longer than six letters."""
    parts = sentences(text)
    words = [word for part in parts for word in part]
    return len(words) / len(parts) + 100 * sum(len(word) > 6 for word in words) / len(words)


@pytest.mark.parametrize(
    ("reason", "audience", "language"),
    [(reason, audience, language) for reason in Reason for audience in Audience for language in Language],
)
def test_every_reason_has_a_sentence_and_a_next_step_for_each_audience(
    reason: Reason, audience: Audience, language: Language
) -> None:
    said = told(reason, audience, language)
    for text in (said.why, said.next, *said.channels):
        assert re.fullmatch(r"[A-ZÆØÅ].*\.", text)


@pytest.mark.parametrize(
    ("reason", "audience", "language"),
    [(reason, audience, language) for reason in Reason for audience in Audience for language in Language],
)
def test_no_explanation_names_a_person_or_leaves_a_gap(reason: Reason, audience: Audience, language: Language) -> None:
    said = told(reason, audience, language, ALL_MISSING)
    assert not re.search(r"per_|sub_|unt_|[{}]", said.text)
    assert len(said.acts) >= 3
    # Whose signature is missing is told by footing: two guardians are one sentence.
    assert len(set(said.acts)) == len(said.acts)


@pytest.mark.parametrize(
    ("audience", "language"), [(audience, language) for audience in Audience for language in Language]
)
def test_each_audience_can_read_what_it_is_told(audience: Audience, language: Language) -> None:
    texts = [told(reason, audience, language, ALL_MISSING).text for reason in Reason]
    too_long = [" ".join(words) for text in texts for words in sentences(text) if len(words) > LONGEST_SENTENCE]
    assert too_long == []
    limit = LIX.get(audience, LIX_OF_SERVICES)
    assert {text: round(lix(text)) for text in texts if lix(text) > limit} == {}


def test_the_readability_limit_tells_plain_words_from_officialese() -> None:
    plain = "Vent på et nytt samtykke. Du kan si nei."
    heavy = "Samtykkeerklæringens gyldighetsperiode forutsetter dokumentert foreldreansvarsfordeling."
    assert lix(plain) < LIX[Audience.YOUTH]
    assert lix(heavy) > 90


@pytest.mark.parametrize(
    ("audience", "language"), [(audience, language) for audience in Audience for language in Language]
)
def test_an_emergency_has_a_telephone_number_for_everybody(audience: Audience, language: Language) -> None:
    for reason, (_, channels) in ADVICE.items():
        said = told(reason, audience, language)
        assert ("113" in " ".join(said.channels)) is (Channel.EMERGENCY in channels)
    open_ways = " ".join(told(Reason.NO_CONSENT, audience, language).channels)
    assert ("116 111" if audience in {Audience.YOUTH, Audience.CHILD_WELFARE} else "116 117") in open_ways


@pytest.mark.parametrize("reason", [reason for reason, (_, ways) in ADVICE.items() if Channel.REPORT in ways])
def test_the_duty_to_report_is_told_to_services_and_not_to_the_family(reason: Reason) -> None:
    for audience in (Audience.GP, Audience.BUP, Audience.BOROUGH, Audience.PPT):
        assert "rett til barnevernet" in told(reason, audience, Language.BOKMAL).text
    for audience in (Audience.PARENT, Audience.YOUTH):
        assert "Plikten til å melde" not in told(reason, audience, Language.BOKMAL).text


def test_the_rule_is_told_in_plain_words_with_its_reference() -> None:
    unsigned = consent(MOTHER)
    ask, case = f.share(unsigned), f.case(unsigned)
    deny = decide(ask, case, NOW)
    assert isinstance(deny, Deny)
    nb, en = (explain(deny, ask, f.actor(f.GP), case, NOW, language=language) for language in Language)
    assert (nb.reason, nb.rule, nb.missing) == (Reason.SIGNATURE_MISSING, deny.rule, deny.missing)
    assert "foreldreansvar" in nb.rule_text[0]
    assert "parental responsibility" in en.rule_text[0]
    assert "hpl § 22" in en.references[0]
    assert nb.acts == ("En med foreldreansvar må skrive under.",)


def test_who_must_act_is_told_that_it_is_them() -> None:
    unsigned = consent(MOTHER)
    ask, case = f.share(unsigned), f.case(unsigned, hearings=())
    deny = decide(ask, case, NOW)
    assert isinstance(deny, Deny)
    father, youth = (
        explain(deny, ask, Actor(who, None), case, NOW, language=Language.ENGLISH) for who in (FATHER, YOUTH)
    )
    assert father.acts == ("You must sign.", "The child must be asked for its view.")
    assert youth.acts == ("Somebody with parental responsibility must sign.", "You must be asked for your view.")


def test_somebody_who_is_off_the_sheet_is_just_one_more() -> None:
    deny = Deny(Reason.SIGNATURE_MISSING, "no/gone", (Missing(f.STRANGER, RoleAct.SIGNS),))
    said = explain(deny, f.share(BOTH), f.actor(f.GP), f.case(BOTH), NOW, language=Language.ENGLISH)
    assert (said.acts, said.rule_text, said.references) == (("One more must sign.",), (), ())


WITHDRAWN = consent(MOTHER, FATHER, withdrawals=(Dated(FATHER, Instant(NOW - 1)),))


def unknown(viewer: Actor, case: Case) -> Explanation:
    ask = f.share(BOTH, consents=("0" * 64,))
    deny = decide(ask, case, NOW)
    assert isinstance(deny, Deny)
    return explain(deny, ask, viewer, case, NOW, language=Language.BOKMAL)


@pytest.mark.parametrize("viewer", [f.actor(f.SCHOOL), Actor(f.STRANGER, None), Actor(MOTHER, None)])
def test_who_may_not_know_is_told_the_same_as_if_there_were_nothing(viewer: Actor) -> None:
    shield = Shield(
        matter=f.MATTER, persons=frozenset({MOTHER}), provisional=True, holds_from=Instant(0), holds_to=None
    )
    case = f.case(WITHDRAWN, shields=(shield,))
    ask = f.share(WITHDRAWN)
    deny = decide(ask, case, NOW)
    assert isinstance(deny, Deny)
    assert deny.reason is Reason.WITHDRAWN
    hidden = explain(deny, ask, viewer, case, NOW, language=Language.BOKMAL)
    assert (hidden.reason, hidden.missing, hidden.rule) == (Reason.CONSENT_UNKNOWN, (), None)
    assert hidden.text == unknown(viewer, case).text


def test_a_shield_is_never_explained_to_whom_it_hides_from() -> None:
    shield = Shield(
        matter=f.MATTER, persons=frozenset({MOTHER}), provisional=True, holds_from=Instant(0), holds_to=None
    )
    case = f.case(shields=(shield,))
    ask = f.share(BOTH, consents=())
    for reason in (Reason.SHIELDED, Reason.NO_CONSENT, Reason.SIGNATURE_MISSING):
        said = explain(Deny(reason), ask, Actor(MOTHER, None), case, NOW, language=Language.BOKMAL)
        assert said.reason is Reason.CONSENT_UNKNOWN


def test_what_is_wrong_with_the_asker_is_told_to_the_asker() -> None:
    case = f.case(BOTH, memberships=())
    ask = f.share(BOTH)
    deny = decide(ask, case, NOW)
    assert isinstance(deny, Deny)
    said = explain(deny, ask, f.actor(f.GP), case, NOW, language=Language.ENGLISH)
    assert (said.reason, said.audience) == (Reason.NOT_A_MEMBER, Audience.GP)


@pytest.mark.parametrize(
    ("purpose", "unit", "expected"),
    [
        (Purpose.REFERRAL, f.GP, Audience.GP),
        (Purpose.REFERRAL, f.BUP, Audience.BUP),
        (Purpose.DISCHARGE, f.GP, Audience.BUP),
        (Purpose.INFORMATION, f.BUP, Audience.GP),
        (Purpose.INFORMATION, f.unit(99), Audience.BOROUGH),
    ],
)
def test_bup_is_where_referrals_go_and_discharge_summaries_come_from(
    purpose: Purpose, unit: UnitId, expected: Audience
) -> None:
    terms = f.terms(purpose=purpose, categories=(Category.LETTER,))
    assert audience_of(Actor(f.DOCTOR, unit), f.case(), terms) is expected


def test_words_suit_people_even_without_sheet_or_consent() -> None:
    assert audience_of(f.actor(f.GP), f.case(), None) is Audience.GP
    assert audience_of(Actor(YOUTH, None), f.case(sheet=None), None) is Audience.PARENT
    ask = f.share(BOTH)
    case = f.case(BOTH, sheet=None)
    deny = decide(ask, case, NOW)
    assert isinstance(deny, Deny)
    said = explain(deny, ask, Actor(MOTHER, None), case, NOW, language=Language.BOKMAL)
    assert said.reason is Reason.SHEET_MISSING
    lost = Deny(Reason.NO_CONSENT, None, (Missing(MOTHER, RoleAct.SIGNS), Missing(FATHER, RoleAct.SIGNS)))
    assert explain(lost, ask, Actor(MOTHER, None), case, NOW, language=Language.ENGLISH).acts == (
        "You must sign.",
        "One more must sign.",
    )


def test_an_adult_is_spoken_to_as_themself() -> None:
    grown = f.sheet(BORN[19], may_sign=(f.holder(YOUTH, Capacity.SELF),))
    assert audience_of(Actor(YOUTH, None), f.case(sheet=grown), None) is Audience.YOUTH
