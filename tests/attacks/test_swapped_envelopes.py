"""The operator hands out an envelope that is another's: another recipient's, another share's, the wrong one of two."""

from __future__ import annotations

from typing import Any

import pytest

from clients.sdk import receiving, sending
from clients.sdk.errors import SdkError, Tampered
from clients.sdk.opening import open_share
from keys.encoding import encode
from tests.attacks.conftest import Watch
from tests.attacks.town import Town


async def assert_not_unsealed(town: Town, watch: Watch, code: str = "wrong-envelope") -> None:
    before = len(watch.unsealed), watch.decrypted
    with pytest.raises(Tampered) as refused:
        await town.open("psychologist")
    assert refused.value.code == code, refused.value
    assert (len(watch.unsealed), watch.decrypted) == before
    assert list((town.home("psychologist") / "evidence").iterdir())


def put(town: Town, column: str, source: str, *, share: str, holder: str) -> None:
    """Put one envelope in the place of one of the clinic's envelopes of the town's share."""
    with town.database() as database:
        rows = database.execute(
            'SELECT header, body FROM envelopes WHERE share = ? AND "to" = ? AND own = 0', (share, holder)
        )
        header, body = rows.fetchone()
        change = {
            "header": 'UPDATE envelopes SET header = ? WHERE share = ? AND "to" = ? AND own = 0',
            "body": 'UPDATE envelopes SET body = ? WHERE share = ? AND "to" = ? AND own = 0',
        }
        envelope = header if source == "header" else body
        database.execute(change[column], (envelope, town.share, town.unit("clinic")))


async def test_another_recipients_envelope_is_not_unsealed(town: Town, watch: Watch) -> None:
    put(town, "body", "body", share=town.share, holder=town.unit("borough"))
    await assert_not_unsealed(town, watch)


async def test_another_shares_envelope_is_not_unsealed(town: Town, watch: Watch) -> None:
    sent = await sending.send(await town.client("doctor"), town.wanted())
    put(town, "body", "body", share=sent.share, holder=town.unit("clinic"))
    await assert_not_unsealed(town, watch)


async def test_the_header_envelope_does_not_open_the_body(town: Town, watch: Watch) -> None:
    put(town, "body", "header", share=town.share, holder=town.unit("clinic"))
    await assert_not_unsealed(town, watch)


async def test_the_body_envelope_does_not_come_with_a_header(town: Town, watch: Watch) -> None:
    put(town, "header", "body", share=town.share, holder=town.unit("clinic"))
    item = await town.item("psychologist")
    with pytest.raises(Tampered) as refused:
        await receiving.receive(await town.client("psychologist"), [item])
    assert refused.value.code == "wrong-envelope"
    assert watch.unsealed == []


async def test_two_shares_swapped_whole_are_told_apart(town: Town, watch: Watch) -> None:
    sent = await sending.send(await town.client("doctor"), town.wanted())
    psychologist = await town.client("psychologist")
    item = await town.item("psychologist", sent.share)
    token = await psychologist.sign(receiving.opening(item, "open"))
    answer = await psychologist.transport.post(f"/v1/shares/{sent.share}/open", {"statement": token})

    def change(told: Any) -> Any:
        kept = {"open": told["bundle"]["open"]}
        return {"bundle": answer["bundle"] | kept}

    town.operator.change("POST", f"/v1/shares/{town.share}/open", change)
    await assert_not_unsealed(town, watch, "wrong-receipt")


async def test_an_envelope_sealed_by_the_operator_is_not_unsealed(town: Town, watch: Watch) -> None:
    def change(told: Any) -> Any:
        return {"bundle": told["bundle"] | {"envelope": encode(bytes(1168))}}

    town.operator.change("POST", f"/v1/shares/{town.share}/open", change)
    await assert_not_unsealed(town, watch)


@pytest.mark.parametrize(("act", "code"), [("own", "not-found"), ("reopen", "not-opened")])
async def test_an_item_that_lies_about_itself_opens_nothing(town: Town, watch: Watch, act: str, code: str) -> None:
    def lie(told: Any) -> Any:
        for one in told["items"]:
            one.update(own=act == "own", opened=act == "reopen")
        return told

    town.operator.change("GET", "/v1/inbox", lie)
    found = await receiving.inbox(await town.client("psychologist"))
    with pytest.raises(SdkError) as refused:
        await open_share(await town.client("psychologist"), found[0])
    assert refused.value.code == code
    assert watch.unsealed == []
    assert town.events()[-1] == "open-refused"
