"""Whatever comes, a reader takes it in its one spelling or refuses it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.bundle import Bundle
from protocol.identifiers import (
    LARGEST_INTEGER,
    BadIdentifier,
    ConsentId,
    ConversationId,
    Identifier,
    InvitationId,
    MatterId,
    PersonId,
    ShareId,
    StatementId,
    SubjectId,
    UnitId,
    UploadId,
    parse_digest,
    parse_holder,
    parse_instant,
)
from protocol.pins import Pins
from protocol.reading import Fields, Malformed, distinct, integer, listed
from protocol.statements.base import Refused, claim

KINDS: tuple[type[Identifier], ...] = (
    ConsentId,
    ConversationId,
    InvitationId,
    MatterId,
    PersonId,
    ShareId,
    StatementId,
    SubjectId,
    UnitId,
    UploadId,
)
kinds = st.sampled_from(KINDS)
random16 = st.binary(min_size=16, max_size=16)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)


@given(kinds, random16)
def test_an_identifier_reads_what_it_names(kind: type[Identifier], raw: bytes) -> None:
    named = kind.of(raw)
    assert kind.parse(str(named)) == named
    assert type(kind.parse(str(named))) is kind
    assert named == f"{kind.prefix}_{raw.hex()}"


@given(kinds, kinds, random16)
def test_an_identifier_of_another_kind_is_refused(kind: type[Identifier], other: type[Identifier], raw: bytes) -> None:
    if kind is other:
        assert kind.prefix == other.prefix
    else:
        with pytest.raises(BadIdentifier):
            kind.parse(str(other.of(raw)))


@given(kinds, st.text() | st.from_regex(r"[a-z]{3}_[0-9a-fA-F]{31,33}\n?") | json_values)
def test_only_a_prefix_and_32_hex_digits_are_an_identifier(kind: type[Identifier], value: Any) -> None:
    if isinstance(value, str) and re.fullmatch(kind.prefix + "_[0-9a-f]{32}", value, re.ASCII):
        assert kind.parse(value) == value
    else:
        with pytest.raises(BadIdentifier):
            kind.parse(value)


@given(st.binary(max_size=40).filter(lambda raw: len(raw) != 16))
def test_an_identifier_is_made_of_16_bytes(raw: bytes) -> None:
    with pytest.raises(BadIdentifier):
        PersonId.of(raw)


@given(random16, kinds)
def test_a_holder_is_a_person_or_a_unit(raw: bytes, kind: type[Identifier]) -> None:
    named = str(kind.of(raw))
    if kind in (PersonId, UnitId):
        assert type(parse_holder(named)) is kind
    else:
        with pytest.raises(BadIdentifier):
            parse_holder(named)


@given(st.text() | st.from_regex(r"[0-9a-f]{63,65}\n?") | json_values)
def test_a_digest_is_64_lower_case_hex_digits(value: Any) -> None:
    if isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value):
        assert parse_digest(value) == value
    else:
        with pytest.raises(BadIdentifier):
            parse_digest(value)


@given(st.integers(-5, 5) | st.integers(LARGEST_INTEGER - 3, LARGEST_INTEGER + 3) | json_values)
def test_an_instant_is_a_whole_number_that_json_keeps(value: Any) -> None:
    whole = type(value) is int and 0 <= value <= LARGEST_INTEGER
    if whole:
        assert (parse_instant(value), integer(value)) == (value, value)
    else:
        with pytest.raises(BadIdentifier):
            parse_instant(value)
        with pytest.raises(Malformed):
            integer(value)


@given(st.dictionaries(st.text(max_size=5), st.integers(0, 9), max_size=6), st.data())
def test_an_object_is_done_when_every_member_was_taken(value: dict[str, int], data: st.DataObject) -> None:
    taken = data.draw(st.sets(st.sampled_from(sorted(value)))) if value else set()
    fields = Fields(value, "thing")
    assert {name: fields.take(name, integer) for name in taken} == {name: value[name] for name in taken}
    if taken == value.keys():
        fields.done()
    else:
        with pytest.raises(Malformed):
            fields.done()


@given(st.lists(st.integers(0, 3), max_size=5), st.integers(0, 3), st.integers(0, 5))
def test_a_list_has_its_length_and_may_have_to_be_without_repetition(value: list[int], least: int, most: int) -> None:
    fits = least <= len(value) <= most
    for parse, ok in (
        (listed(integer, least=least, most=most), fits),
        (distinct(integer, least=least, most=most), fits and len(set(value)) == len(value)),
    ):
        if ok:
            assert parse(value) == tuple(value)
        else:
            with pytest.raises(Malformed):
                parse(value)


@given(json_values | st.dictionaries(st.sampled_from([*sorted(Bundle.__dataclass_fields__), "v"]), json_values))
def test_any_other_json_is_no_bundle(value: Any) -> None:
    with pytest.raises(Refused) as caught:
        Bundle.parse(value)
    assert caught.value.code == "bad-bundle"


@given(json_values)
def test_any_other_json_is_no_pins(value: Any) -> None:
    if value == {}:
        assert Pins.parse(value) == Pins()
    else:
        with pytest.raises(Refused):
            Pins.parse(value)


@given(st.text() | st.from_regex(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+"))
def test_any_other_text_is_no_statement(value: str) -> None:
    with pytest.raises(Refused):
        claim(value)
