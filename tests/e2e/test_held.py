"""`fortrolig held`: what waits is listed and told of, and is thrown away unsent by whoever may release it."""

from __future__ import annotations

from pathlib import Path

from clients.sdk import consents
from tests.e2e.stage import Stage, referral, sign_all
from tests.e2e.test_command import inside, matter_of, run


async def hold(stage: Stage, folder: Path) -> str:
    """Let the GP hold a referral for which the father has not signed; gives the share."""
    matter, words = await matter_of(stage, signed=True), folder / "henvisning.txt"
    words.write_text("SYNTETISK. Henvisning.\n", encoding="utf-8")
    async with stage.client("gp") as gp, stage.client("mother") as mother:
        await consents.request(gp, referral(stage, matter), unit=stage.units["gp"])
        await consents.hear(gp, stage.child, matter, "for", unit=stage.units["gp"])
        await sign_all(mother, stage, matter)
    held = await run(
        stage,
        "gp",
        *("send", "--to", "BUP", "--matter", matter, "--child", stage.child, "--category", "referral"),
        *("--message-file", str(words), "--hold", "--json"),
    )
    assert held.answer["held"], held.out
    share: str = held.answer["share"]
    return share


async def test_what_waits_is_listed_and_told_of_with_who_must_still_act(served: Stage, tmp_path: Path) -> None:
    share = await hold(served, tmp_path)
    listed = await run(served, "gp", "held", "list", "--json")
    [one] = listed.answer["held"]
    assert (one["share"], one["unit"], one["to"]) == (share, served.units["gp"], [served.units["bup"]])
    shown = await run(served, "gp", "held", "show", share[:12], "--json")
    assert [each["missing"] for each in shown.answer["consents"]] == [[f"signs:{served.persons['father']}"]] * 2
    bokmal, english = [await run(served, "gp", "held", "show", share, "--language", one) for one in ("nb", "en")]
    assert (bokmal.status, english.status) == (0, 0)
    assert "til BUP Fjord" in bokmal.out
    assert f"signerer: {served.persons['father']}" in bokmal.out
    assert "to BUP Fjord" in english.out
    assert "then deleted unsent" in english.out
    again = await run(served, "gp", "held", "list", "--language", "nb")
    assert "1 venter, ikke sendt." in again.out


async def test_a_held_share_is_dropped_by_a_colleague_and_by_nobody_else(served: Stage, tmp_path: Path) -> None:
    share = await hold(served, tmp_path)
    for name in ("mother", "bup"):
        refused = await run(served, name, "held", "drop", share, "--json")
        assert (refused.status, refused.code) == (2, "unclear-share")
    dropped = await run(served, "gp-custodian", "held", "drop", share[:12], "--language", "nb")
    assert (dropped.status, dropped.out.splitlines()) == (
        0,
        [f"Kastet, ikke sendt: {share}. Mottakerne får ikke vite om det."],
    )
    empty = await run(served, "gp", "held", "list", "--language", "en")
    assert (empty.status, empty.out.strip()) == (0, "Nothing waits.")
    for words in (("release", share), ("held", "drop", share), ("held", "show", share)):
        gone = await run(served, "gp", *words, "--json")
        assert (gone.status, gone.code) == (2, "unclear-share"), words
    assert (await run(served, "bup", "inbox", "--json")).answer["items"] == []


async def test_a_beginning_that_fits_several_drops_none(served: Stage, tmp_path: Path) -> None:
    shares = {await hold(served, tmp_path), await hold(served, tmp_path)}
    unclear = await run(served, "gp", "held", "drop", "shr_", "--json")
    assert (unclear.status, unclear.code) == (2, "unclear-share")
    assert "2" in unclear.answer["error"]["detail"]
    listed = await run(served, "gp", "held", "list", "--json")
    assert {one["share"] for one in listed.answer["held"]} == shares


def test_dropping_at_a_server_that_is_not_there_is_5(stage: Stage) -> None:
    assert inside(stage, "gp", "held", "drop", "shr_") == (5, "unreachable")
