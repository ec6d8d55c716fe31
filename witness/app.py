"""The witness over HTTP (C2SP tlog-witness): logs hand in checkpoints, anybody reads what was cosigned."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from hashlib import sha256
from typing import Final

from aiohttp import web

from protocol.log.witnessing import MOST_BYTES, Answer, Declined
from witness.folder import BadFolder, Folder

FOLDER: Final = web.AppKey("folder", Folder)
CLOCK: Final[web.AppKey[Callable[[], int]]] = web.AppKey("clock")
_TURN: Final = web.AppKey("turn", asyncio.Lock)
_SIZE_TYPE = "text/x.tlog.size"
_SECONDS_TO_READ = 10.0
_logger = logging.getLogger("witness")


def build_app(folder: Folder, clock: Callable[[], int]) -> web.Application:
    """Build the application over a folder that this process holds; `clock` gives POSIX seconds."""
    app = web.Application(client_max_size=MOST_BYTES)
    app[FOLDER], app[CLOCK], app[_TURN] = folder, clock, asyncio.Lock()
    app.add_routes(
        [
            web.post("/add-checkpoint", _add_checkpoint),
            web.get("/{origin:[0-9a-f]{64}}/checkpoint", _checkpoint),
            web.get("/health", _health),
        ]
    )
    return app


async def _add_checkpoint(request: web.Request) -> web.Response:
    """Cosign a checkpoint that continues what is known, or say why not; either is stored before the answer."""
    try:
        body = await asyncio.wait_for(request.read(), _SECONDS_TO_READ)
    except TimeoutError:
        return web.Response(status=408, text="The request took too long.\n")
    folder = request.app[FOLDER]
    try:
        # One at a time: comparing and storing must be one step.
        async with request.app[_TURN]:
            line = await asyncio.to_thread(folder.cosign, body, request.app[CLOCK]())
    except Declined as declined:
        return _declined(declined, body)
    except (BadFolder, OSError) as fault:
        _logger.exception("nothing is cosigned")
        return web.Response(status=500, text=f"This witness cosigns nothing now: {fault}.\n")
    return web.Response(body=line, content_type="text/plain", charset="utf-8")


def _declined(declined: Declined, body: bytes) -> web.Response:
    if declined.signed:
        _logger.warning("refused %d, kept as %s: %s", declined.answer, sha256(body).hexdigest()[:32], declined)
    if declined.answer is Answer.OTHER_SIZE:
        return web.Response(status=declined.answer, text=f"{declined.size}\n", content_type=_SIZE_TYPE)
    return web.Response(status=declined.answer, text=f"{declined}\n")


async def _checkpoint(request: web.Request) -> web.Response:
    """Give the latest checkpoint with the log's and this witness's signatures."""
    note = await asyncio.to_thread(request.app[FOLDER].note, request.match_info["origin"])
    if note is None:
        return web.Response(status=404, text="Nothing was cosigned for this log.\n")
    return web.Response(body=note, content_type="text/plain", charset="utf-8", headers={"Cache-Control": "no-store"})


async def _health(_: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})
