"""How the demonstration's papers look: A4, one typeface that is embedded, and SYNTETISK on every page."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import reportlab
from reportlab.graphics.shapes import Drawing, Line, Rect, String
from reportlab.lib.colors import Color, HexColor, white
from reportlab.lib.enums import TA_LEFT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageTemplate, Paragraph, Spacer, Table, TableStyle

_INK: Final = HexColor("#1f2933")
_FAINT: Final = HexColor("#616e7c")
_LINE: Final = HexColor("#cbd2d9")
_BAND: Final = HexColor("#eef3f5")
_ACCENT: Final = HexColor("#1f5f73")
_WARNING: Final = HexColor("#9b2c2c")
_WATERMARK: Final = Color(0.61, 0.17, 0.17, alpha=0.07)

_SHORT: Final = 27
"""Characters of a value that fits in half a line."""

_SIDE: Final = 22 * mm
_TOP: Final = 29 * mm
_BOTTOM: Final = 22 * mm
TEXT_WIDTH: Final = A4[0] - 2 * _SIDE

_MONTHS: Final = (
    "januar", "februar", "mars", "april", "mai", "juni",
    "juli", "august", "september", "oktober", "november", "desember",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cover:
    """What stands in the frame of every page and in the file's own fields."""

    title: str
    unit: str
    reference: str


def day(on: date) -> str:
    """Write a day as a letter does: 3. mars 2026."""
    return f"{on.day}. {_MONTHS[on.month - 1]} {on.year}"


def heading(text: str, *, keep: bool = True) -> Paragraph:
    """Give a numbered section's heading, which becomes a bookmark; `keep` holds all that follows on the same page."""
    return Paragraph(
        text, _style("heading", bold=True, size=11.4, lead=15, before=8, after=3, colour=_ACCENT, keep=keep)
    )


def title(text: str, below: str) -> list[Flowable]:
    """Give the title on the first page, with a line below it."""
    return [
        Paragraph(text, _style("title", bold=True, size=19, lead=24, after=2)),
        Paragraph(below, _style("below", size=10, lead=14, after=8, colour=_FAINT)),
    ]


def text(*paragraphs: str) -> list[Flowable]:
    """Give running text."""
    return [Paragraph(one, _style("text", after=5)) for one in paragraphs]


def points(*lines: str) -> list[Flowable]:
    """Give a list with dots."""
    style = _style("point", after=2.5, indent=12)
    return [Paragraph(line, style, bulletText="•") for line in lines] + [Spacer(1, 4)]


def quote(words: str, who: str) -> Table:
    """Give somebody's own words, set apart."""
    inside = Paragraph(f"«{words}»<br/><font color='#616e7c' size='8'>{who}</font>", _style("quote", italic=True))
    box = Table([[inside]], colWidths=[TEXT_WIDTH])
    box.setStyle(
        TableStyle(
            [
                ("BACKGROUND", (0, 0), (-1, -1), _BAND),
                ("LINEBEFORE", (0, 0), (0, -1), 3, _ACCENT),
                ("LEFTPADDING", (0, 0), (-1, -1), 11),
                ("TOPPADDING", (0, 0), (-1, -1), 7),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 8),
            ]
        )
    )
    box.spaceBefore, box.spaceAfter = 3, 8
    return box


def facts(rows: Sequence[tuple[str, str]]) -> Table:
    """Give names and values; two short ones share a line."""
    label, value = _style("label", size=8, lead=11.6, colour=_FAINT), _style("value", size=9, lead=12)
    lines: list[list[Paragraph | str]] = []
    wide: list[tuple[str, tuple[int, int], tuple[int, int]]] = []
    waiting = list(rows)
    while waiting:
        pair = waiting[:2] if all(len(said) <= _SHORT and len(name) <= _SHORT for name, said in waiting[:2]) else []
        if len(pair) < 2:  # noqa: PLR2004  (a pair)
            pair = waiting[:1]
            wide.append(("SPAN", (1, len(lines)), (3, len(lines))))
        cells: list[Paragraph | str] = [
            cell for name, said in pair for cell in (Paragraph(name, label), Paragraph(said, value))
        ]
        lines.append(cells + [""] * (4 - len(cells)))
        del waiting[: len(pair)]
    table = Table(lines, colWidths=[TEXT_WIDTH * share for share in (0.23, 0.29, 0.2, 0.28)])
    table.setStyle(
        TableStyle(
            [
                *wide,
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LINEBELOW", (0, 0), (-1, -1), 0.4, _LINE),
                ("LEFTPADDING", (0, 0), (-1, -1), 2),
                ("TOPPADDING", (0, 0), (-1, -1), 2.5),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 3.5),
            ]
        )
    )
    table.spaceAfter = 5
    return table


def grid(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """Give a table with a head that is repeated on the next page. No word is broken where the page is wide enough."""
    top = _style("top", bold=True, size=8.2, lead=11, colour=white)
    cell = _style("cell", size=8.4, lead=11.4)
    body = [[Paragraph(one, top) for one in head], *([Paragraph(one, cell) for one in row] for row in rows)]
    table = Table(body, colWidths=_column_widths([head, *rows]), repeatRows=1)
    table.setStyle(
        TableStyle(
            [
                ("BACKGROUND", (0, 0), (-1, 0), _ACCENT),
                ("ROWBACKGROUNDS", (0, 1), (-1, -1), [white, _BAND]),
                ("BOX", (0, 0), (-1, -1), 0.5, _LINE),
                ("INNERGRID", (0, 1), (-1, -1), 0.3, _LINE),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("TOPPADDING", (0, 0), (-1, -1), 3.5),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 4.5),
            ]
        )
    )
    table.spaceBefore, table.spaceAfter = 3, 8
    return table


def _column_widths(rows: Sequence[Sequence[str]]) -> list[float]:
    """Give each column its longest word, and share what is left by how much there is to say."""
    _register_typeface()
    padding = 13
    least, wanted = [], []
    for column in zip(*rows, strict=True):
        widths = [pdfmetrics.stringWidth(word, "Vera-Bold", 8.4) for said in column for word in said.split()]
        least.append(max(widths) + padding)
        wanted.append(max(pdfmetrics.stringWidth(said, "Vera", 8.4) for said in column) + padding)
    left = TEXT_WIDTH - sum(least)
    more = [max(0.0, want - need) for want, need in zip(wanted, least, strict=True)]
    if left <= 0 or not sum(more):
        return [TEXT_WIDTH * need / sum(least) for need in least]
    return [need + left * extra / sum(more) for need, extra in zip(least, more, strict=True)]


def bars(caption: str, values: Sequence[tuple[str, int]]) -> Drawing:
    """Give a chart of percentiles, with the ordinary range (16 to 84) shaded and each value in figures."""
    step, label_width, right = 19, 150, 34
    height, scale = step * len(values) + 44, (TEXT_WIDTH - label_width - right) / 100
    chart = Drawing(TEXT_WIDTH, height)
    low = 22
    high = low + step * len(values)
    chart.add(String(0, high + 10, caption, fontName="Vera-Bold", fontSize=8.6, fillColor=_INK))
    chart.add(_box(label_width + 16 * scale, low, 68 * scale, high - low, _BAND))
    for mark in (0, 16, 50, 84, 100):
        x = label_width + mark * scale
        chart.add(Line(x, low, x, high, strokeColor=_LINE, strokeWidth=0.5))
        chart.add(String(x, low - 11, str(mark), fontName="Vera", fontSize=7, fillColor=_FAINT, textAnchor="middle"))
    for place, (name, value) in enumerate(values):
        y = high - (place + 1) * step + 4
        chart.add(String(0, y + 3, name, fontName="Vera", fontSize=8.4, fillColor=_INK))
        colour = _ACCENT if value >= 16 else _WARNING  # noqa: PLR2004  (below the ordinary range)
        chart.add(_box(label_width, y, value * scale, step - 8, colour))
        end = label_width + value * scale
        chart.add(String(end + 4, y + 3, str(value), fontName="Vera-Bold", fontSize=8, fillColor=_INK))
    return chart


def _box(left: float, bottom: float, width: float, height: float, colour: Color) -> Rect:
    box = Rect(left, bottom, width, height)
    box.fillColor, box.strokeColor = colour, None
    return box


def signature(where: str, on: date, lines: Sequence[str]) -> list[Flowable]:
    """Close a paper with place, day and who stands for it."""
    said = "<br/>".join(lines)
    return [Spacer(1, 10), *text(f"{where}, {day(on)}"), Spacer(1, 14), *text(said)]


def print_paper(cover: Cover, story: Callable[[], list[Flowable]]) -> bytes:
    """Set the story into pages; the same story gives the same bytes."""
    _register_typeface()
    return _printed(cover, story(), pages=_Counted(cover, story()).pages)


class _Paper(BaseDocTemplate):
    """A document whose headings become bookmarks."""

    sections = 0

    def afterFlowable(self, flowable: Flowable) -> None:  # noqa: N802  (reportlab calls it by this name)
        if isinstance(flowable, Paragraph) and flowable.style.name == "heading":
            self.sections += 1
            key = f"section-{self.sections}"
            self.canv.bookmarkPage(key)
            self.canv.addOutlineEntry(flowable.getPlainText(), key, level=0)


class _Counted:
    """How many pages the story takes, found by setting it once."""

    def __init__(self, cover: Cover, flowables: list[Flowable]) -> None:
        paper = _paper(io.BytesIO(), cover, pages=0)
        paper.build(flowables)
        self.pages: Final[int] = paper.page


def _printed(cover: Cover, flowables: list[Flowable], *, pages: int) -> bytes:
    result = io.BytesIO()
    _paper(result, cover, pages=pages).build(flowables)
    return result.getvalue()


def _paper(result: io.BytesIO, cover: Cover, *, pages: int) -> _Paper:
    paper = _Paper(
        result,
        pagesize=A4,
        title=f"{cover.title} (SYNTETISK)",
        author=cover.unit,
        subject="SYNTETISK: oppdiktet innhold om oppdiktede personer",
        creator="Fortrolig",
        lang="nb-NO",
        invariant=1,
    )
    frame = Frame(_SIDE, _BOTTOM, TEXT_WIDTH, A4[1] - _TOP - _BOTTOM, 0, 0, 0, 0)

    def decorate(canvas: Canvas, _paper: BaseDocTemplate) -> None:
        _decorate(canvas, cover, pages)

    paper.addPageTemplates([PageTemplate(frames=[frame], onPage=decorate)])
    return paper


def _decorate(canvas: Canvas, cover: Cover, pages: int) -> None:
    width, height = A4
    canvas.saveState()
    canvas.setFillColor(_WATERMARK)
    canvas.translate(width / 2, height / 2)
    canvas.rotate(52)
    canvas.setFont("Vera-Bold", 92)
    canvas.drawCentredString(0, -30, "SYNTETISK")
    canvas.restoreState()

    canvas.saveState()
    head = height - 17 * mm
    canvas.setFillColor(_WARNING)
    canvas.roundRect(width - _SIDE - 78, head - 5, 78, 17, 3, stroke=0, fill=1)
    canvas.setFillColor(white)
    canvas.setFont("Vera-Bold", 8.6)
    canvas.drawCentredString(width - _SIDE - 39, head, "SYNTETISK")
    canvas.setFillColor(_INK)
    canvas.setFont("Vera-Bold", 9)
    canvas.drawString(_SIDE, head + 3, cover.unit)
    canvas.setFillColor(_FAINT)
    canvas.setFont("Vera", 7.6)
    canvas.drawString(_SIDE, head - 8, f"{cover.title} · {cover.reference} · Unntatt offentlighet, taushetsbelagt")
    canvas.setStrokeColor(_ACCENT)
    canvas.setLineWidth(1.2)
    canvas.line(_SIDE, head - 16, width - _SIDE, head - 16)
    canvas.setStrokeColor(_LINE)
    canvas.setLineWidth(0.5)
    canvas.line(_SIDE, 16 * mm, width - _SIDE, 16 * mm)
    canvas.drawString(_SIDE, 11.5 * mm, "Oppdiktet innhold om oppdiktede personer. Ikke et dokument i noens journal.")
    canvas.drawRightString(width - _SIDE, 11.5 * mm, f"Side {canvas.getPageNumber()} av {pages}")
    canvas.restoreState()


def _style(
    name: str,
    *,
    bold: bool = False,
    italic: bool = False,
    size: float = 9.4,
    lead: float = 13.6,
    before: float = 0,
    after: float = 0,
    indent: float = 0,
    colour: Color = _INK,
    keep: bool = False,
) -> ParagraphStyle:
    return ParagraphStyle(
        name,
        fontName="Vera-Bold" if bold else "Vera-Italic" if italic else "Vera",
        fontSize=size,
        leading=lead,
        spaceBefore=before,
        spaceAfter=after,
        leftIndent=indent,
        bulletIndent=2,
        textColor=colour,
        alignment=TA_LEFT,
        keepWithNext=keep,
    )


def _register_typeface() -> None:
    """Embed Bitstream Vera, which comes with reportlab: every reader then shows æ, ø and å alike."""
    fonts = Path(reportlab.__file__).parent / "fonts"
    for name, file in (("Vera", "Vera"), ("Vera-Bold", "VeraBd"), ("Vera-Italic", "VeraIt"), ("Vera-Both", "VeraBI")):
        if name not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(TTFont(name, str(fonts / f"{file}.ttf")))
    pdfmetrics.registerFontFamily("Vera", "Vera", "Vera-Bold", "Vera-Italic", "Vera-Both")
