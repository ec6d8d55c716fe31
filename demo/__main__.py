"""`make demo`: set everything up and play the main job with synthetic people; leaves `build/demo/`."""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

from demo import own_pdf, report, serving, tampering, world
from demo.actors import StoryBroken
from demo.people import cast
from demo.story import Story
from demo.telling import Teller

BUILD = Path("build") / "demo"


async def play(build: Path, own: bytes | None) -> None:
    """Play the whole story into a fresh folder; raises `StoryBroken` at the first step that does not end as told."""
    teller = Teller()
    stage = world.Stage(build, serving.own_port())
    everybody = cast(datetime.now(UTC).date())
    teller.scene("Setting the stage: a server, a registrar, three units, a family")
    teller.note("Everybody has keys of their own, on a machine of their own. Nobody here exists; papers are SYNTETISK.")
    if own is not None:
        teller.note(
            f"Your PDF ({len(own) // 1024 + 1} kB) takes the place of the PPT report; what acts in it is removed."
        )
    begun = await world.begin(stage)
    async with serving.running(stage.server, build / "server.log"):
        people = await world.people(stage, begun, everybody, teller)
        story = Story(stage, people, everybody, teller, own)
        await story.tell()
        await story.authority_exports()
    await story.authority_verifies()
    teller.scene("8. A thief with a copy of the database")
    await tampering.swap_a_key(stage, people, teller, story.referral_words())
    await tampering.add_a_guardian(stage, people, teller)
    await tampering.edit_the_log(stage, people, teller)
    report.write(build / "report.pdf", stage.build / "export", people, story.verdict)
    teller.scene("Done")
    teller.note(f"{teller.steps} steps done, {teller.refusals} refused, each as it should be.")
    teller.note(
        f"{build}/server: all that the server keeps; {build}/export: the log; {build}/report.pdf: what it says."
    )


def main() -> int:
    """Play and return the exit code."""
    parser = argparse.ArgumentParser(prog="make demo", description="Play the main job with synthetic people.")
    parser.add_argument("--pdf", type=Path, help="a PDF of your own to send as the PPT report")
    parser.add_argument("--build", type=Path, default=BUILD, help="the folder to leave everything in")
    asked = parser.parse_args()
    try:
        own = None if asked.pdf is None else own_pdf.read(asked.pdf)
    except own_pdf.Unfit as error:
        print(error, file=sys.stderr)
        return error.status
    if asked.build.exists():
        shutil.rmtree(asked.build)
    asked.build.mkdir(parents=True, mode=0o700)
    try:
        asyncio.run(play(asked.build.resolve(), own))
    except StoryBroken as error:
        print(f"The story broke: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
