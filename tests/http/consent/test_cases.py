"""What `decide` is given inside a transaction: fresh facts, and the log's order within one millisecond."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from protocol.consent.answer import Deny, Permit, Reason
from protocol.consent.ask import Actor, Ask
from protocol.consent.case import AcceptedRules
from protocol.consent.decide import decide
from protocol.consent.terms import Terms
from protocol.consent.vocabulary import Act, Category
from protocol.identifiers import Instant, SubjectId
from protocol.statements.consent import SignatureBody, WithdrawalBody
from server.audit.batch import Work
from server.audit.wiring import DATABASE, WRITER
from server.consent import actions, cases
from server.identity.intake import INTAKE, Accepted
from tests.http.consent.care import open_service
from tests.http.consent.support import Town, new_statement, open_town, publish_rules
from tests.kit.clock import DAY
from tests.kit.world import Unit, done, open_world


def share(town: Town, terms: Terms, **changed: Any) -> Ask:
    asked = Ask(
        act=Act.SHARE,
        subject=terms.subject,
        matter=terms.matter,
        purpose=terms.purpose,
        sender=Actor(town.doctor.person, town.gp.unit),
        receivers=(town.bup.unit,),
        reader=None,
        categories=(Category.HEALTH_NOTE,),
        consents=(terms.digest,),
        shared_at=None,
    )
    return replace(asked, **changed)


def opening(town: Town, terms: Terms, shared_at: Instant, unit: Unit | None = None) -> Ask:
    reader = Actor((unit or town.bup).staff[0].person, (unit or town.bup).unit)
    return share(town, terms, act=Act.OPEN, receivers=(), reader=reader, shared_at=shared_at)


async def decided(town: Town, ask: Ask) -> Permit | Deny:
    at = town.world.clock.now
    return decide(ask, await town.world.client.app[DATABASE].read(cases.load, ask, at), at)


async def test_a_consent_in_force_permits_sharing_and_opening(town: Town) -> None:
    terms = await town.in_force()
    assert isinstance(await decided(town, share(town, terms)), Permit)
    permit = await decided(town, opening(town, terms, town.world.clock.now))
    assert isinstance(permit, Permit)
    assert permit.consents == (terms.digest,)


async def test_each_fact_is_read_anew_for_each_ask(town: Town) -> None:
    terms = await town.asked()
    ask = share(town, terms)

    async def reason() -> Reason | None:
        answer = await decided(town, ask)
        return answer.reason if isinstance(answer, Deny) else None

    assert await reason() is Reason.SIGNATURE_MISSING
    for parent in (town.mother, town.father):
        done(await town.say(parent, SignatureBody, terms))
    assert await reason() is Reason.NOT_HEARD
    done(await town.hear(town.doctor, unit=town.gp))
    assert await reason() is None
    done(await town.world.next_epoch(town.gp, [town.gp.custodian]))
    assert await reason() is Reason.NOT_A_MEMBER
    town.world.clock.forward(1)
    done(await town.world.next_epoch(town.gp, [town.gp.custodian, town.doctor]))
    assert await reason() is None
    service = await open_service(town)
    recorded = await service.record()
    assert await reason() is Reason.EXCEPTION_CARE_ORDER
    done(await service.confirm(recorded))
    assert await reason() is Reason.NEEDS_NEW_CONSENT
    done(await town.say(town.mother, WithdrawalBody, terms))
    assert await reason() is Reason.WITHDRAWN


async def test_a_consent_for_one_child_carries_nothing_about_another(town: Town) -> None:
    terms = await town.in_force()
    sibling = await town.world.add_child(
        [town.mother, town.father], may_sign=town.child.sheet.may_sign, may_know=town.child.sheet.may_know
    )
    denied = await decided(town, share(town, terms, subject=sibling.subject))
    assert isinstance(denied, Deny)
    assert denied.reason is Reason.OTHER_SUBJECT


async def test_terms_are_read_again_when_they_were_put_away(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.consent.store.asking._KNOWN_AT_MOST", 1)
    first, second = await town.in_force(), await town.asked()
    for terms, answer in ((first, Permit), (second, Deny), (first, Permit), (first, Permit)):
        assert isinstance(await decided(town, share(town, terms)), answer)


async def test_what_is_unknown_denies(town: Town) -> None:
    terms = await town.in_force()
    nobody = SubjectId.of(secrets.token_bytes(16))
    for ask, reason in (
        (share(town, terms, consents=("0" * 64,)), Reason.CONSENT_UNKNOWN),
        (share(town, terms, consents=()), Reason.NO_CONSENT),
        (share(town, terms, subject=nobody), Reason.SHEET_MISSING),
        (share(town, terms, receivers=(town.gp.unit.of(secrets.token_bytes(16)),)), Reason.UNIT_UNKNOWN),
        (share(town, terms, sender=Actor(town.stranger.person, None)), Reason.NOT_ON_SHEET),
        (opening(town, terms, town.world.clock.now, town.school), Reason.RECEIVER_NOT_COVERED),
    ):
        denied = await decided(town, ask)
        assert isinstance(denied, Deny)
        assert denied.reason is reason


async def test_a_policy_that_has_ended_accepts_no_rules(tmp_path: Path) -> None:
    async with open_town(tmp_path) as town:
        terms = await town.in_force()
        await publish_rules(town.world, "f" * 64)
        denied = await decided(town, share(town, terms))
        assert isinstance(denied, Deny)
        assert denied.reason is Reason.RULES_NOT_ACCEPTED
        await publish_rules(town.world)
        assert isinstance(await decided(town, share(town, terms)), Permit)
        accepted = AcceptedRules(digest=terms.rules, holds_from=Instant(0), holds_to=None)
        soon = replace(town.world.policy_body(), not_after=town.world.at(DAY), rules=(accepted,))
        done(await town.world.publish_policy(soon))
        town.world.clock.forward(DAY)
        denied = await decided(town, share(town, terms))
        assert isinstance(denied, Deny)
        assert denied.reason is Reason.RULES_NOT_ACCEPTED


async def test_before_the_first_policy_nothing_is_accepted(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        nobody = SubjectId.of(secrets.token_bytes(16))
        case = await world.client.app[DATABASE].read(cases.around, nobody, (), (), (), world.clock.now)
        assert (case.sheet, case.rule_sets, dict(case.units)) == (None, (), {})


@pytest.mark.parametrize("withdrawn_first", [True, False])
async def test_within_one_millisecond_and_one_batch_the_logs_order_decides(town: Town, withdrawn_first: bool) -> None:
    terms = await town.in_force()
    app, now = town.world.client.app, town.world.clock.now
    body = WithdrawalBody(new_statement(), terms.digest, terms.subject, terms.matter)
    statement = await app[INTAKE].read(town.world.say(town.mother, body), town.mother.person, actions.SAID)
    ask = opening(town, terms, now)

    def opens(work: Work) -> Permit | Deny:
        return decide(ask, cases.load(work.connection, ask, work.at), work.at)

    writer = app[WRITER]
    withdraw, open_it = writer.submit(actions.say, statement, []), writer.submit(opens)
    first, second = (withdraw, open_it) if withdrawn_first else (open_it, withdraw)
    results = [each.result for each in await asyncio.gather(first, second)]
    taken, answer = results if withdrawn_first else reversed(results)
    assert isinstance(taken, Accepted)
    assert isinstance(answer, Deny if withdrawn_first else Permit)
    late = await decided(town, ask)
    assert isinstance(late, Deny)
    assert late.reason is Reason.WITHDRAWN


def test_rules_are_written_as_one_code() -> None:
    assert cases.rule_code(None) is None
    assert cases.rule_code("no/a no/b") == "no/a+no/b"
    assert len(cases.rule_code("no/a " * 40) or "") == 100
