"""Other people's words never move the cursor, hide themselves or leave their folder."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from clients.cli.plain import apart, file_name, plain, prose, safe, safe_json

ESCAPE, BELL, DELETE, CSI = "\x1b", "\x07", "\x7f", "\x9b"
OVERRIDE, ISOLATE, MARK = "\u202e", "\u2066", "\u200f"


@pytest.mark.parametrize("obeyed", [ESCAPE, BELL, DELETE, CSI, "\r", "\b", OVERRIDE, ISOLATE, MARK, "\u2028"])
def test_what_a_terminal_would_obey_is_shown_instead(obeyed: str) -> None:
    assert safe(f"a{obeyed}b") == "a\ufffdb"
    assert obeyed not in safe_json({"title": f"a{obeyed}b"})
    assert json.loads(safe_json({"title": f"a{obeyed}b"})) == {"title": f"a{obeyed}b"}


def test_a_message_keeps_its_lines_and_a_title_becomes_one() -> None:
    assert prose("Hei,\n\tNora") == "Hei,\n\tNora"
    assert plain("Hei\n[new] from the doctor\n") == r"Hei \[new] from the doctor"


def test_norwegian_letters_and_joined_emoji_stay() -> None:
    assert safe("Blåbærsyltetøy 👨\u200d👩\u200d👧") == "Blåbærsyltetøy 👨\u200d👩\u200d👧"


def test_markup_in_a_title_is_printed_not_obeyed() -> None:
    out = StringIO()
    Console(file=out, highlight=False, width=200).print(f"[bold]{plain('[red]x[/red] [link=evil]y')}[/bold]")
    assert out.getvalue().strip() == "[red]x[/red] [link=evil]y"


@given(st.text())
def test_nothing_safe_holds_a_control_character(text: str) -> None:
    assert not any((ord(one) < 32 and one not in "\n\t") or 0x7F <= ord(one) < 0xA0 for one in safe(text))
    assert json.loads(safe_json({"a": text.encode(errors="ignore").decode()}))


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("rapport.pdf", "rapport.pdf"),
        ("../../.ssh/authorized_keys", "authorized_keys"),
        ("..\\..\\start.bat", "start.bat"),
        (".bashrc", "bashrc"),
        ("...", "file-1"),
        ("", "file-1"),
        ("a/", "a"),
        ("a\x1b]0;evil\x07.pdf", "a ]0;evil .pdf"),
        ("fdp\u202e.exe", "fdp .exe"),
        ("a:b|c?.pdf", "a b c .pdf"),
        ("linje\nto.pdf", "linje to.pdf"),
    ],
)
def test_a_senders_file_name_stays_in_its_folder(given_name: str, kept: str) -> None:
    assert file_name(given_name, "file-1") == kept


@given(st.text(max_size=400))
def test_any_file_name_is_one_short_visible_component(name: str) -> None:
    made = file_name(name, "file-1")
    assert made
    assert "/" not in made
    assert not made.startswith(".")
    assert len(made.encode()) <= 200


def test_a_long_name_keeps_its_ending() -> None:
    made = file_name("å" * 300 + ".pdf", "file-1")
    assert made.endswith("å.pdf")


def test_two_files_of_one_name_are_kept_apart() -> None:
    taken: set[str] = set()
    assert [apart(name, taken) for name in ("a.pdf", "A.pdf", "a.pdf", "b")] == [
        "a.pdf",
        "A (2).pdf",
        "a (3).pdf",
        "b",
    ]
