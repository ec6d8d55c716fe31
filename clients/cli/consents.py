"""`fortrolig consent`: ask, sign, refuse, object, hear. Seeing and taking back stand in files of their own."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from typing import Annotated

import typer

from clients.cli import certificates, invalidating, my_consents, taking_back
from clients.cli.finding import ChildOption, ConsentArgument, find, fitting
from clients.cli.reading import child as find_child
from clients.cli.reading import holders, matter, not_a_word, own_unit, word
from clients.cli.session import Session, command
from clients.sdk import consents
from clients.sdk.client import Client
from clients.sdk.consents import Known
from protocol.consent.vocabulary import Category, Purpose
from protocol.identifiers import MatterId

app = typer.Typer(help="Give, find and withdraw consent.", no_args_is_help=True)
my_consents.register(app)
taking_back.register(app)
certificates.register(app)
invalidating.register(app)


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
        chosen = [fitting(await consents.listed(client, subject), one) for one in consent]
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
        known = await find(client, consent, child)
        await act(client, known)
    session.show({"consent": known.digest}, session.say(*told))
