"""The witness as a process of its own: begun, asked, killed, begun again."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from protocol.log.note import open_note
from tests.unit.log.sample_log import LOG, ORIGIN
from tests.unit.log.test_witnessing import OTHERS, asked, signed, tree
from witness.__main__ import main

COMMAND = [sys.executable, "-m", "witness"]


@pytest.fixture
def folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    path = tmp_path / "witness"
    assert main(["init", "--folder", str(path), "--name", "w1.example", "--log", LOG, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["name"] == "w1.example"
    return path


@contextmanager
def serving(folder: Path, how: signal.Signals) -> Iterator[dict[str, Any]]:
    """Run a witness, and end it by a signal."""
    command = [*COMMAND, "serve", "--folder", str(folder), "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.send_signal(how)
            status = process.wait(20)
    assert status == (0 if how is signal.SIGTERM else -how)


def post(address: str, body: bytes) -> tuple[int, bytes]:
    connection = HTTPConnection(urlsplit(address).netloc, timeout=10)
    with closing(connection):
        connection.request("POST", "/add-checkpoint", body)
        answer = connection.getresponse()
        return answer.status, answer.read()


def told(folder: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert main(["status", "--folder", str(folder), "--json"]) == 0
    [log] = json.loads(capsys.readouterr().out)["logs"]
    found: dict[str, Any] = log
    return found


def test_what_a_killed_witness_said_it_remembers(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(folder, capsys) == {"origin": ORIGIN, "size": None, "root": None, "at": None, "refused": 0}
    with serving(folder, signal.SIGKILL) as witness:
        status, line = post(witness["listening"], asked(0, 4).to_bytes())
        assert status == 200
    [own] = open_note(signed(tree(4)) + line, [witness["verifier"]]).signatures
    with serving(folder, signal.SIGTERM) as witness:
        assert post(witness["listening"], asked(0, 8).to_bytes()) == (409, b"4\n")
        assert post(witness["listening"], asked(4, 8, OTHERS).to_bytes())[0] == 422
    after = told(folder, capsys)
    assert (after["size"], after["at"], after["refused"]) == (4, own.time, 2)


def test_two_processes_do_not_serve_one_folder(folder: Path) -> None:
    with serving(folder, signal.SIGTERM):
        second = subprocess.run(
            [*COMMAND, "serve", "--folder", str(folder)], check=False, capture_output=True, text=True, timeout=20
        )
    assert second.returncode == 1
    assert "another process holds" in second.stderr
    assert "Traceback" not in second.stderr


def test_in_words_it_tells_what_it_saw_and_what_is_wrong(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--folder", str(folder)]) == 0
    assert "nothing cosigned yet" in capsys.readouterr().out
    with serving(folder, signal.SIGTERM) as witness:
        post(witness["listening"], asked(0, 4).to_bytes())
        post(witness["listening"], asked(0, 8).to_bytes())
    assert main(["status", "--folder", str(folder)]) == 0
    said = capsys.readouterr().out
    assert "4 entries, cosigned" in said
    assert "1 signed requests refused" in said
    assert main(["init", "--folder", str(folder), "--name", "w1.example", "--log", LOG]) == 1
    assert "not empty" in capsys.readouterr().err
    assert main(["status", "--folder", str(folder / "nowhere")]) == 1
    assert "witness init" in capsys.readouterr().err
