"""One byte changed anywhere in a note or a receipt: refused, never misread."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.log import receipt
from protocol.log.checkpoint import BadCheckpoint, open_checkpoint
from protocol.log.receipt import BadReceipt
from tests.unit.log.sample_log import WITNESSED, SampleLog

LOG = SampleLog(11)
CHECKPOINT = LOG.witness()
RECEIPT = receipt.format(LOG.issue(6)).encode()
BEFORE_NAMES = CHECKPOINT.index(b"\n\n")


@given(st.integers(0, BEFORE_NAMES), st.integers(1, 255))
def test_no_byte_of_a_checkpoint_may_change(at: int, by: int) -> None:
    changed = CHECKPOINT[:at] + bytes([CHECKPOINT[at] ^ by]) + CHECKPOINT[at + 1 :]
    with pytest.raises(BadCheckpoint):
        open_checkpoint(changed, WITNESSED)


@given(st.integers(0, len(CHECKPOINT) - 1), st.integers(1, 255))
def test_changed_signature_lines_are_refused_or_count_for_nobody(at: int, by: int) -> None:
    changed = CHECKPOINT[:at] + bytes([CHECKPOINT[at] ^ by]) + CHECKPOINT[at + 1 :]
    try:
        opened = open_checkpoint(changed, WITNESSED)
    except BadCheckpoint:
        return
    # A witness's name or key id was hit: that line is an unknown key's now.
    assert len(opened.cosignatures) == 1


@given(st.integers(0, len(RECEIPT) - 1), st.integers(1, 255))
def test_no_byte_of_a_receipt_may_change(at: int, by: int) -> None:
    changed = RECEIPT[:at] + bytes([RECEIPT[at] ^ by]) + RECEIPT[at + 1 :]
    with pytest.raises(BadReceipt):
        receipt.verify(receipt.parse(changed), WITNESSED)


@given(st.binary(max_size=200))
def test_arbitrary_bytes_raise_the_one_error(value: bytes) -> None:
    with pytest.raises(BadReceipt):
        receipt.parse(value)
    with pytest.raises(BadCheckpoint):
        open_checkpoint(value, WITNESSED)
