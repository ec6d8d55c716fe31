"""A small story told in words that stand nowhere else; then everything the server keeps is searched for them."""

from __future__ import annotations

import base64
import io
import secrets
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader
from reportlab.pdfgen.canvas import Canvas

from clients.sdk import consents, holding, receiving, sending, subjects
from clients.sdk.content import Attachment
from clients.sdk.downloading import save_file
from clients.sdk.errors import SdkError
from clients.sdk.opening import open_share
from protocol.consent.vocabulary import Category, Purpose
from protocol.identifiers import MatterId, SubjectId
from protocol.statements.share import INLINE_BYTES
from tests.attacks.scanning import betrayed, kept, writings
from tests.attacks.town import Town, child, coordination

FAMILY = "Kvernsåsbråten"
GIVEN = "Ingebjørgine"
TITLE = "Sommerfuglprøven om høsten"
MESSAGE = "Hun tegner blåhvaler hele frikvarteret"
FORM = "Sengevæting siden barnehagen"
FILE = "zebrafinkrapporten.pdf"
IN_PDF = "Ordleitingstempo"
HELD = "Kladdeordet grevlingmåne"
REPLY = "Vi takker og ber om synsprøvetavle"
REFUSED = "Dette nektes uglehvisk"


def pdf(word: str) -> bytes:
    """Make a PDF with a word on every page, uncompressed, and so full of noise that it goes through an upload."""
    sink = io.BytesIO()
    page = Canvas(sink, pageCompression=0)
    for line in range(2400):
        page.drawString(40, 800 - line % 60 * 12, f"{word} SYNTETISK {secrets.token_hex(40)}")
        if line % 60 == 59:
            page.showPage()
    page.save()
    return sink.getvalue()


async def tell(town: Town, folder: Path) -> list[str]:
    """Play the story, refusals included; give the words that must stand nowhere."""
    registrar, mother, father = [await town.client(name) for name in ("registrar", "mother", "father")]
    doctor, psychologist = await town.client("doctor"), await town.client("psychologist")
    who = child(f"{GIVEN} {FAMILY}", [mother, father])
    subject = await subjects.register(registrar, who)
    matter = MatterId.of(b"\7" * 16)
    mailboxes = [town.unit(name) for name in ("practice", "clinic")]
    await consents.request(mother, coordination(subject, matter, mailboxes))
    await write_to_the_practice(town, subject, who.name)
    report = folder / FILE
    report.write_bytes(pdf(IN_PDF))
    told: dict[str, Any] = {"subject": subject, "matter": matter, "title": TITLE, "message": MESSAGE}
    told |= {"form": {"historie": FORM}, "attachments": (Attachment(report, str(Category.PPT_REPORT), FILE),)}
    held = await sending.send(doctor, town.wanted(**told | {"message": HELD}), hold=True)
    assert held.held
    for signer in (mother, father):
        for known in await consents.listed(signer, subject):
            await consents.sign(signer, known)
    with pytest.raises(SdkError):
        await sending.send(doctor, town.wanted(**told | {"message": REFUSED, "category": Category.LETTER}))
    await holding.release(doctor, held.share)
    sent = await sending.send(doctor, town.wanted(**told))
    for share in (held.share, sent.share):
        item = await town.item("psychologist", share)
        [header] = await receiving.receive(psychologist, [item])
        assert isinstance(header, receiving.Header)
        assert header.title == TITLE
        opened = await open_share(psychologist, item)
        assert opened.body.form == {"historie": FORM}
        await save_file(psychologist, opened, opened.body.files[0], folder / share)
        assert (folder / share).stat().st_size > INLINE_BYTES
        assert IN_PDF in PdfReader(folder / share).pages[0].extract_text()
    answer = {"message": REPLY, "to": (town.unit("practice"),), "unit": town.unit("clinic"), "subject": subject}
    await sending.send(psychologist, town.wanted(**answer, matter=matter, conversation=item.conversation))
    await town.withdraw()
    for known in await consents.listed(mother, subject):
        await consents.withdraw(mother, known)
    words = [FAMILY, GIVEN, who.name, TITLE, MESSAGE, FORM, FILE, IN_PDF, HELD, REPLY, REFUSED]
    number = who.national_id
    return [*words, number, f"{number[:6]} {number[6:]}"]


async def write_to_the_practice(town: Town, subject: SubjectId, name: str) -> None:
    """Let the mother write to the practice, with the child's card."""
    mother, matter = await town.client("mother"), MatterId.of(b"\3" * 16)
    among = consents.parties([mother.person]), consents.parties(sorted([mother.person, town.unit("practice")]))
    asked = consents.Wanted(subject, matter, Purpose.OWN_SENDING, *among, (Category.MESSAGE,))
    [terms] = await consents.request(mother, asked)
    await consents.sign(
        mother, next(one for one in await consents.listed(mother, subject) if one.digest == terms.digest)
    )
    told = {"subject": subject, "matter": matter, "to": (town.unit("practice"),), "unit": None, "title": TITLE}
    sent = await sending.send(mother, town.wanted(**told, message=MESSAGE))
    [header] = await receiving.receive(await town.client("doctor"), [await town.item("doctor", sent.share)])
    assert isinstance(header, receiving.Header)
    assert header.card is not None
    assert header.card.name == name


async def test_nothing_that_a_family_or_a_professional_wrote_is_found_in_anything_the_server_keeps_or_says(
    town: Town, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    words = await tell(town, tmp_path)
    running = kept(town.data)
    said = capfd.readouterr()
    sent = b"\n".join(f"{one.path} {one.headers}".encode() + one.body for one in town.operator.recorded)
    await town.stop()
    left = {f"{name} (stopped)": content for name, content in kept(town.data).items()}
    stopped = {name: content for name, content in left.items() if content not in running.values()}
    where = running | stopped | {"its output": (said.out + said.err).encode(), "what clients sent": sent}
    assert {"server.db", "server.db-wal", "log.key", "details.key", "token.key"} <= running.keys()
    assert any(name.startswith("content/") for name in running)
    assert len(said.out + said.err) > 1000, "the server did say something"
    assert betrayed(words, where) == []


@pytest.mark.parametrize("word", [FAMILY, IN_PDF, "15871512345"])
async def test_the_search_finds_a_planted_word_however_it_is_written(tmp_path: Path, word: str) -> None:
    for number, writing in enumerate(sorted(writings(word))):
        (tmp_path / f"{number}.bin").write_bytes(b"\x00before" + writing + b"after\xff")
    found = {place for _, place, _ in betrayed([word], kept(tmp_path))}
    assert {f"{number}.bin" for number in range(len(writings(word)))} <= found


@pytest.mark.parametrize("before", range(3))
def test_the_search_finds_a_word_inside_base64_of_something_longer(tmp_path: Path, before: int) -> None:
    whole = b"x" * before + FAMILY.upper().encode("utf-16-le") + b"\xfe\xff" * 5
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        (tmp_path / "planted.bin").write_bytes(b"--" + encode(whole))
        assert betrayed([FAMILY], kept(tmp_path))


async def test_the_search_finds_a_name_that_the_server_does_keep(town: Town) -> None:
    """Units and their staff stand in clear, by design: so what is not found elsewhere was looked for in earnest."""
    await town.stop()
    found = betrayed(["psychologist (syntetisk)"], kept(town.data))
    assert {place for _, place, _ in found} == {"server.db"}


async def test_a_stolen_database_does_not_tell_who_opened_what(town: Town) -> None:
    """Without the key file beside it: who, for which unit and about whom stand in details that are locked."""
    await town.open("psychologist")
    with town.database() as database:
        locked = [row[0] for row in database.execute("SELECT locked FROM log_details")]
        entries = [row[0] for row in database.execute("SELECT entry FROM log_leaves")]
    ids = [town.person("psychologist"), town.person("mother"), town.unit("clinic"), town.subject, town.share]
    assert len(locked) == len(entries) > 30
    where = {"details": b"\n".join(locked), "entries": b"\n".join(entries)}
    assert betrayed([str(one) for one in ids], where) == []
    assert betrayed(["opened"], where), "codes and times do stand in the tree"
