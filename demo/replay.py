"""An attacker who has got hold of BUP's own signed opening sends it again, as it is."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from clients.sdk import receiving
from clients.sdk.client import Client
from clients.sdk.errors import SdkError
from demo.actors import Actor, StoryBroken


async def repeat_opening(actor: Actor, share: str) -> str:
    """Sign one opening, use it, and use the same statement again; returns the words of the refusal."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "demo.replay", str(actor.home), str(actor.folder / "passphrase"), share),
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    if process.returncode != 0:
        raise StoryBroken("a replayed opening was answered")
    return out.decode().strip()


async def _twice(home: Path, passphrase: str, share: str) -> str:
    async with Client.at(home, passphrase) as client:
        await client.load_policy()
        item = next(one for one in await receiving.inbox(client) if one.share == share and not one.own)
        token = await client.sign(receiving.opening(item, "reopen"))
        await client.transport.post(f"/v1/shares/{share}/open", {"statement": token})
        try:
            await client.transport.post(f"/v1/shares/{share}/open", {"statement": token})
        except SdkError as error:
            return str(error)
    raise StoryBroken("a replayed opening was answered")


if __name__ == "__main__":
    secret = Path(sys.argv[2]).read_text(encoding="utf-8").split("\n", 1)[0]
    print(asyncio.run(_twice(Path(sys.argv[1]), secret, sys.argv[3])))
