from __future__ import annotations

from typing import Any

from protocol.consent.terms import Terms
from tests.http.consent.support import Town, ordered, party
from tests.http.documents.support import Office, new_conversation
from tests.kit.actor import Actor
from tests.kit.world import World, done


async def conversations(world: World, actor: Actor, query: str = "") -> Any:
    return done(await world.get(actor, f"/v1/conversations{query}")).body


async def two_way(town: Town) -> Terms:
    parties = ordered([party(town.gp), party(town.bup)])
    return await town.in_force(senders=parties, receivers=parties)


async def test_a_conversation_names_its_parties_and_its_newest_manifests(town: Town, office: Office) -> None:
    terms = await two_way(town)
    first = await office.sent(terms)
    town.world.clock.forward(1000)
    reply = await office.sent(
        terms,
        town.psychologist,
        unit=town.bup,
        to=[town.gp],
        conversation=first.body.conversation,
    )
    for actor in (town.doctor, town.psychologist):
        [told] = (await conversations(town.world, actor))["conversations"]
        assert (told["conversation"], told["matter"], told["subject"]) == (
            first.body.conversation,
            town.matter,
            town.child.subject,
        )
        assert told["parties"] == sorted([town.gp.unit, town.bup.unit])
        assert told["last_t"] == town.world.clock.now
        assert len(told["latest"]) == 2
    assert reply.body.share != first.body.share


async def test_unread_is_each_persons_own(town: Town, office: Office) -> None:
    parcel = await office.sent(await town.in_force())
    colleague = town.bup.custodian

    async def unread(actor: Actor) -> list[int]:
        return [each["unread"] for each in (await conversations(town.world, actor))["conversations"]]

    assert (await unread(town.psychologist), await unread(colleague)) == ([1], [1])
    assert await unread(town.doctor) == [0]
    done(await office.open(town.psychologist, parcel, town.bup))
    assert (await unread(town.psychologist), await unread(colleague)) == ([0], [1])


async def test_nobody_else_sees_a_conversation(town: Town, office: Office) -> None:
    await office.sent(await town.in_force())
    for actor in (town.teacher, town.mother, town.stranger):
        assert await conversations(town.world, actor) == {"conversations": [], "next": None}


async def test_conversations_are_paged_newest_first(town: Town, office: Office) -> None:
    terms = await town.in_force()
    names = [new_conversation() for _ in range(53)]
    for name in names:
        await office.sent(terms, conversation=name)
    first = await conversations(town.world, town.psychologist)
    second = await conversations(town.world, town.psychologist, f"?cursor={first['next']}")
    told = [each["conversation"] for each in (*first["conversations"], *second["conversations"])]
    assert told == names[::-1]
    assert (len(first["conversations"]), second["next"]) == (50, None)
