"""An order that nobody made, that one registrar made alone, or that is hidden: whoever shares does not believe it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from clients.sdk import authorities, enrolment, registrar, sending, units
from clients.sdk.client import Client, new_statement_id
from clients.sdk.errors import Denied, Tampered
from keys import signing
from protocol.consent.vocabulary import AuthorityKind, Regime
from protocol.identifiers import Instant, PersonId
from protocol.statements import base
from protocol.statements.authority import AuthorityBody, AuthorityConfirmationBody
from protocol.statements.base import claim
from tests.attacks.conftest import Watch
from tests.attacks.forging import changed, logged
from tests.attacks.town import CHEAP, PASSPHRASE, Town


async def in_care(town: Town) -> str:
    """Have two registrars record that the stranger signs for a child welfare service; give the order's digest."""
    first = await town.client("registrar")
    slip = await enrolment.invite(first, "person")
    home = await enrolment.enrol(town.folder / "homes" / "colleague", PASSPHRASE, slip, cost=CHEAP)
    await enrolment.endorse_all(first)
    colleague = home.profile.person
    joining = registrar.Colleagues(joining=(colleague,))
    await registrar.publish(first, town.facts["verifier"], colleagues=joining)
    service = await units.create(
        first, name="Barnevern", entity="Kommunen", organisation="999999999", regime=Regime.CHILD_WELFARE
    )
    decision = authorities.Decision(
        by=AuthorityKind.CARE_ORDER,
        number="BHN-26-417",
        decided_on=date(2026, 8, 20),
        persons=(town.person("stranger"),),
        unit=service,
        purposes=authorities.ORDERED,
    )
    digest = await authorities.record(first, town.subject, decision)
    async with Client.at(town.folder / "homes" / "colleague", PASSPHRASE) as second:
        await authorities.confirm(second, town.subject, digest)
    return digest


def serve(town: Town, change: Callable[[list[dict[str, str]]], list[dict[str, str]]]) -> None:
    """Change the statements about the child in every answer."""
    path = f"/v1/subjects/{town.subject}"
    town.operator.change("GET", path, lambda told: told | {"statements": change(told["statements"])})


def without(*kinds: str) -> Callable[[list[dict[str, str]]], list[dict[str, str]]]:
    return lambda told: [each for each in told if claim(each["token"]).kind not in kinds]


async def assert_believed_by_nobody(town: Town, watch: Watch, code: str, kind: type[Exception] = Tampered) -> None:
    doctor = await town.first_contact("doctor")
    before = len(watch.sealed)
    with pytest.raises(kind) as refused:
        await sending.send(doctor, town.wanted())
    assert getattr(refused.value, "code", "") == code, refused.value
    assert len(watch.sealed) == before
    assert town.events().count("shared") == 1


def said_by(body: base.Body, person: PersonId, key: signing.SigningKey, town: Town, made: Instant) -> dict[str, str]:
    origin = town.facts["verifier"].split("+", 1)[0]
    return logged(town, base.sign(body, key, iss=person, aud=origin, made=made, seen=None))


def order(town: Town, made: Instant) -> AuthorityBody:
    return AuthorityBody(
        id=new_statement_id(),
        not_after=Instant(made + 300 * 86_400_000),
        subject=town.subject,
        by=AuthorityKind.CARE_ORDER,
        number="BHN-26-1",
        decided_on=date(2026, 8, 20),
        unit=town.unit("clinic"),
        persons=(town.person("stranger"),),
        purposes=authorities.ORDERED,
        holds_from=made,
        holds_to=None,
    )


async def now(town: Town) -> Instant:
    """When the child's sheet was signed: a time at which everything in the log can have been said."""
    doctor = await town.client("doctor")
    told = (await doctor.transport.get(f"/v1/subjects/{town.subject}"))["statements"]
    [sheet] = [each["token"] for each in told if claim(each["token"]).kind == "subject-sheet"]
    return Instant(signing.peek(sheet).body["made"])


async def test_an_order_that_the_operator_signed_is_believed_by_nobody(town: Town, watch: Watch) -> None:
    made, person = await now(town), town.person("registrar")
    forged = said_by(order(town, made), person, signing.generate(), town, made)
    serve(town, lambda told: [*told, forged])
    await assert_believed_by_nobody(town, watch, "not-entitled")


async def test_an_order_that_one_registrar_records_and_confirms_is_believed_by_nobody(town: Town, watch: Watch) -> None:
    colluding = await town.client("registrar")
    key, made = colluding.home.keyring.signing, await now(town)
    recorded = said_by(order(town, made), colluding.person, key, town, made)
    confirming = AuthorityConfirmationBody(new_statement_id(), town.subject, signing.digest(recorded["token"]))
    alone = said_by(confirming, colluding.person, key, town, made)
    serve(town, lambda told: [*told, recorded, alone])
    await assert_believed_by_nobody(town, watch, "wrong-order")


async def test_an_order_that_is_hidden_from_the_sender_is_missed(town: Town, watch: Watch) -> None:
    await in_care(town)
    serve(town, without("authority", "authority-confirmation"))
    await assert_believed_by_nobody(town, watch, "no-authority")


async def test_hiding_the_confirmation_gives_the_parents_nothing_back(town: Town, watch: Watch) -> None:
    await in_care(town)
    serve(town, without("authority-confirmation"))
    await assert_believed_by_nobody(town, watch, "exception-care-order", Denied)


async def test_an_order_whose_signer_was_exchanged_is_refused(town: Town, watch: Watch) -> None:
    await in_care(town)
    stranger = town.person("stranger")

    def exchange(told: list[dict[str, str]]) -> list[dict[str, str]]:
        def other(body: dict[str, Any]) -> None:
            body["persons"] = [town.person("father")] if stranger in body["persons"] else body["persons"]

        return [
            logged(town, changed(each["token"], other)) if claim(each["token"]).kind == "authority" else each
            for each in told
        ]

    serve(town, exchange)
    await assert_believed_by_nobody(town, watch, "not-entitled")
