"""Answers to shares and holds as JSON, for idempotency keys. Envelopes are never among them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from server.documents.refusals import Denied
from server.identity.intake import Accepted, Rejected

_KINDS = {kind.__name__: kind for kind in (Accepted, Rejected, Denied)}


class Answers:
    """Takes what an action answered to a JSON value and back."""

    def encode(self, result: Accepted | Rejected | Denied, /) -> Any:
        """See `server.audit.idempotency.Codec`."""
        return [type(result).__name__, asdict(result)]

    def decode(self, value: Any, /) -> Accepted | Rejected | Denied:
        """See `server.audit.idempotency.Codec`."""
        name, members = value
        if "missing" in members:
            members["missing"] = tuple(members["missing"])
        return _KINDS[name](**members)


ANSWERS = Answers()
