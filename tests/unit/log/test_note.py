from base64 import b64decode
from typing import Any

import pytest

from protocol.log import note
from protocol.log.note import BadNote, BadSignature
from tests.unit.log.sample_log import LOG, LOG_KEY, NORTH, NORTH_KEY, ORIGIN
from tests.unit.log.vectors import outside, own, reasons

VECTORS = own("note.json")
TEXT = "a text\n"


def replaced(name: str, key_id_and_signature: bytes) -> bytes:
    return f"{TEXT}\n\u2014 {name} {note.encode64(key_id_and_signature)}\n".encode()


@pytest.mark.parametrize("case", VECTORS["accept"], ids=reasons(VECTORS["accept"]))
def test_good_note_is_opened(case: dict[str, Any]) -> None:
    opened = note.open_note(case["note"].encode(), case["verifiers"])
    assert [[each.name, each.time] for each in opened.signatures] == case["signers"]


@pytest.mark.parametrize("case", VECTORS["refuse"], ids=reasons(VECTORS["refuse"]))
def test_bad_note_is_refused(case: dict[str, Any]) -> None:
    with pytest.raises(BadNote):
        note.open_note(case["note"].encode(), case["verifiers"])


def test_outside_notes_are_judged_as_their_authors_say() -> None:
    for case in outside("sumdb_note.json")["open"]:
        text = b64decode(case["note_b64"])
        if case["result"] == "ok":
            opened = note.open_note(text, case["vkeys"])
            assert [each.name for each in opened.signatures] == case["verified_names"], case["desc"]
        else:
            with pytest.raises(BadNote):
                note.open_note(text, case["vkeys"])


def test_outside_verifier_keys_survive_no_change() -> None:
    vectors = outside("sumdb_note.json")
    key = vectors["sign"]["vkey"]
    text = vectors["sign"]["expected_note"].encode()
    assert note.open_note(text, [key]).text == vectors["sign"]["text"]
    parts = {key[start:end] for start in range(len(key)) for end in range(start, len(key) + 1)} - {key}
    mangled = {key[:at] + chr(ord(key[at]) + 1) + key[at + 1 :] for at in range(len(key))}
    for bad in parts | mangled | set(vectors["bad_vkeys"]):
        with pytest.raises(BadNote):
            note.open_note(text, [bad])


def test_signed_text_opens_as_itself() -> None:
    opened = note.open_note(note.sign_note(TEXT, ORIGIN, LOG_KEY), [LOG])
    assert (opened.text, [each.name for each in opened.signatures], opened.unknown) == (TEXT, [ORIGIN], ())


def test_repeated_line_counts_once() -> None:
    signed = note.sign_note(TEXT, ORIGIN, LOG_KEY)
    line = signed.split(b"\n\n")[1]
    assert len(note.open_note(signed + line, [LOG]).signatures) == 1


def test_second_line_of_a_known_key_is_checked_too() -> None:
    signed = note.sign_note(TEXT, ORIGIN, LOG_KEY)
    other = note.sign_note("another\n", ORIGIN, LOG_KEY).split(b"\n\n")[1]
    with pytest.raises(BadSignature):
        note.open_note(signed + other, [LOG])


def test_a_hundred_lines_pass_and_one_more_does_not() -> None:
    signed = note.sign_note(TEXT, ORIGIN, LOG_KEY)
    line = signed.split(b"\n\n")[1]
    assert note.open_note(signed + line * 99, [LOG]).text == TEXT
    with pytest.raises(BadNote):
        note.open_note(signed + line * 100, [LOG])


def test_note_of_more_than_a_million_bytes_is_refused() -> None:
    with pytest.raises(BadNote):
        note.open_note(note.sign_note("x" * note.MOST_BYTES + "\n", ORIGIN, LOG_KEY), [LOG])


def test_note_that_is_no_utf8_is_refused() -> None:
    with pytest.raises(BadNote):
        note.open_note(b"\xff" + note.sign_note(TEXT, ORIGIN, LOG_KEY), [LOG])


@pytest.mark.parametrize("length", [0, 63, 65])
def test_signature_of_another_length_is_refused(length: int) -> None:
    identity = note.key_id(ORIGIN, 1, LOG_KEY.public)
    with pytest.raises(BadNote):
        note.open_note(replaced(ORIGIN, identity + bytes(length)), [LOG])


@pytest.mark.parametrize("seconds", [0, 2**63])
def test_cosignature_without_a_possible_time_is_refused(seconds: int) -> None:
    message = f"cosignature/v1\ntime {seconds}\n{TEXT}".encode()
    identity = note.key_id("north.example", 4, NORTH_KEY.public)
    line = replaced("north.example", identity + seconds.to_bytes(8, "big") + NORTH_KEY.sign(message))
    with pytest.raises(BadSignature):
        note.open_note(line, [NORTH])
    with pytest.raises(BadNote):
        note.cosign(TEXT, "north.example", NORTH_KEY, seconds)


def test_cosignature_covers_its_time() -> None:
    identity = note.key_id("north.example", 4, NORTH_KEY.public)
    message = f"cosignature/v1\ntime 5\n{TEXT}".encode()
    line = replaced("north.example", identity + (6).to_bytes(8, "big") + NORTH_KEY.sign(message))
    with pytest.raises(BadSignature):
        note.open_note(line, [NORTH])


@pytest.mark.parametrize("name", ["", "two words", "a+b", "non\u00a0breaking", "bell\a", "half\ud800"])
def test_name_that_no_key_may_bear_is_refused_everywhere(name: str) -> None:
    for make in (
        lambda: note.sign_note(TEXT, name, LOG_KEY),
        lambda: note.cosign(TEXT, name, LOG_KEY, 1),
        lambda: note.verifier_text(name, 1, LOG_KEY.public),
    ):
        with pytest.raises(BadNote):
            make()


@pytest.mark.parametrize("text", ["", "no newline", "tab\t\n", "half\ud800\n"])
def test_text_that_no_note_may_have_is_not_signed(text: str) -> None:
    with pytest.raises(BadNote):
        note.sign_note(text, ORIGIN, LOG_KEY)


@pytest.mark.parametrize(("kind", "public"), [(2, bytes(32)), (6, bytes(32)), (1, bytes(31))])
def test_only_ed25519_keys_of_two_types_are_written_as_verifiers(kind: int, public: bytes) -> None:
    with pytest.raises(BadNote):
        note.verifier_text(ORIGIN, kind, public)


@pytest.mark.parametrize("text", ["AA", "AB==", "A A=", "\u00e6", "AAAA\n", None])
def test_base64_has_one_spelling(text: object) -> None:
    with pytest.raises(BadNote):
        note.decode64(text)
