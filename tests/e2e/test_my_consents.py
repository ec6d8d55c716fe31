"""My consents from the command line: what waits, holds and has ended, who opened what, and withdrawing a part."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta

import pytest

from clients.cli.taking_back import end_of_day
from clients.sdk import consents, receiving, sending
from clients.sdk.errors import Denied, Misused
from clients.sdk.narrowing import narrow
from clients.sdk.opening import open_share
from clients.sdk.overview import Next, Place, overview
from protocol.consent.narrowing import Less
from protocol.consent.vocabulary import Category
from protocol.identifiers import Instant, MatterId
from tests.e2e.stage import Stage, message, own_sending, referral, sign_all
from tests.e2e.test_command import run

DAY = 86_400_000


def new_matter() -> MatterId:
    return MatterId.of(secrets.token_bytes(16))


async def allowed(stage: Stage) -> str:
    """Let the mother allow herself to send; gives the consent's digest."""
    matter = new_matter()
    async with stage.client("mother") as mother:
        await consents.request(mother, own_sending(stage, matter))
        [known] = await sign_all(mother, stage, matter)
    return known.digest


async def test_nobody_has_asked_for_anything_yet(served: Stage) -> None:
    told = await run(served, "mother", "consent", "list", "--language", "en")
    assert (told.status, told.out) == (0, "No consents yet.\n")


async def test_what_waits_is_told_apart_from_what_holds_with_who_must_act(served: Stage) -> None:
    await allowed(served)
    async with served.client("gp") as gp:
        await consents.request(gp, referral(served, new_matter()), unit=served.units["gp"])
    told = await run(served, "mother", "consent", "list", "--language", "en")
    waiting, rest = told.out.split("In force (1)")
    assert waiting.startswith("Waiting for somebody (2)")
    assert "Missing: you - signs" in waiting
    assert f"Missing: {served.persons['father']} - signs" in waiting
    [who] = {line for line in waiting.splitlines() if "Who can see" in line}
    assert "BUP Fjord" in who
    assert "Fjord legesenter" in who
    assert "Next: can be renewed from" in rest
    assert "Nothing has ended." in rest
    assert max(map(len, rest.splitlines())) < 100


async def test_a_recipient_is_taken_out_and_the_rest_of_the_consent_stands(served: Stage) -> None:
    digest = await allowed(served)
    async with served.client("mother") as mother:
        [shown] = (await overview(mother, served.child)).consents
        await sending.send(mother, message(served, shown.known.terms.matter))
    done = await run(served, "mother", "consent", "withdraw", digest[:12], "--only-recipient", "Fjord", "--json")
    assert (done.status, done.answer["state"], done.answer["less"]["receivers"]) == (
        0,
        "narrowed",
        [served.units["gp"]],
    )
    async with served.client("gp") as gp, served.client("mother") as mother:
        [item] = await receiving.inbox(gp)
        with pytest.raises(Denied) as refused:
            await open_share(gp, item)
        assert refused.value.code == "receiver-withdrawn"
        [shown] = (await overview(mother, served.child)).consents
        assert [party.id for party in shown.left.receivers] == [served.persons["mother"]]
        assert shown.place is Place.IN_FORCE
        again = await narrow(mother, shown.known, Less(receivers=(served.units["gp"],)))
        assert again
    shown_now = await run(served, "mother", "consent", "show", digest[:12], "--language", "en")
    assert "Part withdrawn" in shown_now.out
    assert "withdrawn unopened" in shown_now.out


async def test_an_earlier_end_and_a_sort_of_content_are_taken_back_together(served: Stage) -> None:
    digest = await allowed(served)
    last = (datetime.now(UTC) + timedelta(days=10)).date().isoformat()
    words = ("--only-category", "ppt-report", "--ends", last)
    done = await run(served, "mother", "consent", "withdraw", digest, *words, "--json")
    assert (done.status, done.answer["less"]["categories"]) == (0, ["ppt-report"])
    async with served.client("mother") as mother:
        [shown] = (await overview(mother, served.child)).consents
    assert shown.left.categories == (Category.MESSAGE,)
    assert shown.left.share_until == shown.left.read_until == end_of_day(last)
    assert (shown.next, shown.at) == (Next.RENEW_NOW, None)


async def test_the_overview_says_when_reading_ends_and_then_that_it_has_ended(served: Stage) -> None:
    await allowed(served)
    async with served.client("mother") as mother:
        [now] = (await overview(mother, served.child)).consents
        # The registrar's sheet ends before the consent does: far ahead nothing can be judged.
        [later] = (await overview(mother, served.child, Instant(now.left.share_until))).consents
    assert (now.place, now.next) == (Place.IN_FORCE, Next.RENEW_LATER)
    assert now.at == now.left.share_until - 14 * DAY
    assert (later.place, later.next) == (Place.WAITING, Next.SOMEBODY_ACTS)


async def test_who_opened_what_i_sent_stands_with_the_consent(served: Stage) -> None:
    digest = await allowed(served)
    async with served.client("mother") as mother, served.client("gp") as gp:
        [shown] = (await overview(mother, served.child)).consents
        await sending.send(mother, message(served, shown.known.terms.matter))
        before = await run(served, "mother", "consent", "show", digest, "--language", "en")
        [item] = await receiving.inbox(gp)
        await open_share(gp, item)
    after = await run(served, "mother", "consent", "show", digest, "--language", "en")
    assert "Fjord legesenter: not opened" in before.out
    assert f"by {served.persons['gp']}" in after.out
    assert "Fjord legesenter: opened" in after.out


async def test_who_received_and_opened_what_is_shown_by_name_and_proved(served: Stage) -> None:
    digest = await allowed(served)
    before = await run(served, "mother", "consent", "show", digest, "--language", "en")
    assert "No opening to show." in before.out
    async with served.client("mother") as mother, served.client("gp") as gp:
        [shown] = (await overview(mother, served.child)).consents
        await sending.send(mother, message(served, shown.known.terms.matter))
        [item] = await receiving.inbox(gp)
        await receiving.receive(gp, [item])
        await open_share(gp, item)
    for language, first, second in (
        ("en", "Gp (Fjord legesenter) opened", "Gp (Fjord legesenter) received the title"),
        ("nb", "Gp (Fjord legesenter) åpnet", "Gp (Fjord legesenter) fikk overskriften"),
    ):
        told = await run(served, "mother", "consent", "show", digest, "--language", language)
        assert first in told.out
        assert second in told.out
        listed = await run(served, "mother", "consent", "list", "--language", language)
        assert first in listed.out
        assert second not in listed.out
    as_json = await run(served, "mother", "consent", "show", digest, "--json")
    assert [(one["act"], one["unit"], one["categories"]) for one in as_json.answer["openings"]] == [
        (act, served.units["gp"], ["message"]) for act in ("open", "receive")
    ]
    colleague = await run(served, "gp", "consent", "show", digest, "--child", served.child, "--language", "en")
    assert "you (Fjord legesenter) opened" in colleague.out


async def test_what_the_consent_never_gave_is_told_in_words(served: Stage) -> None:
    digest = await allowed(served)
    for words in (("--only-category", "plan"), ("--only-recipient", "BUP"), ("--ends", "2099-01-01")):
        done = await run(served, "mother", "consent", "withdraw", digest, *words)
        assert done.status != 0
        assert "Samtykket gir ikke det du vil ta ut" in done.err


@pytest.mark.parametrize("written", ["31.12.2026", "2026-13-01", "", "9999-12-31"])
def test_what_is_no_day_is_told_so(written: str) -> None:
    with pytest.raises(Misused) as refused:
        end_of_day(written)
    assert refused.value.code == "bad-day"


def test_the_last_day_is_whole_in_oslo_also_when_the_clock_changes() -> None:
    assert end_of_day("2026-10-24") == 1792879200_000
    assert end_of_day("2026-10-25") - end_of_day("2026-10-24") == 25 * 3_600_000
