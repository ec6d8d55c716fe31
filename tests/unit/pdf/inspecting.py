"""An independent eye on cleaned PDFs: walks every object with pypdf, which the cleaner does not use."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pikepdf
from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, StreamObject

# fmt: off
ACTIVE_KEYS = frozenset({
    "/AA", "/OpenAction", "/JS", "/JavaScript", "/URI", "/AF", "/EF", "/EmbeddedFiles", "/XFA", "/PieceInfo",
    "/Metadata", "/Thumb", "/OPI", "/Ref", "/Collection", "/Renditions", "/RichMediaContent", "/Movie", "/Sound",
    "/Info", "/Requirements", "/Perms", "/Threads",
})
ACTIVE_ACTIONS = frozenset({
    "/JavaScript", "/Launch", "/SubmitForm", "/ImportData", "/ResetForm", "/GoToR", "/GoToE", "/URI", "/Named",
    "/Thread", "/Sound", "/Movie", "/Hide", "/SetOCGState", "/Rendition", "/Trans", "/GoTo3DView",
    "/RichMediaExecute", "/GoToDp",
})
ACTIVE_SUBTYPES = frozenset({
    "/FileAttachment", "/RichMedia", "/Screen", "/3D", "/Movie", "/Sound", "/TrapNet", "/PS", "/XML",
})
ACTIVE_TYPES = frozenset({
    "/Filespec", "/F", "/EmbeddedFile", "/Metadata", "/Sig", "/Rendition",
})
# fmt: on


def active_things(pdf: bytes) -> list[str]:
    """Name everything in the file that acts, reaches out, embeds or tells on the author."""
    return sorted(set(_found(pdf)))


def words_in(pdf: bytes) -> bytes:
    """Unpack the whole file, so that a word hidden in any stream or object can be searched for."""
    unpacked = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        opened.save(
            unpacked,
            object_stream_mode=pikepdf.ObjectStreamMode.disable,
            compress_streams=False,
            stream_decode_level=pikepdf.StreamDecodeLevel.generalized,
        )
    return pdf + unpacked.getvalue()


def texts(pdf: bytes) -> list[str]:
    """Extract the text of every page."""
    return [page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages]


def _found(pdf: bytes) -> Iterator[str]:
    reader = PdfReader(io.BytesIO(pdf))
    numbers = {number for table in reader.xref.values() for number in table} | set(reader.xref_objStm)
    yield from _inspect(reader.trailer, "trailer", "")
    for number in numbers - {0}:
        yield from _inspect(reader.get_object(IndirectObject(number, 0, reader)), f"object {number}", "")


def _inspect(thing: Any, where: str, under: str) -> Iterator[str]:
    if isinstance(thing, ArrayObject):
        for one in thing:
            yield from _inspect(one, where, under)
    elif isinstance(thing, DictionaryObject):
        yield from (f"{where}: {fault}" for fault in _faults(thing, under))
        for key, one in thing.items():
            if not isinstance(thing.raw_get(key), IndirectObject):
                yield from _inspect(one, where, key)


def _faults(thing: DictionaryObject, under: str) -> Iterator[str]:
    if under not in {"/Font", "/XObject"}:  # names that the author chose stand there as keys
        yield from ACTIVE_KEYS & set(thing)
    if thing.get("/S") in ACTIVE_ACTIONS:
        yield f"action {thing['/S']}"
    if thing.get("/Subtype") in ACTIVE_SUBTYPES:
        yield f"subtype {thing['/Subtype']}"
    if thing.get("/Type") in ACTIVE_TYPES:
        yield f"type {thing['/Type']}"
    if isinstance(thing, StreamObject) and {"/F", "/FFilter"} & set(thing):
        yield "external stream"
