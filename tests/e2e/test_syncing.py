"""A registrar rechecks the children's sheets with the guardian register: looked at first, signed after a yes."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Any

import pytest

from clients.sdk import consents, subjects, syncing
from clients.sdk.client import days
from clients.sdk.errors import Misused, SdkError
from clients.sdk.recheck import Finding
from clients.sdk.register import FileRegister
from clients.sdk.transport import clock
from protocol.consent.vocabulary import Responsibility
from protocol.identifiers import MatterId, PersonId, SubjectId
from protocol.statements.identity import SheetBody
from tests.e2e.stage import Stage, newborn, own_sending
from tests.e2e.test_command import inside, run


def line(word: str, holder: str) -> dict[str, Any]:
    return {"type": word, "holder": holder, "since": "2018-01-01", "until": None}


def extract(stage: Stage, *lines: dict[str, Any], **changed: Any) -> Path:
    """Write what the register says today of the stage's child."""
    child = newborn(stage, "mother", "father")
    told = {
        "subject": stage.child,
        "national_id": child.national_id,
        "birth_date": child.birth_date.isoformat(),
        "died": None,
        "address": "unclassified",
        "responsibility": list(lines),
    }
    path = stage.folder / "register.json"
    whole = {"v": 1, "as_of": clock(), "persons": [], "children": [told]} | changed
    path.write_text(json.dumps(whole), encoding="utf-8")
    return path


def joint(stage: Stage) -> tuple[dict[str, Any], ...]:
    return tuple(line("felles", stage.persons[name]) for name in ("mother", "father"))


async def latest(stage: Stage, who: str = "registrar") -> tuple[SheetBody, int]:
    """Give the child's sheet and its end, renewals counted in, as somebody believes it."""
    async with stage.client(who) as client:
        directory = await client.directory(subjects=[stage.child])
        return directory.sheet(stage.child).body, directory.sheet_not_after(stage.child)


async def sync(stage: Stage, path: Path, *admitted: PersonId) -> syncing.Done:
    async with stage.client("registrar") as client:
        planned = await syncing.plan(client, FileRegister.read(path), admitted)
        return await syncing.carry_out(client, planned)


async def test_unchanged_sheets_are_prolonged_by_one_renewal_that_everybody_believes(served: Stage) -> None:
    before, ends = await latest(served)
    path = extract(served, *joint(served))
    assert await sync(served, path) == syncing.Done(0, 1)
    after, later = await latest(served, "mother")
    assert after == before
    assert later > ends
    assert await sync(served, path) == syncing.Done(0, 1)


async def test_one_renewal_takes_all_that_is_unchanged(served: Stage) -> None:
    sibling = newborn(served, "mother", "father", nth=1)
    async with served.client("registrar") as client:
        second = await subjects.register(client, sibling)
    path = extract(served, *joint(served))
    told = json.loads(path.read_text(encoding="utf-8"))
    told["children"].append(told["children"][0] | {"subject": second, "national_id": sibling.national_id})
    path.write_text(json.dumps(told), encoding="utf-8")
    assert await sync(served, path) == syncing.Done(0, 2)
    async with served.client("father") as father:
        directory = await father.directory(subjects=[served.child, second])
        ends = {directory.sheet_not_after(each) for each in (served.child, second)}
    assert len(ends) == 1


async def test_a_parent_whom_the_register_names_no_more_is_out_at_once(served: Stage) -> None:
    path = extract(served, line("mor", served.persons["mother"]))
    assert await sync(served, path) == syncing.Done(1, 0)
    body, _ = await latest(served, "mother")
    assert (body.number, body.responsibility) == (2, Responsibility.SOLE)
    async with served.client("father") as father:
        with pytest.raises(SdkError):
            await father.directory(subjects=[served.child])
    async with served.client("mother") as mother:
        known = await subjects.card(mother, served.child)
        await consents.request(mother, own_sending(served, MatterId.of(secrets.token_bytes(16))))
    assert known is not None
    assert known.name == "Testbarn Syntetisk"


async def test_a_new_holder_who_is_admitted_reads_the_childs_name(served: Stage) -> None:
    stranger = served.persons["stranger"]
    path = extract(served, *joint(served), line("felles", stranger))
    assert await sync(served, path) == syncing.Done(0, 1)
    assert await sync(served, path, stranger) == syncing.Done(1, 0)
    async with served.client("stranger") as client:
        known = await subjects.card(client, served.child)
    assert known is not None
    assert known.name == "Testbarn Syntetisk"


async def test_unknown_is_written_down_and_then_nobody_can_ask_for_a_consent(served: Stage) -> None:
    assert await sync(served, extract(served, line("ukjent", "without-number"))) == syncing.Done(1, 0)
    async with served.client("mother") as mother:
        with pytest.raises(SdkError) as refused:
            await consents.request(mother, own_sending(served, MatterId.of(secrets.token_bytes(16))))
    assert refused.value.code == "responsibility-unclear"


async def test_what_must_be_looked_into_is_neither_signed_nor_prolonged(served: Stage) -> None:
    before = await latest(served)
    told = json.loads(extract(served, line("felles", served.persons["mother"])).read_text(encoding="utf-8"))
    nobody = told["children"][0] | {"subject": SubjectId.of(secrets.token_bytes(16))}
    path = extract(served, children=[*told["children"], nobody])
    async with served.client("registrar") as client:
        planned = await syncing.plan(client, FileRegister.read(path))
        findings = [[one.finding for one in each.rechecked.found] for each in planned.stopped]
        assert findings == [[Finding.CONTRADICTION], [Finding.UNKNOWN_HERE]]
        assert await syncing.carry_out(client, planned) == syncing.Done(0, 0)
    assert await latest(served) == before


@pytest.mark.parametrize(("moved", "code"), [(-8, "register-too-old"), (2, "register-ahead")])
async def test_an_extract_of_another_time_signs_nothing(served: Stage, moved: int, code: str) -> None:
    path = extract(served, *joint(served), as_of=days(moved))
    async with served.client("registrar") as client:
        with pytest.raises(Misused) as refused:
            await syncing.plan(client, FileRegister.read(path))
    assert refused.value.code == code


async def test_the_command_shows_in_words_and_signs_only_after_a_yes(served: Stage) -> None:
    father = served.persons["father"]
    path = extract(served, line("mor", served.persons["mother"]))
    words = ("registrar", "sync", "--file", str(path), "--language", "en")
    looked = await run(served, "registrar", *words)
    assert looked.status == 0
    assert f"{father} no longer has parental responsibility" in looked.out
    assert "responsibility: joint becomes sole" in looked.out
    assert "0 new sheets signed" in looked.out
    assert (await latest(served))[0].number == 1
    signed = await run(served, "registrar", *words, "--yes", "--json")
    answer = json.loads(signed.out)
    assert (answer["signed"], answer["prolonged"]) == (1, 0)
    [child] = answer["children"]
    assert (child["subject"], child["outcome"]) == (served.child, "changed")
    assert (await latest(served))[0].number == 2


async def test_the_command_tells_in_bokmal_what_is_not_signed(served: Stage) -> None:
    path = extract(served, line("felles", served.persons["mother"]))
    told = await run(served, "registrar", "registrar", "sync", "--file", str(path), "--yes")
    assert "registerets linjer motsier hverandre" in told.out
    assert "1 står igjen" in told.out


def test_a_file_that_cannot_be_read_is_a_usage_error_with_its_code(stage: Stage) -> None:
    missing = inside(stage, "registrar", "registrar", "sync", "--file", str(stage.folder / "nothing.json"))
    assert missing == (2, "register-unreadable")
