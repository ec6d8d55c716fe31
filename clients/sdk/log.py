"""The log from outside: fetch an export, and judge one offline under a policy that came from elsewhere."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from clients.sdk.client import Client
from clients.sdk.errors import Fault, Incomplete, Misused
from clients.sdk.transport import clock
from clients.sdk.uploads import Progress, silent
from keys.canonical import canonical
from keys.encoding import decode
from protocol.identifiers import MatterId, SubjectId
from protocol.log.checkpoint import LogPolicy
from protocol.log.details import BadDetails, Details
from protocol.log.entry import BadEntry, Entry
from protocol.log.export import (
    BadExport,
    Disclosed,
    Header,
    Verdict,
    checkpoint_line,
    judge,
    parse_checkpoint_line,
    parse_disclosure_line,
)
from protocol.log.tiles import WIDTH, BadTile, entries_path, entries_tiles, join, split
from protocol.reading import integer

_LONGEST_LINE = 64 * 1024 * 1024


async def export(
    client: Client,
    folder: Path,
    case: str,
    *,
    subjects: tuple[SubjectId, ...] = (),
    matters: tuple[MatterId, ...] = (),
    progress: Progress = silent,
) -> Header:
    """Fetch an export into a new folder, as a supervisor with a mandate.

    Raises:
        Denied: I am no supervisor; that I asked is logged.
        Misused: the folder holds something already.
        Fault: the server stopped in the middle; nothing is left of it.
    """
    if folder.exists() and any(folder.iterdir()):
        raise Misused("folder-in-use", f"{folder} is not empty; choose another folder for the export.", path=folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as made:
        partial = Path(made) / "export"
        (partial / "receipts").mkdir(parents=True)
        body = {"case": case, "subjects": list(subjects), "matters": list(matters)}
        header = await _fetch(client, partial, body, progress)
        (partial / "export.json").write_bytes(header.to_bytes())
        if folder.exists():
            folder.rmdir()
        partial.rename(folder)
    return header


async def _fetch(client: Client, folder: Path, body: dict[str, Any], progress: Progress) -> Header:
    header: Header | None = None
    whole = False
    with (folder / "checkpoints.jsonl").open("wb") as notes, (folder / "disclosures.jsonl").open("wb") as disclosed:
        async with client.transport.stream("POST", "/v1/log/export", json=body) as answer:
            async for line in _lines(answer.content):
                if "export" in line:
                    header = Header.parse(canonical(line["export"]))
                    (folder / "checkpoint").write_text(line["checkpoint"], encoding="utf-8")
                    (folder / "receipts" / "export.txt").write_text(line["receipt"], encoding="utf-8")
                elif "entries" in line and header is not None:
                    progress(_write_tile(folder, line["entries"]), header.size)
                elif "end" in line:
                    whole = True
                else:
                    _write_line(line, notes, disclosed)
    if header is None or not whole:
        raise Fault("export-cut", "The server stopped before the export was whole; fetch it again.")
    return header


def verify(folder: Path, policy: LogPolicy, receipts: tuple[Path, ...] = ()) -> Verdict:
    """Judge an export offline; the policy, never part of it, says whose log it must be.

    Raises:
        Incomplete: the folder is not a whole export, or a file of it cannot be read.
    """
    try:
        header = Header.parse((folder / "export.json").read_bytes())
        given = sorted((folder / "receipts").glob("*")) + list(receipts)
        return judge(
            _entries(folder, header.size),
            (folder / "checkpoint").read_bytes(),
            (parse_checkpoint_line(line) for line in _file_lines(folder / "checkpoints.jsonl")),
            _disclosures(folder / "disclosures.jsonl"),
            [path.read_bytes() for path in given],
            policy,
            clock(),
        )
    except (OSError, BadExport, BadTile) as error:
        raise Incomplete("bad-export", f"{folder} cannot be judged: {error}", path=folder) from error


def opened(folder: Path) -> Iterator[tuple[int, Entry, Details]]:
    """Give each disclosed entry of an export that was judged, with its index and its details, in the log's order.

    Raises:
        Incomplete: the folder is not a whole export.
    """
    try:
        header = Header.parse((folder / "export.json").read_bytes())
        disclosed = _disclosures(folder / "disclosures.jsonl")
        due = next(disclosed, None)
        for index, entry in enumerate(_entries(folder, header.size)):
            if due is not None and due.index == index:
                yield index, Entry.parse(entry), Details.parse(due.details)
                due = next(disclosed, None)
    except (OSError, BadExport, BadTile, BadEntry, BadDetails) as error:
        raise Incomplete("bad-export", f"{folder} cannot be read: {error}", path=folder) from error


async def _lines(source: Any) -> Any:
    left = b""
    async for chunk in source.iter_any():
        left += chunk
        if len(left) > _LONGEST_LINE:
            raise Fault("export-cut", "The server sent something else than an export.")
        *whole, left = left.split(b"\n")
        for line in whole:
            value = json.loads(line)
            if not isinstance(value, dict):
                raise Fault("export-cut", "The server sent something else than an export.")
            yield value


def _write_tile(folder: Path, tile: dict[str, Any]) -> int:
    entries = [decode(entry) for entry in tile["entries"]]
    path = folder / entries_path(integer(tile["tile"]), len(entries))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(join(entries))
    return int(tile["tile"]) * WIDTH + len(entries)


def _write_line(line: dict[str, Any], notes: BinaryIO, disclosed: BinaryIO) -> None:
    if "checkpoint" in line:
        notes.write(checkpoint_line(line["checkpoint"]["note"].encode()))
    elif "disclosure" in line:
        disclosed.write(canonical(line["disclosure"]) + b"\n")


def _entries(folder: Path, size: int) -> Iterator[bytes]:
    for index, (name, width) in enumerate(entries_tiles(size)):
        whole = folder / name
        # Rows may be gone at the server: what did come is judged all the same, and the verdict says where it breaks.
        for path, held in [(whole, width)] if whole.is_file() else _of_other_widths(folder, index):
            yield from split(path.read_bytes(), held)


def _of_other_widths(folder: Path, index: int) -> list[tuple[Path, int]]:
    partial = (folder / entries_path(index, 1)).parent
    return [(path, int(path.name)) for path in sorted(partial.glob("*")) if path.name.isdecimal()]


def _disclosures(path: Path) -> Iterator[Disclosed]:
    return (parse_disclosure_line(line) for line in _file_lines(path))


def _file_lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from file
