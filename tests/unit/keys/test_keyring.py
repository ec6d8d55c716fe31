from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from keys import keyring as module
from keys import sealing, signing
from keys.canonical import canonical
from keys.encoding import encode
from keys.keyring import AlreadyKept, Cost, DamagedKeyring, ExposedKeyring, Keyring, NoSuchKey, WrongPassphrase
from keys.vault import Vault

if TYPE_CHECKING:
    from pathlib import Path

CHEAP = Cost(memory=8, passes=1, lanes=1)
UNIT = "unt_" + "0" * 32


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keyring.json"


@pytest.fixture
def keyring(path: Path) -> Keyring:
    return Keyring.create(path, "hemmelig", cost=CHEAP)


def edit(path: Path, **changes: Any) -> None:
    path.write_bytes(canonical({**json.loads(path.read_bytes()), **changes}))


def edit_wrap(path: Path, **changes: Any) -> None:
    edit(path, passphrase={**json.loads(path.read_bytes())["passphrase"], **changes})


def lock_other_contents(keyring: Keyring, text: bytes) -> None:
    edit(keyring.path, contents=encode(Vault(keyring._vault_key).lock(text, module._CONTENTS)))


def test_a_keyring_opens_with_its_passphrase_and_holds_the_same_keys(keyring: Keyring) -> None:
    again = Keyring.open(str(keyring.path), "hemmelig")
    token = signing.sign("x", {}, again.signing)
    assert signing.verify(token, "x", keyring.signing.public) == {}
    sealed = sealing.seal(b"secret", keyring.sealing.public, b"")
    assert sealing.unseal(sealed, again.sealing, b"") == b"secret"


def test_a_keyring_made_at_the_default_cost_opens(path: Path) -> None:
    Keyring.create(path, "hemmelig")
    wrap = json.loads(path.read_bytes())["passphrase"]
    assert (wrap["memory"], wrap["passes"], wrap["lanes"]) == (64 * 1024, 3, 4)
    assert Keyring.open(path, "hemmelig").units() == []


def test_unit_keys_and_secrets_are_kept(keyring: Keyring) -> None:
    first, second = sealing.generate(), sealing.generate()
    keyring.add_unit_key(UNIT, 2, second)
    keyring.add_unit_key(UNIT, 1, first)
    keyring.add_unit_key("unt_" + "1" * 32, 1, first)
    keyring.add_secret("root", b"r" * 32)
    for kept in (keyring, Keyring.open(keyring.path, "hemmelig")):
        assert kept.unit_epochs(UNIT) == [1, 2]
        assert kept.unit_epochs("unt_" + "2" * 32) == []
        assert kept.units() == [UNIT, "unt_" + "1" * 32]
        assert kept.unit_key(UNIT, 2).public == second.public
        assert kept.secret("root") == b"r" * 32
        assert kept.secret_names() == ["root"]


def test_what_is_kept_is_not_replaced(keyring: Keyring) -> None:
    key = sealing.generate()
    keyring.add_unit_key(UNIT, 1, key)
    keyring.add_unit_key(UNIT, 1, key)
    keyring.add_secret("root", b"one")
    with pytest.raises(AlreadyKept):
        keyring.add_unit_key(UNIT, 1, sealing.generate())
    with pytest.raises(AlreadyKept):
        keyring.add_secret("root", b"two")
    assert keyring.unit_key(UNIT, 1).public == key.public
    assert keyring.unit_key(UNIT, 1) is keyring.unit_key(UNIT, 1)
    assert Keyring.open(keyring.path, "hemmelig").secret("root") == b"one"


def test_what_is_not_kept_is_not_found(keyring: Keyring) -> None:
    keyring.add_unit_key(UNIT, 1, sealing.generate())
    with pytest.raises(NoSuchKey):
        keyring.unit_key(UNIT, 2)
    with pytest.raises(NoSuchKey):
        keyring.secret("root")


def test_a_removed_secret_is_gone_and_its_name_free(keyring: Keyring) -> None:
    keyring.add_secret("invitation", b"one")
    keyring.remove_secret("invitation")
    keyring.remove_secret("invitation")
    assert Keyring.open(keyring.path, "hemmelig").secret_names() == []
    keyring.add_secret("invitation", b"two")
    assert keyring.secret("invitation") == b"two"


@pytest.mark.parametrize("passphrase", ["", "Hemmelig", "hemmelig ", "\ud800"])
def test_another_passphrase_is_wrong(keyring: Keyring, passphrase: str) -> None:
    with pytest.raises(WrongPassphrase):
        Keyring.open(keyring.path, passphrase)


def test_an_empty_passphrase_makes_no_keyring(path: Path) -> None:
    with pytest.raises(WrongPassphrase):
        Keyring.create(path, "", cost=CHEAP)
    assert not path.exists()


def test_a_letter_written_in_two_ways_is_one_passphrase(path: Path) -> None:
    Keyring.create(path, "bl\u00e5b\u00e6r", cost=CHEAP)
    assert Keyring.open(path, "bla\u030ab\u00e6r").secret_names() == []


def test_a_changed_passphrase_opens_and_the_old_one_does_not(keyring: Keyring) -> None:
    keyring.add_secret("root", b"r")
    keyring.change_passphrase("ny", cost=CHEAP)
    assert Keyring.open(keyring.path, "ny").secret("root") == b"r"
    with pytest.raises(WrongPassphrase):
        Keyring.open(keyring.path, "hemmelig")


def test_changes_by_two_holders_of_one_file_are_all_kept(keyring: Keyring) -> None:
    other = Keyring.open(keyring.path, "hemmelig")
    keyring.add_secret("first", b"1")
    other.change_passphrase("ny", cost=CHEAP)
    keyring.add_secret("second", b"2")
    other.add_secret("third", b"3")
    assert Keyring.open(keyring.path, "ny").secret_names() == ["first", "second", "third"]


def test_changes_at_the_same_time_are_all_kept(keyring: Keyring) -> None:
    def add(number: int) -> None:
        Keyring.open(keyring.path, "hemmelig").add_secret(str(number), b"x")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(16)))
    assert len(Keyring.open(keyring.path, "hemmelig").secret_names()) == 16


def test_the_file_is_its_owners_alone_and_leaves_nothing_beside_it(keyring: Keyring) -> None:
    keyring.add_secret("root", b"r")
    assert keyring.path.stat().st_mode & 0o777 == 0o600
    assert list(keyring.path.parent.iterdir()) == [keyring.path]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_file_that_others_may_read_or_change_is_refused_with_the_remedy(keyring: Keyring, mode: int) -> None:
    keyring.path.chmod(mode)
    with pytest.raises(ExposedKeyring, match="chmod 600"):
        Keyring.open(keyring.path, "hemmelig")


def test_a_file_that_is_there_already_is_left_as_it_is(keyring: Keyring) -> None:
    before = keyring.path.read_bytes()
    with pytest.raises(FileExistsError):
        Keyring.create(keyring.path, "annen", cost=CHEAP)
    assert keyring.path.read_bytes() == before
    assert list(keyring.path.parent.iterdir()) == [keyring.path]


def test_a_missing_file_is_said_to_be_missing(path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Keyring.open(path, "hemmelig")


def test_a_change_that_cannot_be_written_changes_nothing(keyring: Keyring, monkeypatch: pytest.MonkeyPatch) -> None:
    before = keyring.path.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        keyring.add_secret("root", b"r")
    assert keyring.secret_names() == []
    assert keyring.path.read_bytes() == before
    assert list(keyring.path.parent.iterdir()) == [keyring.path]


@pytest.mark.parametrize("text", [b"", b"{}", b"[]", b"null", b"not json", b'{"v": 1}', b"\xff"])
def test_a_file_of_something_else_is_damaged(keyring: Keyring, text: bytes) -> None:
    keyring.path.write_bytes(text)
    with pytest.raises(DamagedKeyring):
        Keyring.open(keyring.path, "hemmelig")


@pytest.mark.parametrize(
    "changes",
    [
        {"v": 2},
        {"v": True},
        {"use": "other"},
        {"more": 1},
        {"contents": "AA"},
        {"contents": "A" * 100},
        {"contents": "=="},
        {"contents": None},
        {"passphrase": None},
        {"passphrase": {}},
    ],
)
def test_a_changed_file_is_damaged(keyring: Keyring, changes: dict[str, Any]) -> None:
    edit(keyring.path, **changes)
    with pytest.raises(DamagedKeyring):
        Keyring.open(keyring.path, "hemmelig")


@pytest.mark.parametrize(
    "changes",
    [
        {"memory": 1 << 30},
        {"memory": 7},
        {"memory": "8"},
        {"memory": True},
        {"passes": 0},
        {"passes": 1 << 40},
        {"lanes": 0},
        {"lanes": None},
        {"lanes": 17},
        {"salt": ""},
        {"salt": "="},
        {"salt": 1},
        {"locked": "AA"},
        {"more": 1},
    ],
)
def test_a_wrap_out_of_bounds_is_damaged_before_it_costs_anything(keyring: Keyring, changes: dict[str, Any]) -> None:
    edit_wrap(keyring.path, **changes)
    with pytest.raises(DamagedKeyring):
        Keyring.open(keyring.path, "hemmelig")


def test_a_wrap_under_another_cost_does_not_unlock(keyring: Keyring) -> None:
    edit_wrap(keyring.path, passes=2)
    with pytest.raises(WrongPassphrase):
        Keyring.open(keyring.path, "hemmelig")


def test_the_contents_of_another_keyring_are_damaged(keyring: Keyring, tmp_path: Path) -> None:
    other = Keyring.create(tmp_path / "other.json", "hemmelig", cost=CHEAP)
    edit(keyring.path, contents=json.loads(other.path.read_bytes())["contents"])
    with pytest.raises(DamagedKeyring):
        Keyring.open(keyring.path, "hemmelig")
    with pytest.raises(DamagedKeyring):
        keyring.add_secret("root", b"r")


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b'{"v":1}', b'{"v":2}', b"null", b'{"signing":1,"v":1}'])
def test_contents_of_another_version_are_damaged(keyring: Keyring, text: bytes) -> None:
    lock_other_contents(keyring, text)
    with pytest.raises(DamagedKeyring):
        Keyring.open(keyring.path, "hemmelig")


def test_nothing_secret_shows_in_the_file_or_the_representation(keyring: Keyring) -> None:
    keyring.add_secret("the root key", b"secret bytes")
    text = keyring.path.read_text() + repr(keyring) + repr(keyring._contents) + repr(keyring.__dict__["_contents"])
    for secret in (b"secret bytes", keyring.signing.to_bytes(), keyring.sealing.to_bytes(), keyring._vault_key):
        assert encode(secret) not in text
        assert str(secret)[2:-1] not in text
    assert "the root key" not in text
    assert repr(keyring) == f"Keyring({str(keyring.path)!r})"
