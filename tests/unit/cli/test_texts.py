"""Every error has a sentence in both languages, with the same facts, and the right exit code."""

from __future__ import annotations

import ast
import json
import string
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from clients.cli.session import Session, carry_out
from clients.pdf import UnsafeFile
from clients.pdf.reasons import Reason
from clients.sdk.errors import Denied, Fault, Incomplete, Misused, SdkError, Tampered, Unreachable
from clients.texts import phrase, texts, told
from keys.keyring import KeyringError
from protocol.consent.vocabulary import Language
from protocol.statements.base import Refused

CLIENTS = Path(__file__).parents[3] / "clients"
KINDS = {"Fault", "Misused", "Denied", "Tampered", "Unreachable", "Incomplete", "SdkError"}


def raised() -> dict[str, set[str]]:
    """Read every `Kind("code", …, fact=…)` in the sources: the facts that each code always has."""
    found: dict[str, set[str]] = {}
    for path in sorted(CLIENTS.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in KINDS):
                continue
            if node.args and isinstance(node.args[0], ast.Constant):
                facts = {keyword.arg for keyword in node.keywords if keyword.arg} - {"missing", "rule"}
                code = str(node.args[0].value)
                found[code] = found.get(code, facts) & facts
    return found


def fields(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def test_both_languages_have_the_same_texts_with_the_same_facts() -> None:
    nb, en = texts(Language.BOKMAL), texts(Language.ENGLISH)
    assert set(nb["errors"]) == set(en["errors"])
    assert set(nb["phrases"]) == set(en["phrases"])
    for code, template in nb["errors"].items():
        assert fields(template) == fields(en["errors"][code]), code


@pytest.mark.parametrize(("code", "facts"), sorted(raised().items()))
def test_every_code_of_the_client_has_a_sentence_that_its_facts_fill(code: str, facts: set[str]) -> None:
    template = texts(Language.BOKMAL)["errors"][code]
    assert fields(template) <= facts


@pytest.mark.parametrize("language", list(Language))
def test_a_reason_of_the_law_is_told_in_the_laws_words(language: Language) -> None:
    assert told(Denied("no-consent", "whatever the server said"), language) != "whatever the server said"


def test_an_unknown_code_is_told_in_the_errors_own_words() -> None:
    assert told(Fault("never-heard-of", "It broke."), Language.BOKMAL) == "It broke."


def test_tampering_says_where_the_evidence_lies() -> None:
    error = Tampered("rolled-back", "…", path="/home/kari/evidence/1.json")
    assert told(error, Language.BOKMAL).endswith("beviset ligger i /home/kari/evidence/1.json.")
    assert phrase("passphrase", Language.ENGLISH) == "Passphrase: "


def session(as_json: bool, language: Language = Language.ENGLISH) -> Session:
    return Session(Path("/nowhere"), language, as_json, None, Console())


ENDINGS: list[tuple[BaseException, int, str]] = [
    (Fault("internal", "x"), 1, "internal"),
    (Misused("bad-form", "x"), 2, "bad-form"),
    (Denied("not-found", "x"), 3, "not-found"),
    (Tampered("forked", "x"), 4, "forked"),
    (Unreachable("unreachable", "x", server="http://x.example"), 5, "unreachable"),
    (Incomplete("no-policy", "x"), 6, "no-policy"),
    (Refused("no-epoch", "x"), 6, "no-epoch"),
    (Refused("rolled-back", "x"), 4, "rolled-back"),
    (KeyringError("x"), 1, "keyring"),
    (KeyError("receipt"), 1, "bad-answer"),
    (TypeError("x"), 1, "bad-answer"),
    (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "x"), 2, "not-text"),
    (FileNotFoundError(2, "no", "a.pdf"), 2, "no-such-file"),
    (FileExistsError(17, "there", "a.pdf"), 2, "file-exists"),
    (PermissionError(13, "no", "a.pdf"), 1, "fault"),
    (RuntimeError("bug"), 1, "fault"),
    (KeyboardInterrupt(), 1, "interrupted"),
]


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize(("error", "status", "code"), ENDINGS, ids=[repr(one[0])[:40] for one in ENDINGS])
def test_every_error_becomes_a_sentence_and_an_exit_code(
    error: BaseException, status: int, code: str, language: Language, capsys: pytest.CaptureFixture[str]
) -> None:
    async def broken() -> None:
        raise error

    assert carry_out(session(as_json=True, language=language), broken) == status
    told_json: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert told_json["error"]["code"] == code
    assert carry_out(session(as_json=False, language=language), broken) == status
    captured = capsys.readouterr()
    assert captured.out == ""
    assert f"({code})" in captured.err
    assert "Traceback" not in captured.err


def test_an_unsafe_file_is_refused_in_its_own_words(capsys: pytest.CaptureFixture[str]) -> None:
    async def broken() -> None:
        raise UnsafeFile(Reason.PASSWORD_NEEDED)

    assert carry_out(session(as_json=True), broken) == 3
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "password-needed"


def test_missing_signers_are_named_and_control_characters_are_not_obeyed(capsys: pytest.CaptureFixture[str]) -> None:
    async def broken() -> None:
        raise Denied("never-heard-of", "evil\x1b[2J", missing=("signs:per_1\x1b[2J",))

    assert carry_out(session(as_json=False), broken) == 3
    said = capsys.readouterr().err
    assert "has not signed: per_1" in said
    assert "\x1b" not in said


def test_codes_are_stable_words() -> None:
    assert all(code.replace("-", "").isalnum() and code.islower() for code in raised())
    assert isinstance(Fault("x", "y"), SdkError)
