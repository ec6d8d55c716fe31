"""What is hidden from the parents leaves no trace in anything that their clients can ask for (DESIGN §1, promise 7)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from keys.encoding import encode
from protocol.consent.vocabulary import ALL_ASPECTS, Category, Ground, Purpose
from protocol.statements.consent import SignatureBody, WithdrawalBody
from protocol.statements.exclusions import BlockBody, ExclusionBody
from protocol.statements.shields import ShieldAskBody, ShieldDeclineBody, ShieldNoticeBody, ShieldWithholdBody
from server.consent import exclusions, listing, notices
from server.consent import shields as shielding
from server.documents import openings
from server.documents import reading as mail
from server.messaging import reading as conversations
from tests.attacks.twins import Pair, everything, parents, part, settle
from tests.http.consent.support import Town, last_entry, new_matter, new_statement, ordered, party
from tests.http.consent.test_shields import REASON, WORDS, rising, say
from tests.http.documents.support import Office
from tests.http.documents.test_holds import SEALED
from tests.kit.clock import DAY, MINUTE
from tests.kit.postgres import POSTGRES
from tests.kit.world import done

MANY = 30
"""Fewer answers than this would mean that the question was not asked."""

pytestmark = pytest.mark.skipif(POSTGRES is not None, reason="the two worlds begin as copies of one SQLite file")


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Town:
    """One town, made once; each example copies it."""

    async def make() -> Town:
        async with settle(tmp_path_factory.mktemp("twins")) as town:
            return town

    return asyncio.run(make())


# What is seen, in both worlds


async def asks(pair: Pair) -> None:
    """The doctor asks for another consent, with the mother among the receivers."""
    receivers = ordered([party(pair.both.bup), party(pair.both.mother)])
    terms = await pair.both.asked(receivers=receivers)
    pair.seen.append(terms)


async def signs(pair: Pair) -> None:
    for terms in pair.seen[-1:]:
        for parent in (pair.both.mother, pair.both.father):
            await pair.both.say(parent, SignatureBody, terms)
        await pair.both.hear(pair.both.youth)


async def sends(pair: Pair) -> None:
    """Send to the mother and BUP under whatever is in force; refused in both worlds alike if nothing is."""
    for terms in pair.seen[-1:]:
        office = Office(pair.both)
        pair.sent.append(await office.pack(terms, to=[pair.both.bup, pair.both.mother]))
        await office.send(pair.sent[-1], seen=None)


async def opens(pair: Pair) -> None:
    """BUP opens what it was sent last, if anything."""
    for parcel in pair.sent[-1:]:
        office = Office(pair.both)
        token = office.opening(pair.both.psychologist, parcel, "open", pair.both.bup, said={"seen": None})
        await office.ask_open(pair.both.psychologist, parcel, token)


async def withdraws(pair: Pair) -> None:
    for terms in pair.seen[:1]:
        await pair.both.say(pair.both.mother, WithdrawalBody, terms)


async def a_day_passes(pair: Pair) -> None:
    pair.both.world.clock.forward(DAY // 2)
    await pair.everybody_signs_in()


# What is hidden, in the first world alone


async def is_asked_in_confidence(pair: Pair) -> None:
    pair.terms.append(await pair.alone.asked())


async def confides(pair: Pair) -> None:
    """The youth sends their own to BUP, which answers and puts a draft aside."""
    town = pair.alone
    told: dict[str, Any] = {
        "purpose": Purpose.OWN_SENDING,
        "categories": (Category.MESSAGE, Category.OWN_OBSERVATIONS),
        "senders": (party(town.youth),),
        "receivers": ordered([party(town.youth), party(town.bup)]),
    }
    terms = await town.asked(town.youth, **told)
    done(await town.say(town.youth, SignatureBody, terms))
    office = Office(town)
    parcel = await office.pack(terms, sender=town.youth, to=[town.bup], category="own-observations")
    done(await office.send(parcel, town.youth, seen=None))
    done(await office.open(town.psychologist, parcel, town.bup))
    answer = await office.pack(terms, sender=town.psychologist, unit=town.bup, to=[town.youth])
    done(await office.send(answer, town.psychologist, seen=None))
    draft = await office.pack(terms, sender=town.psychologist, unit=town.bup, to=[town.youth])
    body = office.hold_body(terms, SEALED, town.bup, share=draft.body.share, to=(town.youth.person,))
    form = {
        "hold": town.world.say(town.psychologist, body),
        "draft": encode(SEALED),
        "parts": {name: encode(part) for name, part in draft.parts.items()},
        "uploads": {},
    }
    done(await town.world.post(town.psychologist, "/v1/holds", form))
    pair.terms.append(terms)


async def is_heard(pair: Pair) -> None:
    await pair.alone.hear(pair.alone.doctor, unit=pair.alone.gp)


async def is_withheld(pair: Pair) -> None:
    town = pair.alone
    persons = rising(each.person for each in parents(town))
    body: dict[str, Any] = {"hides": rising(ALL_ASPECTS), "ground": Ground.YOUTH_ASKS, "reason": REASON}
    review = town.world.at(30 * DAY)
    done(await say(town, town.psychologist, ShieldWithholdBody, town.bup, persons=persons, review_at=review, **body))


async def signs_alone(pair: Pair) -> None:
    """Where the matter is withheld the youth is asked alone and signs; the doctor sends and BUP opens."""
    town = pair.alone
    terms = await town.asked()
    pair.terms.append(terms)
    if {each.person for each in terms.roles} != {town.youth.person}:
        return
    done(await town.say(town.youth, SignatureBody, terms))
    office = Office(town)
    parcel = await office.pack(terms)
    done(await office.send(parcel, seen=None))
    opening = office.opening(town.psychologist, parcel, "open", town.bup, said={"seen": None})
    done(await office.ask_open(town.psychologist, parcel, opening))


async def is_declined_and_told(pair: Pair) -> None:
    """What was declined stays hidden for days after the youth was told; the script is over before."""
    town = pair.alone
    body: dict[str, Any] = {"ground": Ground.YOUTH_ASKS, "reason": REASON}
    answer = done(await say(town, town.psychologist, ShieldDeclineBody, town.bup, **body))
    done(await say(town, town.youth, ShieldNoticeBody, decision=answer.body["digest"]))


async def is_refused(pair: Pair) -> None:
    await say(
        pair.alone, pair.alone.teacher, ShieldDeclineBody, pair.alone.school, ground=Ground.WEIGHTY, reason=REASON
    )


async def is_blocked(pair: Pair) -> None:
    """A psychologist hides every matter of the child from all who would see one, in the first world alone."""
    town = pair.alone
    for each in parents(town):
        review = town.world.at(30 * DAY)
        body = BlockBody(new_statement(), town.child.subject, town.bup.unit, each.person, REASON, review)
        done(
            await town.world.post(
                town.psychologist, "/v1/exclusions", {"token": town.world.say(town.psychologist, body)}
            )
        )


async def keeps_somebody_out(pair: Pair) -> None:
    """The youth keeps the doctor out."""
    town = pair.alone
    body = ExclusionBody(new_statement(), town.child.subject, town.gp.unit, town.doctor.person)
    done(await town.world.post(town.youth, "/v1/exclusions", {"token": town.world.say(town.youth, body)}))


async def another_matter_begins(pair: Pair) -> None:
    pair.alone.matter = pair.without.matter = new_matter()
    await is_asked_in_confidence(pair)


Step = Callable[[Pair], Awaitable[None]]
SEEN: tuple[Step, ...] = (asks, asks, signs, sends, opens, withdraws, a_day_passes)
HIDDEN: tuple[Step, ...] = (
    is_asked_in_confidence,
    confides,
    is_heard,
    is_withheld,
    signs_alone,
    is_declined_and_told,
    is_refused,
)


async def shields(pair: Pair) -> None:
    """The youth asks that everybody else in the family be kept out."""
    town = pair.alone
    persons = rising(each.person for each in parents(town))
    body = ShieldAskBody(new_statement(), None, town.child.subject, pair.hidden, town.bup.unit, persons)
    done(await town.world.post(town.youth, WORDS, {"token": town.world.say(town.youth, body)}))


async def play(pair: Pair, before: list[Step], after: list[Step]) -> None:
    for step in (*before, shields, *after):
        await step(pair)
        if step in HIDDEN or step is shields:
            await pair.level()
        if step is not a_day_passes:
            pair.both.world.clock.forward(MINUTE // 20)
    await pair.everybody_signs_in()


def pool(pair: Pair) -> dict[str, list[str]]:
    """Everything that somebody could name, what is hidden included."""
    town, terms = pair.both, [*pair.seen, *pair.terms]
    family = [*parents(town), town.youth, town.doctor, town.stranger]
    return {
        "subject": [town.child.subject],
        "matter": [town.matter, pair.hidden],
        "consent": [each.id for each in terms],
        "unit": [each.unit for each in (town.gp, town.bup, town.school)],
        "person": [each.person for each in family],
        "index": [str(index) for index in range(pair.begun, town.world.log.head.size + 1)],
        "share": [f"shr_{'0' * 32}"],
        "invitation": [f"inv_{'0' * 32}"],
        "upload": [f"upl_{'0' * 32}"],
    }


STORY: tuple[list[Step], list[Step]] = (
    [is_asked_in_confidence, asks, signs, sends, opens],
    [*HIDDEN, asks, confides, asks, signs, sends, opens, opens, opens, withdraws],
)
"""Everything once, with more than a page of what is seen before, among and after what is hidden."""


@given(
    before=st.lists(st.sampled_from((*SEEN, is_asked_in_confidence)), max_size=4),
    after=st.lists(st.sampled_from((*SEEN, *HIDDEN)), max_size=8),
)
@example(*STORY)
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_answer_that_a_parent_can_get_differs_by_a_matter_that_is_hidden_from_them(
    settled: Town, tmp_path_factory: pytest.TempPathFactory, before: list[Step], after: list[Step]
) -> None:
    differing = asyncio.run(_differing(settled, tmp_path_factory.mktemp("pair"), before, after))
    assert differing == []


BLOCKED: tuple[Step, ...] = (
    is_asked_in_confidence,
    is_blocked,
    confides,
    is_heard,
    another_matter_begins,
    a_day_passes,
    confides,
    is_refused,
    keeps_somebody_out,
)
"""A block, before and after which things happen in several matters: to the parents there is none."""


def test_no_answer_that_a_blocked_parent_can_get_tells_that_there_is_any_matter_at_all(
    settled: Town, tmp_path: Path
) -> None:
    assert asyncio.run(_blocked(settled, tmp_path)) == []


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("server.consent.cases.exclusions.hiding", "/v1/consents"),
        ("server.consent.store.shields.matters_closed_to", "/v1/conversations"),
    ],
)
def test_the_comparison_finds_the_trace_when_a_block_is_passed_over(
    settled: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, told: str
) -> None:
    monkeypatch.setattr(place, lambda *_: [])
    differing = asyncio.run(_blocked(settled, tmp_path))
    assert any(path.partition("?")[0] == told for path in differing), differing


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("server.consent.cases.shieldings", "/v1/consents"),
        ("server.documents.reading.hidden_matters", "/v1/inbox"),
        ("server.documents.reading.hidden_matters", "/v1/sent"),
        ("server.documents.holding.hidden_matters", "/v1/holds"),
        ("server.messaging.reading.shields.hidden_from", "/v1/conversations"),
    ],
)
def test_the_comparison_finds_the_trace_when_one_filter_is_taken_out(
    settled: Town, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, place: str, told: str
) -> None:
    monkeypatch.setattr(place, lambda *_: {})
    differing = asyncio.run(_differing(settled, tmp_path_factory.mktemp("pair"), *STORY))
    assert any(path.partition("?")[0] == told for path in differing), differing


@pytest.fixture(autouse=True)
def short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the ends of pages fall among what is hidden."""
    for module in (listing, mail, openings, conversations, notices, shielding, exclusions):
        monkeypatch.setattr(module, "PAGE", 2)


async def _differing(settled: Town, folder: Path, before: list[Step], after: list[Step]) -> list[str]:
    """Play both worlds, and give the paths whose answers tell them apart."""
    async with part(settled, folder) as pair:
        await play(pair, before, after)
        return await _compared(pair)


async def _blocked(settled: Town, folder: Path) -> list[str]:
    """Play a world in which the parents are blocked beside one in which there is no matter, and compare likewise."""
    async with part(settled, folder) as pair:
        for step in BLOCKED:
            await step(pair)
            await pair.level()
            pair.both.world.clock.forward(MINUTE // 20)
        await pair.everybody_signs_in()
        return await _compared(pair)


async def _compared(pair: Pair) -> list[str]:
    named, differing = pool(pair), []
    for parent in parents(pair.both):
        with_it = await everything(pair.alone, parent, named)
        without = await everything(pair.without, parent, named)
        assert len(with_it) > MANY
        differing += [path for path in with_it if with_it[path] != without.get(path)]
    return differing


async def test_in_the_hidden_matter_the_youth_does_sign_alone_and_what_is_sent_on_that_is_opened(
    settled: Town, tmp_path: Path
) -> None:
    async with part(settled, tmp_path) as pair:
        for step in (shields, is_withheld, signs_alone):
            await step(pair)
        opened = await last_entry(pair.alone.world)
    assert (opened.entry.e, opened.details.rule) == ("opened", "no/information/12-15/shielded")
