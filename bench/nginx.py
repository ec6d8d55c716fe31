"""nginx serving one folder on loopback: one process, sendfile, no access log, nothing shared with the system's own."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from bench import peers
from bench.serving import HOST, free_port, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONFIGURATION = """
daemon off;
master_process off;
pid {home}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 64; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000;
    default_type application/octet-stream;
    client_body_temp_path {home}/body;
    proxy_temp_path {home}/proxy;
    fastcgi_temp_path {home}/fastcgi;
    uwsgi_temp_path {home}/uwsgi;
    scgi_temp_path {home}/scgi;
    server {{
        listen {host}:{port};
        root {files};
    }}
}}
"""


@contextlib.contextmanager
def running(home: Path, files: Path) -> Iterator[str]:
    """Serve the folder `files`, which must hold a file `ready`, and give the base URL; ends with the block."""
    nginx = peers.debian("nginx", "usr/sbin/nginx")
    home.mkdir(parents=True, exist_ok=True)
    port = free_port()
    configuration = home / "nginx.conf"
    configuration.write_text(CONFIGURATION.format(home=home.resolve(), files=files.resolve(), host=HOST, port=port))
    base = f"http://{HOST}:{port}"
    command: list[str | Path] = [nginx, "-e", "stderr", "-p", home.resolve(), "-c", configuration.resolve()]
    with serving(command, ready=f"{base}/ready", log=home / "nginx.log"):
        yield base
