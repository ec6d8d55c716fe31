"""A photographed paper becomes one page: the picture's pixels and nothing else of it.

Runs in the child process only.
"""

from __future__ import annotations

import io
from typing import BinaryIO, Final

import pikepdf
from PIL import Image, ImageOps, UnidentifiedImageError

from clients.pdf.limits import MOST_PIXELS_IN_PHOTOGRAPH
from clients.pdf.reasons import Reason, UnsafePdf

A4_POINTS: Final = (595, 842)
_MARGIN_POINTS: Final = 18
_LONGEST_SIDE: Final = 3508
"""Pixels: A4 at 300 dpi, which keeps handwriting readable."""
_QUALITY: Final = 88


def write_photograph(source: BinaryIO, result: BinaryIO) -> None:
    """Read a JPEG or PNG and write a PDF of one A4 page.

    Pixels are decoded and coded anew, so that Exif, XMP, colour profiles, thumbnails and appended bytes stay behind.

    Raises:
        UnsafePdf: damaged, of another kind, or too many pixels.
    """
    picture = _read(source)
    coded = io.BytesIO()
    picture.save(coded, "JPEG", quality=_QUALITY, optimize=True)
    _page(coded.getvalue(), picture).save(result, deterministic_id=True)


def _read(source: BinaryIO) -> Image.Image:
    try:
        with Image.open(source, formats=("JPEG", "PNG")) as opened:
            if opened.width * opened.height > MOST_PIXELS_IN_PHOTOGRAPH:  # the header's word, before any pixel
                raise UnsafePdf(Reason.IMAGE_TOO_LARGE)
            opened.draft("RGB", (_LONGEST_SIDE, _LONGEST_SIDE))  # a JPEG may be decoded at half its size: less memory
            upright = ImageOps.exif_transpose(opened)
            upright.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
            return _on_white(upright)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError) as fault:
        if isinstance(fault, UnsafePdf):
            raise
        raise UnsafePdf(Reason.IMAGE_DAMAGED) from None
    except (MemoryError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise UnsafePdf(Reason.IMAGE_TOO_LARGE) from None


def _on_white(picture: Image.Image) -> Image.Image:
    if picture.mode in {"1", "L"} and "transparency" not in picture.info:
        return picture.convert("L")
    if picture.has_transparency_data:
        layered = picture.convert("RGBA")
        paper = Image.new("RGB", layered.size, "white")
        paper.paste(layered, mask=layered.getchannel("A"))
        return paper
    return picture.convert("RGB")


def _page(jpeg: bytes, picture: Image.Image) -> pikepdf.Pdf:
    pdf = pikepdf.Pdf.new()
    page_width, page_height = A4_POINTS if picture.height >= picture.width else A4_POINTS[::-1]
    scale = min((page_width - 2 * _MARGIN_POINTS) / picture.width, (page_height - 2 * _MARGIN_POINTS) / picture.height)
    width, height = picture.width * scale, picture.height * scale
    left, bottom = (page_width - width) / 2, (page_height - height) / 2
    image = pikepdf.Stream(pdf, jpeg)
    image.stream_dict = pikepdf.Dictionary(
        Type=pikepdf.Name.XObject,
        Subtype=pikepdf.Name.Image,
        Width=picture.width,
        Height=picture.height,
        BitsPerComponent=8,
        ColorSpace=pikepdf.Name.DeviceGray if picture.mode == "L" else pikepdf.Name.DeviceRGB,
        Filter=pikepdf.Name.DCTDecode,
    )
    drawing = f"q {width:.3f} 0 0 {height:.3f} {left:.3f} {bottom:.3f} cm /Photograph Do Q\n".encode()
    page = pdf.add_blank_page(page_size=(page_width, page_height))
    page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Photograph=pdf.make_indirect(image)))
    page.Contents = pdf.make_stream(drawing)
    return pdf
