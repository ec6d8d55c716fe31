"""The own copy opens without a consent: so nobody may make somebody else's copy an own one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from protocol.statements.base import Refused
from server.documents import sharing
from tests.attacks.test_race import BORN_3, in_force
from tests.http.consent.support import open_town, refusal
from tests.http.documents.support import Office, Parcel
from tests.kit.world import done


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with open_town(tmp_path, born=BORN_3) as town:
        yield Office(town)


async def smuggled(office: Office) -> Parcel:
    """Pack a share to BUP, which the consent covers, and mark an envelope for the school as the sender's own copy."""
    town = office.town
    parcel = await office.pack(await in_force(town), to=[town.bup, town.school])
    practice, school = town.gp.unit, town.school.unit
    recipients = [replace(one, own=one.to == school) for one in parcel.body.recipients if one.to != practice]
    envelopes = [one | {"own": one["to"] == school} for one in parcel.envelopes if one["to"] != practice]
    return replace(parcel, body=replace(parcel.body, recipients=tuple(recipients)), envelopes=envelopes)


async def test_the_server_takes_no_own_copy_that_is_not_the_senders(office: Office) -> None:
    parcel = await smuggled(office)
    assert refusal(await office.send(parcel)) == (422, "wrong-envelope")
    answer = await office.open(office.town.teacher, parcel, office.town.school, "own")
    assert answer.status == 404


async def test_the_reader_refuses_it_though_sender_and_server_agree(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    for check in ("_require_sender", "_require_sealed_now"):
        monkeypatch.setattr(sharing, check, lambda *_: {})
    parcel, school = await smuggled(office), office.town.school
    done(await office.send(parcel))
    token = office.opening(office.town.teacher, parcel, "own", school)
    told = done(await office.ask_open(office.town.teacher, parcel, token)).body["bundle"]
    with pytest.raises(Refused) as refused:
        await office.verify(told, token)
    assert refused.value.code == "wrong-envelope"
