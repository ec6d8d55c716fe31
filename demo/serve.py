"""`make serve`: a server of one's own under `build/serve`, ready to enrol people against. For trying things out."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path

from demo import serving
from demo.actors import StoryBroken
from demo.telling import Teller
from demo.world import Stage

_PORT = 8470


async def serve(build: Path) -> None:
    """Make the server and a registrar at the first start; then run until interrupted."""
    stage = Stage(build, _PORT)
    registrar = stage.actor("registrar")
    log_key_file = build / "log-key"
    if not log_key_file.exists():
        made = await registrar.run("registrar", "init", "--server", stage.origin)
        log_key_file.write_text(await serving.init(stage.server, made["fingerprint"], _PORT), encoding="ascii")
    async with serving.running(stage.server, build / "server.log"):
        published = await registrar.run("registrar", "publish", "--log", log_key_file.read_text(encoding="ascii"))
        teller = Teller()
        teller.step("The server", f"answers at {stage.origin} until you press Ctrl-C; policy {published['number']}")
        teller.note(f"Act as the registrar: export FORTROLIG_HOME={registrar.home}")
        teller.note(f"                      export FORTROLIG_PASSPHRASE_FILE={registrar.folder / 'passphrase'}")
        teller.note("Then: fortrolig invite --role person, and so on: fortrolig --help")
        await asyncio.Event().wait()


def main() -> int:
    """Serve and return the exit code."""
    build = Path("build") / "serve"
    build.mkdir(parents=True, mode=0o700, exist_ok=True)
    try:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(serve(build.resolve()))
    except StoryBroken as error:
        print(f"The server could not be started: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
