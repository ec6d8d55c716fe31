"""Sentences for every reason, and consent texts that say what a signer must know."""

from __future__ import annotations

from dataclasses import replace

import pytest

from protocol.consent.answer import Reason
from protocol.consent.vocabulary import Category, Kind, Language, Purpose
from protocol.texts import Contents, NoText, consent_text, sentence, texts
from tests.unit.consent import family as f

NAMES = {f.GP: "Storgata legesenter", f.BUP: "BUP Nord", f.SCHOOL: "Lia skole"}


@pytest.mark.parametrize("language", Language)
def test_each_language_has_a_sentence_for_every_reason_and_nothing_more(language: Language) -> None:
    assert set(texts(language)["reasons"]) == {str(reason) for reason in Reason}
    sentences = [sentence(reason, language) for reason in Reason]
    assert len(set(sentences)) == len(sentences)
    assert all(each.endswith(".") and each[0].isupper() for each in sentences)


def test_both_languages_have_the_same_texts_of_consent() -> None:
    nb, en = (texts(language)["consent"] for language in Language)
    assert {name: type(value) for name, value in nb.items()} == {name: type(value) for name, value in en.items()}
    for language in (nb, en):
        assert set(language["kinds"]) == set(Kind)
        assert set(language["purposes"]) == set(Purpose)
        assert set(language["categories"]) == set(Category)
        assert len(language["months"]) == 12


@pytest.mark.parametrize("reason", [Reason.NO_CONSENT, Reason.WITHDRAWN, Reason.REFUSED, Reason.OBJECTED])
def test_a_missing_consent_names_the_channels_the_law_gives(reason: Reason) -> None:
    for language, duty in ((Language.BOKMAL, "barnevern"), (Language.ENGLISH, "child welfare")):
        text = sentence(reason, language)
        assert all(word in text for word in ("113", "116117", duty))


@pytest.mark.parametrize(("code", "language"), [("because", "nb"), ("withdrawn", "la")])
def test_there_is_no_sentence_for_an_unknown_reason_or_language(code: str, language: str) -> None:
    with pytest.raises(NoText):
        sentence(code, language)


def test_a_consent_text_says_what_to_whom_why_until_when_and_how_to_withdraw() -> None:
    terms = f.terms(
        receivers=(f.party(f.BUP, subunits=True), f.party(f.SCHOOL)),
        categories=(Category.HEALTH_NOTE, Category.MESSAGE, Category.PLAN),
    )
    text = consent_text(Contents.of(terms), NAMES, Language.ENGLISH)
    assert text.version == "1"
    for said in (
        "This is a consent to share information.",
        "The services around the child need information",
        "notes from the health service, messages and plans.",
        "From: Storgata legesenter. To: BUP Nord with the units below it and Lia skole.",
        "until 31 October 2026 at 09:00",
        "until 20 March 2027 at 09:00",
        "If you say no, the information is not shared.",
        "cannot pass it on without a new consent",
        "withdraw at any time",
    ):
        assert said in text.body


def test_a_consent_text_in_bokmal_names_the_day_on_the_oslo_clock() -> None:
    contents = replace(Contents.of(f.terms()), share_until=f.oslo(2026, 12, 31, 23, 59), onward=True)
    body = consent_text(contents, NAMES, Language.BOKMAL).body
    assert "31. desember 2026 kl. 23:59" in body
    assert "foreslå å sende det videre" in body


@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize("language", Language)
def test_no_person_is_named_in_any_text(purpose: Purpose, language: Language) -> None:
    contents = Contents.of(f.terms(purpose=purpose, receivers=f.parties(f.BUP, f.MOTHER, f.FATHER)))
    body = consent_text(contents, NAMES, language).body
    assert "per_" not in body
    receivers = {Language.BOKMAL: "Til: familien og BUP Nord.", Language.ENGLISH: "To: the family and BUP Nord."}
    assert receivers[language] in body
    assert "{" not in body


def test_a_unit_without_a_name_has_no_text() -> None:
    with pytest.raises(NoText):
        consent_text(Contents.of(f.terms()), {f.GP: "Storgata legesenter"}, Language.BOKMAL)


def test_a_name_that_looks_like_a_template_is_only_a_name() -> None:
    names = {**NAMES, f.BUP: "{no} BUP {0}"}
    terms = f.terms(receivers=(f.party(f.BUP, subunits=True),))
    assert "{no} BUP {0} with the units below it" in consent_text(Contents.of(terms), names, Language.ENGLISH).body
