"""How tests say that something is refused, and why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from protocol.share import NotPermitted
from protocol.statements.base import Refused
from tests.unit.protocol.world import Step, Story, tell

Between = Callable[[Story], object]


def refuses(code: str, story: Story, **how: Any) -> Refused:
    """Check that the reader's client refuses this story's bundle; a part of it may be given as a function of it."""
    with pytest.raises(Refused) as caught:
        story.verify(**{name: part(story) if callable(part) else part for name, part in how.items()})
    assert caught.value.code == code, f"refused as {caught.value.code}: {caught.value}"
    return caught.value


def refused(code: str, *changes: Step, act: str = "open", between: Between | None = None, **how: Any) -> None:
    """Tell the story with these changes and check that the reader's client refuses it with this code."""
    refuses(code, tell(*changes, act=act, between=between), **how)


def denied(reason: str, *changes: Step, between: Between | None = None, **how: Any) -> None:
    """Check that everything holds, and no consent permits it."""
    error = refuses(reason, tell(*changes, between=between), **how)
    assert isinstance(error, NotPermitted)
    assert error.decision.reason == reason


def without(name: str) -> Callable[[Story], tuple[Any, ...]]:
    """Give the chain without one of its statements."""
    return lambda story: tuple(each for each in story.chain() if each.token != story.said[name].token)
