"""What an operator with the log's key can fabricate, and what shows that it did."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keys.notes import NoteKey
from protocol.evidence import ConsentRecord
from protocol.identity import Logged, logged_list
from protocol.log.details import Decision, Details
from protocol.log.event import Event
from protocol.reading import Malformed
from protocol.sightings import Forked, compare
from protocol.statements.base import Refused
from protocol.statements.consent import SignatureBody, WithdrawalBody
from tests.unit.consent import family as f
from tests.unit.protocol.refusing import refused, refuses
from tests.unit.protocol.world import DAY, MINUTE, Log, Story, step, tell


def test_a_receipt_under_another_log_key_is_refused() -> None:
    forged = NoteKey.from_bytes(b"\x09" * 32)
    story = tell()
    said = story.said["mother"]
    honest, story.log.key = story.log.key, forged
    receipt = story.log.receipt(said.index)
    story.log.key = honest
    refuses("not-logged", story, statements=_with(story, Logged(said.token, receipt)))


def test_a_receipt_that_belongs_to_another_statement_is_refused() -> None:
    story = tell()
    swapped = Logged(story.said["mother"].token, story.logged("father").receipt)
    refuses("not-logged", story, statements=_with(story, swapped))


@pytest.mark.parametrize("receipt", ["", "no receipt", "c2sp.org/tlog-proof@v1\nindex 0\n\n"])
def test_what_is_no_receipt_is_refused(receipt: str) -> None:
    story = tell()
    refuses("not-logged", story, open=Logged(story.said["open"].token, receipt))


@pytest.mark.parametrize(
    ("name", "event"),
    [
        ("mother signs", Event.STATEMENT_REFUSED),
        ("mother signs", Event.CONSENT_REQUESTED),
        ("gp epoch", Event.SHARED),
        ("sheet", Event.CARD_PUBLISHED),
        ("sheet", Event.SHARED),
        ("gp epoch", Event.MEMBER_REMOVED),
        ("mother", Event.STAFF_ENDORSED),
        ("hearing", Event.STATEMENT_REFUSED),
        ("request", Event.REQUEST_REFUSED),
        ("renewal", Event.STATEMENT_REFUSED),
    ],
)
def test_an_entry_that_only_names_a_statement_does_not_publish_it(name: str, event: Event) -> None:
    refused("not-logged", step(name, event=event))


def test_a_denied_signature_is_no_signature() -> None:
    refused("not-logged", step("mother signs", told={"decision": Decision.DENY}))


def test_an_entry_of_somebody_elses_doing_is_refused() -> None:
    refused("not-logged", step("mother signs", told={"actor": f.FATHER}))


def test_an_entry_put_in_later_with_an_earlier_time_is_refused() -> None:
    story = tell()
    body = story.body("father signs", SignatureBody)
    back = f.MADE + 5 * MINUTE
    told = {"subject": f.CHILD, "matter": f.MATTER, "consents": (body.consent,)}
    story.say("father signs", f.FATHER, body, t=back, told=told)
    refuses("wrong-order", story)


def test_a_statement_whose_signer_had_seen_a_later_log_is_refused() -> None:
    story = tell()
    seen = story.log.checkpoint(story.said["mother signs"].index + 3)
    body = story.body("father signs", SignatureBody)
    honest = story.said["father signs"]
    other = story.log.first(honest.index)
    forged = story.say("forged", f.FATHER, body, seen=seen, log=other, t=f.MADE + 10 * MINUTE)
    del story.said["forged"]
    swapped = _swapped(story, honest.token, Logged(forged.token, other.receipt(forged.index)))
    refuses("wrong-order", story, consents=(swapped,))


def test_a_tree_fabricated_for_one_statement_is_a_fork() -> None:
    """What a signed receipt alone does not stop: an entry in a tree that nobody else was shown."""
    story = tell(step("father signs", who=f.STRANGER))
    honest = story.said["father signs"]
    fabricated = story.log.first(honest.index)
    forged = story.say("forged", f.FATHER, story.body("father signs", SignatureBody), log=fabricated, t=f.MADE + DAY)
    del story.said["forged"]
    swapped = _swapped(story, honest.token, Logged(forged.token, fabricated.receipt(forged.index)))
    refuses("no-consistency", story, consents=(swapped,))
    proofs = {**story.bundle().consistency, fabricated.size: story.log.consistency(fabricated.size)}
    refuses("forked", story, consents=(swapped,), consistency=proofs)


def test_a_receipt_from_a_forked_tree_convicts_the_log() -> None:
    story = tell()
    forked = _fork(story)
    chain = tuple(replace(each, receipt=forked.receipt(_index(story, each))) for each in story.chain()[:1])
    proof = story.log.consistency(forked.size)
    consistency = {**story.bundle().consistency, forked.size: proof}
    error = refuses("forked", story, statements=(*chain, *story.chain()[1:]), consistency=consistency)
    assert isinstance(error, Forked)
    assert len(error.evidence) == 2


def test_an_older_receipt_needs_a_proof_that_its_log_grew_into_this_one() -> None:
    story = tell()
    older = story.log.receipt(story.said["mother"].index, 20)
    chain = _with(story, Logged(story.said["mother"].token, older))
    refuses("no-consistency", story, statements=chain)
    proved = {**story.bundle().consistency, 20: story.log.consistency(20)}
    assert story.verify(statements=chain, consistency=proved).permit is not None


def test_a_statement_logged_after_the_opening_does_not_make_the_opening_old() -> None:
    story = tell()
    opening = story.log.receipt(story.said["open"].index, story.log.size)
    size = story.log.size
    story.word("notice", f.MOTHER, WithdrawalBody)
    proofs = {**story.bundle().consistency, size: story.log.consistency(size)}
    came = story.bundle(open=Logged(story.said["open"].token, opening), consistency=proofs)
    with pytest.raises(Refused) as caught:
        story.verify(came)
    assert caught.value.code == "withdrawn"


# What signers had seen


def test_a_checkpoint_that_the_reader_saw_needs_its_proof() -> None:
    refused("no-consistency", consistency={})


def test_a_fork_that_a_signer_saw_convicts_the_log() -> None:
    forked = _fork(tell())
    story = tell(step("father signs", seen=forked.checkpoint(14)))
    error = refuses("forked", story)
    assert isinstance(error, Forked)
    assert error.evidence[0] == forked.checkpoint(14)


def test_a_checkpoint_that_the_log_did_not_sign_is_refused() -> None:
    stranger = Log(NoteKey.from_bytes(b"\x09" * 32))
    refused("bad-seen", step("open", seen=stranger.checkpoint()))
    refused("bad-seen", step("mother", seen="no\n7\ncheckpoint"))


def test_an_empty_log_is_the_beginning_of_every_log() -> None:
    assert tell(step("open", seen=Log().checkpoint())).verify().permit is not None


def test_somebody_who_saw_more_than_was_shown_convicts_the_log() -> None:
    story = tell()
    with pytest.raises(Forked):
        compare([story.log.checkpoint()], story.log.checkpoint(7), {}, story.policy().log)


def test_the_same_size_with_another_root_is_a_fork() -> None:
    story = tell()
    forked = _fork(story)
    with pytest.raises(Forked):
        compare([forked.checkpoint(9)], story.log.checkpoint(9), {}, story.policy().log)
    compare([story.log.checkpoint(9)], story.log.checkpoint(9), {}, story.policy().log)


def test_a_checkpoint_with_a_broken_character_is_refused() -> None:
    story = tell()
    with pytest.raises(Refused) as caught:
        compare(["\ud800"], story.log.checkpoint(), {}, story.policy().log)
    assert caught.value.code == "bad-seen"


def test_each_checkpoint_is_opened_once() -> None:
    story = tell()
    directory = story.verify().directory
    assert directory.ledger.checkpoints == {story.log.checkpoint()}
    assert directory.seen == {story.log.checkpoint(5), story.log.checkpoint(story.said["father signs"].index)}
    assert directory.ledger.size(story.log.checkpoint()) == story.log.size


def _with(story: Story, logged: Logged) -> tuple[Logged, ...]:
    return tuple(logged if each.token == logged.token else each for each in story.chain())


def _index(story: Story, logged: Logged) -> int:
    [index] = [said.index for said in story.said.values() if said.token == logged.token]
    return index


def _fork(story: Story) -> Log:
    """The same log up to its fifth entry, signed with the same key, and from there another history."""
    forked = story.log.first(5)
    for minute in range(10):
        forked.append(Event.SIGNED_IN, Details(), f.MADE - 5 * DAY + (6 + minute) * MINUTE)
    return forked


def _swapped(story: Story, token: str, other: Logged) -> ConsentRecord:
    record = story.record()
    return replace(record, statements=tuple(other if each.token == token else each for each in record.statements))


def test_two_different_entries_at_one_place_are_refused() -> None:
    story = tell()
    body = story.body("father signs", SignatureBody)
    honest = story.said["father signs"]
    fabricated = story.log.first(story.said["mother signs"].index)
    forged = story.say("forged", f.FATHER, body, log=fabricated, t=f.MADE + 3 * MINUTE)
    del story.said["forged"]
    swapped = _swapped(story, honest.token, Logged(forged.token, fabricated.receipt(forged.index)))
    refuses("wrong-order", story, consents=(swapped,))


def test_a_list_of_statements_is_read_strictly() -> None:
    written = [each.to_json() for each in tell().chain()]
    assert [each.to_json() for each in logged_list(written)] == written
    for wrong in (None, [written], [{**written[0], "more": 1}]):
        with pytest.raises(Malformed):
            logged_list(wrong)
