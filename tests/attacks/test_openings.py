"""Who opened what is made up, taken from elsewhere, dressed up or left out by whoever runs the server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from clients.sdk import consents, sending
from clients.sdk.errors import SdkError
from clients.sdk.openings import Opening, openings
from keys import signing
from protocol.log.details import Decision
from tests.attacks.forging import changed, fabricated
from tests.attacks.town import Town, coordination

PATH = "/v1/consents/*/openings"
Page = dict[str, Any]


async def seen(town: Town, name: str = "mother") -> tuple[Opening, ...]:
    """Look at what was opened under the consent, as one of its people."""
    client = await town.client(name)
    known = next(one for one in await consents.listed(client, town.subject) if one.digest == town.consent)
    return (await openings(client, [known]))[town.consent]


async def refused(town: Town, change: Callable[[Page], object]) -> str:
    """Let the operator change the page, and say why the mother's client does not believe it."""

    def answer(page: Page) -> Page:
        change(page)
        return page

    town.operator.change("GET", PATH, answer)
    with pytest.raises(SdkError) as caught:
        await seen(town)
    return caught.value.code


async def opened(town: Town) -> None:
    await town.open("psychologist")


async def test_what_was_opened_is_shown_with_name_unit_time_and_sort(town: Town) -> None:
    await opened(town)
    [one] = [each for each in await seen(town) if each.act == "open"]
    assert (one.by, one.unit) == (town.person("psychologist"), town.unit("clinic"))
    assert (one.name, one.unit_name) == ("psychologist (syntetisk)", "Enheten clinic")
    assert one.what is not None
    assert (one.what.unit, [str(each) for each in one.what.categories]) == (
        town.unit("practice"),
        ["message", "ppt-report"],
    )


async def test_an_opening_that_its_reader_did_not_sign_is_not_believed(town: Town) -> None:
    await opened(town)

    def forge(page: Page) -> None:
        token = changed(page["openings"][0]["token"], lambda said: said.update(iss=town.person("teacher")))
        page["openings"][0] = {"token": token, "receipt": fabricated(town, token)}

    assert await refused(town, forge) == "not-entitled"


async def test_an_opening_that_was_signed_and_never_logged_is_not_believed(town: Town) -> None:
    await opened(town)
    teacher = await town.client("teacher")
    key = teacher.home.keyring.signing

    def forge(page: Page) -> None:
        token = changed(
            page["openings"][0]["token"],
            lambda said: said.update(iss=teacher.person, unit=town.unit("school"), seen=None),
            key,
        )
        told: dict[str, Any] = {"decision": Decision.PERMIT, "act": "open", "consents": (town.consent,)}
        about: dict[str, Any] = {
            "subject": town.subject,
            "matter": town.matter,
            "share": town.share,
            "for_unit": town.unit("school"),
        }
        page["openings"][0] = {"token": token, "receipt": fabricated(town, token, **told, **about)}

    assert await refused(town, forge) in {"fork", "forked", "no-consistency", "wrong-order"}


async def test_an_opening_under_another_consent_is_not_believed(town: Town) -> None:
    await opened(town)
    mother = await town.client("mother")
    mailboxes = [town.unit(name) for name in ("practice", "clinic")]
    [terms] = await consents.request(mother, coordination(town.subject, town.matter, mailboxes))
    page = await mother.transport.get(f"/v1/consents/{await first(town)}/openings")
    town.operator.serve("GET", f"/v1/consents/{terms.id}/openings", page)
    known = next(one for one in await consents.listed(mother, town.subject) if one.digest == terms.digest)
    with pytest.raises(SdkError) as caught:
        await openings(mother, [known])
    assert caught.value.code == "other-consent"


async def first(town: Town) -> str:
    """Give the id in the terms of the consent that the town began with."""
    found = await consents.listed(await town.client("mother"), town.subject)
    return next(one.terms.id for one in found if one.digest == town.consent)


async def test_an_opening_is_not_counted_twice(town: Town) -> None:
    await opened(town)
    assert await refused(town, lambda page: page["openings"].append(page["openings"][0])) == "wrong-receipt"


async def test_a_manifest_of_another_share_is_not_taken_for_what_was_opened(town: Town) -> None:
    await opened(town)
    other = await sending.send(await town.client("doctor"), town.wanted(title="Et annet brev"))
    await town.open("psychologist", other.share)
    both: Page = await (await town.client("mother")).transport.get(f"/v1/consents/{await first(town)}/openings")
    [borrowed] = [one for one in both["manifests"] if signing.peek(one["token"]).body["share"] == other.share]

    def swap(page: Page) -> Page:
        return page | {"manifests": [borrowed]}

    town.operator.change("GET", PATH, swap)
    found = await seen(town)
    assert [each.what for each in found if each.share == town.share] == [None] * 2
    assert all(each.what is not None for each in found if each.share == other.share)


async def test_what_was_shown_once_and_is_left_out_later_convicts(town: Town) -> None:
    await opened(town)
    assert len(await seen(town)) == 2
    assert len(await seen(town)) == 2
    assert await refused(town, lambda page: page["openings"].pop()) == "opening-missing"
    evidence = list((town.home("mother") / "evidence").glob("*.json"))
    assert len(evidence) == 1


async def test_pages_that_never_end_are_no_answer(town: Town) -> None:
    await opened(town)
    assert await refused(town, lambda page: page.update(next="1")) == "bad-answer"


async def test_an_answer_of_another_form_is_no_answer(town: Town) -> None:
    await opened(town)
    assert await refused(town, lambda page: page.update(openings=[{"token": 1}])) == "bad-answer"
