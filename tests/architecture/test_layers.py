"""Which package may know of which: the import contracts, and what keeps `protocol` pure."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

from tests.architecture.repository import PACKAGES, ROOT, python_files

_PURE = frozenset(
    [
        "__future__",
        "base64",
        "binascii",
        "bisect",
        "calendar",
        "collections",
        "dataclasses",
        "datetime",
        "enum",
        "functools",
        "hashlib",
        "heapq",
        "hmac",
        "importlib",
        "itertools",
        "json",
        "re",
        "tomllib",
        "types",
        "typing",
        "unicodedata",
        "zoneinfo",
    ]
)
"""Standard modules that neither read a clock, nor draw a number, nor reach a file or a network."""

_CLOCKS = {"now", "today", "utcnow"}


def test_the_import_contracts_hold() -> None:
    checked = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert " 0 broken" in checked.stdout


def test_the_protocol_imports_nothing_that_has_a_clock_a_network_or_chance() -> None:
    for path in (ROOT / "protocol").rglob("*.py"):
        for name in _imported(path):
            top = name.split(".")[0]
            assert top in _PURE | {"protocol", "keys"}, f"{path.relative_to(ROOT)} imports {name}"


def test_the_protocol_asks_no_clock_and_opens_no_file() -> None:
    for path in (ROOT / "protocol").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                called = node.func
                assert not (isinstance(called, ast.Name) and called.id == "open"), path
                assert not (isinstance(called, ast.Attribute) and called.attr in _CLOCKS), path


def test_the_random_numbers_of_keys_come_from_the_operating_system() -> None:
    for path in (ROOT / "keys").glob("*.py"):
        assert not {"random", "uuid"} & set(_imported(path)), path


def test_every_package_and_module_says_what_it_is_for() -> None:
    for path in python_files():
        said = ast.get_docstring(ast.parse(path.read_text("utf-8")))
        assert said, f"{path.relative_to(ROOT)} has no docstring"
        assert len(said) > 15, f"{path.relative_to(ROOT)}: {said!r} says too little"


def test_every_folder_of_code_is_a_package() -> None:
    for folder in {path.parent for path in python_files()}:
        assert (folder / "__init__.py").is_file(), folder
    assert all((ROOT / package / "__init__.py").is_file() for package in PACKAGES)


def _imported(path: Path) -> list[str]:
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names.append(node.module or "")
    return names
