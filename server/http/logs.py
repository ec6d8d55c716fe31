"""Structured logs to standard error, with a list of the only fields that may be in them.

Whatever is not listed is dropped: a body, a token or a name cannot reach a log by being passed along.
"""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from typing import Any

ALLOWED = frozenset(
    {
        "event",
        "level",
        "timestamp",
        "request",
        "method",
        "route",
        "status",
        "milliseconds",
        "fault",
        "where",
        "host",
        "port",
        "size",
        "count",
        "position",
        "schema",
        "reason",
    }
)


def only_allowed(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Drop every field that is not on the list (a structlog processor)."""
    return {name: value for name, value in event.items() if name in ALLOWED}


def configure(level: str) -> None:
    """Write JSON lines of at least this level; the standard library's loggers say warnings, without their arguments."""
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            only_allowed,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = _Quiet()
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)


class _Quiet(logging.Handler):
    """Passes on that a library complained and where, never what about: their texts quote what they were given."""

    def emit(self, record: logging.LogRecord) -> None:
        structlog.get_logger("library").warning(
            "library", where=[f"{record.pathname}:{record.lineno}"], fault=record.levelname
        )
