"""What our FHIR resources are made of: identifiers, references, codes, instants, extensions; written and read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from protocol.consent.vocabulary import Purpose
from protocol.identifiers import Instant
from protocol.reading import Malformed, listed, one_of, text
from protocol.reading import closed as closed_object

T = TypeVar("T")

URN = "urn:fortrolig"
ACT_REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
REASONS = {
    Purpose.REFERRAL: "TREAT",
    Purpose.INFORMATION: "TREAT",
    Purpose.COORDINATION: "COORDINATION",
    Purpose.DISCHARGE: "TREAT",
    Purpose.OWN_SENDING: "PATRQT",
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = Instant(253_370_764_800_000)
"""The first instant of the year 9999, which FHIR's four digits of a year end with."""
_DATE_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")
_NAMES = {"RelatedPerson": "person", "Organization": "unit", "Patient": "subject"}
_KINDS = {"per": "person", "sub": "subject"}


class NotForFhir(ValueError):
    """These terms lie outside what FHIR can say: an instant after the year 9998."""


def extension(name: str, member: str, value: object) -> dict[str, Any]:
    """Write one of our extensions."""
    return {"url": f"{URN}:fhir:{name}", member: value}


def extensions(
    *known: tuple[str, str, Callable[[Any], Any]],
) -> Callable[[object], Mapping[str, Sequence[Any]]]:
    """Make a parser of extensions: each known by its name, with the member its value stands in and its parser."""
    members = {f"{URN}:fhir:{name}": (name, member, parse) for name, member, parse in known}

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


def person(who: str) -> dict[str, Any]:
    """Refer to somebody by id."""
    return reference("RelatedPerson", "person", who)


def reference(kind: str, name: str, value: str) -> dict[str, Any]:
    """Refer by identifier, with the kind of resource that it would be."""
    return {"type": kind, "identifier": identifier(name, value)}


def referred(value: object) -> str:
    """Read whom `reference` names."""
    kind = value.get("type") if isinstance(value, dict) else None
    if not isinstance(kind, str) or kind not in _NAMES:
        raise Malformed("a reference names a person, a unit or the child")
    name = _NAMES[kind]
    read: str = closed_object(value, "reference", {"type": text, "identifier": identified(name)})["identifier"]
    return read


def kind(person: str) -> str:
    """Say what an id is of: `person` or `subject`."""
    return _KINDS[person.split("_", 1)[0]]


def identifier(name: str, value: str) -> dict[str, str]:
    """Write an id of ours."""
    return {"system": f"{URN}:{name}", "value": str(value)}


def identified(*names: str) -> Callable[[object], str]:
    """Make a parser of ids of these names."""
    systems = [f"{URN}:{name}" for name in names]

    def parse(value: object) -> str:
        read: str = closed_object(value, "identifier", {"system": one_of(*systems), "value": text})["value"]
        return read

    return parse


def concept(system: str, code: str) -> dict[str, Any]:
    """Write a CodeableConcept of one code."""
    return {"coding": [coding(system, code)]}


def coding(system: str, code: str) -> dict[str, str]:
    """Write a code."""
    return {"system": system, "code": str(code)}


def coded(system: str) -> Callable[[object], str]:
    """Make a parser of codes of one system."""

    def parse(value: object) -> str:
        read: str = closed_object(value, "coding", {"system": one_of(system), "code": text})["code"]
        return read

    return parse


def date_time(at: Instant) -> str:
    """Write an instant as a FHIR dateTime or instant; raises `NotForFhir` after the year 9998."""
    if at >= _LAST:
        raise NotForFhir("FHIR writes no year after 9998 that this program would read again")
    moment = _EPOCH + timedelta(milliseconds=at)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def instant(value: object) -> Instant:
    """Read what `date_time` writes: one spelling, in UTC with milliseconds."""
    if not isinstance(value, str) or not _DATE_TIME.fullmatch(value):
        raise Malformed("an instant is written YYYY-MM-DDThh:mm:ss.sssZ")
    return Instant((datetime.fromisoformat(value) - _EPOCH) // timedelta(milliseconds=1))


def same(expected: object) -> Callable[[object], object]:
    """Make a parser of what a profile fixes."""

    def parse(value: object) -> object:
        if value != expected:
            raise Malformed("is not what the profile fixes")
        return value

    return parse


def only(parse: Callable[[Any], T]) -> Callable[[object], T]:
    """Make a parser of lists of one."""
    return lambda value: listed(parse, least=1, most=1)(value)[0]


def one(found: Sequence[T]) -> T:
    """Return the only one."""
    if len(found) != 1:
        raise Malformed("an extension stands exactly once")
    return found[0]


def anything(value: Any) -> Any:
    """Leave a value for another parser."""
    return value
