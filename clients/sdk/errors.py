"""What can go wrong, sorted by what the person should do next: each class is one exit code of the CLI (DESIGN §9)."""

from __future__ import annotations

from collections.abc import Mapping
from types import UnionType
from typing import Any

from clients.pdf.reasons import UnsafeFile
from keys.keyring import KeyringError
from protocol.consent.explain import Explanation
from protocol.statements.base import Refused

_NOT_ENOUGH = frozenset({"no-epoch", "no-sheet", "ended", "unknown-person", "unknown-unit"})
"""Codes of `Refused` that say: what is needed is not there (any more). All others say: what is there does not hold."""


class SdkError(Exception):
    """Something went wrong; `code` is stable, the text says what to do next.

    `facts` are what a translation of the text needs (`clients.texts`): names of files, ids, numbers; never a secret.
    """

    def __init__(self, code: str, why: str, **facts: object) -> None:
        super().__init__(why)
        self.code = code
        self.facts: Mapping[str, object] = facts


class Fault(SdkError):
    """It broke, here or at the server: trying again may help."""


class Misused(SdkError):
    """What was asked makes no sense: another question is needed."""


class Denied(SdkError):
    """It was refused for lack of a consent or a right; `missing` is who must still act, as `act:person`.

    `explanation` is there where this client decided: whole, in the words of whoever asked.
    """

    def __init__(
        self,
        code: str,
        why: str,
        *,
        missing: tuple[str, ...] = (),
        rule: str | None = None,
        explanation: Explanation | None = None,
        **facts: object,
    ) -> None:
        super().__init__(code, why, **facts)
        self.missing = missing
        self.rule = rule
        self.explanation = explanation


class Tampered(SdkError):
    """What the server gave does not hold; `evidence` is what proves it, kept in the home folder."""

    def __init__(self, code: str, why: str, evidence: Mapping[str, Any] | None = None, **facts: object) -> None:
        super().__init__(code, why, **facts)
        self.evidence = evidence


class Unreachable(SdkError):
    """No answer came from the server."""


class Incomplete(SdkError):
    """There is not enough to judge by."""


class Postponed(Incomplete):
    """The server keeps a withdrawal that its log cannot take yet; until then there is no receipt."""


def as_sdk_error(error: BaseException) -> SdkError | None:
    """Return the error of ours that another one amounts to; None if it is none of the server's or the home's doing.

    A `Refused` that nobody caught is missing or broken evidence; what a parser of the server's answer raises is a
    malformed answer: neither may reach a person as a stack trace.
    """
    if isinstance(error, SdkError | UnsafeFile):
        return error if isinstance(error, SdkError) else None
    if isinstance(error, Refused):
        kind = Incomplete if error.code in _NOT_ENOUGH else Tampered
        return kind(error.code, f"{str(error)[:1].upper()}{str(error)[1:]}.")
    known: tuple[tuple[type[BaseException] | UnionType, SdkError], ...] = (
        (KeyringError, Fault("keyring", f"Your keyring cannot do this: {error}.")),
        (UnicodeError, Misused("not-text", "What was given is not text in UTF-8.")),
        (
            ValueError | LookupError | TypeError | AttributeError,
            Fault("bad-answer", "The server's answer is not of the documented form. Update your client."),
        ),
    )
    return next((told for kinds, told in known if isinstance(error, kinds)), None)
