"""`fortrolig registrar sync`: what the register changes on children's sheets, in words, and signing it after a yes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from clients.cli.reading import identifier
from clients.cli.session import Session, command
from clients.sdk import syncing
from clients.sdk.recheck import CHANGES, STOPS, Finding, Found
from clients.sdk.register import FileRegister
from protocol.identifiers import PersonId

_WORDS: dict[Finding, tuple[str, str]] = {
    Finding.BIRTH_DATE: ("fødselsdato: {before} blir {after}", "birth date: {before} becomes {after}"),
    Finding.RESPONSIBILITY: ("foreldreansvar: {before} blir {after}", "responsibility: {before} becomes {after}"),
    Finding.HOLDER_BEGINS: ("{person} får foreldreansvar", "{person} gets parental responsibility"),
    Finding.HOLDER_ENDS: (
        "{person} har ikke lenger foreldreansvar, og ser og signerer ikke mer",
        "{person} no longer has parental responsibility, and sees and signs no more",
    ),
    Finding.HOLDER_DIED: ("{person} er død", "{person} has died"),
    Finding.OF_AGE: (
        "er 18 år: alt som bygger på foreldreansvar, er slutt",
        "is 18: everything that rests on parental responsibility has ended",
    ),
    Finding.NOT_ADMITTED: (
        "{person} har foreldreansvar, men står ikke her. Er personen sperret, la det stå; ellers --admit {person}",
        "{person} has responsibility and is not on the sheet. If they are kept out, do nothing; else --admit {person}",
    ),
    Finding.NOT_ENROLLED: (
        "en med foreldreansvar er ikke med her: inviter, ellers kan ingenting signeres for barnet",
        "somebody with responsibility is not enrolled here: invite them, or nothing can be signed for the child",
    ),
    Finding.ORGANISATION: (
        "en organisasjon har foreldreansvar: den kan ikke stå på arket, avklar for hånd",
        "an organisation has responsibility: it cannot stand on the sheet, settle it by hand",
    ),
    Finding.WITHOUT_NUMBER: (
        "en uten fødselsnummer har foreldreansvar: avklar for hånd hvem det er",
        "somebody without a national id has responsibility: settle by hand who it is",
    ),
    Finding.SETTLE_BY_HAND: (
        "registeret sier ikke hvem som har foreldreansvar: ingenting kan deles før to registratorer avklarer det",
        "the register does not say who has responsibility: nothing can be shared until two registrars settle it",
    ),
    Finding.PROTECTED_CHILD: (
        "barnet har beskyttet adresse ({after}): se etter hva som må skjules",
        "the child's address is protected ({after}): check what must be hidden",
    ),
    Finding.PROTECTED_HOLDER: (
        "{person} har beskyttet adresse ({after}): se etter hva som må skjules for den andre",
        "the address of {person} is protected ({after}): check what must be hidden from the other",
    ),
    Finding.LIMITED_CAPACITY: (
        "{person} har begrenset rettslig handleevne ({after}): en saksbehandler avgjør, programmet utelater ingen",
        "{person} has limited legal capacity ({after}): an officer decides, the program leaves nobody out",
    ),
    Finding.CONTRADICTION: (
        "registerets linjer motsier hverandre: avklar for hånd. Arket blir verken endret eller forlenget",
        "the register's lines contradict each other: settle it by hand. The sheet is neither changed nor prolonged",
    ),
    Finding.CHILD_DIED: (
        "barnet døde {after}: arket blir ikke forlenget",
        "the child died on {after}: the sheet is not prolonged",
    ),
    Finding.OTHER_CHILD: (
        "fødselsnummeret er ikke dette barnets: uttrekket er feil satt sammen. Ingenting signeres for barnet",
        "the national id is not this child's: the extract is put together wrongly. Nothing is signed for the child",
    ),
    Finding.UNKNOWN_HERE: ("barnet er ikke registrert her", "the child is not registered here"),
}

_BOKMAL = {
    "joint": "felles",
    "sole": "én alene",
    "other": "andre",
    "unknown": "ukjent",
    "client-address": "klientadresse",
    "confidential": "fortrolig",
    "strictly-confidential": "strengt fortrolig",
    "partial": "delvis",
    "none": "ingen",
}


def join(app: typer.Typer) -> None:
    """Add the command to a group."""
    command(app, "sync")(sync)


async def sync(
    session: Session,
    file: Annotated[Path, typer.Option(help="An extract of the guardian register, as docs/register.md has it.")],
    admit: Annotated[
        list[str] | None, typer.Option(help="Let this new holder of responsibility in (per_…); once for each.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Sign without asking; for a job that somebody has read.")] = False,  # noqa: FBT002  (an option)
) -> None:
    """Recheck children's sheets with the guardian register: sign what changed, prolong the rest together.

    Shows in plain words what would change, and signs after your yes. Unknown and other are never guessed at, and nobody
    new is let in unless you name them. For whoever must be looked into nothing is signed: their sheet ends by itself.

    Example: `fortrolig registrar sync --file register.json`
    """
    register = FileRegister.read(file)
    admitted = tuple(identifier(PersonId, one) for one in admit or ())
    async with session.client() as client:
        planned = await syncing.plan(client, register, admitted)
        if not session.as_json:
            _tell(session, planned)
        waits = bool(planned.changed or planned.unchanged)
        done = await syncing.carry_out(client, planned) if waits and (yes or _agreed(session)) else syncing.Done(0, 0)
    session.show(
        {
            "children": [_told(each) for each in planned.children],
            "signed": done.signed,
            "prolonged": done.prolonged,
        },
        session.say(
            f"{done.signed} nye ark er signert, {done.prolonged} er forlenget, {len(planned.stopped)} står igjen.",
            f"{done.signed} new sheets signed, {done.prolonged} prolonged, {len(planned.stopped)} left to look into.",
        ),
    )


def _agreed(session: Session) -> bool:
    question = session.say("Vil du signere dette?", "Sign this?")
    return not session.as_json and sys.stdin.isatty() and typer.confirm(question)


def _tell(session: Session, planned: syncing.Plan) -> None:
    for each in planned.children:
        if each.rechecked.found:
            session.console.print(f"{each.rechecked.subject}:", soft_wrap=True)
        for found in each.rechecked.found:
            mark = "!" if found.finding in STOPS else "*" if found.finding in CHANGES else "-"
            session.console.print(f"  {mark} {_said(session, found)}", soft_wrap=True, markup=False)
    count = len(planned.unchanged)
    session.console.print(session.say(f"Uendret: {count}.", f"Unchanged: {count}."), soft_wrap=True)


def _said(session: Session, found: Found) -> str:
    nb, en = _WORDS[found.finding]
    person, before, after = found.person, found.before or "", found.after or ""
    facts = {"person": person, "before": before, "after": after}
    in_bokmal = {"person": person, "before": _BOKMAL.get(before, before), "after": _BOKMAL.get(after, after)}
    return session.say(nb.format_map(in_bokmal), en.format_map(facts))


def _told(each: syncing.Child) -> dict[str, Any]:
    found = [
        {"finding": str(one.finding), "person": one.person, "before": one.before, "after": one.after}
        for one in each.rechecked.found
    ]
    outcome = "changed" if each.rechecked.body is not None else "stopped" if each.rechecked.stopped else "unchanged"
    return {"subject": each.rechecked.subject, "outcome": outcome, "found": found}
