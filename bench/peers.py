"""The programs we measure against, each in an environment of its own under `build/peers`; the system stays as it is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

PEERS = Path("build/peers").resolve()

SYNAPSE = "matrix-synapse==1.163.2"
PYMERKLE = "pymerkle==7.0.0"
CEDARPY = "cedarpy==4.12.2"
CASBIN = "casbin==1.43.0"
PYCASBIN = "pycasbin==2.8.0"


class PeerMissing(Exception):
    """A program to measure against could not be installed; the text says what to do."""


def python_with(name: str, requirement: str) -> Path:
    """Give the interpreter of the environment `name`, made with the exact requirement if it is not there.

    Raises:
        PeerMissing: the package index has no ready-built wheel, or cannot be reached.
    """
    home = PEERS / name
    python = home / "bin" / "python"
    done = home / f"{requirement}.installed"
    if done.exists():
        return python
    shutil.rmtree(home, ignore_errors=True)
    venv.create(home, with_pip=True)
    # Wheels only: a source build would need compilers of its own, and would measure a program that nobody else runs.
    _must([python, "-m", "pip", "install", "--quiet", "--only-binary", ":all:", requirement], requirement)
    done.touch()
    return python


def debian(package: str, program: str) -> Path:
    """Give the path of a program: the one on this machine's path, else Debian's package unpacked under `build/peers`.

    Unpacked and not installed, so that it needs no root, and no service starts by itself.

    Raises:
        PeerMissing: neither is to be had.
    """
    found = shutil.which(Path(program).name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if found is not None:
        return Path(found)
    home = PEERS / package
    unpacked = home / "root" / program
    if unpacked.exists():
        return unpacked
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    if shutil.which("apt-get") is None:
        raise PeerMissing(f"{package} is not on the path and this is no Debian: install {package} and run again")
    if os.geteuid() == 0:
        _must(["apt-get", "update", "-qq"], package)
    _must(["apt-get", "download", "-qq", package], package, folder=home)
    (archive,) = home.glob("*.deb")
    _must(["dpkg", "-x", archive, home / "root"], package)
    archive.unlink()
    return unpacked


def output_of(command: list[str | Path], seconds: float = 60) -> str:
    """Run a command to its end, within so many seconds, and give what it printed, both streams, trimmed."""
    return subprocess.run(
        command, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=seconds
    ).stdout.strip()


def _must(command: list[str | Path], what: str, folder: Path | None = None) -> None:
    print(f"installing {what} for the comparison …", file=sys.stderr)
    ended = subprocess.run(
        command, check=False, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=900
    )
    if ended.returncode != 0:
        raise PeerMissing(f"{what} could not be installed:\n{ended.stdout[-2000:]}")
