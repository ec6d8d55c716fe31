from __future__ import annotations

import asyncio
import errno
import os
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientPayloadError

from protocol.log.event import Event
from server.audit.wiring import WRITER
from server.config import SETTINGS
from server.documents.content import CONTENT, ContentStore, DirectoryStore
from server.documents.tidying import recover, tidy
from server.documents.upload_routes import BUSY
from tests.http.consent.support import Town, last_entry
from tests.http.documents.support import Office, digest, entry_of
from tests.kit.actor import Actor, Reply, reply
from tests.kit.clock import DAY
from tests.kit.world import World, done

TUS = {"Tus-Resumable": "1.0.0"}
LARGE = os.urandom(300_000)


async def raw(  # noqa: PLR0917  (a request: who, what, where, headers, body)
    world: World, actor: Actor, method: str, path: str, headers: dict[str, str], data: Any = None
) -> tuple[Reply, Any]:
    """Send a request without JSON; give the answer and its headers."""
    device = world.device(actor)
    await device.ask("GET", "/v1/me")  # signs in where needed
    told = {"Authorization": f"DPoP {device.token}", "DPoP": device.proof(method, path), **headers}
    async with world.client.request(method, path, headers=told, data=data) as response:
        return reply(response.status, await response.read()), response.headers


async def begin(world: World, actor: Actor, length: int, **headers: str) -> tuple[Reply, str]:
    told = {**TUS, "Upload-Length": str(length), **{name.replace("_", "-"): headers[name] for name in headers}}
    answer, given = await raw(world, actor, "POST", "/v1/uploads", told)
    return answer, given.get("Location", "")


async def send(world: World, actor: Actor, path: str, offset: int, data: Any) -> tuple[Reply, Any]:
    told = {**TUS, "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
    return await raw(world, actor, "PATCH", path, told, data)


async def offset_of(world: World, actor: Actor, path: str) -> tuple[int, int]:
    answer, headers = await raw(world, actor, "HEAD", path, TUS)
    return answer.status, int(headers.get("Upload-Offset", -1))


async def uploaded(world: World, actor: Actor, data: bytes) -> str:
    answer, path = await begin(world, actor, len(data))
    assert answer.status == 201
    answer, headers = await send(world, actor, path, 0, data)
    assert (answer.status, headers["Upload-Offset"], headers["Tus-Resumable"]) == (204, str(len(data)), "1.0.0")
    return path.rsplit("/", 1)[-1]


async def shared_file(town: Town, office: Office, data: bytes = LARGE) -> Any:
    """Upload a file as the doctor and share it."""
    terms = await town.in_force()
    name = await uploaded(town.world, town.doctor, data)
    parcel = await office.pack(terms, files={"file-1": data})
    parcel.uploads = {"file-1": name}
    del parcel.parts["file-1"]
    return parcel


async def opened_file(town: Town, office: Office) -> tuple[str, Path]:
    """Share a file and open it as the psychologist; give its address and where it lies."""
    parcel = await shared_file(town, office)
    done(await office.send(parcel))
    opened = done(await office.open(town.psychologist, parcel, town.bup))
    content = f"/v1/shares/{parcel.body.share}/content?part=file-1&entry={entry_of(opened)}"
    [path] = [each for each in files(town.world) if each.name == digest(LARGE)]
    return content, path


async def test_a_file_that_has_become_shorter_is_never_taken_for_a_whole_one(town: Town, office: Office) -> None:
    content, path = await opened_file(town, office)
    os.truncate(path, 1_000)
    with pytest.raises(ClientPayloadError):
        await raw(town.world, town.psychologist, "GET", content, {})


async def test_a_file_that_is_gone_is_a_fault_told_before_any_of_it(town: Town, office: Office) -> None:
    content, path = await opened_file(town, office)
    path.unlink()
    answer, _ = await raw(town.world, town.psychologist, "GET", content, {})
    assert (answer.status, answer.code) == (500, "internal")


def files(world: World) -> list[Path]:
    folder = world.client.app[SETTINGS].content
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_an_upload_in_pieces_is_shared_and_fetched_by_the_range(town: Town, office: Office) -> None:
    world, terms = town.world, await town.in_force()
    _, path = await begin(world, town.doctor, len(LARGE))
    for start in range(0, len(LARGE), 100_000):
        assert await offset_of(world, town.doctor, path) == (200, start)
        answer, _ = await send(world, town.doctor, path, start, LARGE[start : start + 100_000])
        assert answer.status == 204
    assert await offset_of(world, town.doctor, path) == (200, len(LARGE))
    parcel = await office.pack(terms, files={"file-1": LARGE})
    parcel.uploads = {"file-1": path.rsplit("/", 1)[-1]}
    del parcel.parts["file-1"]
    done(await office.send(parcel))
    opened = done(await office.open(town.psychologist, parcel, town.bup))
    content = f"/v1/shares/{parcel.body.share}/content?part=file-1&entry={entry_of(opened)}"
    whole, headers = await raw(world, town.psychologist, "GET", content, {})
    assert (whole.status, whole.raw) == (200, LARGE)
    assert (headers["ETag"], headers["Accept-Ranges"]) == (f'"{digest(LARGE)}"', "bytes")
    size = len(LARGE)
    for asked, status, start, end in (
        ("bytes=0-0", 206, 0, 1),
        ("bytes=10-19", 206, 10, 20),
        (f"bytes={size - 1}-", 206, size - 1, size),
        ("bytes=-5", 206, size - 5, size),
        (f"bytes=-{size * 2}", 206, 0, size),
        (f"bytes=5-{size * 2}", 206, 5, size),
        ("bytes=5-4", 200, 0, size),
        ("bytes=0-1,5-6", 200, 0, size),
        ("bytes=-", 200, 0, size),
        ("lines=0-1", 200, 0, size),
    ):
        part, headers = await raw(world, town.psychologist, "GET", content, {"Range": asked})
        assert (asked, part.status, part.raw == LARGE[start:end]) == (asked, status, True)
        if status == 206:
            assert headers["Content-Range"] == f"bytes {start}-{end - 1}/{size}"
    for outside in (f"bytes={size}-", "bytes=-0"):
        answer, headers = await raw(world, town.psychologist, "GET", content, {"Range": outside})
        assert (answer.status, headers["Content-Range"]) == (416, f"bytes */{size}")
    stale = {"Range": "bytes=0-1", "If-Range": '"other"'}
    assert (await raw(world, town.psychologist, "GET", content, stale))[0].status == 200
    answer, headers = await raw(world, town.psychologist, "HEAD", content, {})
    assert (answer.status, answer.raw, headers["Content-Length"]) == (200, b"", str(size))


async def test_ciphertext_goes_to_whoever_opened_it_only(town: Town, office: Office) -> None:
    parcel = await shared_file(town, office)
    done(await office.send(parcel))
    opened = done(await office.open(town.psychologist, parcel, town.bup))
    entry = entry_of(opened)
    path = f"/v1/shares/{parcel.body.share}/content?part=file-1&entry="
    other = await office.sent(await town.in_force())
    for actor, asked in (
        (town.bup.custodian, path + entry),
        (town.psychologist, path + "0" * 32),
        (town.psychologist, f"/v1/shares/{other.body.share}/content?part=body&entry={entry}"),
        (town.psychologist, f"/v1/shares/{parcel.body.share}/content?part=file-2&entry={entry}"),
    ):
        answer, _ = await raw(town.world, actor, "GET", asked, {})
        assert (answer.status, answer.code) == (404, "not-found")
        logged, details, _ = await last_entry(town.world)
        assert (logged.e, details.act, details.actor) == (Event.OPEN_REFUSED, "content", actor.person)
    done(await town.world.next_epoch(town.bup, [town.bup.custodian]))
    answer, _ = await raw(town.world, town.psychologist, "GET", path + entry, {})
    assert answer.status in {403, 404}


async def test_the_own_copys_ciphertext_is_the_authors(town: Town, office: Office) -> None:
    parcel = await shared_file(town, office)
    done(await office.send(parcel))
    opened = done(await office.open(town.doctor, parcel, town.gp, "own"))
    path = f"/v1/shares/{parcel.body.share}/content?part=file-1&entry={entry_of(opened)}"
    answer, _ = await raw(town.world, town.doctor, "GET", path, {})
    assert answer.raw == LARGE
    done(await town.world.next_epoch(town.gp, [town.gp.custodian]))
    assert (await raw(town.world, town.doctor, "GET", path, {}))[0].status == 404


async def test_an_upload_is_its_owners(town: Town, office: Office) -> None:
    world = town.world
    _, path = await begin(world, town.doctor, 10)
    assert await offset_of(world, town.teacher, path) == (404, -1)
    assert (await send(world, town.teacher, path, 0, b"x"))[0].status == 404
    assert (await raw(world, town.teacher, "DELETE", path, TUS))[0].status == 404
    parcel = await shared_file(town, office)
    stolen = await uploaded(world, town.gp.custodian, os.urandom(70_000))
    parcel.uploads = {"file-1": stolen}
    assert (await office.send(parcel)).code == "upload-missing"


async def test_an_upload_belongs_to_one_share(town: Town, office: Office) -> None:
    parcel = await shared_file(town, office)
    done(await office.send(parcel))
    again = await office.pack(await town.in_force(), files={"file-1": LARGE})
    again.uploads, _ = parcel.uploads, again.parts.pop("file-1")
    assert (await office.send(again)).code == "upload-missing"
    path = f"/v1/uploads/{parcel.uploads['file-1']}"
    assert (await raw(town.world, town.doctor, "DELETE", path, TUS))[0].status == 404


async def test_another_upload_than_the_one_signed_for_is_refused(town: Town, office: Office) -> None:
    parcel = await shared_file(town, office)
    parcel.uploads = {"file-1": await uploaded(town.world, town.doctor, os.urandom(len(LARGE)))}
    assert (await office.send(parcel)).code == "wrong-part"


async def test_ciphertext_that_somebody_else_uploaded_is_refused_and_logged(town: Town) -> None:
    await uploaded(town.world, town.doctor, LARGE)
    _, path = await begin(town.world, town.teacher, len(LARGE))
    answer, _ = await send(town.world, town.teacher, path, 0, LARGE)
    assert (answer.status, answer.code) == (409, "digest-taken")
    entry, details, scope = await last_entry(town.world)
    assert (entry.e, details.reason, scope) == (Event.UPLOAD_REFUSED, "digest-taken", town.teacher.person)
    assert await offset_of(town.world, town.teacher, path) == (404, -1)


async def test_the_same_ciphertext_again_by_its_owner_takes_the_first_ones_place(town: Town) -> None:
    first = await uploaded(town.world, town.doctor, LARGE)
    second = await uploaded(town.world, town.doctor, LARGE)
    assert await offset_of(town.world, town.doctor, f"/v1/uploads/{first}") == (404, -1)
    assert await offset_of(town.world, town.doctor, f"/v1/uploads/{second}") == (200, len(LARGE))
    assert [path.read_bytes() for path in files(town.world)] == [LARGE]


async def test_a_wrong_offset_and_too_much_are_refused(town: Town) -> None:
    world = town.world
    _, path = await begin(world, town.doctor, 10)
    assert (await send(world, town.doctor, path, 5, b"x"))[0].code == "wrong-offset"
    assert (await send(world, town.doctor, path, 0, b"x" * 11))[0].code == "too-large"

    async def endless() -> Any:
        for _ in range(3):
            yield b"x" * 5

    assert (await send(world, town.doctor, path, 0, endless()))[0].code == "too-large"
    assert (await offset_of(world, town.doctor, path))[0] == 200


async def test_a_second_writer_is_refused_while_the_first_one_writes(town: Town) -> None:
    world = town.world
    _, path = await begin(world, town.doctor, 10)
    go_on = asyncio.Event()

    async def slowly() -> Any:
        yield b"12345"
        await go_on.wait()
        yield b"67890"

    first = asyncio.create_task(send(world, town.doctor, path, 0, slowly()))
    while not world.client.app[BUSY]:  # noqa: ASYNC110  (nothing tells that the server has begun to write)
        await asyncio.sleep(0.01)
    assert (await send(world, town.doctor, path, 0, b"1234567890"))[0].code == "upload-busy"
    assert (await raw(world, town.doctor, "DELETE", path, TUS))[0].code == "upload-busy"
    go_on.set()
    assert (await first)[0].status == 204


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Upload-Length": "10"}, 412),
        ({"Upload-Length": "10", "Tus-Resumable": "0.2.2"}, 412),
        ({**TUS}, 422),
        ({**TUS, "Upload-Length": "0"}, 422),
        ({**TUS, "Upload-Length": "ten"}, 422),
        ({**TUS, "Upload-Length": "10", "Upload-Metadata": "filename ZXBpa3Jpc2U="}, 422),
        ({**TUS, "Upload-Length": "200065537"}, 413),
    ],
)
async def test_an_upload_that_is_not_begun_properly_is_refused(
    town: Town, headers: dict[str, str], status: int
) -> None:
    answer, _ = await raw(town.world, town.doctor, "POST", "/v1/uploads", headers)
    assert answer.status == status


async def test_what_is_announced_counts_against_the_quota_until_it_is_shared(town: Town) -> None:
    world = town.world
    for _ in range(10):
        assert (await begin(world, town.doctor, 200_000_000))[0].status == 201
    answer, _ = await begin(world, town.doctor, 1)
    assert (answer.status, answer.code) == (413, "over-quota")
    entry, details, _ = await last_entry(world)
    assert (entry.e, details.reason) == (Event.UPLOAD_REFUSED, "over-quota")
    assert (await begin(world, town.teacher, 1))[0].status == 201


async def test_a_deleted_upload_is_gone_with_its_file(town: Town) -> None:
    name = await uploaded(town.world, town.doctor, LARGE)
    _, begun = await begin(town.world, town.doctor, 10)
    for path in (f"/v1/uploads/{name}", begun):
        assert (await raw(town.world, town.doctor, "DELETE", path, TUS))[0].status == 204
        assert await offset_of(town.world, town.doctor, path) == (404, -1)
    assert files(town.world) == []


async def test_an_upload_that_nothing_takes_expires_after_a_day(town: Town, office: Office) -> None:
    world = town.world
    parcel = await shared_file(town, office)
    done(await office.send(parcel))
    name = await uploaded(world, town.doctor, os.urandom(100))
    _, begun = await begin(world, town.doctor, 10)
    world.clock.forward(DAY)
    assert await offset_of(world, town.doctor, begun) == (410, -1)
    await tidy(world.client.app[WRITER], world.client.app[CONTENT], 24)
    assert await offset_of(world, town.doctor, f"/v1/uploads/{name}") == (404, -1)
    assert [path.name for path in files(world)] == [digest(LARGE)]


async def test_an_upload_goes_on_after_a_restart_and_its_digest_is_of_all_of_it(town: Town, office: Office) -> None:
    world, app = town.world, town.world.client.app
    terms = await town.in_force()
    _, path = await begin(world, town.doctor, len(LARGE))
    await send(world, town.doctor, path, 0, LARGE[:123_456])
    content: DirectoryStore = app[CONTENT]
    content._hashing.clear()
    await recover(app[WRITER], content)
    answer, _ = await send(world, town.doctor, path, 123_456, LARGE[123_456:])
    assert answer.status == 204
    parcel = await office.pack(terms, files={"file-1": LARGE})
    parcel.uploads = {"file-1": path.rsplit("/", 1)[-1]}
    del parcel.parts["file-1"]
    done(await office.send(parcel))


async def test_what_a_crash_left_is_finished_or_swept(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    world, app = town.world, town.world.client.app
    content: ContentStore = app[CONTENT]
    folder = app[SETTINGS].content

    async def crash(*_: object) -> None:
        raise ConnectionResetError

    _, path = await begin(world, town.doctor, len(LARGE))
    with monkeypatch.context() as crashing:
        crashing.setattr(content, "finish", crash)
        await send(world, town.doctor, path, 0, LARGE)
    (folder / "arriving" / "upl_leftover").write_bytes(b"half")
    (folder / "whole" / "00").mkdir()
    (folder / "whole" / "00" / ("0" * 64)).write_bytes(b"nobody's")
    await recover(app[WRITER], content)
    assert [(found.name, found.read_bytes()) for found in files(world)] == [(digest(LARGE), LARGE)]


async def test_a_failing_disk_leaves_nothing_half_written(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    world = town.world
    _, path = await begin(world, town.doctor, len(LARGE))
    await send(world, town.doctor, path, 0, LARGE[:1000])
    real = os.pwrite

    def full(handle: int, data: Any, offset: int) -> int:
        if offset >= 1000:
            real(handle, bytes(data)[:500], offset)
            raise OSError(errno.ENOSPC, "full")
        return real(handle, data, offset)

    with monkeypatch.context() as failing:
        failing.setattr("server.documents.content.os.pwrite", full)
        answer, _ = await send(world, town.doctor, path, 1000, LARGE[1000:])
    assert (answer.status, answer.code) == (507, "out-of-space")
    assert await offset_of(world, town.doctor, path) == (200, 1000)
    assert (await send(world, town.doctor, path, 1000, LARGE[1000:]))[0].status == 204
    assert [found.name for found in files(world)] == [digest(LARGE)]


async def test_no_room_refuses_an_upload_before_it_begins(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type("Usage", (), {"free": 70_000_000})
    monkeypatch.setattr("server.documents.content.shutil.disk_usage", lambda _: usage)
    assert (await begin(town.world, town.doctor, 10_000_000))[0].code == "out-of-space"
    assert (await begin(town.world, town.doctor, 1_000_000))[0].status == 201
