"""A youth keeps a matter from the parents, and a professional decides: from the command line, in both languages."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from clients.sdk import choosing, consents, enrolment, shields, subjects
from clients.sdk.errors import Tampered
from protocol.consent.answer import Deny, Permit, Reason
from protocol.consent.vocabulary import Category, Purpose
from protocol.identifiers import MatterId, SubjectId
from protocol.statements.base import Refused
from tests.e2e.stage import Stage, enrol, newborn
from tests.e2e.test_command import run


@pytest.fixture
async def teenager(served: Stage) -> SubjectId:
    """A child of fourteen with a key of their own: the client `youth`."""
    born = (datetime.now(UTC) - timedelta(days=14 * 366)).date()
    async with served.client("registrar") as registrar:
        person = await enrol(served, registrar, "youth", "person")
        await enrolment.endorse_all(registrar)
        child = replace(newborn(served, "mother", "father", nth=7), birth_date=born, youth=person)
        return await subjects.register(registrar, child)


async def act(stage: Stage, name: str, *words: str) -> Any:
    ended = await run(stage, name, *words, "--json", given="SYNTETISK grunn")
    assert ended.status == 0, ended.out
    return ended.answer


async def fail(stage: Stage, name: str, *words: str) -> tuple[int, str]:
    ended = await run(stage, name, *words, "--json", given="SYNTETISK grunn")
    return ended.status, ended.code


async def seen_by(stage: Stage, name: str, child: SubjectId) -> int:
    """Say how many consents around the child somebody knows of."""
    async with stage.client(name) as client:
        return len(await consents.listed(client, child))


async def ask_for_consent(stage: Stage, child: SubjectId, matter: str) -> None:
    wanted = consents.Wanted(
        subject=child,
        matter=MatterId.parse(matter),
        purpose=Purpose.INFORMATION,
        senders=consents.parties([stage.units["gp"]]),
        receivers=consents.parties([stage.units["bup"]]),
        categories=(Category.MESSAGE,),
    )
    async with stage.client("gp") as gp:
        await consents.request(gp, wanted, unit=stage.units["gp"])


async def test_what_a_youth_asks_for_is_hidden_decided_told_and_ended(served: Stage, teenager: SubjectId) -> None:
    asked = await act(served, "youth", "shield", "ask", "--to", "BUP")
    matter = asked["matter"]
    about = ("--child", teenager)
    decided = await act(served, "bup", "shield", "decide", matter, "withhold", *about)
    async with served.client("youth") as youth:
        [hidden] = await shields.listed(youth, teenager)
        assert hidden.decision is not None
        assert (hidden.decision.digest, hidden.told, hidden.ends()) == (decided["decision"], False, None)
    [listed] = (await act(served, "youth", "shield", "list"))["shields"]
    assert listed["from"] == sorted([served.persons["mother"], served.persons["father"]])
    assert (listed["withheld"], listed["told"], listed["ends"]) == (True, True, None)
    assert (await act(served, "mother", "shield", "list", *about))["shields"] == []
    await act(served, "youth", "shield", "end", matter)
    assert await fail(served, "youth", "shield", "end", matter) == (3, "not-shielded")
    assert not (await act(served, "youth", "shield", "list"))["shields"][0]["from"]


async def test_a_no_is_told_to_the_youth_first(served: Stage, teenager: SubjectId) -> None:
    matter = (await act(served, "youth", "shield", "ask", "--to", "BUP"))["matter"]
    about = ("--child", teenager)
    assert await fail(served, "bup", "shield", "told", matter, *about) == (2, "no-decision")
    await act(served, "bup", "shield", "decide", matter, "decline", *about)
    assert (await act(served, "bup", "shield", "list", *about))["shields"][0]["ends"] is None
    said = await run(served, "bup", "shield", "list", *about, "--language", "en")
    assert "7 days after the youth was told" in said.out
    said = await run(served, "youth", "shield", "list", "--language", "nb")
    assert "klage til Statsforvalteren" in said.out
    assert "Vises fra" in said.out
    assert await fail(served, "youth", "shield", "ask", "--to", "BUP", "--matter", matter) == (3, "already-decided")
    await act(served, "bup", "shield", "told", matter, *about)


async def test_what_is_asked_in_a_hidden_matter_is_unknown_to_the_parents(served: Stage, teenager: SubjectId) -> None:
    father = served.persons["father"]
    asked = await run(served, "youth", "shield", "ask", "--to", "Fjord", "--from", father, "--language", "nb")
    assert "Dette vises ikke for foreldrene dine" in asked.out
    async with served.client("youth") as youth:
        [hidden] = await shields.listed(youth, teenager)
    await ask_for_consent(served, teenager, hidden.matter)
    assert [await seen_by(served, name, teenager) for name in ("mother", "father", "youth")] == [1, 0, 1]


async def test_wrong_words_are_refused_with_the_words_that_are_taken(served: Stage, teenager: SubjectId) -> None:
    matter = (await act(served, "youth", "shield", "ask", "--to", "BUP"))["matter"]
    about = ("--child", teenager)
    assert await fail(served, "bup", "shield", "decide", matter, "perhaps", *about) == (2, "bad-word")
    assert await fail(served, "bup", "shield", "decide", matter, "withhold", "--ground", "so", *about) == (
        2,
        "bad-word",
    )
    assert await fail(served, "bup", "shield", "decide", matter, "withhold", "--hides", "so", *about) == (2, "bad-word")
    less = ("--hides", "content", "--hides", "log")
    await act(served, "bup", "shield", "decide", matter, "withhold", *less, *about)
    nobody = await run(served, "mother", "shield", "list", *about, "--language", "en")
    assert "Nothing is hidden." in nobody.out
    stranger = await run(served, "gp", "shield", "list", *about, "--language", "en")
    assert (stranger.status, stranger.out) == (nobody.status, nobody.out)


async def test_a_decision_by_nobody_entitled_is_not_believed(
    served: Stage, teenager: SubjectId, monkeypatch: pytest.MonkeyPatch
) -> None:
    await act(served, "youth", "shield", "ask", "--to", "BUP")

    def refuse(*_: Any) -> Any:
        raise Refused("not-entitled", "")

    monkeypatch.setattr(shields, "shield_word", refuse)
    async with served.client("youth") as youth:
        with pytest.raises(Tampered) as refused:
            await shields.listed(youth, teenager)
        assert refused.value.code == "not-entitled"


async def test_the_senders_own_client_seals_nothing_to_who_is_shut_out(served: Stage, teenager: SubjectId) -> None:
    matter, mother = MatterId.of(bytes(16)), served.persons["mother"]
    wanted = consents.Wanted(
        subject=teenager,
        matter=matter,
        purpose=Purpose.OWN_SENDING,
        senders=consents.parties([served.persons["youth"]]),
        receivers=consents.parties([served.persons["youth"], mother]),
        categories=(Category.MESSAGE,),
    )
    letter = choosing.Wanted(
        subject=teenager, matter=matter, to=(mother,), title="Hei", category=Category.MESSAGE, message="SYNTETISK"
    )
    async with served.client("youth") as youth:
        await consents.request(youth, wanted)
        for known in await consents.listed(youth, teenager):
            await consents.sign(youth, known)
        assert isinstance(choosing.choose(youth, await choosing.around(youth, letter), letter).answer, Permit)
        await shields.ask(youth, shields.About(None, teenager, matter), served.units["bup"], [mother])
        answer = choosing.choose(youth, await choosing.around(youth, letter), letter).answer
        assert isinstance(answer, Deny)
        assert answer.reason is Reason.SHIELDED
