"""A certificate set into pages: plain words, a table of who said what, and the codes by which it is checked.

The same sheet gives the same bytes, so whoever has the codes can set it anew and see whether a file was changed.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

import reportlab
from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.graphics.shapes import Drawing
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Flowable,
    Frame,
    KeepTogether,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
    TableStyle,
)

SIDE, TOP, BOTTOM = 20 * mm, 26 * mm, 20 * mm
_WIDTH = A4[0] - 2 * SIDE
_CODE = 78 * mm
_LABEL = 46 * mm
_INK, _GREY, _LINE, _RED = HexColor("#1f2933"), HexColor("#5b6773"), HexColor("#c8d0d8"), HexColor("#b42318")

_BODY = ParagraphStyle("body", fontName="Vera", fontSize=9.2, leading=13.4, spaceAfter=5, textColor=_INK)
_TITLE = ParagraphStyle("title", parent=_BODY, fontName="Vera-Bold", fontSize=17, leading=22, spaceAfter=8)
_HEADING = ParagraphStyle("heading", parent=_BODY, fontName="Vera-Bold", fontSize=11, leading=15, spaceBefore=9)
_STATE = ParagraphStyle("state", parent=_BODY, fontName="Vera-Bold", fontSize=10.5, leading=15)
_LABELS = ParagraphStyle("label", parent=_BODY, textColor=_GREY, fontSize=8.4, leading=12, spaceAfter=0)
_VALUES = ParagraphStyle("value", parent=_BODY, fontSize=8.4, leading=12, spaceAfter=0, splitLongWords=1)


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with paragraphs, and rows of a label and what it says, over several lines if it has line breaks."""

    heading: str
    paragraphs: tuple[str, ...] = ()
    rows: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a certificate says, in the reader's words; nothing in it is read as markup."""

    language: str
    """As BCP 47 writes it: `nb-NO`, `en-GB`."""
    title: str
    state: str
    sections: tuple[Section, ...]
    code_section: Section
    codes: tuple[str, ...]
    """Texts of the QR codes: letters, digits and `:/` only."""
    footer: str
    page_of: str
    """How a page is numbered, with `{page}` and `{pages}`."""
    mark: str | None
    """What stands large on every page of a certificate that is not of a real person."""


def print_certificate(sheet: Sheet) -> bytes:
    """Set a certificate into A4 pages; the same sheet gives the same bytes."""
    _register_typeface()
    first = io.BytesIO()
    counted = _document(first, sheet, pages=0)
    counted.build(_story(sheet))
    printed = io.BytesIO()
    _document(printed, sheet, pages=counted.page).build(_story(sheet))
    return printed.getvalue()


def _document(target: io.BytesIO, sheet: Sheet, *, pages: int) -> BaseDocTemplate:
    document = BaseDocTemplate(
        target,
        pagesize=A4,
        title=sheet.title if sheet.mark is None else f"{sheet.title} ({sheet.mark})",
        author="Fortrolig",
        creator="Fortrolig",
        # The codes as plain text, so that they are found in the file without a parser of PDF.
        keywords=list(sheet.codes),
        lang=sheet.language,
        invariant=1,
        pageCompression=1,
    )
    frame = Frame(SIDE, BOTTOM, _WIDTH, A4[1] - TOP - BOTTOM, 0, 0, 0, 0)

    def decorate(canvas: Canvas, _document: BaseDocTemplate) -> None:
        _decorate(canvas, sheet, pages)

    document.addPageTemplates([PageTemplate(frames=[frame], onPage=decorate)])
    return document


def _decorate(canvas: Canvas, sheet: Sheet, pages: int) -> None:
    canvas.saveState()
    if sheet.mark is not None:
        canvas.setFillColor(_RED)
        canvas.setFont("Vera-Bold", 12)
        canvas.drawRightString(A4[0] - SIDE, A4[1] - 17 * mm, sheet.mark)
    canvas.setFillColor(_GREY)
    canvas.setFont("Vera", 8)
    canvas.drawString(SIDE, A4[1] - 17 * mm, "Fortrolig")
    canvas.drawString(SIDE, 12 * mm, sheet.footer)
    canvas.drawRightString(A4[0] - SIDE, 12 * mm, sheet.page_of.format(page=canvas.getPageNumber(), pages=pages))
    canvas.setStrokeColor(_LINE)
    canvas.line(SIDE, A4[1] - 20 * mm, A4[0] - SIDE, A4[1] - 20 * mm)
    canvas.line(SIDE, 16 * mm, A4[0] - SIDE, 16 * mm)
    canvas.restoreState()


def _story(sheet: Sheet) -> list[Flowable]:
    story: list[Flowable] = [Paragraph(escape(sheet.title), _TITLE), Paragraph(escape(sheet.state), _STATE)]
    for section in (*sheet.sections, sheet.code_section):
        story += _section(section)
    return story + _codes(sheet)


def _section(section: Section) -> list[Flowable]:
    heading = Paragraph(escape(section.heading), _HEADING)
    paragraphs: list[Flowable] = [Paragraph(escape(one), _BODY) for one in section.paragraphs]
    if section.rows:
        cells = [
            [Paragraph(escape(label), _LABELS), Paragraph(escape(said).replace("\n", "<br/>"), _VALUES)]
            for label, said in section.rows
        ]
        table = Table(cells, colWidths=[_LABEL, _WIDTH - _LABEL], hAlign="LEFT")
        table.setStyle(
            TableStyle(
                [
                    ("VALIGN", (0, 0), (-1, -1), "TOP"),
                    ("LEFTPADDING", (0, 0), (-1, -1), 0),
                    ("TOPPADDING", (0, 0), (-1, -1), 3),
                    ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
                    ("LINEBELOW", (0, 0), (-1, -1), 0.4, _LINE),
                ]
            )
        )
        paragraphs += [table, Spacer(1, 5)]
    # A heading alone at the foot of a page says nothing.
    return [CondPageBreak(30 * mm), KeepTogether([heading, *paragraphs[:1]]), *paragraphs[1:]]


def _codes(sheet: Sheet) -> list[Flowable]:
    boxes: list[list[Flowable]] = [
        _code(text, f"{number}/{len(sheet.codes)}") for number, text in enumerate(sheet.codes, 1)
    ]
    rows = [boxes[start : start + 2] for start in range(0, len(boxes), 2)]
    if rows and len(rows[-1]) == 1:
        rows[-1].append([])
    table = Table(rows, colWidths=[_WIDTH / 2] * 2, hAlign="LEFT")
    table.setStyle(TableStyle([("LEFTPADDING", (0, 0), (-1, -1), 0), ("VALIGN", (0, 0), (-1, -1), "TOP")]))
    return [Spacer(1, 6), table] if rows else []


def _code(text: str, number: str) -> list[Flowable]:
    widget = QrCodeWidget(text, barLevel="L", barWidth=_CODE, barHeight=_CODE, barBorder=4)
    drawing = Drawing(_CODE, _CODE)
    drawing.add(widget)
    return [drawing, Paragraph(escape(number), _LABELS), Spacer(1, 4)]


def _register_typeface() -> None:
    folder = Path(reportlab.__file__).parent / "fonts"
    for name, file in (("Vera", "Vera.ttf"), ("Vera-Bold", "VeraBd.ttf")):
        if name not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(TTFont(name, folder / file))
