"""`fortrolig registrar`: root and policy, endorsing who enrolled, registering children."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from clients.cli import authorities, syncing
from clients.cli.reading import identifier, word
from clients.cli.session import Session, command
from clients.sdk import enrolment, registrar, renewing, subjects
from clients.sdk.errors import Misused
from protocol.consent.vocabulary import Responsibility
from protocol.identifiers import PersonId, SubjectId
from protocol.national_id import BadNationalId

_HOUR_MS = 3_600_000

app = typer.Typer(help="Vouch for persons, units and children (for registrars).", no_args_is_help=True)
syncing.join(app)
authorities.register(app)


@command(app, "init")
async def init(
    session: Session, server: Annotated[str, typer.Option(help="The address of the server that will be run.")]
) -> None:
    """Make the root key and your own keys, and print the root's fingerprint.

    The operator needs the fingerprint for `fortrolig server init`; everybody who enrols gets it on their invitation.

    Example: `fortrolig registrar init --server https://fortrolig.example`
    """
    home = registrar.begin(session.home, session.passphrase(new=True), server)
    fingerprint = registrar.fingerprint(home)
    session.show(
        {"person": home.profile.person, "fingerprint": fingerprint, "server": home.profile.server},
        session.say("Rotnøkkelen er laget. Fingeravtrykk:", "The root key is made. Fingerprint:"),
        f"[bold]{fingerprint}[/bold]",
        session.say(
            "Neste: fortrolig server init --root <fingeravtrykk>, så fortrolig registrar publish --log <loggnøkkel>",
            "Next: fortrolig server init --root <fingerprint>, then fortrolig registrar publish --log <log key>",
        ),
    )


@command(app, "publish")
async def publish(
    session: Session,
    log: Annotated[str, typer.Option(help="The log key that `server init` printed.")],
    recorded: Annotated[
        bool | None,
        typer.Option(help="Whether signatures count that two professionals wrote down for somebody; else as before."),
    ] = None,
    witness: Annotated[
        list[str] | None,
        typer.Option(help="A key that `witness init` printed; once for each. Without it as before, at first none."),
    ] = None,
    quorum: Annotated[
        int | None, typer.Option(help="How many of the witnesses must cosign; more than half, if not given.")
    ] = None,
    largest_age: Annotated[int, typer.Option(min=1, help="How many hours old their word may be.")] = 24,
    also: Annotated[
        list[str] | None, typer.Option(help="Somebody you vouch for who becomes a registrar too (per_…).")
    ] = None,
    without: Annotated[list[str] | None, typer.Option(help="Who is a registrar no longer (per_…).")] = None,
) -> None:
    """Sign the policy with the root key and publish it: which log, which registrars, which rules.

    Orders, mandates and settlements take two registrars: with --also a second one joins you, who is then asked to
    confirm. Registrars stay from one policy to the next; what somebody said counts only while they are one.

    Example: `fortrolig registrar publish --log "$(cat log-key.txt)"`
    """
    joining, leaving = (tuple(identifier(PersonId, one) for one in given or ()) for given in (also, without))
    colleagues = registrar.Colleagues(joining, leaving)
    if quorum is not None and not witness:
        raise Misused("no-witness", "--quorum says how many of the witnesses that --witness names must cosign.")
    async with session.client() as client:
        witnessing = registrar.Witnessing.most_of(witness, quorum, largest_age * _HOUR_MS) if witness else None
        policy = await registrar.publish(client, log, recorded=recorded, witnessing=witnessing, colleagues=colleagues)
    number = policy.statement.body.number
    session.show(
        {"number": number, "origin": policy.origin, "not_after": policy.statement.body.not_after},
        session.say(f"Policy nummer {number} er publisert.", f"Policy number {number} is published."),
    )


@command(app, "endorse")
async def endorse(session: Session) -> None:
    """Vouch for everybody who answered one of your invitations with its secret.

    Example: `fortrolig registrar endorse`
    """
    async with session.client() as client:
        endorsed, waiting = await enrolment.endorse_all(client)
    session.show(
        {"endorsed": endorsed, "waiting": waiting},
        session.say(
            f"Gikk god for {len(endorsed)}; {waiting} invitasjoner venter.",
            f"Vouched for {len(endorsed)}; {waiting} invitations still wait for an answer.",
        ),
        *(f"  {person}" for person in endorsed),
    )


@command(app, "child")
async def child(
    session: Session,
    birth_date: Annotated[str, typer.Option(help="From the register, YYYY-MM-DD (never read from the number).")],
    guardian: Annotated[list[str], typer.Option(help="A holder of parental responsibility (per_…); once for each.")],
    responsibility: Annotated[str, typer.Option(help="The register's word: joint, sole, other or unknown.")] = "joint",
    youth: Annotated[str | None, typer.Option(help="The child's own person (per_…), if enrolled.")] = None,
    relative: Annotated[list[str] | None, typer.Option(help="Somebody who may know but not sign (per_…).")] = None,
    card_file: Annotated[
        Path | None, typer.Option(help="A file with the name on line 1 and the national id on line 2.")
    ] = None,
) -> None:
    """Register a child: birth date and complete lists in a signed sheet, name and number sealed to those concerned.

    Name and national id are read from a file or asked for, never from the command line.

    Without --responsibility nobody can consent for the child yet.

    Example: `fortrolig registrar child --birth-date 2018-05-04 --guardian per_… --responsibility sole`
    """
    written = _name_and_number(session, card_file)
    if len(written) != 2:  # noqa: PLR2004  (name and number)
        raise Misused("bad-card", "Give exactly two lines: the child's name, then the national id.")
    try:
        known = subjects.Child(
            name=written[0].strip(),
            national_id=written[1].strip(),
            birth_date=date.fromisoformat(birth_date),
            responsibility=word(Responsibility, responsibility),
            guardians=tuple(identifier(PersonId, one) for one in guardian),
            youth=None if youth is None else identifier(PersonId, youth),
            relatives=tuple(identifier(PersonId, one) for one in relative or ()),
        )
    except ValueError as error:
        raise Misused("bad-birth-date", f"The birth date is written YYYY-MM-DD: {error}.") from error
    async with session.client() as client:
        try:
            subject = await subjects.register(client, known)
        except BadNationalId as error:
            raise Misused(error.code, f"The national id does not hold: {error}.") from error
    session.show(
        {"subject": subject},
        session.say(f"Barnet er registrert som {subject}.", f"The child is registered as {subject}."),
    )


@command(app, "renew")
async def renew(
    session: Session,
    child: Annotated[str | None, typer.Argument(help="The child (sub_…); without it, units and persons.")] = None,
    within: Annotated[
        int, typer.Option(help="Of units and persons, renew what ends within so many days.")
    ] = renewing.WITHIN_DAYS,
) -> None:
    """Prolong a child's sheet for 30 days, or without a child the units and persons that you vouch for, for 90.

    Recheck first: renewing is your word that nothing has changed. Who no longer counts: `fortrolig registrar end`.

    Example: `fortrolig registrar renew sub_…`
    """
    async with session.client() as client:
        if child is not None:
            await subjects.renew(client, identifier(SubjectId, child))
            session.show(
                {"subject": child}, session.say("Barnets ark er forlenget.", "The child's sheet is prolonged.")
            )
            return
        renewed = await renewing.renew_all(client, within)
    units, persons = len(renewed.units), len(renewed.endorsements)
    session.show(
        {"units": [each.unit for each in renewed.units], "persons": [each.holder for each in renewed.endorsements]},
        session.say(f"Fornyet {units} enheter og {persons} personer.", f"Renewed {units} units and {persons} persons."),
    )


@command(app, "end")
async def end(session: Session, person: Annotated[str, typer.Argument(help="Who no longer counts (per_…).")]) -> None:
    """Stop vouching for somebody: nothing that they sign from now on counts, and nothing is sealed to them.

    What they signed before stays as it was. A unit's staff is ended by its custodian: `fortrolig unit remove`.

    Example: `fortrolig registrar end per_…`
    """
    async with session.client() as client:
        ended = await renewing.end(client, identifier(PersonId, person))
    session.show(
        {"person": person, "ended": [each.invitation for each in ended]},
        session.say("Du går ikke lenger god for denne personen.", "You no longer vouch for this person."),
    )


def _name_and_number(session: Session, file: Path | None) -> list[str]:
    if file is None and sys.stdin.isatty():
        return [session.secret("child-name", None), session.secret("child-number", None)]
    return session.secret("child-name", file).splitlines()
