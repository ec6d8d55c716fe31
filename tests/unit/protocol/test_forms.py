"""The forms that everything is read from: strict readers, pins, identifiers, and the members of each statement."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Self

import pytest

from keys import signing
from keys.signing import BadStatement
from protocol.identifiers import BadIdentifier, Identifier, InvitationId, PersonId, UnitId, parse_holder
from protocol.pins import Pins
from protocol.reading import (
    Fields,
    Malformed,
    boolean,
    closed,
    distinct,
    integer,
    listed,
    one_of,
    optional,
    text,
    text_up_to,
)
from protocol.statements.base import Body, Refused, claim, sign, verify
from protocol.statements.consent import RequestBody, WithdrawalBody
from protocol.statements.enrolment import InvitationBody, enrolment_fields
from protocol.statements.identity import (
    EndorsementBody,
    EpochBody,
    KeySet,
    PolicyBody,
    SheetBody,
    SubjectCard,
    UnitBody,
)
from protocol.statements.share import HoldBody, ManifestBody, OpenBody
from tests.unit.consent import family as f
from tests.unit.protocol.world import ORIGIN, SHARE, invitation, key_of, keys_of, sha, statement_id, tell

KEY = key_of(f.MOTHER)


def _hold() -> HoldBody:
    return HoldBody(SHARE, f.CHILD, f.MATTER, f.GP, (sha(b"consent"),), (f.BUP, f.MOTHER), sha(b"draft"), f.NOW)


def _invitation(**changed: Any) -> InvitationBody:
    plain = InvitationBody(invitation(f.DOCTOR), f.DOCTOR, "staff", f.GP, "Kari Syntetisk", f.NOW)
    return replace(plain, **changed)


def _bodies() -> list[Body]:
    story = tell()
    kinds: dict[str, type[Any]] = {
        "policy": PolicyBody,
        "gp unit": UnitBody,
        "mother": EndorsementBody,
        "gp staff": EndorsementBody,
        "gp epoch": EpochBody,
        "sheet": SheetBody,
        "request": RequestBody,
        "manifest": ManifestBody,
        "open": OpenBody,
    }
    word = WithdrawalBody(statement_id(1), sha(b""), f.CHILD, f.MATTER)
    return [*(story.body(name, kind) for name, kind in kinds.items()), word, _hold(), _invitation()]


@pytest.mark.parametrize("body", _bodies(), ids=lambda body: body.kind)
def test_a_statement_reads_what_it_writes_and_refuses_each_member_missing_or_strange(body: Any) -> None:
    token = sign(body, KEY, iss=f.MOTHER, aud=ORIGIN, made=f.MADE, seen=None)
    statement = verify(token, type(body), KEY.public, aud=ORIGIN)
    assert (statement.body, statement.iss, statement.made, statement.kid) == (body, f.MOTHER, f.MADE, KEY.kid)
    payload = signing.peek(token).body
    for name in payload:
        for wrong in ({k: v for k, v in payload.items() if k != name}, payload | {name: {"strange": True}}):
            with pytest.raises((Refused, BadStatement)) as caught:
                verify(signing.sign(body.kind, wrong, KEY), type(body), KEY.public, aud=ORIGIN)
            assert isinstance(caught.value, BadStatement) is (name == "kind" and "kind" in wrong)


def test_a_statement_of_another_kind_is_refused() -> None:
    token = sign(_hold(), KEY, iss=f.MOTHER, aud=ORIGIN, made=f.MADE, seen=None)
    with pytest.raises(Refused):
        verify(token, WithdrawalBody, KEY.public, aud=ORIGIN)


def test_a_claim_says_role_and_act() -> None:
    story = tell()
    said = {name: told.claim.said for name, told in story.said.items()}
    assert (said["mother"], said["gp staff"], said["open"], said["gp epoch"]) == (
        "endorsement person",
        "endorsement staff",
        "open open",
        "epoch",
    )


@pytest.mark.parametrize("token", ["", "a.b.c", "a.b", "\ud800.x.y"])
def test_what_is_no_statement_claims_nothing(token: str) -> None:
    with pytest.raises(Refused) as caught:
        claim(token)
    assert caught.value.code == "bad-statement"


def test_a_statement_that_names_no_person_claims_nothing() -> None:
    with pytest.raises(Refused):
        claim(signing.sign("hold", {"iss": f.GP}, KEY))


@pytest.mark.parametrize(
    "changed",
    [{"unit": None}, {"role": "person"}, {"name": None}, {"role": "supervisor"}],
    ids=str,
)
def test_professionals_have_a_name_in_clear_and_staff_a_unit(changed: Any) -> None:
    story = tell()
    for body in (story.body("gp staff", EndorsementBody), _invitation()):
        wrong = sign(replace(body, **changed), KEY, iss=f.MOTHER, aud=ORIGIN, made=f.MADE, seen=None)
        with pytest.raises(Refused):
            verify(wrong, type(body), KEY.public, aud=ORIGIN)


def test_a_family_has_no_name_in_clear() -> None:
    family = {"holder": f.MOTHER, "role": "person", "unit": None}
    for name in (None, "Kari Syntetisk"):
        told = Fields(_invitation(**family, name=name).to_json(), "invitation")
        if name is None:
            assert InvitationBody.read(told).name is None
        else:
            with pytest.raises(Malformed):
                InvitationBody.read(told)


def test_what_a_secret_authenticates_names_everything_that_is_endorsed() -> None:
    plain: dict[str, Any] = {"server": "s", "log": "l", "root": "r", "inviter": "i", "keys": keys_of(f.DOCTOR)}
    fields = enrolment_fields(_invitation(), **plain)
    others = [
        enrolment_fields(_invitation(), **(plain | changed))
        for changed in ({name: "x"} for name in ("server", "log", "root", "inviter"))
    ]
    others.append(enrolment_fields(_invitation(), **(plain | {"keys": keys_of(f.MOTHER)})))
    bodies = (
        _invitation(id=InvitationId.of(b"o" * 16)),
        _invitation(holder=f.NURSE),
        _invitation(role="custodian"),
        _invitation(unit=f.BUP),
        _invitation(not_after=f.MADE),
    )
    others += [enrolment_fields(body, **plain) for body in bodies]
    assert len(others) == len(fields) - 2
    assert all(other != fields for other in others)


def test_an_epoch_lists_a_person_once() -> None:
    body = tell().body("gp epoch", EpochBody)
    told = replace(body, members=(body.members[0], replace(body.members[0], keys=sha(b"")))).to_json()
    with pytest.raises(Malformed, match="once"):
        EpochBody.read(Fields(told, "epoch"))


def test_an_epoch_lists_a_person_with_one_key_set() -> None:
    body = tell().body("gp epoch", EpochBody)
    assert body.lists(f.DOCTOR, keys_of(f.DOCTOR).digest)
    assert not body.lists(f.DOCTOR, keys_of(f.DOCTOR, 1).digest)
    assert not body.lists(f.MOTHER, keys_of(f.DOCTOR).digest)


def test_a_sealing_key_has_its_length() -> None:
    told = keys_of(f.MOTHER).to_json()
    assert KeySet.parse(told) == keys_of(f.MOTHER)
    with pytest.raises(Malformed):
        KeySet.parse(told | {"seal": "AAAA"})
    with pytest.raises(Malformed):
        KeySet.parse(told | {"more": 1})


def test_a_card_is_bound_to_all_that_it_says() -> None:
    card = SubjectCard(f.CHILD, "Nils Syntetisk", "01010100000", bytes(32))
    assert SubjectCard.parse(card.to_json()) == card
    others = [replace(card, name="x"), replace(card, national_id="x"), replace(card, salt=b"x" * 32)]
    assert len({card.digest, replace(card, subject=f.OTHER_CHILD).digest, *(other.digest for other in others)}) == 5


def test_a_manifest_says_who_sends_and_who_receives() -> None:
    body = tell().body("manifest", ManifestBody)
    assert (body.sender(f.DOCTOR), body.receivers(), body.categories()) == (f.GP, (f.BUP,), ("message",))
    assert replace(body, unit=None).sender(f.MOTHER) == f.MOTHER


# Readers


@pytest.mark.parametrize("value", [None, [], "x", 1])
def test_fields_are_of_an_object(value: Any) -> None:
    with pytest.raises(Malformed, match="must be an object"):
        Fields(value, "thing")


def test_a_member_is_taken_once_and_named_when_it_is_wrong() -> None:
    fields = Fields({"a": 1, "b": None, "c": None}, "thing")
    assert fields.take("a", integer) == 1
    assert fields.take_or_null("b", integer) is None
    for name in ("a", "d"):
        with pytest.raises(Malformed, match=f"thing lacks '{name}'"):
            fields.take(name, integer)
    with pytest.raises(Malformed, match=r"thing\.c: must be a whole number"):
        Fields({"c": -1}, "thing").take("c", integer)
    with pytest.raises(Malformed, match="unknown members: c"):
        fields.done()


def test_members_taken_together_are_refused_like_those_taken_one_by_one() -> None:
    table = {"a": integer, "b": optional(text)}
    assert closed({"a": 1, "b": None}, "thing", table) == {"a": 1, "b": None}
    for value, why in (
        ({"a": 1}, "thing lacks 'b'"),
        ({"a": -1, "b": "x"}, r"thing\.a: must be a whole number"),
        ({"a": 1, "b": "x", "c": 2}, "unknown members: c"),
    ):
        with pytest.raises(Malformed, match=why):
            closed(value, "thing", table)


@pytest.mark.parametrize("value", [{}, {"kind": None}, {"kind": "other"}, {"kind": ["one"]}])
def test_a_member_that_must_be_one_text_is_no_other(value: dict[str, Any]) -> None:
    Fields({"kind": "one"}, "thing").match("kind", "one")
    with pytest.raises(Malformed, match=r"thing\.kind must be one"):
        Fields(value, "thing").match("kind", "one")


@pytest.mark.parametrize("version", [0, 2, "1", True, 1.0, None])
def test_another_version_is_refused(version: Any) -> None:
    with pytest.raises(Malformed, match="update your client"):
        Fields({"v": version}, "thing").version()


@pytest.mark.parametrize(
    ("parse", "value"),
    [
        (text, ""),
        (text, 1),
        (text_up_to(3), "abcd"),
        (text_up_to(3), ""),
        (integer, 2**53),
        (integer, -1),
        (integer, True),
        (integer, 1.0),
        (boolean, 1),
        (boolean, None),
        (one_of("a"), "b"),
        (one_of("a"), 1),
        (listed(integer), "12"),
        (listed(integer), b"12"),
        (listed(integer), None),
        (listed(integer, least=1), []),
        (listed(integer, most=1), [1, 2]),
        (listed(integer), ["x"]),
        (distinct(integer), [1, 1]),
    ],
)
def test_a_value_of_another_form_is_refused(parse: Any, value: Any) -> None:
    with pytest.raises(Malformed):
        parse(value)


def test_values_of_their_form_are_taken_as_they_are() -> None:
    assert (text("a"), text_up_to(3)("abc"), integer(2**53 - 1), boolean(value=False)) == ("a", "abc", 2**53 - 1, False)
    assert (one_of("a", "b")("b"), listed(integer)([1, 1]), distinct(integer)([2, 1])) == ("b", (1, 1), (2, 1))


def test_a_name_of_another_form_than_prefix_and_digits_parses_itself() -> None:
    class Place(Identifier):
        @classmethod
        def parse(cls, text: object) -> Self:
            return cls(f"place {text}")

    assert Place.parse("7") == "place 7"


@pytest.mark.parametrize("drawn", [b"", b"x" * 15, b"x" * 17])
def test_a_new_name_takes_sixteen_drawn_bytes(drawn: bytes) -> None:
    with pytest.raises(BadIdentifier, match="16"):
        PersonId.of(drawn)


def test_the_holder_of_a_key_is_a_person_or_a_unit() -> None:
    assert isinstance(parse_holder(f.GP), UnitId)
    assert isinstance(parse_holder(f.MOTHER), PersonId)
    for wrong in (f.CHILD, "unt_", "per_x", "", None, 1):
        with pytest.raises(BadIdentifier):
            parse_holder(wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        [],
        {"policy": None},
        {"policy": {"number": 1}},
        {"policy": {"number": -1, "digest": "0" * 64}},
        {"": {}},
        {1: {}},
    ],
    ids=str,
)
def test_pins_that_are_damaged_are_not_forgotten(wrong: Any) -> None:
    with pytest.raises(Refused) as caught:
        Pins.parse(wrong)
    assert caught.value.code == "bad-pins"
