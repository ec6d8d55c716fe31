"""`fortrolig consent`: ask, see, sign, refuse, object, hear, withdraw."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import typer

from clients.cli.plain import plain, prose
from clients.cli.reading import child as find_child
from clients.cli.reading import holders, matter, not_a_word, own_unit, word
from clients.cli.session import Session, command
from clients.sdk import consents, withdrawing
from clients.sdk.client import Client
from clients.sdk.consents import Known
from clients.sdk.errors import Misused, Tampered
from protocol.consent.age import wall_clock
from protocol.consent.state import State
from protocol.consent.vocabulary import Category, Language, Purpose
from protocol.identifiers import Instant, MatterId, PersonId
from protocol.texts import sentence

app = typer.Typer(help="Give, find and withdraw consent.", no_args_is_help=True)

ChildOption = Annotated[str | None, typer.Option("--child", help="The child (sub_…); not needed if you have one only.")]
ConsentArgument = Annotated[str, typer.Argument(help="The consent: its digest, or enough of its beginning.")]

_STATES: dict[State, tuple[str, str]] = {
    State.REQUESTED: ("venter på svar", "waits for an answer"),
    State.PARTLY_SIGNED: ("noen har signert, noen mangler", "some have signed, some have not"),
    State.IN_FORCE: ("gjelder nå", "in force"),
    State.READ_ONLY: ("ingen ny deling, kan leses", "no new sharing, can be read"),
    State.NEEDS_NEW_CONSENT: ("trenger nytt samtykke", "needs a new consent"),
    State.REFUSED: ("nei", "refused"),
    State.WITHDRAWN: ("trukket tilbake", "withdrawn"),
    State.EXPIRED: ("utløpt", "expired"),
    State.SUSPENDED: ("kan ikke brukes nå", "cannot be used now"),
}

_WITHDRAWN = (
    "Samtykket er trukket. Fra nå kan ingenting deles eller åpnes på det. Det som alt er lest, er lest.",
    "The consent is withdrawn. From now nothing is shared or opened under it. What was read stays read.",
)
_WITHDRAWAL_WAITS = (
    (
        "Tilbaketrekkingen er registrert hos serveren, men står ikke i loggen ennå. Ingenting kan åpnes imens. "
        "Kjør kommandoen en gang til senere for å få kvitteringen."
    ),
    (
        "The withdrawal is recorded at the server, but not yet in the log. Nothing can be opened meanwhile. "
        "Run the command again later for the receipt."
    ),
)


@command(app, "request")
async def request(
    session: Session,
    purpose: Annotated[str, typer.Option(help="referral, information, coordination, discharge or own-sending.")],
    receiver: Annotated[list[str], typer.Option(help="Who may receive: a unit's name or id, or a person; repeat.")],
    category: Annotated[list[str], typer.Option(help="What may be shared (ppt-report, referral, …); repeat.")],
    sender: Annotated[list[str] | None, typer.Option(help="Who may send; your unit or you, if not given.")] = None,
    child: ChildOption = None,
    in_matter: Annotated[
        str | None, typer.Option("--matter", help="The matter (mat_…); a new one if not given.")
    ] = None,
    unit: Annotated[str | None, typer.Option(help="The unit you ask for, if you are in several.")] = None,
) -> None:
    """Ask for a consent: the terms go to those whom the law names. A referral asks for care and disclosure in one act.

    With --purpose own-sending you ask yourself: sign it afterwards with `fortrolig consent sign`.

    Example: `fortrolig consent request --purpose own-sending --receiver Fjord --category ppt-report --category message`
    """
    async with session.client() as client:
        subject = await find_child(client, child)
        acting = await own_unit(client, unit)
        own = client.person if acting is None else acting
        senders = await holders(client, sender or [own])
        receivers = await holders(client, receiver)
        if word(Purpose, purpose) is Purpose.OWN_SENDING:
            receivers = (*receivers, *senders)
        where = MatterId.of(secrets.token_bytes(16)) if in_matter is None else matter(in_matter)
        wanted = consents.Wanted(
            subject=subject,
            matter=where,
            purpose=word(Purpose, purpose),
            senders=consents.parties(senders),
            receivers=consents.parties(receivers),
            categories=tuple(word(Category, one) for one in category),
            language=session.language,
        )
        asked = await consents.request(client, wanted, unit=acting)
    session.show(
        {
            "matter": where,
            "consents": [{"consent": terms.digest, "kind": str(terms.kind)} for terms in asked],
            "signers": sorted({role.person for terms in asked for role in terms.roles if role.act == "signs"}),
        },
        session.say(
            "Spørsmålet er sendt til dem som loven nevner.", "The request is sent to those whom the law names."
        ),
        *(f"  {terms.digest[:16]}  {terms.kind}" for terms in asked),
        session.say(f"Saken: {where}", f"The matter: {where}"),
    )


@command(app, "list")
async def list_consents(session: Session, child: ChildOption = None) -> None:
    """List the consents around a child: what waits, what is in force, what has ended.

    Example: `fortrolig consent list`
    """
    async with session.client() as client:
        found = await consents.listed(client, await find_child(client, child))
    session.show(
        {"consents": [brief(known) for known in found]},
        *(line for known in found for line in lines(session, known)),
        *([] if found else [session.say("Ingen samtykker ennå.", "No consents yet.")]),
    )


@command(app, "show")
async def show(session: Session, consent: ConsentArgument, child: ChildOption = None) -> None:
    """Show one consent: the text to read before you sign, who has signed, and who must still act.

    Example: `fortrolig consent show 3fa9c1`
    """
    async with session.client() as client:
        known = await _find(client, consent, child)
        me = client.person
    session.show(
        {**brief(known), "terms": known.terms.to_json()},
        f"[bold]{prose(known.terms.text.body)}[/bold]",
        "",
        *lines(session, known),
        *(f"  {_role(session, role.act)}: {_who(session, role.person, me)}" for role in known.terms.roles),
    )


@command(app, "sign")
async def sign(
    session: Session,
    consent: Annotated[list[str], typer.Argument(help="One or more consents: a referral's two are signed in one act.")],
    child: ChildOption = None,
) -> None:
    """Say yes, for the time and the purpose that the text names. You can withdraw at any time.

    Example: `fortrolig consent sign 3fa9c1 77b02e`
    """
    async with session.client() as client:
        subject = await find_child(client, child)
        chosen = [_fitting(await consents.listed(client, subject), one) for one in consent]
        for known in chosen:
            await consents.sign(client, known)
    session.show(
        {"consents": [known.digest for known in chosen]},
        session.say("Du har signert. Du kan trekke det når som helst:", "You have signed. You can withdraw any time:"),
        *(f"  fortrolig consent withdraw {known.digest[:16]}" for known in chosen),
    )


@command(app, "refuse")
async def refuse(session: Session, consent: ConsentArgument, child: ChildOption = None) -> None:
    """Say no. It is final for this request, and you need not say why.

    Example: `fortrolig consent refuse 3fa9c1`
    """
    await _act(session, consent, child, consents.refuse, ("Du har sagt nei.", "You have said no."))


@command(app, "object")
async def object_to(session: Session, consent: ConsentArgument, child: ChildOption = None) -> None:
    """Object, where you need not sign but may stop it.

    Example: `fortrolig consent object 3fa9c1`
    """
    await _act(session, consent, child, consents.object_to, ("Du har motsatt deg.", "You have objected."))


@command(app, "seen")
async def seen(session: Session, consent: ConsentArgument, child: ChildOption = None) -> None:
    """Confirm that you have been informed; from then you have seven days in which to object.

    Example: `fortrolig consent seen 3fa9c1`
    """
    await _act(session, consent, child, consents.acknowledge, ("Du er informert.", "You are informed."))


@command(app, "withdraw")
async def withdraw(session: Session, consent: ConsentArgument, child: ChildOption = None) -> None:
    """Withdraw a consent: from now nothing is shared or opened under it. What was read cannot be unread.

    What you signed on this machine you can withdraw even where the server's log no longer holds (exit code 4).

    Example: `fortrolig consent withdraw 3fa9c1`
    """
    async with session.client() as client:
        try:
            known = await _find(client, consent, child)
            logged = await consents.withdraw(client, known)
        except Tampered as broken:
            raise await withdrawing.in_spite_of(client, consent, broken) from broken
    session.show(
        {"consent": known.digest, "state": "withdrawn" if logged else "waiting"},
        session.say(*(_WITHDRAWN if logged else _WITHDRAWAL_WAITS)),
    )


@command(app, "hear")
async def hear(
    session: Session,
    outcome: Annotated[str, typer.Option(help="The child's view: for, against or unable.")],
    in_matter: Annotated[str, typer.Option("--matter", help="The matter (mat_…).")],
    child: ChildOption = None,
    unit: Annotated[
        str | None, typer.Option(help="The unit you hear the child for; none if you are the youth.")
    ] = None,
) -> None:
    """Record the child's view, as a professional for a unit or as the youth.

    Example: `fortrolig consent hear --outcome for --matter mat_… --child sub_…`
    """
    if outcome not in ("for", "against", "unable"):
        raise not_a_word(outcome, ("for", "against", "unable"))
    async with session.client() as client:
        subject = await find_child(client, child)
        await consents.hear(client, subject, matter(in_matter), outcome, unit=await own_unit(client, unit))
    session.show(
        {"outcome": outcome},
        session.say("Barnets syn er skrevet ned.", "The child's view is recorded."),
    )


async def _act(
    session: Session,
    consent: str,
    child: str | None,
    act: Callable[[Client, Known], Awaitable[None]],
    told: tuple[str, str],
) -> None:
    async with session.client() as client:
        known = await _find(client, consent, child)
        await act(client, known)
    session.show({"consent": known.digest}, session.say(*told))


async def _find(client: Client, consent: str, child: str | None) -> Known:
    return _fitting(await consents.listed(client, await find_child(client, child)), consent)


def _fitting(found: list[Known], consent: str) -> Known:
    fitting = [known for known in found if known.digest.startswith(consent) or known.terms.id == consent]
    if len(fitting) != 1:
        raise Misused(
            "unclear-consent",
            f"{consent!r} fits {len(fitting)} consents; `fortrolig consent list` shows them.",
            given=consent,
            count=len(fitting),
        )
    return fitting[0]


def brief(known: Known) -> dict[str, Any]:
    """Tell of a consent as JSON: what it is for, where it stands, who must still act."""
    standing = known.standing
    return {
        "consent": known.digest,
        "id": known.terms.id,
        "matter": known.terms.matter,
        "purpose": str(known.terms.purpose),
        "kind": str(known.terms.kind),
        "state": str(standing.state),
        "reason": None if standing.reason is None else str(standing.reason),
        "missing": [f"{one.act}:{one.person}" for one in standing.missing],
        "share_until": known.terms.share_until,
        "read_until": known.terms.read_until,
        "signed": [signature.person for signature in known.facts.signatures],
    }


def lines(session: Session, known: Known) -> list[str]:
    """Tell of a consent in lines: where it stands, why, and who must still act."""
    standing, terms = known.standing, known.terms
    state = session.say(*_STATES[standing.state])
    until = session.say(f"deles til {_day(terms.share_until)}", f"shared until {_day(terms.share_until)}")
    told = [f"{known.digest[:16]}  [bold]{state}[/bold]  {terms.purpose}, {terms.kind}  [dim]{until}[/dim]"]
    if standing.reason is not None:
        told.append(f"    {plain(sentence(standing.reason, session.language))}")
    told += [f"    {_role(session, one.act)}: {one.person}" for one in standing.missing]
    return told


def _role(session: Session, act: str) -> str:
    nb, en = {
        "signs": ("signerer", "signs"),
        "is-heard": ("blir hørt", "is heard"),
        "is-informed": ("blir informert", "is informed"),
        "may-object": ("kan motsette seg", "may object"),
    }[act]
    return nb if session.language is Language.BOKMAL else en


def _who(session: Session, person: str, me: PersonId) -> str:
    return session.say("deg", "you") if person == me else person


def _day(at: Instant) -> str:
    return f"{wall_clock(at):%d.%m.%Y}"
