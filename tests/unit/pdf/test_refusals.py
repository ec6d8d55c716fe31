"""What cannot be made safe is refused, with a stable code and a sentence, whatever it tries to use up."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from pathlib import Path

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Pdf, Stream

from clients.pdf import Reason, UnsafeFile, UnsafePdf, clean, cleaning
from clients.pdf.cleaning import FIRST_REFUSAL
from clients.pdf.reasons import SENTENCES
from tests.unit.pdf.hostile import ordinary, saved

MEGABYTE = 1024 * 1024


def test_a_page_that_unpacks_to_more_than_any_page_needs_is_refused() -> None:
    assert code(with_content(packed_zeros(64))) == "unpacks-too-large"


def test_a_bomb_packed_twice_is_refused() -> None:
    twice = zlib.compress(packed_zeros(256))

    assert len(twice) < 100_000
    assert code(with_content(twice, "FlateDecode", "FlateDecode")) == "unpacks-too-large"


def test_a_bomb_written_in_hexadecimal_is_refused() -> None:
    written = packed_zeros(64).hex().encode() + b">"

    assert code(with_content(written, "ASCIIHexDecode", "FlateDecode")) == "unpacks-too-large"


def test_a_bomb_of_runs_is_refused() -> None:
    assert code(with_content(b"\x81 " * 300_000 + b"\x80", "RunLengthDecode")) == "unpacks-too-large"


@pytest.mark.parametrize("blocks", [7, 140], ids=["50 MB", "1 GB"])
def test_a_bomb_of_growing_lzw_words_is_refused(blocks: int) -> None:
    assert code(with_content(lzw_of_spaces(blocks), "LZWDecode")) == "unpacks-too-large"


def test_many_small_bombs_are_counted_together() -> None:
    def add(pdf: Pdf) -> None:
        part = packed_zeros(31)
        forms = {f"/Fm{number}": pdf.make_indirect(form(pdf, part)) for number in range(40)}
        pdf.pages[0].obj.Resources.XObject = Dictionary(forms)

    assert code(changed(add)) == "unpacks-too-large"


def test_a_bomb_that_no_page_uses_is_refused_or_left_behind() -> None:
    def add(pdf: Pdf) -> None:
        pdf.Root.PieceInfo = Dictionary(Private=pdf.make_indirect(form(pdf, packed_zeros(64))))

    assert code(changed(add)) == "unpacks-too-large"


def test_a_picture_with_more_pixels_than_a_reader_can_hold_is_refused() -> None:
    def add(pdf: Pdf) -> None:
        picture = Stream(pdf, b"\xff\xd8\xff\xd9")
        picture.stream_dict = Dictionary(
            Type=Name.XObject, Subtype=Name.Image, Width=60_000, Height=60_000, Filter=Name.DCTDecode
        )
        pdf.pages[0].obj.Resources.XObject = Dictionary(Im1=pdf.make_indirect(picture))

    assert code(changed(add)) == "unpacks-too-large"


def test_a_bomb_in_an_object_stream_is_refused() -> None:
    body = b"2 0 " + b" " * (200 * MEGABYTE) + b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
    packed = zlib.compress(body)
    head = f"/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode /Length {len(packed)}".encode()
    objects = [
        (1, b"<< /Type /Catalog /Pages 2 0 R >>"),
        (3, b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>"),
        (4, b"<< " + head + b" >>\nstream\n" + packed + b"\nendstream"),
    ]

    assert code(with_object_stream(objects)) in {"unpacks-too-large", "damaged"}


def test_arrays_nested_without_end_are_refused() -> None:
    nested = b"[" * 200_000 + b"]" * 200_000

    assert code(by_hand(b"<< /Type /Catalog /Pages 2 0 R /Lang " + nested + b" >>")) in {"damaged", "too-complex"}


def test_a_page_tree_that_bites_its_tail_is_refused() -> None:
    assert code(by_hand(kids=b"[3 0 R 2 0 R]")) == "damaged"


def test_a_page_that_is_missing_is_not_passed_over() -> None:
    assert code(by_hand(kids=b"[3 0 R 99 0 R]")) == "damaged"


def test_a_document_without_pages_is_refused() -> None:
    assert code(by_hand(kids=b"[]")) == "damaged"


def test_a_page_tree_deeper_than_any_book_is_refused() -> None:
    def deepen(pdf: Pdf) -> None:
        for _ in range(100):
            top = pdf.Root.Pages
            pdf.Root.Pages = pdf.make_indirect(Dictionary(Type=Name.Pages, Kids=Array([top]), Count=top.Count))
            top.Parent = pdf.Root.Pages

    assert code(changed(deepen)) == "damaged"


@pytest.mark.parametrize("pages", [2_001, 10_000])
def test_too_many_pages_are_refused(pages: int) -> None:
    assert code(ordinary(pages, lines=1)) == "too-many-pages"


def test_two_thousand_pages_are_taken() -> None:
    assert clean(ordinary(2_000, lines=1)).startswith(b"%PDF-1.7")


def test_too_many_objects_are_refused() -> None:
    def add(pdf: Pdf) -> None:
        pdf.Root["/Many"] = Array([pdf.make_indirect(Dictionary()) for _ in range(250_001)])

    assert code(changed(add, object_stream_mode=pikepdf.ObjectStreamMode.generate)) == "too-complex"


@pytest.mark.parametrize("revision", [4, 6])
def test_a_file_that_needs_a_password_is_refused(revision: int) -> None:
    with pikepdf.open(io.BytesIO(ordinary())) as pdf:
        locked = saved(pdf, encryption=pikepdf.Encryption(owner="eier", user="bruker", R=revision))  # type: ignore[arg-type]

    assert code(locked) == "password-needed"


def test_a_form_that_shows_nothing_without_its_program_is_refused() -> None:
    def add(pdf: Pdf) -> None:
        pdf.Root.AcroForm = Dictionary(Fields=Array(), XFA=Stream(pdf, b"<xdp/>"))
        pdf.Root.NeedsRendering = True

    assert code(changed(add)) == "living-form"


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_a_file_that_was_cut_off_is_refused_and_not_guessed_at(share: float) -> None:
    whole = ordinary(20, lines=40)

    assert code(whole[: int(len(whole) * share)]) == "cut-off"


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (b"", "empty"),
        (b"Hei, dette er ingen PDF.", "not-a-pdf"),
        (bytes(range(256)) * 40, "not-a-pdf"),
        (b"PK\x03\x04 et kontordokument", "not-a-pdf"),
        (b"\x89PNG\r\n\x1a\n et bilde", "not-a-pdf"),
        (b"%PDF-1.7\n" + bytes(range(256)) * 40, "cut-off"),
        (b"%PDF-1.7\nstartxref\n0\n%%EOF", "damaged"),
        (b"%PDF-1.7\n" + b"1 0 obj\n<<>>\nendobj\n" * 2000 + b"startxref\n0\n%%EOF", "damaged"),
    ],
)
def test_what_is_no_pdf_is_refused(content: bytes, refusal: str) -> None:
    assert code(content) == refusal


def test_a_file_over_the_limit_is_refused_before_anything_reads_it() -> None:
    assert code_of(lambda: clean(ordinary(), largest=100)) == "too-large"


def test_a_file_that_takes_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleaning, "WALL_SECONDS", 0.01)

    assert code(ordinary()) == "took-too-long"


def test_a_child_that_cannot_start_is_no_fault_of_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cleaning, "_ROOT", tmp_path)
    monkeypatch.setattr("sys.executable", "/bin/false")

    assert code(ordinary()) == "cleaner-failed"


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (-9, Reason.TOO_COMPLEX),
        (-11, Reason.TOO_COMPLEX),
        (1, Reason.CLEANER_FAILED),
        (FIRST_REFUSAL, Reason.NOT_A_PDF),
        (FIRST_REFUSAL + len(Reason), Reason.CLEANER_FAILED),
    ],
)
def test_every_end_of_the_child_has_a_reason(status: int, reason: Reason) -> None:
    assert cleaning._why(status) is reason


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_sentence_that_says_what_to_do_in_both_languages(reason: Reason) -> None:
    refused = UnsafePdf(reason)

    assert set(SENTENCES[reason]) == {"nb", "en"}
    assert refused.code == reason.value
    assert refused.sentence("nb") != refused.sentence("en") == str(refused)
    for sentence in SENTENCES[reason].values():
        assert sentence.endswith(".")
        assert sentence.count(".") >= 2  # what is wrong, and what to do
    assert isinstance(refused, UnsafeFile)


def code(pdf: bytes) -> str:
    return code_of(lambda: clean(pdf))


def code_of(act: Callable[[], bytes]) -> str:
    with pytest.raises(UnsafePdf) as refused:
        act()
    return refused.value.code


def changed(change: Callable[[Pdf], None], **how: object) -> bytes:
    with pikepdf.open(io.BytesIO(ordinary())) as pdf:
        change(pdf)
        return saved(pdf, **how)


def form(pdf: Pdf, packed: bytes) -> Stream:
    drawing = Stream(pdf, packed)
    drawing.stream_dict = Dictionary(
        Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 1, 1]), Filter=Name.FlateDecode
    )
    return drawing


def packed_zeros(megabytes: int) -> bytes:
    packer = zlib.compressobj(9)
    return b"".join(packer.compress(b"\0" * MEGABYTE) for _ in range(megabytes)) + packer.flush()


def with_content(packed: bytes, *filters: str) -> bytes:
    names = " ".join(f"/{name}" for name in filters or ("FlateDecode",))
    head = f"<< /Length {len(packed)} /Filter [{names}] >>\nstream\n".encode()
    return by_hand(contents=head + packed + b"\nendstream")


def by_hand(
    catalog: bytes = b"<< /Type /Catalog /Pages 2 0 R >>",
    *,
    kids: bytes = b"[3 0 R]",
    contents: bytes = b"<< /Length 0 >>\nstream\n\nendstream",
) -> bytes:
    """Write a PDF byte by byte: no library would write what these tests need."""
    return with_table(
        [
            (1, catalog),
            (2, b"<< /Type /Pages /Kids " + kids + b" /Count 1 >>"),
            (3, b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R >>"),
            (4, contents),
        ]
    )


def with_table(objects: list[tuple[int, bytes]]) -> bytes:
    written, places = b"%PDF-1.7\n", []
    for number, body in objects:
        places.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    count = len(objects) + 1
    head = b"xref\n0 %d\n0000000000 65535 f \n" % count
    tail = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (count, len(written))
    return written + head + table + tail


def with_object_stream(objects: list[tuple[int, bytes]]) -> bytes:
    """Write the objects and a cross-reference stream in which object 2 lies inside object 4."""
    written, places = b"%PDF-1.7\n", {}
    for number, body in objects:
        places[number] = len(written)
        written += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(written)
    rows = [(0, 0, 65535), (1, places[1], 0), (2, 4, 0), (1, places[3], 0), (1, places[4], 0), (1, start, 0)]
    table = b"".join(bytes([kind]) + place.to_bytes(4, "big") + last.to_bytes(2, "big") for kind, place, last in rows)
    head = b"<< /Type /XRef /Size 6 /W [1 4 2] /Root 1 0 R /Length %d >>" % len(table)
    return written + b"5 0 obj\n%s\nstream\n%s\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % (head, table, start)


def lzw_of_spaces(blocks: int) -> bytes:
    """Write LZW codes that each stand for one space more than the one before; a block fills the table: 7 million."""
    words = "".join(f"{code:0{(code + 1).bit_length()}b}" for code in range(258, 4094))
    block = f"{32:09b}{words}{256:012b}"
    bits = f"{256:09b}" + block * blocks + f"{257:09b}"
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def test_the_lzw_of_these_tests_is_lzw() -> None:
    with pikepdf.open(io.BytesIO(with_content(lzw_of_spaces(1), "LZWDecode"))) as pdf:
        unpacked = pdf.pages[0].obj.Contents.read_bytes()

    assert unpacked.count(b" ") == len(unpacked) > 7_000_000
