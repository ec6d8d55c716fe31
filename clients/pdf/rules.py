"""What may stay in a PDF and what must go, by the names of ISO 32000-2. Lists only; `scrubbing` applies them."""

from __future__ import annotations

from typing import Final

# Names in rows are easier to compare with the standard than one a line.
# fmt: off

CATALOG_KEEPS: Final = frozenset({
    "/Type", "/Pages", "/Outlines", "/PageLabels", "/PageMode", "/PageLayout", "/Lang", "/Names", "/Dests",
    "/StructTreeRoot", "/MarkInfo", "/OCProperties", "/AcroForm",
})
PAGE_KEEPS: Final = frozenset({
    "/Type", "/Parent", "/Kids", "/Count", "/Resources", "/MediaBox", "/CropBox", "/BleedBox", "/TrimBox", "/ArtBox",
    "/Contents", "/Rotate", "/Group", "/Annots", "/StructParents", "/Tabs", "/UserUnit",
})
FORM_KEEPS: Final = frozenset({
    "/Fields", "/DR", "/DA", "/Q",
})
ANNOTATIONS_KEPT: Final = frozenset({
    "/Text", "/Link", "/FreeText", "/Line", "/Square", "/Circle", "/Polygon", "/PolyLine", "/Highlight", "/Underline",
    "/Squiggly", "/StrikeOut", "/Stamp", "/Caret", "/Ink", "/Popup", "/Widget", "/Redact", "/Watermark",
})
FORBIDDEN_KEYS: Final = frozenset({
    "/AA", "/OpenAction", "/JS", "/JavaScript", "/URI", "/AF", "/EF", "/RF", "/UF", "/EmbeddedFiles", "/XFA",
    "/PieceInfo", "/Metadata", "/Thumb", "/OPI", "/Ref", "/LastModified", "/CreatorInfo", "/Alternates",
    "/RichMediaContent", "/RichMediaSettings", "/Movie", "/Sound", "/Renditions", "/PA", "/RC", "/RV", "/ExData",
    "/Perms", "/DSS", "/SpiderInfo", "/Collection", "/Win", "/Mac", "/Unix", "/PS", "/Level1",
})
AUTHOR_KEYS: Final = frozenset({
    "/M", "/CreationDate", "/NM",
})
ACTIVE_ACTIONS: Final = frozenset({
    "/JavaScript", "/Launch", "/SubmitForm", "/ImportData", "/ResetForm", "/GoToR", "/GoToE", "/URI", "/Named",
    "/Thread", "/Sound", "/Movie", "/Hide", "/SetOCGState", "/Rendition", "/Trans", "/GoTo3DView",
    "/RichMediaExecute", "/GoToDp", "/NOP", "/SetState",
})
ACTIVE_ANNOTATIONS: Final = frozenset({
    "/FileAttachment", "/RichMedia", "/Screen", "/3D", "/Movie", "/Sound", "/TrapNet", "/PrinterMark", "/Projection",
})
ACTIVE_TYPES: Final = frozenset({
    "/Filespec", "/F", "/EmbeddedFile", "/Metadata", "/3D", "/Sound", "/Sig", "/DocTimeStamp", "/SigRef",
    "/Rendition", "/MediaClip", "/MediaPlayers", "/RichMediaContent", "/RichMediaInstance", "/Template",
})
KEYED_BY_AUTHOR: Final = frozenset({
    "/Font", "/XObject", "/ExtGState", "/ColorSpace", "/Pattern", "/Shading", "/Properties", "/CharProcs", "/Dests",
    "/ClassMap", "/RoleMap", "/Colorants", "/N", "/R", "/D",
})
"""Dictionaries whose keys are names that the author chose: a font may be called /AA there."""

# fmt: on
