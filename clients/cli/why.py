"""`fortrolig consent why`: a decision with every fact, signature and rule it rests on, now or as known then."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from clients.cli.failing import explanation_json, explanation_lines
from clients.cli.plain import plain
from clients.cli.sending import moment, unclear
from clients.cli.session import Session, command
from clients.sdk import receiving
from clients.sdk.client import Client
from clients.sdk.errors import Denied, Misused
from clients.sdk.opening import open_share
from clients.sdk.receiving import NotReceived
from clients.sdk.why import Rebuilt, Shown, kept_shares
from clients.sdk.why import why as rebuild
from protocol.consent.age import OSLO
from protocol.consent.answer import Deny
from protocol.consent.vocabulary import Act, Language
from protocol.identifiers import Instant, ShareId, parse_instant
from protocol.texts import sentence


def register(app: typer.Typer) -> None:
    """Add the command to `fortrolig consent`."""
    command(app, "why")(why)


async def why(
    session: Session,
    share: Annotated[str, typer.Option(help="The share (shr_…), or enough of its beginning.")],
    at: Annotated[
        str | None,
        typer.Option(help="As it was known then: 2026-11-22T09:30 on the Oslo clock, or milliseconds since 1970."),
    ] = None,
) -> None:
    """Show why a share may or may not be opened or sent: the rule, every fact and signature, each with its log leaf.

    With --at it also says if a consent was declared void since: permitted as known then, void as known now.

    What was never received on this machine is received first, which is logged.

    Example: `fortrolig consent why --share shr_3fa9 --at 2026-11-22T09:30`
    """
    then = None if at is None else instant(at)
    async with session.client() as client:
        found = await _found(client, share, session.language)
        built = await rebuild(client, found, then, session.language)
    session.show(_json(session, built, known_then=then is not None), *_lines(session, built))


def instant(written: str) -> Instant:
    """Read an instant: milliseconds, or an ISO 8601 date and time, on the Oslo clock if it names no zone.

    Raises:
        Misused: anything else.
    """
    try:
        if written.isascii() and written.isdigit():
            return parse_instant(int(written))
        read = datetime.fromisoformat(written)
        at = read if read.tzinfo is not None else read.replace(tzinfo=OSLO)
        return parse_instant(round(at.timestamp() * 1000))
    except (ValueError, OverflowError) as error:
        raise Misused(
            "bad-instant", f"{written!r} is no time. Write it like 2026-11-22T09:30.", given=written
        ) from error


async def _found(client: Client, share: str, language: Language) -> ShareId:
    kept = [one for one in kept_shares(client.home.folder) if one.startswith(share)]
    if not kept:
        await client.load_policy()
        items = [one for one in await receiving.inbox(client) if one.share.startswith(share)]
        waiting = {one.share: one for one in sorted(items, key=lambda one: one.own, reverse=True)}
        if len(waiting) == 1:
            [item] = waiting.values()
            if item.own:
                await open_share(client, item, language)
            else:
                [got] = await receiving.receive(client, [item], language)
                if isinstance(got, NotReceived):
                    raise Denied(got.code, got.why)
        kept = list(waiting)
    if not kept:
        raise Denied("not-found", "There is nothing here of that id that you may open.")
    if len(kept) > 1:
        raise unclear(share, len(kept))
    return kept[0]


def _json(session: Session, built: Rebuilt, *, known_then: bool) -> dict[str, Any]:
    answer, told = built.answer, built.explanation
    return {
        "share": built.share,
        "act": str(built.act),
        "at": built.at,
        "as_known_then": known_then,
        "decision": "deny" if isinstance(answer, Deny) else "permit",
        "consents": [] if isinstance(answer, Deny) else list(answer.consents),
        "reason": None if told is None else str(told.reason),
        "missing": [] if told is None else [f"{one.act}:{one.person}" for one in told.missing],
        "explanation": None if told is None else explanation_json(told),
        "as_known_now": None if built.hindsight is None else str(built.hindsight.reason),
        "rules": [
            {"id": rule.id, "text": _rule_text(session, rule.nb, rule.en), "reference": rule.reference}
            for rule in built.rules
        ],
        "facts": [
            {
                "said": one.said,
                "by": one.by,
                "unit": one.unit,
                "at": one.at,
                "leaf": one.index,
                "consent": one.about,
            }
            for one in built.shown
        ],
    }


def _lines(session: Session, built: Rebuilt) -> list[str]:
    told = built.explanation
    act = session.say("deles", "be shared") if built.act is Act.SHARE else session.say("åpnes", "be opened")
    may = (
        session.say("Ja, det kan", "Yes, it may")
        if told is None
        else session.say("Nei, det kan ikke", "No, it may not")
    )
    lines = [f"[bold]{may} {act}.[/bold]  [dim]{moment(built.at)}[/dim]"]
    if told is not None:
        lines += map(plain, explanation_lines(told))
    if built.hindsight is not None:
        lines.append(f"[bold]{session.say('Sett fra i dag', 'As known now')}[/bold]:")
        lines.append(plain(sentence(built.hindsight.reason, session.language)))
    lines += [plain(f"  {rule.id}: {_rule_text(session, rule.nb, rule.en)} ({rule.reference})") for rule in built.rules]
    lines.append(session.say("Det bygger på:", "It rests on:"))
    return [*lines, *(_line(session, one) for one in built.shown)]


def _line(session: Session, one: Shown) -> str:
    by = one.by if one.unit is None else f"{one.by} ({one.unit})"
    about = "" if one.about is None else f"  {one.about[:16]}"
    leaf = session.say(f"blad {one.index}", f"leaf {one.index}")
    return plain(f"  {moment(one.at)}  {leaf}  {one.said}  {by}{about}")


def _rule_text(session: Session, nb: str, en: str) -> str:
    return nb if session.language is Language.BOKMAL else en
