"""`fortrolig send`, `release`, `resume`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from clients.cli.plain import plain
from clients.cli.progress import bar
from clients.cli.reading import child as find_child
from clients.cli.reading import holders, identifier, matter, own_unit, word
from clients.cli.session import Session, command
from clients.sdk import holding, sending
from clients.sdk.choosing import refusal
from clients.sdk.client import Client
from clients.sdk.content import Attachment
from clients.sdk.errors import Misused
from clients.sdk.foreseeing import Foreseen, ParentsSee, foreseen
from clients.sdk.sharing import unanswered
from clients.texts import phrase
from protocol.consent.age import wall_clock
from protocol.consent.answer import Deny
from protocol.consent.vocabulary import Category
from protocol.identifiers import Instant, ShareId
from protocol.texts import texts

_PARENTS: Mapping[ParentsSee, tuple[str, str]] = {
    ParentsSee.NOTHING: (
        "Foreldre får ikke se her at dette er sendt, og ikke hva det er.",
        "Parents will not see here that this was sent, nor what it is.",
    ),
    ParentsSee.THAT_IT_WAS_SENT: (
        "Foreldre kan se her at noe er sendt, når og til hvem, men ikke hva som står i det.",
        "Parents can see here that something was sent, when and to whom, but not what it says.",
    ),
    ParentsSee.CONTENT: (
        "En forelder er mottaker og kan lese alt du sender nå.",
        "A parent is a recipient and can read all that you send now.",
    ),
}
ShareArgument = Annotated[str, typer.Argument(help="The share (shr_…), or enough of its beginning.")]
HoldOption = Annotated[
    bool, typer.Option("--hold", help="If signatures are missing, keep it sealed until they are there.")
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Say whether it may be sent and what parents would see; send nothing.")
]
UnitOption = Annotated[str | None, typer.Option("--unit", help="The unit you act for, if you are in several.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for name, function in (("send", send), ("resume", resume)):
        command(app, name)(function)
    command(app, "release")(release)


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
    dry_run: DryRunOption = False,  # noqa: FBT002  (a flag)
) -> None:
    """Send papers or a message, if a consent in force covers it. Files are cleaned and encrypted on this machine.

    A youth is told first whether parents will see that something was sent, and what of it.

    Example: `fortrolig send --to Fjord --matter mat_… --file ppt-report=rapport.pdf --message-file hilsen.txt`
    """
    attachments = [attachment(one) for one in file or ()]
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
        if dry_run:
            show_foreseen(session, await foreseen(client, wanted))
            return
        await _told_before(session, client, wanted)
        with bar(session, title) as progress:
            done = await sending.send(client, wanted, hold=hold, progress=progress)
    show_sent(session, done)


async def release(session: Session, share: ShareArgument) -> None:
    """Send what was held, if its consents are complete now.

    Example: `fortrolig release shr_3fa9`
    """
    async with session.client() as client:
        await client.load_policy()
        waiting = {str(one["share"]) for one in await holding.holds(client)} | set(unanswered(client))
        fitting = [one for one in waiting if one.startswith(share)]
        if len(fitting) != 1:
            raise unclear(share, len(fitting))
        done = await holding.release(client, identifier(ShareId, fitting[0]), session.language)
    show_sent(session, done)


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
        *(f"  {one.share}  [dim]{moment(one.entry.entry.t)}[/dim]" for one in sent),
    )


def show_sent(session: Session, done: sending.Sent) -> None:
    """Say that a share is sent, or held."""
    told = session.say("Sendt. Kvitteringen er lagret.", "Sent. The receipt is kept.")
    if done.waits_for:
        told = phrase("waits-for-mailbox", session.language).format(units=plain(", ".join(done.waits_for)))
    elif done.held:
        told = session.say("Venter, ikke sendt: noen må signere først.", "Waiting, not sent: somebody must sign first.")
    session.show(
        _sent(done),
        told,
        f"  {done.share}  [dim]{moment(done.entry.entry.t)}[/dim]",
    )


def show_foreseen(session: Session, seen: Foreseen) -> None:
    """Say what would come of sending, without sending; raises `Denied` as sending would."""
    answer = seen.choice.answer
    if isinstance(answer, Deny):
        raise refusal(answer, seen.choice, session.language)
    session.show(
        {"may_send": True, "parents": str(seen.parents), "consents": list(answer.consents)},
        session.say("Dette kan sendes. Ingenting er sendt.", "This may be sent. Nothing was sent."),
        session.say(*_PARENTS[seen.parents]),
    )


async def _told_before(session: Session, client: Client, wanted: sending.Wanted) -> None:
    """Tell a youth what parents will see; at a terminal, ask whether to go on."""
    if wanted.unit is not None:
        return
    seen = await foreseen(client, wanted)
    if not seen.youth or isinstance(seen.choice.answer, Deny) or session.as_json:
        return
    session.console.print(session.say(*_PARENTS[seen.parents]), soft_wrap=True)
    if sys.stdin.isatty() and not typer.confirm(session.say("Vil du sende det?", "Send it?")):
        raise typer.Exit


def attachment(written: str) -> Attachment:
    """Read a file to send, written `category=path`; raises `Misused`."""
    category, equals, path = written.partition("=")
    if not equals:
        raise Misused("bad-file", f"Write {written!r} as category=path, like ppt-report={written}.", given=written)
    found = Path(path)
    if not found.is_file():
        raise Misused("no-such-file", f"There is no file {path}.", path=path)
    return Attachment(found, str(word(Category, category)), found.name)


def unclear(given: str, count: int) -> Misused:
    """Return the error for the beginning of an id that fits no share or several."""
    return Misused(
        "unclear-share",
        f"{given!r} fits {count} shares; `fortrolig inbox` and `fortrolig held list` show them.",
        given=given,
        count=count,
    )


def moment(at: int) -> str:
    """Write an instant as the wall clock shows it, Europe/Oslo."""
    return f"{wall_clock(Instant(at)):%d.%m.%Y %H:%M:%S}"


def _sent(done: sending.Sent) -> dict[str, Any]:
    return {
        "share": done.share,
        "held": done.held,
        "waits_for": list(done.waits_for),
        "entry": done.entry.entry.id,
        "index": done.entry.index,
        "consents": list(done.consents),
    }


def _title(session: Session, category: str, file: Path | None) -> str:
    if file is not None:
        return file.read_text(encoding="utf-8").strip()
    name = str(texts(session.language)["consent"]["categories"][word(Category, category)])
    return name[:1].upper() + name[1:]


def _form(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise Misused("bad-form", f"{path} is not JSON: {error}.", path=path) from error
    if not isinstance(value, dict):
        raise Misused("bad-form", f"{path} must hold one JSON object.", path=path)
    return value
