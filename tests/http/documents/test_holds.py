from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from keys.encoding import decode, encode
from protocol.identity import Logged, proved
from protocol.log.event import Event
from protocol.statements.consent import SignatureBody
from protocol.statements.share import HoldBody, OpenBody
from server.audit.wiring import WRITER
from server.config import SETTINGS
from server.documents.content import CONTENT
from server.documents.tidying import tidy
from tests.http.consent.support import Town, last_entry, new_statement, refusal
from tests.http.documents.support import Office, Parcel, digest
from tests.http.documents.test_uploads import LARGE, uploaded
from tests.kit.actor import Actor, Reply
from tests.kit.clock import DAY
from tests.kit.world import Unit, done

SEALED = b"a draft, sealed to the unit"


async def hold(town: Town, parcel: Parcel, body: HoldBody) -> Reply:
    who = town.doctor
    form = {
        "hold": town.world.say(who, body),
        "draft": encode(SEALED),
        "parts": {name: encode(data) for name, data in parcel.parts.items()},
        "uploads": parcel.uploads,
    }
    return await town.world.post(who, "/v1/holds", form)


async def held(town: Town, office: Office, **changed: Any) -> tuple[Parcel, Any]:
    """Hold a draft for a consent that nobody has signed yet."""
    terms = await town.asked()
    parcel = await office.pack(terms)
    body = office.hold_body(terms, SEALED, town.gp, share=parcel.body.share, **changed)
    done(await hold(town, parcel, body))
    return parcel, terms


async def open_hold(town: Town, actor: Actor, parcel: Parcel, unit: Unit | None, **changed: Any) -> tuple[Reply, str]:
    told: dict[str, Any] = {
        "id": new_statement(),
        "share": parcel.body.share,
        "envelope": digest(SEALED),
        "act": "own",
        "unit": None if unit is None else unit.unit,
    }
    token = town.world.say(actor, OpenBody(**(told | changed)))
    return await town.world.post(actor, f"/v1/holds/{parcel.body.share}/open", {"statement": token}), token


async def sign_all(town: Town, terms: Any) -> None:
    for parent in (town.mother, town.father):
        done(await town.say(parent, SignatureBody, terms))
    done(await town.hear(town.doctor, unit=town.gp))


async def released(town: Town, office: Office, parcel: Parcel, terms: Any, actor: Actor) -> Reply:
    again = await office.pack(terms, share=parcel.body.share, sender=actor, unit=town.gp)
    kept = replace(again.body, parts=parcel.body.parts, content=parcel.body.content)
    return await office.send(replace(again, body=kept, hold=True), actor)


async def test_a_draft_is_put_aside_opened_and_released_by_a_colleague(town: Town, office: Office) -> None:
    parcel, terms = await held(town, office)
    entry, details, scope = await last_entry(town.world)
    assert (entry.e, scope, details.share) == (Event.SHARE_HELD, town.matter, parcel.body.share)
    colleague = town.gp.custodian
    [listed] = done(await town.world.get(colleague, "/v1/holds")).body["holds"]
    assert (listed["share"], listed["unit"], listed["draft"], listed["author"]) == (
        parcel.body.share,
        town.gp.unit,
        digest(SEALED),
        town.doctor.person,
    )
    answer, token = await open_hold(town, colleague, parcel, town.gp)
    done(answer)
    assert decode(answer.body["draft"]) == SEALED
    assert {name: decode(data) for name, data in answer.body["parts"].items()} == parcel.parts
    opened = proved(Logged(token, answer.body["receipt"]), await town.world.policy())
    assert opened.entry.e is Event.OWN_OPENED
    assert refusal(await released(town, office, parcel, terms, colleague)) == (403, "signature-missing")
    await sign_all(town, terms)
    done(await released(town, office, parcel, terms, colleague))
    entry, details, _ = await last_entry(town.world)
    assert (entry.e, details.reason) == (Event.HOLD_ENDED, "released")
    assert done(await town.world.get(colleague, "/v1/holds")).body["holds"] == []
    [item] = done(await town.world.get(town.psychologist, "/v1/inbox")).body["items"]
    assert item["share"] == parcel.body.share


async def test_nobody_else_lists_opens_releases_or_drops_a_draft(town: Town, office: Office) -> None:
    parcel, terms = await held(town, office)
    await sign_all(town, terms)
    for stranger, unit in ((town.psychologist, town.bup), (town.mother, None)):
        assert done(await town.world.get(stranger, "/v1/holds")).body["holds"] == []
        assert (await open_hold(town, stranger, parcel, unit))[0].status == 404
        answer = await town.world.device(stranger).ask("DELETE", f"/v1/holds/{parcel.body.share}")
        assert answer.status == 404
    assert (await open_hold(town, town.psychologist, parcel, town.gp))[0].status == 403
    plain = await office.pack(terms, share=parcel.body.share)
    assert refusal(await office.send(plain)) == (409, "conflict")


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"draft": "0" * 64}, 422, "wrong-draft"),
        ({"days": 91}, 422, "hold-too-long"),
        ({"days": 0}, 422, "ended"),
        ({"consents": ("0" * 64,)}, 403, "consent-unknown"),
    ],
)
async def test_a_hold_that_does_not_fit_is_refused(
    town: Town, office: Office, changed: dict[str, Any], status: int, code: str
) -> None:
    terms = await town.asked()
    parcel = await office.pack(terms)
    if "days" in changed:
        changed = {"not_after": town.world.at(changed["days"] * DAY)}
    body = office.hold_body(terms, SEALED, town.gp, share=parcel.body.share, **changed)
    assert refusal(await hold(town, parcel, body)) == (status, code)


async def test_a_statement_opens_a_draft_once_and_names_it(town: Town, office: Office) -> None:
    parcel, _ = await held(town, office)
    told: dict[str, Any] = {"id": new_statement()}
    assert (await open_hold(town, town.doctor, parcel, town.gp, **told))[0].status == 200
    assert (await open_hold(town, town.doctor, parcel, town.gp, **told))[0].code == "already-used"
    assert (await open_hold(town, town.doctor, parcel, town.gp, envelope="0" * 64))[0].code == "wrong-draft"
    assert (await open_hold(town, town.doctor, parcel, town.gp, act="open"))[0].code == "other-share"


async def test_a_dropped_draft_takes_its_ciphertexts_with_it(town: Town, office: Office) -> None:
    terms = await town.asked()
    parcel = await office.pack(terms, files={"file-1": LARGE})
    parcel.uploads, _ = {"file-1": await uploaded(town.world, town.doctor, LARGE)}, parcel.parts.pop("file-1")
    body = office.hold_body(terms, SEALED, town.gp, share=parcel.body.share)
    done(await hold(town, parcel, body))
    whole = town.world.client.app[SETTINGS].content / "whole"
    assert [path.name for path in whole.glob("*/*")] == [digest(LARGE)]
    answer = await town.world.device(town.doctor).ask("DELETE", f"/v1/holds/{parcel.body.share}")
    assert answer.status == 204
    assert list(whole.glob("*/*")) == []
    entry, details, _ = await last_entry(town.world)
    assert (entry.e, details.reason, details.actor) == (Event.HOLD_ENDED, "given-up", town.doctor.person)
    assert (await open_hold(town, town.doctor, parcel, town.gp))[0].status == 404


async def test_a_draft_runs_out_at_its_end(town: Town, office: Office) -> None:
    parcel, _ = await held(town, office, not_after=town.world.at(DAY))
    town.world.clock.forward(DAY)
    assert done(await town.world.get(town.doctor, "/v1/holds")).body["holds"] == []
    assert (await open_hold(town, town.doctor, parcel, town.gp))[0].status == 404
    app = town.world.client.app
    await tidy(app[WRITER], app[CONTENT], 24)
    entry, details, _ = await last_entry(town.world)
    assert (entry.e, details.reason, details.share) == (Event.HOLD_ENDED, "ran-out", parcel.body.share)


async def test_a_released_draft_sends_what_was_held_and_nothing_else(town: Town, office: Office) -> None:
    parcel, terms = await held(town, office)
    await sign_all(town, terms)
    other = await office.pack(terms, share=parcel.body.share)
    assert refusal(await office.send(replace(other, hold=True))) == (422, "wrong-part")
    wider = await office.pack(terms, share=parcel.body.share, to=[town.bup, town.school])
    kept = replace(wider.body, parts=parcel.body.parts, content=parcel.body.content)
    assert refusal(await office.send(replace(wider, body=kept, hold=True))) == (409, "conflict")


async def test_what_was_never_held_is_not_released(town: Town, office: Office) -> None:
    parcel = await office.pack(await town.in_force())
    assert refusal(await office.send(replace(parcel, hold=True))) == (404, "not-found")
