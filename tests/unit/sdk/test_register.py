"""An extract of the guardian register is read strictly: what is unclear in it is refused, and the place is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clients.sdk.errors import Misused
from clients.sdk.register import Address, Elsewhere, FileRegister, LegalCapacity, Word
from protocol.identifiers import PersonId, SubjectId
from protocol.national_id import Numbers

MOTHER = PersonId("per_" + "1" * 32)
CHILD = SubjectId("sub_" + "3" * 32)
NUMBER = "15861898056"


def line(holder: str, word: str = "felles", **changed: Any) -> dict[str, Any]:
    return {"type": word, "holder": holder, "since": "2018-06-15", "until": None} | changed


def extract(**changed: Any) -> dict[str, Any]:
    child = {
        "subject": CHILD,
        "national_id": NUMBER,
        "birth_date": "2018-06-15",
        "died": None,
        "address": "unclassified",
        "responsibility": [line(MOTHER), line("not-enrolled")],
    }
    mother = {"person": MOTHER, "died": None, "address": "confidential", "capacity": "partial"}
    told: dict[str, Any] = {"v": 1, "as_of": 1_800_000_000_000, "persons": [mother], "children": [child]}
    return told | changed


def written(folder: Path, value: object) -> Path:
    path = folder / "register.json"
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    return path


def test_an_extract_is_read_as_it_stands(tmp_path: Path) -> None:
    read = FileRegister.read(written(tmp_path, extract()))
    [entry] = read.entries
    assert (read.as_of, entry.subject, entry.national_id, entry.address) == (
        1_800_000_000_000,
        CHILD,
        NUMBER,
        Address.OPEN,
    )
    assert [(each.type, each.holder) for each in entry.responsibility] == [
        (Word.JOINT, MOTHER),
        (Word.JOINT, Elsewhere.NOT_ENROLLED),
    ]
    assert (read.adults[MOTHER].address, read.adults[MOTHER].capacity) == (Address.CONFIDENTIAL, LegalCapacity.PARTIAL)


def test_what_is_shown_of_an_entry_holds_no_national_id(tmp_path: Path) -> None:
    [entry] = FileRegister.read(written(tmp_path, extract())).entries
    assert NUMBER not in repr(entry)


def in_child(**changed: Any) -> Callable[[dict[str, Any]], None]:
    return lambda told: told["children"][0].update(changed)


def in_line(**changed: Any) -> Callable[[dict[str, Any]], None]:
    return lambda told: told["children"][0]["responsibility"][0].update(changed)


@pytest.mark.parametrize(
    ("spoil", "place"),
    [
        (lambda told: told.update(v=2), "v"),
        (lambda told: told.update(as_of="2026-11-23"), "as_of"),
        (lambda told: told.update(more=1), "more"),
        (lambda told: told.pop("persons"), "persons"),
        (lambda told: told["persons"][0].update(capacity="some"), "some"),
        (lambda told: told["persons"].append(told["persons"][0]), "twice"),
        (lambda told: told["children"].append(told["children"][0]), "twice"),
        (in_child(national_id="15861898057"), "national_id"),
        (in_child(birth_date="15.06.2018"), "birth_date"),
        (in_child(address="kode 6"), "kode 6"),
        (in_child(subject=MOTHER), "subject"),
        (in_line(type="begge"), "begge"),
        (in_line(holder="father"), "father"),
        (in_line(holder=None), "holder"),
        (in_line(since="2018-6-15"), "since"),
    ],
)
def test_what_is_not_of_the_form_is_refused_by_its_code(
    tmp_path: Path, spoil: Callable[[dict[str, Any]], None], place: str
) -> None:
    told = extract()
    spoil(told)
    with pytest.raises(Misused) as refused:
        FileRegister.read(written(tmp_path, told))
    assert refused.value.code == "bad-register"
    assert place in str(refused.value)


def test_a_wrong_national_id_is_not_repeated_in_the_refusal(tmp_path: Path) -> None:
    told = extract()
    in_child(national_id="15861898057")(told)
    with pytest.raises(Misused) as refused:
        FileRegister.read(written(tmp_path, told))
    assert "15861898057" not in str(refused.value)


def test_a_member_that_stands_there_twice_is_refused(tmp_path: Path) -> None:
    doubled = json.dumps(extract()).replace('"v": 1', '"v": 1, "v": 1')
    with pytest.raises(Misused) as refused:
        FileRegister.read(written(tmp_path, doubled))
    assert refused.value.code == "bad-register"


@pytest.mark.parametrize("content", ["", "{", "\x00", None])
def test_a_file_that_is_not_there_or_no_json_is_refused_by_its_code(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "nothing.json" if content is None else written(tmp_path, content)
    with pytest.raises(Misused) as refused:
        FileRegister.read(path)
    assert refused.value.code == "register-unreadable"


def test_real_numbers_are_taken_where_the_installation_takes_them(tmp_path: Path) -> None:
    with pytest.raises(Misused):
        FileRegister.read(written(tmp_path, extract()), Numbers.REAL)
