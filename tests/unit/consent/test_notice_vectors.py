"""The committed vectors of notices are what this implementation answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from protocol.consent.case import Case, Dated
from protocol.consent.notices import NoticeKind, asked_of, invalid_of, renewable, renewal_offered_to, written_of
from protocol.identifiers import Instant, PersonId

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "vectors" / "consent" / "notices.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_a_vector_read_back_from_json_has_its_answer(vector: dict[str, Any]) -> None:
    case, at, person = Case.from_json(vector["case"]), Instant(vector["at"]), PersonId.parse(vector["person"])
    consent = case.by_digest[vector["consent"]]
    asked = asked_of(person, consent, case, at)
    offered = renewable(consent, [each.terms for each in case.consents], case, at)
    signs = renewal_offered_to(person, consent, case, at)
    assert ([str(kind) for kind in asked], offered, signs) == (vector["asked"], vector["renewable"], vector["offered"])
    withdrawn = [Dated(PersonId.parse(each["person"]), Instant(each["at"])) for each in vector["withdrawn"]]
    written = (*written_of(person, consent, withdrawn, at), *invalid_of(consent, at))
    assert [[str(kind), since] for kind, since in written] == vector["written"]
    assert vector["name"].startswith("said" if asked or written or (offered and signs) else "nothing")


def test_the_vectors_show_every_kind_and_as_many_that_say_nothing() -> None:
    asked = {kind for each in VECTORS for kind in each["asked"]}
    written = {kind for each in VECTORS for kind, _ in each["written"]}
    assert asked | written == {*NoticeKind} - {NoticeKind.RENEW}
    assert {each["renewable"] for each in VECTORS} == {True, False}
    silent = [each for each in VECTORS if each["name"].startswith("nothing")]
    assert 2 * len(silent) == len(VECTORS)
