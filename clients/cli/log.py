"""`fortrolig log`: fetch the log and judge it without trusting who keeps it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from clients.cli.failing import DONE, INCOMPLETE, TAMPERED
from clients.cli.judging import judge_by
from clients.cli.plain import plain
from clients.cli.progress import bar
from clients.cli.reading import identifier
from clients.cli.session import Session, command
from clients.sdk import log
from protocol.identifiers import SubjectId
from protocol.log.export import Outcome, Verdict

app = typer.Typer(help="Fetch the audit log and verify it offline (for supervisors, and everybody with a receipt).")

_VERDICTS: dict[Outcome, tuple[int, str, str]] = {
    Outcome.INTACT: (DONE, "Loggen er hel: ingenting er endret, utelatt eller satt inn.", "The log is intact."),
    Outcome.CONTRADICTION: (
        TAMPERED,
        "Loggen er endret. Funnene under er bevis: ta vare på dem.",
        "The log was tampered with. The findings below are evidence: keep them.",
    ),
    Outcome.INCOMPLETE: (
        INCOMPLETE,
        "Loggen kan ikke bedømmes: noe mangler eller er for gammelt.",
        "The log cannot be judged: something is missing or not fresh.",
    ),
}


@command(app, "export")
async def export(
    session: Session,
    folder: Annotated[Path, typer.Argument(help="A new folder for the export.")],
    case: Annotated[str, typer.Option(help="The case's reference; it is logged with your name.")],
    child: Annotated[list[str] | None, typer.Option(help="Disclose this child's entries only; repeat.")] = None,
) -> None:
    """Fetch the log, as a supervisor. That you did, and for which case, stands in the log itself.

    Example: `fortrolig log export ./export --case TILSYN-2026-001`
    """
    subjects = tuple(identifier(SubjectId, one) for one in child or ())
    async with session.client() as client:
        with bar(session, "log") as progress:
            header = await log.export(client, folder, case, subjects=subjects, progress=progress)
        accepted = await client.load_policy()
    session.show(
        {"folder": str(folder), "size": header.size, "origin": header.origin, "log": accepted.log.log},
        session.say(f"{header.size} hendelser ligger i {folder}.", f"{header.size} entries are in {folder}."),
        session.say(
            f"Kontroller dem, også uten nett: fortrolig log verify {folder}",
            f"Verify them, offline too: fortrolig log verify {folder}",
        ),
    )


@command(app, "verify")
async def verify(
    session: Session,
    folder: Annotated[Path, typer.Argument(help="The export's folder.")],
    log_key: Annotated[
        str | None,
        typer.Option(help="The log's verifier key, got elsewhere; else the root's policy that your home keeps."),
    ] = None,
    receipt: Annotated[list[Path] | None, typer.Option(help="A receipt that somebody kept; repeat.")] = None,
) -> None:
    """Judge an export offline: exit code 0 intact, 4 tampered with, 6 cannot be judged. No passphrase is needed.

    Example: `fortrolig log verify ./export --receipt receipt.txt`
    """
    verdict = log.verify(folder, judge_by(session, log_key), tuple(receipt or ()))
    status, nb, en = _VERDICTS[verdict.outcome]
    session.show(
        {"outcome": str(verdict.outcome), "size": verdict.size, "findings": _findings(verdict)},
        f"[bold]{session.say(nb, en)}[/bold]",
        session.say(f"{verdict.size} hendelser lest.", f"{verdict.size} entries read."),
        *(f"  {plain(finding.sentence)}  [dim]({finding.code})[/dim]" for finding in verdict.findings),
    )
    if status != DONE:
        raise typer.Exit(status)


def _findings(verdict: Verdict) -> list[dict[str, Any]]:
    return [
        {"code": str(finding.code), "index": finding.index, "sentence": finding.sentence}
        for finding in verdict.findings
    ]
