"""Telling the story: numbered scenes, one plain sentence a step, refusals marked as such."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.rule import Rule


class Teller:
    """Prints the story as it happens, and counts what was shown."""

    def __init__(self) -> None:
        self._console = Console(highlight=False, emoji=False, width=110)
        self.steps = 0
        self.refusals = 0

    def scene(self, title: str) -> None:
        """Begin a scene."""
        self._console.print(Rule(f"[bold]{escape(title)}[/bold]", align="left"))

    def step(self, who: str, what: str) -> None:
        """Say what somebody did."""
        self.steps += 1
        self._console.print(f"  [green]✓[/green] [bold]{escape(who)}[/bold] {escape(what)}", soft_wrap=True)

    def refused(self, who: str, what: str, why: str) -> None:
        """Say what somebody was refused, in the words that they were given."""
        self.refusals += 1
        self._console.print(f"  [yellow]✗[/yellow] [bold]{escape(who)}[/bold] {escape(what)}", soft_wrap=True)
        self._console.print(f"      [dim]«{escape(why)}»[/dim]", soft_wrap=True)

    def note(self, text: str) -> None:
        """Say something to the reader."""
        self._console.print(f"    [dim]{escape(text)}[/dim]", soft_wrap=True)
