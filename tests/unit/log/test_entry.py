from typing import Any

import pytest

from keys.canonical import canonical
from protocol.identifiers import Instant, PersonId, UnitId
from protocol.log.entry import BadDetails, BadEntry, Decision, Details, Entry, Event, commitment
from protocol.log.merkle import leaf_hash
from tests.unit.log.sample_log import make_details
from tests.unit.log.vectors import own, reasons

VECTORS = own("entry.json")
BAD_ENTRIES = [case for case in VECTORS["refuse"] if "entry" in case]
BAD_DETAILS = [case for case in VECTORS["refuse"] if "details" in case]


@pytest.mark.parametrize("case", VECTORS["accept"])
def test_good_entry_is_read_written_hashed_and_opened(case: dict[str, Any]) -> None:
    entry = Entry.parse(case["entry"].encode())
    assert entry == Entry(case["id"], Instant(case["t"]), Event(case["e"]), case["c"])
    assert entry.to_bytes() == case["entry"].encode()
    assert leaf_hash(entry.to_bytes()).hex() == case["leaf_hash"]
    details = case["details"].encode()
    assert commitment(case["id"], bytes.fromhex(case["blind"]), details) == case["c"]
    assert Details.parse(details).to_bytes() == details


@pytest.mark.parametrize("case", BAD_ENTRIES, ids=reasons(BAD_ENTRIES))
def test_bad_entry_is_refused(case: dict[str, Any]) -> None:
    with pytest.raises(BadEntry):
        Entry.parse(case["entry"].encode())


@pytest.mark.parametrize("case", BAD_DETAILS, ids=reasons(BAD_DETAILS))
def test_bad_details_are_refused(case: dict[str, Any]) -> None:
    with pytest.raises(BadDetails):
        Details.parse(case["details"].encode())


@pytest.mark.parametrize("event", Event)
def test_every_event_can_be_written_and_read(event: Event) -> None:
    entry = Entry("0" * 32, Instant(1), event, "0" * 64)
    assert Entry.parse(entry.to_bytes()) == entry


@pytest.mark.parametrize(
    "entry",
    [
        Entry("0" * 31, Instant(1), Event.SHARED, "0" * 64),
        Entry("0" * 32, Instant(-1), Event.SHARED, "0" * 64),
        Entry("0" * 32, Instant(1), Event.SHARED, "0" * 64, v=2),
    ],
)
def test_entry_that_would_not_read_back_is_not_written(entry: Entry) -> None:
    with pytest.raises(BadEntry):
        entry.to_bytes()


@pytest.mark.parametrize(("identity", "blind"), [("0" * 31, bytes(32)), ("G" * 32, bytes(32)), ("0" * 32, bytes(31))])
def test_commitment_takes_values_of_fixed_length_only(identity: str, blind: bytes) -> None:
    with pytest.raises(BadEntry):
        commitment(identity, blind, b"{}")


def test_commitment_depends_on_each_of_its_parts() -> None:
    base = commitment("0" * 32, bytes(32), b"{}")
    assert base != commitment("1" + "0" * 31, bytes(32), b"{}")
    assert base != commitment("0" * 32, b"1" * 32, b"{}")
    assert base != commitment("0" * 32, bytes(32), b"[]")


def test_details_keep_lists_sorted_and_without_repetition() -> None:
    details = Details(missing=("b", "a", "b"), consents=("ff" * 32, "00" * 32))
    assert (details.missing, details.consents) == (("a", "b"), ("00" * 32, "ff" * 32))
    assert Details.parse(details.to_bytes()) == details


def test_recipients_are_persons_and_units() -> None:
    recipients = (PersonId.of(bytes(16)), UnitId.of(bytes(16)))
    details = Details.parse(Details(recipients=recipients, decision=Decision.DENY).to_bytes())
    assert details.recipients == recipients
    assert [type(each) for each in details.recipients] == [PersonId, UnitId]
    assert details.decision is Decision.DENY


def test_details_name_everything_even_what_is_absent() -> None:
    written = Details().to_bytes()
    assert b'"actor":null' in written
    assert b'"consents":[]' in written


@pytest.mark.parametrize(
    "details",
    [
        Details(),
        make_details(1),
        Details(
            act="åpne",
            reason="\N{MATHEMATICAL DOUBLE-STRUCK CAPITAL A}.1",
            missing=("ø", "a"),
            recipients=(PersonId.of(bytes(16)),),
        ),
    ],
)
def test_details_are_written_in_canonical_form(details: Details) -> None:
    members = {name: list(value) if isinstance(value, tuple) else value for name, value in vars(details).items()}
    assert details.to_bytes() == canonical(members)


@pytest.mark.parametrize(
    "details",
    [
        Details(reason="two words"),
        Details(reason='a","rule":"b'),
        Details(missing=('a","b',)),
        Details(rule=""),
        Details(entries=("0" * 31,)),
        Details(statements=("no digest",)),
        Details(v=2),
    ],
)
def test_details_that_would_not_read_back_are_not_written(details: Details) -> None:
    with pytest.raises(BadDetails):
        details.to_bytes()


@pytest.mark.parametrize("value", [b"", b"\xff", b"[]", b"{}", b'"text"', b"[" * 100_000])
def test_bytes_that_are_no_details_are_refused(value: bytes) -> None:
    with pytest.raises(BadDetails):
        Details.parse(value)


def test_details_with_white_space_are_refused() -> None:
    with pytest.raises(BadDetails):
        Details.parse(make_details(1).to_bytes() + b"\n")


@pytest.mark.parametrize(
    ("written", "changed"),
    [(b'"act":"open"', b'"act":5'), (b'"decision":"none"', b'"decision":5'), (b'"entries":[]', b'"entries":[5]')],
)
def test_details_with_a_number_for_a_text_are_refused(written: bytes, changed: bytes) -> None:
    with pytest.raises(BadDetails):
        Details.parse(Details(act="open").to_bytes().replace(written, changed))
