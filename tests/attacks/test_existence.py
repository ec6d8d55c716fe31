"""What a stranger is answered about something that exists is what everybody is answered about what does not."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from typing import Any, NamedTuple

import aiohttp
import pytest

from clients.sdk import consents, receiving, sending
from clients.sdk.client import Client, new_statement_id
from clients.sdk.errors import SdkError
from protocol.consent.terms import Terms
from protocol.identifiers import (
    ConsentId,
    ConversationId,
    MatterId,
    ShareId,
    SubjectId,
    UnitId,
    UploadId,
)
from protocol.statements.consent import HearingBody, SignatureBody, WithdrawalBody
from protocol.statements.share import OpenBody
from tests.attacks.town import Town

CHANGES_ALWAYS = {"Date", "Request-Id", "DPoP-Nonce"}
OUTSIDERS = ("stranger", "former", "teacher", "supervisor")


class Told(NamedTuple):
    """An answer, without what is different in every answer."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


async def ask(client: Client, method: str, path: str, body: Any = None, **headers: str) -> Told:
    """Ask as somebody who is signed in, and give all of the answer that could tell something."""
    url = client.transport.server + path
    await client.transport.get("/v1/me")
    signed = await client.transport._signed(method, url.partition("?")[0])
    sent = signed | {name.replace("_", "-"): value for name, value in headers.items()}
    async with aiohttp.ClientSession() as session, session.request(method, url, headers=sent, json=body) as answer:
        told = tuple(sorted((name, value) for name, value in answer.headers.items() if name not in CHANGES_ALWAYS))
        return Told(answer.status, told, await answer.read())


def made_up(true: str) -> str:
    """Give an id of the same kind that names nothing."""
    return f"{true.partition('_')[0]}_{secrets.token_hex(16)}"


async def names(town: Town) -> dict[str, str]:
    """Give the ids of what exists, as an outsider may have seen them on somebody's screen."""
    [known] = await consents.listed(await town.client("mother"), town.subject)
    item = await town.item("psychologist")
    return {
        "consent": known.terms.id,
        "digest": known.digest,
        "subject": town.subject,
        "matter": town.matter,
        "share": town.share,
        "conversation": item.conversation,
        "body": item.body,
        "header": item.header,
    }


def nothing() -> dict[str, str]:
    """Give ids of the same kinds that name nothing."""
    kinds: dict[str, Callable[[bytes], str]] = {
        "consent": ConsentId.of,
        "subject": SubjectId.of,
        "matter": MatterId.of,
        "share": ShareId.of,
        "conversation": ConversationId.of,
    }
    drawn = {name: of(secrets.token_bytes(16)) for name, of in kinds.items()}
    return drawn | {name: secrets.token_hex(32) for name in ("digest", "body", "header")}


READS = (
    "/v1/consents?subject={subject}",
    "/v1/consents?matter={matter}",
    "/v1/consents/{consent}",
    "/v1/subjects/{subject}",
    "/v1/shares/{share}/content?part=file-1&entry=00000000000000000000000000000000",
    "/v1/inbox?cursor={share}",
    "/v1/sent?cursor={share}",
    "/v1/conversations",
    "/v1/conversations?cursor={conversation}",
)


@pytest.mark.parametrize("who", OUTSIDERS)
async def test_reading_tells_an_outsider_nothing_of_what_exists(town: Town, who: str) -> None:
    outsider, there, not_there = await town.client(who), await names(town), nothing()
    for path in READS:
        about_something = await ask(outsider, "GET", path.format(**there))
        about_nothing = await ask(outsider, "GET", path.format(**not_there))
        assert about_something == about_nothing, path
        assert not any(name.encode() in about_something.body for name in there.values()), path


async def statements(outsider: Client, told: dict[str, str], unit: UnitId | None) -> dict[str, tuple[str, Any]]:
    """Sign everything that can be tried on what these ids name."""
    subject, matter = SubjectId.parse(told["subject"]), MatterId.parse(told["matter"])
    share = ShareId.parse(told["share"])

    async def opening(act: str) -> str:
        envelope = told["header" if act == "receive" else "body"]
        return await outsider.sign(OpenBody(new_statement_id(), share, envelope, act, unit))

    withdrawal = WithdrawalBody(new_statement_id(), told["digest"], subject, matter)
    signature = SignatureBody(new_statement_id(), told["digest"], subject, matter, "1", "nb")
    hearing = HearingBody(new_statement_id(), subject, matter, unit, "for", None)
    tried = {act: (f"/v1/shares/{share}/open", {"statement": await opening(act)}) for act in ("open", "reopen", "own")}
    return tried | {
        "withdraw": ("/v1/consent-statements", {"token": await outsider.sign(withdrawal)}),
        "sign": ("/v1/consent-statements", {"token": await outsider.sign(signature)}),
        "hear": ("/v1/consent-statements", {"token": await outsider.sign(hearing)}),
        "hold": (f"/v1/holds/{share}/open", {"statement": await opening("own")}),
    }


@pytest.mark.parametrize("who", OUTSIDERS)
async def test_acting_tells_an_outsider_nothing_of_what_exists(town: Town, who: str) -> None:
    outsider, there, not_there = await town.client(who), await names(town), nothing()
    unit = {"former": town.unit("clinic"), "teacher": town.unit("school")}.get(who)
    something, none = await statements(outsider, there, unit), await statements(outsider, not_there, unit)
    before = len(town.events())
    for what in something:
        about_something = await ask(outsider, "POST", *something[what])
        about_nothing = await ask(outsider, "POST", *none[what])
        assert about_something == about_nothing, what
        assert about_something.status in {403, 404}, what
    refused = town.events()[before:]
    assert len(refused) == 2 * len(something), "every try is logged, also on what does not exist"
    assert all(event.endswith("-refused") for event in refused), refused


async def test_receiving_tells_a_stranger_nothing_of_what_exists(town: Town) -> None:
    outsider, there, not_there = await town.client("stranger"), await names(town), nothing()
    told = []
    for one in (there, not_there):
        opening = OpenBody(new_statement_id(), ShareId.parse(one["share"]), one["header"], "receive", None)
        answer = await outsider.transport.post("/v1/receive", {"statements": [await outsider.sign(opening)]})
        [result] = answer["results"]
        assert result.pop("share") == one["share"]
        told.append(dict(result))
    assert told[0] == told[1]


async def test_sending_under_somebody_elses_consent_tells_a_stranger_nothing(town: Town, reckless: list[str]) -> None:
    stranger = await town.client("stranger")
    told = []
    for one in (await names(town), nothing()):
        reckless[:] = [one["digest"]]
        town.operator.changes.clear()
        true = await (await town.client("mother")).transport.get(f"/v1/subjects/{town.subject}")
        town.operator.serve("GET", f"/v1/subjects/{one['subject']}", true | {"cards": []})
        wanted = town.wanted(subject=SubjectId.parse(one["subject"]), matter=MatterId.parse(one["matter"]), unit=None)
        with pytest.raises(SdkError) as refused:
            await sending.send(stranger, wanted)
        told.append((type(refused.value), refused.value.code, str(refused.value)))
    assert told[0] == told[1]
    assert told[0][1] == "consent-unknown"


async def test_what_happens_to_others_changes_nothing_that_an_outsider_sees(town: Town) -> None:
    stranger = await town.client("stranger")
    paths = ("/v1/inbox", "/v1/sent", "/v1/consents", "/v1/holds", "/v1/conversations", "/v1/me", "/v1/invitations")
    before = [await ask(stranger, "GET", path) for path in paths]
    await town.open("psychologist")
    await sending.send(await town.client("doctor"), town.wanted())
    await town.withdraw()
    assert [await ask(stranger, "GET", path) for path in paths] == before


async def test_the_log_gives_its_receipts_to_those_concerned_and_is_silent_to_others(town: Town) -> None:
    stranger, mother = await town.client("stranger"), await town.client("mother")
    number = next(n for n, (entry, each) in enumerate(town.log()) if each.actor == mother.person)
    assert (await ask(mother, "GET", f"/v1/log/receipts/{number}")).status == 200
    about_something = await ask(stranger, "GET", f"/v1/log/receipts/{number}")
    assert about_something == await ask(stranger, "GET", f"/v1/log/receipts/{2**40}")
    assert about_something.status == 404


async def test_an_upload_of_another_is_answered_as_one_that_does_not_exist(town: Town) -> None:
    doctor, stranger = await town.client("doctor"), await town.client("stranger")
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": "100000"}
    async with doctor.transport.stream("POST", "/v1/uploads", headers=headers) as made:
        upload = UploadId.parse(made.headers["Location"].rsplit("/", 1)[-1])
    for method in ("HEAD", "DELETE"):
        about_something = await ask(stranger, method, f"/v1/uploads/{upload}", Tus_Resumable="1.0.0")
        about_nothing = await ask(stranger, method, f"/v1/uploads/{made_up(upload)}", Tus_Resumable="1.0.0")
        assert about_something == about_nothing
        assert about_something.status == 404


async def test_a_guardian_to_whom_nothing_was_sealed_opens_nothing(town: Town) -> None:
    father, there = await town.client("father"), await names(town)
    opening = OpenBody(new_statement_id(), town.share, there["body"], "open", None)
    told = await ask(father, "POST", f"/v1/shares/{town.share}/open", {"statement": await father.sign(opening)})
    assert told.status == 404
    assert town.events()[-1] == "open-refused"


async def test_a_member_of_another_unit_opens_nothing_in_the_clinics_name(town: Town) -> None:
    teacher, there = await town.client("teacher"), await names(town)
    for unit, refused in (("clinic", (403, "not-entitled")), ("school", (404, "not-found"))):
        opening = OpenBody(new_statement_id(), town.share, there["body"], "open", town.unit(unit))
        told = await ask(teacher, "POST", f"/v1/shares/{town.share}/open", {"statement": await teacher.sign(opening)})
        assert (told.status, json.loads(told.body)["code"]) == refused
        assert town.events()[-1] == "open-refused"


async def test_ids_carry_no_order_that_could_be_counted(town: Town) -> None:
    sent = [(await sending.send(await town.client("doctor"), town.wanted())).share for _ in range(3)]
    drawn = [int(one.split("_")[1], 16) for one in sent]
    assert all(abs(one - other) > 2**64 for one in drawn for other in drawn if one is not other)
    terms: Terms = (await consents.listed(await town.client("mother"), town.subject))[0].terms
    assert len(terms.id) == len("con_") + 32
    assert [one.share for one in await receiving.inbox(await town.client("stranger"))] == []
