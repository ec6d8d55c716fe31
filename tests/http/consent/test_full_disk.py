"""A disk that is full but for its reserve refuses writes early; withdrawing still works, and so does reading."""

from __future__ import annotations

import json

from protocol.consent.terms import Terms
from protocol.statements.consent import WithdrawalBody
from server.http.border import GATE
from server.http.meta import OPENAPI
from tests.http.consent.support import REQUESTS, WORDS, Town
from tests.http.documents.support import Office


def fill_disk(town: Town) -> None:
    town.world.client.app[GATE].has_room = lambda: False


async def refused(town: Town, terms: Terms) -> list[tuple[int, str | None]]:
    office = Office(town)
    answers = [
        await town.ask(town.doctor, await town.terms(), town.gp),
        await office.send(await office.pack(terms)),
        await town.world.hand_in(town.world.registrar, town.child.sheet),
        await town.world.ask_publicly("POST", "/v1/policy", {}),
    ]
    return [(answer.status, answer.code) for answer in answers]


async def test_writes_are_refused_early_while_the_disk_is_nearly_full(town: Town) -> None:
    terms = await town.in_force()
    size = town.world.log.head.size
    fill_disk(town)
    assert await refused(town, terms) == [(507, "out-of-space")] * 4
    assert town.world.log.head.size == size
    assert await town.listed(town.mother) == [terms.digest]


async def test_signing_in_and_withdrawing_work_from_the_reserve(town: Town) -> None:
    terms = await town.in_force()
    fill_disk(town)
    assert await town.world.device(town.mother).sign_in() == 200
    assert (await town.say(town.mother, WithdrawalBody, terms)).status == 201


async def test_the_document_says_which_writes_need_room(town: Town) -> None:
    paths = json.loads(town.world.client.app[OPENAPI])["paths"]
    assert "507" in paths[REQUESTS]["post"]["responses"]
    assert "507" not in paths[WORDS]["post"]["responses"]
