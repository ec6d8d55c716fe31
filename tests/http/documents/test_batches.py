"""Shares that stand in one transaction with what concerns them: nothing waits so long that it is not seen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NoReturn

from sqlalchemy import Connection

from keys.encoding import decode
from protocol.consent.terms import Terms
from protocol.identifiers import ShareId, UnitId, parse_holder
from protocol.log import receipt
from protocol.statements.consent import WithdrawalBody
from protocol.statements.identity import SheetBody
from server.audit.batch import Work
from server.audit.wiring import DATABASE, WRITER
from server.consent import actions
from server.consent.routes import ON_ENDED
from server.documents import opening, sharing
from server.documents.opening import OPEN, Released
from server.documents.refusals import Denied
from server.documents.sharing import MANIFEST, Given
from server.documents.store import shares
from server.documents.store.shares import Mailed
from server.identity import actions as identity_actions
from server.identity.actions import Parts
from server.identity.intake import INTAKE, Accepted, Rejected
from server.identity.routes import fingerprint
from tests.http.consent.support import Town, new_statement, ordered, party
from tests.http.documents.support import Office, Parcel
from tests.kit.actor import Actor

Action = Callable[[Work], Any]


async def sharing_of(office: Office, parcel: Parcel) -> Action:
    """The action of the route that takes shares."""
    world, sender = office.world, office.town.doctor
    token = world.say(sender, parcel.body)
    statement = await world.client.app[INTAKE].read(token, sender.person, MANIFEST)
    envelopes = {
        (parse_holder(each["to"]), each["own"]): (decode(each["header"]), decode(each["body"]))
        for each in parcel.envelopes
    }
    given = Given(parcel.parts, {}, envelopes, held=False)
    return lambda work: sharing.share(work, statement, given)


async def opening_of(office: Office, reader: Actor, parcel: Parcel) -> Action:
    token = office.opening(reader, parcel, "open", office.town.bup)
    statement = await office.world.client.app[INTAKE].read(token, reader.person, OPEN)
    return lambda work: opening.open_share(work, statement, parcel.body.share)


async def withdrawal_of(town: Town, terms: Terms) -> Action:
    app = town.world.client.app
    body = WithdrawalBody(new_statement(), terms.digest, terms.subject, terms.matter)
    token = town.world.say(town.mother, body)
    statement = await app[INTAKE].read(token, town.mother.person, {WithdrawalBody.kind: WithdrawalBody})
    return lambda work: actions.say(work, statement, app[ON_ENDED])


async def removal_of(town: Town) -> Action:
    """The action of publishing the child's next sheet, on which nobody may sign."""
    app, registrar = town.world.client.app, town.world.registrar
    body = replace(town.child.sheet, number=town.child.sheet.number + 1, may_sign=())
    statement = await app[INTAKE].read(town.world.say(registrar, body), registrar.person, {SheetBody.kind: SheetBody})
    return lambda work: identity_actions.hand_in(work, statement, fingerprint(app), Parts())


async def together(office: Office, *wanted: Action) -> list[Any]:
    """Carry actions out in one transaction: one checkpoint proves every receipt."""
    writer = office.world.client.app[WRITER]
    outcomes = await asyncio.gather(*(writer.submit(each) for each in wanted))
    receipts = [text for each in outcomes for text in each.receipts]
    assert len({receipt.parse(text).checkpoint for text in receipts}) == 1
    return [each.result for each in outcomes]


async def mailed(office: Office, parcel: Parcel) -> Mailed | None:
    """What lies in BUP's mailbox of a share."""
    database = office.world.client.app[DATABASE]
    found: Mailed | None = await database.read(_mailed, parcel.body.share, office.town.bup.unit)
    return found


def _mailed(connection: Connection, share: ShareId, unit: UnitId) -> Mailed | None:
    return shares.mailed(connection, share, unit, own=False)


async def test_many_shares_of_one_batch_are_all_kept_and_can_be_opened(town: Town, office: Office) -> None:
    terms = await town.in_force()
    parcels = [await office.pack(terms) for _ in range(5)]
    answers = await together(office, *[await sharing_of(office, each) for each in parcels])
    assert [type(each) for each in answers] == [Accepted] * 5
    for parcel in parcels:
        plain, _ = await office.read(town.psychologist, parcel, town.bup)
        assert plain == b'{"message":"Hei"}'


async def test_two_manifests_under_one_share_id_in_a_batch_are_a_share_and_a_conflict(
    town: Town, office: Office
) -> None:
    terms = await town.in_force()
    parcel = await office.pack(terms)
    other = await office.pack(terms, share=parcel.body.share)
    first, second = await together(office, await sharing_of(office, parcel), await sharing_of(office, other))
    assert isinstance(first, Accepted)
    assert (type(second), second.code) == (Rejected, "conflict")
    plain, verified = await office.read(town.psychologist, parcel, town.bup)
    assert (plain, verified.manifest.digest) == (b'{"message":"Hei"}', first.digest)


async def test_the_same_manifest_twice_in_a_batch_is_shared_once(town: Town, office: Office) -> None:
    action = await sharing_of(office, await office.pack(await town.in_force()))
    size = town.world.log.head.size
    first, second = await together(office, action, action)
    assert isinstance(first, Accepted)
    assert (second, town.world.log.head.size) == (first, size + 1)


async def test_a_conversation_begun_in_a_batch_binds_the_next_share_of_it(town: Town, office: Office) -> None:
    terms = await town.in_force()
    begins = await office.pack(terms)
    goes_on = await office.pack(terms, conversation=begins.body.conversation)
    others = await town.in_force(receivers=ordered([party(town.bup), party(town.school)]))
    breaks = await office.pack(others, to=[town.bup, town.school], conversation=begins.body.conversation)
    answers = await together(office, *[await sharing_of(office, each) for each in (begins, goes_on, breaks)])
    assert [type(each) for each in answers] == [Accepted, Accepted, Rejected]
    assert answers[2].code == "other-conversation"


async def test_a_share_is_opened_in_the_batch_that_sent_it(town: Town, office: Office) -> None:
    parcel = await office.pack(await town.in_force())
    shared, opened = await together(
        office, await sharing_of(office, parcel), await opening_of(office, town.psychologist, parcel)
    )
    assert isinstance(shared, Accepted)
    assert isinstance(opened, Released)
    assert (opened.mailed.sent.leaf_index, opened.leaf_index) == (shared.leaf_index, shared.leaf_index + 1)


async def test_a_withdrawal_ends_the_shares_before_it_in_its_batch_and_stops_those_after(
    town: Town, office: Office
) -> None:
    terms = await town.in_force()
    before, after = [await office.pack(terms) for _ in range(2)]
    sent, withdrawn, refused, opened = await together(
        office,
        await sharing_of(office, before),
        await withdrawal_of(town, terms),
        await sharing_of(office, after),
        await opening_of(office, town.psychologist, before),
    )
    assert isinstance(sent, Accepted)
    assert isinstance(withdrawn, Accepted)
    assert refused == Denied("withdrawn", refused.rule)
    assert isinstance(opened, Denied)
    here = await mailed(office, before)
    assert here is not None
    assert (here.header, here.body) == (None, None)
    assert await mailed(office, after) is None


async def test_a_new_sheet_between_two_shares_of_a_batch_decides_the_second(town: Town, office: Office) -> None:
    terms = await town.in_force()
    parcels = [await office.pack(terms) for _ in range(2)]
    first, published, second = await together(
        office, await sharing_of(office, parcels[0]), await removal_of(town), await sharing_of(office, parcels[1])
    )
    assert [type(each) for each in (first, published, second)] == [Accepted, Accepted, Denied]
    assert second.reason == "no-signer"


async def test_a_share_that_raises_leaves_no_rows_and_spares_those_beside_it(town: Town, office: Office) -> None:
    terms = await town.in_force()
    parcel, kept = [await office.pack(terms) for _ in range(2)]
    action = await sharing_of(office, parcel)

    def raising(work: Work) -> NoReturn:
        action(work)
        raise ZeroDivisionError

    writer = town.world.client.app[WRITER]
    shared = await sharing_of(office, kept)
    outcomes = await asyncio.gather(writer.submit(raising), writer.submit(shared), return_exceptions=True)
    assert isinstance(outcomes[0], ZeroDivisionError)
    assert await mailed(office, parcel) is None
    assert await mailed(office, kept) is not None
