"""A photographed paper becomes a page that shows the picture and tells nothing of the photographer."""

from __future__ import annotations

import io
from typing import Any

import pikepdf
import pytest
from pikepdf import Dictionary, Name, Stream
from PIL import Image
from pypdf import PdfReader

from clients.pdf import UnsafePdf, clean, photograph_to_pdf
from clients.pdf.jpeg import without_camera_data
from tests.unit.pdf.hostile import ordinary, saved
from tests.unit.pdf.inspecting import active_things, words_in

RED, BLUE = (220, 30, 30), (30, 30, 220)


def photograph(size: tuple[int, int] = (400, 600), kind: str = "JPEG", mode: str = "RGB", **how: Any) -> bytes:
    """Take a picture that is red above and blue below, with place, camera and a comment."""
    picture = Image.new("RGB", size, BLUE)
    picture.paste(RED, (0, 0, size[0], size[1] // 2))
    exif = picture.getexif()
    exif[0x010F] = "PAYLOAD camera"
    exif[0x8825] = {1: "N", 2: (59.0, 54.0, 0.0), 29: "PAYLOAD day"}
    exif[0x0112] = how.pop("orientation", 1)
    result = io.BytesIO()
    picture.convert(mode).save(result, kind, exif=exif, **how)
    return result.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_photograph_becomes_one_a4_page_without_place_or_camera(kind: str) -> None:
    taken = photograph(kind=kind) + b"PAYLOAD after the end"
    assert taken.count(b"PAYLOAD") == 3

    page = photograph_to_pdf(taken)

    assert [tuple(map(round, one.mediabox[2:])) for one in PdfReader(io.BytesIO(page)).pages] == [(595, 842)]
    assert b"PAYLOAD" not in words_in(page)
    assert active_things(page) == []


def test_a_photograph_taken_sideways_is_shown_upright() -> None:
    page = photograph_to_pdf(photograph((400, 600), orientation=6))

    shown = picture_in(page)
    assert shown.size == (600, 400)
    assert_colour(shown.getpixel((590, 200)), RED)
    assert_colour(shown.getpixel((10, 200)), BLUE)


def test_a_wide_photograph_gets_a_wide_page() -> None:
    page = PdfReader(io.BytesIO(photograph_to_pdf(photograph((900, 300))))).pages[0]

    assert (round(page.mediabox.width), round(page.mediabox.height)) == (842, 595)


@pytest.mark.parametrize(
    ("mode", "kind"), [("L", "PNG"), ("1", "PNG"), ("P", "PNG"), ("RGBA", "PNG"), ("CMYK", "JPEG")]
)
def test_every_usual_way_of_coding_colours_is_taken(mode: str, kind: str) -> None:
    shown = picture_in(photograph_to_pdf(photograph(mode=mode, kind=kind))).convert("L")

    above, below = shown.resize((1, 2), Image.Resampling.BOX).tobytes()
    assert above > below


def test_what_was_see_through_becomes_white_paper() -> None:
    result = io.BytesIO()
    Image.new("RGBA", (50, 50), (0, 0, 0, 0)).save(result, "PNG")

    assert_colour(picture_in(photograph_to_pdf(result.getvalue())).getpixel((25, 25)), (255, 255, 255))


def test_a_large_photograph_is_made_no_larger_than_print_needs() -> None:
    assert max(picture_in(photograph_to_pdf(photograph((6000, 4000)))).size) == 3508


def test_the_same_photograph_gives_the_same_bytes() -> None:
    assert photograph_to_pdf(photograph()) == photograph_to_pdf(photograph())


def test_more_pixels_than_a_camera_takes_are_refused_by_the_header_alone() -> None:
    bomb = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(bomb, "PNG")

    assert code(bomb.getvalue()) == "image-too-large"


@pytest.mark.parametrize(
    "taken", [photograph()[:700], photograph(kind="PNG")[:300], b"\xff\xd8\xff no picture", b"GIF89a"]
)
def test_a_damaged_or_foreign_picture_is_refused(taken: bytes) -> None:
    assert code(taken) == "image-damaged"


def test_a_photograph_over_the_limit_is_refused() -> None:
    with pytest.raises(UnsafePdf) as refused:
        photograph_to_pdf(photograph(), largest=100)
    assert refused.value.code == "too-large"


def test_a_photograph_inside_a_pdf_loses_place_and_camera_and_keeps_its_pixels() -> None:
    taken = photograph(comment=b"PAYLOAD comment")
    with pikepdf.open(io.BytesIO(ordinary(1))) as pdf:
        picture = Stream(pdf, taken)
        picture.stream_dict = Dictionary(
            Type=Name.XObject,
            Subtype=Name.Image,
            Width=400,
            Height=600,
            BitsPerComponent=8,
            ColorSpace=Name.DeviceRGB,
            Filter=Name.DCTDecode,
        )
        pdf.pages[0].obj.Resources.XObject = Dictionary(Photograph=pdf.make_indirect(picture))
        before = saved(pdf)

    after = clean(before)

    assert b"PAYLOAD" in words_in(before)
    assert b"PAYLOAD" not in words_in(after)
    assert picture_in(after).tobytes() == picture_in(before).tobytes()


@pytest.mark.parametrize(
    "odd", [b"", b"\xff", b"\xff\xd8", b"\xff\xd8\xff\xe1", b"\xff\xd8\xff\xe1\xff\xffshort", b"none"]
)
def test_what_is_no_jpeg_loses_nothing_but_segments_that_tell(odd: bytes) -> None:
    assert odd.startswith(without_camera_data(odd)[:2])
    assert len(without_camera_data(odd)) <= len(odd)


def picture_in(pdf: bytes) -> Image.Image:
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        raw = opened.pages[0].obj.Resources.XObject.Photograph.read_raw_bytes()
    picture = Image.open(io.BytesIO(raw))
    picture.load()
    return picture


def assert_colour(seen: Any, meant: tuple[int, int, int]) -> None:
    assert all(abs(one - other) < 12 for one, other in zip(seen, meant, strict=True))


def code(image: bytes) -> str:
    with pytest.raises(UnsafePdf) as refused:
        photograph_to_pdf(image)
    return refused.value.code
