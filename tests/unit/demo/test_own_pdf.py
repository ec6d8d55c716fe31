from __future__ import annotations

import sys
from pathlib import Path

import pytest

from demo import __main__ as demo
from demo import own_pdf
from demo.own_pdf import MISNAMED, REFUSED, Unfit
from tests.unit.pdf.hostile import ordinary

SHELF = Path(__file__).parents[4] / "shared" / "pdfs"
PDF = ordinary()


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["demo", *words])
    return demo.main()


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """Give the folder of an earlier story, with something in it."""
    folder = tmp_path / "build"
    folder.mkdir()
    (folder / "report.pdf").write_bytes(PDF)
    return folder


@pytest.mark.parametrize("name", ["rapport.pdf", "rapport om Åse, blåbær og kjære søster.pdf", "it's $HOME; `x`.pdf"])
def test_an_ordinary_pdf_takes_part_as_it_is(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(PDF)
    assert own_pdf.read(tmp_path / name) == PDF


def test_a_home_folder_may_be_written_as_a_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "rapport.pdf").write_bytes(PDF)
    assert own_pdf.read(Path("~/rapport.pdf")) == PDF


@pytest.mark.parametrize(
    "case",
    [
        (None, MISNAMED, "There is no file"),
        (b"SYNTETISK. Bare tekst.", REFUSED, "not-a-pdf"),
        (b"\x89PNG\r\n\x1a\n", REFUSED, "not-a-pdf"),
        (b"", REFUSED, "empty"),
        (b"%PDF-1.7\nnothing that can be read", REFUSED, "cut-off"),
    ],
)
def test_what_cannot_be_sent_is_refused_before_the_story_in_plain_words(
    build: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    case: tuple[bytes | None, int, str],
) -> None:
    content, status, said = case
    given = build.parent / "gitt fil.pdf"
    if content is not None:
        given.write_bytes(content)
    assert run(monkeypatch, "--build", str(build), "--pdf", str(given)) == status
    out, told = capsys.readouterr()
    assert (out, told.count("\n")) == ("", 1)
    assert said in told
    assert str(given) in told
    assert (build / "report.pdf").is_file(), "the earlier story is left as it was"


def test_a_folder_is_no_pdf(tmp_path: Path) -> None:
    with pytest.raises(Unfit, match="is a folder") as caught:
        own_pdf.read(tmp_path)
    assert caught.value.status == MISNAMED


def test_a_document_of_the_earlier_story_may_take_part_in_the_next(
    build: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    played: list[bytes | None] = []

    async def play(_: Path, own: bytes | None) -> None:
        played.append(own)

    monkeypatch.setattr(demo, "play", play)
    assert run(monkeypatch, "--build", str(build), "--pdf", str(build / "report.pdf")) == 0
    assert played == [PDF]
    assert list(build.iterdir()) == []


@pytest.mark.skipif(not SHELF.is_dir(), reason="the shelf of sample PDFs is not beside the project")
@pytest.mark.parametrize("path", sorted(SHELF.glob("*/*.pdf")), ids=lambda path: path.stem)
def test_every_sample_takes_part_or_is_refused_in_plain_words(path: Path) -> None:
    told = ""
    try:
        assert own_pdf.read(path) == path.read_bytes()
    except Unfit as refused:
        told = str(refused)
    assert not told or path.parent.name == "malicious"
    assert not told or told.endswith(("and try again.", "if need be.", "for a new one."))
