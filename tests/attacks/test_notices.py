"""Notices that tell too much, lie, nag, or make a consent of silence."""

from __future__ import annotations

import secrets
from dataclasses import replace
from pathlib import Path

import pytest

from clients.sdk import consents, requests, sending
from clients.sdk.client import Client, new_statement_id
from clients.sdk.errors import Denied, SdkError, Tampered
from protocol.consent.notices import NoticeKind
from protocol.consent.state import State
from protocol.consent.terms import Terms
from protocol.consent.vocabulary import Kind, Language
from protocol.identifiers import MatterId, SubjectId
from protocol.statements.consent import RequestBody
from protocol.statements.reminding import ReminderBody
from tests.attacks.conftest import Later
from tests.attacks.test_existence import ask, names, nothing
from tests.attacks.town import PARTIES, Town, coordination
from tests.http.consent import test_reminders as reminding
from tests.http.consent import test_shields as shielding
from tests.http.consent.support import BORN_14, open_town
from tests.kit.world import done

EMPTY = b'{"notices":[],"next":null}'


def short(town: Town) -> consents.Wanted:
    """What the mother asks for a month."""
    wanted = coordination(town.subject, MatterId.of(secrets.token_bytes(16)), [town.unit(name) for name in PARTIES])
    return replace(wanted, share_months=1)


async def known(client: Client, digest: str, subject: SubjectId) -> consents.Known:
    return next(one for one in await consents.listed(client, subject) if one.digest == digest)


@pytest.mark.parametrize("who", ["stranger", "teacher", "former"])
async def test_an_outsiders_notices_tell_nothing_of_what_waits_for_others(town: Town, who: str) -> None:
    outsider = await town.client(who)
    assert (await ask(outsider, "GET", "/v1/notices")).body == EMPTY
    await consents.request(await town.client("mother"), short(town))
    assert (await ask(await town.client("father"), "GET", "/v1/notices")).body != EMPTY
    for path in ("/v1/notices", "/v1/notices?cursor=0", f"/v1/notices?cursor={2**40}"):
        assert (await ask(outsider, "GET", path)).body == EMPTY


async def test_reminding_tells_an_outsider_nothing_of_what_exists(town: Town) -> None:
    stranger = await town.client("stranger")
    told = []
    for one in (await names(town), nothing()):
        subject, matter = SubjectId.parse(one["subject"]), MatterId.parse(one["matter"])
        body = ReminderBody(new_statement_id(), one["digest"], subject, matter, None)
        told.append(await ask(stranger, "POST", "/v1/consent-reminders", {"token": await stranger.sign(body)}))
    assert told[0] == told[1]
    assert told[0].status == 404
    assert town.events()[-2:] == ["statement-refused", "statement-refused"]


async def test_a_reminder_reaches_nobody_from_whom_the_matter_is_hidden(tmp_path: Path) -> None:
    async with open_town(tmp_path / "town", born=BORN_14) as town:
        words = tmp_path / "words.jsonl"
        await reminding.write_to(town, words)
        terms = await town.asked()
        assert (await town.world.get(town.father, "/v1/notices")).raw != EMPTY
        done(await shielding.ask(town))
        before = len(reminding.lines(words))
        done(await reminding.remind(town, terms))
        for parent in (town.mother, town.father):
            assert (await town.world.get(parent, "/v1/notices")).raw == EMPTY, parent.name
        assert {each["person"] for each in reminding.lines(words)[before:]} == {town.youth.person}
        # Whoever reminds is answered the same whether it reached anybody, and a second time no differently.
        assert (await reminding.remind(town, terms)).code == "already-reminded"


async def test_a_notice_of_what_does_not_wait_is_not_shown(town: Town) -> None:
    mother = await town.client("mother")
    terms = (await known(mother, town.consent, town.subject)).terms
    lie = {"kind": "sign", "t": terms.made, "reminded": terms.made, "consent": terms.id}
    town.operator.serve("GET", "/v1/notices", {"notices": [lie], "next": None})
    assert await requests.waiting(mother) == []


async def test_a_notice_of_what_is_not_there_is_not_shown(town: Town) -> None:
    lie = {"kind": "sign", "t": 1, "reminded": None, "consent": nothing()["consent"]}
    town.operator.serve("GET", "/v1/notices", {"notices": [lie], "next": None})
    assert await requests.waiting(await town.client("mother")) == []


async def test_a_text_that_says_less_than_its_terms_is_not_shown_as_a_notice(town: Town) -> None:
    doctor, father, wanted = await town.client("doctor"), await town.client("father"), short(town)
    found = await consents.situation(doctor, town.subject, [town.unit(name) for name in PARTIES])
    honest = consents.lawful_terms(found, wanted, Kind.DISCLOSURE)
    harmless = replace(honest, text=replace(honest.text, language=Language.BOKMAL, body="Bare en prat."))
    body = RequestBody(new_statement_id(), town.unit("practice"), Terms.parse(harmless.to_json()))
    await doctor.submit("/v1/consents", body)
    with pytest.raises(Tampered) as caught:
        await requests.waiting(father)
    assert caught.value.code == "wrong-text"


async def test_nothing_renews_by_itself_and_a_renewal_without_signatures_carries_nothing(
    town: Town, later: Later, reckless: list[str]
) -> None:
    mother, father, doctor = [await town.client(name) for name in ("mother", "father", "doctor")]
    [terms] = await consents.request(mother, short(town))
    for parent in (mother, father):
        await consents.sign(parent, await known(parent, terms.digest, town.subject))
    assert [await requests.waiting(one) for one in (mother, father, doctor)] == [[], [], []]
    later.forward(17.5)
    for parent in (mother, father):
        assert [one.kinds for one in await requests.waiting(parent)] == [(NoticeKind.RENEW,)]
    assert await requests.waiting(doctor) == []
    [anew] = await requests.renew(mother, await known(mother, terms.digest, town.subject))
    assert anew.share_until > terms.share_until
    assert [one.kinds for one in await requests.waiting(father)] == [(NoticeKind.SIGN,)]
    await consents.sign(mother, await known(mother, anew.digest, town.subject))
    assert (await known(doctor, anew.digest, town.subject)).standing.state is State.PARTLY_SIGNED
    reckless.append(anew.digest)
    with pytest.raises(Denied) as refused:
        await sending.send(doctor, town.wanted(matter=terms.matter))
    assert refused.value.code == "signature-missing"
    await consents.refuse(father, await known(father, anew.digest, town.subject))
    assert [await requests.waiting(one) for one in (mother, father, doctor)] == [[], [], []]
    with pytest.raises(SdkError) as nagging:
        await requests.remind(mother, await known(mother, anew.digest, town.subject))
    assert nagging.value.code == "refused"
