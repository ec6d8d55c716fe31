"""Asking for a consent: what the law gives, by somebody who takes part, and nothing else."""

from __future__ import annotations

import secrets
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from protocol.consent.terms import PersonParty, Role, UnitParty
from protocol.consent.vocabulary import Category, Kind, Purpose, Responsibility, RoleAct
from protocol.identifiers import Instant, SubjectId
from protocol.log.details import Decision
from protocol.log.event import Event
from protocol.log.receipt import parse as parse_receipt
from protocol.log.receipt import verify as verify_receipt
from protocol.statements.consent import RequestBody
from tests.http.consent.support import (
    BORN_14,
    REQUESTS,
    Town,
    last_entry,
    longest_share,
    new_consent,
    new_matter,
    new_statement,
    open_town,
    ordered,
    party,
    publish_rules,
    refusal,
)
from tests.kit.clock import DAY, MINUTE
from tests.kit.world import done


async def test_a_member_asks_for_a_unit_and_gets_a_receipt_for_the_request(town: Town) -> None:
    terms = await town.terms()
    answer = await town.ask(town.doctor, terms, town.gp)
    assert (answer.status, answer.body["consent"]) == (201, terms.digest)
    policy = await town.world.policy()
    entry = verify_receipt(parse_receipt(answer.body["receipt"]), policy.log)
    details = entry.details
    assert entry.entry.e is Event.CONSENT_REQUESTED
    assert (details.actor, details.for_unit, details.act) == (town.doctor.person, town.gp.unit, "consent-request")
    assert (details.subject, details.matter, details.consents) == (terms.subject, terms.matter, (terms.digest,))
    assert details.rule == terms.roles[0].rule
    assert len(details.statements) == 1


async def test_the_same_request_again_is_answered_again_and_happens_once(town: Town) -> None:
    terms = await town.terms()
    token = town.world.say(town.doctor, RequestBody(new_statement(), town.gp.unit, terms))
    first = done(await town.world.post(town.doctor, REQUESTS, {"token": token}))
    size = town.world.log.head.size
    town.world.clock.forward(60 * MINUTE)
    again = done(await town.world.post(town.doctor, REQUESTS, {"token": token}))
    assert again.body["consent"] == first.body["consent"]
    assert parse_receipt(again.body["receipt"]).index == parse_receipt(first.body["receipt"]).index
    assert town.world.log.head.size == size


async def test_a_parent_asks_for_the_family_itself(town: Town) -> None:
    terms = await town.asked(town.mother)
    assert await town.listed(town.father) == [terms.digest]


async def test_a_referral_is_two_consents_that_are_signed_and_withdrawn_apart(town: Town) -> None:
    told: dict[str, Any] = {"purpose": Purpose.REFERRAL, "categories": (Category.REFERRAL,)}
    care = await town.asked(kind=Kind.CARE, **told)
    disclosure = await town.asked(kind=Kind.DISCLOSURE, **told)
    assert care.matter == disclosure.matter
    assert await town.listed(town.mother) == [care.digest, disclosure.digest]


async def test_several_regimes_unite_in_the_roles_and_in_one_rule_code(town: Town) -> None:
    receivers = ordered([party(town.bup), party(town.school)])
    terms = await town.asked(receivers=receivers)
    assert len({role.rule for role in terms.roles}) == 1


async def test_terms_that_hide_a_guardian_are_refused(town: Town) -> None:
    honest = await town.terms()
    assert any(role.person == town.father.person for role in honest.roles)
    hiding = tuple(role for role in honest.roles if role.person != town.father.person)
    answer = await town.ask(town.doctor, await town.terms(roles=hiding), town.gp)
    assert refusal(answer) == (422, "wrong-roles")
    assert await town.listed(town.mother) == []


async def test_terms_that_name_one_too_many_are_refused(town: Town) -> None:
    honest = await town.terms()
    more = Role(town.aunt.person, RoleAct.SIGNS, honest.roles[0].rule)
    wrong = tuple(sorted((*honest.roles, more), key=lambda role: (role.person, role.act)))
    assert refusal(await town.ask(town.doctor, await town.terms(roles=wrong), town.gp)) == (422, "wrong-roles")


async def test_terms_that_name_other_rules_for_the_same_persons_are_refused(town: Town) -> None:
    wrong = tuple(replace(role, rule="no/another") for role in (await town.terms()).roles)
    assert refusal(await town.ask(town.doctor, await town.terms(roles=wrong), town.gp)) == (422, "wrong-roles")


async def test_a_guardian_missing_on_the_sheet_makes_responsibility_unclear(tmp_path: Path) -> None:
    async with open_town(tmp_path, responsibility=Responsibility.SOLE) as town:
        answer = await town.ask(town.doctor, await town.terms(), town.gp)
        assert refusal(answer) == (403, "responsibility-unclear")
        assert "responsib" in answer.body["detail"]


async def test_ends_beyond_the_purposes_longest_times_are_refused(town: Town) -> None:
    made = town.world.clock.now
    longest = longest_share(made)
    beyond = await town.terms(share_until=Instant(longest + 1), read_until=Instant(longest + 1))
    assert refusal(await town.ask(town.doctor, beyond, town.gp)) == (403, "too-long")
    done(await town.ask(town.doctor, await town.terms(share_until=longest, read_until=longest), town.gp))


async def test_a_kind_that_the_purpose_does_not_take_is_refused(town: Town) -> None:
    terms = await town.terms(kind=Kind.PARTICIPATION)
    assert refusal(await town.ask(town.doctor, terms, town.gp)) == (403, "kind-not-allowed")


async def test_rules_that_this_program_does_not_know_are_refused(town: Town) -> None:
    await publish_rules(town.world, "f" * 64)
    terms = await town.terms(rules="f" * 64)
    assert refusal(await town.ask(town.doctor, terms, town.gp)) == (403, "rules-unknown")


async def test_rules_that_the_policy_does_not_accept_are_refused(town: Town) -> None:
    await publish_rules(town.world, "f" * 64)
    assert refusal(await town.ask(town.doctor, await town.terms(), town.gp)) == (403, "rules-not-accepted")


async def test_a_child_without_a_sheet_is_refused(town: Town) -> None:
    roles = (Role(town.mother.person, RoleAct.SIGNS, "none"),)
    terms = await town.terms(subject=SubjectId.of(secrets.token_bytes(16)), roles=roles)
    assert refusal(await town.ask(town.doctor, terms, town.gp)) == (403, "sheet-missing")


async def test_a_sheet_that_has_ended_is_refused(town: Town) -> None:
    terms = await town.terms()
    town.world.clock.forward(25 * DAY)
    late = replace(terms, made=town.world.clock.now)
    assert refusal(await town.ask(town.doctor, late, town.gp)) == (403, "sheet-ended")


async def test_a_unit_that_is_not_registered_is_refused(town: Town) -> None:
    nowhere = UnitParty(type(town.gp.unit).of(secrets.token_bytes(16)), subunits=False)
    terms = await town.terms(receivers=(nowhere,))
    assert refusal(await town.ask(town.doctor, terms, town.gp)) == (403, "unit-unknown")


async def test_a_unit_that_has_ended_is_refused(town: Town) -> None:
    short = town.world.unit_body(town.bup.unit, "BUP", number=2, not_after=town.world.at(DAY))
    done(await town.world.hand_in(town.world.registrar, short))
    town.world.clock.forward(DAY)
    assert refusal(await town.ask(town.doctor, await town.terms(), town.gp)) == (403, "unit-ended")


async def test_a_person_as_receiver_must_stand_on_the_sheet(town: Town) -> None:
    terms = await town.terms(receivers=(PersonParty(town.stranger.person),))
    assert refusal(await town.ask(town.doctor, terms, town.gp)) == (403, "not-on-sheet")
    done(await town.ask(town.doctor, await town.terms(receivers=(party(town.aunt),)), town.gp))


async def test_a_professional_asks_only_for_a_unit_that_takes_part(town: Town) -> None:
    answer = await town.ask(town.teacher, await town.terms(), town.school)
    assert refusal(answer) == (403, "not-a-party")


async def test_a_unit_below_a_party_asks_where_sub_units_are_named(town: Town) -> None:
    team = await town.world.add_unit("BUP, team", parent=town.bup.unit)
    wide = await town.terms(receivers=(party(town.bup, subunits=True),))
    done(await town.ask(team.staff[0], wide, team))
    narrow = await town.terms()
    assert refusal(await town.ask(team.staff[0], narrow, team)) == (403, "not-a-party")


async def test_a_former_member_asks_for_nothing_any_more(town: Town) -> None:
    done(await town.world.next_epoch(town.gp, [town.gp.custodian]))
    assert refusal(await town.ask(town.doctor, await town.terms(), town.gp)) == (403, "not-a-member")


async def test_an_endorsement_for_one_unit_does_not_ask_for_another(town: Town) -> None:
    assert refusal(await town.ask(town.teacher, await town.terms(), town.gp)) == (403, "not-entitled")


async def test_a_professional_does_not_ask_as_family(town: Town) -> None:
    assert refusal(await town.ask(town.doctor, await town.terms())) == (403, "not-entitled")


async def test_a_stranger_learns_nothing_about_a_child(town: Town) -> None:
    known = await town.ask(town.stranger, await town.terms())
    roles = (Role(town.mother.person, RoleAct.SIGNS, "none"),)
    nobody = await town.terms(subject=SubjectId.of(secrets.token_bytes(16)), roles=roles)
    unknown = await town.ask(town.stranger, nobody)
    assert (known.status, known.raw) == (unknown.status, unknown.raw) == (404, unknown.raw)


async def test_from_16_parents_ask_for_nothing_in_the_youths_place(town_of_17: Town) -> None:
    town = town_of_17
    assert (await town.ask(town.mother, await town.terms())).status == 404
    done(await town.ask(town.youth, await town.terms()))


async def test_nobody_asks_for_somebody_elses_own_sending(tmp_path: Path) -> None:
    async with open_town(tmp_path, born=BORN_14) as town:
        told: dict[str, Any] = {
            "purpose": Purpose.OWN_SENDING,
            "categories": (Category.OWN_OBSERVATIONS,),
            "senders": (party(town.youth),),
            "receivers": ordered([party(town.youth), party(town.bup)]),
        }
        terms = await town.terms(**told)
        assert (await town.ask(town.mother, terms)).status == 404
        done(await town.ask(town.youth, terms))


async def test_a_matter_belongs_to_one_child_for_ever(town: Town) -> None:
    await town.asked()
    sibling = await town.world.add_child(
        [town.mother, town.father], may_know=town.child.sheet.may_know, birth_date=town.child.sheet.birth_date
    )
    terms = await town.terms(subject=sibling.subject)
    assert refusal(await town.ask(town.doctor, terms, town.gp)) == (403, "other-subject")
    done(await town.ask(town.doctor, await town.terms(subject=sibling.subject, matter=new_matter()), town.gp))


async def test_an_id_that_was_used_is_not_used_again(town: Town) -> None:
    terms = await town.asked()
    assert refusal(await town.ask(town.doctor, terms, town.gp)) == (409, "consent-taken")
    other = await town.terms(id=terms.id, receivers=(party(town.school),))
    assert refusal(await town.ask(town.doctor, other, town.gp)) == (409, "consent-taken")


@pytest.mark.parametrize("off", [-5 * MINUTE - 1, 5 * MINUTE + 1])
async def test_statement_and_terms_are_made_now(town: Town, off: int) -> None:
    when = town.world.at(off)
    assert refusal(await town.ask(town.doctor, await town.terms(), town.gp, made=when)) == (422, "wrong-time")
    assert refusal(await town.ask(town.doctor, await town.terms(made=when), town.gp)) == (422, "wrong-time")


@pytest.mark.parametrize("off", [-5 * MINUTE, 5 * MINUTE])
async def test_five_minutes_are_allowed(town: Town, off: int) -> None:
    when = town.world.at(off)
    done(await town.ask(town.doctor, await town.terms(made=when), town.gp, made=when))


async def test_a_request_is_handed_in_by_whoever_signed_it(town: Town) -> None:
    token = town.world.say(town.doctor, RequestBody(new_statement(), town.gp.unit, await town.terms()))
    answer = await town.world.post(town.mother, REQUESTS, {"token": token})
    assert refusal(answer) == (403, "not-entitled")


@pytest.mark.parametrize("token", ["a.b.c", "eyJ9.eyJ9.AAAA"])
async def test_junk_is_a_bad_statement(town: Town, token: str) -> None:
    assert refusal(await town.world.post(town.doctor, REQUESTS, {"token": token})) == (422, "bad-statement")


async def test_a_forged_signature_is_refused(town: Town) -> None:
    body = RequestBody(new_statement(), town.gp.unit, await town.terms())
    forged = town.world.say(town.doctor, body)
    cut = forged[:-4] + ("AAAA" if forged[-4:] != "AAAA" else "BBBB")
    answer = await town.world.post(town.doctor, REQUESTS, {"token": cut})
    assert refusal(answer) == (422, "bad-statement")


async def test_a_checkpoint_that_is_not_this_logs_is_refused(town: Town) -> None:
    answer = await town.ask(town.doctor, await town.terms(), town.gp, seen="not a note")
    assert refusal(answer) == (422, "bad-seen")


async def test_every_refusal_is_logged_without_filling_a_strangers_matter(town: Town) -> None:
    await town.asked()
    await town.ask(town.stranger, await town.terms(matter=new_matter(), id=new_consent()))
    entry, details, scope = await last_entry(town.world)
    assert (entry.e, details.decision, details.reason) == (Event.REQUEST_REFUSED, Decision.DENY, "unknown")
    assert scope == town.stranger.person
    hiding = (Role(town.mother.person, RoleAct.SIGNS, "none"),)
    await town.ask(town.doctor, await town.terms(roles=hiding), town.gp)
    entry, details, scope = await last_entry(town.world)
    assert (entry.e, details.reason, details.for_unit) == (Event.REQUEST_REFUSED, "wrong-roles", town.gp.unit)
    assert scope == town.matter


async def test_the_law_looks_at_the_age_now(town_of_17: Town) -> None:
    terms = await town_of_17.asked()
    assert [role.person for role in terms.roles if role.act is RoleAct.SIGNS] == [town_of_17.youth.person]


async def test_a_youth_without_a_key_cannot_be_asked(tmp_path: Path) -> None:
    async with open_town(tmp_path) as town:
        guardians = tuple(town.child.sheet.may_sign[:2])
        await town.next_sheet(may_sign=guardians, birth_date=BORN_14.replace(year=2009))
        roles = (Role(town.mother.person, RoleAct.SIGNS, "none"),)
        answer = await town.ask(town.doctor, await town.terms(roles=roles), town.gp)
        assert refusal(answer) == (403, "youth-not-enrolled")
