"""`fortrolig` as real processes: what each exit code means, in both languages, and what is printed."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from clients.cli.main import app
from clients.sdk import consents
from keys import sealing, signing
from keys.encoding import encode
from protocol.identifiers import MatterId
from tests.e2e.forging import forge
from tests.e2e.stage import PASSPHRASE, Stage, own_sending

FORTROLIG = Path(sys.executable).parent / "fortrolig"


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def answer(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.out)
        return told

    @property
    def code(self) -> str:
        code: str = self.answer["error"]["code"]
        return code


async def run(stage: Stage, name: str, *words: str, given: str = "", passphrase: str = PASSPHRASE) -> Ended:
    """Run one command as somebody, with something piped in."""
    secret = stage.folder / f"{name}.passphrase"
    secret.touch(mode=0o600)
    secret.write_text(f"{passphrase}\n", encoding="utf-8")
    environment = {key: value for key, value in os.environ.items() if not key.startswith("FORTROLIG_")}
    process = await asyncio.create_subprocess_exec(
        str(FORTROLIG),
        *words,
        env=environment
        | {"FORTROLIG_HOME": str(stage.home(name)), "FORTROLIG_PASSPHRASE_FILE": str(secret), "COLUMNS": "300"},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(given.encode()), 60)
    ended = Ended(process.returncode or 0, out.decode(), err.decode())
    assert "Traceback" not in ended.err
    return ended


def inside(
    stage: Stage, name: str, *words: str, given: str = "", passphrase: str | None = PASSPHRASE
) -> tuple[int, str]:
    """Run one command that fails within this process, which is faster; return exit code and error code."""
    environment: dict[str, str | None] = {"FORTROLIG_HOME": str(stage.home(name)), "FORTROLIG_PASSPHRASE_FILE": None}
    if passphrase is not None:
        secret = stage.folder / f"{name}.passphrase"
        secret.touch(mode=0o600)
        secret.write_text(f"{passphrase}\n", encoding="utf-8")
        environment["FORTROLIG_PASSPHRASE_FILE"] = str(secret)
    ended = CliRunner().invoke(app, [*words, "--json"], input=given, env=environment)
    return ended.exit_code, json.loads(ended.stdout)["error"]["code"]


async def matter_of(stage: Stage, *, signed: bool) -> MatterId:
    matter = MatterId.of(secrets.token_bytes(16))
    async with stage.client("mother") as mother:
        await consents.request(mother, own_sending(stage, matter))
        if signed:
            [known] = [one for one in await consents.listed(mother, stage.child) if one.terms.matter == matter]
            await consents.sign(mother, known)
    return matter


async def test_a_paper_goes_from_a_mother_to_her_gp_and_is_printed_safely(served: Stage, tmp_path: Path) -> None:
    matter = await matter_of(served, signed=True)
    words = tmp_path / "hilsen.txt"
    words.write_text("SYNTETISK. Hei \x1b]0;evil\x07[red]du[/red]\n", encoding="utf-8")
    paper = tmp_path / "rapp\u202eort.txt"
    paper.write_text("SYNTETISK rapport", encoding="utf-8")
    sent = await run(
        served,
        "mother",
        *("send", "--to", "Fjord", "--matter", matter, "--file", f"ppt-report={paper}"),
        *("--message-file", str(words), "--json"),
    )
    assert sent.status == 0, sent.err
    share = sent.answer["share"]
    listed = await run(served, "gp", "inbox", "--json")
    [item] = listed.answer["items"]
    assert (item["share"], item["child"]) == (share, "Testbarn Syntetisk")
    out = tmp_path / "mottatt"
    opened = await run(served, "gp", "open", share[:12], "--out", str(out))
    assert opened.status == 0, opened.err
    assert "\x1b" not in opened.out
    assert "[red]du[/red]" in opened.out
    assert [path.name for path in out.iterdir()] == ["rapp ort.txt"]
    again = await run(served, "gp", "open", share, "--out", str(out), "--json")
    assert again.status == 0
    proved = await run(served, "gp", "receipt", "--json")
    assert proved.answer["event"] == "reopened"
    answered = await run(served, "gp", "reply", share, "--json", given="SYNTETISK. Takk.\n")
    assert answered.status == 0, answered.err
    assert (await run(served, "mother", "resume", "--json")).answer == {"finished": [], "sent": []}


async def test_a_refusal_is_3_and_says_who_is_missing_in_the_persons_language(served: Stage, tmp_path: Path) -> None:
    matter = await matter_of(served, signed=False)
    words = tmp_path / "hilsen.txt"
    words.write_text("SYNTETISK. Hei.\n", encoding="utf-8")
    command = ("send", "--to", "Fjord", "--matter", matter, "--message-file", str(words))
    refused = await run(served, "mother", *command, "--json")
    assert refused.status == 3
    assert refused.answer["error"]["missing"] == [f"signs:{served.persons['mother']}"]
    bokmal, english = [await run(served, "mother", *command, "--language", one) for one in ("nb", "en")]
    assert (bokmal.status, english.status) == (3, 3)
    assert refused.answer["error"]["explanation"]["acts"] == ["Du må skrive under."]
    assert "Du må skrive under." in bokmal.err
    assert "You must sign." in english.err
    unknown = await run(served, "stranger", "open", "shr_" + "0" * 32, "--language", "nb")
    assert (unknown.status, unknown.out) == (3, "")
    assert "ingenting" in unknown.err


async def test_a_server_that_is_not_there_is_5(stage: Stage) -> None:
    away = await run(stage, "mother", "consent", "list", "--json")
    assert (away.status, away.code) == (5, "unreachable")
    assert "Får ikke svar" in away.answer["error"]["detail"]


async def test_a_swapped_key_is_4_and_the_evidence_is_named(stage: Stage, tmp_path: Path) -> None:
    words = tmp_path / "hilsen.txt"
    words.write_text("SYNTETISK. Hei.\n", encoding="utf-8")
    async with stage.serving():
        matter = await matter_of(stage, signed=True)
    thief = sealing.generate()
    forge(
        stage.database,
        ("SELECT digest FROM epochs WHERE unit = ?", (stage.units["gp"],)),
        lambda payload: payload.update(seal=encode(thief.public.raw)),
    )
    async with stage.serving():
        command = ("send", "--to", stage.units["gp"], "--matter", matter, "--message-file", str(words), "--json")
        caught = await run(stage, "mother", *command)
    assert caught.status == 4
    [evidence] = (stage.home("mother") / "evidence").iterdir()
    assert str(evidence) in caught.answer["error"]["detail"]


async def test_an_export_that_is_none_is_6_and_a_key_that_is_none_is_2(stage: Stage, tmp_path: Path) -> None:
    judged = await run(stage, "supervisor", "log", "verify", str(tmp_path), "--log-key", stage.log_key, "--json")
    assert (judged.status, judged.code) == (6, "bad-export")
    mistyped = await run(stage, "supervisor", "log", "verify", str(tmp_path), "--log-key", "x", "--json")
    assert (mistyped.status, mistyped.code) == (2, "bad-log-key")


async def test_an_export_is_judged_by_the_policy_that_the_home_keeps(served: Stage, tmp_path: Path) -> None:
    folder, home = tmp_path / "export", served.home("supervisor")
    verify = ("log", "verify", str(folder), "--json")
    without = await run(served, "supervisor", *verify)
    assert (without.status, without.code) == (2, "no-log-key")
    assert (await run(served, "supervisor", "log", "export", str(folder), "--case", "T-1")).status == 0
    # Nor is the passphrase needed.
    judged = await run(served, "supervisor", *verify, passphrase="another one")
    assert (judged.status, judged.answer["outcome"]) == (0, "intact")
    kept = json.loads((home / "policy.json").read_text(encoding="utf-8"))
    stranger = signing.generate()
    for spoilt, told in (
        ({**kept, "root": dict(stranger.public.jwk)}, (4, "wrong-root")),
        ({**kept, "token": kept["token"][:-8] + "AAAAAAAA"}, (4, "bad-statement")),
        ({**kept, "v": 2}, (1, "damaged-home")),
        ({**kept, "root": {}}, (1, "damaged-home")),
    ):
        (home / "policy.json").write_text(json.dumps(spoilt), encoding="utf-8")
        ended = await run(served, "supervisor", *verify)
        assert (ended.status, ended.code) == told
    text = await run(served, "supervisor", *verify[:-1], "--log-key", served.log_key, "--language", "en")
    assert (text.status, "intact" in text.out) == (0, True)


async def test_an_export_is_judged_0_intact(served: Stage, tmp_path: Path) -> None:
    folder = tmp_path / "export"
    fetched = await run(served, "supervisor", "log", "export", str(folder), "--case", "T-1", "--json")
    assert fetched.status == 0, fetched.out
    judged = await run(served, "supervisor", "log", "verify", str(folder), "--log-key", served.log_key, "--json")
    assert (judged.status, judged.answer["outcome"]) == (0, "intact")
    again = await run(served, "supervisor", "log", "export", str(folder), "--case", "T-1", "--json")
    assert (again.status, again.code) == (2, "folder-in-use")
    family = await run(served, "mother", "log", "export", str(tmp_path / "other"), "--case", "T-1", "--json")
    assert family.status == 3
    assert not (tmp_path / "other").exists()


async def test_an_export_is_written_as_fhir_once_it_is_judged(served: Stage, tmp_path: Path) -> None:
    folder, out = tmp_path / "export", tmp_path / "events.ndjson"
    assert (await run(served, "supervisor", "log", "export", str(folder), "--case", "T-1")).status == 0
    written = await run(served, "supervisor", "log", "fhir", str(folder), "--out", str(out), "--json")
    events = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert (written.status, written.answer["events"]) == (0, len(events))
    assert {each["resourceType"] for each in events} == {"AuditEvent"}
    assert {each["subtype"][1]["code"] for each in events} >= {"policy-published", "sheet-published", "staff-endorsed"}
    again = await run(served, "supervisor", "log", "fhir", str(folder), "--out", str(out), "--json")
    assert (again.status, again.code) == (2, "file-exists")
    kept = folder / "disclosures.jsonl"
    kept.write_bytes(kept.read_bytes().replace(b'"index":1}', b'"index":2}').replace(b'"index":0}', b'"index":1}'))
    tampered = await run(served, "supervisor", "log", "fhir", str(folder), "--out", str(tmp_path / "new"), "--json")
    assert (tampered.status, tampered.code) == (4, "tampered-export")
    assert not (tmp_path / "new").exists()


def test_ones_own_mistakes_are_2_and_a_damaged_home_is_1(stage: Stage) -> None:
    assert inside(stage, "mother", "whoami", passphrase="feil") == (2, "wrong-passphrase")
    assert inside(stage, "nobody", "whoami") == (2, "no-home")
    assert inside(stage, "mother", "whoami", passphrase=None) == (2, "no-passphrase")
    assert inside(stage, "mother", "consent", "hear", "--outcome", "maybe", "--matter", "mat_1") == (2, "bad-word")
    keyring = stage.home("mother") / "keyring.json"
    keyring.chmod(0o644)
    assert inside(stage, "mother", "whoami") == (2, "exposed-keyring")
    keyring.chmod(0o600)
    (stage.folder / "father.passphrase").touch(mode=0o644)
    (stage.folder / "father.passphrase").chmod(0o644)
    assert inside(stage, "father", "whoami") == (2, "exposed-passphrase")
    keyring.write_text("{}", encoding="utf-8")
    assert inside(stage, "mother", "whoami") == (1, "damaged-home")


@pytest.mark.parametrize(
    ("given", "code"), [("", "nothing-given"), ("one line only\n", "bad-card"), ("a\nb\nc\n", "bad-card")]
)
def test_a_childs_card_is_two_lines(stage: Stage, given: str, code: str) -> None:
    words = ("registrar", "child", "--birth-date", "2018-05-04", "--guardian", "per_" + "0" * 32)
    assert inside(stage, "registrar", *words, given=given) == (2, code)


async def test_a_whole_enrolment_needs_no_secret_on_a_command_line(served: Stage, tmp_path: Path) -> None:
    slip = tmp_path / "slip.txt"
    invited = await run(served, "registrar", "invite", "--out", str(slip), "--json")
    assert invited.status == 0, invited.out
    assert slip.stat().st_mode & 0o777 == 0o600
    assert slip.read_text(encoding="utf-8").split()[4] not in invited.out
    taken = await run(served, "registrar", "invite", "--out", str(slip), "--json")
    assert (taken.status, taken.code) == (2, "file-exists")
    enrolled = await run(served, "aunt", "enrol", "--json", given=slip.read_text(encoding="utf-8"))
    assert enrolled.status == 0, enrolled.out
    early = await run(served, "aunt", "whoami", "--json")
    assert (early.status, early.code) == (3, "sign-in-refused")
    endorsed = await run(served, "registrar", "registrar", "endorse", "--json")
    assert endorsed.answer["endorsed"] == [enrolled.answer["person"]]
    assert (await run(served, "aunt", "whoami", "--json")).answer["person"] == enrolled.answer["person"]
    half = await run(served, "uncle", "enrol", "--json", given="fortrolig-invitation 1 http://x.example")
    assert (half.status, half.code) == (2, "bad-invitation")
    assert not served.home("uncle").exists()


async def test_a_file_that_is_unsafe_is_refused_in_plain_words(served: Stage, tmp_path: Path) -> None:
    matter = await matter_of(served, signed=True)
    fake = tmp_path / "rapport.pdf"
    fake.write_bytes(b"%PDF-1.7 nothing of the sort")
    refused = await run(
        served, "mother", "send", "--to", "Fjord", "--matter", matter, "--file", f"ppt-report={fake}", "--json"
    )
    assert refused.status == 3
    assert refused.code in {"not-a-pdf", "damaged", "cut-off"}
    outbox = served.home("mother") / "outbox"
    assert not outbox.exists() or list(outbox.iterdir()) == []
