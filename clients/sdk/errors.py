"""What can go wrong, sorted by what the person should do next: each class is one exit code of the CLI (DESIGN §9)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class SdkError(Exception):
    """Something went wrong; `code` is stable, the text says what to do next."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code


class Fault(SdkError):
    """It broke, here or at the server: trying again may help."""


class Misused(SdkError):
    """What was asked makes no sense: another question is needed."""


class Denied(SdkError):
    """It was refused for lack of a consent or a right; `missing` is who must still act, as `act:person`."""

    def __init__(self, code: str, why: str, *, missing: tuple[str, ...] = (), rule: str | None = None) -> None:
        super().__init__(code, why)
        self.missing = missing
        self.rule = rule


class Tampered(SdkError):
    """What the server gave does not hold; `evidence` is what proves it, kept in the home folder."""

    def __init__(self, code: str, why: str, evidence: Mapping[str, Any] | None = None) -> None:
        super().__init__(code, why)
        self.evidence = evidence


class Unreachable(SdkError):
    """No answer came from the server."""


class Incomplete(SdkError):
    """There is not enough to judge by."""
