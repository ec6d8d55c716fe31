"""`fortrolig rules` explains the law without a home, a server or a passphrase."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from clients.cli.main import app
from protocol.consent.ruleset import current_rules
from protocol.consent.vocabulary import Purpose
from tests.unit.consent.family import oslo

BORN = "2011-05-04"
AT = "2026-11-23T09:30"


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "nobody"
    monkeypatch.setenv("FORTROLIG_HOME", str(home))
    monkeypatch.setenv("COLUMNS", "200")
    return home


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["rules", *words])


def explained(*words: str) -> dict[str, Any]:
    result = run("explain", "--born", BORN, "--at", AT, "--json", *words)
    assert result.exit_code == 0, result.output
    told: dict[str, Any] = json.loads(result.stdout)
    return told


@pytest.mark.parametrize("columns", ["80", "200"])
def test_every_rule_is_shown_with_its_reference_in_both_languages(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    for language in ("nb", "en"):
        shown = run("show", "--language", language)
        assert shown.exit_code == 0
        for rule in current_rules().rules:
            assert f"{rule.id} v1" in shown.stdout
        assert "barnelova § 32" in shown.stdout
        assert current_rules().digest in shown.stdout
    assert not nowhere.exists()


@pytest.mark.usefixtures("nowhere")
def test_shown_as_json_one_purpose_has_its_rules_whole() -> None:
    result = run("show", "--purpose", "discharge", "--json")
    told = json.loads(result.stdout)
    assert told["rule_set"] == {"id": "no", "version": "2026-1", "digest": current_rules().digest}
    assert told["longest"] == {"discharge": {"share_months": 18, "read_months": 24}}
    [first] = [rule for rule in told["rules"] if rule["id"] == "no/discharge/health/12-15"]
    wanted = {"version": 1, "from_age": 12, "to_age": 15, "signs": "one-guardian", "heard": True, "valid_to": None}
    assert wanted.items() <= first.items()
    assert first["valid_from"] == oslo(2023, 1, 1)
    assert set(first["explanation"]) == {"nb", "en"}
    assert {rule["purpose"] for rule in told["rules"]} == {"discharge"}


def test_explained_as_json_it_says_who_until_when_why_and_what_is_next(nowhere: Path) -> None:
    told = explained("--purpose", "referral", "--sender", "outside", "--receiver", "health")
    assert (told["age"], told["band"], told["at"]) == (15, "15", oslo(2026, 11, 23, 9, 30))
    [rule] = told["rules"]
    assert (rule["id"], rule["signs"], rule["footing"]) == ("no/referral/15/outside", "guardians-and-youth", "product")
    assert (told["share_until"], told["read_until"]) == (oslo(2027, 5, 23, 9, 30), oslo(2028, 11, 23, 9, 30))
    assert (told["next"]["at"], told["next"]["birthday"]) == (oslo(2027, 5, 4), 16)
    assert [rule["id"] for rule in told["next"]["rules"]] == ["no/referral/16-17"]
    assert not nowhere.exists()


@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize(
    ("sides", "rules"),
    [
        ((), ["health", "outside"]),
        (("--sender", "health"), ["health"]),
        (("--sender", "family", "--receiver", "family"), ["health"]),
        (("--sender", "outside"), ["outside"]),
    ],
)
def test_a_side_that_is_not_named_may_be_any(sides: tuple[str, ...], rules: list[str]) -> None:
    told = explained("--purpose", "referral", *sides)
    assert [rule["id"] for rule in told["rules"]] == [f"no/referral/15/{name}" for name in rules]


@pytest.mark.usefixtures("nowhere")
def test_in_words_it_names_signers_the_rule_the_reference_and_the_next_birthday() -> None:
    words = ("explain", "--purpose", "referral", "--born", BORN, "--at", AT, "--sender", "outside")
    english, norwegian = (run(*words, "--language", language).stdout for language in ("en", "nb"))
    for said in (
        "15 years old, 23.11.2026 09:30",
        "no/referral/15/outside",
        "Signs: everyone with parental responsibility, and the youth",
        "Is heard: the youth; a no stops it",
        "barnelova § 32 (stricter than the law, by choice of Fortrolig)",
        "sharing until 23.05.2027 09:30 and reading until 23.11.2028 09:30",
        "From 04.05.2027 00:00, the birthday of 16:",
        "The youth is 16 and decides alone.",
    ):
        assert said in english
    for said in ("15 år, 23.11.2026 09:30", "Skriver under: alle med foreldreansvar, og ungdommen", "16-årsdagen"):
        assert said in norwegian


@pytest.mark.usefixtures("nowhere")
def test_after_18_no_birthday_is_next() -> None:
    words = ("explain", "--purpose", "referral", "--born", "2000-01-01", "--at", AT, "--language", "en")
    assert "No later birthday changes this." in run(*words).stdout


@pytest.mark.usefixtures("nowhere")
def test_an_own_sending_comes_from_the_family_and_from_nobody_else() -> None:
    told = explained("--purpose", "own-sending")
    assert [rule["id"] for rule in told["rules"]] == ["no/own-sending/12-15"]
    assert told == explained("--purpose", "own-sending", "--sender", "family")
    refused = run("explain", "--purpose", "own-sending", "--born", BORN, "--sender", "health", "--json")
    assert (refused.exit_code, json.loads(refused.stdout)["error"]["code"]) == (2, "bad-word")


@pytest.mark.usefixtures("nowhere")
def test_without_a_time_it_explains_now() -> None:
    told = json.loads(run("explain", "--purpose", "referral", "--born", "1990-01-01", "--json").stdout)
    assert told["band"] == "18+"
    assert told["at"] > oslo(2026, 1, 1)


@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize(
    ("at", "age"),
    [("2027-05-03T23:59", 15), ("2027-05-04", 16), ("2027-05-04T00:00", 16), ("2026-10-25T02:30", 15)],
)
def test_a_day_begins_at_midnight_in_oslo(at: str, age: int) -> None:
    result = run("explain", "--purpose", "referral", "--born", BORN, "--at", at, "--json")
    assert json.loads(result.stdout)["age"] == age


@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"--purpose": "curiosity"}, "bad-word"),
        ({"--sender": "police"}, "bad-word"),
        ({"--born": "04.05.2011"}, "bad-birth-date"),
        ({"--born": "2011-02-29"}, "bad-birth-date"),
        ({"--at": "tomorrow"}, "bad-time"),
        ({"--at": "2026-1-2"}, "bad-time"),
        ({"--at": "2026-11-23T9:30"}, "bad-time"),
        ({"--at": "2026-03-29T02:30"}, "bad-time"),
        ({"--at": "2022-12-31T23:59"}, "no-rules-then"),
        ({"--born": "2026-11-24"}, "no-rules-then"),
    ],
)
def test_what_cannot_be_meant_is_refused_as_usage(changed: dict[str, str], code: str) -> None:
    given = {"--purpose": "referral", "--born": BORN, "--at": AT, **changed}
    result = run("explain", *(word for pair in given.items() for word in pair), "--json")
    assert (result.exit_code, json.loads(result.stdout)["error"]["code"]) == (2, code)


@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize("born", ["2024-01-01", "2018-01-01", "2013-01-01", "2011-05-04", "2010-01-01", "2000-01-01"])
def test_every_purpose_and_age_can_be_explained_in_words(purpose: Purpose, born: str) -> None:
    for language in ("nb", "en"):
        result = run("explain", "--purpose", purpose, "--born", born, "--at", AT, "--language", language)
        assert result.exit_code == 0
        assert "§" in result.stdout
