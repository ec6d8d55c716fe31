"""`fortrolig consent export` and `read`: a consent goes out as FHIR and comes back whole."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

from clients.sdk import consents
from protocol.identifiers import MatterId
from tests.e2e.stage import Stage, own_sending, sign_all
from tests.e2e.test_command import run


async def test_a_consent_goes_out_as_fhir_and_is_read_by_whoever_may_know_it(served: Stage, tmp_path: Path) -> None:
    matter = MatterId.of(secrets.token_bytes(16))
    async with served.client("mother") as mother:
        await consents.request(mother, own_sending(served, matter))
        [known] = await sign_all(mother, served, matter)
    file = tmp_path / "samtykke.json"
    shown = await run(served, "mother", "consent", "export", "--fhir", known.digest[:12], "--json")
    assert (shown.answer["resourceType"], shown.answer["status"]) == ("Consent", "active")
    written = await run(
        served, "mother", "consent", "export", "--fhir", known.digest[:12], "--out", str(file), "--json"
    )
    assert (written.status, written.answer["consent"]) == (0, known.digest)
    again = await run(served, "mother", "consent", "export", "--fhir", known.digest[:12], "--out", str(file), "--json")
    assert (again.status, again.code) == (2, "file-exists")
    mine = await run(served, "mother", "consent", "read", "--fhir", str(file), "--json")
    assert (mine.answer["state"], mine.answer["terms"]) == ("in-force", known.terms.to_json())
    strange = await run(served, "stranger", "consent", "read", "--fhir", str(file), "--json")
    assert (strange.status, strange.answer["state"]) == (0, None)
    told = json.loads(file.read_text(encoding="utf-8"))
    told["provision"]["period"]["end"] = "2099-01-01T00:00:00.000Z"
    file.write_text(json.dumps(told), encoding="utf-8")
    altered = await run(served, "mother", "consent", "read", "--fhir", str(file), "--json")
    assert (altered.status, altered.code) == (2, "bad-fhir")
    none = await run(served, "mother", "consent", "read", str(file), "--json")
    assert (none.status, none.code) == (2, "which-format")
