"""What a reader's client accepts, and what of the share, the opening and the envelope it refuses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from protocol.consent.vocabulary import Purpose
from protocol.evidence import ConsentRecord
from protocol.identifiers import ShareId
from protocol.identity import Logged
from protocol.log.details import Decision
from protocol.log.event import Event
from protocol.share import EVENT_OF_ACT, ask_to_open, part_data, seal_info
from protocol.statements.base import Refused
from protocol.statements.consent import WithdrawalBody
from protocol.statements.identity import EpochBody, Member
from protocol.statements.share import ManifestBody, OpenBody, Recipient, content_digest
from tests.unit.consent import family as f
from tests.unit.protocol.refusing import denied, refused, refuses, without
from tests.unit.protocol.world import (
    BODY,
    DAY,
    ENVELOPES,
    GP_HEAD,
    HEADER,
    MINUTE,
    OWN_ENVELOPE,
    SHARE,
    Step,
    Story,
    about,
    key_of,
    seal_of,
    sha,
    statement_id,
    step,
    tell,
)


@pytest.mark.parametrize("act", ["receive", "open", "reopen"])
def test_what_everybody_did_right_may_be_unsealed(act: str) -> None:
    verified = tell(act=act).verify()
    assert verified.permit is not None
    assert verified.permit.consents == verified.manifest.body.consents
    assert verified.recipient.to == f.BUP
    assert verified.opened.entry.e is EVENT_OF_ACT[act]
    assert verified.sheet(f.CHILD).birth_date == f.BORN[8]
    assert verified.pins.known[f"sheet {f.CHILD}"].number == 1
    assert (verified.body is None) == (act == "receive")


def test_the_sender_opens_its_own_copy_without_a_consent() -> None:
    verified = tell(act="own").verify()
    assert (verified.permit, verified.recipient.to) == (None, f.GP)


def test_an_envelope_is_bound_to_its_use() -> None:
    opened, received = tell().verify(), tell(act="receive").verify()
    assert opened.info != received.info
    assert b'"use":"body"' in opened.info
    assert b'"use":"header"' in received.info


def test_an_envelope_is_bound_to_share_child_matter_sender_recipient_consents_and_content() -> None:
    verified = tell().verify()
    body, given = verified.manifest.body, {"log": "l", "recipient_key": "r", "sender_key": "s"}
    others: list[dict[str, Any]] = [
        {name: "other"} for name in ("share", "subject", "matter", "content", "body_commitment")
    ]
    bound = [
        seal_info("body", **given, manifest=body),
        seal_info("body", **(given | {"log": "other"}), manifest=body),
        seal_info("body", **(given | {"recipient_key": "other"}), manifest=body),
        seal_info("body", **(given | {"sender_key": "other"}), manifest=body),
        *(seal_info("body", **given, manifest=replace(body, **other)) for other in others),
        seal_info("body", **given, manifest=replace(body, consents=("other",))),
    ]
    assert len(set(bound)) == len(bound)
    assert part_data(SHARE, "body") != part_data(SHARE, "header")


# The envelope and what it opens


OTHER_SHARE = ShareId.of(b"x" * 16)


def _members(name: str) -> tuple[Member, ...]:
    return tell().body(name, EpochBody).members


def _malformed(payload: Mapping[str, Any]) -> None:
    """Sign a manifest that no honest client could write, and check that it is refused."""
    story = tell()
    body = story.body("manifest", ManifestBody)
    story.say("manifest", f.DOCTOR, body, told=about(body), payload=payload)
    refuses("bad-statement", story)


def _unsigned(story: Story) -> ConsentRecord:
    record = story.record()
    kept = tuple(each for each in record.statements if each.token != story.said["father signs"].token)
    return replace(record, statements=kept)


def test_an_envelope_sealed_for_the_header_does_not_open_the_body() -> None:
    refuses("wrong-envelope", tell(), envelope=ENVELOPES["receive"])


def test_the_envelope_of_another_recipient_is_refused() -> None:
    refuses("wrong-envelope", tell(), envelope=OWN_ENVELOPE)


def test_an_envelope_that_the_reader_did_not_name_is_refused() -> None:
    refused("wrong-envelope", step("open", body={"envelope": sha(b"another")}))


def test_an_envelope_that_the_sender_did_not_name_is_refused() -> None:
    refused("wrong-envelope", step("open", body={"envelope": sha(b"another")}), envelope=b"another")


def test_a_share_to_another_unit_is_refused() -> None:
    body = tell().body("manifest", ManifestBody)
    to_ppt = (replace(body.recipients[0], to=f.PPT), body.recipients[1])
    refused("wrong-envelope", step("manifest", body={"recipients": to_ppt}, told={"recipients": (f.PPT,)}))


def test_a_header_that_was_cut_is_refused() -> None:
    refuses("wrong-content", tell(), header=HEADER[:-1])


def test_a_body_that_was_swapped_is_refused() -> None:
    refuses("wrong-content", tell(), body=bytes(len(BODY)))


def test_an_opening_without_the_body_is_refused() -> None:
    refuses("wrong-content", tell(), body=None)


def test_receiving_a_header_does_not_bring_the_body() -> None:
    refuses("wrong-content", tell(act="receive"), body=BODY)


def test_own_is_no_way_around_the_decision() -> None:
    body = tell().verify().manifest.body
    for_bup = Recipient(f.BUP, sha(seal_of(f.BUP, 1)), own=True, header=sha(b"h"), body=sha(OWN_ENVELOPE))
    refused(
        "wrong-envelope",
        step("manifest", body={"recipients": (body.recipients[0], for_bup)}),
        step("open", who=f.PSYCHOLOGIST, body={"unit": f.BUP}, told={"for_unit": f.BUP}),
        act="own",
    )


def test_an_own_copy_does_not_open_as_received() -> None:
    sealed = sha(OWN_ENVELOPE)
    opened = step("open", who=f.DOCTOR, body={"unit": f.GP, "envelope": sealed}, told={"for_unit": f.GP})
    refused("wrong-envelope", opened, envelope=OWN_ENVELOPE)


# Families send and read too


def test_a_guardian_whom_the_terms_name_reads_with_their_own_key() -> None:
    verified = _read_by_mother(step("terms", body={"receivers": f.parties(f.BUP, f.MOTHER)})).verify()
    assert verified.permit is not None
    assert (verified.recipient.to, verified.opening.body.unit) == (f.MOTHER, None)


def test_a_guardian_whom_the_terms_do_not_name_is_denied() -> None:
    refuses("receiver-not-covered", _read_by_mother())


def test_a_guardian_whom_the_terms_do_not_name_sends_nothing() -> None:
    told = {"for_unit": None}
    denied("sender-not-covered", step("manifest", who=f.MOTHER, body={"unit": None, "epoch": None}, told=told))


def test_a_professional_does_not_send_as_a_family() -> None:
    told = {"for_unit": None}
    refused("not-entitled", step("manifest", body={"unit": None, "epoch": None}, told=told))


def _read_by_mother(*changes: Step) -> Story:
    recipient = replace(tell().body("manifest", ManifestBody).recipients[0], to=f.MOTHER, key=sha(seal_of(f.MOTHER)))
    return tell(
        *changes,
        step("manifest", body={"recipients": (recipient,)}, told={"recipients": (f.MOTHER,)}),
        step("open", who=f.MOTHER, body={"unit": None}, told={"for_unit": None}),
    )


# The manifest and its receipt


def test_a_share_whose_entry_is_a_refusal_is_refused() -> None:
    refused("not-logged", step("manifest", event=Event.SHARE_REFUSED, told={"decision": Decision.DENY}))


def test_a_share_whose_entry_permits_nothing_is_refused() -> None:
    refused("wrong-receipt", step("manifest", told={"decision": Decision.NONE}))


def test_a_share_whose_entry_denies_is_refused() -> None:
    refused("not-logged", step("manifest", told={"decision": Decision.DENY}))


@pytest.mark.parametrize(
    "told",
    [
        {"share": OTHER_SHARE},
        {"subject": f.OTHER_CHILD},
        {"matter": f.OTHER_MATTER},
        {"content": sha(b"other content")},
        {"consents": ()},
        {"for_unit": f.PPT},
        {"recipients": (f.BUP, f.PPT)},
    ],
    ids=lambda told: next(iter(told)),
)
def test_a_share_of_which_the_log_tells_something_else_is_refused(told: dict[str, Any]) -> None:
    refused("wrong-receipt", step("manifest", told=told))


def test_a_share_that_the_log_ascribes_to_somebody_else_is_refused() -> None:
    refused("not-logged", step("manifest", told={"actor": GP_HEAD}))


def test_a_share_signed_by_a_stranger_is_refused() -> None:
    refused("not-entitled", step("manifest", key=key_of(f.STRANGER)))


def test_a_share_signed_with_another_persons_key_is_refused() -> None:
    refused("not-entitled", step("manifest", key=key_of(f.PSYCHOLOGIST)))


def test_a_share_for_a_unit_by_somebody_of_another_unit_is_refused() -> None:
    epoch = tell().said["bup epoch"].digest
    refused("not-entitled", step("manifest", body={"unit": f.BUP, "epoch": epoch}, told={"for_unit": f.BUP}))


def test_a_share_signed_after_its_time_is_refused() -> None:
    made = f.MADE + 2 * DAY - 6 * MINUTE
    refused("wrong-time", step("manifest", made=made))


def test_a_share_to_the_same_recipient_twice_is_refused() -> None:
    recipient = tell().verify().manifest.body.recipients[0]
    other = replace(recipient, key=sha(b"another key"))
    _malformed({"recipients": [recipient.to_json(), other.to_json()]})


def test_a_manifest_whose_content_is_not_that_of_its_parts_is_refused() -> None:
    _malformed({"content": sha(b"other parts")})


def test_a_manifest_with_unsorted_consents_is_refused() -> None:
    _malformed({"consents": ["b" * 64, "a" * 64]})


def test_a_manifest_for_a_unit_without_its_epoch_is_refused() -> None:
    _malformed({"epoch": None})


def test_a_manifest_with_its_parts_out_of_order_is_refused() -> None:
    parts = tell().verify().manifest.body.parts[::-1]
    told = {"parts": [part.to_json() for part in parts], "content": content_digest(parts)}
    _malformed(told)


def test_a_header_with_a_category_is_refused() -> None:
    header, body = (part.to_json() for part in tell().verify().manifest.body.parts)
    _malformed({"parts": [header | {"category": "message"}, body]})


# The opening and its receipt


def test_the_receipt_of_another_opening_is_refused() -> None:
    story = tell()
    mine, body = story.said["open"], story.body("open", OpenBody)
    again = story.say("open again", f.PSYCHOLOGIST, replace(body, id=statement_id(77)))
    refuses("not-logged", story, open=Logged(mine.token, story.log.receipt(again.index)))


def test_the_receipt_of_a_refused_opening_is_refused() -> None:
    refused("not-logged", step("open", event=Event.OPEN_REFUSED, told={"decision": Decision.DENY}))


def test_the_receipt_of_another_act_is_refused() -> None:
    refused("not-logged", step("open", event=Event.RECEIVED))


def test_an_opening_that_the_log_does_not_permit_is_refused() -> None:
    refused("wrong-receipt", step("open", told={"decision": Decision.NONE}))


def test_a_permitted_opening_of_an_own_copy_is_refused() -> None:
    refused("wrong-receipt", step("open", told={"decision": Decision.PERMIT}), act="own")


def test_an_opening_of_another_share_is_refused() -> None:
    refused("wrong-receipt", step("open", body={"share": OTHER_SHARE}))


def test_an_opening_whose_entry_tells_of_another_share_is_refused() -> None:
    refused("wrong-receipt", step("open", told={"share": OTHER_SHARE}))


def test_an_opening_for_another_unit_than_the_log_says_is_refused() -> None:
    refused("wrong-receipt", step("open", told={"for_unit": f.PPT}))


def test_an_opening_by_another_person_is_refused() -> None:
    refused("not-entitled", step("open", who=f.DOCTOR))


def test_an_opening_for_the_readers_other_self_is_refused() -> None:
    refused("not-entitled", step("open", body={"unit": None}, told={"for_unit": None}))


def test_an_opening_more_than_five_minutes_from_my_clock_is_refused() -> None:
    story = tell()
    refuses("wrong-time", story, at=story.now + 5 * MINUTE + 1)
    assert story.verify(at=story.now + 5 * MINUTE).permit is not None


def test_an_entry_in_the_future_is_refused() -> None:
    story = tell()
    refuses("wrong-time", story, at=story.now - 5 * MINUTE - 1)
    assert story.verify(at=story.now - 5 * MINUTE).permit is not None


def test_an_opening_logged_before_the_share_is_refused() -> None:
    story = tell()
    told = {"for_unit": f.GP, "recipients": (f.BUP,), "decision": Decision.PERMIT}
    body = story.body("manifest", ManifestBody)
    body = replace(body, epoch=story.said["gp epoch 2"].digest)
    story.say("manifest", f.DOCTOR, body, told=about(body) | told)
    refuses("wrong-order", story)


def test_a_reader_with_another_key_set_than_the_unit_admitted_is_refused() -> None:
    member = replace(_members("bup epoch")[1], keys=sha(b"the telephone that was lost"))
    refused("not-entitled", step("bup epoch", body={"members": (_members("bup epoch")[0], member)}))


def test_a_reader_who_is_not_in_the_latest_epoch_is_refused() -> None:
    refused("not-entitled", step("bup epoch", body={"members": _members("bup epoch")[:1]}))


def test_a_reader_whose_unit_has_no_key_in_force_is_refused() -> None:
    refused("ended", step("bup epoch", body={"not_after": f.MADE + 9 * DAY}))


def test_a_reader_whose_unit_has_no_key_is_refused() -> None:
    refused("no-epoch", statements=without("bup epoch"))


def test_a_sender_with_another_key_set_than_the_unit_admitted_is_refused() -> None:
    member = replace(_members("gp epoch")[1], keys=sha(b"the telephone that was lost"))
    refused("not-entitled", step("gp epoch", body={"members": (_members("gp epoch")[0], member)}))


def test_a_sender_whose_epoch_had_been_replaced_is_refused() -> None:
    story = tell(step("manifest", body={"epoch": sha(b"to be named")}))
    body = replace(story.body("manifest", ManifestBody), epoch=story.said["gp epoch"].digest)
    told = {"for_unit": f.GP, "recipients": (f.BUP,), "decision": Decision.PERMIT}
    story.say("manifest", f.DOCTOR, body, told=about(body) | told)
    refuses("no-epoch", story)


def test_a_sender_in_an_epoch_that_had_ended_is_refused() -> None:
    refused("no-epoch", step("gp epoch", body={"not_after": f.MADE + DAY}))


def test_a_sender_in_an_epoch_that_nobody_shows_is_refused() -> None:
    refused("no-epoch", step("manifest", body={"epoch": sha(b"no epoch")}))


def test_an_epoch_with_a_gap_after_the_senders_is_refused() -> None:
    refused("no-epoch", step("gp epoch 2", body={"number": 3}))


# The decision


def test_after_a_withdrawal_nothing_opens() -> None:
    denied("withdrawn", between=lambda story: story.word("withdrawal", f.MOTHER, WithdrawalBody))


def test_after_the_reading_has_ended_nothing_opens() -> None:
    denied("reading-ended", step("terms", body={"share_until": f.MADE + 5 * DAY, "read_until": f.MADE + 6 * DAY}))


def test_a_share_that_one_guardian_signed_for_is_denied() -> None:
    denied("signature-missing", consents=lambda story: (_unsigned(story),))


def test_a_share_for_another_matter_is_denied() -> None:
    about = {"matter": f.OTHER_MATTER}
    denied("other-matter", step("manifest", body=about, told=about), step("open", told=about), hearings=())


def test_a_share_of_another_category_is_denied() -> None:
    header, body = tell().verify().manifest.body.parts
    parts = (header, replace(body, category="ppt-report"))
    denied("category-not-covered", step("manifest", body={"parts": parts}))


def test_a_sender_whom_the_terms_do_not_name_is_denied() -> None:
    denied("sender-not-covered", step("terms", body={"senders": f.parties(f.BUP)}))


def test_without_the_child_heard_it_is_denied() -> None:
    denied("not-heard", hearings=())


def test_a_sheet_without_renewal_is_denied_after_its_end() -> None:
    denied("sheet-ended", renewals=())


def test_a_child_without_a_sheet_is_refused() -> None:
    refused("no-sheet", statements=without("sheet"))
    denied("sheet-missing", statements=without("sheet"), renewals=())


def test_a_unit_that_has_ended_is_denied() -> None:
    denied("unit-ended", step("bup unit", body={"not_after": f.MADE + 9 * DAY}))


def test_rules_that_the_policy_does_not_accept_are_denied() -> None:
    rules = tell().policy().statement.body.rules[0]
    denied("rules-not-accepted", step("policy", body={"rules": (replace(rules, digest=sha(b"other rules")),)}))


def test_consents_of_several_purposes_carry_no_opening() -> None:
    verified = tell().verify()
    other = replace(verified.terms[0], purpose=Purpose.COORDINATION)
    manifest = replace(
        verified.manifest,
        body=replace(verified.manifest.body, consents=tuple(sorted((verified.terms[0].digest, other.digest)))),
    )
    for terms in ((verified.terms[0], other), verified.terms, ()):
        with pytest.raises(Refused) as caught:
            ask_to_open(manifest, verified.opening, terms, verified.shared_at)
        assert caught.value.code == "no-consent"
