"""The terms of a consent as a FHIR R4 `Consent`, and back (IHE PCF, Intermediate profile; the mapping: `docs/fhir.md`).

What the profile has an element for stands there. What narrows the consent and has none stands in a modifier extension,
which nobody may ignore; the rest in extensions. Reading is closed: an element that we do not write is refused, since it
could change what the consent allows, and so are terms whose digest is not the one that came with them.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any, TypeVar

from clients.fhir.elements import (
    ACT_REASON,
    REASONS,
    URN,
    anything,
    coded,
    coding,
    concept,
    date_time,
    extension,
    extensions,
    identified,
    identifier,
    instant,
    kind,
    one,
    only,
    person,
    reference,
    referred,
    same,
)
from protocol.consent.state import State
from protocol.consent.terms import PersonParty, Terms, UnitParty
from protocol.consent.vocabulary import Purpose, RoleAct
from protocol.reading import Malformed, boolean, integer, listed, one_of, text
from protocol.reading import closed as closed_object

T = TypeVar("T")

PROFILE = "https://profiles.ihe.net/ITI/PCF/StructureDefinition/IHE.PCF.consentIntermediate"
_SCOPE = ("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy")
_CONSENT_DOCUMENT = ("http://loinc.org", "59284-0")
_RECIPIENT = ("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP")
_STATUSES = {
    State.REQUESTED: "proposed",
    State.PARTLY_SIGNED: "proposed",
    State.IN_FORCE: "active",
    State.READ_ONLY: "active",
    State.REFUSED: "rejected",
    State.INVALIDATED: "entered-in-error",
}
"""Everything else is `inactive`."""


class BadFhir(ValueError):
    """The resource is not a consent that this program can read without changing what it means."""


def to_fhir(terms: Terms, state: State) -> dict[str, Any]:
    """Write terms, with where they stand now, as a FHIR R4 `Consent` in JSON values.

    Raises:
        NotForFhir: an instant that FHIR has no spelling for.
    """
    return {
        "resourceType": "Consent",
        "id": terms.id.replace("_", "-"),
        "meta": {"profile": [PROFILE]},
        "extension": [
            extension("terms-version", "valueInteger", terms.v),
            extension("terms-digest", "valueString", terms.digest),
            extension("matter", "valueIdentifier", identifier("matter", terms.matter)),
            *(_role(role.person, role.act, role.rule) for role in terms.roles),
        ],
        "identifier": [identifier("consent", terms.id)],
        "status": _STATUSES.get(state, "inactive"),
        "scope": concept(*_SCOPE),
        "category": [concept(*_CONSENT_DOCUMENT), concept(f"{URN}:kind", terms.kind)],
        "patient": reference("Patient", "subject", terms.subject),
        "dateTime": date_time(terms.made),
        "performer": [person(role.person) for role in terms.roles if role.act is RoleAct.SIGNS],
        "organization": _organization(terms),
        "sourceAttachment": {
            "extension": [extension("text-version", "valueString", terms.text.version)],
            "contentType": "text/plain; charset=utf-8",
            "language": str(terms.text.language),
            "data": base64.b64encode(terms.text.body.encode()).decode("ascii"),
        },
        "policy": [{"uri": f"{URN}:rules:{terms.rules}"}],
        "provision": {
            "modifierExtension": [
                *(extension("category", "valueCode", str(category)) for category in terms.categories),
                extension("onward", "valueBoolean", terms.onward),
            ],
            "type": "permit",
            "period": {"start": date_time(terms.made), "end": date_time(terms.read_until)},
            "actor": [
                {**_subunits(party), "role": concept(*_RECIPIENT), "reference": _party(party)}
                for party in terms.receivers
            ],
            "purpose": [coding(ACT_REASON, REASONS[terms.purpose]), coding(f"{URN}:purpose", terms.purpose)],
            "dataPeriod": {"end": date_time(terms.share_until)},
            "data": [
                {**_subunits(party), "meaning": "authoredby", "reference": _party(party)} for party in terms.senders
            ],
        },
    }


def from_fhir(resource: object) -> Terms:
    """Read what `to_fhir` writes.

    Raises:
        BadFhir: anything other element or value, terms that are none, or another digest than the one that came along.
    """
    try:
        terms, digest = _terms(resource)
    except (ValueError, RecursionError) as error:
        raise BadFhir(f"not a consent that can be read here: {error}") from error
    if terms.digest != digest:
        raise BadFhir("the terms are not those whose digest came with them")
    return terms


def _terms(resource: object) -> tuple[Terms, str]:
    read = closed_object(
        resource,
        "Consent",
        {
            "resourceType": one_of("Consent"),
            "id": text,
            "meta": same({"profile": [PROFILE]}),
            "extension": extensions(
                ("terms-version", "valueInteger", integer),
                ("terms-digest", "valueString", text),
                ("matter", "valueIdentifier", identified("matter")),
                ("role", "extension", _role_extensions),
            ),
            "identifier": only(identified("consent")),
            "status": one_of(*_STATUSES.values(), "inactive"),
            "scope": same(concept(*_SCOPE)),
            "category": listed(anything, least=2, most=2),
            "patient": referred,
            "dateTime": instant,
            "performer": listed(referred, least=1),
            "organization": listed(anything),
            "sourceAttachment": _attachment,
            "policy": only(_policy),
            "provision": _provision,
        },
    )
    provision, said = read["provision"], read["extension"]
    document, kind = read["category"]
    if document != concept(*_CONSENT_DOCUMENT) or provision["period"]["start"] != read["dateTime"]:
        raise Malformed("the consent document or its beginning is another")
    terms = Terms.parse(
        {
            "v": one(said["terms-version"]),
            "id": read["identifier"],
            "subject": read["patient"],
            "matter": one(said["matter"]),
            "kind": coded(f"{URN}:kind")(
                only(anything)(closed_object(kind, "category", {"coding": anything})["coding"])
            ),
            "purpose": provision["purpose"],
            "senders": provision["data"],
            "receivers": provision["actor"],
            "categories": list(provision["modifierExtension"]["category"]),
            "made": read["dateTime"],
            "share_until": provision["dataPeriod"]["end"],
            "read_until": provision["period"]["end"],
            "rules": read["policy"],
            "onward": one(provision["modifierExtension"]["onward"]),
            "roles": list(said["role"]),
            "text": read["sourceAttachment"],
        }
    )
    # Whoever reads only these must not be told something else than the terms say.
    again = to_fhir(terms, State.IN_FORCE)
    if any(again[name] != resource[name] for name in ("id", "performer", "organization")):  # type: ignore[index]  # closed above
        raise Malformed("the performers, the organisation or the id are not those of the terms")
    return terms, one(said["terms-digest"])


def _provision(value: object) -> dict[str, Any]:
    return closed_object(
        value,
        "provision",
        {
            "modifierExtension": extensions(("category", "valueCode", text), ("onward", "valueBoolean", boolean)),
            "type": one_of("permit"),
            "period": lambda period: closed_object(period, "period", {"start": instant, "end": instant}),
            "actor": listed(_actor, least=1),
            "purpose": _purpose,
            "dataPeriod": lambda period: closed_object(period, "dataPeriod", {"end": instant}),
            "data": listed(_author, least=1),
        },
    )


def _actor(value: object) -> dict[str, Any]:
    return _read_party(value, "actor", role=same(concept(*_RECIPIENT)))


def _author(value: object) -> dict[str, Any]:
    return _read_party(value, "data", meaning=one_of("authoredby"))


def _read_party(value: object, where: str, **parsers: Callable[[Any], Any]) -> dict[str, Any]:
    if not isinstance(value, dict) or "extension" not in value:
        return {"person": closed_object(value, where, {**parsers, "reference": referred})["reference"]}
    subunits = extensions(("subunits", "valueBoolean", boolean))
    read = closed_object(value, where, {**parsers, "extension": subunits, "reference": referred})
    return {"unit": read["reference"], "subunits": one(read["extension"]["subunits"])}


def _purpose(value: object) -> str:
    reason, own = listed(anything, least=2, most=2)(value)
    purpose = Purpose(coded(f"{URN}:purpose")(own))
    if reason != coding(ACT_REASON, REASONS[purpose]):
        raise Malformed("the purpose of use is not that of our purpose")
    return str(purpose)


def _attachment(value: object) -> dict[str, Any]:
    read = closed_object(
        value,
        "sourceAttachment",
        {
            "extension": extensions(("text-version", "valueString", text)),
            "contentType": one_of("text/plain; charset=utf-8"),
            "language": text,
            "data": _body,
        },
    )
    return {"version": one(read["extension"]["text-version"]), "language": read["language"], "body": read["data"]}


def _body(value: object) -> str:
    try:
        return base64.b64decode(text(value), validate=True).decode()
    except (binascii.Error, UnicodeError) as error:
        raise Malformed("the text is not UTF-8 in base64") from error


def _policy(value: object) -> str:
    uri: str = closed_object(value, "policy", {"uri": text})["uri"]
    prefix = f"{URN}:rules:"
    if not uri.startswith(prefix):
        raise Malformed("the policy is none of our rule sets")
    return uri.removeprefix(prefix)


def _role(person: str, act: RoleAct, rule: str) -> dict[str, Any]:
    parts = (
        extension("person", "valueIdentifier", identifier(kind(person), person)),
        extension("act", "valueCode", str(act)),
        extension("rule", "valueString", rule),
    )
    return {"url": f"{URN}:fhir:role", "extension": list(parts)}


def _role_extensions(value: object) -> dict[str, str]:
    read = extensions(
        ("person", "valueIdentifier", identified("person", "subject")),
        ("act", "valueCode", text),
        ("rule", "valueString", text),
    )(value)
    return {name: one(found) for name, found in read.items()}


def _organization(terms: Terms) -> list[dict[str, Any]]:
    """Name the units that must hold to the consent; a family among itself has only the family."""
    units = [party for party in (*terms.senders, *terms.receivers) if isinstance(party, UnitParty)]
    return [_party(each) for each in dict.fromkeys(UnitParty(unit.unit, subunits=False) for unit in units)] or [
        {"display": "-"}
    ]


def _subunits(party: UnitParty | PersonParty) -> dict[str, Any]:
    if isinstance(party, PersonParty):
        return {}
    return {"extension": [extension("subunits", "valueBoolean", party.subunits)]}


def _party(party: UnitParty | PersonParty) -> dict[str, Any]:
    if isinstance(party, PersonParty):
        return person(party.person)
    return reference("Organization", "unit", party.unit)
