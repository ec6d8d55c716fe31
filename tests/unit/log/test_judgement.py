from dataclasses import replace

import pytest

from protocol.log import receipt
from protocol.log.entry import Event, commitment
from protocol.log.export import Code, Disclosed, Outcome, Verdict
from protocol.log.verdict import MOST_LISTED
from tests.unit.log.sample_log import NOW_SECONDS, STRANGER_KEY, WITNESSED, SampleLog, disclose

LOG = SampleLog(20)


def codes(verdict: Verdict) -> set[Code]:
    return {finding.code for finding in verdict.findings} - {Code.UNWITNESSED}


def test_untouched_log_is_intact() -> None:
    verdict = LOG.judge(earlier=(LOG.sign(0), LOG.sign(1), LOG.sign(7), LOG.sign(7), LOG.sign(20)))
    assert (verdict.outcome, verdict.size, codes(verdict)) == (Outcome.INTACT, 20, set())


def test_empty_log_is_intact() -> None:
    verdict = SampleLog(0).judge()
    assert (verdict.outcome, verdict.size, codes(verdict)) == (Outcome.INTACT, 0, set())


def test_users_receipts_agree_with_an_untouched_log_in_any_order() -> None:
    receipts = tuple(receipt.format(LOG.issue(index, size)) for index, size in ((3, 20), (0, 1), (8, 9)))
    assert LOG.judge(receipts=receipts).outcome is Outcome.INTACT


def test_fresh_witnesses_leave_nothing_to_say() -> None:
    verdict = LOG.judge(signed=LOG.witness(), policy=WITNESSED)
    assert (verdict.outcome, verdict.findings) == (Outcome.INTACT, ())


def test_policy_without_witnesses_is_noted() -> None:
    assert [finding.code for finding in LOG.judge().findings] == [Code.UNWITNESSED]


@pytest.mark.parametrize(("at", "known"), [(-86_400, True), (-86_401, False), (300, True), (301, False)])
def test_cosignatures_count_while_fresh_and_not_from_the_future(at: int, known: bool) -> None:
    verdict = LOG.judge(signed=LOG.witness(at=NOW_SECONDS + at), policy=WITNESSED)
    assert codes(verdict) == (set() if known else {Code.STALE})
    assert verdict.outcome is (Outcome.INTACT if known else Outcome.INCOMPLETE)


def test_missing_quorum_leaves_the_verdict_open() -> None:
    verdict = LOG.judge(policy=WITNESSED)
    assert (verdict.outcome, codes(verdict)) == (Outcome.INCOMPLETE, {Code.QUORUM})


def test_witnesses_who_follow_by_some_entries_vouch_for_the_log() -> None:
    earlier = (LOG.witness(5, at=NOW_SECONDS - 200_000), LOG.sign(8), LOG.witness(12, at=NOW_SECONDS - 10))
    assert LOG.judge(earlier=earlier, policy=WITNESSED).outcome is Outcome.INTACT
    assert codes(LOG.judge(earlier=earlier[:2], policy=WITNESSED)) == {Code.STALE}
    assert codes(LOG.judge(earlier=earlier[1:2], policy=WITNESSED)) == {Code.QUORUM}


@pytest.mark.parametrize(
    ("signed", "code", "outcome"),
    [
        (LOG.sign(origin="other.example"), Code.ORIGIN, Outcome.INCOMPLETE),
        (LOG.sign(key=STRANGER_KEY), Code.CHECKPOINT, Outcome.CONTRADICTION),
        (b"", Code.CHECKPOINT, Outcome.CONTRADICTION),
    ],
)
def test_without_a_checkpoint_of_this_log_nothing_else_is_judged(signed: bytes, code: Code, outcome: Outcome) -> None:
    verdict = LOG.judge(signed=signed)
    assert (verdict.outcome, [finding.code for finding in verdict.findings]) == (outcome, [code])


def test_changed_entry_is_found_and_its_range_named() -> None:
    entries = LOG.entries
    entries[9] = disclose(9, name="forged ").entry
    verdict = LOG.judge(entries=entries, earlier=(LOG.sign(5), LOG.sign(12), LOG.sign(16)), disclosed=[])
    assert verdict.outcome is Outcome.CONTRADICTION
    finding = next(each for each in verdict.findings if each.code is Code.CHANGED)
    assert (finding.index, finding.evidence) == (5, (LOG.sign(12),))
    assert "between size 5 and size 12" in finding.sentence


def test_changed_entry_is_found_without_any_earlier_checkpoint() -> None:
    entries = LOG.entries
    entries[0] = disclose(0, name="forged ").entry
    verdict = LOG.judge(entries=entries, disclosed=[])
    finding = next(each for each in verdict.findings if each.code is Code.CHANGED)
    assert "between size 0 and size 20" in finding.sentence


def test_receipt_narrows_the_range_of_a_change() -> None:
    entries = LOG.entries
    entries[9] = disclose(9, name="forged ").entry
    verdict = LOG.judge(entries=entries, receipts=(receipt.format(LOG.issue(9, 10)),), earlier=(LOG.sign(9),))
    finding = next(each for each in verdict.findings if each.code is Code.CHANGED)
    assert "between size 9 and size 10" in finding.sentence


@pytest.mark.parametrize("count", [0, 1, 19])
def test_missing_entries_leave_the_verdict_open(count: int) -> None:
    verdict = LOG.judge(entries=LOG.entries[:count], disclosed=LOG.disclosed[:count], earlier=(LOG.sign(18),))
    assert (verdict.outcome, codes(verdict), verdict.size) == (Outcome.INCOMPLETE, {Code.MISSING}, count)


def test_entry_removed_from_the_middle_contradicts_a_later_checkpoint() -> None:
    entries = LOG.entries[:8] + LOG.entries[9:]
    verdict = LOG.judge(entries=entries, disclosed=[], earlier=(LOG.sign(8), LOG.sign(15)))
    assert verdict.outcome is Outcome.CONTRADICTION
    assert codes(verdict) == {Code.CHANGED, Code.MISSING, Code.UNDISCLOSED}


def test_entries_beyond_the_checkpoint_are_not_covered() -> None:
    verdict = LOG.judge(signed=LOG.sign(15), disclosed=LOG.disclosed[:15], earlier=(LOG.sign(15),))
    assert (verdict.outcome, codes(verdict), verdict.size) == (Outcome.INCOMPLETE, {Code.SURPLUS}, 15)


def test_history_rewritten_and_signed_anew_is_a_fork_that_two_checkpoints_prove() -> None:
    rewritten = SampleLog(20)
    rewritten.disclosures[4] = disclose(4, name="forged ")
    verdict = rewritten.judge(earlier=(rewritten.sign(3), LOG.sign(10), LOG.sign(12)))
    finding = next(each for each in verdict.findings if each.code is Code.FORK)
    assert verdict.outcome is Outcome.CONTRADICTION
    assert finding.evidence == (LOG.sign(10), rewritten.sign())


def test_users_receipt_convicts_a_log_that_rewrote_its_history() -> None:
    rewritten = SampleLog(20)
    rewritten.disclosures[4] = disclose(4, name="forged ")
    verdict = rewritten.judge(receipts=(receipt.format(LOG.issue(4, 10)),))
    finding = next(each for each in verdict.findings if each.code is Code.FORK)
    assert (finding.index, finding.evidence) == (4, (LOG.sign(10), rewritten.sign()))


@pytest.mark.parametrize("head_is_true", [True, False])
def test_two_roots_at_one_size_are_a_fork_whichever_is_shown_as_the_latest(head_is_true: bool) -> None:
    other = SampleLog(20)
    other.disclosures[19] = disclose(19, name="forged ")
    signed, earlier = (LOG.sign(), other.sign()) if head_is_true else (other.sign(), LOG.sign())
    verdict = LOG.judge(signed=signed, earlier=(earlier,))
    assert codes(verdict) == {Code.FORK}
    assert set(verdict.findings[-1].evidence) == {LOG.sign(), other.sign()}


def test_larger_checkpoint_or_receipt_shows_that_the_export_was_cut() -> None:
    cut = SampleLog(12)
    verdict = cut.judge(earlier=(LOG.sign(5), LOG.sign(15)), receipts=(receipt.format(LOG.issue(16, 18)),))
    assert (verdict.outcome, codes(verdict)) == (Outcome.INCOMPLETE, {Code.BEYOND})
    assert [finding.index for finding in verdict.findings if finding.code is Code.BEYOND] == [None, 16]


def test_unsigned_earlier_checkpoint_is_found() -> None:
    verdict = LOG.judge(earlier=(LOG.sign(5, key=STRANGER_KEY), LOG.sign(9)))
    assert (verdict.outcome, codes(verdict)) == (Outcome.CONTRADICTION, {Code.CHECKPOINT})


def test_earlier_checkpoint_out_of_order_is_told_and_not_used() -> None:
    verdict = LOG.judge(earlier=(LOG.sign(9), LOG.sign(5)))
    assert (verdict.outcome, codes(verdict)) == (Outcome.INCOMPLETE, {Code.ORDER})


def test_receipt_that_proves_nothing_convicts_nobody() -> None:
    verdict = LOG.judge(receipts=("no receipt",))
    assert (verdict.outcome, codes(verdict)) == (Outcome.INCOMPLETE, {Code.RECEIPT})


def test_malformed_entry_is_found_even_when_it_was_signed() -> None:
    log = SampleLog(3)
    log.disclosures[1] = replace(log.disclosures[1], entry=b"{}")
    verdict = log.judge()
    assert (verdict.outcome, codes(verdict)) == (Outcome.CONTRADICTION, {Code.MALFORMED, Code.UNDISCLOSED})
    assert verdict.undisclosed == ((1, 2),)
    assert codes(log.judge(disclosed=[])) == {Code.MALFORMED, Code.UNDISCLOSED}


def test_time_that_falls_and_id_used_twice_are_found() -> None:
    log = SampleLog(4)
    log.disclosures[2] = disclose(2, t=5)
    log.disclosures[3] = log.disclosures[1]
    verdict = log.judge()
    assert verdict.outcome is Outcome.CONTRADICTION
    assert [(finding.code, finding.index) for finding in verdict.findings[1:]] == [(Code.TIME, 2), (Code.DUPLICATE, 3)]


def test_ids_may_be_kept_elsewhere() -> None:
    seen: list[bytes] = []

    def is_new(identity: bytes) -> bool:
        seen.append(identity)
        return True

    log = SampleLog(2)
    log.disclosures[1] = log.disclosures[0]
    judged = log.judge(is_new=is_new)
    assert codes(judged) == set()
    assert len(seen) == 2


@pytest.mark.parametrize("blind", [bytes(32), bytes(31)])
def test_details_that_were_not_committed_to_are_found(blind: bytes) -> None:
    disclosed = [*LOG.disclosed[:3], Disclosed(3, blind, LOG.disclosed[3].details), *LOG.disclosed[4:]]
    verdict = LOG.judge(disclosed=disclosed)
    assert [(finding.code, finding.index) for finding in verdict.findings[1:]] == [(Code.COMMITMENT, 3)]


def test_details_of_no_known_form_are_found_even_when_committed_to() -> None:
    log = SampleLog(2)
    made = log.disclosures[1]
    identity = made.entry[made.entry.index(b'"id":"') + 6 :][:32].decode()
    old, new = (commitment(identity, made.blind, details).encode() for details in (made.details, b"{}"))
    log.disclosures[1] = replace(made, entry=made.entry.replace(old, new), details=b"{}")
    verdict = log.judge()
    assert (verdict.outcome, codes(verdict)) == (Outcome.CONTRADICTION, {Code.DETAILS})


def test_undisclosed_entries_are_listed_and_change_nothing() -> None:
    verdict = LOG.judge(disclosed=[LOG.disclosed[3], LOG.disclosed[4], LOG.disclosed[10]])
    assert verdict.outcome is Outcome.INTACT
    assert (verdict.undisclosed, verdict.undisclosed_count) == (((0, 3), (5, 10), (11, 20)), 17)


@pytest.mark.parametrize("index", [-1, 2, 20])
def test_disclosure_out_of_order_or_of_no_entry_is_told(index: int) -> None:
    extra = Disclosed(index, bytes(32), b"{}")
    before = LOG.disclosed if index == 20 else LOG.disclosed[:5]
    verdict = LOG.judge(disclosed=[*before, extra])
    assert Code.ORDER in codes(verdict)
    assert verdict.outcome is Outcome.INCOMPLETE


def test_erasures_are_counted() -> None:
    log = SampleLog(2)
    log.disclosures[1] = disclose(1, event=Event.ERASED)
    assert log.judge().erasures == 1


def test_findings_and_ranges_beyond_the_limit_are_counted() -> None:
    verdict = LOG.judge(receipts=("x",) * (MOST_LISTED + 5))
    assert (len(verdict.findings), verdict.findings_omitted) == (MOST_LISTED, 6)
    long = SampleLog(2 * MOST_LISTED + 10)
    gaps = long.judge(disclosed=long.disclosed[1::2])
    assert (len(gaps.undisclosed), gaps.undisclosed_count) == (MOST_LISTED, MOST_LISTED + 5)


def test_finding_tells_what_it_weighs() -> None:
    verdict = LOG.judge(receipts=("x",), earlier=(b"x",))
    assert {finding.code: finding.weight for finding in verdict.findings} == {
        Code.UNWITNESSED: Outcome.INTACT,
        Code.RECEIPT: Outcome.INCOMPLETE,
        Code.CHECKPOINT: Outcome.CONTRADICTION,
    }
