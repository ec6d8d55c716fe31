"""What the documents promise is in the tree: the tests they name, the kinds, events, reasons and codes they list."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from types import ModuleType

import pytest

from clients.cli import failing
from protocol.consent.answer import Reason
from protocol.log.event import Event
from protocol.log.verdict import Code
from protocol.statements import consent, enrolment, identity, share
from server.app import build_app
from server.config import Settings
from server.http.meta import OPENAPI
from tests.architecture.repository import ROOT, document, texts

_TEST = re.compile(r"`(tests/[\w/.-]+)(?:::(\w+))?`")
_LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")
_CODE = re.compile(r"^`([a-z-]+)`: ", re.MULTILINE)
_NAMING_TESTS = ("SECURITY.md", "docs/attacks.md")
_LINKING = ("README.md", "SECURITY.md", "CHANGELOG.md", "docs/README.md", "docs/protocol.md", "docs/attacks.md")


def _kinds(module: ModuleType) -> set[str]:
    return {each.kind for each in vars(module).values() if isinstance(each, type) and hasattr(each, "kind")}


STATEMENTS = sorted(set().union(*(_kinds(module) for module in (consent, enrolment, identity, share))))


@pytest.mark.parametrize("name", _NAMING_TESTS)
def test_every_test_that_a_document_names_exists(name: str) -> None:
    named = _TEST.findall(document(name))
    assert len(named) > 10
    for path, test in named:
        assert (ROOT / path).exists(), f"{name} names {path}"
        assert not test or test in _tests_in(ROOT / path), f"{name} names {path}::{test}"


def test_every_row_of_attacks_names_a_test() -> None:
    rows = [line for line in document("docs/attacks.md").splitlines() if line.startswith("| ") and "---" not in line]
    headings = [line for line in rows if line.startswith("| Attack")]
    assert len(rows) > 40
    assert headings
    for row in rows:
        assert row in headings or _TEST.search(row), f"this row names no test: {row}"


def test_every_file_of_attacks_has_a_row() -> None:
    table = document("docs/attacks.md")
    for path in sorted((ROOT / "tests" / "attacks").glob("test_*.py")):
        assert f"`tests/attacks/{path.name}::" in table, f"docs/attacks.md has no row for {path.name}"


def test_every_promise_in_security_names_a_test() -> None:
    text = document("SECURITY.md")
    promises = text.split("## What is promised")[1].split("\n## ")[0]
    rows = [line for line in promises.splitlines() if re.match(r"\| \d", line)]
    assert [row[2] for row in rows] == list("1234567")
    assert all(_TEST.search(row) for row in rows)


@pytest.mark.parametrize("name", _LINKING)
def test_every_link_within_the_project_leads_somewhere(name: str) -> None:
    for target in _LINK.findall(document(name)):
        assert (ROOT / name).parent.joinpath(target).exists(), f"{name} links to {target}"


def test_the_protocol_lists_every_statement_kind_with_all_its_members() -> None:
    text = document("docs/protocol.md")
    assert len(STATEMENTS) > 15
    for kind in STATEMENTS:
        assert f"`{kind}`" in text, f"docs/protocol.md has no {kind}"


def test_the_protocol_lists_every_member_that_a_statement_body_reads() -> None:
    named = {
        word for span in re.findall(r"`([^`]+)`", document("docs/protocol.md")) for word in re.findall(r"\w+", span)
    }
    for path in (ROOT / "protocol" / "statements").glob("*.py"):
        for member in re.findall(r"take(?:_or_null)?\(\s*\"(\w+)\"", path.read_text("utf-8")):
            assert member in named, f"docs/protocol.md has no member {member} of {path.name}"


@pytest.mark.parametrize("closed", [Event, Reason, Code])
def test_the_protocol_lists_every_event_reason_and_finding(closed: type[Event | Reason | Code]) -> None:
    text = document("docs/protocol.md")
    for code in closed:
        assert f"`{code}`" in text, f"docs/protocol.md has no {closed.__name__} {code}"


def test_the_protocol_lists_every_code_that_a_route_can_answer(tmp_path: Path) -> None:
    text = document("docs/protocol.md")
    served = json.loads(build_app(Settings(data=tmp_path))[OPENAPI])
    codes = {
        code
        for operations in served["paths"].values()
        for operation in operations.values()
        for response in operation["responses"].values()
        for code in _CODE.findall(response["description"])
    }
    assert len(codes) > 30
    for code in sorted(codes):
        assert f"`{code}`" in text, f"docs/protocol.md has no code {code}"


def test_the_protocol_lists_every_path_that_is_served(tmp_path: Path) -> None:
    text = document("docs/protocol.md")
    for path in json.loads(build_app(Settings(data=tmp_path))[OPENAPI])["paths"]:
        assert path in text, f"docs/protocol.md has no {path}"


def test_the_protocol_lists_every_use_that_binds_sealed_bytes() -> None:
    text = document("docs/protocol.md")
    files = [*(ROOT / "clients" / "sdk").glob("*.py"), ROOT / "protocol" / "share.py", ROOT / "keys" / "keyring.py"]
    uses = {use for path in files for use in re.findall(r"\"use\": \"([a-z-]+)\"", path.read_text("utf-8"))}
    assert len(uses) > 5
    for use in sorted(uses):
        assert f'"use":"{use}"' in text.replace('"use": "', '"use":"'), f"docs/protocol.md has no use {use}"


def test_the_protocol_lists_every_exit_code() -> None:
    table = document("docs/protocol.md").split("## Exit codes")[1].split("\n## ")[0]
    names = ("DONE", "FAULT", "USAGE", "REFUSED", "TAMPERED", "UNREACHABLE", "INCOMPLETE")
    for code in (getattr(failing, name) for name in names):
        assert f"| {code} |" in table


def test_the_protocol_lists_every_file_of_vectors() -> None:
    text = document("docs/protocol.md")
    folder = ROOT / "tests" / "vectors"
    for path in sorted(folder.rglob("*.json")):
        assert f"`{path.relative_to(folder)}`" in text, f"docs/protocol.md has no {path.relative_to(folder)}"


def test_adrs_are_numbered_without_a_gap_and_name_the_options_that_lost() -> None:
    records = sorted((ROOT / "docs" / "adr").glob("*.md"))
    assert [path.name[:4] for path in records] == [f"{number:04}" for number in range(1, len(records) + 1)]
    for path in records:
        text = path.read_text("utf-8")
        assert f"(adr/{path.name})" in document("docs/README.md"), f"docs/README.md does not list {path.name}"
        for heading in ("## Context", "## Decision", "## Options that lost", "## Consequences"):
            assert heading in text, f"{path.name} has no {heading}"


def test_no_tracked_file_names_a_machine_or_an_outside_host() -> None:
    machine = re.compile(r"(?<![\w.{}\])>/])/(?:work|root|tmp|home/(?!kari\b))[\w.-]*/[\w.-]+")
    address = re.compile(r"\b(?:https?|ftp)://(?P<host>[^/\s\"'`)>,\\]*)")
    reserved = re.compile(r"(?:[\w-]+\.)*(?:example|invalid)\.?|127\.0\.0\.1(?::\d*)?|localhost(?::\d+)?|\[::1\].*")
    # Names of FHIR's code systems and profiles, which it spells as addresses; nothing ever asks there.
    named = re.compile(r"loinc\.org|(?:terminology\.)?hl7\.org|profiles\.ihe\.net|dicom\.nema\.org")
    for path, text in texts():
        where = path.relative_to(ROOT)
        assert not machine.search(text), f"{where} names a path of one machine: {machine.search(text)}"
        for found in address.finditer(text):
            host = found["host"]
            ours = reserved.fullmatch(host.split("{")[0]) or named.fullmatch(host)
            assert "{" in host or ours, f"{where} names the host {host}"


def test_the_lock_says_what_and_never_from_where() -> None:
    lock = document("requirements.lock")
    assert "--hash=sha256:" in lock
    for option in ("--index-url", "--extra-index-url", "--find-links", "--trusted-host", "://"):
        assert not re.search(rf"^{option}|://", lock, re.MULTILINE), option


def _tests_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text("utf-8"))
    return {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    }
