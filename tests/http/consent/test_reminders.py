"""The one reminder: by whoever asked, once, to nobody who said no; and the word that something waits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from protocol.consent.terms import Role
from protocol.consent.vocabulary import Purpose, RoleAct
from protocol.log.event import Event
from protocol.statements.consent import NoticeBody, RefusalBody, RequestBody, SignatureBody, WithdrawalBody
from protocol.statements.reminding import ReminderBody
from server.audit.wiring import DATABASE
from server.consent import notices
from server.consent.delivery import FileDelivery
from tests.http.consent.support import (
    REQUESTS,
    Town,
    last_entry,
    new_matter,
    new_statement,
    ordered,
    party,
    refusal,
)
from tests.http.consent.test_notices import DISCHARGE, told
from tests.kit.actor import Actor, Reply
from tests.kit.clock import DAY
from tests.kit.world import Unit, done

REMINDERS = "/v1/consent-reminders"


async def remind(town: Town, terms: Any, actor: Actor | None = None, unit: Unit | None = None, **changed: Any) -> Reply:
    """Remind as the doctor for the practice, unless told otherwise."""
    by, for_unit = (town.doctor, town.gp.unit) if actor is None else (actor, unit.unit if unit else None)
    made: dict[str, Any] = {
        "id": new_statement(),
        "consent": terms.digest,
        "subject": terms.subject,
        "matter": terms.matter,
        "unit": for_unit,
    }
    return await town.world.post(by, REMINDERS, {"token": town.world.say(by, ReminderBody(**(made | changed)))})


async def test_a_reminder_shows_with_those_who_have_not_answered_and_with_nobody_else(town: Town) -> None:
    terms = await town.asked()
    done(await town.say(town.mother, SignatureBody, terms))
    town.world.clock.forward(5 * DAY)
    answer = done(await remind(town, terms))
    entry, details, scope = await last_entry(town.world)
    assert (entry.e, details.act, details.actor) == (Event.CONSENT_REMINDED, "consent-reminder", town.doctor.person)
    assert (details.for_unit, details.matter, details.consents) == (town.gp.unit, terms.matter, (terms.digest,))
    assert (details.statements, scope) == ((answer.body["digest"],), terms.matter)
    [notice] = await told(town, town.father)
    assert (notice["kind"], notice["t"], notice["reminded"]) == ("sign", terms.made, town.world.clock.now)
    assert await told(town, town.mother) == []
    assert await told(town, town.doctor) == []


async def test_a_second_reminder_is_refused_and_logged(town: Town) -> None:
    terms = await town.asked()
    done(await remind(town, terms))
    first = (await told(town, town.father))[0]["reminded"]
    town.world.clock.forward(DAY)
    assert refusal(await remind(town, terms)) == (403, "already-reminded")
    assert (await last_entry(town.world)).details.reason == "already-reminded"
    assert refusal(await remind(town, terms, town.gp.custodian, town.gp)) == (403, "already-reminded")
    assert (await told(town, town.father))[0]["reminded"] == first


async def test_the_same_reminder_again_is_answered_as_the_first_time(town: Town) -> None:
    terms = await town.asked()
    body = ReminderBody(new_statement(), terms.digest, terms.subject, terms.matter, town.gp.unit)
    token = town.world.say(town.doctor, body)
    first = done(await town.world.post(town.doctor, REMINDERS, {"token": token}))
    size = town.world.log.head.size
    again = done(await town.world.post(town.doctor, REMINDERS, {"token": token}))
    assert again.body["digest"] == first.body["digest"]
    assert town.world.log.head.size == size


@pytest.mark.parametrize(("no", "reason"), [(RefusalBody, "refused"), (WithdrawalBody, "withdrawn")])
async def test_nobody_is_reminded_after_a_no(town: Town, no: Any, reason: str) -> None:
    terms = await town.asked()
    done(await town.say(town.father, no, terms))
    assert refusal(await remind(town, terms)) == (403, reason)
    assert await told(town, town.father) == await told(town, town.mother) == []


async def test_what_is_complete_or_only_waits_for_the_seven_days_is_not_reminded_of(town: Town) -> None:
    assert refusal(await remind(town, await town.in_force())) == (403, "nobody-to-remind")
    terms = await town.asked(matter=new_matter(), **DISCHARGE)
    done(await town.say(town.mother, SignatureBody, terms))
    done(await town.say(town.father, NoticeBody, terms))
    done(await town.hear(town.doctor, unit=town.gp, matter=terms.matter))
    assert refusal(await remind(town, terms)) == (403, "nobody-to-remind")


async def test_only_whoever_asked_reminds(town: Town) -> None:
    terms = await town.asked()
    assert refusal(await remind(town, terms, town.mother)) == (403, "not-entitled")
    assert refusal(await remind(town, terms, town.psychologist, town.bup)) == (403, "not-entitled")
    nothing = await remind(town, terms, town.stranger)
    for actor, unit in ((town.teacher, town.school), (town.stranger, None)):
        answer = await remind(town, terms, actor, unit)
        assert (answer.status, answer.raw) == (404, nothing.raw), actor.name
    missing = await remind(town, terms, town.stranger, consent="0" * 64)
    assert (missing.status, missing.raw) == (404, nothing.raw)
    assert (await told(town, town.father))[0]["reminded"] is None
    done(await remind(town, terms, town.gp.custodian, town.gp))


async def test_one_of_the_family_who_asked_reminds_and_nobody_else_of_it(town: Town) -> None:
    terms = await town.asked(town.mother, senders=(party(town.gp),), receivers=ordered([party(town.mother)]))
    assert refusal(await remind(town, terms, town.father)) == (403, "not-entitled")
    done(await remind(town, terms, town.mother))
    assert (await told(town, town.father))[0]["reminded"] == town.world.clock.now


async def test_a_reminder_that_names_another_matter_is_refused(town: Town) -> None:
    terms = await town.asked()
    assert refusal(await remind(town, terms, matter=new_matter())) == (422, "other-consent")


# The word outside


async def write_to(town: Town, path: Path) -> None:
    """Start the server anew with a file for the words."""
    await town.world.stop()
    town.world.settings = town.world.settings.model_copy(update={"notice_file": path})
    await town.world.start()


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


async def test_by_default_nobody_is_told_outside_the_system(town: Town) -> None:
    assert town.world.settings.notice_file is None
    before = {path for path in town.world.settings.data.rglob("*") if path.is_file()}
    await town.asked()
    assert {path for path in town.world.settings.data.rglob("*") if path.is_file()} == before


async def test_a_line_without_content_is_written_for_each_person_who_is_asked_something(
    town: Town, tmp_path: Path
) -> None:
    path = tmp_path / "words.jsonl"
    await write_to(town, path)
    terms = await town.terms()
    token = town.world.say(town.doctor, RequestBody(new_statement(), town.gp.unit, terms))
    for _ in range(2):
        done(await town.world.post(town.doctor, REQUESTS, {"token": token}))
    asked = sorted(each.person for each in (town.mother, town.father, town.youth))
    assert lines(path) == [{"v": 1, "at": town.world.clock.now, "person": person} for person in asked]
    assert path.stat().st_mode & 0o777 == 0o600
    done(await town.say(town.mother, SignatureBody, terms))
    done(await town.hear(town.doctor, unit=town.gp))
    done(await remind(town, terms))
    assert [each["person"] for each in lines(path)[3:]] == [town.father.person]
    assert refusal(await remind(town, terms)) == (403, "already-reminded")
    assert len(lines(path)) == 4


async def test_a_refused_request_gives_no_word(town: Town, tmp_path: Path) -> None:
    path = tmp_path / "words.jsonl"
    await write_to(town, path)
    mother_alone = await town.terms(roles=(Role(town.mother.person, RoleAct.SIGNS, "none"),))
    assert refusal(await town.ask(town.doctor, mother_alone, town.gp)) == (422, "wrong-roles")
    assert lines(path) == []


async def test_a_mothers_own_sending_gives_the_father_no_word(town: Town, tmp_path: Path) -> None:
    path = tmp_path / "words.jsonl"
    await write_to(town, path)
    receivers = ordered([party(town.mother), party(town.bup)])
    own: dict[str, Any] = {"purpose": Purpose.OWN_SENDING, "senders": (party(town.mother),), "receivers": receivers}
    await town.asked(town.mother, **own)
    assert [each["person"] for each in lines(path)] == [town.mother.person]


async def test_a_word_that_cannot_be_given_fails_no_request(town: Town, tmp_path: Path) -> None:
    await write_to(town, tmp_path / "no such folder" / "words.jsonl")
    terms = await town.asked()
    assert [each["consent"] for each in await told(town, town.mother)] == [terms.id]


async def test_what_nobody_asked_for_and_nobody_to_tell_give_no_word(town: Town, tmp_path: Path) -> None:
    path = tmp_path / "words.jsonl"
    database = town.world.client.app[DATABASE]
    assert await database.read(notices.addressees, "0" * 64, town.world.clock.now) == []
    await FileDelivery(path).deliver([], town.world.clock.now)
    assert not path.exists()
