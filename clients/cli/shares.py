"""`fortrolig send`, `held`, `release`, `inbox`, `open`, `reply`, `sent`, `receipt`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from clients.cli.plain import apart, file_name, plain, prose
from clients.cli.progress import bar
from clients.cli.reading import child as find_child
from clients.cli.reading import holders, identifier, matter, own_unit, word
from clients.cli.session import Session, command
from clients.sdk import receiving, sending
from clients.sdk.client import Client
from clients.sdk.content import Attachment
from clients.sdk.errors import Denied, Misused, Tampered
from clients.sdk.receiving import Header, Item, NotReceived
from protocol.consent.age import wall_clock
from protocol.consent.vocabulary import Category
from protocol.identifiers import Instant, ShareId
from protocol.log.receipt import BadReceipt, Verified
from protocol.log.receipt import parse as parse_receipt
from protocol.log.receipt import verify as verify_receipt
from protocol.texts import texts

ShareArgument = Annotated[str, typer.Argument(help="The share (shr_…), or enough of its beginning.")]
HoldOption = Annotated[
    bool, typer.Option("--hold", help="If signatures are missing, keep it sealed until they are there.")
]
UnitOption = Annotated[str | None, typer.Option("--unit", help="The unit you act for, if you are in several.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for name, function in (("send", send), ("held", held), ("inbox", inbox), ("sent", sent), ("receipt", receipt)):
        command(app, name)(function)
    command(app, "release")(release)
    command(app, "resume")(resume)
    command(app, "open")(open_share)
    command(app, "reply")(reply)


async def send(
    session: Session,
    to: Annotated[list[str], typer.Option(help="Recipient: a unit's name or id, or a person; repeat.")],
    in_matter: Annotated[str, typer.Option("--matter", help="The matter (mat_…).")],
    file: Annotated[
        list[str] | None, typer.Option(help="A file, as category=path (ppt-report=rapport.pdf); repeat.")
    ] = None,
    category: Annotated[str, typer.Option(help="What the message or form itself is.")] = "message",
    title_file: Annotated[
        Path | None,
        typer.Option(help="The title, from a text file: only recipients read it. Else the category's name."),
    ] = None,
    message_file: Annotated[Path | None, typer.Option(help="The message, from a text file.")] = None,
    form_file: Annotated[Path | None, typer.Option(help="A structured form, from a JSON file.")] = None,
    child: Annotated[str | None, typer.Option("--child", help="The child (sub_…), if you have several.")] = None,
    unit: UnitOption = None,
    urgent: Annotated[bool, typer.Option("--urgent", help="Mark it as urgent.")] = False,  # noqa: FBT002  (a flag)
    hold: HoldOption = False,  # noqa: FBT002  (a flag)
) -> None:
    """Send papers or a message, if a consent in force covers it. Files are cleaned and encrypted on this machine.

    Example: `fortrolig send --to Fjord --matter mat_… --file ppt-report=rapport.pdf --message-file hilsen.txt`
    """
    attachments = [_attachment(one) for one in file or ()]
    title = _title(session, category, title_file)
    async with session.client() as client:
        wanted = sending.Wanted(
            subject=await find_child(client, child),
            matter=matter(in_matter),
            to=await holders(client, to),
            title=title,
            category=word(Category, category),
            unit=await own_unit(client, unit),
            message=None if message_file is None else message_file.read_text(encoding="utf-8"),
            form=None if form_file is None else _form(form_file),
            attachments=tuple(attachments),
            urgency="urgent" if urgent else "routine",
            language=session.language,
        )
        with bar(session, title) as progress:
            done = await sending.send(client, wanted, hold=hold, progress=progress)
    _show_sent(session, done)


async def held(session: Session) -> None:
    """List what waits for consents: sealed, not sent.

    Example: `fortrolig held`
    """
    async with session.client() as client:
        await client.load_policy()
        waiting = await sending.holds(client)
    session.show(
        {"held": [{name: one[name] for name in ("share", "subject", "matter", "unit")} for one in waiting]},
        *(plain(f"{one['share']}  {one['matter']}") for one in waiting),
        session.say(
            f"{len(waiting)} venter, ikke sendt." if waiting else "Ingenting venter.",
            f"{len(waiting)} waiting, not sent." if waiting else "Nothing waits.",
        ),
    )


async def release(session: Session, share: ShareArgument) -> None:
    """Send what was held, if its consents are complete now.

    Example: `fortrolig release shr_3fa9`
    """
    async with session.client() as client:
        await client.load_policy()
        waiting = {str(one["share"]) for one in await sending.holds(client)} | set(sending.unanswered(client))
        fitting = [one for one in waiting if one.startswith(share)]
        if len(fitting) != 1:
            raise _unclear(share, len(fitting))
        done = await sending.release(client, identifier(ShareId, fitting[0]), session.language)
    _show_sent(session, done)


async def resume(session: Session) -> None:
    """Finish what was interrupted: uploads go on where they stopped, and nothing is sent twice.

    Example: `fortrolig resume`
    """
    async with session.client() as client:
        await client.load_policy()
        with bar(session, "…") as progress:
            sent = await sending.resume(client, session.language, progress)
        finished = await client.finish_all()
    session.show(
        {"sent": [_sent(one) for one in sent], "finished": [str(one.said["kind"]) for one in finished]},
        session.say(
            f"{len(sent)} delinger og {len(finished)} andre ting er gjort ferdig.",
            f"{len(sent)} shares and {len(finished)} other things are finished.",
        ),
        *(f"  {one.share}  [dim]{_time(one.entry.entry.t)}[/dim]" for one in sent),
    )


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
        opened = await receiving.open_share(client, item, session.language)
        saved = []
        if out is not None:
            out.mkdir(parents=True, exist_ok=True)
            taken: set[str] = set()
            for entry in opened.body.files:
                target = out / apart(file_name(entry.name, entry.part), taken)
                with bar(session, target.name) as progress:
                    saved.append(await receiving.save_file(client, opened, entry, target, progress))
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
            title="Svar",
            category=Category.MESSAGE,
            unit=item.reading_unit,
            message=text,
            attachments=tuple(_attachment(one) for one in file or ()),
            conversation=item.conversation,
            after=await _latest(client, item),
            language=session.language,
        )
        done = await sending.send(client, wanted)
    _show_sent(session, done)


async def sent(session: Session) -> None:
    """Show what you and your units have sent, and who has received and opened it.

    Example: `fortrolig sent`
    """
    async with session.client() as client:
        await client.load_policy()
        items = await receiving.sent(client)
    lines = []
    for item in items:
        lines.append(plain(f"{item['share']}  {_time(item['t'])}"))
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


def _proof_line(proved: Verified) -> str:
    size = proved.checkpoint.checkpoint.size
    return f"  {proved.entry.e}  {_time(proved.entry.t)}  [dim]{proved.index + 1}/{size}  {proved.entry.id}[/dim]"


def _show_sent(session: Session, done: sending.Sent) -> None:
    told = (
        session.say("Venter, ikke sendt: noen må signere først.", "Waiting, not sent: somebody must sign first.")
        if done.held
        else session.say("Sendt. Kvitteringen er lagret.", "Sent. The receipt is kept.")
    )
    session.show(
        _sent(done),
        told,
        f"  {done.share}  [dim]{_time(done.entry.entry.t)}[/dim]",
    )


def _sent(done: sending.Sent) -> dict[str, Any]:
    return {
        "share": done.share,
        "held": done.held,
        "entry": done.entry.entry.id,
        "index": done.entry.index,
        "consents": list(done.consents),
    }


def _unclear(given: str, count: int) -> Misused:
    return Misused(
        "unclear-share", f"{given!r} fits {count} shares; `fortrolig inbox` shows them.", given=given, count=count
    )


def _title(session: Session, category: str, file: Path | None) -> str:
    if file is not None:
        return file.read_text(encoding="utf-8").strip()
    name = str(texts(session.language)["consent"]["categories"][word(Category, category)])
    return name[:1].upper() + name[1:]


def _attachment(written: str) -> Attachment:
    category, equals, path = written.partition("=")
    if not equals:
        raise Misused("bad-file", f"Write {written!r} as category=path, like ppt-report={written}.", given=written)
    found = Path(path)
    if not found.is_file():
        raise Misused("no-such-file", f"There is no file {path}.", path=path)
    return Attachment(found, str(word(Category, category)), found.name)


def _form(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise Misused("bad-form", f"{path} is not JSON: {error}.", path=path) from error
    if not isinstance(value, dict):
        raise Misused("bad-form", f"{path} must hold one JSON object.", path=path)
    return value


async def _find(client: Client, share: str) -> Item:
    await client.load_policy()
    fitting = [item for item in await receiving.inbox(client) if item.share.startswith(share)]
    others = [item for item in fitting if not item.own] or fitting
    if not others:
        raise Denied("not-found", "There is nothing here of that id that you may open.")
    if len({item.share for item in others}) > 1:
        raise _unclear(share, len({item.share for item in others}))
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
    when = f"[dim]{_time(item.t)}[/dim]"
    if isinstance(got, NotReceived):
        return f"{item.share}  {when}  {plain(got.why)}"
    title = plain(got.title) if got is not None else session.say("(uåpnet)", "(unopened)")
    name = f"  {plain(got.card.name)}" if got is not None and got.card is not None else ""
    mark = "" if item.opened else session.say("  ny", "  new")
    return f"{item.share}  {when}  [bold]{title}[/bold]{name}{mark}"


def _reached(session: Session, recipient: dict[str, Any]) -> str:
    to = recipient["to"]
    if recipient["opened"] is not None:
        when = _time(recipient["opened"])
        return session.say(f"{to}: åpnet {when}", f"{to}: opened {when}")
    if recipient["received"] is not None:
        when = _time(recipient["received"])
        return session.say(f"{to}: mottatt {when}, ikke åpnet", f"{to}: received {when}, not opened")
    return session.say(f"{to}: ikke mottatt ennå", f"{to}: not received yet")


def _time(at: int) -> str:
    return f"{wall_clock(Instant(at)):%d.%m.%Y %H:%M:%S}"
