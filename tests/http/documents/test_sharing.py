from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from keys import sealing
from keys.encoding import encode
from protocol.consent.vocabulary import Category, Kind, Purpose
from protocol.identifiers import MatterId
from protocol.log.details import Decision
from protocol.log.event import Event
from protocol.statements.consent import WithdrawalBody
from protocol.texts import sentence
from tests.http.consent.support import Town, last_entry, new_matter, ordered, party, refusal
from tests.http.documents.support import Office, Parcel
from tests.kit.clock import DAY, MINUTE
from tests.kit.world import done


async def test_a_share_is_logged_with_everything_that_the_decision_used(town: Town, office: Office) -> None:
    terms = await town.in_force()
    parcel = await office.sent(terms)
    entry, details, scope = await last_entry(town.world)
    assert (entry.e, scope) == (Event.SHARED, town.matter)
    assert (details.actor, details.for_unit, details.decision) == (town.doctor.person, town.gp.unit, Decision.PERMIT)
    assert (details.share, details.content, details.consents) == (
        parcel.body.share,
        parcel.body.content,
        (terms.digest,),
    )
    assert details.recipients == (town.bup.unit,)
    # Manifest, request, two signatures, hearing, sheet, and the epochs of both units.
    assert len(details.statements) == 8
    assert {parcel.body.epoch, town.child.digest} <= set(details.statements)


async def test_the_same_manifest_again_is_answered_as_the_first_time(town: Town, office: Office) -> None:
    parcel = await office.pack(await town.in_force())
    token = town.world.say(town.doctor, parcel.body)
    first = done(await town.world.post(town.doctor, "/v1/shares", parcel.form(token)))
    size = town.world.log.head.size
    again = done(await town.world.post(town.doctor, "/v1/shares", parcel.form(token)))
    assert (again.body["share"], town.world.log.head.size) == (first.body["share"], size)


async def test_an_idempotency_key_repeats_the_answer_and_shares_once(town: Town, office: Office) -> None:
    parcel = await office.pack(await town.in_force())
    form = parcel.form(town.world.say(town.doctor, parcel.body))
    key = {"Idempotency-Key": "a" * 20}
    first = done(await town.world.post(town.doctor, "/v1/shares", form, key))
    again = done(await town.world.post(town.doctor, "/v1/shares", form, key))
    assert again.body["share"] == first.body["share"]
    other = await office.pack(await town.in_force())
    conflict = await town.world.post(
        town.doctor, "/v1/shares", other.form(town.world.say(town.doctor, other.body)), key
    )
    assert conflict.code == "idempotency-key-reused"


async def test_an_idempotency_key_repeats_a_refusal_too(town: Town, office: Office) -> None:
    parcel = await office.pack(await town.asked())
    form = parcel.form(town.world.say(town.doctor, parcel.body))
    answers = [await town.world.post(town.doctor, "/v1/shares", form, {"Idempotency-Key": "b" * 20}) for _ in range(2)]
    assert answers[0].body == answers[1].body
    assert refusal(answers[0]) == (403, "signature-missing")


async def test_another_manifest_under_the_same_share_id_is_a_conflict_and_logged(town: Town, office: Office) -> None:
    terms = await town.in_force()
    parcel = await office.sent(terms)
    other = await office.pack(terms, share=parcel.body.share)
    assert refusal(await office.send(other)) == (409, "conflict")
    entry, details, _ = await last_entry(town.world)
    assert (entry.e, details.reason, details.share) == (Event.SHARE_REFUSED, "conflict", parcel.body.share)


async def test_an_incomplete_consent_is_refused_with_who_must_still_act(town: Town, office: Office) -> None:
    terms = await town.asked()
    answer = await office.send(await office.pack(terms))
    assert refusal(answer) == (403, "signature-missing")
    signers = {f"signs:{each.person}" for each in (town.mother, town.father)}
    assert set(answer.body["missing"]) == {*signers, f"is-heard:{town.child.subject}"}
    assert answer.body["rule"]
    entry, details, scope = await last_entry(town.world)
    assert (entry.e, details.decision, details.reason, scope) == (
        Event.SHARE_REFUSED,
        Decision.DENY,
        "signature-missing",
        town.matter,
    )
    assert set(details.missing) == set(answer.body["missing"])


@pytest.mark.parametrize(("header", "word"), [("nb-NO,nb;q=0.9", "samtykke"), ("en", "consent"), ("", "samtykke")])
async def test_a_refusal_is_told_in_the_askers_language(town: Town, office: Office, header: str, word: str) -> None:
    parcel = await office.pack(await town.asked())
    form = parcel.form(town.world.say(town.doctor, parcel.body))
    answer = await town.world.post(town.doctor, "/v1/shares", form, {"Accept-Language": header})
    assert refusal(answer) == (403, "signature-missing")
    language = "en" if word == "consent" else "nb"
    assert answer.body["detail"] == sentence("signature-missing", language)


async def test_a_withdrawn_consent_carries_no_share(town: Town, office: Office) -> None:
    terms = await town.in_force()
    done(await town.say(town.mother, WithdrawalBody, terms))
    assert refusal(await office.send(await office.pack(terms))) == (403, "withdrawn")


async def test_sharing_ends_at_its_last_instant(town: Town, office: Office) -> None:
    world = town.world
    terms = await town.in_force(share_until=world.at(DAY), read_until=world.at(2 * DAY))
    world.clock.forward(DAY - 1)
    await office.sent(terms)
    world.clock.forward(1)
    assert refusal(await office.send(await office.pack(terms))) == (403, "sharing-ended")


async def test_consents_of_two_purposes_do_not_add_up(town: Town, office: Office) -> None:
    information = await town.in_force()
    coordination = await town.asked(
        purpose=Purpose.COORDINATION, matter=information.matter, categories=(Category.MESSAGE,)
    )
    parcel = await office.pack([information, coordination])
    assert refusal(await office.send(parcel)) == (403, "other-purpose")


async def test_a_referral_needs_care_beside_disclosure_and_reading_it_does_not(town: Town, office: Office) -> None:
    told: dict[str, Any] = {"purpose": Purpose.REFERRAL, "categories": (Category.REFERRAL,)}
    disclosure = await town.in_force(**told)
    alone = await office.pack(disclosure, category="referral")
    assert refusal(await office.send(alone)) == (403, "care-consent-missing")
    care = await town.in_force(**told, kind=Kind.CARE)
    parcel = await office.sent([disclosure, care], category="referral")
    done(await town.say(town.mother, WithdrawalBody, care))
    await office.read(town.psychologist, parcel, town.bup)


async def test_a_stranger_is_told_the_same_whether_or_not_the_child_exists(town: Town, office: Office) -> None:
    terms = await town.in_force()
    answers = []
    for changed in ({}, {"subject": "sub_" + "0" * 32}, {"matter": new_matter()}, {"consents": ("0" * 64,)}):
        parcel = await office.pack(terms, sender=town.stranger, **changed)
        answers.append(await office.send(parcel, town.stranger))
    assert [refusal(answer) for answer in answers] == [(403, "consent-unknown")] * 4
    assert len({answer.raw for answer in answers}) == 1
    _, details, scope = await last_entry(town.world)
    assert (details.reason, scope) == ("consent-unknown", town.stranger.person)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"matter": MatterId.of(bytes(16))}, "other-matter"),
        ({"subject": "sub_" + "1" * 32}, "consent-unknown"),
        ({"consents": ("0" * 64,)}, "consent-unknown"),
    ],
)
async def test_a_manifest_beside_its_consent_is_refused(
    town: Town, office: Office, changed: dict[str, Any], reason: str
) -> None:
    parcel = await office.pack(await town.in_force(), **changed)
    assert refusal(await office.send(parcel)) == (403, reason)


async def test_a_category_beside_the_consent_is_refused(town: Town, office: Office) -> None:
    parcel = await office.pack(await town.in_force(), category="test-result")
    assert refusal(await office.send(parcel)) == (403, "category-not-covered")


async def test_a_receiver_beside_the_consent_is_refused(town: Town, office: Office) -> None:
    parcel = await office.pack(await town.in_force(), to=[town.bup, town.school])
    assert refusal(await office.send(parcel)) == (403, "receiver-not-covered")


async def test_a_removed_member_shares_nothing_more(town: Town, office: Office) -> None:
    parcel = await office.pack(await town.in_force())
    done(await town.world.next_epoch(town.gp, [town.gp.custodian]))
    assert refusal(await office.send(parcel)) == (403, "not-a-member")


async def test_a_manifest_names_the_latest_epoch(town: Town, office: Office) -> None:
    parcel = await office.pack(await town.in_force())
    done(await town.world.next_epoch(town.gp, [town.gp.custodian, town.doctor], new_key=False))
    assert refusal(await office.send(parcel)) == (409, "wrong-epoch")


async def test_a_share_sealed_to_a_recipients_former_key_is_refused(town: Town, office: Office) -> None:
    parcel = await office.pack(await town.in_force())
    done(await town.world.next_epoch(town.bup, [town.bup.custodian, town.psychologist]))
    assert refusal(await office.send(parcel)) == (409, "wrong-key")


async def test_a_share_sealed_to_a_key_that_nobody_vouches_for_is_refused(town: Town, office: Office) -> None:
    parcel = await office.pack(await town.in_force(), keys={town.bup.unit: sealing.generate()})
    assert refusal(await office.send(parcel)) == (409, "wrong-key")


async def test_a_share_by_one_person_is_not_handed_in_by_another(town: Town, office: Office) -> None:
    parcel = await office.pack(await town.in_force())
    token = town.world.say(town.doctor, parcel.body)
    answer = await town.world.post(town.gp.custodian, "/v1/shares", parcel.form(token))
    assert refusal(answer) == (403, "not-entitled")


async def test_a_manifest_of_another_unit_than_ones_own_is_refused(town: Town, office: Office) -> None:
    parcel = await office.pack(await town.in_force())
    assert refusal(await office.send(parcel, town.teacher)) == (403, "not-entitled")


@pytest.mark.parametrize("off", [-5 * MINUTE - 1, 5 * MINUTE + 1])
async def test_a_manifest_made_at_another_time_is_refused(town: Town, office: Office, off: int) -> None:
    parcel = await office.pack(await town.in_force())
    assert refusal(await office.send(parcel, made=town.world.at(off))) == (422, "wrong-time")


def _without_body(parcel: Parcel) -> None:
    del parcel.parts["body"]


def _with_other_body(parcel: Parcel) -> None:
    parcel.parts["body"] = bytes(len(parcel.parts["body"]))


def _with_cut_body(parcel: Parcel) -> None:
    parcel.parts["body"] = parcel.parts["body"][:-1]


def _with_one_part_more(parcel: Parcel) -> None:
    parcel.parts["file-1"] = b"x"


def _with_an_upload_that_is_none(parcel: Parcel) -> None:
    parcel.uploads["file-1"] = "upl_" + "0" * 32


@pytest.mark.parametrize(
    "spoil",
    [_without_body, _with_other_body, _with_cut_body, _with_one_part_more, _with_an_upload_that_is_none],
)
async def test_ciphertexts_other_than_those_signed_for_are_refused(town: Town, office: Office, spoil: Any) -> None:
    parcel = await office.pack(await town.in_force())
    spoil(parcel)
    assert refusal(await office.send(parcel)) == (422, "wrong-part")
    assert (await town.world.get(town.psychologist, "/v1/inbox")).body["items"] == []


def _swapped(parcel: Parcel) -> None:
    one, other = parcel.envelopes
    one["body"], other["body"] = other["body"], one["body"]


def _missing(parcel: Parcel) -> None:
    parcel.envelopes.pop()


def _changed(parcel: Parcel) -> None:
    parcel.envelopes[0]["header"] = encode(b"another")


@pytest.mark.parametrize("spoil", [_swapped, _missing, _changed])
async def test_envelopes_other_than_those_signed_for_are_refused(town: Town, office: Office, spoil: Any) -> None:
    parcel = await office.pack(await town.in_force())
    spoil(parcel)
    assert refusal(await office.send(parcel)) == (422, "wrong-envelope")


async def test_an_own_copy_is_the_senders_own(town: Town, office: Office) -> None:
    parcel = await office.pack(await town.in_force())
    recipients = tuple(replace(each, own=True) for each in parcel.body.recipients)
    for each in parcel.envelopes:
        each["own"] = True
    spoilt = replace(parcel, body=replace(parcel.body, recipients=recipients))
    assert refusal(await office.send(spoilt)) == (422, "wrong-envelope")


async def test_a_conversation_keeps_its_matter_and_parties(town: Town, office: Office) -> None:
    terms = await town.in_force(receivers=ordered([party(town.bup), party(town.school)]))
    first = await office.sent(terms)
    conversation = first.body.conversation
    await office.sent(terms, conversation=conversation, after=())
    wider = await office.pack(terms, to=[town.bup, town.school], conversation=conversation)
    assert refusal(await office.send(wider)) == (409, "other-conversation")


async def test_a_signature_that_does_not_hold_is_refused_and_logged(town: Town, office: Office) -> None:
    parcel = await office.pack(await town.in_force())
    token = town.world.say(town.doctor, parcel.body)
    answer = await town.world.post(town.doctor, "/v1/shares", parcel.form(token[:-4] + "AAAA"))
    assert refusal(answer) == (422, "bad-statement")
    entry, details, _ = await last_entry(town.world)
    assert (entry.e, details.act) == (Event.STATEMENT_REFUSED, "manifest")


async def test_a_full_disk_refuses_shares_early_and_lets_withdrawals_through(
    town: Town, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    terms = await town.in_force()
    parcel = await office.pack(terms)
    monkeypatch.setattr("server.documents.content.shutil.disk_usage", lambda _: type("Usage", (), {"free": 1_000_000}))
    assert refusal(await office.send(parcel)) == (507, "out-of-space")
    done(await town.say(town.mother, WithdrawalBody, terms))
