"""`--help` teaches: every command says what it does, shows an example that parses, and can answer in JSON."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import pytest
import typer
from click import Command, Context, Group
from typer.testing import CliRunner

from clients.cli.main import app

COMMAND = typer.main.get_command(app)
_EXAMPLE = re.compile(r"Example: `(fortrolig [^`]*)`")


def commands(group: Command, names: tuple[str, ...] = ()) -> Iterator[tuple[str, Command]]:
    if isinstance(group, Group) or hasattr(group, "commands"):
        for name, child in group.commands.items():
            yield from commands(child, (*names, name))
    else:
        yield " ".join(names), group


EVERY = dict(commands(COMMAND))  # type: ignore[arg-type]


def test_the_commands_of_the_design_are_there() -> None:
    wanted = (
        "registrar init,registrar endorse,registrar child,server init,server run,invite,enrol,unit create,unit admit,"
        "unit remove,consent request,consent sign,consent refuse,consent object,consent hear,consent withdraw,"
        "consent list,consent show,send,inbox,open,reply,receipt,log verify,log export,resume"
    )
    assert set(wanted.split(",")) <= set(EVERY)


@pytest.mark.parametrize("name", sorted(EVERY))
def test_help_shows_an_example_that_the_command_takes(name: str) -> None:
    command = EVERY[name]
    said = command.help or ""
    found = _EXAMPLE.search(" ".join(said.split()))
    assert found, f"{name}: no example"
    words = shlex.split(found.group(1))[1:]
    assert " ".join(words).startswith(name)
    with Context(command, info_name=name) as context:
        command.parse_args(context, words[len(name.split()) :])


@pytest.mark.parametrize("name", sorted(EVERY))
def test_every_command_can_answer_in_json(name: str) -> None:
    options = {option for parameter in EVERY[name].params for option in parameter.opts}
    assert "--json" in options


@pytest.mark.parametrize("name", sorted(EVERY))
def test_no_command_takes_a_secret_or_a_familys_words_on_its_line(name: str) -> None:
    options = {option for parameter in EVERY[name].params for option in parameter.opts}
    assert not options & {"--passphrase", "--message", "--title", "--national-id", "--slip", "--secret", "--number"}


@pytest.mark.parametrize("name", ["", *sorted(EVERY)])
def test_help_is_printed_and_ends_well(name: str) -> None:
    shown = CliRunner().invoke(app, [*name.split(), "--help"])
    assert shown.exit_code == 0
    assert "Usage" in shown.output


@pytest.mark.parametrize("words", [["no-such-command"], ["send", "--no-such-option"], ["unit", "remove"]])
def test_what_makes_no_sense_is_usage(words: list[str]) -> None:
    assert CliRunner().invoke(app, words).exit_code == 2
