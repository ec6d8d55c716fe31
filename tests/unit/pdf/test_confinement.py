"""A parser that a crafted file takes over reaches neither network, disk nor secrets, and not much memory."""

from __future__ import annotations

import subprocess
import sys

import pytest

from clients.pdf import clean
from tests.unit.pdf.hostile import ordinary

CONFINED = "import os, socket, resource; from clients.pdf.limits import confine_this_process as c; c(); "


@pytest.mark.parametrize(
    ("act", "error"),
    [
        ("socket.socket()", "OSError"),
        ("open('/etc/hostname')", "OSError"),
        ("os.pipe()", "OSError"),
        ("bytearray(600_000_000)", "MemoryError"),
        ("os.posix_spawn('/bin/true', ['true'], {}) and os.pipe()", "Error"),
    ],
)
def test_the_confined_process_can_open_nothing_and_hold_little(act: str, error: str) -> None:
    ended = subprocess.run([sys.executable, "-c", CONFINED + act], capture_output=True, text=True, check=False)

    assert ended.returncode == 1
    assert error in ended.stderr.splitlines()[-1]


def test_the_confined_process_is_ended_after_its_seconds_of_work() -> None:
    shorter = CONFINED + "resource.setrlimit(resource.RLIMIT_CPU, (1, 1))\nwhile True: pass"

    assert subprocess.run([sys.executable, "-c", shorter], check=False).returncode < 0


def test_the_child_inherits_no_secret_of_its_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORTROLIG_PASSPHRASE", "hemmelig")
    started: list[dict[str, object]] = []
    run = subprocess.run

    def remember(*command: object, **how: object) -> object:
        started.append(how)
        return run(*command, **how)  # type: ignore[call-overload]

    monkeypatch.setattr("subprocess.run", remember)
    clean(ordinary(1))

    (how,) = started
    assert how["env"] == {"LC_ALL": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1"}
    assert how.get("close_fds", True)
    assert not how.get("pass_fds")


def test_the_caller_loads_no_parser() -> None:
    look = "import sys, clients.pdf; print(sorted({'pikepdf', 'PIL', 'pypdf'} & set(sys.modules)))"

    assert subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True).stdout == "[]\n"
