"""One run of the command: whose home, which language, text or JSON; and the way from an error to an exit code."""

from __future__ import annotations

import asyncio
import functools
import getpass
import inspect
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Concatenate, ParamSpec

import typer
from rich.console import Console

from clients.cli.failing import DONE, as_told, tell
from clients.cli.plain import prose, safe_json
from clients.sdk.client import Client
from clients.sdk.errors import Fault, Misused, SdkError
from clients.texts import phrase
from protocol.consent.vocabulary import Language

P = ParamSpec("P")

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
            raise Misused("no-passphrase", "There is no terminal to ask on. Give --passphrase-file.")
        given = getpass.getpass(phrase("passphrase", self.language))
        if new and getpass.getpass(phrase("once-more", self.language)) != given:
            raise Misused("passphrases-differ", "The two passphrases differ. Nothing was made.")
        return given

    def secret(self, question: str, file: Path | None) -> str:
        """Read something that must not stand on a command line nor on the screen: from a file, a pipe, or asked for.

        `question` names a phrase. Raises `Misused`, if nothing was given.
        """
        if file is None and sys.stdin.isatty():
            return _given(getpass.getpass(phrase(question, self.language)))
        return _given(_piped(file))

    def words(self, question: str, file: Path | None) -> str:
        """Read a text of one's own that only its recipients may see: from a file, a pipe, or typed until Ctrl-D.

        `question` names a phrase. Raises `Misused`, if nothing was given.
        """
        if file is None and sys.stdin.isatty():
            Console(stderr=True).print(phrase(question, self.language), markup=False)
        return _given(_piped(file))

    def client(self) -> Client:
        """Open my client; raises `Misused`."""
        return Client.at(self.home, self.passphrase())

    def show(self, result: Mapping[str, Any], *lines: str) -> None:
        """Print the result: as JSON, or as these lines; other people's words went through `plain` or `prose`."""
        if self.as_json:
            sys.stdout.write(safe_json(result) + "\n")
            return
        for line in lines:
            self.console.print(line, soft_wrap=True)

    def say(self, nb: str, en: str) -> str:
        """Choose the sentence of my language, made safe to print."""
        return prose(nb if self.language is Language.BOKMAL else en)


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
    except KeyboardInterrupt:
        error: SdkError = Fault("interrupted", "Stopped. What was acknowledged stands.")
    except (typer.Exit, typer.Abort):
        raise
    except Exception as raised:  # noqa: BLE001  (a person never sees a stack trace)
        error = as_told(raised, session.language)
    else:
        return DONE
    return tell(error, session.language, as_json=session.as_json)


def _given(text: str) -> str:
    if not text.strip():
        raise Misused("nothing-given", "Nothing was given. Type it, pipe it in, or name a file.")
    return text.strip()


def _piped(file: Path | None) -> str:
    return sys.stdin.read() if file is None else file.read_text(encoding="utf-8")


def _from_file(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        first = path.read_text(encoding="utf-8").split("\n", 1)[0]
    except (OSError, UnicodeError) as error:
        raise Misused("unreadable-passphrase", f"The passphrase file {path} cannot be read.", path=path) from error
    if os.name == "posix" and mode & 0o077:
        raise Misused("exposed-passphrase", f"Others may read {path}: run `chmod 600 {path}`.", path=path)
    return first.rstrip("\r")
