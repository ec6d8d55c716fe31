"""`fortrolig`: the whole command, one module a group."""

from __future__ import annotations

import typer

from clients.cli import (
    consents,
    enrolment,
    exclusions,
    facts,
    fhir,
    held,
    log,
    receiving,
    recorded,
    registrar,
    requests,
    rules,
    sending,
    server,
    shields,
    units,
    why,
    witness,
)

app = typer.Typer(
    name="fortrolig",
    help=(
        "Share papers about a child safely: nothing leaves without a consent in force, nobody but the recipient can "
        "read it, and everything that happens can be proved.\n\n"
        "Begin with an invitation that somebody hands you: `fortrolig enrol`. Then `fortrolig notices` shows what "
        "waits for your answer, `fortrolig consent list` what is in force, `fortrolig inbox` what has come, and "
        "`fortrolig send` sends."
    ),
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)
enrolment.register(app)
sending.register(app)
receiving.register(app)
why.register(consents.app)
recorded.register(consents.app)
fhir.register(consents.app)
requests.register(app, consents.app)
app.add_typer(consents.app, name="consent")
app.add_typer(rules.app, name="rules")
app.add_typer(facts.app, name="fact")
app.add_typer(shields.app, name="shield")
app.add_typer(exclusions.app, name="exclusion")
app.add_typer(held.app, name="held")
app.add_typer(units.app, name="unit")
app.add_typer(log.app, name="log")
app.add_typer(registrar.app, name="registrar")
app.add_typer(server.app, name="server")
app.add_typer(witness.app, name="witness")


def main() -> None:
    """Run the command line and exit with its code."""
    app()


if __name__ == "__main__":
    main()
