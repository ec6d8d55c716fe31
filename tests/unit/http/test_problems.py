"""Problem documents."""

from __future__ import annotations

import json

from server.http import problems
from server.http.problems import FieldFault, ProblemDocument, ProblemType, problem, refused, unknown


def test_a_document_has_the_members_of_rfc_9457_and_a_code() -> None:
    response = problem(problems.BUSY, Retry_After="1").document.response()
    assert response.status == 503
    assert response.content_type == "application/problem+json"
    assert response.headers["Retry-After"] == "1"
    assert json.loads(response.body) == {  # type: ignore[arg-type]  # bytes, as `response` gave them
        "type": "urn:fortrolig:problem:busy",
        "title": problems.BUSY.title,
        "status": 503,
        "code": "busy",
    }


def test_a_refusal_says_reason_missing_and_rule() -> None:
    told = refused("not-signed", "The second guardian has not signed.", missing=("per_1",), rule="no/7").body()
    assert told["code"] == "refused"
    assert told["detail"] == "The second guardian has not signed."
    assert (told["reason"], told["missing"], told["rule"]) == ("not-signed", ["per_1"], "no/7")


def test_faults_name_fields() -> None:
    document = ProblemDocument(problems.BAD_FIELD, fields=(FieldFault("/a/0", "too short"),))
    assert document.body()["fields"] == [{"field": "/a/0", "fault": "too short"}]


def test_unknown_is_always_the_same_and_tells_nothing() -> None:
    assert unknown() == unknown()
    assert set(unknown().body()) == {"type", "title", "status", "code"}


def test_codes_are_unique() -> None:
    kinds = [value for value in vars(problems).values() if isinstance(value, ProblemType)]
    assert len(kinds) > 20
    assert len({kind.code for kind in kinds}) == len(kinds)
