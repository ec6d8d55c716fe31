"""A certificate of consent: written as a PDF, checked without the net, refused when anything in it was changed."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pypdf
import pytest

from clients.cli.certificate_words import printed, sheet
from clients.sdk import consents
from clients.sdk.certificates import BadCertificate, Certificate, issue, judge
from clients.sdk.narrowing import narrow
from clients.sdk.overview import overview
from keys.canonical import canonical
from protocol.consent.narrowing import Less
from protocol.consent.state import State
from protocol.consent.terms import Terms
from protocol.consent.vocabulary import Category, Language
from protocol.identifiers import Instant
from protocol.log.checkpoint import LogPolicy
from protocol.log.event import Event
from protocol.texts import texts
from tests.e2e.stage import Stage
from tests.e2e.test_command import run
from tests.e2e.test_my_consents import allowed


async def made(stage: Stage, language: Language = Language.BOKMAL) -> tuple[Certificate, LogPolicy]:
    """Let the mother make the certificate of her only consent."""
    async with stage.client("mother") as mother:
        policy = await mother.load_policy()
        [shown] = (await overview(mother, stage.child)).consents
        return await issue(mother, shown, language), policy.log


def language(pages: pypdf.PdfReader) -> Any:
    return pages.root_object.get("/Lang")


def again(certificate: Certificate, change: Callable[[dict[str, Any]], None]) -> Certificate:
    """Change what the codes hold, and write codes that belong together again."""
    told = json.loads(canonical(certificate._to_json()))
    change(told)
    packed = zlib.compress(canonical(told), 9)
    mark = hashlib.sha256(packed).hexdigest()[:8].upper()
    return Certificate.read(f"FORTROLIG1:1/1:{mark}:{base64.b32encode(packed).decode().rstrip('=')}")


async def test_a_certificate_is_written_and_checked_offline_from_the_file_and_from_its_codes(
    stage: Stage, tmp_path: Path
) -> None:
    out = tmp_path / "samtykke.pdf"
    async with stage.serving():
        digest = await allowed(stage)
        done = await run(stage, "mother", "consent", "certificate", digest[:12], "--out", str(out), "--json")
        assert done.status == 0, done.err
        refused = await run(stage, "mother", "consent", "certificate", digest[:12], "--out", str(out), "--json")
        assert refused.code == "file-exists"
    # The server is down: nothing is asked of it.
    checked = await run(stage, "gp", "consent", "verify", str(out), "--json", "--log-key", stage.log_key)
    assert (checked.status, checked.answer["consent"], checked.answer["state"]) == (0, digest, "in-force")
    [word] = checked.answer["words"]
    assert (word["event"], word["person"]) == ("consent-signed", stage.persons["mother"])
    codes = tmp_path / "codes.txt"
    codes.write_text("\n\n".join(reversed(done.answer["codes"])), encoding="utf-8")
    for given in (str(codes), " ".join(done.answer["codes"])):
        assert (await run(stage, "mother", "consent", "verify", given, "--json")).answer == checked.answer
    told = await run(stage, "mother", "consent", "verify", str(out))
    assert "Bekreftelsen holder." in told.out
    assert "SYNTETISK" in told.out


async def test_the_pages_say_what_the_certificate_proves_and_are_marked_numbered_and_tagged(served: Stage) -> None:
    await allowed(served)
    certificate, policy = await made(served)
    proven = judge(certificate, policy)
    pages = pypdf.PdfReader(io.BytesIO(printed(certificate, proven)))
    told = [page.extract_text() for page in pages.pages]
    for number, text in enumerate(told, 1):
        assert "SYNTETISK" in text
        assert f"Side {number} av {len(told)}" in text
    whole = "".join("".join(told).split())
    assert certificate.terms.digest in whole
    assert proven.words[0].statement in whole
    assert "Bekreftelsepåsamtykke" in whole
    assert language(pages) == "nb-NO"
    english = replace(certificate, language=Language.ENGLISH)
    assert language(pypdf.PdfReader(io.BytesIO(printed(english, proven)))) == "en-GB"


async def test_a_file_with_one_byte_changed_is_refused(stage: Stage, tmp_path: Path) -> None:
    async with stage.serving():
        await allowed(stage)
        certificate, policy = await made(stage)
    pages = printed(certificate, judge(certificate, policy))
    changed = tmp_path / "changed.pdf"
    # Another code cannot be read or does not hold; another page does not belong to the codes.
    for place, codes in ((pages.index(b"FORTROLIG1:") + 40, {"codes-changed"}), (100, {"certificate-changed"})):
        changed.write_bytes(pages[:place] + bytes([pages[place] ^ 1]) + pages[place + 1 :])
        done = await run(stage, "mother", "consent", "verify", str(changed), "--json")
        assert done.status == 4
        assert done.code in codes
    added = tmp_path / "added.pdf"
    added.write_bytes(pages + b"\n%%EOF\n")
    assert (await run(stage, "mother", "consent", "verify", str(added), "--json")).code == "certificate-changed"


async def test_a_certificate_with_other_terms_dates_people_or_state_is_refused(served: Stage) -> None:
    await allowed(served)
    certificate, policy = await made(served)
    other = replace(certificate.terms, read_until=Instant(certificate.terms.read_until + 1))

    def refused(forged: Certificate) -> str:
        with pytest.raises(BadCertificate) as caught:
            judge(forged, policy)
        return caught.value.code

    assert refused(replace(certificate, terms=other)) == "terms-changed"
    assert refused(replace(certificate, receipts=())) == "wrong-state"
    assert refused(replace(certificate, at=certificate.terms.made)) == "wrong-state"
    assert refused(replace(certificate, at=certificate.terms.read_until)) == "wrong-state"
    assert refused(again(certificate, lambda told: told["proofs"][0].update(index=0))) == "not-logged"
    assert refused(again(certificate, lambda told: told["proofs"][0].update(blind="AA"))) == "not-logged"
    assert refused(again(certificate, lambda told: told.update(note="x\n1\nAA==\n\n"))) == "not-logged"
    roles = tuple(replace(role, person=served.persons["stranger"]) for role in certificate.terms.roles[:1])
    assert refused(replace(certificate, terms=replace(certificate.terms, roles=roles))) == "terms-changed"


async def test_after_a_withdrawal_no_certificate_says_that_the_consent_is_given(served: Stage) -> None:
    await allowed(served)
    async with served.client("mother") as mother:
        [known] = await consents.listed(mother, served.child)
        await consents.withdraw(mother, known)
    certificate, policy = await made(served)
    assert certificate.state is State.WITHDRAWN
    assert [str(word.event) for word in judge(certificate, policy).words] == ["consent-signed", "consent-withdrawn"]
    with pytest.raises(BadCertificate, match="carries the receipt of a no"):
        judge(replace(certificate, state=State.IN_FORCE), policy)


async def test_what_was_taken_back_stands_in_the_certificate_with_its_statement(served: Stage) -> None:
    await allowed(served)
    async with served.client("mother") as mother:
        [known] = await consents.listed(mother, served.child)
        await narrow(mother, known, Less(categories=(Category.PPT_REPORT,)))
    certificate, policy = await made(served)
    proven = judge(Certificate.read("\n".join(certificate.codes())), policy)
    assert proven.words[-1].less == Less(categories=(Category.PPT_REPORT,))
    pages = pypdf.PdfReader(io.BytesIO(printed(certificate, proven)))
    gone = f"Ikke lenger: {texts('nb')['consent']['categories']['ppt-report']}"
    assert "".join(gone.split()) in "".join("".join(page.extract_text() for page in pages.pages).split())
    with pytest.raises(BadCertificate) as caught:
        judge(replace(certificate, narrowings=()), policy)
    assert caught.value.code == "narrowing-missing"


async def test_codes_that_are_missing_mixed_or_none_are_told_apart(served: Stage) -> None:
    await allowed(served)
    certificate, _ = await made(served)
    codes = certificate.codes()
    later = replace(certificate, at=Instant(certificate.at + 1)).codes()
    assert len(codes) > 1
    assert all(len(code) < 1_200 for code in codes)
    for found, code in (
        ("", "no-codes"),
        ("\n".join(codes[1:]), "codes-missing"),
        ("\n".join([*codes[1:], later[0]]), "codes-changed"),
        ("\n".join([*codes, codes[0][:-1] + ("A" if codes[0][-1] != "A" else "B")]), "codes-changed"),
        ("FORTROLIG1:1/1:00000000:AAAA", "codes-changed"),
    ):
        with pytest.raises(BadCertificate) as caught:
            Certificate.read(found)
        assert caught.value.code == code
    assert Certificate.read("\r\n".join(codes)) == certificate


@pytest.mark.parametrize(
    "change",
    [
        lambda told: told.update(v=2),
        lambda told: told.update(more=1),
        lambda told: told.update(state="given"),
        lambda told: told["proofs"][0].update(nodes=[999]),
        lambda told: told["terms"].update(purpose="other"),
        lambda told: told.pop("note"),
    ],
)
async def test_what_is_no_certificate_is_not_read_as_one(
    served: Stage, change: Callable[[dict[str, Any]], None]
) -> None:
    await allowed(served)
    certificate, _ = await made(served)
    with pytest.raises(BadCertificate) as caught:
        again(certificate, change)
    assert caught.value.code == "malformed"
    assert isinstance(certificate.terms, Terms)


async def test_a_bomb_in_a_code_is_not_unpacked() -> None:
    packed = zlib.compress(b" " * 50_000_000, 9)
    mark = hashlib.sha256(packed).hexdigest()[:8].upper()
    with pytest.raises(BadCertificate, match="do not belong together"):
        Certificate.read(f"FORTROLIG1:1/1:{mark}:{base64.b32encode(packed).decode().rstrip('=')}")


async def test_a_word_that_a_unit_recorded_is_told_as_that_and_a_dispute_is_no_objection(served: Stage) -> None:
    await allowed(served)
    certificate, policy = await made(served)
    proven = judge(certificate, policy)
    recorded = replace(proven.words[0], written_down_at=served.units["gp"])
    disputed = replace(proven.words[0], event=Event.CONSENT_OBJECTED, disputes=True)
    said = sheet(certificate, replace(proven, words=(recorded, disputed))).sections[2].rows
    assert f"skrevet ned ved {served.units['gp']}: {served.persons['mother']}" in said[0][1]
    assert said[1][1].startswith("Bestred det som var skrevet ned")
