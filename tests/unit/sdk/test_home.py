"""The home folder: whole files or none, nobody else's eyes, and two processes at once."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from clients.sdk.errors import Fault, Misused, SdkError
from clients.sdk.home import Home, Profile, read_profile, write_text
from clients.sdk.journal import Begun, Journal, purpose
from keys.keyring import Cost
from protocol.identifiers import PersonId
from protocol.pins import Pin, Pins
from protocol.statements.base import Refused

CHEAP = Cost(memory=64, passes=1, lanes=1)
MINE = Profile(PersonId("per_" + "1" * 32), "http://127.0.0.1:1", "root")


def pins(**numbers: int) -> Pins:
    return Pins({name: Pin(number, f"{number:064x}") for name, number in numbers.items()})


def note(size: int) -> str:
    return f"origin\n{size}\nroot\n"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.create(tmp_path / "home", "frase", cost=CHEAP)


def code_of(error: pytest.ExceptionInfo[SdkError]) -> str:
    return error.value.code


def test_a_begun_home_is_gone_on_with_and_an_owned_one_is_not(home: Home) -> None:
    assert Home.begin(home.folder, "frase").keyring.signing.kid == home.keyring.signing.kid
    with pytest.raises(Misused) as wrong:
        Home.begin(home.folder, "feil")
    assert code_of(wrong) == "wrong-passphrase"
    home.save_profile(MINE)
    with pytest.raises(Misused) as owned:
        Home.begin(home.folder, "frase")
    assert code_of(owned) == "home-exists"


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda path: path.unlink(), "no-home"),
        (lambda path: path.chmod(0o644), "exposed-keyring"),
        (lambda path: path.write_bytes(b"{}"), "damaged-home"),
        (Path.touch, "wrong-passphrase"),
    ],
)
def test_each_fault_of_a_keyring_is_told_apart(home: Home, spoil: object, code: str) -> None:
    assert callable(spoil)
    spoil(home.folder / "keyring.json")
    with pytest.raises(SdkError) as refused:
        Home.open(home.folder, "feil")
    assert code_of(refused) == code


@pytest.mark.parametrize("content", ["{", "[]", '{"pins": 7}', '{"pins": {"a": {"number": -1}}}'])
def test_damaged_trust_is_said_and_never_begun_anew(home: Home, content: str) -> None:
    write_text(home.folder / "trust.json", content)
    with pytest.raises(Fault) as refused:
        _ = home.pins
    assert code_of(refused) == "damaged-home"


def test_files_are_for_their_owner_only(home: Home) -> None:
    home.save_profile(MINE)
    home.save_trust(pins(a=1), note(1))
    home.save_receipt("receipt")
    home.save_evidence({"a": 1})
    assert read_profile(home.folder) == MINE
    files = [path for path in home.folder.rglob("*") if path.is_file()]
    assert len(files) >= 5
    assert all(path.stat().st_mode & 0o077 == 0 for path in files)


def test_pins_of_two_processes_are_united_and_the_higher_number_wins(home: Home) -> None:
    home.save_trust(pins(a=2, b=1), note(7))
    home.save_trust(pins(a=1, c=5), None)
    assert {name: pin.number for name, pin in home.pins.known.items()} == {"a": 2, "b": 1, "c": 5}
    home.save_trust(Pins(), note(3))
    assert home.seen == note(7)
    home.save_trust(Pins(), note(12))
    assert home.seen == note(12)
    with pytest.raises(Refused):
        home.save_trust(Pins({"a": Pin(2, "f" * 64)}), None)


def test_pins_written_at_once_are_all_kept(home: Home) -> None:
    def pin(nth: int) -> None:
        for number in range(5):
            home.save_trust(pins(**{f"p{nth}.{number}": 1}), None)

    threads = [threading.Thread(target=pin, args=(nth,)) for nth in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(home.pins.known) == 20


def test_a_journal_keeps_a_request_until_it_is_answered(home: Home) -> None:
    journal = Journal(home.folder)
    begun = Begun(purpose("unit", "a", "b"), "/v1/statements", {"token": "t", "seeds": []}, "token", "k")
    assert journal.find(begun.purpose) is None
    journal.keep(begun)
    assert Journal(home.folder).find(begun.purpose) == begun
    assert [one.token for one in journal.all()] == ["t"]
    journal.done(begun.purpose)
    journal.done(begun.purpose)
    assert journal.all() == []


def test_another_wish_has_another_purpose() -> None:
    assert purpose("unit", "a", "b") == purpose("unit", "a", "b")
    assert len({purpose("unit", "a", "b"), purpose("unit", "ab", ""), purpose("child", "a", "b")}) == 3


def test_a_damaged_journal_is_said(home: Home) -> None:
    journal = Journal(home.folder)
    journal.keep(Begun("p", "/v1/shares", {"token": "t"}, "token", "k"))
    [path] = (home.folder / "begun").glob("*.json")
    write_text(path, '{"v": 1}')
    with pytest.raises(Fault) as refused:
        journal.all()
    assert code_of(refused) == "damaged-home"
