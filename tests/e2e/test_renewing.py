"""What ends by itself after 90 days is renewed before, and what no longer holds is ended."""

from __future__ import annotations

import secrets

import pytest

from clients.sdk import consents, mailboxes, renewing, units
from clients.sdk.client import days
from clients.sdk.errors import Denied, Misused, SdkError
from clients.sdk.opening import open_share
from clients.sdk.receiving import inbox
from clients.sdk.sending import send
from protocol.identifiers import MatterId
from tests.e2e.stage import STAFF, Stage, message, own_sending, sign_all

LONG = 120
"""Days within which everything of the stage ends."""


async def test_what_ends_later_is_left_as_it_is(served: Stage) -> None:
    async with served.client("registrar") as registrar:
        assert await renewing.renew_all(registrar) == renewing.Renewed()
    async with served.client(STAFF["bup"][0]) as custodian:
        assert await renewing.renew_unit(custodian, served.units["bup"]) == renewing.Renewed()


async def test_a_registrar_renews_units_and_persons_and_no_unit_s_staff(served: Stage) -> None:
    async with served.client("registrar") as registrar:
        renewed = await renewing.renew_all(registrar, LONG)
        after = {unit.unit: unit for unit in await units.registered(registrar)}
        directory = await registrar.directory(persons=[served.persons["mother"]])
    assert {unit.unit for unit in renewed.units} == set(served.units.values())
    assert all(after[unit.unit] == unit and unit.number == 2 for unit in renewed.units)
    assert {each.role for each in renewed.endorsements} == {"person", "custodian", "supervisor"}
    [mother] = directory.endorsements(served.persons["mother"])
    assert mother.number == 2
    assert mother.not_after > days(89)


async def test_a_custodian_renews_staff_and_mailbox_and_the_key_stays(served: Stage) -> None:
    unit = served.units["bup"]
    async with served.client(STAFF["bup"][0]) as custodian:
        before = (await mailboxes.mailbox(custodian, unit)).latest
        renewed = await renewing.renew_unit(custodian, unit, LONG)
        after = (await mailboxes.mailbox(custodian, unit)).latest
    assert before is not None
    assert after is not None
    assert {each.holder for each in renewed.endorsements} == {served.persons[name] for name in STAFF["bup"][1:]}
    assert renewed.mailboxes == (unit,)
    assert (after.number, after.seal, after.members) == (before.number + 1, before.seal, before.members)


async def test_after_a_renewal_mail_still_arrives_and_older_mail_opens(served: Stage) -> None:
    matter = MatterId.of(secrets.token_bytes(16))
    async with served.client("mother") as mother:
        await consents.request(mother, own_sending(served, matter))
        await sign_all(mother, served, matter)
        first = await send(mother, message(served, matter, "SYNTETISK. Før."))
        async with served.client(STAFF["gp"][0]) as custodian:
            await renewing.renew_unit(custodian, served.units["gp"], LONG)
        second = await send(mother, message(served, matter, "SYNTETISK. Etter."))
    async with served.client(STAFF["gp"][1]) as reader:
        items = await inbox(reader)
        opened = [await open_share(reader, item) for item in items]
    assert {item.share for item in items} == {first.share, second.share}
    assert {each.body.message for each in opened} == {"SYNTETISK. Før.", "SYNTETISK. Etter."}


async def test_a_stranger_renews_nothing(served: Stage) -> None:
    async with served.client("mother") as mother:
        with pytest.raises(SdkError):
            await renewing.renew_all(mother, LONG)
        with pytest.raises(Denied):
            await renewing.renew_unit(mother, served.units["bup"], LONG)


async def test_whoever_is_ended_signs_nothing_more_and_is_ended_once(served: Stage) -> None:
    async with served.client("registrar") as registrar:
        [ended] = await renewing.end(registrar, served.persons["mother"])
        assert ended.number == 2
        with pytest.raises(Misused) as refused:
            await renewing.end(registrar, served.persons["mother"])
        assert refused.value.code == "nothing-to-end"
    async with served.client("mother") as mother:
        with pytest.raises(SdkError):
            await consents.request(mother, own_sending(served, MatterId.of(secrets.token_bytes(16))))
