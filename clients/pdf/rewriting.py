"""Open a PDF, see that it is whole and bounded, scrub it, write it anew. Runs in the child process only."""

from __future__ import annotations

from typing import BinaryIO, Final

import pikepdf
from pikepdf import Array, Dictionary

from clients.pdf.limits import DEEPEST_PAGE_TREE, MOST_OBJECTS, MOST_PAGES
from clients.pdf.measuring import Meter
from clients.pdf.reasons import Reason, UnsafePdf
from clients.pdf.scrubbing import is_true, scrub

_TAIL: Final = 4096


def write_clean(source: BinaryIO, result: BinaryIO) -> None:
    """Read a PDF and write its safe copy.

    Objects that nothing refers to any more, older revisions and bytes around the PDF are not written.

    Raises:
        UnsafePdf: with the reason.
    """
    _refuse_cut_off(source)
    with _opened(source) as pdf:
        pages = _checked_pages(pdf)
        meter = Meter()
        if len(pdf.objects) > MOST_OBJECTS:
            raise UnsafePdf(Reason.TOO_COMPLEX)
        for thing in pdf.objects:
            if isinstance(thing, pikepdf.Stream):
                meter.measure(thing)
        if is_true(pdf.Root.get("/NeedsRendering")):
            raise UnsafePdf(Reason.LIVING_FORM)
        scrub(pdf)
        if len(pdf.pages) != pages:
            raise UnsafePdf(Reason.DAMAGED)
        pdf.save(
            result,
            deterministic_id=True,
            encryption=False,
            force_version="1.7",
            fix_metadata_version=False,
            stream_decode_level=pikepdf.StreamDecodeLevel.none,
            object_stream_mode=pikepdf.ObjectStreamMode.generate,
        )


def _refuse_cut_off(source: BinaryIO) -> None:
    # Repair would give the pages that arrived and say nothing of the others.
    source.seek(0, 2)
    source.seek(max(0, source.tell() - _TAIL))
    if b"startxref" not in source.read():
        raise UnsafePdf(Reason.CUT_OFF)
    source.seek(0)


def _opened(source: BinaryIO) -> pikepdf.Pdf:
    try:
        return pikepdf.open(source, access_mode=pikepdf.AccessMode.stream, inherit_page_attributes=False)
    except pikepdf.PasswordError:
        raise UnsafePdf(Reason.PASSWORD_NEEDED) from None


def _checked_pages(pdf: pikepdf.Pdf) -> int:
    """Count the pages by walking the tree before the library does.

    Raises:
        UnsafePdf: a ring, a lost page, too deep, too many.
    """
    count = 0
    seen: set[tuple[int, int]] = set()
    waiting = [(pdf.Root.get("/Pages"), 0)]
    while waiting:
        node, depth = waiting.pop()
        if not isinstance(node, Dictionary) or depth > DEEPEST_PAGE_TREE:
            raise UnsafePdf(Reason.DAMAGED)
        children = node.get("/Kids")
        if children is None:
            count += 1
            if count > MOST_PAGES:
                raise UnsafePdf(Reason.TOO_MANY_PAGES)
            continue
        if not isinstance(children, Array) or node.objgen in seen:
            raise UnsafePdf(Reason.DAMAGED)
        if len(children) > MOST_PAGES:
            raise UnsafePdf(Reason.TOO_MANY_PAGES)
        seen.add(node.objgen)
        waiting.extend((child, depth + 1) for child in children)
    if count == 0:
        raise UnsafePdf(Reason.DAMAGED)
    return count
