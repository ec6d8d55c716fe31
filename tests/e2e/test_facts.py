"""Facts from the command line: recorded, listed and ended by professionals, in both languages."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import pytest

from clients.sdk import consents
from protocol.consent.vocabulary import Category, Purpose
from protocol.identifiers import MatterId
from tests.e2e.stage import Stage, own_sending, sign_all
from tests.e2e.test_command import run


async def act(stage: Stage, name: str, *words: str) -> Any:
    """Run a command that must succeed, with a reason piped in; give what it answered."""
    ended = await run(stage, name, *words, "--json", given="SYNTETISK grunn")
    assert ended.status == 0, ended.out
    return ended.answer


async def fail(stage: Stage, name: str, *words: str) -> tuple[int, str]:
    ended = await run(stage, name, *words, "--json", given="SYNTETISK grunn")
    return ended.status, ended.code


@pytest.fixture
async def matter(served: Stage) -> MatterId:
    """A matter in which the practice may inform the clinic, once both guardians sign."""
    name = MatterId.of(secrets.token_bytes(16))
    async with served.client("gp") as gp, served.client("mother") as mother:
        await consents.request(mother, own_sending(served, name))
        wanted = consents.Wanted(
            subject=served.child,
            matter=name,
            purpose=Purpose.INFORMATION,
            senders=consents.parties([served.units["gp"]]),
            receivers=consents.parties([served.units["bup"]]),
            categories=(Category.MESSAGE,),
        )
        await consents.request(gp, wanted, unit=served.units["gp"])
        await consents.hear(gp, served.child, name, "for", unit=served.units["gp"])
        for known in await consents.listed(mother, served.child):
            await consents.sign(mother, known)
    return name


async def state(stage: Stage, name: str) -> str:
    async with stage.client(name) as client:
        [known] = [
            one for one in await consents.listed(client, stage.child) if one.terms.purpose is Purpose.INFORMATION
        ]
        return str(known.standing.state)


async def test_a_ground_is_recorded_after_attempts_listed_and_ended(served: Stage, matter: MatterId) -> None:
    about = ("--matter", matter, "--child", served.child)
    father = ("--guardian", served.persons["father"])
    alone = ("fact", "one-guardian", *about, *father, "--heard", "unreachable")
    assert await state(served, "bup") == "partly-signed"
    assert await fail(served, "gp", *alone) == (2, "no-attempts")
    tried = ("fact", "attempt", *about, *father, "--channel", "phone", "--result", "no-answer", "--hours-ago", "2")
    attempt = (await act(served, "gp", *tried))["fact"]
    ground = (await act(served, "gp", *alone))["fact"]
    assert await state(served, "bup") == await state(served, "mother") == "in-force"
    listed = (await act(served, "bup", "fact", "list", "--child", served.child))["facts"]
    assert [each["fact"] for each in listed] == [attempt, ground]
    shown = (await run(served, "bup", "fact", "list", "--child", served.child, "--language", "en")).out
    assert "attempt to reach a guardian" in shown
    assert "one guardian may consent alone" in shown
    assert await fail(served, "bup", "fact", "end", ground[:12], "--child", served.child) == (3, "not-entitled")
    assert await fail(served, "gp", "fact", "end", "nothing", "--child", served.child) == (2, "unclear-fact")
    await act(served, "gp", "fact", "end", ground[:12], "--child", served.child)
    assert await state(served, "bup") == "partly-signed"


async def test_an_assessment_is_recorded_by_professionals_only(served: Stage, matter: MatterId) -> None:
    about = ("--matter", matter, "--child", served.child)
    assert await fail(served, "mother", "fact", "assess", *about) == (2, "not-staff")
    await act(served, "gp", "fact", "assess", *about)
    [fact] = (await act(served, "gp", "fact", "list", "--child", served.child))["facts"]
    assert fact["kind"] == "fact-assessment"


async def test_words_outside_their_lists_are_refused_before_anything_is_asked(served: Stage, matter: MatterId) -> None:
    about = ("--matter", matter, "--child", served.child, "--guardian", served.persons["father"])
    assert await fail(served, "gp", "fact", "one-guardian", *about, "--heard", "silent") == (2, "bad-word")
    assert await fail(served, "gp", "fact", "attempt", *about, "--channel", "dove", "--result", "no-answer") == (
        2,
        "bad-word",
    )


async def test_a_professional_withdraws_for_a_parent_and_everybody_sees_who_wrote_it_down(
    served: Stage, matter: MatterId
) -> None:
    async with served.client("bup") as bup:
        [known] = [each for each in await consents.listed(bup, served.child) if each.terms.matter == matter]
    words = (
        "consent",
        "record-withdrawal",
        known.digest[:12],
        "--for",
        served.persons["mother"],
        "--child",
        served.child,
    )
    assert await fail(served, "bup", *words, "--by", "rumour") == (2, "bad-word")
    assert await fail(served, "mother", *words, "--by", "oral") == (2, "not-staff")
    assert (await act(served, "bup", *words, "--by", "oral"))["state"] == "withdrawn"
    assert await state(served, "mother") == "withdrawn"
    shown = (await run(served, "mother", "consent", "show", known.digest[:12], "--language", "en")).out
    assert "Withdrawn orally by you, written down at" in shown
    for parent in ("mother", "father"):
        told = await run(served, parent, "notices", "--language", "en")
        assert "A professional wrote down that this is withdrawn." in told.out


async def test_a_yes_is_recorded_by_two_and_disputed_by_the_person(served: Stage, matter: MatterId) -> None:
    async with served.client("bup") as bup:
        [known] = [each for each in await consents.listed(bup, served.child) if each.terms.matter == matter]
    about = (known.digest[:12], "--child", served.child)
    told = (*about, "--for", served.persons["father"], "--by", "paper")
    record = ("consent", "record", *told, "--identity", "document", "--interpreter", "somali")
    assert await fail(served, "bup", *record) == (3, "signature-recorded")
    await act(served, "registrar", "registrar", "publish", "--log", served.log_key, "--recorded")
    assert await fail(served, "bup", "consent", "confirm-record", *told) == (2, "not-recorded")
    await act(served, "bup", *record)
    assert await fail(served, "bup", "consent", "confirm-record", *told) == (3, "not-entitled")
    await act(served, "bup-custodian", "consent", "confirm-record", *told)
    assert await state(served, "mother") == "in-force"
    shown = (await run(served, "father", "consent", "show", *about, "--language", "en")).out
    assert "Said yes on paper by you, written down at" in shown
    told_father = (await run(served, "father", "notices", "--language", "en")).out
    assert "A professional wrote down that you said yes." in told_father
    await act(served, "father", "consent", "dispute", *about)
    assert await state(served, "mother") == "partly-signed"
    assert "A professional wrote down" not in (await run(served, "father", "notices", "--language", "en")).out
    disputed = await act(served, "mother", "consent", "show", *about)
    assert served.persons["father"] not in disputed["signed"]
    [answer] = [
        one for one in disputed["answers"] if (one["person"], one["act"]) == (served.persons["father"], "signs")
    ]
    assert answer["answer"] == "waiting"
    assert "(disputed)" in (await run(served, "mother", "consent", "show", *about, "--language", "en")).out
    assert await fail(served, "father", "consent", "dispute", *about) == (2, "not-recorded")
    await act(served, "bup", *record)
    await act(served, "bup-custodian", "consent", "confirm-record", *told)
    assert await state(served, "mother") == "in-force"
    await act(served, "father", "consent", "sign", known.digest[:12], "--child", served.child)
    assert "A professional wrote down" not in (await run(served, "father", "notices", "--language", "en")).out


async def test_whoever_has_no_key_withdraws_at_a_unit_that_takes_no_part_by_showing_the_certificate(
    served: Stage, tmp_path: Path
) -> None:
    matter = MatterId.of(secrets.token_bytes(16))
    async with served.client("mother") as mother:
        await consents.request(mother, own_sending(served, matter))
        [known] = await sign_all(mother, served, matter)
    paper = tmp_path / "samtykke.pdf"
    await act(served, "mother", "consent", "certificate", known.digest, "--out", str(paper))
    words = ("consent", "withdraw-shown", str(paper), "--for", served.persons["mother"], "--by", "paper")
    assert await fail(served, "bup", *words) == (2, "name-shown")
    safe = "--our-name-may-be-shown"
    assert await fail(served, "bup", "consent", "withdraw-shown", "ingenting", *words[3:], safe) == (2, "no-codes")
    assert await fail(served, "mother", *words, safe) == (2, "not-staff")
    assert (await act(served, "bup", *words, safe))["state"] == "withdrawn"
    async with served.client("mother") as mother:
        [known] = [each for each in await consents.listed(mother, served.child) if each.terms.matter == matter]
    assert known.standing.state == "withdrawn"
    shown = (await run(served, "mother", "consent", "show", known.digest, "--language", "en")).out
    assert "Withdrawn on paper by you, written down at" in shown


async def test_a_unit_states_that_it_takes_own_keys_only(served: Stage) -> None:
    assert (await act(served, "registrar", "unit", "own-keys", "BUP", "--only"))["own_keys_only"] is True
    assert (await act(served, "registrar", "unit", "own-keys", "BUP", "--only"))["own_keys_only"] is True
    async with served.client("mother") as mother:
        directory = await mother.directory(units=[served.units["bup"]])
        assert directory.unit(served.units["bup"]).own_keys_only is True
    assert (await act(served, "registrar", "unit", "own-keys", "BUP", "--also-recorded"))["own_keys_only"] is False
    assert (await fail(served, "bup", "unit", "own-keys", "BUP", "--only"))[0] == 3
