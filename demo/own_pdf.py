"""A document of the visitor's own, judged before the story begins: a refusal comes at once and in plain words."""

from __future__ import annotations

from pathlib import Path

from clients.pdf import UnsafePdf, clean

MISNAMED, REFUSED = 2, 3
"""Exit codes, as `fortrolig send` has them."""


class Unfit(Exception):
    """The document cannot take part; the text says why and what to do, `status` is the exit code."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


def read(path: Path) -> bytes:
    """Give the document as it is, once a cleaned copy could be made of it; the mother's client cleans it again.

    All of it is read: it may lie in the folder that the story is about to empty.

    Raises:
        Unfit: there is no such file, or none that `fortrolig send` would take.
    """
    path = path.expanduser()
    try:
        pdf = path.read_bytes()
    except FileNotFoundError:
        raise Unfit(MISNAMED, f"There is no file {path}. Give the path of a PDF: make demo PDF=path") from None
    except IsADirectoryError:
        raise Unfit(MISNAMED, f"{path} is a folder. Give the path of one PDF: make demo PDF=path") from None
    except OSError as error:
        raise Unfit(MISNAMED, f"{path} cannot be read: {error.strerror}.") from None
    try:
        clean(pdf)
    except UnsafePdf as refused:
        raise Unfit(REFUSED, f"{path} cannot be sent ({refused.code}). {refused.sentence('en')}") from None
    return pdf
