"""A file is what its bytes say; its name proves nothing."""

from __future__ import annotations

import pytest

from clients.pdf import LARGEST_FILE, Kind, UnsafeFile, prepare, sniff
from tests.unit.pdf.hostile import ordinary
from tests.unit.pdf.test_photographs import photograph


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (ordinary(1), Kind.PDF),
        (b"\n" * 1000 + b"%PDF-1.4", Kind.PDF),
        (photograph(), Kind.JPEG),
        (photograph(kind="PNG"), Kind.PNG),
        ("Hei, æøå.\r\n\tNy linje.\f".encode(), Kind.TEXT),
        (b"\xef\xbb\xbfmed merke foran", Kind.TEXT),
    ],
)
def test_the_kinds_that_are_taken_are_known_by_their_bytes(content: bytes, kind: Kind) -> None:
    assert sniff(content) is kind


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"PK\x03\x04 docx", "office-document"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 doc", "office-document"),
        (b"{\\rtf1 brev}", "office-document"),
        (b"\0\0\0\x18ftypheic\0\0", "heic-photo"),
        (b"\0\0\0\x18ftypmp42\0\0", "kind-not-taken"),
        (b"GIF89a\0\0\0", "kind-not-taken"),
        (b"MZ\x90\0\x03 program", "kind-not-taken"),
        (b"tekst med NUL\0", "kind-not-taken"),
        (b"\x1b[2Jterminal", "kind-not-taken"),
        ("Blåbær".encode("latin-1"), "text-not-readable"),
        ("Blåbær".encode("utf-16"), "kind-not-taken"),
        (b"x" * 1024 + b"%PDF-1.4\x00", "kind-not-taken"),
    ],
)
def test_other_files_are_refused_with_a_reason(content: bytes, code: str) -> None:
    with pytest.raises(UnsafeFile) as refused:
        sniff(content)
    assert refused.value.code == code


def test_a_file_may_have_as_many_bytes_as_the_limit_and_no_more() -> None:
    assert sniff(b"12345", largest=5) is Kind.TEXT
    with pytest.raises(UnsafeFile) as refused:
        sniff(b"123456", largest=5)
    assert refused.value.code == "too-large"
    assert LARGEST_FILE == 200 * 1024 * 1024


def test_preparing_cleans_a_pdf_turns_a_picture_into_one_and_leaves_text_alone() -> None:
    text = "Hei, æøå".encode()
    pdf_kind, cleaned = prepare(ordinary(1))
    picture_kind, page = prepare(photograph())

    assert prepare(text) == (Kind.TEXT, text)
    assert pdf_kind is picture_kind is Kind.PDF
    assert cleaned.startswith(b"%PDF-")
    assert page.startswith(b"%PDF-")
