"""Logs hold listed fields only."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from server.http.logs import configure


@pytest.fixture
def restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.usefixtures("restored")
def test_a_field_that_is_not_listed_never_reaches_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    configure("info")
    structlog.get_logger("fresh").info("answered", status=200, token="secret", body="Kari Nordmann")
    line = json.loads(capsys.readouterr().err)
    assert line["status"] == 200
    assert set(line) == {"event", "level", "timestamp", "status"}


@pytest.mark.usefixtures("restored")
def test_a_library_is_heard_without_its_words(capsys: pytest.CaptureFixture[str]) -> None:
    configure("warning")
    logging.getLogger("aiohttp.server").error("Error handling request %s", "DPoP secret-token")
    told = capsys.readouterr().err
    assert json.loads(told)["event"] == "library"
    assert "secret" not in told


@pytest.mark.usefixtures("restored")
def test_lines_below_the_level_are_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    configure("error")
    structlog.get_logger("fresh").info("answered", status=200)
    assert capsys.readouterr().err == ""
