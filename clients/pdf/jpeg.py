"""The segments of a JPEG (ITU-T T.81 §B.2.4), as far as taking out what tells on the photographer needs them."""

from __future__ import annotations

from typing import Final

_COMMENT: Final = 0xFE
_ADOBE: Final = 0xEE
_SEGMENTS: Final = range(0xC0, 0xFF)
_TELLING: Final = frozenset({_COMMENT, *range(0xE1, 0xF0)}) - {_ADOBE}
_PICTURE_STARTS: Final = frozenset({0xDA, 0xD9})


def without_camera_data(jpeg: bytes | memoryview) -> bytes:
    """Drop comments and the application segments that carry Exif, XMP and IPTC.

    JFIF (APP0) and Adobe (APP14) stay: they say how the colours are coded. What is no JPEG comes back as it was.
    """
    whole = bytes(jpeg)
    kept, place = [whole[:2]], 2
    while whole[place : place + 1] == b"\xff" and place + 4 <= len(whole):
        marker = whole[place + 1]
        if marker in _PICTURE_STARTS or marker not in _SEGMENTS:
            break
        end = place + 2 + int.from_bytes(whole[place + 2 : place + 4], "big")
        if marker not in _TELLING:
            kept.append(whole[place:end])
        place = end
    return b"".join([*kept, whole[place:]])
