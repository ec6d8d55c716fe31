"""Starting what clients never import (ADR 14): this process is replaced by a module of its own."""

from __future__ import annotations

import os
import sys
from typing import NoReturn


def become(module: str, what: str, options: list[str], *, as_json: bool, **given: object) -> NoReturn:
    """Replace this process by `python -m module what …`; what was not given is left out."""
    for name, value in given.items():
        if value is not None:
            options += [f"--{name}", str(value)]
    if as_json:
        options.append("--json")
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", module, what, *options])  # noqa: S606  (our own program)
