"""Settings and the data directory they live in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from keys.notes import NoteKey
from protocol.log.note import verifier_text
from server.__main__ import main
from server.auth.tokens import NoTokenKey, load_key
from server.config import BadConfig, load
from server.initialise import Chosen, initialise

CHOSEN = Chosen(root="a" * 64, origin="https://fortrolig.example")


def test_a_server_begins_in_a_private_directory(tmp_path: Path) -> None:
    settings, verifier = initialise(tmp_path / "server", CHOSEN)
    assert verifier.startswith("fortrolig.example/log+")
    assert (settings.root, settings.origin) == (CHOSEN.root, CHOSEN.origin)
    assert settings.log_origin == "fortrolig.example/log"
    assert (tmp_path / "server").stat().st_mode & 0o777 == 0o700
    for file in (tmp_path / "server").iterdir():
        assert file.stat().st_mode & 0o077 == 0, file


def test_a_server_never_begins_twice_in_one_place(tmp_path: Path) -> None:
    initialise(tmp_path / "server", CHOSEN)
    before = {file.name: file.read_bytes() for file in (tmp_path / "server").iterdir()}
    with pytest.raises(BadConfig, match="not empty"):
        initialise(tmp_path / "server", CHOSEN)
    assert {file.name: file.read_bytes() for file in (tmp_path / "server").iterdir()} == before


@pytest.mark.parametrize("chosen", [Chosen("A" * 64, "https://a.example"), Chosen("a" * 64, "https://a.example/path")])
def test_a_bad_choice_leaves_nothing_behind(tmp_path: Path, chosen: Chosen) -> None:
    with pytest.raises(BadConfig, match="root must be"):
        initialise(tmp_path / "server", chosen)
    assert list((tmp_path / "server").iterdir()) == []


def test_the_environment_comes_before_the_file_and_arguments_before_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    initialise(tmp_path / "server", Chosen("a" * 64, "https://a.example", port=1))
    assert load(tmp_path / "server").port == 1
    monkeypatch.setenv("FORTROLIG_PORT", "2")
    assert load(tmp_path / "server").port == 2
    assert load(tmp_path / "server", port=3).port == 3


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"v":2}', '{"v":1,"surprise":1}', '{"v":1,"port":"many"}'])
def test_settings_that_are_none_are_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "server.json").write_text(content)
    with pytest.raises(BadConfig, match=r"server\.json"):
        load(tmp_path)


def test_a_witness_is_named_in_the_settings_and_its_address_replaced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    initialise(tmp_path / "server", CHOSEN)
    one, two = [verifier_text(name, 4, NoteKey.generate().public) for name in ("w1.example", "w2.example")]

    def name(url: str, key: str) -> int:
        return main(["witness", "--data", str(tmp_path / "server"), "--url", url, "--key", key, "--json"])

    assert [name("http://127.0.0.1:1", one), name("http://127.0.0.1:2", two), name("http://127.0.0.1:3", one)] == [
        0
    ] * 3
    kept = [(each.name, each.url) for each in load(tmp_path / "server").witnesses]
    assert kept == [("w2.example", "http://127.0.0.1:2"), ("w1.example", "http://127.0.0.1:3")]
    assert (tmp_path / "server" / "server.json").stat().st_mode & 0o077 == 0
    before = (tmp_path / "server" / "server.json").read_bytes()
    assert name("http://127.0.0.1:1", "no key") == 1
    assert "witnesses" in capsys.readouterr().err
    assert (tmp_path / "server" / "server.json").read_bytes() == before


def test_a_missing_directory_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="server init"):
        load(tmp_path / "nowhere")


def test_a_fault_in_the_settings_does_not_quote_them(tmp_path: Path) -> None:
    (tmp_path / "server.json").write_text(json.dumps({"v": 1, "database_url": {"password": "hunter2"}}))
    with pytest.raises(BadConfig) as fault:
        load(tmp_path)
    assert "hunter2" not in str(fault.value)
    assert "database_url" in str(fault.value)


@pytest.mark.parametrize("content", [None, "", "{}", '{"v":2,"private":""}', '{"v":1,"private":"00"}'])
def test_a_token_key_that_is_none_is_refused(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "token.key").write_text(content)
    with pytest.raises(NoTokenKey, match=r"token\.key"):
        load_key(tmp_path)
