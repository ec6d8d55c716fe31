"""Every place in a JSON value, and small changes to what stands there."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

Path = tuple[str | int, ...]


def places(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield every place in a value, the whole first."""
    yield path, value
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in members:
        yield from places(member, (*path, name))


def put(value: Any, path: Path, new: Any) -> Any:
    """Give a copy of the value with something else at one place."""
    if not path:
        return new
    changed = copy.deepcopy(value)
    inner = changed
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = new
    return changed


def other_values(value: Any) -> Iterator[Any]:
    """Yield values that differ a little from this one, and some that differ in kind."""
    if isinstance(value, str):
        for where in sorted({0, len(value) // 3, len(value) // 2, len(value) - 1} & set(range(len(value)))):
            letter = "A" if value[where] != "A" else "B"
            yield value[:where] + letter + value[where + 1 :]
        yield value[:-1]
        yield value + "A"
        yield value + "\n"
    elif isinstance(value, bool) or value is None:
        yield "A"
    elif isinstance(value, int):
        yield value + 1
        yield float(value)
        yield -1
    elif isinstance(value, list):
        yield [*value, *value[-1:], "A"]
    else:
        yield {**value, "more": 1}
        for name in value:
            yield {kept: member for kept, member in value.items() if kept != name}
    yield from ([value] if value is not None else [], {"x": value}, True, 7)
