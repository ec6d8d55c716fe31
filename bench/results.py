"""Where figures go: a table for people, `build/bench.json` for programs, both from the same rows."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.frame import Goal, Quantity, Row

BUILD = Path("build")
SCRATCH = BUILD / "bench"
"""Where both sides keep their files while they run: the same disk for both."""


def write(path: Path, value: object) -> None:
    """Replace a JSON file in one step: a reader finds the old figures or the new ones, never half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".tmp")
    with draft.open("w", encoding="utf-8") as file:
        json.dump(value, file, indent=2, ensure_ascii=False)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def merge(path: Path, rows: Sequence[dict[str, object]]) -> None:
    """Write rows by name; what was measured before under other names stays."""
    known = {row["name"]: row for row in json.loads(path.read_text(encoding="utf-8"))} if path.exists() else {}
    write(path, list((known | {row["name"]: row for row in rows}).values()))


def table(rows: Sequence[Row]) -> Table:
    """Lay the rows out, with the direction of each ratio and the goal it is held to."""
    shown = Table(title="Medians; runs alternate between the sides", show_lines=True)
    shown.add_column("what")
    for heading in ("ours", "reference", "ratio", "goal", "met", "runs"):
        shown.add_column(heading, justify="right")
    for row in rows:
        summary = row.summary()
        ratio = summary["ratio"]
        shown.add_row(
            f"{row.quantity.name}\n{_reading(row.quantity)}\nbeside {row.quantity.reference_name}",
            _number(summary["ours"]),
            _number(summary["reference"]),
            _number(ratio),
            str(row.quantity.goal or "-"),
            _met(row.quantity.goal, ratio),
            str(summary["runs"]),
        )
    return shown


def _reading(quantity: Quantity) -> str:
    return f"{'higher' if quantity.higher_is_better else 'lower'} is better; ratio = {quantity.ratio.value}"


def _number(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else "-"


def _met(goal: Goal | None, ratio: object) -> str:
    if goal is None or not isinstance(ratio, float):
        return "-"
    return "yes" if goal.met_by(ratio) else "no"
