"""`fortrolig consent export` and `read`: a consent as a FHIR R4 resource, for other systems."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from clients.cli.finding import find
from clients.cli.plain import plain, prose, safe_json
from clients.cli.session import Session, command
from clients.fhir.consent import BadFhir, from_fhir, to_fhir
from clients.fhir.elements import NotForFhir
from clients.sdk import consents
from clients.sdk.errors import Denied, Misused

FhirOption = Annotated[bool, typer.Option("--fhir", help="As FHIR R4 Consent (IHE PCF), the one format there is.")]


def register(app: typer.Typer) -> None:
    """Add the commands to `fortrolig consent`."""
    command(app, "export")(export)
    command(app, "read")(read)


async def export(
    session: Session,
    consent: Annotated[str, typer.Argument(help="The consent: its digest, or enough of its beginning.")],
    fhir: FhirOption = False,  # noqa: FBT002  (a flag)
    out: Annotated[Path | None, typer.Option(help="Write it to this new file instead of printing it.")] = None,
    child: Annotated[str | None, typer.Option("--child", help="The child (sub_…), if you have several.")] = None,
) -> None:
    """Write a consent as a FHIR R4 Consent that other systems read: its terms, and where it stands now.

    It names persons and units by their ids only. What proves it is the log, not this file.

    Example: `fortrolig consent export --fhir 3fa9c1 --out samtykke.json`
    """
    _must_be_fhir(fhir)
    async with session.client() as client:
        known = await find(client, consent, child)
    try:
        resource = to_fhir(known.terms, known.standing.state)
    except NotForFhir as error:
        raise Misused("not-for-fhir", f"FHIR cannot say this: {error}.", reason=error) from error
    if out is not None:
        with out.open("x", encoding="utf-8") as file:
            file.write(json.dumps(resource, ensure_ascii=False, indent=2) + "\n")
        session.show(
            {"consent": known.digest, "file": str(out)}, session.say(f"Skrevet til {out}.", f"Written to {out}.")
        )
        return
    session.show(resource, plain(safe_json(resource)))


async def read(
    session: Session,
    file: Annotated[Path, typer.Argument(help="The FHIR R4 Consent, as JSON.")],
    fhir: FhirOption = False,  # noqa: FBT002  (a flag)
) -> None:
    """Read a consent from a FHIR R4 Consent, check that its terms are whole, and say where it stands here.

    Example: `fortrolig consent read --fhir samtykke.json`
    """
    _must_be_fhir(fhir)
    try:
        terms = from_fhir(json.loads(file.read_text(encoding="utf-8")))
    except (BadFhir, UnicodeError, json.JSONDecodeError) as error:
        raise Misused("bad-fhir", f"{file} cannot be read as a consent: {error}.", path=file, reason=error) from error
    async with session.client() as client:
        try:
            found = await consents.listed(client, terms.subject)
        except Denied:
            found = []
    state = next((str(known.standing.state) for known in found if known.digest == terms.digest), None)
    session.show(
        {"consent": terms.digest, "terms": terms.to_json(), "state": state},
        f"[bold]{prose(terms.text.body)}[/bold]",
        session.say(
            "Samtykket er ikke kjent for deg her." if state is None else f"Her: {state}.",
            "You know of no such consent here." if state is None else f"Here: {state}.",
        ),
    )


def _must_be_fhir(fhir: bool) -> None:  # noqa: FBT001  (the flag itself)
    if not fhir:
        raise Misused("which-format", "Say --fhir: it is the one format there is.")
