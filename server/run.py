"""`server run`: listen, answer, and stop without losing what was begun."""

from __future__ import annotations

import asyncio
import gc
import signal
from typing import TYPE_CHECKING

import structlog
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from server.app import build_app
from server.http.border import GATE
from server.http.malformed import Runner

if TYPE_CHECKING:
    from collections.abc import Callable

    from server.config import Settings

_LOOPBACK = "127.0.0.1"
_log = structlog.get_logger("server.run")


async def serve(settings: Settings, told: Callable[[str], None]) -> None:
    """Answer until SIGTERM or SIGINT; `told` is called once with the address when connections are accepted.

    To stop: new requests are refused (503), begun ones have `stop_seconds` to finish, the writer commits what is
    queued, and the database is closed.
    """
    app = build_app(settings)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    runner = Runner(
        app, access_log=None, shutdown_timeout=settings.stop_seconds, keepalive_timeout=75, lingering_time=2
    )
    metrics: web.AppRunner | None = None
    try:
        await runner.setup()
        await web.TCPSite(runner, settings.host, settings.port, backlog=1024).start()
        if settings.metrics_port is not None:
            metrics = await _serve_metrics(app, settings.metrics_port)
        _settle_memory()
        host, port = runner.addresses[0][:2]
        _log.info("listening", host=host, port=port)
        told(f"http://{f'[{host}]' if ':' in host else host}:{port}")
        await stop.wait()
        _log.info("stopping", count=app[GATE].running)
        app[GATE].stopping = True
    finally:
        await runner.cleanup()
        if metrics is not None:
            await metrics.cleanup()
        _log.info("stopped")


def _settle_memory() -> None:
    """Spare the collector what was loaded to stay; a request leaves little behind that only it can free."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 50, 100)


async def _serve_metrics(app: web.Application, port: int) -> web.AppRunner:
    """Serve figures in Prometheus' text form, on loopback only: how busy a clinic is is nobody else's business."""

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(
            body=generate_latest(app[GATE].metrics.registry), headers={"Content-Type": CONTENT_TYPE_LATEST}
        )

    beside = web.Application()
    beside.router.add_get("/metrics", metrics)
    runner = web.AppRunner(beside, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, _LOOPBACK, port).start()
    return runner
