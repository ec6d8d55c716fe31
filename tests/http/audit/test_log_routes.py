from __future__ import annotations

import asyncio
import json
from base64 import b64decode
from typing import TYPE_CHECKING, Any

import pytest

from keys.encoding import decode
from protocol.identifiers import MatterId, SubjectId
from protocol.log.checkpoint import open_checkpoint
from protocol.log.details import Decision, Details
from protocol.log.event import Event
from protocol.log.export import Header, parse_disclosure_line
from protocol.log.judgement import judge
from protocol.log.merkle import verify_consistency
from protocol.log.verdict import Code
from server.audit.log import LogBehind
from server.audit.routes import LeafIndex
from server.audit.writer import Work
from tests.unit.server_audit.support import MATTER, NOON, OTHER_MATTER, OTHER_PERSON, PERSON, append, details

if TYPE_CHECKING:
    from server.audit.writer import Writer
    from tests.http.audit.conftest import Served

OF_PERSON = {"Person": PERSON}
OF_OTHER = {"Person": OTHER_PERSON}
SUBJECT = SubjectId.of(b"s" * 16)


def append_about(work: Work, subject: SubjectId | None, matter: MatterId) -> None:
    work.append(Event.SHARED, details(subject=subject, matter=matter), matter)


async def fill(writer: Writer, number: int) -> None:
    await asyncio.gather(*(writer.submit(append) for _ in range(number)))


async def test_the_latest_checkpoint_is_public_and_signed(served: Served) -> None:
    for size in (0, 1):
        answer = await served.client.get("/v1/log/checkpoint")
        assert (answer.status, answer.content_type) == (200, "text/plain")
        signed = open_checkpoint(await answer.read(), served.place.policy)
        assert signed.checkpoint.size == size
        await served.writer.submit(append)


async def test_growth_between_two_sizes_is_proved_to_anybody(served: Served) -> None:
    await fill(served.writer, 5)
    old = open_checkpoint(served.writer.log.head.checkpoint.encode(), served.place.policy).checkpoint
    await fill(served.writer, 8)
    new = open_checkpoint(served.writer.log.head.checkpoint.encode(), served.place.policy).checkpoint
    answer = await served.client.get("/v1/log/consistency", params={"old": 5, "new": 13})
    proof = [decode(node) for node in (await answer.json())["proof"]]
    verify_consistency(5, 13, proof, old.root, new.root)


@pytest.mark.parametrize(
    ("old", "new", "status"), [(1, 3, 404), (3, 2, 404), (0, 2, 422), ("x", 2, 422), (1, 2**60, 422), (2, 2, 200)]
)
async def test_no_proof_between_sizes_that_the_log_never_had(
    served: Served, old: object, new: object, status: int
) -> None:
    await fill(served.writer, 2)
    answer = await served.client.get("/v1/log/consistency", params={"old": str(old), "new": str(new)})
    assert answer.status == status


async def test_earlier_checkpoints_come_in_order_and_in_pages(served: Served) -> None:
    for _ in range(3):
        await served.writer.submit(append)
    first = await served.client.get("/v1/log/checkpoints", params={"limit": 2}, headers=OF_PERSON)
    page = await first.json()
    rest = await served.client.get(
        "/v1/log/checkpoints", params={"after": page["after"], "limit": 2}, headers=OF_PERSON
    )
    last = await rest.json()
    assert last["after"] is None
    notes = page["checkpoints"] + last["checkpoints"]
    assert [open_checkpoint(note.encode(), served.place.policy).checkpoint.size for note in notes] == [1, 2, 3]
    assert (await served.client.get("/v1/log/checkpoints")).status == 401


async def test_a_full_tile_is_public_and_a_partial_one_is_not_there(served: Served) -> None:
    await fill(served.writer, 257)
    answer = await served.client.get("/v1/log/tile", params={"level": 0, "number": 0})
    hashes = await answer.read()
    assert len(hashes) == 8192
    assert hashes[:32] == served.writer.log.tree.node(0, 0)
    assert "immutable" in answer.headers["Cache-Control"]
    for level, number in ((0, 1), (1, 0)):
        missing = await served.client.get("/v1/log/tile", params={"level": level, "number": number})
        assert missing.status == 404


async def test_a_receipt_is_given_to_whom_it_concerns_and_to_nobody_else(served: Served) -> None:
    await fill(served.writer, 2)
    answer = await served.client.get("/v1/log/receipts/1", headers=OF_PERSON)
    assert served.place.verified(await answer.text()).index == 1
    stranger = await served.client.get("/v1/log/receipts/1", headers=OF_OTHER)
    nothing = await served.client.get("/v1/log/receipts/2", headers=OF_OTHER)
    assert (stranger.status, nothing.status) == (404, 404)
    assert await stranger.read() == await nothing.read()


async def test_an_erased_entry_has_no_receipt_any_more(served: Served) -> None:
    def erase(work: Work) -> None:
        work.connection.exec_driver_sql("DELETE FROM log_keys")

    await served.writer.submit(append)
    await served.writer.submit(erase)
    served.writer.log.scopes._vaults.clear()
    assert (await served.client.get("/v1/log/receipts/0", headers=OF_PERSON)).status == 404


@pytest.mark.parametrize("index", ["-1", "01", "1.0", "x", "٣", "9" * 40])
async def test_what_is_no_index_is_not_there(served: Served, index: str) -> None:
    assert (await served.client.get(f"/v1/log/receipts/{index}", headers=OF_PERSON)).status == 404


def test_an_index_is_read_in_its_one_spelling() -> None:
    assert LeafIndex.parse("10") == "10"


async def test_an_export_without_a_mandate_is_refused_and_logged(served: Served) -> None:
    answer = await served.client.post("/v1/log/export", json={"case": "2026/17"}, headers=OF_PERSON)
    assert (answer.status, (await answer.json())["reason"]) == (403, "no-mandate")
    receipt = await served.client.get("/v1/log/receipts/0", headers=OF_PERSON)
    proved = served.place.verified(await receipt.text())
    assert proved.entry.e is Event.LOG_EXPORTED
    assert (proved.details.decision, proved.details.basis) == (Decision.DENY, "2026/17")


async def test_an_export_of_everything_is_judged_intact(served: Served) -> None:
    await fill(served.writer, 300)
    await served.writer.submit(append_about, SUBJECT, OTHER_MATTER)
    lines = await exported(served, {"case": "2026/17"})
    header, checkpoint = lines[0]["export"], lines[0]["checkpoint"].encode()
    granted = served.place.verified(lines[0]["receipt"])
    assert Header.parse(json.dumps(header, sort_keys=True, separators=(",", ":")).encode()).size == 302
    assert (granted.entry.e, granted.details.basis) == (Event.LOG_EXPORTED, "2026/17")
    verdict = judge(
        [decode(entry) for line in lines if "entries" in line for entry in line["entries"]["entries"]],
        checkpoint,
        [line["checkpoint"]["note"].encode() for line in lines[1:] if "checkpoint" in line],
        [parse_disclosure_line(canonical_line(line)) for line in lines if "disclosure" in line],
        [lines[0]["receipt"]],
        served.place.policy,
        NOON,
    )
    assert {finding.code for finding in verdict.findings} <= {Code.UNWITNESSED}
    assert lines[-1] == {"end": {"size": 302}}


@pytest.mark.parametrize(
    "form", [{"case": "2026/17", "subjects": [SUBJECT]}, {"case": "2026/17", "matters": [OTHER_MATTER]}]
)
async def test_an_export_discloses_only_the_named_subjects_and_matters(served: Served, form: dict[str, Any]) -> None:
    await fill(served.writer, 3)
    await served.writer.submit(append_about, SUBJECT, OTHER_MATTER)
    lines = await exported(served, form)
    disclosed = [Details.parse(b64decode(line["disclosure"]["details"])) for line in lines if "disclosure" in line]
    assert [(each.subject, each.matter) for each in disclosed] == [(SUBJECT, OTHER_MATTER)]
    assert sum(len(line["entries"]["entries"]) for line in lines if "entries" in line) == 5


async def test_an_export_leaves_out_what_was_erased(served: Served) -> None:
    def erase(work: Work) -> None:
        work.connection.exec_driver_sql("DELETE FROM log_details WHERE n = 0")

    await fill(served.writer, 2)
    await served.writer.submit(erase)
    lines = await exported(served, {"case": "2026/17", "matters": [MATTER]})
    assert [line["disclosure"]["index"] for line in lines if "disclosure" in line] == [1]


@pytest.mark.parametrize("case", ["", "a b", "x" * 101, None])
async def test_an_export_names_its_case(served: Served, case: str | None) -> None:
    answer = await served.client.post("/v1/log/export", json={"case": case}, headers=OF_PERSON)
    assert answer.status == 422
    assert served.writer.log.head.size == 0


async def test_a_halted_log_is_still_read(served: Served) -> None:
    await fill(served.writer, 2)
    served.writer.log.halted = LogBehind("a backup was put back")
    assert (await served.client.get("/v1/log/receipts/0", headers=OF_PERSON)).status == 200
    assert (await served.client.get("/v1/log/checkpoint")).status == 200


async def test_an_empty_database_in_the_place_of_a_log_shows_no_checkpoint(served: Served) -> None:
    def empty(work: Work) -> None:
        work.connection.exec_driver_sql("DELETE FROM log_head")

    await served.writer.submit(empty)
    assert (await served.client.get("/v1/log/checkpoint")).status == 404


async def test_routes_take_in_what_another_process_has_appended(served: Served) -> None:
    async with served.place.writer() as other:
        await fill(other, 2)
    answer = await served.client.get("/v1/log/receipts/1", headers=OF_PERSON)
    assert served.place.verified(await answer.text()).index == 1


async def exported(served: Served, form: dict[str, Any]) -> list[dict[str, Any]]:
    served.access.supervisors.add(OTHER_PERSON)
    answer = await served.client.post("/v1/log/export", json=form, headers=OF_OTHER)
    assert answer.status == 200
    return [json.loads(line) for line in (await answer.text()).splitlines()]


def canonical_line(line: dict[str, Any]) -> bytes:
    return json.dumps(line["disclosure"], sort_keys=True, separators=(",", ":")).encode() + b"\n"
