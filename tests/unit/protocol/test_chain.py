"""Who may say what: everything that does not stand in the chain's table is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from keys import signing
from protocol.consent.vocabulary import Regime
from protocol.identifiers import Instant
from protocol.identity import CHAIN, Directory, Logged, accept_policy, judge, proved
from protocol.log.event import Event
from protocol.logged import EVENTS
from protocol.pins import Pins
from protocol.share import verify
from protocol.statements.base import Refused, Statement
from protocol.statements.consent import HearingBody
from protocol.statements.identity import PolicyBody, RenewalBody, SheetBody, UnitBody
from tests.unit.consent import family as f
from tests.unit.protocol.refusing import refused, refuses, without
from tests.unit.protocol.world import (
    BUP_HEAD,
    DAY,
    FINGERPRINT,
    GP_HEAD,
    MINUTE,
    ORIGIN,
    REGISTRAR,
    ROOT,
    Story,
    key_of,
    keys_of,
    sha,
    statement_id,
    step,
    tell,
)


def raises(code: str, call: Callable[..., object], *args: Any, **how: Any) -> None:
    with pytest.raises(Refused) as caught:
        call(*args, **how)
    assert caught.value.code == code, f"refused as {caught.value.code}: {caught.value}"


# The policy


def _policy(story: Story, **how: Any) -> Any:
    plain: dict[str, Any] = {"root": key_of(ROOT).public, "fingerprint": FINGERPRINT, "pins": Pins(), "at": story.at}
    return accept_policy(story.said["policy"].token, **(plain | how))


def test_the_policy_of_the_root_whose_fingerprint_came_by_hand_is_accepted() -> None:
    policy = _policy(tell())
    assert (policy.origin, policy.fingerprint) == (ORIGIN, FINGERPRINT)
    assert policy.registrar_keys(REGISTRAR) == keys_of(REGISTRAR)
    assert policy.registrar_keys(f.MOTHER) is None
    assert policy.registrar_key(REGISTRAR, key_of(f.MOTHER).kid) is None


def test_another_root_than_the_fingerprints_is_refused() -> None:
    raises("wrong-root", _policy, tell(), root=key_of(f.STRANGER).public)


def test_a_policy_that_another_key_signed_is_refused() -> None:
    raises("bad-statement", _policy, tell(step("policy", key=key_of(f.STRANGER))))


def test_what_is_no_policy_is_refused() -> None:
    story = tell()
    raises("bad-statement", accept_policy, "x.y.z", key_of(ROOT).public, FINGERPRINT, Pins(), story.at)
    token = story.said["gp unit"].token
    raises("bad-statement", accept_policy, token, key_of(ROOT).public, FINGERPRINT, Pins(), story.at)


def test_a_policy_that_has_ended_is_refused_at_its_last_instant() -> None:
    story = tell()
    ends = story.body("policy", PolicyBody).not_after
    assert _policy(story, at=Instant(ends - 1))
    raises("ended", _policy, story, at=ends)


def test_an_accepted_policy_that_has_ended_since_is_refused() -> None:
    story = tell()
    policy = story.policy()
    ended = replace(
        policy, statement=replace(policy.statement, body=replace(policy.statement.body, not_after=story.at))
    )
    raises("ended", verify, story.bundle(), ended, Pins(), story.at)


def test_a_policy_for_more_than_a_year_is_refused() -> None:
    raises("too-long", _policy, tell(step("policy", body={"not_after": Instant(f.MADE + 400 * DAY)})))


def test_a_policy_made_in_the_future_is_refused() -> None:
    story = tell()
    made = f.MADE - 5 * DAY + MINUTE
    raises("wrong-time", _policy, story, at=Instant(made - 5 * MINUTE - 1))
    assert _policy(story, at=Instant(made - 5 * MINUTE))


def test_an_older_policy_than_one_seen_is_refused() -> None:
    raises("rolled-back", _policy, tell(), pins=Pins().checked("policy", 2, sha(b"newer")))


def test_another_policy_of_the_same_number_is_refused() -> None:
    raises("two-truths", _policy, tell(), pins=Pins().checked("policy", 1, sha(b"another")))


def test_a_policy_whose_log_key_is_none_is_refused() -> None:
    raises("bad-statement", _policy, tell(step("policy", body={"log": f"{ORIGIN}+00000000+AAAA"})))


def test_a_policy_is_proved_by_its_own_entry() -> None:
    story = tell()
    assert proved(story.logged("policy"), story.policy()).entry.e is Event.POLICY_PUBLISHED


# Who may say what


@pytest.mark.parametrize("name", ["gp unit", "mother", "gp custodian", "sheet"])
def test_what_a_registrar_says_nobody_else_may(name: str) -> None:
    for somebody in (GP_HEAD, f.MOTHER, f.STRANGER):
        refused("not-entitled", step(name, who=somebody, body=_inviter(name, somebody)))


def test_a_renewal_that_no_registrar_signed_is_refused() -> None:
    refused("not-entitled", step("renewal", who=GP_HEAD))


@pytest.mark.parametrize("somebody", [BUP_HEAD, REGISTRAR, f.DOCTOR, f.MOTHER])
def test_another_units_custodian_may_not_endorse_staff(somebody: Any) -> None:
    refused("not-entitled", step("gp staff", who=somebody, body={"inviter": key_of(somebody).kid}))


@pytest.mark.parametrize("somebody", [BUP_HEAD, REGISTRAR, f.PSYCHOLOGIST])
def test_another_units_custodian_may_not_name_the_units_key(somebody: Any) -> None:
    refused("not-entitled", step("gp epoch", who=somebody))


def test_a_custodian_after_the_end_may_not_endorse() -> None:
    refused("not-entitled", step("gp custodian", body={"not_after": f.MADE - 5 * DAY + 4 * MINUTE}))


def test_a_custodian_after_the_end_may_not_publish_an_epoch() -> None:
    refused("not-entitled", step("gp custodian", body={"not_after": f.MADE + 3 * DAY + MINUTE}))


def test_an_endorsement_by_somebody_else_than_its_inviter_is_refused() -> None:
    refused("not-entitled", step("mother", body={"inviter": key_of(GP_HEAD).kid}))


def test_an_endorsement_under_another_root_is_refused() -> None:
    refused("not-entitled", step("mother", body={"root": key_of(f.STRANGER).kid}))


@pytest.mark.parametrize("name", ["gp unit", "mother", "gp custodian", "gp staff", "gp epoch", "sheet"])
def test_nothing_lives_longer_than_the_table_allows(name: str) -> None:
    refused("too-long", step(name, body={"not_after": Instant(f.MADE + 100 * DAY)}))


def test_a_renewal_lives_thirty_days_at_most() -> None:
    refused("too-long", step("renewal", body={"not_after": Instant(f.MADE + 34 * DAY)}))


def test_a_renewal_that_has_ended_is_refused() -> None:
    refused("ended", step("renewal", body={"not_after": Instant(f.MADE + 9 * DAY)}))


@pytest.mark.parametrize("name", ["mother", "gp staff", "gp epoch", "gp unit", "sheet", "renewal", "request", "open"])
def test_a_statement_made_for_another_log_is_refused(name: str) -> None:
    refused("bad-statement", step(name, aud="log.example/another"))


@pytest.mark.parametrize("name", ["mother", "gp staff", "gp epoch", "gp unit", "sheet", "renewal", "request", "open"])
def test_a_statement_with_an_unknown_member_or_version_is_refused(name: str) -> None:
    refused("bad-statement", step(name, payload={"more": 1}))
    refused("bad-statement", step(name, payload={"v": 2}))


@pytest.mark.parametrize("name", ["mother", "gp staff", "gp epoch", "gp unit", "sheet", "renewal"])
def test_a_statement_logged_long_after_it_was_made_is_refused(name: str) -> None:
    refused("wrong-time", step(name, made=f.MADE - 6 * DAY))


def test_a_life_cannot_be_lengthened_by_a_time_in_the_future() -> None:
    refused("wrong-time", step("mother", made=f.MADE + 30 * DAY, body={"not_after": Instant(f.MADE + 110 * DAY)}))


def test_a_statement_that_is_none_of_the_chain_is_refused() -> None:
    refused("not-in-chain", statements=lambda story: (*story.chain(), story.logged("mother signs")))


def test_judge_refuses_what_stands_in_no_table() -> None:
    body = HearingBody(statement_id(1), f.CHILD, f.MATTER, None, "for", None)
    statement: Statement[Any] = Statement("", "", "", REGISTRAR, f.MADE, None, body)
    raises("not-in-chain", judge, statement, "registrar", FINGERPRINT)


def test_judge_refuses_a_signer_in_another_role() -> None:
    story = tell()
    directory = story.directory()
    statement, _ = directory._registrars_word(story.logged("gp unit"), UnitBody)
    raises("not-entitled", judge, statement, "custodian", FINGERPRINT)
    judge(statement, "registrar", FINGERPRINT)


def test_everything_in_the_chain_has_an_event() -> None:
    assert CHAIN.keys() <= EVENTS.keys()


# Two truths and old ones


@pytest.mark.parametrize("name", ["gp unit", "mother", "gp staff", "sheet"])
def test_two_statements_of_one_number_are_two_truths(name: str) -> None:
    refused("two-truths", between=lambda story: _again(story, name))


def test_two_epochs_of_one_number_are_two_truths() -> None:
    refused("two-truths", between=lambda story: _again(story, "gp epoch 2"))


@pytest.mark.parametrize("name", ["gp unit", "mother", "gp staff", "sheet"])
def test_a_number_that_falls_is_a_rollback(name: str) -> None:
    story = tell(between=lambda story: _again(story, name, number=2))
    refuses("rolled-back", story, statements=tuple(reversed(story.chain())))


@pytest.mark.parametrize("name", ["unit {gp}", "epoch {gp}", "sheet {child}", "policy", "renewal {child}"])
def test_what_is_older_than_a_pin_is_refused(name: str) -> None:
    pinned = name.format(gp=f.GP, child=f.CHILD)
    story = tell()
    assert pinned in story.verify().pins.known
    refuses("rolled-back", story, pins=Pins().checked(pinned, 9, sha(b"newer")))


@pytest.mark.parametrize("name", ["unit {gp}", "epoch {gp}", "sheet {child}", "policy", "renewal {child}"])
def test_what_differs_from_a_pin_is_refused(name: str) -> None:
    pinned = name.format(gp=f.GP, child=f.CHILD)
    story = tell()
    number = story.verify().pins.known[pinned].number
    refuses("two-truths", story, pins=Pins().checked(pinned, number, sha(b"another")))


def test_an_older_endorsement_than_a_pin_is_refused() -> None:
    story = tell()
    [pinned] = [name for name in story.verify().pins.known if f.DOCTOR in name]
    refuses("rolled-back", story, pins=Pins().checked(pinned, 2, sha(b"newer")))


def test_what_was_believed_once_is_believed_again() -> None:
    story = tell()
    pins = story.verify().pins
    assert story.verify(pins=pins).pins == pins


def test_an_epoch_logged_after_a_higher_number_is_refused() -> None:
    story = tell(between=lambda story: story.do("gp epoch 4", GP_HEAD, story.epoch(f.GP, 4, (GP_HEAD, f.DOCTOR))))
    story.say("gp epoch 3", GP_HEAD, story.epoch(f.GP, 3, (GP_HEAD, f.DOCTOR)))
    refuses("wrong-order", story)


# Whose key is whose


def test_a_custodian_cannot_sign_for_a_mother_with_keys_it_made_itself() -> None:
    def endorse(story: Story) -> None:
        forged = story.endorse(GP_HEAD, f.MOTHER, "staff", f.GP, keys=keys_of(f.MOTHER, 1), invitation=_invitation())
        story.do("forged", GP_HEAD, forged)

    refused("not-entitled", step("mother signs", key=key_of(f.MOTHER, 1)), between=endorse)


def test_a_custodian_cannot_swap_the_key_that_is_sealed_to_for_a_mother() -> None:
    def endorse(story: Story) -> None:
        forged = story.endorse(GP_HEAD, f.MOTHER, "staff", f.GP, keys=keys_of(f.MOTHER, 1), invitation=_invitation())
        story.do("forged", GP_HEAD, forged)

    directory = tell(between=endorse).directory()
    assert directory.keys(f.MOTHER) == keys_of(f.MOTHER)
    assert directory.keys(f.MOTHER, f.GP) == keys_of(f.MOTHER, 1)


def test_a_custodian_cannot_end_a_mothers_endorsement_under_its_invitation() -> None:
    def endorse(story: Story) -> None:
        forged = story.endorse(GP_HEAD, f.MOTHER, "staff", f.GP, number=2, not_after=story.now)
        story.do("forged", GP_HEAD, forged)

    story = tell(between=endorse)
    assert story.verify().permit is not None
    assert story.directory().keys(f.MOTHER) == keys_of(f.MOTHER)
    assert len(story.directory().endorsements(f.MOTHER)) == 2


def test_a_registrar_is_sealed_to_by_the_policy() -> None:
    assert tell().directory().keys(REGISTRAR) == keys_of(REGISTRAR)


def test_the_newest_key_of_a_person_is_sealed_to_and_the_old_one_still_signed() -> None:
    def endorse(story: Story) -> None:
        new = story.endorse(REGISTRAR, f.MOTHER, "person", None, keys=keys_of(f.MOTHER, 1), invitation=_invitation())
        story.do("new telephone", REGISTRAR, new)

    story = tell(between=endorse)
    assert story.directory().keys(f.MOTHER) == keys_of(f.MOTHER, 1)
    assert story.verify().permit is not None


@pytest.mark.parametrize(
    ("person", "unit"), [(f.STRANGER, None), (f.DOCTOR, None), (f.DOCTOR, f.BUP), (f.MOTHER, f.GP)]
)
def test_nobody_is_sealed_to_in_a_role_that_nobody_vouches_for(person: Any, unit: Any) -> None:
    raises("unknown-person", tell().directory().keys, person, unit)


def test_ended_keys_are_not_sealed_to() -> None:
    directory = tell(step("mother", body={"not_after": Instant(f.MADE + DAY)})).directory()
    raises("unknown-person", directory.keys, f.MOTHER)


def test_staff_who_were_removed_signed_what_they_signed_before() -> None:
    ended = {"not_after": Instant(f.MADE + 2 * DAY + 2 * MINUTE)}
    assert tell(step("gp staff", body=ended)).verify().permit is not None
    refused("not-entitled", step("gp staff", body={"not_after": Instant(f.MADE + 2 * DAY)}))


def test_a_professional_does_not_sign_for_themself_with_the_units_key() -> None:
    refused("not-entitled", step("request", body={"unit": None}))


def test_a_supervisor_is_no_guardian() -> None:
    named = {"role": "supervisor", "name": "Kari Syntetisk"}
    refused("not-entitled", step("mother", body=named))


def test_a_registrar_may_be_a_units_custodian_too() -> None:
    def both(story: Story) -> None:
        story.do("head", REGISTRAR, story.endorse(REGISTRAR, REGISTRAR, "custodian", f.GP))
        story.do("nurse", REGISTRAR, story.endorse(REGISTRAR, f.NURSE, "staff", f.GP))

    assert tell(between=both).directory().keys(f.NURSE, f.GP) == keys_of(f.NURSE)


def test_a_renewal_of_a_units_mailbox_is_found_latest() -> None:
    directory = tell().directory()
    assert directory.epoch(f.GP).body.number == 2
    assert directory.epoch(f.GP).body.holds(f.DOCTOR)
    assert not directory.epoch(f.GP).body.holds(f.MOTHER)


def test_an_epoch_of_an_unknown_unit_is_none() -> None:
    directory = tell().directory()
    raises("no-epoch", directory.epoch, f.PPT)
    raises("no-epoch", directory.epoch_at, f.PPT, sha(b""), f.MADE)


def test_an_epoch_that_had_not_begun_is_none() -> None:
    story = tell()
    directory, begun = story.directory(), Instant(f.MADE + 3 * DAY + MINUTE)
    digest = story.said["gp epoch 2"].digest
    raises("no-epoch", directory.epoch_at, f.GP, digest, Instant(begun - 1))
    assert directory.epoch_at(f.GP, digest, begun).body.number == 2
    first = story.said["gp epoch"].digest
    assert directory.epoch_at(f.GP, first, Instant(begun - 1)).body.number == 1
    raises("no-epoch", directory.epoch_at, f.GP, first, begun)


# Units


def test_a_units_ancestors_are_named_nearest_first() -> None:
    directory = _with_units({f.GP: f.BUP, f.BUP: f.PPT, f.PPT: None})
    assert directory.lineage(f.GP) == (f.BUP, f.PPT)
    assert directory.lineage(f.PPT) == ()


def test_an_unknown_ancestor_ends_the_line() -> None:
    assert _with_units({f.GP: f.WELFARE, f.BUP: None}).lineage(f.GP) == ()


@pytest.mark.parametrize("loop", [{f.GP: f.BUP, f.BUP: f.GP}, {f.GP: f.BUP, f.BUP: f.PPT, f.PPT: f.BUP}, {f.GP: f.GP}])
def test_a_loop_of_units_is_refused(loop: Any) -> None:
    raises("unknown-unit", _with_units(loop).lineage, f.GP)


def test_a_unit_is_known_until_its_end() -> None:
    story = tell()
    ends = story.body("gp unit", UnitBody).not_after
    assert story.directory(ends - 1).unit(f.GP).name == "GP"
    raises("ended", story.directory(ends).unit, f.GP)
    raises("unknown-unit", story.directory().unit, f.PPT)
    raises("unknown-unit", story.directory().lineage, f.PPT)


def _with_units(parents: Any) -> Directory:
    def register(story: Story) -> None:
        for number, (unit, parent) in enumerate(parents.items()):
            ends = Instant(story.now + DAY)
            body = UnitBody(2, ends, unit, "Navn", "Kommunen", "999999999", parent, Regime.HEALTH)
            story.say(f"unit {number}", REGISTRAR, body)

    return tell(between=register).directory()


# Sheets and their renewals


def test_a_renewal_of_another_sheet_is_refused() -> None:
    refused("bad-renewal", renewals=lambda story: (story.renewal(index=1, sibling="sheet"),))


def test_a_renewal_without_its_proof_is_refused() -> None:
    refused("bad-renewal", renewals=lambda story: (replace(story.renewal(), proof=()),))


def test_a_renewal_does_not_renew_the_next_sheet() -> None:
    story = tell(between=lambda story: _again(story, "sheet", number=2, not_after=Instant(story.now + DAY)))
    refuses("bad-renewal", story)
    directory = Directory(story.policy(), Pins(), story.at)
    newest = story.said.pop("sheet again")
    directory.learn(story.chain())
    directory.learn_renewal(story.logged("renewal"), f.CHILD, 0, story.renewal().proof)
    assert directory.sheet_not_after(f.CHILD) == story.body("renewal", RenewalBody).not_after
    directory.learn([Logged(newest.token, story.log.receipt(newest.index))])
    assert directory.sheet_not_after(f.CHILD) == f.MADE + 6 * DAY


def test_a_shorter_renewal_does_not_shorten_a_sheet() -> None:
    story = tell(step("sheet", body={"not_after": Instant(f.MADE + 25 * DAY - 5 * MINUTE)}))
    directory = story.verify().directory
    assert directory.sheet_not_after(f.CHILD) == story.body("sheet", SheetBody).not_after


def test_a_renewal_for_a_child_without_a_sheet_is_refused() -> None:
    directory = tell().directory()
    story = tell()
    raises("no-sheet", directory.learn_renewal, story.logged("renewal"), f.OTHER_CHILD, 0, ())
    raises("no-sheet", directory.sheet_not_after, f.OTHER_CHILD)


def test_without_the_units_statement_nothing_is_decided() -> None:
    refused("unit-unknown", statements=without("bup unit"))


def _inviter(name: str, somebody: Any) -> dict[str, Any]:
    return {"inviter": key_of(somebody).kid} if name in {"mother", "gp custodian"} else {}


def _invitation() -> Any:
    return tell().endorse(GP_HEAD, f.STRANGER, "staff", f.GP).invitation


def _again(story: Story, name: str, **changed: Any) -> None:
    """Say the same once more, a minute later: another statement."""
    said = story.said[name]
    payload = signing.peek(said.token).body | changed
    kinds = {"unit": UnitBody, "subject-sheet": SheetBody}
    if said.claim.kind in kinds:
        body: Any = story.body(name, kinds[said.claim.kind])
    elif said.claim.kind == "epoch":
        body = story.epoch(f.GP, payload["number"], (GP_HEAD, f.DOCTOR))
    else:
        holder = f.MOTHER if name == "mother" else f.DOCTOR
        body = story.endorse(said.claim.iss, holder, payload["role"], f.GP if payload["unit"] else None)
    ends = Instant(story.now + 10 * DAY)
    story.say(f"{name} again", said.claim.iss, replace(body, **({"not_after": ends} | changed)))
