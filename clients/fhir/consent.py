"""The terms of a consent as a FHIR R4 `Consent`, and back (IHE PCF, Intermediate profile; the mapping: `docs/fhir.md`).

What the profile has an element for stands there. What narrows the consent and has none stands in a modifier extension,
which nobody may ignore; the rest in extensions. Reading is closed: an element that we do not write is refused, since it
could change what the consent allows, and so are terms whose digest is not the one that came with them.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from protocol.consent.state import State
from protocol.consent.terms import PersonParty, Terms, UnitParty
from protocol.consent.vocabulary import Purpose, RoleAct
from protocol.identifiers import Instant
from protocol.reading import Malformed, boolean, integer, listed, one_of, text
from protocol.reading import closed as closed_object

T = TypeVar("T")

PROFILE = "https://profiles.ihe.net/ITI/PCF/StructureDefinition/IHE.PCF.consentIntermediate"
_URN = "urn:fortrolig"
_SCOPE = ("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy")
_CONSENT_DOCUMENT = ("http://loinc.org", "59284-0")
_RECIPIENT = ("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP")
_ACT_REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
_REASONS = {
    Purpose.REFERRAL: "TREAT",
    Purpose.INFORMATION: "TREAT",
    Purpose.COORDINATION: "COORDINATION",
    Purpose.DISCHARGE: "TREAT",
    Purpose.OWN_SENDING: "PATRQT",
}
_STATUSES = {
    State.REQUESTED: "proposed",
    State.PARTLY_SIGNED: "proposed",
    State.IN_FORCE: "active",
    State.READ_ONLY: "active",
    State.REFUSED: "rejected",
}
"""Everything else is `inactive`."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = Instant(253_370_764_800_000)
"""The first instant of the year 9999, which FHIR's four digits of a year end with."""
_DATE_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")


class BadFhir(ValueError):
    """The resource is not a consent that this program can read without changing what it means."""


class NotForFhir(ValueError):
    """These terms lie outside what FHIR can say: an instant after the year 9998."""


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
            _extension("terms-version", "valueInteger", terms.v),
            _extension("terms-digest", "valueString", terms.digest),
            _extension("matter", "valueIdentifier", _identifier("matter", terms.matter)),
            *(_role(role.person, role.act, role.rule) for role in terms.roles),
        ],
        "identifier": [_identifier("consent", terms.id)],
        "status": _STATUSES.get(state, "inactive"),
        "scope": _concept(*_SCOPE),
        "category": [_concept(*_CONSENT_DOCUMENT), _concept(f"{_URN}:kind", terms.kind)],
        "patient": _reference("Patient", "subject", terms.subject),
        "dateTime": _date_time(terms.made),
        "performer": [_person(role.person) for role in terms.roles if role.act is RoleAct.SIGNS],
        "organization": _organization(terms),
        "sourceAttachment": {
            "extension": [_extension("text-version", "valueString", terms.text.version)],
            "contentType": "text/plain; charset=utf-8",
            "language": str(terms.text.language),
            "data": base64.b64encode(terms.text.body.encode()).decode("ascii"),
        },
        "policy": [{"uri": f"{_URN}:rules:{terms.rules}"}],
        "provision": {
            "modifierExtension": [
                *(_extension("category", "valueCode", str(category)) for category in terms.categories),
                _extension("onward", "valueBoolean", terms.onward),
            ],
            "type": "permit",
            "period": {"start": _date_time(terms.made), "end": _date_time(terms.read_until)},
            "actor": [
                {**_subunits(party), "role": _concept(*_RECIPIENT), "reference": _party(party)}
                for party in terms.receivers
            ],
            "purpose": [_coding(_ACT_REASON, _REASONS[terms.purpose]), _coding(f"{_URN}:purpose", terms.purpose)],
            "dataPeriod": {"end": _date_time(terms.share_until)},
            "data": [
                {**_subunits(party), "meaning": "authoredby", "reference": _party(party)} for party in terms.senders
            ],
        },
    }


def from_fhir(resource: object) -> Terms:
    """Read what `to_fhir` writes.

    Raises:
        BadFhir: any other element or value, terms that are none, or another digest than the one that came along.
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
            "meta": _same({"profile": [PROFILE]}),
            "extension": _extensions(
                ("terms-version", "valueInteger", integer),
                ("terms-digest", "valueString", text),
                ("matter", "valueIdentifier", _identified("matter")),
                ("role", "extension", _role_extensions),
            ),
            "identifier": _only(_identified("consent")),
            "status": one_of(*_STATUSES.values(), "inactive"),
            "scope": _same(_concept(*_SCOPE)),
            "category": listed(_any, least=2, most=2),
            "patient": _referred,
            "dateTime": _instant,
            "performer": listed(_referred, least=1),
            "organization": listed(_any),
            "sourceAttachment": _attachment,
            "policy": _only(_policy),
            "provision": _provision,
        },
    )
    provision, said = read["provision"], read["extension"]
    document, kind = read["category"]
    if document != _concept(*_CONSENT_DOCUMENT) or provision["period"]["start"] != read["dateTime"]:
        raise Malformed("the consent document or its beginning is another")
    terms = Terms.parse(
        {
            "v": _one(said["terms-version"]),
            "id": read["identifier"],
            "subject": read["patient"],
            "matter": _one(said["matter"]),
            "kind": _coded(f"{_URN}:kind")(_only(_any)(closed_object(kind, "category", {"coding": _any})["coding"])),
            "purpose": provision["purpose"],
            "senders": provision["data"],
            "receivers": provision["actor"],
            "categories": list(provision["modifierExtension"]["category"]),
            "made": read["dateTime"],
            "share_until": provision["dataPeriod"]["end"],
            "read_until": provision["period"]["end"],
            "rules": read["policy"],
            "onward": _one(provision["modifierExtension"]["onward"]),
            "roles": list(said["role"]),
            "text": read["sourceAttachment"],
        }
    )
    # Whoever reads only these must not be told something else than the terms say.
    again = to_fhir(terms, State.IN_FORCE)
    if any(again[name] != resource[name] for name in ("id", "performer", "organization")):  # type: ignore[index]  # closed above
        raise Malformed("the performers, the organisation or the id are not those of the terms")
    return terms, _one(said["terms-digest"])


def _provision(value: object) -> dict[str, Any]:
    return closed_object(
        value,
        "provision",
        {
            "modifierExtension": _extensions(("category", "valueCode", text), ("onward", "valueBoolean", boolean)),
            "type": one_of("permit"),
            "period": lambda period: closed_object(period, "period", {"start": _instant, "end": _instant}),
            "actor": listed(_actor, least=1),
            "purpose": _purpose,
            "dataPeriod": lambda period: closed_object(period, "dataPeriod", {"end": _instant}),
            "data": listed(_author, least=1),
        },
    )


def _actor(value: object) -> dict[str, Any]:
    return _read_party(value, "actor", role=_same(_concept(*_RECIPIENT)))


def _author(value: object) -> dict[str, Any]:
    return _read_party(value, "data", meaning=one_of("authoredby"))


def _read_party(value: object, where: str, **parsers: Callable[[Any], Any]) -> dict[str, Any]:
    if not isinstance(value, dict) or "extension" not in value:
        return {"person": closed_object(value, where, {**parsers, "reference": _referred})["reference"]}
    subunits = _extensions(("subunits", "valueBoolean", boolean))
    read = closed_object(value, where, {**parsers, "extension": subunits, "reference": _referred})
    return {"unit": read["reference"], "subunits": _one(read["extension"]["subunits"])}


def _purpose(value: object) -> str:
    reason, own = listed(_any, least=2, most=2)(value)
    purpose = Purpose(_coded(f"{_URN}:purpose")(own))
    if reason != _coding(_ACT_REASON, _REASONS[purpose]):
        raise Malformed("the purpose of use is not that of our purpose")
    return str(purpose)


def _attachment(value: object) -> dict[str, Any]:
    read = closed_object(
        value,
        "sourceAttachment",
        {
            "extension": _extensions(("text-version", "valueString", text)),
            "contentType": one_of("text/plain; charset=utf-8"),
            "language": text,
            "data": _body,
        },
    )
    return {"version": _one(read["extension"]["text-version"]), "language": read["language"], "body": read["data"]}


def _body(value: object) -> str:
    try:
        return base64.b64decode(text(value), validate=True).decode()
    except (binascii.Error, UnicodeError) as error:
        raise Malformed("the text is not UTF-8 in base64") from error


def _policy(value: object) -> str:
    uri: str = closed_object(value, "policy", {"uri": text})["uri"]
    prefix = f"{_URN}:rules:"
    if not uri.startswith(prefix):
        raise Malformed("the policy is none of our rule sets")
    return uri.removeprefix(prefix)


def _role(person: str, act: RoleAct, rule: str) -> dict[str, Any]:
    parts = (
        _extension("person", "valueIdentifier", _identifier(_kind(person), person)),
        _extension("act", "valueCode", str(act)),
        _extension("rule", "valueString", rule),
    )
    return {"url": f"{_URN}:fhir:role", "extension": list(parts)}


def _role_extensions(value: object) -> dict[str, str]:
    read = _extensions(
        ("person", "valueIdentifier", _identified("person", "subject")),
        ("act", "valueCode", text),
        ("rule", "valueString", text),
    )(value)
    return {name: _one(found) for name, found in read.items()}


def _extension(name: str, member: str, value: object) -> dict[str, Any]:
    return {"url": f"{_URN}:fhir:{name}", member: value}


def _extensions(
    *known: tuple[str, str, Callable[[Any], Any]],
) -> Callable[[object], Mapping[str, Sequence[Any]]]:
    """Make a parser of extensions: each known by its name, with the member its value stands in and its parser."""
    members = {f"{_URN}:fhir:{name}": (name, member, parse) for name, member, parse in known}

    def parse_extension(value: object) -> tuple[str, Any]:
        url = value.get("url") if isinstance(value, dict) else None
        if not isinstance(url, str) or url not in members:
            raise Malformed("an extension is unknown here")
        name, member, parse = members[url]
        return name, closed_object(value, name, {"url": text, member: parse})[member]

    def parse_all(value: object) -> Mapping[str, Sequence[Any]]:
        found: dict[str, list[Any]] = {name: [] for name, _, _ in known}
        for name, read in listed(parse_extension)(value):
            found[name].append(read)
        return found

    return parse_all


def _organization(terms: Terms) -> list[dict[str, Any]]:
    """Name the units that must hold to the consent; a family among itself has only the family."""
    units = [party for party in (*terms.senders, *terms.receivers) if isinstance(party, UnitParty)]
    return [_party(each) for each in dict.fromkeys(UnitParty(unit.unit, subunits=False) for unit in units)] or [
        {"display": "-"}
    ]


def _subunits(party: UnitParty | PersonParty) -> dict[str, Any]:
    if isinstance(party, PersonParty):
        return {}
    return {"extension": [_extension("subunits", "valueBoolean", party.subunits)]}


def _party(party: UnitParty | PersonParty) -> dict[str, Any]:
    if isinstance(party, PersonParty):
        return _person(party.person)
    return _reference("Organization", "unit", party.unit)


def _person(person: str) -> dict[str, Any]:
    return _reference("RelatedPerson", "person", person)


def _reference(kind: str, name: str, value: str) -> dict[str, Any]:
    return {"type": kind, "identifier": _identifier(name, value)}


_NAMES = {"RelatedPerson": "person", "Organization": "unit", "Patient": "subject"}
_KINDS = {"per": "person", "sub": "subject"}


def _referred(value: object) -> str:
    kind = value.get("type") if isinstance(value, dict) else None
    if not isinstance(kind, str) or kind not in _NAMES:
        raise Malformed("a reference names a person, a unit or the child")
    name = _NAMES[kind]
    read: str = closed_object(value, "reference", {"type": text, "identifier": _identified(name)})["identifier"]
    return read


def _kind(person: str) -> str:
    return _KINDS[person.split("_", 1)[0]]


def _identifier(name: str, value: str) -> dict[str, str]:
    return {"system": f"{_URN}:{name}", "value": str(value)}


def _identified(*names: str) -> Callable[[object], str]:
    systems = [f"{_URN}:{name}" for name in names]

    def parse(value: object) -> str:
        read: str = closed_object(value, "identifier", {"system": one_of(*systems), "value": text})["value"]
        return read

    return parse


def _concept(system: str, code: str) -> dict[str, Any]:
    return {"coding": [_coding(system, code)]}


def _coding(system: str, code: str) -> dict[str, str]:
    return {"system": system, "code": str(code)}


def _coded(system: str) -> Callable[[object], str]:
    def parse(value: object) -> str:
        read: str = closed_object(value, "coding", {"system": one_of(system), "code": text})["code"]
        return read

    return parse


def _date_time(at: Instant) -> str:
    if at >= _LAST:
        raise NotForFhir("FHIR writes no year after 9998 that this program would read again")
    moment = _EPOCH + timedelta(milliseconds=at)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def _instant(value: object) -> Instant:
    # One spelling, in UTC with milliseconds: what is read is written as it was.
    if not isinstance(value, str) or not _DATE_TIME.fullmatch(value):
        raise Malformed("an instant is written YYYY-MM-DDThh:mm:ss.sssZ")
    return Instant((datetime.fromisoformat(value) - _EPOCH) // timedelta(milliseconds=1))


def _same(expected: object) -> Callable[[object], object]:
    def parse(value: object) -> object:
        if value != expected:
            raise Malformed("is not what the profile fixes")
        return value

    return parse


def _only(parse: Callable[[Any], T]) -> Callable[[object], T]:
    return lambda value: listed(parse, least=1, most=1)(value)[0]


def _one(found: Sequence[T]) -> T:
    if len(found) != 1:
        raise Malformed("an extension stands exactly once")
    return found[0]


def _any(value: Any) -> Any:
    return value
