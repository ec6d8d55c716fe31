"""`fortrolig log`: how the log stands, and fetch it and judge it without trusting who keeps it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from clients.cli.failing import DONE, INCOMPLETE, TAMPERED
from clients.cli.judging import judge_by
from clients.cli.plain import plain
from clients.cli.progress import bar
from clients.cli.reading import identifier
from clients.cli.sending import moment
from clients.cli.session import Session, command
from clients.fhir.audit import Logged, to_audit_events
from clients.sdk import log
from clients.sdk.errors import Tampered
from clients.sdk.witnessed import Witnessed, raise_receipts, witnessed
from protocol.identifiers import Instant, SubjectId
from protocol.log.checkpoint import open_checkpoint
from protocol.log.export import Outcome, Verdict
from protocol.log.receipt import BadReceipt

app = typer.Typer(
    help="See how the audit log stands; fetch it and verify it offline (for supervisors, and everybody with a receipt)."
)

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


@command(app, "status")
async def status(session: Session) -> None:
    """Show how large the log is, and when independent witnesses last vouched for it.

    Also checks that the log has only grown since you last looked, and exchanges your receipts for ones that the
    witnesses stand behind too.

    Example: `fortrolig log status`
    """
    async with session.client() as client:
        seen = await witnessed(client)
        try:
            raised, waiting = await raise_receipts(client, seen)
        except BadReceipt as error:
            raise Tampered("not-logged", f"A receipt that you kept does not hold: {error}.") from error
        size = open_checkpoint((client.home.seen or "").encode(), client.policy.log).checkpoint.size
    session.show(
        {
            "size": size,
            "witnesses": list(seen.names),
            "quorum": seen.quorum,
            "witnessed": None if seen.latest is None else seen.latest.checkpoint.size,
            "at": None if seen.seconds is None else seen.seconds * 1000,
            "fresh": seen.fresh,
            "receipts": {"raised": raised, "waiting": waiting},
        },
        session.say(
            f"Loggen har minst {size} hendelser, og har bare vokst siden sist.",
            f"The log has at least {size} entries, and has only grown since you last looked.",
        ),
        _witness_line(session, seen),
        *_receipt_lines(session, raised, waiting),
    )


def _witness_line(session: Session, seen: Witnessed) -> str:
    if seen.quorum == 0:
        return session.say("Ingen uavhengige vitner følger loggen.", "No independent witnesses follow the log.")
    of = len(seen.names)
    if seen.latest is None or seen.seconds is None:
        return session.say(
            f"Ingenting er bekreftet av {seen.quorum} av {of} vitner ennå.",
            f"Nothing is vouched for by {seen.quorum} of {of} witnesses yet.",
        )
    when, size = moment(Instant(seen.seconds * 1000)), seen.latest.checkpoint.size
    if not seen.fresh:
        return session.say(
            f"For gammelt: {seen.quorum} av {of} vitner bekreftet {size} hendelser {when}. Noe kan være holdt tilbake.",
            f"Too old: {seen.quorum} of {of} witnesses vouched for {size} entries {when}. Something may be held back.",
        )
    return session.say(
        f"{seen.quorum} av {of} vitner bekreftet {size} hendelser {when}.",
        f"{seen.quorum} of {of} witnesses vouched for {size} entries {when}.",
    )


def _receipt_lines(session: Session, raised: int, waiting: int) -> list[str]:
    lines = []
    if raised:
        lines.append(
            session.say(
                f"{raised} kvitteringer er nå også bekreftet av vitnene.",
                f"{raised} receipts are now vouched for by the witnesses too.",
            )
        )
    if waiting:
        lines.append(
            session.say(f"{waiting} kvitteringer venter på vitnene.", f"{waiting} receipts wait for witnesses.")
        )
    return lines


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
    code, nb, en = _VERDICTS[verdict.outcome]
    session.show(
        {"outcome": str(verdict.outcome), "size": verdict.size, "findings": _findings(verdict)},
        f"[bold]{session.say(nb, en)}[/bold]",
        session.say(f"{verdict.size} hendelser lest.", f"{verdict.size} entries read."),
        *(f"  {plain(finding.sentence)}  [dim]({finding.code})[/dim]" for finding in verdict.findings),
    )
    if code != DONE:
        raise typer.Exit(code)


@command(app, "fhir")
async def fhir(
    session: Session,
    folder: Annotated[Path, typer.Argument(help="The export's folder.")],
    out: Annotated[Path, typer.Option(help="A new file: one AuditEvent as JSON a line.")],
    log_key: Annotated[
        str | None, typer.Option(help="The log's verifier key; else the root's policy that your home keeps.")
    ] = None,
) -> None:
    """Write what an export discloses as FHIR R4 AuditEvents (IHE BALP), for another system; offline.

    The export is judged first. Of one that was tampered with, nothing is written.

    Example: `fortrolig log fhir ./export --out hendelser.ndjson`
    """
    verdict = log.verify(folder, judge_by(session, log_key))
    code, nb, en = _VERDICTS[verdict.outcome]
    if verdict.outcome is Outcome.CONTRADICTION:
        raise Tampered(
            "tampered-export", "The log was tampered with: run `fortrolig log verify` and keep what it says."
        )
    origin, count = judge_by(session, log_key).origin, 0
    with out.open("x", encoding="utf-8") as file:
        for index, entry, details in log.opened(folder):
            for event in to_audit_events(Logged(origin, index, entry, details)):
                file.write(json.dumps(event, ensure_ascii=False) + "\n")
                count += 1
    session.show(
        {"file": str(out), "events": count, "outcome": str(verdict.outcome)},
        session.say(f"{count} hendelser skrevet til {out}.", f"{count} events written to {out}."),
        session.say(nb, en),
    )
    if code != DONE:
        raise typer.Exit(code)


def _findings(verdict: Verdict) -> list[dict[str, Any]]:
    return [
        {"code": str(finding.code), "index": finding.index, "sentence": finding.sentence}
        for finding in verdict.findings
    ]
