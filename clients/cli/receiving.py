"""`fortrolig inbox`, `open`, `reply`, `sent`, `receipt`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from clients.cli.plain import apart, file_name, plain, prose
from clients.cli.progress import bar
from clients.cli.sending import ShareArgument, attachment, moment, show_sent, unclear
from clients.cli.session import Session, command
from clients.sdk import opening, receiving, sending
from clients.sdk.client import Client
from clients.sdk.errors import Denied, Misused, Tampered
from clients.sdk.opened import Opened
from clients.sdk.receiving import Header, Item, NotReceived
from protocol.consent.vocabulary import Category
from protocol.log.receipt import BadReceipt, Verified
from protocol.log.receipt import parse as parse_receipt
from protocol.log.receipt import verify as verify_receipt


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for name, function in (("inbox", inbox), ("sent", sent), ("receipt", receipt)):
        command(app, name)(function)
    command(app, "open")(open_share)
    command(app, "reply")(reply)


async def inbox(
    session: Session,
    titles: Annotated[bool, typer.Option(help="Receive the headers, to show titles; that is logged.")] = True,  # noqa: FBT002  (a flag)
) -> None:
    """Show what has come for you and your units, newest first. Looking at the list opens no content.

    Example: `fortrolig inbox`
    """
    async with session.client() as client:
        await client.load_policy()
        items = [item for item in await receiving.inbox(client) if not item.own]
        got = await receiving.receive(client, items, session.language) if titles and items else []
    by_share = {(one.item.share, one.item.to): one for one in got}
    session.show(
        {"items": [_brief(item, by_share.get((item.share, item.to))) for item in items]},
        *(_line(session, item, by_share.get((item.share, item.to))) for item in items),
        *([] if items else [session.say("Innboksen er tom.", "The inbox is empty.")]),
    )


async def open_share(
    session: Session,
    share: ShareArgument,
    out: Annotated[Path | None, typer.Option(help="Save the files in this folder.")] = None,
) -> None:
    """Open a share: logged before you can read it. Files are saved only if you name a folder.

    Example: `fortrolig open shr_3fa9 --out ./mottatt`
    """
    async with session.client() as client:
        item = await _find(client, share)
        opened, saved = await _opened(session, client, item, out)
    files = [{"name": entry.name, "media_type": entry.media_type, "size": entry.size} for entry in opened.body.files]
    session.show(
        {
            "share": item.share,
            "message": opened.body.message,
            "form": opened.body.form,
            "files": files,
            "saved": [str(path) for path in saved],
            "entry": opened.verified.opened.entry.id,
        },
        *([] if opened.body.message is None else [prose(opened.body.message)]),
        *([] if opened.body.form is None else [prose(json.dumps(opened.body.form, ensure_ascii=False, indent=2))]),
        *(f"  {plain(entry.name)}  [dim]{entry.size} bytes[/dim]" for entry in opened.body.files),
        *(session.say(f"  lagret: {path}", f"  saved: {path}") for path in saved),
    )


async def reply(
    session: Session,
    share: ShareArgument,
    message_file: Annotated[
        Path | None, typer.Option(help="The answer, from a text file; else it is asked for.")
    ] = None,
    file: Annotated[list[str] | None, typer.Option(help="A file, as category=path; repeat.")] = None,
) -> None:
    """Answer whoever sent it, in the same conversation, under the same consents' rules.

    Example: `fortrolig reply shr_3fa9 --message-file svar.txt`
    """
    text = session.words("message", message_file)
    async with session.client() as client:
        item = await _find(client, share)
        wanted = sending.Wanted(
            subject=item.subject,
            matter=item.matter,
            to=(item.unit if item.unit is not None else item.sender,),
            title=session.say("Svar", "Answer"),
            category=Category.MESSAGE,
            unit=item.reading_unit,
            message=text,
            attachments=tuple(attachment(one) for one in file or ()),
            conversation=item.conversation,
            after=await _latest(client, item),
            language=session.language,
        )
        done = await sending.send(client, wanted)
    show_sent(session, done)


async def sent(session: Session) -> None:
    """Show what you and your units have sent, and who has received and opened it.

    Example: `fortrolig sent`
    """
    async with session.client() as client:
        await client.load_policy()
        items = await receiving.sent(client)
    lines = []
    for item in items:
        lines.append(plain(f"{item['share']}  {moment(item['t'])}"))
        lines += [f"    {_reached(session, one)}" for one in item["recipients"]]
    session.show({"items": items}, *lines, *([] if items else [session.say("Ingenting er sendt.", "Nothing is sent.")]))


async def receipt(
    session: Session,
    file: Annotated[Path | None, typer.Argument(help="A receipt; the newest you have, if not given.")] = None,
) -> None:
    """Check a receipt against the log's key and show what it proves.

    Example: `fortrolig receipt`
    """
    async with session.client() as client:
        policy = await client.load_policy()
        kept = client.home.receipts()
        if file is None and not kept:
            raise Misused("no-receipt", "You have no receipts yet.")
        path = kept[-1] if file is None else file
        try:
            proved = verify_receipt(parse_receipt(path.read_text(encoding="utf-8")), policy.log)
        except BadReceipt as error:
            raise Tampered("not-logged", f"This receipt does not hold: {error}.") from error
    session.show(
        {
            "file": str(path),
            "entry": proved.entry.id,
            "event": str(proved.entry.e),
            "t": proved.entry.t,
            "index": proved.index,
            "share": proved.details.share,
            "level": proved.level,
        },
        session.say("Kvitteringen holder.", "The receipt holds."),
        _proof_line(proved),
    )


async def _opened(session: Session, client: Client, item: Item, out: Path | None) -> tuple[Opened, list[Path]]:
    if out is None:
        return await opening.open_share(client, item, session.language), []
    out.mkdir(parents=True, exist_ok=True)
    taken: set[str] = set()
    return await opening.open_with_files(
        client,
        item,
        lambda entry: out / apart(file_name(entry.name, entry.part), taken),
        session.language,
        lambda target: bar(session, target.name),
    )


async def _find(client: Client, share: str) -> Item:
    await client.load_policy()
    fitting = [item for item in await receiving.inbox(client) if item.share.startswith(share)]
    others = [item for item in fitting if not item.own] or fitting
    if not others:
        raise Denied("not-found", "There is nothing here of that id that you may open.")
    if len({item.share for item in others}) > 1:
        raise unclear(share, len({item.share for item in others}))
    return others[0]


async def _latest(client: Client, item: Item) -> tuple[str, ...]:
    listed = (await client.transport.get("/v1/conversations"))["conversations"]
    found = next((one for one in listed if one["conversation"] == item.conversation), None)
    return () if found is None else tuple(sorted(found["latest"]))


def _brief(item: Item, got: Header | NotReceived | None) -> dict[str, Any]:
    return {
        "share": item.share,
        "from": item.unit or item.sender,
        "to": item.to,
        "subject": item.subject,
        "matter": item.matter,
        "t": item.t,
        "urgency": item.urgency,
        "opened": item.opened,
        "title": got.title if isinstance(got, Header) else None,
        "child": got.card.name if isinstance(got, Header) and got.card is not None else None,
        "files": list(got.files) if isinstance(got, Header) else [],
        "refused": got.code if isinstance(got, NotReceived) else None,
    }


def _line(session: Session, item: Item, got: Header | NotReceived | None) -> str:
    when = f"[dim]{moment(item.t)}[/dim]"
    if isinstance(got, NotReceived):
        return f"{item.share}  {when}  {plain(got.why)}"
    title = plain(got.title) if got is not None else session.say("(uåpnet)", "(unopened)")
    name = f"  {plain(got.card.name)}" if got is not None and got.card is not None else ""
    mark = "" if item.opened else session.say("  ny", "  new")
    return f"{item.share}  {when}  [bold]{title}[/bold]{name}{mark}"


def _reached(session: Session, recipient: dict[str, Any]) -> str:
    to = recipient["to"]
    if recipient["opened"] is not None:
        when = moment(recipient["opened"])
        return session.say(f"{to}: åpnet {when}", f"{to}: opened {when}")
    if recipient["received"] is not None:
        when = moment(recipient["received"])
        return session.say(f"{to}: mottatt {when}, ikke åpnet", f"{to}: received {when}, not opened")
    return session.say(f"{to}: ikke mottatt ennå", f"{to}: not received yet")


def _proof_line(proved: Verified) -> str:
    size = proved.checkpoint.checkpoint.size
    return f"  {proved.entry.e}  {moment(proved.entry.t)}  [dim]{proved.index + 1}/{size}  {proved.entry.id}[/dim]"
