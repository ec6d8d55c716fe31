"""Whatever acts, reaches out or tells on its author is gone; pages, text and what a reader needs are kept."""

from __future__ import annotations

import io

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, String
from pypdf import PdfReader

from clients.pdf import clean
from clients.pdf.rewriting import write_clean
from tests.unit.pdf.hostile import FEATURES, annotate, field, link, ordinary, saved, with_feature
from tests.unit.pdf.inspecting import active_things, texts, words_in


@pytest.mark.parametrize("hidden", [False, True], ids=["plain", "in-object-streams"])
@pytest.mark.parametrize("name", FEATURES)
def test_the_feature_is_gone_and_the_text_is_kept(name: str, hidden: bool) -> None:
    hostile = with_feature(name, hidden=hidden)
    assert b"PAYLOAD" in words_in(hostile)

    cleaned = clean_here(hostile)

    assert active_things(cleaned) == []
    assert b"PAYLOAD" not in words_in(cleaned)
    if "poses_as_fonts" not in name:  # that one has no fonts to read its text by
        assert texts(cleaned) == texts(ordinary())


def test_all_features_at_once_are_gone_in_the_child_process() -> None:
    names = [name for name in FEATURES if "poses_as_fonts" not in name]

    cleaned = clean(with_feature(*names, hidden=True))

    assert active_things(cleaned) == []
    assert b"PAYLOAD" not in words_in(cleaned)
    assert texts(cleaned) == texts(ordinary())


def test_the_inspecting_eye_sees_every_feature_that_acts() -> None:
    quiet = {  # nothing a reader acts on: found by its word alone
        "author_of_a_note",
        "unknown_things_in_catalog_page_and_trailer",
        "unknown_annotation_with_an_unknown_action",
    }

    without = active_things(with_feature())
    assert {name for name in FEATURES if active_things(with_feature(name)) == without} == quiet


def test_the_same_file_is_cleaned_to_the_same_bytes() -> None:
    hostile = with_feature("embedded_file", "link_to_the_web")

    assert clean(hostile) == clean(hostile)


def test_what_was_cleaned_stays_as_it_is_when_cleaned_again() -> None:
    once = clean(with_feature("embedded_file", "form_sent_by_a_button"))

    assert texts(clean(once)) == texts(once)
    assert active_things(clean(once)) == []


def test_bytes_around_the_document_and_older_revisions_are_left_behind() -> None:
    wrapped = b"PAYLOAD before\n" + ordinary() + b"\nPAYLOAD after"

    assert b"PAYLOAD" not in clean(wrapped)


def test_inner_links_and_bookmarks_still_lead_to_their_page() -> None:
    with pikepdf.open(io.BytesIO(ordinary())) as pdf:
        there = Array([pdf.pages[1].obj, Name.Fit])
        link(pdf, S=Name.GoTo, D=there)
        annotate(pdf, Subtype=Name.Link, Dest=there)
        item = pdf.make_indirect(Dictionary(Title=String("Side to"), A=Dictionary(S=Name.GoTo, D=there)))
        pdf.Root.Outlines = pdf.make_indirect(Dictionary(Type=Name.Outlines, First=item, Last=item, Count=1))
        item.Parent = pdf.Root.Outlines
        before = saved(pdf)

    after = PdfReader(io.BytesIO(clean(before)))

    assert len(after.pages[0].annotations or []) == 2
    assert [after.get_destination_page_number(item) for item in after.outline if not isinstance(item, list)] == [1]


def test_a_link_to_the_web_loses_its_place_to_click_but_not_its_words() -> None:
    cleaned = clean(with_feature("link_to_the_web"))

    assert not PdfReader(io.BytesIO(cleaned)).pages[0].annotations
    assert texts(cleaned) == texts(ordinary())


def test_form_values_stay_visible_and_cannot_be_changed() -> None:
    with pikepdf.open(io.BytesIO(ordinary())) as pdf:
        font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
        field(pdf, FT=Name.Tx, V=String("Blå katt"), DA=String("/Helv 10 Tf 0 g"))
        pdf.Root.AcroForm.DR = Dictionary(Font=Dictionary(Helv=pdf.make_indirect(font)))
        pdf.Root.AcroForm.NeedAppearances = True
        before = saved(pdf)

    with pikepdf.open(io.BytesIO(clean(before))) as after:
        (kept,) = after.Root.AcroForm.Fields.as_list()
        assert str(kept.V) == "Blå katt"
        assert "/NeedAppearances" not in after.Root.AcroForm
        assert b"Tj" in kept.AP.N.read_bytes()
        assert int(kept.Ff) & 1


def test_fonts_with_names_like_actions_keep_their_text() -> None:
    with pikepdf.open(io.BytesIO(ordinary())) as pdf:
        for page, name in zip(pdf.pages, ("/AA", "/JS"), strict=True):
            page.obj.Resources = Dictionary(Font=Dictionary({name: page.obj.Resources.Font.F1}))
            page.obj.Contents = pdf.make_stream(page.obj.Contents.read_bytes().replace(b"/F1 ", name.encode() + b" "))
        before = saved(pdf)
    assert texts(before) == texts(ordinary())

    assert texts(clean(before)) == texts(before)


def test_a_ring_of_bookmarks_costs_the_bookmarks_only() -> None:
    with pikepdf.open(io.BytesIO(ordinary())) as pdf:
        one, two = (pdf.make_indirect(Dictionary(Title=String("Rundt"))) for _ in range(2))
        one.Next, two.Next = two, one
        pdf.Root.Outlines = pdf.make_indirect(Dictionary(Type=Name.Outlines, First=one, Last=two))
        before = saved(pdf)

    cleaned = clean(before)

    assert PdfReader(io.BytesIO(cleaned)).outline == []
    assert texts(cleaned) == texts(ordinary())


@pytest.mark.parametrize(
    "owner_only", [pikepdf.Encryption(owner="eier", user="", R=r) for r in (4, 6)], ids=["R4", "R6"]
)
def test_a_file_locked_for_printing_only_opens_and_is_written_without_lock(owner_only: pikepdf.Encryption) -> None:
    with pikepdf.open(io.BytesIO(ordinary())) as pdf:
        before = saved(pdf, encryption=owner_only)

    cleaned = clean(before)

    assert not PdfReader(io.BytesIO(cleaned)).is_encrypted
    assert texts(cleaned) == texts(ordinary())


def test_a_file_of_five_megabytes_comes_through_whole() -> None:
    with pikepdf.open(io.BytesIO(ordinary(pages=60, lines=40))) as pdf:
        noise = pikepdf.Stream(pdf, bytes((i * i * 7919 + (i >> 3)) & 0xFF for i in range(5_000_000)))
        noise.stream_dict = Dictionary(
            Type=Name.XObject,
            Subtype=Name.Image,
            Width=2500,
            Height=2000,
            BitsPerComponent=8,
            ColorSpace=Name.DeviceGray,
        )
        pdf.pages[0].obj.Resources.XObject = Dictionary(Im1=pdf.make_indirect(noise))
        before = saved(pdf, compress_streams=False)
    assert len(before) > 5_000_000

    cleaned = clean(before)

    assert texts(cleaned) == texts(before)
    with pikepdf.open(io.BytesIO(cleaned)) as after, pikepdf.open(io.BytesIO(before)) as original:
        assert after.pages[0].Resources.XObject.Im1.read_bytes() == original.pages[0].Resources.XObject.Im1.read_bytes()


def clean_here(pdf: bytes) -> bytes:
    """Clean in this process: what the child does, without its limits, which these files do not need."""
    result = io.BytesIO()
    write_clean(io.BytesIO(pdf), result)
    return result.getvalue()
