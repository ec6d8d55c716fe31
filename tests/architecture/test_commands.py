"""README's commands exist, and what `--help` says is what was read and committed."""

from __future__ import annotations

import subprocess

import pytest

from tests.architecture.help_texts import kept, rendered
from tests.architecture.repository import ROOT, shell_lines


@pytest.fixture(scope="module")
def helps() -> dict[str, str]:
    return rendered()


def test_every_command_has_the_help_that_was_committed(helps: dict[str, str]) -> None:
    assert helps == kept(), "read the difference, then run: python tests/architecture/help_texts.py --write"


def test_every_command_explains_itself_and_names_its_options(helps: dict[str, str]) -> None:
    assert len(helps) > 20
    for name, text in helps.items():
        # A command's own name may hold a hyphen.
        assert text.replace("-", " ").startswith(f"Usage: {name.removesuffix('.txt').replace('-', ' ')}"), name
        assert "--help" in text, name


def test_every_command_in_the_readme_exists_with_the_options_it_is_shown_with(helps: dict[str, str]) -> None:
    shown = [words for words in shell_lines("README.md") if words[0] == "fortrolig"]
    assert len(shown) > 10
    for words in shown:
        name = _help_of(words, helps)
        for option in (word for word in words if word.startswith("--")):
            assert f" {option} " in helps[name], f"{' '.join(words)}: {name} has no {option}"


def test_a_command_that_does_not_exist_would_be_found(helps: dict[str, str]) -> None:
    with pytest.raises(AssertionError):
        _help_of(["fortrolig", "consent", "forge"], helps)


@pytest.mark.parametrize(("target", "does"), [("demo", "-m demo"), ("test", "pytest"), ("bench", "-m bench")])
def test_the_readmes_two_commands_and_the_bench_can_be_made(target: str, does: str) -> None:
    assert target == "bench" or ["make", target] in shell_lines("README.md")
    planned = subprocess.run(["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=True)
    assert does in planned.stdout


def test_every_make_target_in_the_readme_exists() -> None:
    for words in shell_lines("README.md"):
        if words[0] == "make":
            subprocess.run(["make", "--dry-run", *words[1:]], cwd=ROOT, capture_output=True, check=True)


def _help_of(words: list[str], helps: dict[str, str]) -> str:
    """Find the help of the command that these words call: the longest that is one."""
    names = [f"{'-'.join(words[:count])}.txt" for count in (3, 2)]
    found = [name for name in names if name in helps]
    assert found, f"{' '.join(words[:3])} is no command"
    group = [name for name in helps if name.startswith(found[0].removesuffix(".txt") + "-")]
    assert not group, f"{' '.join(words[:3])} is no command of this group"
    return found[0]
