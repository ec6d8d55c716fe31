"""What is taken out of a PDF: every object is walked, and where action has a place, a list says what may stay."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import pikepdf
from pikepdf import Array, Dictionary, Name, Stream

from clients.pdf import rules
from clients.pdf.jpeg import without_camera_data
from clients.pdf.limits import LARGEST_IMAGE
from clients.pdf.reasons import Reason, UnsafePdf

Container = Dictionary | Stream | Array
_KEYED: Final = (Dictionary, Stream)
_CONTAINERS: Final = (Dictionary, Stream, Array)

_READ_ONLY: Final = 1
_MOST_DICTIONARIES: Final = 500_000


def scrub(pdf: pikepdf.Pdf) -> None:
    """Leave pages, text, pictures, bookmarks, inner links, structure and form values; nothing that acts or tells.

    Raises:
        UnsafePdf: too many objects, or a form that shows nothing without its program.
    """
    _keep_only(pdf.Root, rules.CATALOG_KEEPS)
    if "/Names" in pdf.Root:
        _keep_only(pdf.Root.Names, frozenset({"/Dests"}))
        if not pdf.Root.Names.keys():
            del pdf.Root["/Names"]
    _keep_only(pdf.trailer, frozenset({"/Root", "/Size", "/Encrypt"}))
    _scrub_every_object(pdf)
    for page in pdf.pages:
        _keep_only(page.obj, rules.PAGE_KEEPS)
        _scrub_annotations(page.obj)
    if "/Outlines" in pdf.Root:
        _scrub_bookmarks(pdf.Root)
    if "/AcroForm" in pdf.Root:
        _scrub_form(pdf)


def _scrub_every_object(pdf: pikepdf.Pdf) -> None:
    # All are gathered before any is changed: what one of them drops is scrubbed all the same.
    found: list[tuple[str, Dictionary | Stream]] = []
    named_by_author: set[tuple[int, int]] = set()
    waiting: list[tuple[str, object]] = [("", whole) for whole in pdf.objects]
    while waiting:
        under, here = waiting.pop()
        if isinstance(here, _KEYED):
            found.append((under, here))
            if len(found) > _MOST_DICTIONARIES:
                raise UnsafePdf(Reason.TOO_COMPLEX)
        for key, child in _containers_in(here):
            if not child.is_indirect:
                waiting.append((key, child))
            elif key in rules.KEYED_BY_AUTHOR:
                named_by_author.add(child.objgen)
    for under, holder in found:
        by_author = under in rules.KEYED_BY_AUTHOR or (holder.is_indirect and holder.objgen in named_by_author)
        _scrub_dictionary(holder, by_author=by_author)


def _containers_in(holder: object) -> list[tuple[str, Container]]:
    """List the arrays, dictionaries and streams right inside a container, each with the key it stands under."""
    pairs: Iterable[tuple[str, object]]
    if isinstance(holder, Array):
        pairs = (("", child) for child in holder.as_list())
    elif isinstance(holder, _KEYED):
        pairs = (holder.stream_dict if isinstance(holder, Stream) else holder).as_dict().items()
    else:
        return []
    return [(key, child) for key, child in pairs if isinstance(child, _CONTAINERS)]


def _scrub_dictionary(holder: Dictionary | Stream, *, by_author: bool) -> None:
    if _is_active(holder):
        _empty(holder)
        return
    if by_author:
        return
    for key in rules.FORBIDDEN_KEYS.intersection(holder.keys()):
        del holder[key]
    if "/F" in holder and not _is_integer(holder["/F"]):  # an integer is the flags of an annotation
        del holder["/F"]
        if isinstance(holder, Stream):  # its bytes stood elsewhere; the ones here were never shown
            _empty(holder)
            return
    if "/A" in holder and _may_act(holder):
        _keep_inner_link(holder)
    if isinstance(holder, Stream):
        for key in {"/FFilter", "/FDecodeParms"}.intersection(holder.keys()):
            del holder[key]
        _strip_camera_data(holder)


def _is_active(holder: Dictionary | Stream) -> bool:
    kind, subtype, action = (str(holder.get(key, "")) for key in ("/Type", "/Subtype", "/S"))
    if kind in rules.ACTIVE_TYPES and not (kind == "/F" and _is_integer(holder.get("/F"))):
        return True
    if action in rules.ACTIVE_ACTIONS and kind != "/StructElem":
        return True
    if subtype in rules.ACTIVE_ANNOTATIONS and "/Rect" in holder:
        return True
    return isinstance(holder, Stream) and (subtype == "/PS" or str(holder.get("/Subtype2", "")) == "/PS")


def _may_act(holder: Dictionary | Stream) -> bool:
    """Tell an annotation or bookmark, whose /A is an action, from an element of structure, whose /A is layout."""
    return str(holder.get("/Type", "")) != "/StructElem" and ("/Rect" in holder or "/Title" in holder)


def _keep_inner_link(holder: Dictionary | Stream) -> None:
    action = holder["/A"]
    inner = isinstance(action, Dictionary) and action.get("/S") == Name.GoTo and "/D" in action
    if inner:
        holder["/A"] = Dictionary(S=Name.GoTo, D=action["/D"])  # without /Next
    else:
        del holder["/A"]


def _scrub_annotations(page: pikepdf.Object) -> None:
    annotations = page.get("/Annots")
    if annotations is None:
        return
    kept = [one for one in annotations if _scrub_annotation(one)] if isinstance(annotations, Array) else []
    if kept:
        page["/Annots"] = Array(kept)
    else:
        del page["/Annots"]


def _scrub_annotation(annotation: pikepdf.Object) -> bool:
    """Clean one annotation; answers whether it stays."""
    if not isinstance(annotation, Dictionary):
        return False
    subtype = str(annotation.get("/Subtype", ""))
    if subtype not in rules.ANNOTATIONS_KEPT:
        _empty(annotation)
        return False
    author = {"/T"} if subtype != "/Widget" else set()  # a widget's /T is the name of its field
    for key in (rules.FORBIDDEN_KEYS | rules.AUTHOR_KEYS | author).intersection(annotation.keys()):
        del annotation[key]
    if "/A" in annotation:
        _keep_inner_link(annotation)
    return subtype != "/Link" or "/A" in annotation or "/Dest" in annotation


def _scrub_bookmarks(catalog: pikepdf.Object) -> None:
    seen: set[tuple[int, int]] = set()
    waiting = [catalog["/Outlines"]]
    while waiting:
        item = waiting.pop()
        if (
            not isinstance(item, Dictionary)
            or (item.is_indirect and item.objgen in seen)
            or len(seen) > _MOST_DICTIONARIES
        ):
            # A ring of bookmarks hangs readers that trust it; the document reads as well without bookmarks.
            del catalog["/Outlines"]
            return
        seen.add(item.objgen)
        if "/A" in item:
            _keep_inner_link(item)
        waiting.extend(item[key] for key in ("/First", "/Next") if key in item)


def _scrub_form(pdf: pikepdf.Pdf) -> None:
    form = pdf.Root.AcroForm
    if not isinstance(form, Dictionary):
        del pdf.Root["/AcroForm"]
        return
    if is_true(form.get("/NeedAppearances")):
        pdf.generate_appearance_streams()  # otherwise the values would be shown by the reader's program only
    _keep_only(form, rules.FORM_KEEPS)
    seen: set[tuple[int, int]] = set()
    waiting = list(form.get("/Fields", Array()))
    while waiting:
        field = waiting.pop()
        if not isinstance(field, Dictionary) or field.objgen in seen or len(seen) > _MOST_DICTIONARIES:
            continue
        if field.is_indirect:
            seen.add(field.objgen)
        _scrub_field(field)
        children = field.get("/Kids", Array())
        waiting.extend(children if isinstance(children, Array) else ())


def _scrub_field(field: Dictionary) -> None:
    for key in rules.FORBIDDEN_KEYS.intersection(field.keys()):
        del field[key]
    if "/A" in field:
        _keep_inner_link(field)
    if field.get("/FT") == Name.Sig:  # a signature does not survive cleaning; what it looked like does
        for key in {"/V", "/Lock", "/SV"}.intersection(field.keys()):
            del field[key]
    if "/FT" in field:
        flags = field.get("/Ff", 0)
        field["/Ff"] = (int(flags) if _is_integer(flags) else 0) | _READ_ONLY


def _strip_camera_data(stream: Stream) -> None:
    """Take place, time and camera out of a JPEG inside the document, without coding the picture anew."""
    if stream.get("/Filter") not in (Name.DCTDecode, Array([Name.DCTDecode])):
        return
    raw = memoryview(stream.get_raw_stream_buffer())
    if len(raw) > LARGEST_IMAGE:
        raise UnsafePdf(Reason.UNPACKS_TOO_LARGE)
    stripped = without_camera_data(raw)
    if len(stripped) != len(raw):
        parameters = stream.get("/DecodeParms")
        kept = parameters if isinstance(parameters, Dictionary | Array) else None
        stream.write(stripped, filter=Name.DCTDecode, decode_parms=kept)


def _keep_only(holder: pikepdf.Object, keys: frozenset[str]) -> None:
    for key in set(holder.keys()) - keys:
        del holder[key]


def _empty(holder: Dictionary | Stream) -> None:
    if isinstance(holder, Stream):
        holder.write(b"")
    for key in set(holder.keys()) - {"/Length"}:
        del holder[key]


def is_true(value: object) -> bool:
    """Tell the PDF's `true` from everything else a careless writer puts in its place."""
    return value is True


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
