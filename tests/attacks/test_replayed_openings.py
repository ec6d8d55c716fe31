"""An opening is sent again: by its statement, by its idempotency key, by its bytes; before and after the withdrawal."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from clients.sdk import receiving
from clients.sdk.errors import SdkError, Tampered
from clients.sdk.opening import open_share
from tests.attacks.conftest import Watch
from tests.attacks.town import Recorded, Town

KEY = {"Idempotency-Key": "opening-opening-opening"}


async def open_once(town: Town) -> tuple[str, dict[str, Any]]:
    """Open as the psychologist does, and give the statement and the answer."""
    psychologist = await town.client("psychologist")
    token = await psychologist.sign(receiving.opening(await town.item("psychologist"), "open"))
    answer = await psychologist.transport.post(
        f"/v1/shares/{town.share}/open", {"statement": token}, idempotency=KEY["Idempotency-Key"]
    )
    return token, answer


async def again(town: Town, token: str, *, key: bool) -> SdkError:
    """Hand in the same statement again, and give the refusal."""
    psychologist = await town.client("psychologist")
    with pytest.raises(SdkError) as refused:
        await psychologist.transport.post(
            f"/v1/shares/{town.share}/open",
            {"statement": token},
            idempotency=KEY["Idempotency-Key"] if key else None,
        )
    return refused.value


@pytest.mark.parametrize("key", [False, True])
@pytest.mark.parametrize("withdrawn", [False, True])
async def test_a_statement_opens_one_entry_only(town: Town, key: bool, withdrawn: bool) -> None:
    token, _ = await open_once(town)
    if withdrawn:
        await town.withdraw()
    refused = await again(town, token, key=key)
    assert refused.code == "already-used"
    assert town.last_refusal() == ("open-refused", "already-used")
    assert town.events().count("opened") == 1


async def test_a_new_statement_after_the_withdrawal_is_refused_under_the_old_key(town: Town) -> None:
    await open_once(town)
    await town.withdraw()
    psychologist = await town.client("psychologist")
    item = receiving.opening(await stale_item(town), "reopen")
    with pytest.raises(SdkError) as refused:
        await psychologist.transport.post(
            f"/v1/shares/{town.share}/open",
            {"statement": await psychologist.sign(item)},
            idempotency=KEY["Idempotency-Key"],
        )
    assert refused.value.code == "withdrawn"
    assert town.last_refusal() == ("open-refused", "withdrawn")
    assert "reopened" not in town.events()


async def stale_item(town: Town) -> receiving.Item:
    """Give the line of the inbox as it was before the withdrawal: attackers keep what they saw."""
    told = next(body for path, body in town.operator.answered if path == "/v1/inbox" and body["items"])
    return next(one for one in map(receiving.Item.parse, told["items"]) if one.share == town.share)


async def test_recorded_bytes_are_refused_though_nothing_in_them_is_changed(town: Town) -> None:
    await open_once(town)
    recorded = town.operator.last("POST", f"/v1/shares/{town.share}/open")
    before = town.events()
    assert await resend(town, recorded) == (401, "unauthenticated")
    await town.withdraw()
    assert await resend(town, recorded) == (401, "unauthenticated")
    since = town.events()[len(before) :]
    assert "consent-withdrawn" in since
    assert not {"opened", "reopened", "open-refused"} & set(since), "it never came so far as to be an opening"


async def resend(town: Town, recorded: Recorded) -> tuple[int, str]:
    """Send a recorded request byte by byte from another machine."""
    async with (
        aiohttp.ClientSession() as session,
        session.request(
            recorded.method, town.url + recorded.path, headers=recorded.headers, data=recorded.body
        ) as told,
    ):
        return told.status, (await told.json(content_type=None))["code"]


async def test_an_old_answer_served_to_a_new_statement_is_not_unsealed(town: Town, watch: Watch) -> None:
    _, answer = await open_once(town)
    await town.withdraw()
    before = len(watch.unsealed)
    town.operator.serve("POST", f"/v1/shares/{town.share}/open", answer)
    with pytest.raises(Tampered) as refused:
        await open_share(await town.client("psychologist"), await stale_item(town))
    assert refused.value.code == "not-logged"
    assert len(watch.unsealed) == before
    assert town.last_refusal() == ("open-refused", "withdrawn")


async def test_a_header_is_not_received_twice_by_one_statement(town: Town) -> None:
    psychologist = await town.client("psychologist")
    token = await psychologist.sign(receiving.opening(await town.item("psychologist"), "receive"))
    first = await psychologist.transport.post("/v1/receive", {"statements": [token, token]})
    assert ["bundle" in one for one in first["results"]] == [True, False]
    again_ = await psychologist.transport.post("/v1/receive", {"statements": [token]})
    assert again_["results"][0]["reason"] == "already-used"
    assert town.last_refusal() == ("receive-refused", "already-used")
