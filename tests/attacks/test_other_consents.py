"""A consent is stretched: to a sibling, to more than was signed, past its end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from clients.sdk import consents, sending
from clients.sdk.client import new_statement_id
from clients.sdk.errors import Denied, SdkError, Tampered
from clients.sdk.opening import open_share
from protocol.consent.terms import Terms
from protocol.consent.vocabulary import Category, Kind
from protocol.identifiers import ConsentId, Instant, MatterId, ShareId
from protocol.statements.consent import RequestBody
from protocol.texts import Contents, consent_text
from server.audit.wiring import WRITER
from server.documents import holding, opening
from tests.attacks.conftest import Later, Watch
from tests.attacks.forging import logged, unsigned_change
from tests.attacks.town import Town, coordination

HOUR = 3_600_000


def has_shares(town: Town) -> int:
    with town.database() as database:
        count: int = database.execute("SELECT count(*) FROM shares").fetchone()[0]
        return count


async def test_one_childs_consent_carries_nothing_about_the_sibling(town: Town, watch: Watch) -> None:
    mother = await town.client("mother")
    with pytest.raises(Denied) as refused:
        await sending.send(mother, town.wanted(subject=town.sibling, unit=None))
    assert refused.value.code == "no-consent"
    assert watch.sealed == []


async def test_the_server_refuses_the_siblings_share_from_a_client_that_does_not_decide(
    town: Town, reckless: list[str]
) -> None:
    reckless.append(town.consent)
    with pytest.raises(Denied) as refused:
        await sending.send(await town.client("mother"), town.wanted(subject=town.sibling, unit=None))
    assert refused.value.code == "other-subject"
    assert has_shares(town) == 1
    assert town.last_refusal() == ("share-refused", "other-subject")


@pytest.mark.usefixtures("lenient")
async def test_the_reader_refuses_the_siblings_share_though_sender_and_server_let_it_pass(
    town: Town, watch: Watch, reckless: list[str]
) -> None:
    reckless.append(town.consent)
    sent = await sending.send(await town.client("mother"), town.wanted(subject=town.sibling, unit=None))
    before = len(watch.unsealed)
    with pytest.raises(SdkError) as refused:
        await town.open("psychologist", sent.share)
    assert refused.value.code == "other-subject", refused.value
    assert len(watch.unsealed) == before


async def test_another_category_than_was_signed_is_refused_by_sender_and_server(
    town: Town, watch: Watch, reckless: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    doctor, wanted = await town.client("doctor"), town.wanted(category=Category.SCHOOL_REPORT)
    reckless.append(town.consent)
    with pytest.raises(Denied) as refused:
        await sending.send(doctor, wanted)
    assert refused.value.code == "category-not-covered"
    assert town.last_refusal() == ("share-refused", "category-not-covered")
    assert has_shares(town) == 1
    monkeypatch.undo()
    sealed = len(watch.sealed)
    with pytest.raises(Denied) as decided:
        await sending.send(doctor, wanted)
    assert decided.value.code == "category-not-covered"
    assert len(watch.sealed) == sealed


def widen(payload: dict[str, Any]) -> None:
    payload["terms"]["categories"] = sorted([*payload["terms"]["categories"], str(Category.SCHOOL_REPORT)])


async def test_terms_widened_in_the_database_lose_their_signature(town: Town, watch: Watch) -> None:
    def change(told: Any) -> Any:
        for one in told["consents"]:
            one["request"] = logged(town, unsigned_change(one["request"]["token"], widen))
        return told

    town.operator.change("GET", "/v1/consents", change)
    with pytest.raises(Tampered) as refused:
        await sending.send(await town.client("doctor"), town.wanted(category=Category.SCHOOL_REPORT))
    assert refused.value.code == "bad-statement"
    assert watch.sealed == []


async def test_wider_terms_do_not_inherit_the_signatures_of_the_narrow_ones(town: Town, watch: Watch) -> None:
    colluding = await town.client("mother")
    before = (await colluding.transport.get("/v1/consents", subject=town.subject))["consents"][0]
    terms = (await consents.listed(colluding, town.subject))[0].terms
    wider = replace(terms, categories=tuple(sorted([*terms.categories, Category.SCHOOL_REPORT])))
    token = await colluding.sign(RequestBody(new_statement_id(), None, wider))

    def change(told: Any) -> Any:
        return told | {"consents": [before | {"consent": wider.digest, "request": logged(town, token)}]}

    town.operator.change("GET", "/v1/consents", change)
    with pytest.raises(Tampered) as refused:
        await sending.send(await town.client("doctor"), town.wanted(category=Category.SCHOOL_REPORT))
    assert refused.value.code == "other-consent"
    assert watch.sealed == []


async def test_the_id_of_a_signed_consent_is_not_given_to_wider_terms(town: Town) -> None:
    mother = await town.client("mother")
    old = (await consents.listed(mother, town.subject))[0].terms
    [narrow] = [one async for one in written(town, old.id, (*old.categories, Category.SCHOOL_REPORT))]
    with pytest.raises(SdkError) as refused:
        await mother.submit("/v1/consents", RequestBody(new_statement_id(), None, narrow))
    assert refused.value.code == "consent-taken"
    assert town.last_refusal() == ("request-refused", "consent-taken")
    assert [one.digest for one in await consents.listed(mother, town.subject)] == [town.consent]


async def written(town: Town, name: ConsentId, categories: Any, *, hours: int | None = None) -> Any:
    """Write lawful terms of the test's own, in the town's matter, under an id."""
    mother = await town.client("mother")
    mailboxes = [town.unit(each) for each in ("practice", "clinic", "borough")]
    found = await consents.situation(mother, town.subject, mailboxes)
    wanted = coordination(town.subject, MatterId.parse(str(town.matter)), mailboxes)
    terms = consents.lawful_terms(found, replace(wanted, categories=tuple(sorted(categories))), Kind.DISCLOSURE)
    end = terms.read_until if hours is None else Instant(terms.made + hours * HOUR)
    told = replace(terms, id=name, share_until=min(terms.share_until, end), read_until=end)
    names = {unit.unit: unit.name for unit in found.directory.units()}
    told = replace(told, text=consent_text(Contents.of(told), names, wanted.language))
    yield Terms.parse(told.to_json())


async def shared_for_hours(town: Town, hours: int) -> tuple[ShareId, str]:
    """Share something under a consent that ends after so many hours."""
    mother, father = await town.client("mother"), await town.client("father")
    name = ConsentId.of(bytes(16))
    [terms] = [one async for one in written(town, name, (Category.LETTER,), hours=hours)]
    await mother.submit("/v1/consents", RequestBody(new_statement_id(), None, terms))
    for signer in (mother, father):
        [known] = [one for one in await consents.listed(signer, town.subject) if one.digest == terms.digest]
        await consents.sign(signer, known)
    sent = await sending.send(await town.client("doctor"), town.wanted(category=Category.LETTER))
    return sent.share, terms.digest


async def test_what_was_sent_under_an_ended_consent_is_refused_and_logged(
    town: Town, watch: Watch, later: Later
) -> None:
    share, _ = await shared_for_hours(town, 24)
    item = await town.item("psychologist", share)
    before = len(watch.unsealed)
    later.forward(1.01)
    with pytest.raises(Denied) as refused:
        await open_share(await town.client("psychologist"), item)
    assert refused.value.code == "reading-ended"
    assert len(watch.unsealed) == before
    assert town.last_refusal() == ("open-refused", "reading-ended")


@pytest.mark.usefixtures("lenient")
async def test_the_readers_own_clock_ends_a_consent_though_the_server_permits(
    town: Town, watch: Watch, later: Later
) -> None:
    share, _ = await shared_for_hours(town, 24)
    item = await town.item("psychologist", share)
    before = len(watch.unsealed)
    later.forward(1.01)
    with pytest.raises(Denied) as refused:
        await open_share(await town.client("psychologist"), item)
    assert refused.value.code == "reading-ended"
    assert len(watch.unsealed) == before
    assert town.events()[-1] == "opened", "the server did permit: only the reader's client stood in the way"


async def test_an_operator_who_sets_back_the_clock_is_told_from_by_every_receipt(
    town: Town, watch: Watch, later: Later, monkeypatch: pytest.MonkeyPatch
) -> None:
    share, _ = await shared_for_hours(town, 24)
    item = await town.item("psychologist", share)
    before = len(watch.unsealed)
    set_back(town, monkeypatch, later)
    later.forward(1.01)
    with pytest.raises(SdkError) as refused:
        await open_share(await town.client("psychologist"), item)
    assert refused.value.code == "wrong-time", refused.value
    assert len(watch.unsealed) == before


def set_back(town: Town, monkeypatch: pytest.MonkeyPatch, later: Later) -> None:
    """Let the writer go on in the past, and take the check of statements' times out of the server."""
    stands = Instant(later.time_ns() // 1_000_000)
    monkeypatch.setattr(town.app[WRITER], "_clock", lambda: stands)
    monkeypatch.setattr(opening, "require_now", lambda *_: None)
    monkeypatch.setattr(holding, "require_now", lambda *_: None)
