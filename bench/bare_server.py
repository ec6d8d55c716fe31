"""An aiohttp server that reads a body and answers nothing of worth: what HTTP alone costs here.

python -m bench.bare_server PORT
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from aiohttp import web

from bench.load import Prepared, drive
from bench.serving import HOST, free_port, serving

if TYPE_CHECKING:
    from pathlib import Path

BODY = "x" * 4096


def rate(folder: Path, clients: int, each: int) -> float:
    """Give the answers a second that the load program gets from the server that does nothing."""
    port = free_port()
    base = f"http://{HOST}:{port}"
    request = Prepared("POST", base, {"Content-Type": "application/json"}, BODY)
    with serving([sys.executable, "-m", "bench.bare_server", str(port)], ready=base, log=folder / "bare.log"):
        return drive(folder, [[request] * each] * clients, warm=base).rate


async def _answer(request: web.Request) -> web.Response:
    await request.read()
    return web.json_response({"answer": "x" * 1024})


if __name__ == "__main__":
    app = web.Application()
    app.router.add_route("*", "/", _answer)
    web.run_app(app, host=HOST, port=int(sys.argv[1]), print=None, access_log=None)
