"""Terms: one spelling, everything else refused, and a digest that names them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from keys.canonical import canonical
from protocol.consent.terms import CATEGORIES, BadTerms, Terms, Text
from protocol.consent.vocabulary import Language
from tests.unit.consent import family as f

JSON = dict[str, Any]


def written() -> JSON:
    return f.terms(senders=f.parties(f.GP, f.BUP), receivers=f.parties(f.BUP, f.MOTHER)).to_json()


def test_terms_are_read_back_as_they_were_written() -> None:
    assert Terms.parse(written()).to_json() == written()


def test_the_digest_is_sha256_of_the_canonical_terms() -> None:
    terms = Terms.parse(written())
    assert terms.digest == hashlib.sha256(canonical(written())).hexdigest()
    assert terms.digest != f.terms().digest


def test_terms_made_here_have_the_digest_that_they_are_read_back_with() -> None:
    made = f.terms(text=Text("1", Language.BOKMAL, "Før 🗝 og etter\u2028å"))
    assert Terms.parse(made.to_json()).digest == made.digest


@pytest.mark.parametrize("missing", sorted(written()))
def test_terms_that_lack_a_member_are_refused(missing: str) -> None:
    value = written()
    del value[missing]
    with pytest.raises(BadTerms):
        Terms.parse(value)


def swap(name: str, value: Any) -> Callable[[JSON], None]:
    return lambda terms: terms.update({name: value})


def reverse(name: str) -> Callable[[JSON], None]:
    return lambda terms: terms.update({name: terms[name][::-1]})


def double(name: str) -> Callable[[JSON], None]:
    return lambda terms: terms.update({name: terms[name] + terms[name][-1:]})


UNIT = {"unit": f.GP, "subunits": False}
REFUSED: dict[str, Callable[[JSON], None]] = {
    "an unknown member": swap("more", 1),
    "another version": swap("v", 2),
    "a version that is true": swap("v", True),
    "a foreign id": swap("id", f.GP),
    "an unknown kind": swap("kind", "everything"),
    "a kind that is no text": swap("kind", ["care"]),
    "an unknown purpose": swap("purpose", "curiosity"),
    "an unknown category": swap("categories", ["gossip"]),
    "no categories": swap("categories", []),
    "categories as text": swap("categories", "message"),
    "unordered categories": reverse("categories"),
    "a category twice": double("categories"),
    "no senders": swap("senders", []),
    "unordered senders": reverse("senders"),
    "a sender twice": double("senders"),
    "a sender twice, once with sub-units": swap("senders", [UNIT, {**UNIT, "subunits": True}]),
    "unordered receivers": reverse("receivers"),
    "no receivers": swap("receivers", []),
    "an employee beside a unit": swap("receivers", [{**UNIT, "person": f.DOCTOR}]),
    "sub-units that are no boolean": swap("receivers", [{**UNIT, "subunits": 0}]),
    "a receiver that is no object": swap("receivers", [f.GP]),
    "too many senders": swap("senders", [{"unit": f.unit(each), "subunits": False} for each in range(101)]),
    "sharing that ends as it begins": swap("share_until", f.MADE),
    "reading that ends before sharing": swap("read_until", f.terms().share_until - 1),
    "an end as text": swap("read_until", "2027-01-01"),
    "a negative instant": swap("made", -1),
    "rules that are no digest": swap("rules", "no"),
    "onward that is no boolean": swap("onward", "no"),
    "no roles": swap("roles", []),
    "unordered roles": reverse("roles"),
    "a role twice": double("roles"),
    "nobody who signs": swap("roles", [{"person": f.CHILD, "act": "is-heard", "rule": "no"}]),
    "another child heard": swap(
        "roles",
        [{"person": f.MOTHER, "act": "signs", "rule": "r"}, {"person": f.OTHER_CHILD, "act": "is-heard", "rule": "r"}],
    ),
    "a parent heard": swap("roles", [{"person": f.MOTHER, "act": "is-heard", "rule": "no"}]),
    "the child as signer": swap("roles", [{"person": f.CHILD, "act": "signs", "rule": "no"}]),
    "a role without rule": swap("roles", [{"person": f.MOTHER, "act": "signs", "rule": ""}]),
    "an unknown language": swap("text", {"version": "1", "language": "la", "body": "consensus"}),
    "no text": swap("text", {"version": "1", "language": "nb", "body": ""}),
    "too much text": swap("text", {"version": "1", "language": "nb", "body": "x" * 20_001}),
    "text without a canonical form": swap("text", {"version": "1", "language": "nb", "body": "\ud800"}),
    "own sending by a unit": swap("purpose", "own-sending"),
}


@pytest.mark.parametrize("change", REFUSED.values(), ids=REFUSED)
def test_other_terms_are_refused(change: Callable[[JSON], None]) -> None:
    value = written()
    change(value)
    with pytest.raises(BadTerms):
        Terms.parse(value)


@pytest.mark.parametrize("value", [None, [], "terms", 1])
def test_what_is_no_object_is_refused(value: object) -> None:
    with pytest.raises(BadTerms):
        Terms.parse(value)


@pytest.mark.parametrize(
    ("receivers", "allowed"), [((f.GP, f.MOTHER), True), ((f.GP,), False), ((f.GP, f.FATHER), False)]
)
def test_own_sending_names_its_sender_as_receiver_of_the_answers(receivers: tuple[Any, ...], allowed: bool) -> None:
    value = written() | {
        "purpose": "own-sending",
        "senders": [{"person": f.MOTHER}],
        "receivers": f.terms(receivers=f.parties(*receivers)).to_json()["receivers"],
    }
    if allowed:
        assert Terms.parse(value).receivers == f.parties(*receivers)
    else:
        with pytest.raises(BadTerms, match="own sending"):
            Terms.parse(value)


def test_sharing_and_reading_may_end_together() -> None:
    value = written() | {"read_until": f.terms().share_until}
    assert Terms.parse(value).read_until == f.terms().share_until


def test_the_categories_are_a_closed_sorted_list() -> None:
    assert list(CATEGORIES) == sorted(set(CATEGORIES))
