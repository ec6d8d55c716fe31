"""A request that finishes itself: each is told what waits and answers; whoever asked sees who is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from clients.sdk import asking, consents, requests
from clients.sdk.errors import Misused
from protocol.consent.age import months_after
from protocol.consent.notices import NoticeKind
from protocol.consent.state import State
from protocol.consent.terms import PersonParty
from protocol.consent.vocabulary import Language, Purpose
from protocol.identifiers import Instant, MatterId
from tests.e2e.stage import Stage, referral, sign_all
from tests.e2e.test_command import matter_of, run


async def asked(stage: Stage) -> MatterId:
    """Let the GP, who knows the child by the mother's own sending, ask for a referral."""
    matter = await matter_of(stage, signed=True)
    async with stage.client("gp") as gp:
        await consents.request(gp, referral(stage, matter), unit=stage.units["gp"])
    return matter


async def test_a_guardian_reads_the_text_and_the_next_step_in_the_notices_and_nothing_after_signing(
    served: Stage,
) -> None:
    matter = await asked(served)
    told = await run(served, "father", "notices", "--language", "en", "--json")
    assert told.status == 0, told.err
    found = told.answer["notices"]
    assert [each["kinds"] for each in found] == [["sign"], ["sign"]]
    async with served.client("gp") as gp:
        texts = {one.digest: one.terms.text.body for one in await consents.listed(gp, served.child)}
    assert all(each["text"] == texts[each["consent"]] for each in found)
    shown = await run(served, "father", "notices", "--language", "en")
    assert "You are asked to answer yes or no." in shown.out
    assert f"fortrolig consent sign {found[0]['consent'][:16]} --child {served.child}" in shown.out
    signed = await run(served, "father", *found[0]["next"][0].split()[1:])
    assert signed.status == 0, signed.err
    async with served.client("father") as father:
        await sign_all(father, served, matter)
        assert await requests.waiting(father) == []
    empty = await run(served, "father", "notices", "--language", "nb")
    assert (empty.status, empty.out.strip()) == (0, "Ingenting venter på deg.")


async def test_whoever_asked_sees_who_has_answered_and_reminds_the_others_once(served: Stage) -> None:
    matter = await asked(served)
    async with served.client("mother") as mother:
        await sign_all(mother, served, matter)
    async with served.client("gp") as gp:
        await consents.hear(gp, served.child, matter, "for", unit=served.units["gp"])
        [care, _] = [one for one in await consents.listed(gp, served.child) if one.terms.purpose == "referral"]
    shown = await run(served, "gp", "consent", "show", care.digest, "--child", served.child, "--json")
    persons = served.persons
    assert {each["person"]: each["answer"] for each in shown.answer["answers"]} == {
        persons["mother"]: "signed",
        persons["father"]: "waiting",
        served.child: "heard",
    }
    told = await run(served, "gp", "consent", "show", care.digest, "--child", served.child, "--language", "nb")
    assert f"signerer: {persons['father']} - har ikke svart" in told.out
    assert f"signerer: {persons['mother']} - signerte" in told.out
    words = ("consent", "remind", care.digest[:16], "--child", served.child)
    first = await run(served, "gp", *words, "--language", "en")
    assert (first.status, "It cannot be done again." in first.out) == (0, True), first.err
    again = await run(served, "gp", *words, "--json")
    assert (again.status, again.code) == (3, "already-reminded")
    async with served.client("father") as father, served.client("mother") as mother:
        waiting = {one.known.digest: one for one in await requests.waiting(father)}
        assert waiting[care.digest].reminded is not None
        assert [one.reminded for one in waiting.values() if one.known.digest != care.digest] == [None]
        assert await requests.waiting(mother) == []
    shown = await run(served, "father", "notices", "--language", "en")
    assert "You were reminded on " in shown.out


async def test_a_refusal_is_final_nobody_is_reminded_and_nobody_has_a_notice(served: Stage) -> None:
    await asked(served)
    async with served.client("father") as father:
        waiting = await requests.waiting(father)
        for one in waiting:
            await consents.refuse(father, one.known)
    digest = waiting[0].known.digest
    reminded = await run(served, "gp", "consent", "remind", digest, "--child", served.child, "--json")
    assert (reminded.status, reminded.code) == (3, "refused")
    for name in ("father", "mother", "gp"):
        async with served.client(name) as client:
            assert await requests.waiting(client) == []
    async with served.client("gp") as gp:
        [known] = [one for one in await consents.listed(gp, served.child) if one.digest == digest]
    answers = {one.role.person: one.answer for one in requests.progress(known)}
    assert answers[served.persons["father"]] is requests.Answer.REFUSED
    assert answers[served.persons["mother"]] is requests.Answer.NOT_NEEDED


async def test_what_still_waits_or_was_refused_is_not_renewed(served: Stage) -> None:
    await asked(served)
    async with served.client("father") as father:
        [care, disclosure] = [one.known for one in await requests.waiting(father)]
        await consents.refuse(father, care)
    for known, status, code in ((disclosure, 2, "still-open"), (care, 3, "refused")):
        told = await run(served, "gp", "consent", "renew", known.digest, "--child", served.child, "--json")
        assert (told.status, told.code) == (status, code)


async def test_a_renewal_asks_for_the_same_with_new_dates_and_for_new_signatures(served: Stage) -> None:
    matter = await matter_of(served, signed=True)
    async with served.client("mother") as mother:
        [old] = [one for one in await consents.listed(mother, served.child) if one.terms.matter == matter]
    told = await run(served, "mother", "consent", "renew", old.digest, "--language", "nb")
    assert (told.status, "Ingenting gjelder før alle har signert" in told.out) == (0, True), told.err
    async with served.client("mother") as mother:
        [new] = [one for one in await requests.waiting(mother) if one.known.terms.matter == matter]
    terms = new.known.terms
    assert (new.kinds, new.known.standing.state) == ((NoticeKind.SIGN,), "requested")
    assert (terms.receivers, terms.categories) == (old.terms.receivers, old.terms.categories)
    assert terms.share_until > old.terms.share_until
    again = await run(served, "mother", "consent", "renew", old.digest, "--json")
    assert (again.status, again.code) == (2, "already-renewed")


def test_months_reach_the_end_that_terms_name() -> None:
    made = Instant(1_800_000_000_000)
    for months in (1, 6, 24):
        assert requests.months_between(made, months_after(made, months)) == months


async def test_a_father_asks_back_before_he_answers_and_the_unit_answers_him_alone(
    served: Stage, tmp_path: Path
) -> None:
    await asked(served)
    async with served.client("father") as father:
        [care, *_] = [one.known for one in await requests.waiting(father)]
    words = tmp_path / "question.txt"
    words.write_text("SYNTETISK. Hvorfor trenger dere rapporten?", encoding="utf-8")
    command = ("consent", "ask", care.digest[:16], "--message-file", str(words), "--child", served.child)
    told = await run(served, "father", *command, "--language", "en")
    assert (told.status, "you have answered neither yes nor no" in told.out) == (0, True), told.err
    [item] = (await run(served, "gp", "inbox", "--json")).answer["items"]
    assert item["title"].endswith(f" {care.digest[:16]}")
    opened = await run(served, "gp", "open", item["share"], "--json")
    assert opened.answer["message"] == "SYNTETISK. Hvorfor trenger dere rapporten?"
    words.write_text("SYNTETISK. For å henvise.", encoding="utf-8")
    replied = await run(served, "gp", "reply", item["share"], "--message-file", str(words), "--json")
    assert replied.status == 0, replied.err
    [answer] = (await run(served, "father", "inbox", "--json")).answer["items"]
    read = await run(served, "father", "open", answer["share"], "--json")
    assert read.answer["message"] == "SYNTETISK. For å henvise."
    assert (await run(served, "mother", "inbox", "--json")).answer["items"] == []
    async with served.client("father") as father, served.client("mother") as mother:
        assert len(await requests.waiting(father)) == 2
        own = [
            one
            for one in await consents.listed(mother, served.child)
            if one.terms.senders == (PersonParty(father.person),)
        ]
        assert own == []
        known = next(one for one in await consents.listed(father, served.child) if one.digest == care.digest)
        before = len(await consents.listed(father, served.child))
        await asking.ask(father, known, "Igjen", "SYNTETISK. Og hvor lenge?", Language.BOKMAL)
        assert len(await consents.listed(father, served.child)) == before


async def test_a_question_that_broke_off_before_it_was_signed_goes_on(served: Stage) -> None:
    await asked(served)
    async with served.client("father") as father:
        [known, *_] = [one.known for one in await requests.waiting(father)]
        wanted = asking._to_write(father, known.terms, served.units["gp"], Language.BOKMAL)
        await consents.request(father, wanted)
        sent = await asking.ask(father, known, "Spørsmål", "SYNTETISK. Hvorfor?", Language.BOKMAL)
        assert not sent.held
        own = [one for one in await consents.listed(father, served.child) if one.terms.purpose is Purpose.OWN_SENDING]
        assert [one.standing.state for one in own] == [State.IN_FORCE]


async def test_a_question_about_what_the_family_asked_for_itself_is_answered_with_talk(served: Stage) -> None:
    await matter_of(served, signed=True)
    async with served.client("mother") as mother:
        [known] = await consents.listed(mother, served.child)
        with pytest.raises(Misused) as refused:
            await asking.ask(mother, known, "Spørsmål", "SYNTETISK. Hvorfor?", Language.BOKMAL)
    assert refused.value.code == "asked-by-family"
