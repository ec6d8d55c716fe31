"""The envelope comes with a receipt that is not of this opening: of another, of a refusal, of an entry made up."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from clients.sdk import receiving
from clients.sdk.errors import Tampered
from clients.sdk.opening import open_share
from keys import signing
from keys.notes import NoteKey
from protocol.log.event import Event
from server.audit import keyfiles
from tests.attacks.conftest import Watch
from tests.attacks.forging import fabricated, real_receipt
from tests.attacks.test_replayed_openings import stale_item
from tests.attacks.town import Town


def swap_receipt(town: Town, receipt: Callable[[str], str], bundle: dict[str, Any] | None = None) -> None:
    """Give the receipt that `receipt` makes for the reader's own statement, with the true bundle or an older one."""

    def change(told: Any) -> Any:
        token = json.loads(town.operator.last("POST", "/v1/shares/*/open").body)["statement"]
        true = bundle or told["bundle"]
        return {"bundle": true | {"open": {"token": token, "receipt": receipt(token)}}}

    town.operator.change("POST", f"/v1/shares/{town.share}/open", change)


async def assert_not_unsealed(town: Town, watch: Watch, *codes: str, item: receiving.Item | None = None) -> Tampered:
    before = len(watch.unsealed)
    wanted = item or await town.item("psychologist")
    with pytest.raises(Tampered) as refused:
        await open_share(await town.client("psychologist"), wanted)
    assert refused.value.code in codes, refused.value
    assert len(watch.unsealed) == before
    assert list((town.home("psychologist") / "evidence").iterdir())
    return refused.value


def about(town: Town, token: str) -> dict[str, Any]:
    """Say what an honest entry of this opening would say."""
    opened = signing.peek(token).body
    told = next(details for _, details in town.log() if details.share == town.share and details.act == "share")
    kept = ("subject", "matter", "share", "content", "consents", "basis", "rule", "decision")
    return {name: getattr(told, name) for name in kept} | {"for_unit": opened["unit"], "act": opened["act"]}


async def test_the_receipt_of_an_earlier_opening_releases_nothing(town: Town, watch: Watch) -> None:
    psychologist = await town.client("psychologist")
    opened = await town.open("psychologist")
    assert psychologist.person == opened.verified.opening.iss
    swap_receipt(town, lambda _: opened.receipt)
    await assert_not_unsealed(town, watch, "not-logged")


async def test_the_receipt_of_somebody_elses_opening_releases_nothing(town: Town, watch: Watch) -> None:
    coordinator = await town.open("coordinator")
    swap_receipt(town, lambda _: coordinator.receipt)
    await assert_not_unsealed(town, watch, "not-logged")


async def test_the_receipt_of_the_refusal_releases_nothing(town: Town, watch: Watch) -> None:
    await town.open("psychologist")
    true = next(told for path, told in reversed(town.operator.answered) if path.endswith("/open"))
    await town.withdraw()
    swap_receipt(town, lambda token: real_receipt(town, token), true["bundle"])
    await assert_not_unsealed(town, watch, "not-logged", item=await stale_item(town))
    assert town.last_refusal() == ("open-refused", "withdrawn")


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ("another event", "not-logged"),
        ("another share", "wrong-receipt"),
        ("refused", "not-logged"),
        ("another unit", "wrong-receipt"),
    ],
)
async def test_an_entry_that_says_something_else_releases_nothing(
    town: Town, watch: Watch, told: str, code: str
) -> None:
    lies: dict[str, dict[str, Any]] = {
        "another event": {},
        "another share": {"share": None},
        "refused": {"decision": "deny"},
        "another unit": {"for_unit": town.unit("borough")},
    }

    def receipt(token: str) -> str:
        event = Event.RECEIVED if told == "another event" else None
        return fabricated(town, token, event, **(about(town, token) | lies[told]))

    swap_receipt(town, receipt)
    await assert_not_unsealed(town, watch, code)


@pytest.mark.parametrize("after", [0, 1])
async def test_an_entry_in_a_side_tree_is_refused_and_kept_as_evidence(town: Town, watch: Watch, after: int) -> None:
    swap_receipt(town, lambda token: fabricated(town, token, after=after, **about(town, token)))
    refused = await assert_not_unsealed(town, watch, "wrong-order")
    assert refused.evidence


async def test_an_entry_that_the_log_does_not_hold_is_a_fork_and_kept_as_evidence(town: Town, watch: Watch) -> None:
    swap_receipt(town, lambda token: fabricated(town, token, **about(town, token)))
    # Which of the proofs is looked at first, one that contradicts or one that is missing, makes the code.
    refused = await assert_not_unsealed(town, watch, "forked")
    assert refused.evidence


async def test_an_entry_made_up_for_a_newcomer_is_refused_too(town: Town, watch: Watch) -> None:
    await town.first_contact("psychologist")
    swap_receipt(town, lambda token: fabricated(town, token, after=2, **about(town, token)))
    await assert_not_unsealed(town, watch, "wrong-order")


async def test_a_receipt_under_another_log_key_proves_nothing(
    town: Town, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = keyfiles.load_log_key(town.data)
    other = keyfiles.LogKey(real.origin, NoteKey.generate())
    monkeypatch.setattr("tests.attacks.forging.load_log_key", lambda _: other)
    swap_receipt(town, lambda token: fabricated(town, token, **about(town, token)))
    await assert_not_unsealed(town, watch, "not-logged")


async def test_no_receipt_at_all_releases_nothing(town: Town, watch: Watch) -> None:
    swap_receipt(town, lambda _: "c2sp.org/tlog-proof@v1\nindex 0\n\n")
    await assert_not_unsealed(town, watch, "not-logged")


async def test_a_sender_believes_no_receipt_that_is_not_its_own(town: Town) -> None:
    mother = await town.client("mother")
    kept = len(mother.home.receipts())
    true = next(path for path in mother.home.receipts())
    town.operator.change("POST", "/v1/consent-statements", lambda told: told | {"receipt": true.read_text("utf-8")})
    with pytest.raises(Tampered) as refused:
        await town.withdraw()
    assert refused.value.code == "not-logged"
    assert len(mother.home.receipts()) == kept
