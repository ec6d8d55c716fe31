"""One run of the command: whose home, which language, text or JSON; and the way from an error to an exit code."""

from __future__ import annotations

import asyncio
import functools
import getpass
import inspect
import json
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Concatenate, ParamSpec

import typer
from rich.console import Console
from rich.markup import escape

from clients.pdf import UnsafeFile
from clients.sdk.client import Client
from clients.sdk.errors import Denied, Fault, Incomplete, Misused, SdkError, Tampered, Unreachable
from protocol.consent.vocabulary import Language

P = ParamSpec("P")

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

HomeOption = Annotated[
    Path, typer.Option("--home", envvar="FORTROLIG_HOME", help="The folder with your keys.", show_default=True)
]
LanguageOption = Annotated[
    Language, typer.Option("--language", envvar="FORTROLIG_LANGUAGE", help="Language of explanations: nb or en.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
PassphraseOption = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file",
        envvar="FORTROLIG_PASSPHRASE_FILE",
        help="Read the passphrase from this file's first line instead of asking. Keep the file to yourself (mode 600).",
    ),
]


@dataclass(frozen=True, slots=True)
class Session:
    """What every command is given."""

    home: Path
    language: Language
    as_json: bool
    passphrase_file: Path | None
    console: Console

    def passphrase(self, *, new: bool = False) -> str:
        """Read the passphrase from the file, or ask for it on the terminal; a new one is asked for twice.

        Raises:
            Misused: there is neither a file nor a terminal, the file is open to others, or the two differ.
        """
        if self.passphrase_file is not None:
            return _from_file(self.passphrase_file)
        if not sys.stdin.isatty():
            raise Misused("no-passphrase", "No terminal to ask on: give --passphrase-file.")
        given = getpass.getpass("Passphrase: ")
        if new and getpass.getpass("Once more: ") != given:
            raise Misused("passphrases-differ", "The two passphrases differ; nothing was made.")
        return given

    def secret(self, question: str, file: Path | None) -> str:
        """Read something that must not stand on a command line: from a file, from a pipe, or asked for.

        Raises:
            Misused: nothing was given.
        """
        if file is not None:
            given = file.read_text(encoding="utf-8")
        elif sys.stdin.isatty():
            given = getpass.getpass(f"{question}: ")
        else:
            given = sys.stdin.read()
        if not given.strip():
            raise Misused("nothing-given", f"{question}: nothing was given. Type it, pipe it in, or name a file.")
        return given.strip()

    def client(self) -> Client:
        """Open my client; raises `Misused`."""
        return Client.at(self.home, self.passphrase())

    def show(self, result: Mapping[str, Any], *lines: str) -> None:
        """Print the result: as JSON, or as these lines of text."""
        if self.as_json:
            sys.stdout.write(json.dumps(result, ensure_ascii=False, sort_keys=True) + "\n")
            return
        for line in lines:
            self.console.print(line, soft_wrap=True)

    def say(self, nb: str, en: str) -> str:
        """Choose the sentence of my language, made safe to print."""
        return escape(nb if self.language is Language.BOKMAL else en)


Command = Callable[Concatenate[Session, P], Awaitable[None]]


def command(app: typer.Typer, name: str) -> Callable[[Command[P]], Command[P]]:
    """Register an async function as a command with the options that all commands share."""

    def register(function: Command[P]) -> Command[P]:
        shared = {
            "home": HomeOption,
            "language": LanguageOption,
            "as_json": JsonOption,
            "passphrase_file": PassphraseOption,
        }
        defaults: dict[str, Any] = {
            "home": Path.home() / ".fortrolig",
            "language": Language.BOKMAL,
            "as_json": False,
            "passphrase_file": None,
        }

        def run(**given: Any) -> None:
            session = Session(
                **{option: given.pop(option) for option in shared}, console=Console(highlight=False, emoji=False)
            )
            work: Callable[[], Awaitable[None]] = functools.partial(function, session, **given)
            raise typer.Exit(carry_out(session, work))

        own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
        added = [
            inspect.Parameter(option, inspect.Parameter.KEYWORD_ONLY, default=defaults[option], annotation=kind)
            for option, kind in shared.items()
        ]
        parameters = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in own] + added
        run.__doc__ = function.__doc__
        run.__dict__["__signature__"] = inspect.Signature(parameters)  # typer reads it
        run.__annotations__ = {one.name: one.annotation for one in parameters}
        app.command(name)(run)
        return function

    return register


def carry_out(session: Session, work: Callable[[], Awaitable[None]]) -> int:
    """Run the command and return its exit code; an error becomes a sentence, never a stack trace."""

    async def running() -> None:
        await work()

    try:
        asyncio.run(running())
    except SdkError as error:
        _tell(session, error.code, str(error), missing=getattr(error, "missing", ()))
        return next(status for kind, status in _EXIT if isinstance(error, kind))
    except UnsafeFile as error:
        _tell(session, error.code, error.sentence("nb" if session.language is Language.BOKMAL else "en"))
        return REFUSED
    except OSError as error:
        return _tell_of_file(session, error)
    except KeyboardInterrupt:
        _tell(session, "interrupted", "Stopped. What was acknowledged stands; the rest did not happen.")
        return FAULT
    return DONE


def _tell_of_file(session: Session, error: OSError) -> int:
    if isinstance(error, FileNotFoundError):
        _tell(session, "no-such-file", f"There is no file {error.filename}.")
        return USAGE
    if isinstance(error, FileExistsError):
        _tell(session, "file-exists", f"{error.filename or error} is there already; nothing was overwritten.")
        return USAGE
    _tell(session, "fault", f"It could not be done: {error}.")
    return FAULT


def _tell(session: Session, code: str, why: str, missing: tuple[str, ...] = ()) -> None:
    if session.as_json:
        problem = {"error": {"code": code, "detail": why, "missing": list(missing)}}
        sys.stdout.write(json.dumps(problem, ensure_ascii=False, sort_keys=True) + "\n")
        return
    console = Console(stderr=True, highlight=False, emoji=False)
    console.print(f"[bold]{escape(why)}[/bold]", soft_wrap=True)
    for one in missing:
        act, _, person = one.partition(":")
        console.print(f"  {escape(_MISSING[session.language].get(act, act))}: {escape(person)}", soft_wrap=True)
    console.print(f"  ({escape(code)})", style="dim")


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


def _from_file(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        first = path.read_text(encoding="utf-8").split("\n", 1)[0]
    except OSError as error:
        raise Misused("no-passphrase", f"The passphrase file {path} cannot be read.") from error
    if os.name == "posix" and mode & 0o077:
        raise Misused("exposed-passphrase", f"Others may read {path}: run `chmod 600 {path}`.")
    return first
