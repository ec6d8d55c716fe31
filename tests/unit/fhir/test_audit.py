"""Log entries as FHIR R4 AuditEvents: valid resources, with the codes that each BALP profile fixes."""

from __future__ import annotations

import json
import warnings
from typing import Any

import pytest

from clients.fhir.audit import Logged, to_audit_events
from protocol.identifiers import Instant, MatterId, PersonId, ShareId, SubjectId, UnitId
from protocol.log.details import Decision, Details
from protocol.log.entry import Entry
from protocol.log.event import Event

with warnings.catch_warnings():
    # Its models shadow names of their own base class; that is theirs to settle.
    warnings.simplefilter("ignore")
    from fhir.resources.R4B.auditevent import AuditEvent

GP, BUP, BOROUGH = (UnitId.of(bytes([n]) * 16) for n in range(3))
DOCTOR, CHILD, MATTER = PersonId.of(b"d" * 16), SubjectId.of(b"c" * 16), MatterId.of(b"m" * 16)
SHARE, CONSENT, SAID = ShareId.of(b"s" * 16), "a" * 64, "b" * 64
SHARING: dict[str, Any] = {
    "actor": DOCTOR,
    "for_unit": GP,
    "act": "share",
    "decision": Decision.PERMIT,
    "rule": "no/referral/12-14",
    "subject": CHILD,
    "matter": MATTER,
    "recipients": (BUP,),
    "share": SHARE,
    "consents": (CONSENT,),
    "statements": (SAID,),
}
DCM = "http://dicom.nema.org/resources/ontology/DCM"


def events(event: Event, **changes: Any) -> list[dict[str, Any]]:
    details = Details(**(SHARING | changes))
    entry = Entry("1" * 32, Instant(1_800_000_000_123), event, "c" * 64)
    found = to_audit_events(Logged("log.example/fortrolig", 7, entry, details))
    for each in found:
        AuditEvent.model_validate(json.loads(json.dumps(each)))
    return found


def one(event: Event, **changes: Any) -> dict[str, Any]:
    [found] = events(event, **changes)
    return found


def profile(found: dict[str, Any]) -> str:
    [url] = found["meta"]["profile"]
    name: str = url.rsplit(".BasicAudit.", 1)[1]
    return name


def agents(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    coded = {each["type"]["coding"][0]["code"]: each for each in found["agent"]}
    assert len(coded) == len(found["agent"])
    return coded


def entities(found: dict[str, Any]) -> dict[str, Any]:
    return {each["type"]["code"]: each["what"] for each in found["entity"]}


def test_a_share_is_a_privacy_disclosure_at_its_source() -> None:
    found = one(Event.SHARED)
    assert profile(found) == "PrivacyDisclosure.Source"
    assert (found["type"], found["action"], found["outcome"]) == ({"system": DCM, "code": "110106"}, "R", "0")
    assert found["subtype"][0]["code"] == "disclose"
    assert found["recorded"] == "2027-01-15T08:00:00.123Z"
    assert found["purposeOfEvent"][0]["coding"][0]["code"] == "TREAT"
    who = agents(found)
    assert who["110153"]["who"] == found["source"]["observer"]
    assert all("network" in who[code] for code in ("110153", "110152"))
    assert who["110152"]["who"]["identifier"]["value"] == BUP
    assert (who["IRCP"]["requestor"], who["IRCP"]["who"]["identifier"]["value"]) == (True, DOCTOR)
    assert who["PROV"]["who"]["identifier"]["value"] == GP
    what = entities(found)
    assert what["1"] == {"type": "Patient", "identifier": {"system": "urn:fortrolig:subject", "value": CHILD}}
    assert what["Consent"]["identifier"]["value"] == CONSENT
    assert what["2"]["identifier"]["value"] == SHARE


def test_a_share_to_several_is_a_disclosure_to_each() -> None:
    found = events(Event.SHARED, recipients=(BUP, BOROUGH))
    assert [agents(each)["110152"]["who"]["identifier"]["value"] for each in found] == [BUP, BOROUGH]
    assert len({each["id"] for each in found}) == 2


@pytest.mark.parametrize("event", [Event.RECEIVED, Event.OPENED, Event.REOPENED, Event.OWN_OPENED])
def test_a_release_is_a_patient_read(event: Event) -> None:
    found = one(event, act="open", recipients=())
    assert profile(found) == "PatientRead"
    assert (found["type"]["code"], found["subtype"][0]["code"], found["action"]) == ("rest", "read", "R")
    assert found["outcome"] == "0"
    who = agents(found)
    assert who["110152"]["who"]["identifier"]["value"] == DOCTOR
    assert who["110153"]["who"]["identifier"]["value"] == "log.example/fortrolig"
    assert {"1", "2", "Consent"} == entities(found).keys()


def test_what_concerns_no_child_is_a_plain_read() -> None:
    found = one(Event.OWN_OPENED, subject=None, matter=None, consents=(), rule=None, for_unit=None)
    assert profile(found) == "Read"
    assert entities(found).keys() == {"2"}
    assert "purposeOfEvent" not in found


@pytest.mark.parametrize("consents", [(CONSENT,), ()])
def test_a_refusal_is_an_authorization_decision_by_consent(consents: tuple[str, ...]) -> None:
    denied: dict[str, Any] = {"decision": Decision.DENY, "reason": "signature-missing", "missing": ("signs",)}
    found = one(Event.SHARE_REFUSED, consents=consents, **denied)
    assert profile(found) == "AuthZconsent"
    assert (found["type"], found["action"]) == ({"system": DCM, "code": "110113"}, "E")
    assert found["subtype"][0]["code"] == "AuthZ-Consent"
    assert (found["outcome"], found["outcomeDesc"]) == ("8", "signature-missing")
    assert agents(found).keys() == {"authserver", "110150", "IRCP", "PROV"}
    assert agents(found)["authserver"]["who"] == found["source"]["observer"]
    assert entities(found).keys() == {"1", "Consent"}
    assert "signs" in [each.get("valueString") for each in found["extension"]]


def test_whatever_else_was_said_is_a_create_and_a_refused_one_says_so() -> None:
    assert profile(one(Event.CONSENT_SIGNED, share=None, decision=Decision.NONE)) == "PatientCreate"
    plain = one(Event.UNIT_REGISTERED, subject=None, matter=None, share=None, decision=Decision.NONE, consents=())
    assert profile(plain) == "Create"
    refused = one(Event.STATEMENT_REFUSED, subject=None, decision=Decision.NONE, reason="bad-statement")
    assert "meta" not in refused
    assert (refused["outcome"], refused["outcomeDesc"]) == ("4", "bad-statement")


def test_every_event_and_the_least_details_make_a_valid_resource() -> None:
    for event in Event:
        assert one(event)["extension"][1]["valueString"] == "7"
        entry = Entry("1" * 32, Instant(0), event, "c" * 64)
        [bare] = to_audit_events(Logged("log.example/fortrolig", 0, entry, Details()))
        AuditEvent.model_validate(json.loads(json.dumps(bare)))
