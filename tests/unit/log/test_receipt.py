from dataclasses import replace
from typing import Any

import pytest

from protocol.log import receipt
from protocol.log.checkpoint import LogPolicy
from protocol.log.entry import Entry, Event, commitment
from protocol.log.receipt import BadReceipt, Disclosure, Receipt
from tests.unit.log.sample_log import ALONE, WITNESSED, SampleLog, disclose, make_details
from tests.unit.log.vectors import outside, own, reasons

VECTORS = own("receipt.json")
POLICY = LogPolicy(
    VECTORS["policy"]["origin"],
    VECTORS["policy"]["log"],
    tuple(VECTORS["policy"]["witnesses"]),
    VECTORS["policy"]["quorum"],
)


@pytest.mark.parametrize("case", VECTORS["accept"])
def test_good_receipt_verifies_alone(case: dict[str, Any]) -> None:
    parsed = receipt.parse(case["receipt"])
    verified = receipt.verify(parsed, POLICY)
    assert (verified.index, verified.checkpoint.checkpoint.size, verified.level) == (
        case["index"],
        case["size"],
        case["level"],
    )
    assert receipt.format(parsed) == case["receipt"]


@pytest.mark.parametrize("case", VECTORS["refuse"], ids=reasons(VECTORS["refuse"]))
def test_bad_receipt_is_refused_with_its_cause(case: dict[str, Any]) -> None:
    with pytest.raises(BadReceipt) as caught:
        receipt.verify(receipt.parse(case["receipt"]), POLICY)
    assert caught.value.code == case["code"]


def test_outside_containers_are_read_and_written_alike() -> None:
    for case in outside("tlog_proof.json")["marshal"]:
        parsed = receipt.parse(case["text"].encode())
        assert parsed.index == case["index"]
        assert parsed.checkpoint == case["checkpoint"].encode()
        assert (parsed.extra is None) == (case["extra_b64"] is None)
        assert receipt.format(parsed) == case["text"]


def test_outside_broken_containers_are_refused() -> None:
    for case in outside("tlog_proof.json")["reject"]:
        with pytest.raises(BadReceipt):
            receipt.parse(case["text"])


def test_receipt_tells_what_happened() -> None:
    verified = receipt.verify(SampleLog(5).issue(3), ALONE)
    assert verified.entry.e is Event.OPENED
    assert verified.details == make_details(3)


def test_witnesses_lift_a_receipt_to_level_two() -> None:
    log = SampleLog(5)
    witnessed = replace(log.issue(3), checkpoint=log.witness())
    assert receipt.verify(witnessed, WITNESSED).level == 2
    assert receipt.verify(witnessed, ALONE).level == 1


@pytest.mark.parametrize(
    "bad",
    [
        Receipt(-1, (), b"x\n"),
        Receipt(2**63, (), b"x\n"),
        Receipt(0, (bytes(31),), b"x\n"),
        Receipt(0, (bytes(32),) * 64, b"x\n"),
        Receipt(0, (), b"x"),
        Receipt(0, (), b"\xff\n"),
    ],
)
def test_receipt_without_a_text_form_is_not_written(bad: Receipt) -> None:
    with pytest.raises(BadReceipt):
        receipt.format(bad)


@pytest.mark.parametrize(
    "text", [b"\xff", "", receipt.HEADER, receipt.HEADER + "\nindex 9223372036854775808\n\nx\n", "\ud800\n\nx\n"]
)
def test_text_that_is_no_receipt_is_refused(text: str | bytes) -> None:
    with pytest.raises(BadReceipt):
        receipt.parse(text)


@pytest.mark.parametrize("value", [b"", b"[]", b'{"blind":1,"details":"","entry":""}', b'{"entry":""}'])
def test_bytes_that_are_no_disclosure_are_refused(value: bytes) -> None:
    with pytest.raises(BadReceipt) as caught:
        Disclosure.parse(value)
    assert caught.value.code == "extra"


def test_details_of_no_known_form_are_refused_even_when_committed_to() -> None:
    made = disclose(1)
    entry = Entry.parse(made.entry)
    forged = replace(entry, c=commitment(entry.id, made.blind, b"{}"))
    with pytest.raises(BadReceipt) as caught:
        Disclosure(forged.to_bytes(), made.blind, b"{}").open()
    assert caught.value.code == "details"
