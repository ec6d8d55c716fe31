from typing import Any

import pytest

from keys.canonical import canonical
from protocol.identifiers import Instant
from protocol.log import export
from protocol.log.export import BadExport, Disclosed, Header
from tests.unit.log.sample_log import NOW, ORIGIN, SampleLog

GOOD = {"v": 1, "origin": ORIGIN, "size": 5, "made": NOW, "case": "2026/17"}


@pytest.mark.parametrize("case", [None, "2026/17"])
def test_header_reads_back_as_written(case: str | None) -> None:
    header = Header(ORIGIN, 5, NOW, case)
    assert Header.parse(header.to_bytes()) == header


@pytest.mark.parametrize(
    "changed",
    [
        {"v": 2},
        {"v": True},
        {"origin": ""},
        {"origin": 5},
        {"size": -1},
        {"size": True},
        {"size": "5"},
        {"made": -1},
        {"case": ""},
        {"case": 5},
        {"case": "x" * 201},
        {"case": "two\nlines"},
        {"more": 1},
    ],
)
def test_header_of_another_form_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(BadExport):
        Header.parse(canonical(GOOD | changed))


@pytest.mark.parametrize("value", [b"", b"[]", b"{}", b'{"v": 1}'])
def test_bytes_that_are_no_header_are_refused(value: bytes) -> None:
    with pytest.raises(BadExport):
        Header.parse(value)


@pytest.mark.parametrize("header", [Header("", 5, NOW), Header(ORIGIN, 5, Instant(-1)), Header("half\ud800", 5, NOW)])
def test_header_that_would_not_read_back_is_not_written(header: Header) -> None:
    with pytest.raises(BadExport):
        header.to_bytes()


def test_checkpoint_line_holds_the_note_as_it_was_signed() -> None:
    signed = SampleLog(3).witness()
    line = export.checkpoint_line(signed)
    assert line.count(b"\n") == 1
    assert export.parse_checkpoint_line(line) == signed


@pytest.mark.parametrize("line", [b"", b"{}", b'{"note":5}', b'{"note":"x"}\n\n', b'{"note": "x"}'])
def test_line_that_is_no_checkpoint_is_refused(line: bytes) -> None:
    with pytest.raises(BadExport):
        export.parse_checkpoint_line(line)


def test_disclosure_line_reads_back_as_written() -> None:
    disclosed = Disclosed(7, bytes(32), b"{}")
    assert export.parse_disclosure_line(export.disclosure_line(disclosed)) == disclosed


@pytest.mark.parametrize(
    "line",
    [
        b"{}",
        b'{"blind":"AA==","details":"","index":-1}',
        b'{"blind":"AA==","details":"","index":true}',
        b'{"blind":"AA","details":"","index":1}',
        b'{"blind":5,"details":"","index":1}',
        b'{"blind":"","details":null,"index":1}',
    ],
)
def test_line_that_is_no_disclosure_is_refused(line: bytes) -> None:
    with pytest.raises(BadExport):
        export.parse_disclosure_line(line)
