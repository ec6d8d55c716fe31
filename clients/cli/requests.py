"""`fortrolig notices`, `consent ask`, `remind` and `renew`: requests that finish themselves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from clients.cli.finding import ChildOption, ConsentArgument, day, find
from clients.cli.plain import prose
from clients.cli.session import Session, command
from clients.sdk import asking, requests, units
from clients.sdk.requests import Waiting
from protocol.consent.notices import NoticeKind

_ASKS = {
    NoticeKind.SIGN: ("Du er bedt om å svare ja eller nei.", "You are asked to answer yes or no."),
    NoticeKind.BE_INFORMED: (
        "Du skal få vite om dette. Bekreft at du har lest det, så har du sju dager på å motsette deg.",
        "You are to be told of this. Confirm that you have read it; then you have seven days in which to object.",
    ),
    NoticeKind.BE_HEARD: ("Du har rett til å si hva du mener.", "You have the right to say what you think."),
    NoticeKind.MAY_OBJECT: (
        "Andre avgjør dette, men du kan motsette deg.",
        "Others decide this, but you may object.",
    ),
    NoticeKind.CONFIRM_RECORDED: (
        "En fagperson har skrevet ned at du sa ja. Stemmer det, kan du signere selv; stemmer det ikke, bestrid det.",
        "A professional wrote down that you said yes. If you did, you can sign it yourself; if not, dispute it.",
    ),
    NoticeKind.TOLD_WITHDRAWN: (
        "En fagperson skrev ned at dette er trukket. Ingenting deles eller åpnes mer. Vil dere ha det: be på nytt.",
        "A professional wrote down that this is withdrawn. Nothing more is shared or opened. To take it up: ask anew.",
    ),
    NoticeKind.TOLD_INVALID: (
        "Samtykket er erklært ugyldig fra begynnelsen. Det dere fikk, skal ikke brukes uten eget grunnlag i loven.",
        "The consent is declared void from the beginning. What you got must not be used without a ground in law.",
    ),
    NoticeKind.RENEW: (
        "Dette slutter snart, eller er ikke lenger nok. Ingenting fornyes av seg selv; alle må signere på nytt.",
        "This ends soon, or no longer suffices. Nothing renews by itself; everybody must sign anew.",
    ),
}
_MAILBOX = (
    (
        "En familie holder en ansatt utenfor, og det som skal til enheten, venter på en postkasse uten den ansatte: "
        "`fortrolig unit restrict"
    ),
    (
        "A family keeps a member of staff out, and what is for the unit waits for a mailbox without them: "
        "`fortrolig unit restrict"
    ),
)
_QUESTION = "consent ask {consent}"
_STEPS = {
    NoticeKind.SIGN: ("consent sign {consent}", "consent refuse {consent}", _QUESTION),
    NoticeKind.BE_INFORMED: ("consent seen {consent}", "consent object {consent}", _QUESTION),
    NoticeKind.BE_HEARD: ("consent hear --outcome for --matter {matter}",),
    NoticeKind.MAY_OBJECT: ("consent object {consent}", _QUESTION),
    NoticeKind.CONFIRM_RECORDED: ("consent sign {consent}", "consent dispute {consent}", "consent show {consent}"),
    NoticeKind.TOLD_WITHDRAWN: ("consent show {consent}",),
    NoticeKind.TOLD_INVALID: ("consent incident {consent}", "consent show {consent}"),
    NoticeKind.RENEW: ("consent renew {consent}",),
}


def register(app: typer.Typer, consent: typer.Typer) -> None:
    """Add the commands, those about one consent to the group `consent`."""
    command(app, "notices")(notices)
    command(consent, "ask")(ask)
    command(consent, "remind")(remind)
    command(consent, "renew")(renew)


async def notices(session: Session) -> None:
    """Show what waits for you: what, to whom, why, until when, what happens if you say no, and what you can do next.

    You are asked once and reminded once at most. What you do not answer stays unanswered: silence is never a yes.

    Example: `fortrolig notices`
    """
    async with session.client() as client:
        found, wanted = await requests.waiting(client), await units.wanted(client)
    session.show(
        {"notices": [_brief(one) for one in found], "mailboxes": [{"unit": unit} for unit in wanted]},
        *(line for one in found for line in _lines(session, one)),
        *(session.say(f"{_MAILBOX[0]} {unit}`", f"{_MAILBOX[1]} {unit}`") for unit in wanted),
        *([] if found or wanted else [session.say("Ingenting venter på deg.", "Nothing waits for you.")]),
    )


async def ask(
    session: Session,
    consent: ConsentArgument,
    message_file: Annotated[
        Path | None, typer.Option(help="The question, from a text file; else it is asked for.")
    ] = None,
    child: ChildOption = None,
) -> None:
    """Ask the unit that wants the consent a question, before you answer. The other parent is not told of it.

    You sign in the same act that you write to that unit and it answers you, for three months; you can withdraw that.
    The answer comes to `fortrolig inbox`.

    Example: `fortrolig consent ask 3fa9c1 --message-file spørsmål.txt`
    """
    words = session.words("message", message_file)
    async with session.client() as client:
        known = await find(client, consent, child)
        short = known.digest[:16]
        title = session.say(f"Spørsmål om samtykke {short}", f"A question about consent {short}")
        sent = await asking.ask(client, known, title, words, session.language)
    session.show(
        {"consent": known.digest, "share": sent.share},
        session.say(
            "Spørsmålet er sendt. Svaret kommer i `fortrolig inbox`; du har ikke svart ja eller nei.",
            "The question is sent. The answer comes to `fortrolig inbox`; you have answered neither yes nor no.",
        ),
    )


async def remind(session: Session, consent: ConsentArgument, child: ChildOption = None) -> None:
    """Remind those who have not answered what you asked: once for each request. Whoever said no is left in peace.

    Example: `fortrolig consent remind 3fa9c1`
    """
    async with session.client() as client:
        known = await find(client, consent, child)
        await requests.remind(client, known)
    session.show(
        {"consent": known.digest, "reminded": True},
        session.say(
            "De som ikke har svart, er minnet på det. En gang til går ikke.",
            "Those who have not answered are reminded. It cannot be done again.",
        ),
    )


async def renew(session: Session, consent: ConsentArgument, child: ChildOption = None) -> None:
    """Ask anew for what a consent allows, with new dates. Everybody must sign anew; the old one ends as it says.

    A referral's two consents are asked for in one act. What was taken back in part is not asked for again.

    Example: `fortrolig consent renew 3fa9c1`
    """
    async with session.client() as client:
        known = await find(client, consent, child)
        asked = await requests.renew(client, known)
    session.show(
        {
            "renews": known.digest,
            "consents": [
                {"consent": terms.digest, "kind": str(terms.kind), "share_until": terms.share_until} for terms in asked
            ],
        },
        session.say(
            "Det er bedt om på nytt. Ingenting gjelder før alle har signert:",
            "It is asked for anew. Nothing holds before everybody has signed:",
        ),
        *(
            session.say(
                f"  {terms.digest[:16]}  {terms.kind}, deles til {day(terms.share_until)}",
                f"  {terms.digest[:16]}  {terms.kind}, shared until {day(terms.share_until)}",
            )
            for terms in asked
        ),
    )


def _brief(one: Waiting) -> dict[str, Any]:
    terms = one.known.terms
    return {
        "consent": one.known.digest,
        "child": terms.subject,
        "kinds": [str(kind) for kind in one.kinds],
        "reminded": one.reminded,
        "text": terms.text.body,
        "next": list(_steps(one)),
    }


def _lines(session: Session, one: Waiting) -> Iterator[str]:
    for kind in one.kinds:
        yield f"[bold]{session.say(*_ASKS[kind])}[/bold]"
    if one.reminded is not None:
        yield session.say(f"Du ble minnet på dette {day(one.reminded)}.", f"You were reminded on {day(one.reminded)}.")
    yield prose(one.known.terms.text.body)
    yield session.say("Dette kan du gjøre:", "What you can do:")
    yield from (f"  {step}" for step in _steps(one))
    yield ""


def _steps(one: Waiting) -> Iterator[str]:
    terms = one.known.terms
    for kind in one.kinds:
        for step in _STEPS[kind]:
            words = step.format(consent=one.known.digest[:16], matter=terms.matter)
            yield f"fortrolig {words} --child {terms.subject}"
