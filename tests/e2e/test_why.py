"""`fortrolig consent why`: the decision rebuilt from what a client has verified, now and as known then."""

from __future__ import annotations

import json
import re
import secrets

import pytest

from clients.cli.why import instant
from clients.sdk import consents, receiving, sending
from clients.sdk.errors import Fault, Incomplete, Misused
from clients.sdk.opening import open_share
from clients.sdk.why import Rebuilt, kept_shares, why
from protocol.consent.answer import Deny, Permit, Reason
from protocol.consent.explain import Audience
from protocol.consent.vocabulary import Act, Language
from protocol.identifiers import Instant, MatterId, ShareId
from tests.e2e.stage import Stage, message, own_sending, sign_all
from tests.e2e.test_command import run


async def told(stage: Stage) -> tuple[ShareId, str]:
    """Let a mother write to her GP, and the GP read it; return the share and the consent."""
    matter = MatterId.of(secrets.token_bytes(16))
    async with stage.client("mother") as mother:
        await consents.request(mother, own_sending(stage, matter))
        [known] = await sign_all(mother, stage, matter)
        share = (await sending.send(mother, message(stage, matter))).share
    async with stage.client("gp") as gp:
        [item] = [one for one in await receiving.inbox(gp) if one.share == share]
        await receiving.receive(gp, [item])
        await open_share(gp, item)
    return share, known.digest


async def asked(stage: Stage, name: str, share: ShareId, at: int | None = None) -> Rebuilt:
    async with stage.client(name) as client:
        return await why(client, share, None if at is None else Instant(at), Language.ENGLISH)


async def withdrawn(stage: Stage, consent: str) -> None:
    async with stage.client("mother") as mother:
        [known] = [one for one in await consents.listed(mother, stage.child) if one.digest == consent]
        assert await consents.withdraw(mother, known)


async def test_a_reader_sees_why_and_what_it_rests_on(served: Stage) -> None:
    share, consent = await told(served)
    built = await asked(served, "gp", share)
    assert built.answer == Permit(built.answer.basis, (consent,), built.rules[0].id)  # type: ignore[union-attr]
    assert (built.act, built.explanation) == (Act.OPEN, None)
    said = {one.said: one for one in built.shown}
    mother = served.persons["mother"]
    assert (said["consent-signature"].by, said["consent-signature"].about) == (mother, consent)
    assert said["manifest"].index < said["open open"].index
    assert [one.index for one in built.shown] == sorted({one.index for one in built.shown})
    assert "subject-sheet" in said


async def test_after_a_withdrawal_both_now_and_then_are_told(served: Stage) -> None:
    share, consent = await told(served)
    before = await asked(served, "gp", share)
    opened = max(one.at for one in before.shown)
    await withdrawn(served, consent)
    now = await asked(served, "gp", share)
    assert isinstance(now.answer, Deny)
    assert now.answer.reason is Reason.WITHDRAWN
    assert now.explanation is not None
    assert (now.explanation.reason, now.explanation.audience) == (Reason.WITHDRAWN, Audience.GP)
    assert "consent-withdrawal" in {one.said for one in now.shown}
    then = await asked(served, "gp", share, opened)
    assert isinstance(then.answer, Permit)
    assert "consent-withdrawal" not in {one.said for one in then.shown}


async def test_what_was_not_known_then_is_left_out(served: Stage) -> None:
    share, consent = await told(served)
    now = await asked(served, "gp", share)
    [signature] = [one for one in now.shown if one.said == "consent-signature"]
    [request] = [one for one in now.shown if one.said == "consent-request"]
    early = await asked(served, "gp", share, signature.at - 1)
    assert early.act is Act.SHARE
    assert isinstance(early.answer, Deny)
    assert early.answer.reason in {Reason.SIGNATURE_MISSING, Reason.CONSENT_UNKNOWN}
    assert all(one.at < signature.at for one in early.shown)
    earlier = await asked(served, "gp", share, request.at - 1)
    assert earlier.answer == Deny(Reason.CONSENT_UNKNOWN)
    assert consent not in {one.about for one in earlier.shown}
    first = await asked(served, "gp", share, 0)
    assert (first.answer, first.shown) == (Deny(Reason.SHEET_MISSING), ())


async def test_the_sender_asks_whether_it_may_be_shared(served: Stage) -> None:
    share, consent = await told(served)
    async with served.client("mother") as mother:
        [own] = [one for one in await receiving.inbox(mother) if one.share == share and one.own]
        await open_share(mother, own)
    assert (await asked(served, "mother", share)).act is Act.SHARE
    await withdrawn(served, consent)
    built = await asked(served, "mother", share)
    assert isinstance(built.answer, Deny)
    assert built.explanation is not None
    assert built.explanation.audience is Audience.PARENT


async def test_nothing_sealed_is_kept_and_what_is_damaged_is_said_to_be(served: Stage) -> None:
    share, _ = await told(served)
    files = sorted((served.home("gp") / "shares").iterdir())
    assert [path.name for path in files] == [f"{share}.open.json", f"{share}.receive.json"]
    for path in files:
        assert path.stat().st_mode & 0o077 == 0
        kept = json.loads(path.read_text(encoding="utf-8"))
        assert (kept["envelope"], kept["header"], kept["body"]) == ("AA", "AA", None)
    assert kept_shares(served.home("gp")) == (share,)
    files[0].write_text("{}", encoding="utf-8")
    with pytest.raises(Fault):
        await asked(served, "gp", share)


async def test_a_share_that_never_came_cannot_be_explained(served: Stage) -> None:
    with pytest.raises(Incomplete):
        await asked(served, "gp", ShareId("shr_" + "0" * 32))


async def test_the_command_tells_it_in_words_and_as_json(served: Stage) -> None:
    share, consent = await told(served)
    yes = await run(served, "gp", "consent", "why", "--share", share[:12], "--json")
    assert (yes.status, yes.answer["decision"], yes.answer["consents"]) == (0, "permit", [consent])
    signatures = [one for one in yes.answer["facts"] if one["said"] == "consent-signature"]
    assert [(one["by"], one["consent"]) for one in signatures] == [(served.persons["mother"], consent)]
    assert yes.answer["rules"][0]["reference"]
    await withdrawn(served, consent)
    no = await run(served, "gp", "consent", "why", "--share", share, "--language", "en")
    assert "No, it may not be opened." in no.out
    assert "The consent is withdrawn." in no.out
    assert re.search(r"leaf \d+ consent-withdrawal", no.out)
    then = await run(served, "gp", "consent", "why", "--share", share, "--at", str(signatures[0]["at"]), "--json")
    assert (then.answer["as_known_then"], then.answer["act"]) == (True, "share")
    other = await run(served, "former", "consent", "why", "--share", share, "--json")
    assert (other.status, other.code) == (3, "not-found")


async def test_what_was_declared_void_is_told_apart_as_known_then_and_as_known_now(served: Stage) -> None:
    share, consent = await told(served)
    before = await asked(served, "gp", share)
    done = await run(served, "mother", "consent", "invalidate", consent[:12], "--cause", "pressure", "--json")
    assert (done.status, done.answer["state"]) == (0, "invalidated")
    wrong = await run(served, "mother", "consent", "invalidate", consent[:12], "--cause", "regret", "--json")
    assert (wrong.status, wrong.code) == (2, "bad-word")
    then = await asked(served, "gp", share, before.at)
    assert isinstance(then.answer, Permit)
    assert then.hindsight == Deny(Reason.INVALIDATED)
    now = await asked(served, "gp", share)
    assert (now.answer, now.hindsight) == (Deny(Reason.INVALIDATED), None)
    words = ("consent", "why", "--share", share, "--at", str(before.at), "--language", "en")
    as_known = await run(served, "gp", *words)
    assert "Yes, it may be opened." in as_known.out
    assert "As known now:" in as_known.out
    assert "declared void from the beginning" in as_known.out
    shown = await run(served, "mother", "consent", "show", consent, "--language", "en")
    assert "void from the beginning" in shown.out
    assert "by you: it was not given freely" in shown.out
    notices = await run(served, "gp", "notices", "--language", "en")
    assert "The consent is declared void from the beginning." in notices.out
    about = (consent, "--child", served.child)
    report = await run(served, "gp", "consent", "incident", *about, "--language", "en")
    assert "Incident: a consent was void" in report.out
    assert "you (Fjord legesenter) opened" in report.out
    assert "72 hours" in report.out
    as_json = await run(served, "mother", "consent", "incident", *about, "--json")
    [invalid] = as_json.answer["invalid"]
    assert (invalid["by"], invalid["cause"]) == (served.persons["mother"], "pressure")
    assert [one["act"] for one in as_json.answer["openings"]] == ["open", "receive"]


async def test_a_professional_declares_it_void_for_somebody_and_what_is_not_void_is_no_incident(served: Stage) -> None:
    _, consent = await told(served)
    about = (consent[:12], "--child", served.child)
    none = await run(served, "gp", "consent", "incident", *about, "--json")
    assert (none.status, none.code) == (2, "not-invalid")
    words = ("--for", served.persons["mother"], "--by", "oral", "--cause", "mistake", "--json")
    done = await run(served, "gp", "consent", "record-invalidation", *about, *words)
    assert (done.status, done.answer["state"]) == (0, "invalidated")
    shown = await run(served, "mother", "consent", "show", consent, "--language", "en")
    assert "Declared void orally by you, written down at" in shown.out


async def test_the_command_receives_what_was_never_received_here(served: Stage) -> None:
    matter = MatterId.of(secrets.token_bytes(16))
    async with served.client("mother") as mother:
        await consents.request(mother, own_sending(served, matter))
        await sign_all(mother, served, matter)
        share = (await sending.send(mother, message(served, matter))).share
    reader = await run(served, "gp", "consent", "why", "--share", share, "--json")
    assert reader.answer["decision"] == "permit"
    assert kept_shares(served.home("gp")) == (share,)
    sender = await run(served, "mother", "consent", "why", "--share", share, "--json")
    assert (sender.answer["act"], sender.answer["decision"]) == ("share", "permit")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("1795300000000", 1795300000000),
        ("2026-06-01T00:00", 1780264800000),
        ("2026-06-01T00:00Z", 1780272000000),
        ("2026-06-01", 1780264800000),
    ],
)
def test_an_instant_is_read_on_the_oslo_clock(written: str, expected: int) -> None:
    assert instant(written) == expected


@pytest.mark.parametrize("written", ["", "yesterday", "-1", "9" * 40, "2026-13-01", "0001-01-01"])
def test_what_is_no_time_is_refused(written: str) -> None:
    with pytest.raises(Misused):
        instant(written)
