"""Vectors of statements' bodies: what each kind reads and writes, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from protocol.reading import Fields


def vectors(folder: str) -> dict[str, Any]:
    """Read `statements.json` of a folder of vectors."""
    path = Path(__file__).parents[2] / "vectors" / folder / "statements.json"
    read: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return read


def read_body(kinds: Mapping[str, Any], case: Mapping[str, Any]) -> Any:
    """Read a body as the kind that the case names, wholly."""
    fields = Fields(case["body"], case["kind"])
    body = kinds[case["kind"]].read(fields)
    fields.done()
    return body
