"""`report.pdf`: what the exported log says, for a person: verdict, tree head, and every disclosed event in order."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from demo.world import World
from protocol.consent.age import wall_clock
from protocol.identifiers import Instant
from protocol.log.checkpoint import parse as parse_checkpoint
from protocol.log.details import Details
from protocol.log.entry import Entry
from protocol.log.export import Header, parse_disclosure_line
from protocol.log.note import split_note
from protocol.log.tiles import entries_tiles, split

_TITLE = "Innsynsrapport fra hendelsesloggen (SYNTETISK)"


def write(path: Path, export: Path, world: World, verdict: Mapping[str, Any]) -> None:
    """Write the report of an export; names come from the story's cast, everything else from the export itself."""
    header = Header.parse((export / "export.json").read_bytes())
    text, _ = split_note((export / "checkpoint").read_bytes())
    head = parse_checkpoint(text)
    styles = getSampleStyleSheet()
    story: list[Flowable] = [
        Paragraph(_TITLE, styles["Title"]),
        Paragraph(f"Sak: {header.case}. Logg: {header.origin}.", styles["Normal"]),
        Paragraph(f"Kontrollens svar: {_VERDICTS[str(verdict['outcome'])]}", styles["Heading2"]),
        Paragraph(f"{head.size} hendelser, rot {head.root.hex()}.", styles["Normal"]),
        Spacer(1, 6 * mm),
        _events(export, header, {identifier: name for name, identifier in world.persons.items()}, world.units),
    ]
    built = BytesIO()
    document = SimpleDocTemplate(
        built, pagesize=A4, title=_TITLE, author="Fortrolig", lang="nb-NO", leftMargin=15 * mm, rightMargin=15 * mm
    )
    document.build(story, onFirstPage=_footer, onLaterPages=_footer)
    path.write_bytes(built.getvalue())


_VERDICTS = {
    "intact": "loggen er hel",
    "contradiction": "loggen er endret",
    "incomplete": "loggen kan ikke bedømmes",
}


def _events(export: Path, header: Header, persons: Mapping[str, str], units: Mapping[str, str]) -> Table:
    names = {**persons, **{identifier: name for name, identifier in units.items()}}
    disclosed = {}
    with (export / "disclosures.jsonl").open("rb") as lines:
        for line in lines:
            one = parse_disclosure_line(line)
            disclosed[one.index] = Details.parse(one.details)
    rows = [["Nr.", "Når (Oslo)", "Hva", "Hvem", "For", "Svar"]]
    for index, entry in enumerate(_entries(export, header.size)):
        details = disclosed.get(index)
        told = ["", "", ""] if details is None else _told(details, names)
        rows.append([str(index), f"{wall_clock(Instant(entry.t)):%d.%m. %H:%M:%S}", str(entry.e), *told])
    table = Table(rows, repeatRows=1, colWidths=[10 * mm, 27 * mm, 40 * mm, 32 * mm, 42 * mm, 29 * mm])
    table.setStyle(
        TableStyle(
            [
                ("FONTSIZE", (0, 0), (-1, -1), 7),
                ("BACKGROUND", (0, 0), (-1, 0), colors.HexColor("#e6ecef")),
                ("LINEBELOW", (0, 0), (-1, -1), 0.25, colors.HexColor("#b5c0c6")),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("TOPPADDING", (0, 0), (-1, -1), 1.5),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5),
            ]
        )
    )
    return table


def _told(details: Details, names: Mapping[str, str]) -> list[str]:
    who = "" if details.actor is None else names.get(details.actor, details.actor[:12])
    unit = "" if details.for_unit is None else names.get(details.for_unit, details.for_unit[:12])
    answer = str(details.decision) if details.reason is None else details.reason
    return [who, unit[:30], "" if answer == "none" else answer]


def _entries(export: Path, size: int) -> list[Entry]:
    found = []
    for name, width in entries_tiles(size):
        found += [Entry.parse(entry) for entry in split((export / name).read_bytes(), width)]
    return found


def _footer(canvas: Any, document: Any) -> None:
    canvas.saveState()
    canvas.setFont("Helvetica", 7)
    canvas.drawString(15 * mm, 10 * mm, _TITLE)
    canvas.drawRightString(A4[0] - 15 * mm, 10 * mm, f"Side {document.page}")
    canvas.restoreState()
