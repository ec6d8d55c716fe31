"""Log entries as FHIR R4 `AuditEvent` after IHE BALP (the mapping: `docs/fhir.md`).

A share is a privacy disclosure at its source, a release of an envelope a patient read, a refusal an authorization
decision by consent; whatever else was said is a create. Ids, codes and digests only: no name and no content.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from clients.fhir.elements import ACT_REASON, REASONS, URN, coding, concept, date_time, extension, identifier, reference
from protocol.consent.vocabulary import Purpose
from protocol.identifiers import PersonId, UnitId
from protocol.log.details import Decision, Details
from protocol.log.entry import Entry
from protocol.log.event import Event

_BALP = "https://profiles.ihe.net/ITI/BALP"
_DCM = "http://dicom.nema.org/resources/ontology/DCM"
_HL7 = "http://terminology.hl7.org/CodeSystem"
_INTERACTION = "http://hl7.org/fhir/restful-interaction"

_REST, _READ, _CREATE = (f"{_HL7}/audit-event-type", "rest"), (_INTERACTION, "read"), (_INTERACTION, "create")
_DISCLOSE, _DECIDED = (f"{_HL7}/iso-21089-lifecycle", "disclose"), (f"{_BALP}/CodeSystem/AuthZsubType", "AuthZ-Consent")
_SOURCE, _DESTINATION, _APPLICATION = (_DCM, "110153"), (_DCM, "110152"), (_DCM, "110150")
_USER, _AUTHORIZER = (f"{_HL7}/v3-ParticipationType", "IRCP"), (f"{_HL7}/extra-security-role-type", "authserver")
_ORGANIZATION = (f"{_HL7}/v3-RoleClass", "PROV")
_PERSON, _SYSTEM_OBJECT = (f"{_HL7}/audit-entity-type", "1"), (f"{_HL7}/audit-entity-type", "2")
_PATIENT, _REPORT, _DOMAIN = (f"{_HL7}/object-role", "1"), (f"{_HL7}/object-role", "3"), (f"{_HL7}/object-role", "4")
_CONSENT = ("http://hl7.org/fhir/resource-types", "Consent")
_SERVER = (f"{_HL7}/security-source-type", "4")

_RELEASES = frozenset({Event.RECEIVED, Event.OPENED, Event.REOPENED, Event.OWN_OPENED})
_URI = "5"
_SEVERAL = 2
_SUCCESS, _MINOR, _SERIOUS = "0", "4", "8"
# Addresses are not logged: where a family reads from is nobody's business. The profiles want the element all the same.
_UNKNOWN = {
    "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]
}

Code = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Logged:
    """An entry with its place in the log and its opened details; `origin` is the log's name."""

    origin: str
    index: int
    entry: Entry
    details: Details


@dataclass(frozen=True, slots=True)
class _Pattern:
    """What a profile fixes."""

    profile: str | None
    type: Code
    subtype: Code
    action: str


_DISCLOSURE = _Pattern("PrivacyDisclosure.Source", (_DCM, "110106"), _DISCLOSE, "R")
_PATIENT_READ = _Pattern("PatientRead", _REST, _READ, "R")
_PLAIN_READ = _Pattern("Read", _REST, _READ, "R")
_DECISION = _Pattern("AuthZconsent", (_DCM, "110113"), _DECIDED, "E")
_PATIENT_CREATE = _Pattern("PatientCreate", _REST, _CREATE, "C")
_PLAIN_CREATE = _Pattern("Create", _REST, _CREATE, "C")
_FAILED_CREATE = _Pattern(None, _REST, _CREATE, "C")


def to_audit_events(logged: Logged) -> list[dict[str, Any]]:
    """Write one entry as FHIR R4 `AuditEvent`s in JSON values: one, or one for each recipient of a share."""
    pattern, recipients = _pattern(logged.entry.e, logged.details), logged.details.recipients
    if pattern is not _DISCLOSURE or len(recipients) < _SEVERAL:
        return [_event(logged, pattern, logged.entry.id, recipients)]
    return [
        _event(logged, pattern, f"{logged.entry.id}-{number}", (each,)) for number, each in enumerate(recipients, 1)
    ]


def _event(logged: Logged, pattern: _Pattern, name: str, recipients: Sequence[PersonId | UnitId]) -> dict[str, Any]:
    entry, details = logged.entry, logged.details
    reason = details.reason
    return {
        "resourceType": "AuditEvent",
        "id": name,
        **_meta(pattern),
        "extension": [
            extension("log", "valueString", logged.origin),
            extension("leaf", "valueString", str(logged.index)),
            extension("commitment", "valueString", entry.c),
            *_more(details),
        ],
        "type": coding(*pattern.type),
        "subtype": [coding(*pattern.subtype), coding(f"{URN}:event", entry.e)],
        "action": pattern.action,
        "recorded": date_time(entry.t),
        "outcome": _outcome(pattern, details),
        **({} if reason is None else {"outcomeDesc": reason}),
        **_purpose(details),
        "agent": _agents(logged, pattern, recipients),
        "source": {"observer": _server(logged.origin), "type": [coding(*_SERVER)]},
        "entity": _entities(details, pattern),
    }


def _pattern(event: Event, details: Details) -> _Pattern:
    if event is Event.SHARED:
        return _DISCLOSURE
    if event in _RELEASES:
        return _PATIENT_READ if details.subject else _PLAIN_READ
    if details.decision is Decision.DENY and details.subject:
        return _DECISION
    if details.reason is not None:
        return _FAILED_CREATE
    return _PATIENT_CREATE if details.subject else _PLAIN_CREATE


def _meta(pattern: _Pattern) -> dict[str, Any]:
    if pattern.profile is None:
        return {}
    return {"meta": {"profile": [f"{_BALP}/StructureDefinition/IHE.BasicAudit.{pattern.profile}"]}}


def _outcome(pattern: _Pattern, details: Details) -> str:
    if pattern is _DECISION:
        return _SERIOUS
    return _SUCCESS if details.reason is None else _MINOR


def _more(details: Details) -> list[dict[str, Any]]:
    said = [extension("rule", "valueString", rule) for rule in (details.rule or "").split()]
    if details.matter is not None:
        said.append(extension("matter", "valueIdentifier", identifier("matter", details.matter)))
    said += [extension("missing", "valueString", each) for each in details.missing]
    return said + [extension("statement", "valueString", each) for each in details.statements]


def _purpose(details: Details) -> dict[str, Any]:
    """Name the purpose that the rule is for: `no/referral/12-14` is one for referrals."""
    named = {part for rule in (details.rule or "").split() for part in rule.split("/")[1:2]}
    codes = sorted({REASONS[purpose] for purpose in Purpose if purpose in named})
    return {"purposeOfEvent": [concept(ACT_REASON, code) for code in codes]} if codes else {}


def _agents(logged: Logged, pattern: _Pattern, recipients: Sequence[PersonId | UnitId]) -> list[dict[str, Any]]:
    details = logged.details
    server = {"who": _server(logged.origin), "requestor": False}
    if pattern is _DECISION:
        program = {
            "type": concept(*_APPLICATION),
            "who": {"display": "client"},
            "requestor": False,
            "network": _UNKNOWN,
        }
        return [
            {"type": concept(*_AUTHORIZER), **server},
            program,
            _user(details.actor),
            {"type": concept(*_ORGANIZATION), "who": _who(details.for_unit), "requestor": False},
        ]
    at = {"address": f"{URN}:log:{logged.origin}", "type": _URI}
    here = {"type": concept(*_SOURCE), **server, "network": at}
    if pattern is _DISCLOSURE:
        to = {"type": concept(*_DESTINATION), "who": _who(next(iter(recipients), None)), "requestor": False}
        return [here, {**to, "network": _UNKNOWN}, _user(details.actor), *_unit(details.for_unit)]
    client = {"type": concept(*_DESTINATION), "who": _who(details.actor), "requestor": False, "network": _UNKNOWN}
    if pattern in {_PATIENT_READ, _PLAIN_READ}:
        return [client, here, _user(details.actor), *_unit(details.for_unit)]
    there = {"type": concept(*_DESTINATION), **server, "network": at}
    source = {"type": concept(*_SOURCE), "who": _who(details.actor), "requestor": False, "network": _UNKNOWN}
    return [source, there, _user(details.actor), *_unit(details.for_unit)]


def _user(actor: PersonId | None) -> dict[str, Any]:
    return {"type": concept(*_USER), "who": _who(actor), "requestor": True}


def _unit(unit: UnitId | None) -> list[dict[str, Any]]:
    if unit is None:
        return []
    return [{"type": concept(*_ORGANIZATION), "who": _who(unit), "requestor": False}]


def _who(who: PersonId | UnitId | None) -> dict[str, Any]:
    if who is None:
        return {"display": "-"}
    if isinstance(who, UnitId):
        return reference("Organization", "unit", who)
    # Whether a person acted as a parent or as a professional, the unit beside them says.
    return {"identifier": identifier("person", who)}


def _server(origin: str) -> dict[str, Any]:
    return {"type": "Device", "identifier": identifier("log", origin)}


def _entities(details: Details, pattern: _Pattern) -> list[dict[str, Any]]:
    found = []
    if details.subject is not None:
        patient = reference("Patient", "subject", details.subject)
        found.append({"what": patient, "type": coding(*_PERSON), "role": coding(*_PATIENT)})
    consents: Sequence[str | None] = details.consents
    if pattern is _DECISION and not consents:
        consents = (None,)
    for digest in consents:
        what = {"display": "-"} if digest is None else {"identifier": identifier("terms-digest", digest)}
        found.append({"what": what, "type": coding(*_CONSENT)})
    if pattern is not _DECISION:  # whose entities are closed
        found.append(_object(details, _REPORT if pattern is _DISCLOSURE else _DOMAIN))
    return found


def _object(details: Details, role: Code) -> dict[str, Any]:
    """Name what was shared, opened or said: the share, or else the statement."""
    what = identifier("share", details.share) if details.share else identifier("statement", _said(details))
    return {"what": {"identifier": what}, "type": coding(*_SYSTEM_OBJECT), "role": coding(*role)}


def _said(details: Details) -> str:
    return details.statements[0] if details.statements else details.act or "-"
