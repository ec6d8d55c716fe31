"""The files on the shelf beside the project: fifteen that people send, five that mean harm."""

from __future__ import annotations

from pathlib import Path

import pytest

from clients.pdf import UnsafePdf, clean
from tests.unit.pdf.inspecting import active_things, texts

SHELF = Path(__file__).parents[4] / "shared" / "pdfs"
ORDINARY = sorted(SHELF.glob("ordinary/*.pdf"))
MALICIOUS = sorted(SHELF.glob("malicious/*.pdf"))

pytestmark = [
    pytest.mark.skipif(not SHELF.is_dir(), reason="the shelf of example PDFs is not beside the project"),
    pytest.mark.filterwarnings("ignore"),  # pypdf remarks on what these files do wrong
]


def test_the_shelf_is_whole() -> None:
    assert (len(ORDINARY), len(MALICIOUS)) == (15, 5)


@pytest.mark.parametrize("path", ORDINARY, ids=lambda path: path.name)
def test_an_ordinary_file_keeps_its_pages_and_text_and_nothing_active(path: Path) -> None:
    before = path.read_bytes()

    cleaned = clean(before)

    assert texts(cleaned) == texts(before)
    assert active_things(cleaned) == []


@pytest.mark.parametrize(
    ("name", "refusal"),
    [
        ("v_embedded_exe.pdf", None),
        ("v_flate_bomb_50MB.pdf", "unpacks-too-large"),
        ("v_js_openaction.pdf", None),
        ("v_launch.pdf", None),
        ("v_page_tree_cycle.pdf", "damaged"),
    ],
)
def test_a_malicious_file_comes_out_harmless_or_is_refused(name: str, refusal: str | None) -> None:
    before = (SHELF / "malicious" / name).read_bytes()

    if refusal is None:
        cleaned = clean(before)
        assert active_things(cleaned) == []
        assert texts(cleaned) == ["Referral test document"]
    else:
        with pytest.raises(UnsafePdf) as refused:
            clean(before)
        assert refused.value.code == refusal
