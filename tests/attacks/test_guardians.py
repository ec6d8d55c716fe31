"""A guardian is hidden from the sender, or one is added: the sheet decides, and only the registrar may write it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from clients.sdk import consents, registrar, sending, subjects
from clients.sdk.client import Client
from clients.sdk.errors import Denied, Tampered
from clients.sdk.transport import clock
from keys import signing
from protocol.statements import base
from protocol.statements.identity import KeySet, PolicyBody, Registrar
from tests.attacks.conftest import Later, Watch
from tests.attacks.forging import changed, logged, replace_kind, unsigned_change
from tests.attacks.town import Town


def serve_sheet(town: Town, made: Any) -> None:
    """Answer every question about the child with the sheet that `made` gives for the true one."""

    def change(told: Any) -> Any:
        return told | {"statements": replace_kind(told["statements"], "subject-sheet", made)}

    town.operator.change("GET", f"/v1/subjects/{town.subject}", change)


def without_father(body: dict[str, Any], town: Town) -> None:
    for name in ("may_sign", "may_know"):
        body[name] = [holder for holder in body[name] if holder["person"] != town.person("father")]


async def assert_refused(client: Client, town: Town, watch: Watch, code: str) -> None:
    with pytest.raises(Tampered) as refused:
        await sending.send(client, town.wanted())
    assert refused.value.code == code, refused.value
    assert (watch.sealed, watch.unsealed) == ([], [])
    assert town.events().count("shared") == 1


async def test_an_old_sheet_that_hides_a_guardian_is_refused_by_whoever_saw_the_newer(town: Town, watch: Watch) -> None:
    doctor = await town.client("doctor")
    [old] = (await doctor.transport.get(f"/v1/subjects/{town.subject}"))["statements"]
    await subjects.renew(await town.client("registrar"), town.subject)
    await doctor.directory(subjects=[town.subject])
    serve_sheet(town, lambda _: old)
    await assert_refused(doctor, town, watch, "rolled-back")


async def test_an_old_sheet_shown_to_a_newcomer_counts_to_its_end_and_no_longer(
    town: Town, watch: Watch, later: Later
) -> None:
    doctor = await town.first_contact("doctor")
    listed = await doctor.transport.get("/v1/consents", subject=town.subject)
    town.operator.serve("GET", "/v1/consents", listed)
    later.forward(31)
    with pytest.raises(Denied) as refused:
        await sending.send(doctor, town.wanted())
    assert refused.value.code == "sheet-ended"
    assert watch.sealed == []
    assert town.events().count("shared") == 1


async def test_a_shortened_sheet_under_the_registrars_old_signature_is_refused(town: Town, watch: Watch) -> None:
    doctor = await town.first_contact("doctor")
    serve_sheet(town, lambda token: logged(town, unsigned_change(token, lambda body: without_father(body, town))))
    await assert_refused(doctor, town, watch, "bad-statement")


async def test_a_shortened_sheet_signed_by_the_operator_is_refused(town: Town, watch: Watch) -> None:
    doctor = await town.first_contact("doctor")
    serve_sheet(town, lambda token: logged(town, changed(token, lambda body: without_father(body, town))))
    await assert_refused(doctor, town, watch, "not-entitled")


async def test_a_shortened_sheet_signed_by_another_professional_is_refused(town: Town, watch: Watch) -> None:
    colluding = await town.client("clinic-custodian")
    doctor = await town.first_contact("doctor")

    def shortened(token: str) -> dict[str, str]:
        def change(body: dict[str, Any]) -> None:
            without_father(body, town)
            body["iss"] = colluding.person

        return logged(town, changed(token, change, colluding.home.keyring.signing))

    serve_sheet(town, shortened)
    await assert_refused(doctor, town, watch, "not-entitled")


async def test_a_true_signature_that_never_reached_the_log_is_refused(town: Town, watch: Watch) -> None:
    former = await town.client("registrar")
    doctor = await town.client("doctor")
    [true] = (await doctor.transport.get(f"/v1/subjects/{town.subject}"))["statements"]

    def shortened(token: str) -> dict[str, str]:
        def change(body: dict[str, Any]) -> None:
            without_father(body, town)
            body["number"] = 2

        return {"token": changed(token, change, former.home.keyring.signing), "receipt": true["receipt"]}

    serve_sheet(town, shortened)
    await assert_refused(doctor, town, watch, "not-logged")


async def test_a_sheet_by_a_registrar_whom_the_root_no_longer_names_is_refused(town: Town, watch: Watch) -> None:
    former = await town.client("registrar")
    await replace_registrar(town, former)
    town.clients.clear()
    doctor = await town.client("doctor")
    colluding = former.home.keyring.signing

    def shortened(token: str) -> dict[str, str]:
        def change(body: dict[str, Any]) -> None:
            without_father(body, town)
            body["number"] = 2

        return logged(town, changed(token, change, colluding))

    serve_sheet(town, shortened)
    with pytest.raises(Tampered) as refused:
        await doctor.directory(subjects=[town.subject])
    assert refused.value.code == "not-entitled"
    assert watch.sealed == []


async def replace_registrar(town: Town, former: Client) -> None:
    """Let the root name another registrar in the first one's place."""
    root = registrar._root_key(former.home)
    body: PolicyBody = former.policy.statement.body
    keys = KeySet(signing.generate().public, former.home.keyring.sealing.public.raw)
    named = replace(body, number=body.number + 1, registrars=(Registrar(town.person("stranger"), keys),))
    token = base.sign(named, root, iss=former.person, aud=former.policy.origin, made=clock(), seen=None)
    await former.transport.post("/v1/policy", {"root": root.public.jwk, "token": token}, public=True)


async def test_an_added_guardian_is_believed_by_nobody_though_the_database_says_so(town: Town, watch: Watch) -> None:
    stranger = town.person("stranger")

    def add(body: dict[str, Any]) -> None:
        for name in ("may_sign", "may_know"):
            body[name] = [*body[name], {**body[name][0], "person": stranger}]

    with town.database() as database:
        [(digest, token)] = database.execute(
            "SELECT digest, token FROM statements WHERE kind = 'subject-sheet' AND token IN"
            " (SELECT token FROM statements JOIN sheets USING (digest) WHERE subject = ?)",
            (town.subject,),
        ).fetchall()
        database.execute("UPDATE statements SET token = ? WHERE digest = ?", (unsigned_change(token, add), digest))
    mother = await town.client("mother")
    with pytest.raises(Tampered) as refused:
        await consents.listed(mother, town.subject)
    assert refused.value.code == "bad-statement", refused.value
    await assert_refused(await town.client("doctor"), town, watch, refused.value.code)


async def test_an_added_guardian_on_an_operators_own_sheet_is_refused_by_the_reader(town: Town, watch: Watch) -> None:
    def add(body: dict[str, Any]) -> None:
        body["may_sign"].append({**body["may_sign"][0], "person": town.person("stranger")})

    def change(told: Any) -> Any:
        bundle = told["bundle"]
        statements = replace_kind(bundle["statements"], "subject-sheet", lambda t: logged(town, changed(t, add)))
        return {"bundle": bundle | {"statements": statements}}

    town.operator.change("POST", "/v1/shares/*/open", change)
    with pytest.raises(Tampered) as refused:
        await town.open("psychologist")
    assert refused.value.code == "not-entitled"
    assert watch.unsealed == []
