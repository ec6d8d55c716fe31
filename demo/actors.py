"""Actors: each is a home of its own and a real `fortrolig` process for everything they do."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FORTROLIG = Path(sys.executable).parent / "fortrolig"
_LONGEST_SECONDS = 90
DONE, FAULT, REFUSED, TAMPERED = 0, 1, 3, 4


class StoryBroken(Exception):
    """A step did not end as the story says: the demonstration has failed."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody at their own machine."""

    name: str
    folder: Path

    @property
    def home(self) -> Path:
        """Where the keys are."""
        return self.folder / "home"

    async def run(self, *words: str, expect: int = DONE, given: str | None = None) -> dict[str, Any]:
        """Run one `fortrolig` command and return its JSON; anything but the expected exit code breaks the story.

        `given` is what is piped in, for what must not stand on a command line.
        """
        status, answer, errors = await self._start(words, given)
        if status != expect:
            said = answer.strip() or errors.strip()
            raise StoryBroken(f"{self.name}: fortrolig {' '.join(words)}: exit {status}, expected {expect}: {said}")
        try:
            value: dict[str, Any] = json.loads(answer)
        except ValueError as error:
            raise StoryBroken(f"{self.name}: fortrolig {' '.join(words)}: no JSON: {answer!r}") from error
        return value

    async def refused(self, *words: str, expect: int = REFUSED, given: str | None = None) -> str:
        """Run a command that must be refused, and return the words the actor was given."""
        answer = await self.run(*words, expect=expect, given=given)
        detail: str = answer["error"]["detail"]
        return detail

    async def _start(self, words: tuple[str, ...], given: str | None) -> tuple[int, str, str]:
        process = await asyncio.create_subprocess_exec(
            str(FORTROLIG),
            *words,
            "--json",
            env=self._environment(),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        piped = None if given is None else given.encode()
        try:
            out, errors = await asyncio.wait_for(process.communicate(piped), _LONGEST_SECONDS)
        except TimeoutError as error:
            process.kill()
            raise StoryBroken(f"{self.name}: fortrolig {' '.join(words)} did not end") from error
        return process.returncode or 0, out.decode(), errors.decode()

    def _environment(self) -> dict[str, str]:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        secret = self.folder / "passphrase"
        if not secret.exists():
            secret.touch(mode=0o600)
            secret.write_text(f"{os.urandom(12).hex()}\n", encoding="ascii")
        kept = {name: value for name, value in os.environ.items() if not name.startswith("FORTROLIG_")}
        return {
            **kept,
            "FORTROLIG_HOME": str(self.home),
            "FORTROLIG_PASSPHRASE_FILE": str(secret),
            "FORTROLIG_LANGUAGE": kept.get("DEMO_LANGUAGE", "en"),
        }
