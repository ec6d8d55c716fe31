"""A unit's key over time: new members read older mail, old mail opens after a change, who left gets nothing new."""

from __future__ import annotations

import secrets

import pytest

from clients.sdk import consents, mailboxes, receiving, sending, units
from clients.sdk.errors import Denied
from clients.sdk.opening import open_share
from keys import sealing
from keys.encoding import decode
from keys.keyring import NoSuchKey
from protocol.identifiers import MatterId, ShareId
from tests.e2e.stage import Stage, hire, message, own_sending, sign_all


async def mother_writes(stage: Stage, words: str) -> ShareId:
    matter = MatterId.of(secrets.token_bytes(16))
    async with stage.client("mother") as mother:
        await consents.request(mother, own_sending(stage, matter))
        await sign_all(mother, stage, matter)
        return (await sending.send(mother, message(stage, matter, words))).share


async def read(stage: Stage, name: str, share: ShareId) -> str | None:
    async with stage.client(name) as client:
        item = next(one for one in await receiving.inbox(client) if one.share == share)
        return (await open_share(client, item)).body.message


async def leaves(stage: Stage, name: str) -> None:
    async with stage.client("gp-custodian") as custodian:
        await units.remove(custodian, stage.units["gp"], stage.persons[name])


async def test_whoever_is_admitted_later_reads_older_mail(served: Stage) -> None:
    share = await mother_writes(served, "SYNTETISK. Før.")
    await hire(served, "gp", ["locum"])
    async with served.client("locum") as locum:
        box = await mailboxes.mailbox(locum, served.units["gp"])
        assert len({epoch.seal for epoch in box.epochs}) == 1
    assert await read(served, "locum", share) == "SYNTETISK. Før."


async def test_old_mail_opens_after_the_key_has_changed_for_old_and_new_members(served: Stage) -> None:
    await hire(served, "gp", ["leaving"])
    before = await mother_writes(served, "SYNTETISK. Under første nøkkel.")
    await leaves(served, "leaving")
    between = await mother_writes(served, "SYNTETISK. Under annen nøkkel.")
    await hire(served, "gp", ["second"])
    await leaves(served, "second")
    await hire(served, "gp", ["newest"])
    after = await mother_writes(served, "SYNTETISK. Under tredje nøkkel.")
    async with served.client("gp") as gp:
        box = await mailboxes.mailbox(gp, served.units["gp"])
        assert len({epoch.seal for epoch in box.epochs}) == 3
    for name in ("gp", "newest"):
        assert await read(served, name, after) == "SYNTETISK. Under tredje nøkkel."
        assert await read(served, name, between) == "SYNTETISK. Under annen nøkkel."
        assert await read(served, name, before) == "SYNTETISK. Under første nøkkel."
    async with served.client("newest") as newest:
        assert newest.home.keyring.unit_epochs(served.units["gp"]) == [epoch.number for epoch in box.epochs]


async def test_who_was_removed_gets_no_seed_and_opens_nothing_even_old_mail(served: Stage) -> None:
    await hire(served, "gp", ["leaving"])
    share = await mother_writes(served, "SYNTETISK. Hei.")
    async with served.client("leaving") as leaving:
        item = next(one for one in await receiving.inbox(leaving) if one.share == share)
        await open_share(leaving, item)
    await leaves(served, "leaving")
    async with served.client("leaving") as leaving:
        assert await receiving.inbox(leaving) == []
        with pytest.raises(Denied):
            await open_share(leaving, item)
        with pytest.raises(Denied):
            await leaving.transport.get(f"/v1/units/{served.units['gp']}/seeds")
        box = await mailboxes.mailbox(leaving, served.units["gp"])
        assert box.latest is not None
        with pytest.raises(NoSuchKey):
            leaving.home.keyring.unit_key(served.units["gp"], box.latest.number)


async def test_the_new_seed_opens_to_nobody_who_holds_only_the_old_one(served: Stage) -> None:
    unit = served.units["gp"]
    await hire(served, "gp", ["leaving"])
    async with served.client("leaving") as leaving:
        await mailboxes.load_seeds(leaving, await leaving.directory(units=[unit]), unit)
        old = leaving.home.keyring.unit_key(unit, leaving.home.keyring.unit_epochs(unit)[-1])
    await leaves(served, "leaving")
    async with served.client("gp") as gp:
        box = await mailboxes.mailbox(gp, unit)
        await mailboxes.load_seeds(gp, box.directory, unit)
        assert box.latest is not None
        number, new = box.latest.number, gp.home.keyring.unit_key(unit, box.latest.number)
        answer = await gp.transport.get(f"/v1/units/{unit}/seeds")
        [sealed] = [decode(one["sealed"]) for one in answer["previous"] if one["number"] == number]
        info = mailboxes.previous_info(gp, unit, number, new.public.raw)
    assert sealing.unseal(sealed, new, info) == old.to_bytes()
    with pytest.raises(sealing.CannotOpen):
        sealing.unseal(sealed, old, info)
    assert len({one["number"] for one in answer["seeds"]}) == len(answer["seeds"])


async def test_a_unit_answers_in_the_same_conversation(served: Stage) -> None:
    matter = MatterId.of(secrets.token_bytes(16))
    async with served.client("mother") as mother:
        await consents.request(mother, own_sending(served, matter))
        await sign_all(mother, served, matter)
        first = await sending.send(mother, message(served, matter))
    async with served.client("gp") as gp:
        item = next(one for one in await receiving.inbox(gp) if one.share == first.share)
        wanted = sending.Wanted(
            subject=served.child,
            matter=matter,
            to=(served.persons["mother"],),
            title="Svar",
            category=message(served, matter).category,
            unit=served.units["gp"],
            message="SYNTETISK. Svar.",
            conversation=item.conversation,
        )
        sent = await sending.send(gp, wanted)
    async with served.client("mother") as mother:
        item = next(one for one in await receiving.inbox(mother) if one.share == sent.share and not one.own)
        assert (await open_share(mother, item)).body.message == "SYNTETISK. Svar."
