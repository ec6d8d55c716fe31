"""Under an order of two registrars the child welfare service is asked, told, and signs; nobody else brings it about."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from protocol.consent.vocabulary import AuthorityKind, Capacity, Responsibility
from protocol.log.event import Event
from protocol.statements.consent import SignatureBody, WithdrawalBody
from tests.http.consent.care import Service, open_service
from tests.http.consent.support import Town, last_entry, open_town, refusal
from tests.http.documents.support import Office
from tests.kit.clock import DAY
from tests.kit.world import done


@pytest.fixture
async def service(town: Town) -> Service:
    return await open_service(town)


async def notices(town: Town, service: Service) -> list[str]:
    answer = done(await town.world.get(service.caseworker, "/v1/notices"))
    return [each["kind"] for each in answer.body["notices"]]


async def test_the_service_is_asked_signs_and_what_is_shared_opens_at_the_recipient(
    town: Town, service: Service
) -> None:
    await service.in_care()
    terms = await town.asked()
    assert {role.person for role in terms.roles} == {service.caseworker.person, town.child.subject}
    assert await town.listed(service.caseworker) == [terms.digest]
    assert await notices(town, service) == ["sign"]
    assert refusal(await town.say(town.mother, SignatureBody, terms)) == (403, "not-entitled")
    done(await town.hear(town.doctor, unit=town.gp))
    done(await town.say(service.caseworker, SignatureBody, terms))
    assert await notices(town, service) == []
    office = Office(town)
    parcel = await office.sent(terms)
    plain, verified = await office.read(town.psychologist, parcel, town.bup)
    assert plain == b'{"message":"Hei"}'
    assert verified.permit is not None
    assert "no/in-place/care-order" in verified.permit.rule
    assert await town.listed(town.mother) == [terms.digest]


async def test_one_registrar_alone_brings_nothing_about(town: Town, service: Service) -> None:
    before = await town.in_force()
    digest = await service.record()
    assert refusal(await town.ask(town.doctor, await town.terms(), town.gp)) == (403, "exception-care-order")
    assert refusal(await service.confirm(digest, town.world.registrar)) == (403, "not-entitled")
    assert refusal(await Office(town).send(await Office(town).pack(before))) == (403, "exception-care-order")
    done(await service.confirm(digest))
    assert refusal(await Office(town).send(await Office(town).pack(before))) == (403, "needs-new-consent")


async def test_what_one_registrar_recorded_by_mistake_one_takes_back(town: Town, service: Service) -> None:
    before = await town.in_force()
    await service.end(await service.record())
    done(await town.say(town.mother, WithdrawalBody, before))
    anew = await town.in_force()
    await Office(town).sent(anew)


async def test_when_the_order_ends_the_parents_sign_anew(town: Town, service: Service) -> None:
    before = await town.in_force()
    in_care = await service.in_care()
    town.world.clock.forward(1)
    ended = await service.end(in_care)
    assert refusal(await town.ask(town.doctor, await town.terms(), town.gp)) == (403, "exception-care-order")
    done(await service.confirm(ended))
    assert refusal(await Office(town).send(await Office(town).pack(before))) == (403, "signature-missing")
    town.world.clock.forward(1)
    anew = await town.in_force()
    await Office(town).sent(anew)


async def test_an_emergency_order_ends_by_itself_and_the_service_signs_no_more(town: Town, service: Service) -> None:
    clock = town.world.clock
    await service.in_care(
        by=AuthorityKind.EMERGENCY_ORDER, not_after=town.world.at(7 * DAY), holds_to=town.world.at(2 * DAY)
    )
    terms = await town.asked()
    clock.forward(2 * DAY)
    assert refusal(await town.say(service.caseworker, SignatureBody, terms)) == (403, "not-entitled")
    done(await town.say(town.mother, SignatureBody, await town.asked()))


async def test_a_caseworker_who_has_left_the_service_is_refused_here_and_by_every_recipient(
    town: Town, service: Service
) -> None:
    await service.in_care()
    terms = await town.asked()
    sheet = town.child.sheet
    gone = town.world.entitled(service.caseworker, Capacity.CHILD_WELFARE, holds_to=town.world.clock.now)
    listed = tuple(gone if each.person == gone.person else each for each in sheet.may_sign)
    await town.next_sheet(may_sign=listed, may_know=listed)
    assert refusal(await town.say(service.caseworker, SignatureBody, terms)) == (404, "not-found")
    assert await town.listed(service.caseworker) == []


async def test_what_was_shared_before_the_order_stays_readable_and_a_parent_may_take_it_back(
    town: Town, service: Service
) -> None:
    terms, office = await town.in_force(), Office(town)
    parcel = await office.sent(terms)
    town.world.clock.forward(1)
    await service.in_care()
    await office.read(town.psychologist, parcel, town.bup)
    done(await town.say(town.father, WithdrawalBody, terms))
    assert (await office.open(town.psychologist, parcel, town.bup)).status == 403


async def test_every_word_is_logged_with_the_child_it_is_about(town: Town, service: Service) -> None:
    await service.record()
    entry, details, scope = await last_entry(town.world, back=2)
    assert (entry.e, details.act, details.actor) == (Event.FACT_RECORDED, "authority", town.world.registrar.person)
    assert (details.subject, details.unit, scope) == (town.child.subject, service.unit.unit, town.child.subject)


async def test_what_is_recorded_is_a_registrars_and_about_a_child_and_a_service_that_are_known(
    town: Town, service: Service
) -> None:
    for stranger in (town.mother, town.doctor, service.caseworker, service.unit.custodian):
        assert refusal(await service.say(service.order(), stranger)) == (403, "not-entitled")
    for unit in (town.gp.unit, town.matter.replace("mat", "unt")):
        assert refusal(await service.say(service.order(unit=unit))) == (403, "not-entitled")
    unknown = town.child.subject[:-4] + "0000"
    assert refusal(await service.say(service.order(subject=type(town.child.subject)(unknown)))) == (
        422,
        "bad-authority",
    )
    assert refusal(await service.say(service.order(not_after=town.world.at(0)))) == (422, "ended")
    assert refusal(await service.say(service.order(not_after=town.world.at(367 * DAY)))) == (422, "too-long")
    assert refusal(await service.confirm("0" * 64)) == (422, "bad-authority")


async def test_a_sheet_names_all_that_was_determined_and_nothing_else(town: Town, service: Service) -> None:
    digest = done(await service.say(service.order())).body["digest"]
    world, sheet = town.world, town.child.sheet
    for named in ((), ("0" * 64,), ("0" * 64, digest)):
        body = replace(sheet, number=sheet.number + 1, authorities=named)
        assert refusal(await world.hand_in(world.registrar, body)) == (422, "other-authorities")
    # Until the sheet names it, it counts for nobody.
    await Office(town).sent(await town.in_force())
    await service.name(digest)
    assert refusal(await town.ask(town.doctor, await town.terms(), town.gp)) == (403, "exception-care-order")


async def test_a_representative_signs_by_a_mandate_that_two_registrars_record(tmp_path: Path) -> None:
    async with open_town(tmp_path, responsibility=Responsibility.UNKNOWN, may_sign=()) as town:
        service = await open_service(town)
        assert refusal(await town.ask(town.doctor, await town.terms(), town.gp)) == (403, "no-signer")
        mandate = service.order(
            by=AuthorityKind.MANDATE,
            unit=None,
            purposes=(),
            persons=(town.aunt.person,),
            holds_to=town.world.at(20 * DAY),
        )
        digest = done(await service.say(mandate)).body["digest"]
        await service.name(digest, town.world.entitled(town.aunt, Capacity.REPRESENTATIVE))
        done(await service.confirm(digest))
        terms = await town.asked()
        done(await town.say(town.aunt, SignatureBody, terms))
        done(await town.hear(town.doctor, unit=town.gp))
        await Office(town).sent(terms)
        town.world.clock.forward(20 * DAY)
        assert refusal(await Office(town).send(await Office(town).pack(terms))) == (403, "no-signer")


async def test_two_registrars_settle_who_has_responsibility(tmp_path: Path) -> None:
    async with open_town(tmp_path, responsibility=Responsibility.OTHER) as town:
        service = await open_service(town)
        settled = service.order(
            by=AuthorityKind.RESPONSIBILITY,
            unit=None,
            purposes=(),
            persons=tuple(sorted((town.mother.person, town.father.person))),
        )
        digest = done(await service.say(settled)).body["digest"]
        await service.name(digest, *town.child.sheet.may_sign)
        assert refusal(await town.ask(town.doctor, await town.terms(), town.gp)) == (403, "responsibility-unclear")
        done(await service.confirm(digest))
        await Office(town).sent(await town.in_force())
