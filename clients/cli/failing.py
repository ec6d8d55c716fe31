"""What a person is told when a command fails, and with which code it then exits."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping

from rich.console import Console

from clients.cli.plain import plain, prose, safe_json
from clients.pdf import UnsafeFile
from clients.sdk.errors import (
    Denied,
    Fault,
    Incomplete,
    Misused,
    SdkError,
    Tampered,
    Unreachable,
    as_sdk_error,
)
from clients.texts import told
from protocol.consent.explain import FAMILY, Explanation
from protocol.consent.vocabulary import Language

DONE, FAULT, USAGE, REFUSED, TAMPERED, UNREACHABLE, INCOMPLETE = 0, 1, 2, 3, 4, 5, 6
"""Exit codes (DESIGN §9)."""

_EXIT: tuple[tuple[type[SdkError], int], ...] = (
    (Fault, FAULT),
    (Misused, USAGE),
    (Denied, REFUSED),
    (Tampered, TAMPERED),
    (Unreachable, UNREACHABLE),
    (Incomplete, INCOMPLETE),
)


def as_told(error: Exception, language: Language) -> SdkError:
    """Return what an error of any kind amounts to, for `tell`."""
    if isinstance(error, UnsafeFile):
        return Denied(error.code, error.sentence("nb" if language is Language.BOKMAL else "en"))
    if isinstance(error, OSError):
        return _of_file(error)
    known = as_sdk_error(error)
    return known or Fault("fault", f"It could not be done: {error!r}.", reason=type(error).__name__)


def tell(error: SdkError, language: Language, *, as_json: bool) -> int:
    """Say what went wrong, in the person's language, and return the exit code."""
    why = told(error, language)
    missing: tuple[str, ...] = getattr(error, "missing", ())
    explained: Explanation | None = getattr(error, "explanation", None)
    status = next(status for kind, status in _EXIT if isinstance(error, kind))
    if as_json:
        problem: dict[str, object] = {"code": error.code, "detail": why, "missing": list(missing)}
        if explained is not None:
            problem["explanation"] = explanation_json(explained)
        sys.stdout.write(safe_json({"error": problem}) + "\n")
        return status
    console = Console(stderr=True, highlight=False, emoji=False)
    first, *others = [why] if explained is None else explanation_lines(explained)
    console.print(f"[bold]{prose(first)}[/bold]", soft_wrap=True)
    named = missing if explained is None or explained.audience not in FAMILY else ()
    for line in (*map(prose, others), *_who(named, language)):
        console.print(line, soft_wrap=True)
    rules = () if explained is None else explained.references
    console.print(f"  ({plain(', '.join((error.code, *rules)))})", style="dim")
    return status


def explanation_lines(told: Explanation) -> list[str]:
    """Say it line by line: why not, who must still act, what to do next, which way is open meanwhile."""
    return [told.why, *told.acts, told.next, *told.channels]


def explanation_json(told: Explanation) -> dict[str, object]:
    """Return all of it but the reason and the ids of those who must still act."""
    return {
        "why": told.why,
        "acts": list(told.acts),
        "step": str(told.step),
        "next": told.next,
        "channels": list(told.channels),
        "references": list(told.references),
    }


def _of_file(error: OSError) -> SdkError:
    path = error.filename or "?"
    if isinstance(error, FileNotFoundError):
        return Misused("no-such-file", f"There is no file {path}.", path=path)
    if isinstance(error, FileExistsError):
        return Misused("file-exists", f"{path} is there already; nothing was overwritten.", path=path)
    return Fault("fault", f"It could not be done: {error}.", reason=error)


def _who(missing: tuple[str, ...], language: Language) -> Iterator[str]:
    for one in missing:
        act, _, person = one.partition(":")
        yield f"  {plain(_MISSING[language].get(act, act))}: {plain(person)}"


_MISSING: Mapping[Language, Mapping[str, str]] = {
    Language.BOKMAL: {
        "signs": "mangler signatur fra",
        "is-heard": "må høres",
        "is-informed": "må informeres",
        "may-object": "kan motsette seg",
    },
    Language.ENGLISH: {
        "signs": "has not signed",
        "is-heard": "must be heard",
        "is-informed": "must be informed",
        "may-object": "may object",
    },
}
