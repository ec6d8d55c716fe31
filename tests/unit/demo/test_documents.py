"""The story's papers: real PDFs, marked on every page, the same twice, and saying what the form beside them says."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
from pypdf import PdfReader

from clients.pdf import clean
from demo.documents import discharge_form, discharge_summary, ppt_report, referral, referral_form
from demo.form_labels import COLUMNS, DISCHARGE, REFERRAL
from demo.forms import Form
from demo.people import cast
from keys.canonical import canonical

TODAY = date(2026, 11, 22)
PEOPLE = cast(TODAY)


def a_report() -> bytes:
    return ppt_report(PEOPLE, date(2026, 10, 30))


def a_referral_form() -> Form:
    return referral_form(PEOPLE, TODAY, care_consent="a" * 64, disclosure_consent="b" * 64, ppt_report=a_report())


def a_discharge_form() -> Form:
    return discharge_form(PEOPLE, date(2026, 11, 30), date(2027, 5, 20), consent="c" * 64)


PAPERS: dict[str, tuple[Callable[[], bytes], range]] = {
    "Sakkyndig vurdering": (a_report, range(4, 6)),
    "Henvisning til BUP": (lambda: referral(PEOPLE, a_referral_form()), range(2, 5)),
    "Epikrise med oppfølgingsplan": (lambda: discharge_summary(PEOPLE, a_discharge_form()), range(2, 5)),
}

papers = pytest.mark.parametrize("name", PAPERS)


@papers
def test_every_page_is_marked_synthetic_above_across_and_counted_below(name: str) -> None:
    pages = [page.extract_text() for page in opened(name).pages]

    assert len(pages) in PAPERS[name][1]
    for number, page in enumerate(pages, start=1):
        assert page.count("SYNTETISK") >= 3  # badge, watermark, unit
        assert f"Side {number} av {len(pages)}" in page


@papers
def test_a_paper_states_its_title_and_language_and_has_a_bookmark_for_each_section(name: str) -> None:
    paper = opened(name)

    assert paper.metadata is not None
    assert paper.metadata.title == f"{name} (SYNTETISK)"
    assert str(paper.root_object["/Lang"]) == "nb-NO"
    bookmarks = [str(item["/Title"]) for item in paper.outline if not isinstance(item, list)]
    assert len(bookmarks) >= 11
    assert [bookmark.split(".")[0] for bookmark in bookmarks] == [str(n) for n in range(1, len(bookmarks) + 1)]


@papers
def test_a_paper_is_the_same_bytes_twice(name: str) -> None:
    make = PAPERS[name][0]

    assert make() == make()


@papers
def test_norwegian_letters_survive_as_text_and_the_typeface_is_embedded(name: str) -> None:
    paper = opened(name)
    text = "".join(page.extract_text() for page in paper.pages)

    assert {"æ", "ø", "å"} <= set(text)
    fonts: list[Any] = [font for page in paper.pages for font in untyped(page["/Resources"])["/Font"].values()]
    assert {str(font.get_object()["/BaseFont"]).partition("+")[2] for font in fonts} >= {
        "BitstreamVeraSans-Roman",
        "BitstreamVeraSans-Bold",
    }


@papers
def test_a_paper_passes_cleaning_with_its_pages_text_and_bookmarks(name: str) -> None:
    before = opened(name)
    after = PdfReader(io.BytesIO(clean(PAPERS[name][0]())))

    assert [page.extract_text() for page in after.pages] == [page.extract_text() for page in before.pages]
    assert len(after.outline) == len(before.outline)


def test_the_report_can_be_about_another_child() -> None:
    other = PEOPLE.children.thirteen
    text = PdfReader(io.BytesIO(ppt_report(PEOPLE, TODAY, other))).pages[0].extract_text()

    assert other.name in text
    assert PEOPLE.child.given_name not in text


def test_the_referral_form_states_pages_and_digest_of_its_attachment() -> None:
    (attached,) = a_referral_form()["attachments"]["files"]

    assert attached["sha256"] == hashlib.sha256(a_report()).hexdigest()
    assert attached["pages"] == len(PdfReader(io.BytesIO(a_report())).pages)
    assert attached["consent"] == "b" * 64


@pytest.mark.parametrize("form", [a_referral_form(), a_discharge_form()], ids=["referral", "discharge"])
def test_a_form_is_json_that_has_a_canonical_spelling(form: Form) -> None:
    assert canonical(form).startswith(b'{"administrative":')


@pytest.mark.parametrize(
    ("form", "labels"), [(a_referral_form(), REFERRAL), (a_discharge_form(), DISCHARGE)], ids=["referral", "discharge"]
)
def test_no_field_of_a_form_is_empty_or_missing_on_its_paper(
    form: Form, labels: dict[str, tuple[str, dict[str, str]]]
) -> None:
    assert {group: set(fields) for group, fields in form.items()} == {
        group: set(names) for group, (_, names) in labels.items()
    }
    assert all(value != "" for value in values(form))
    assert {key for row in rows(form) for key in row} <= set(COLUMNS)


def test_the_referral_paper_says_what_its_form_says() -> None:
    form = a_referral_form()
    paper = " ".join(" ".join(page.extract_text().split()) for page in opened("Henvisning til BUP").pages)

    assert form["reason"]["question"] in paper
    assert form["reason"]["own_words"] in paper
    assert form["patient"]["national_id"] in paper
    assert form["guardianship"]["holders"][1]["name"] in paper


def untyped(value: Any) -> Any:
    return value


def opened(name: str) -> PdfReader:
    return PdfReader(io.BytesIO(PAPERS[name][0]()))


def values(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for one in value.values():
            yield from values(one)
    elif isinstance(value, list):
        for one in value:
            yield from values(one)
    else:
        yield value


def rows(form: Form) -> Iterator[dict[str, Any]]:
    for group in form.values():
        for value in group.values():
            if isinstance(value, list):
                yield from value
