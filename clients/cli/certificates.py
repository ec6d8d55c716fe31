"""`fortrolig consent certificate` and `verify`: a certificate on paper, and checking one without the net."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from clients.cli.certificate_words import printed, state_words
from clients.cli.finding import ChildOption, ConsentArgument, day, fitting
from clients.cli.judging import judge_by
from clients.cli.plain import plain, prose
from clients.cli.reading import child as find_child
from clients.cli.sending import moment
from clients.cli.session import Session, command
from clients.sdk.certificates import BadCertificate, Certificate, Proven, issue, judge
from clients.sdk.errors import Misused, Tampered
from clients.sdk.overview import overview
from clients.sdk.transport import clock

_LARGEST = 10_000_000
_PDF = b"%PDF-"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    command(app, "certificate")(certificate)
    command(app, "verify")(verify)


async def certificate(
    session: Session,
    consent: ConsentArgument,
    out: Annotated[Path, typer.Option(help="The new PDF.")],
    child: ChildOption = None,
) -> None:
    """Write a certificate of a consent as a PDF: the terms, who signed when, and codes that anybody can check.

    Whoever holds it checks it without the net: `fortrolig consent verify FILE`.

    Example: `fortrolig consent certificate 3fa9c1 --out samtykke.pdf`
    """
    async with session.client() as client:
        policy = await client.load_policy()
        found = await overview(client, await find_child(client, child))
        known = fitting([shown.known for shown in found.consents], consent)
        [shown] = [one for one in found.consents if one.known is known]
        made = await issue(client, shown, session.language)
        proven = judge(made, policy.log)
    pages = printed(made, proven)
    with out.open("xb") as file:
        file.write(pages)
    session.show(
        {"file": str(out), "consent": known.digest, "state": str(made.state), "codes": made.codes()},
        session.say(f"Bekreftelsen ligger i {out}.", f"The certificate is in {out}."),
        session.say(
            f"Hvem som helst kan kontrollere den uten nett: fortrolig consent verify {out}",
            f"Anybody can check it without the net: fortrolig consent verify {out}",
        ),
    )


async def verify(
    session: Session,
    given: Annotated[
        str, typer.Argument(metavar="FILE|TEXT", help="The PDF, a text file with its codes, or the codes themselves.")
    ],
    log_key: Annotated[
        str | None,
        typer.Option(help="The log's verifier key, got elsewhere; else the root's policy that your home keeps."),
    ] = None,
) -> None:
    """Check a certificate of consent offline: exit code 0 if it holds, 4 if it was changed. No passphrase is needed.

    What was said after it was made stands in the log, not in the certificate: it is never proof that a consent holds
    today.

    Example: `fortrolig consent verify samtykke.pdf`
    """
    policy = judge_by(session, log_key)
    raw = read_given(given)
    try:
        made = Certificate.read(raw.decode("latin-1"))
        proven = judge(made, policy)
        _require_own_pages(raw, made, proven)
    except BadCertificate as error:
        raise Tampered(error.code, f"This certificate does not hold: {error}.", what=str(error)) from error
    session.show(_told(made, proven), *_lines(session, made, proven))


def _require_own_pages(raw: bytes, made: Certificate, proven: Proven) -> None:
    """Refuse a PDF whose pages are not what its own codes give, byte for byte: so no parser need read it."""
    if raw.startswith(_PDF) and printed(made, proven) != raw:
        raise BadCertificate("certificate-changed", "the pages are not those that belong to the codes in the file")


def read_given(given: str) -> bytes:
    """Read what was given: a file of that name, else the text itself; raises `Misused` (`no-certificate`)."""
    try:
        path = Path(given)
        if not path.is_file():
            return given.encode()
        if path.stat().st_size > _LARGEST:
            raise Misused("no-certificate", f"{given} is too large to be a certificate.", path=given)
        return path.read_bytes()
    except (OSError, ValueError):  # too long for a path, or with what no path can hold: then it is the text itself
        return given.encode()


def _told(made: Certificate, proven: Proven) -> dict[str, Any]:
    return {
        "consent": made.terms.digest,
        "at": made.at,
        "state": str(made.state),
        "synthetic": made.synthetic,
        "share_until": made.terms.share_until,
        "read_until": made.terms.read_until,
        "words": [
            {"event": str(word.event), "person": word.person, "at": word.at, "statement": word.statement}
            for word in proven.words
        ],
        "size": proven.size,
        "level": proven.level,
    }


def _lines(session: Session, made: Certificate, proven: Proven) -> Iterator[str]:
    yield f"[bold]{session.say('Bekreftelsen holder.', 'The certificate holds.')}[/bold]"
    if made.synthetic:
        yield "[bold]SYNTETISK[/bold]"
    state = state_words(made.state, session.language)
    yield session.say(f"Per {moment(made.at)}: {state}", f"At {moment(made.at)}: {state}")
    if clock() >= made.terms.read_until:
        until = day(made.terms.read_until)
        yield session.say(f"Det er utløpt siden: det gjaldt til {until}.", f"It has expired since: it held to {until}.")
    yield ""
    yield prose(made.terms.text.body)
    yield ""
    for word in proven.words:
        yield plain(f"{moment(word.at)}  {word.event}  {word.person}")
    yield session.say(
        "Det som er sagt etter dette, står i loggen og ikke her.",
        "What was said after this stands in the log, and not here.",
    )
