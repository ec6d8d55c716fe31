"""Consents as FHIR R4: the round trip is the identity, the profile holds, and what is not ours is refused."""

from __future__ import annotations

import copy
import json
import warnings
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.fhir.consent import PROFILE, BadFhir, from_fhir, to_fhir
from clients.fhir.elements import NotForFhir
from protocol.consent.state import State
from protocol.consent.terms import BadTerms, Role, Terms, Text
from protocol.consent.vocabulary import Category, Kind, Language, Purpose, RoleAct
from protocol.identifiers import Instant, PersonId, UnitId
from tests.unit.consent import family as f

with warnings.catch_warnings():
    # Its models shadow names of their own base class; that is theirs to settle.
    warnings.simplefilter("ignore")
    from fhir.resources.R4B.consent import Consent

LAST = 253_370_764_800_000
PEOPLE = (f.MOTHER, f.FATHER, f.YOUTH)
PARTIES: st.SearchStrategy[list[UnitId | PersonId]] = st.lists(
    st.sampled_from((f.GP, f.BUP, f.SCHOOL, f.WELFARE, *PEOPLE)), min_size=1, max_size=4, unique=True
)


@st.composite
def drawn_terms(draw: st.DrawFn) -> Terms:
    """Every sort of well-formed terms."""
    made, share, read = sorted(draw(st.lists(st.integers(0, LAST - 1), min_size=3, max_size=3, unique=True)))
    signers = draw(st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=3, unique=True))
    roles = [Role(each, RoleAct.SIGNS, draw(st.text("no/ 7-11", min_size=1, max_size=9))) for each in signers]
    if draw(st.booleans()):
        roles.append(Role(f.CHILD, RoleAct.IS_HEARD, "r"))
    if draw(st.booleans()):
        roles.append(Role(f.GRANDMOTHER, draw(st.sampled_from((RoleAct.IS_INFORMED, RoleAct.MAY_OBJECT))), "r"))
    parties = [
        tuple(f.party(each, subunits=draw(st.booleans())) for each in sorted(draw(PARTIES))) for _ in ("from", "to")
    ]
    body = draw(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=50))
    wanted = f.terms(
        kind=draw(st.sampled_from(Kind)),
        purpose=draw(st.sampled_from([each for each in Purpose if each is not Purpose.OWN_SENDING])),
        senders=parties[0],
        receivers=parties[1],
        categories=tuple(sorted(draw(st.lists(st.sampled_from(Category), min_size=1, unique=True)))),
        made=Instant(made),
        share_until=Instant(share),
        read_until=Instant(read),
        onward=draw(st.booleans()),
        roles=tuple(sorted(roles, key=lambda role: (role.person, role.act))),
        text=Text(draw(st.sampled_from(("1", "2026-11"))), draw(st.sampled_from(Language)), body),
    )
    if draw(st.integers(0, 4)) == 0:
        wanted = replace(
            wanted, purpose=Purpose.OWN_SENDING, senders=f.parties(f.MOTHER), receivers=f.parties(f.MOTHER, f.GP)
        )
    return Terms.parse(wanted.to_json())


@given(drawn_terms(), st.sampled_from(State))
def test_terms_come_back_from_fhir_as_they_were(terms: Terms, state: State) -> None:
    written = json.dumps(to_fhir(terms, state))
    assert from_fhir(json.loads(written)) == terms


@given(drawn_terms(), st.sampled_from(State))
def test_fhir_resources_takes_what_is_written(terms: Terms, state: State) -> None:
    resource = to_fhir(terms, state)
    read = Consent.model_validate(resource)
    assert (read.status, read.id) == (resource["status"], resource["id"])
    assert json.loads(read.model_dump_json())["provision"]["purpose"][1]["code"] == terms.purpose


def test_fhir_resources_refuses_what_is_no_consent() -> None:
    resource = to_fhir(f.terms(), State.IN_FORCE)
    for broken in ({**resource, "category": None}, {**resource, "id": "con_1"}, {**resource, "surprise": 1}):
        with pytest.raises(ValueError, match="Consent"):
            Consent.model_validate(broken)


def test_the_constraints_of_ihe_pcf_hold() -> None:
    resource = to_fhir(f.terms(), State.IN_FORCE)
    provision = resource["provision"]
    assert resource["meta"]["profile"] == [PROFILE]
    assert resource["scope"]["coding"][0]["code"] == "patient-privacy"
    assert resource["category"][0]["coding"][0]["code"] == "59284-0"
    assert [each["uri"] for each in resource["policy"]] == [f"urn:fortrolig:rules:{f.terms().rules}"]
    assert len(resource["performer"]) == 2
    assert resource["organization"]
    assert "verification" not in resource
    assert "policyRule" not in resource
    assert not {"action", "class", "code", "securityLabel", "provision"} & set(provision)
    assert {each["role"]["coding"][0]["code"] for each in provision["actor"]} == {"IRCP"}
    assert {each["meaning"] for each in provision["data"]} == {"authoredby"}
    assert provision["period"] == {"start": "2026-09-01T08:00:00.000Z", "end": "2027-03-20T08:00:00.000Z"}
    assert provision["dataPeriod"] == {"end": "2026-10-31T08:00:00.000Z"}


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (State.REQUESTED, "proposed"),
        (State.PARTLY_SIGNED, "proposed"),
        (State.IN_FORCE, "active"),
        (State.READ_ONLY, "active"),
        (State.REFUSED, "rejected"),
        (State.WITHDRAWN, "inactive"),
        (State.EXPIRED, "inactive"),
        (State.NEEDS_NEW_CONSENT, "inactive"),
        (State.SUSPENDED, "inactive"),
    ],
)
def test_a_consent_that_does_not_hold_is_never_active(state: State, status: str) -> None:
    assert to_fhir(f.terms(), state)["status"] == status


def test_what_narrows_a_consent_cannot_be_ignored() -> None:
    extensions = to_fhir(f.terms(), State.IN_FORCE)["provision"]["modifierExtension"]
    codes = [each["valueCode"] for each in extensions if each["url"] == "urn:fortrolig:fhir:category"]
    assert codes == ["health-note", "message"]


def test_a_family_among_itself_names_no_organisation() -> None:
    terms = f.terms(senders=f.parties(f.MOTHER), receivers=f.parties(f.FATHER))
    assert to_fhir(terms, State.IN_FORCE)["organization"] == [{"display": "-"}]
    assert from_fhir(to_fhir(terms, State.IN_FORCE)) == terms


def test_an_instant_beyond_fhir_is_said_to_be_one() -> None:
    with pytest.raises(NotForFhir):
        to_fhir(f.terms(read_until=Instant(LAST)), State.IN_FORCE)


def paths(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a resource."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in members:
        yield (*at, name)
        yield from paths(member, (*at, name))


def changed(resource: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    copied = copy.deepcopy(resource)
    place = copied
    for name in path[:-1]:
        place = place[name]
    if value is DROPPED:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return copied


DROPPED = object()
RESOURCE = to_fhir(f.terms(), State.IN_FORCE)


@pytest.mark.parametrize("value", [DROPPED, None, "x", 1, [], {}, True], ids=lambda value: repr(value)[:9])
def test_whatever_is_taken_out_or_changed_is_refused(value: object) -> None:
    for path in paths(RESOURCE):
        if path == ("extension", 0, "valueInteger") and value == 1 and value is not True:
            continue  # it is 1 already
        with pytest.raises(BadFhir):
            from_fhir(changed(RESOURCE, path, value))


@pytest.mark.parametrize(
    "more",
    [
        {"implicitRules": "urn:x"},
        {"modifierExtension": []},
        {"verification": []},
        {"sourceReference": {"reference": "x"}},
    ],
)
def test_an_element_that_is_not_ours_is_refused(more: dict[str, Any]) -> None:
    with pytest.raises(BadFhir):
        from_fhir({**RESOURCE, **more})


def test_a_denial_within_the_permit_is_refused() -> None:
    denials: tuple[dict[str, Any], ...] = ({"provision": [{"type": "deny"}]}, {"securityLabel": []}, {"type": "deny"})
    for more in denials:
        with pytest.raises(BadFhir):
            from_fhir({**RESOURCE, "provision": {**RESOURCE["provision"], **more}})


def test_terms_that_were_altered_do_not_fit_their_digest() -> None:
    other = to_fhir(f.terms(receivers=f.parties(f.SCHOOL)), State.IN_FORCE)
    digest = RESOURCE["extension"][1]
    assert digest["url"] == "urn:fortrolig:fhir:terms-digest"
    with pytest.raises(BadFhir, match="digest"):
        from_fhir(changed(other, ("extension", 1), digest))


@pytest.mark.parametrize("resource", [None, [], "Consent", {}, {"resourceType": "Patient"}])
def test_what_is_no_resource_is_refused(resource: object) -> None:
    with pytest.raises(BadFhir):
        from_fhir(resource)


def test_terms_that_are_none_are_refused() -> None:
    broken = f.terms(share_until=f.terms().made)
    with pytest.raises(BadTerms):
        Terms.parse(broken.to_json())
    with pytest.raises(BadFhir):
        from_fhir(to_fhir(broken, State.IN_FORCE))
