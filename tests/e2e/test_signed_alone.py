"""A youth of fourteen signs alone in a matter that is withheld from the parents: with everybody's own clients."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from clients.sdk import consents, sending, shields
from clients.sdk.errors import Denied
from clients.sdk.foreseeing import ParentsSee, foreseen
from clients.sdk.opening import open_share
from clients.sdk.receiving import inbox
from protocol.consent.state import State
from protocol.consent.vocabulary import Category, Purpose
from protocol.identifiers import MatterId, SubjectId
from tests.e2e.stage import Stage, message
from tests.e2e.test_command import run
from tests.e2e.test_shields import act, teenager

__all__ = ["teenager"]

RULE = "no/information/12-15/shielded"


async def withheld(stage: Stage, child: SubjectId) -> MatterId:
    """Have the youth ask the clinic, the clinic decide, and the clinic ask the youth for a consent to inform it."""
    matter = MatterId.parse((await act(stage, "youth", "shield", "ask", "--to", "BUP"))["matter"])
    await act(stage, "bup", "shield", "decide", matter, "withhold", "--child", child)
    wanted = consents.Wanted(
        subject=child,
        matter=matter,
        purpose=Purpose.INFORMATION,
        senders=consents.parties([stage.units["gp"]]),
        receivers=consents.parties([stage.units["bup"]]),
        categories=(Category.MESSAGE,),
    )
    async with stage.client("bup") as bup:
        await consents.request(bup, wanted, unit=stage.units["bup"])
    return matter


async def sign(stage: Stage, child: SubjectId) -> None:
    async with stage.client("youth") as youth:
        for known in await consents.listed(youth, child):
            await consents.sign(youth, known)


async def states(stage: Stage, name: str, child: SubjectId) -> list[State]:
    async with stage.client(name) as client:
        return [each.standing.state for each in await consents.listed(client, child)]


async def send(stage: Stage, child: SubjectId, matter: MatterId) -> Any:
    letter = replace(message(stage, matter), subject=child, to=(stage.units["bup"],), unit=stage.units["gp"])
    async with stage.client("gp") as gp:
        assert (await foreseen(gp, letter)).parents is ParentsSee.NOTHING
        return await sending.send(gp, letter)


async def test_the_youth_alone_is_asked_signs_and_is_read_and_no_parent_learns_of_it(
    served: Stage, teenager: SubjectId
) -> None:
    matter = await withheld(served, teenager)
    [waiting] = (await act(served, "youth", "notices"))["notices"]
    assert waiting["kinds"] == ["sign"]
    assert (await act(served, "mother", "notices"))["notices"] == []
    await sign(served, teenager)
    for name in ("youth", "gp", "bup"):
        assert await states(served, name, teenager) == [State.IN_FORCE]
    for name in ("mother", "father"):
        assert await states(served, name, teenager) == []
    sent = await send(served, teenager, matter)
    async with served.client("bup") as bup:
        [item] = [each for each in await inbox(bup) if each.share == sent.share]
        assert (await open_share(bup, item)).body.message == "SYNTETISK. Hei."
    why = await act(served, "bup", "consent", "why", "--share", sent.share)
    assert why["decision"] == "permit"
    assert [each["id"] for each in why["rules"]] == [RULE]
    assert "shield-withhold" in {each["said"] for each in why["facts"]}


async def test_when_the_clinic_decides_anew_nothing_more_is_sent_and_the_reason_says_what_to_do(
    served: Stage, teenager: SubjectId
) -> None:
    matter = await withheld(served, teenager)
    await sign(served, teenager)
    await act(served, "bup", "shield", "decide", matter, "decline", "--child", teenager)
    for name in ("youth", "gp"):
        assert await states(served, name, teenager) == [State.NEEDS_NEW_CONSENT]
    with pytest.raises(Denied) as refused:
        await send(served, teenager, matter)
    assert refused.value.code == "needs-new-consent"
    assert await states(served, "mother", teenager) == []


async def test_where_the_server_holds_the_decision_back_the_senders_client_seals_nothing(
    served: Stage, teenager: SubjectId, monkeypatch: pytest.MonkeyPatch
) -> None:
    matter = await withheld(served, teenager)
    await sign(served, teenager)

    async def nothing(*_: Any) -> list[shields.Hidden]:
        return []

    monkeypatch.setattr(shields, "listed", nothing)
    letter = replace(message(served, matter), subject=teenager, to=(served.units["bup"],), unit=served.units["gp"])
    async with served.client("gp") as gp:
        with pytest.raises(Denied) as refused:
            await sending.send(gp, letter)
    assert refused.value.code == "needs-new-consent"


async def test_the_rule_is_shown_and_explained_offline(served: Stage) -> None:
    shown = await run(served, "gp", "rules", "show", "--purpose", "information", "--language", "en")
    assert RULE in shown.out
    about = ("--purpose", "information", "--born", "2012-05-04", "--at", "2026-11-23")
    ordinary = await run(served, "gp", "rules", "explain", *about, "--json")
    shielded = await run(served, "gp", "rules", "explain", *about, "--circumstance", "shielded", "--json")
    assert [each["signs"] for each in ordinary.answer["rules"]] == ["all-guardians"]
    [rule] = shielded.answer["rules"]
    assert (rule["id"], rule["signs"], rule["circumstances"]) == (RULE, "youth", ["shielded"])
    assert rule["reference"] == "pbrl §§ 3-4, 3-6, 4-3; hpl § 22"
    said = await run(served, "gp", "rules", "explain", *about, "--circumstance", "shielded", "--language", "nb")
    assert "Foreldrene blir ikke spurt" in said.out
    wrong = await run(served, "gp", "rules", "explain", *about, "--circumstance", "odd", "--json")
    assert (wrong.status, wrong.code) == (2, "bad-word")
