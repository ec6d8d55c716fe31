"""The child process: reads foreign bytes under hard limits. `python -m clients.pdf.worker pdf|photograph`.

Takes the file on standard input (seekable), leaves the safe file on standard output, exits with 0 or with the number
of its refusal. It says nothing on standard error: parsers quote the document.
"""

from __future__ import annotations

import io
import sys
from typing import Final

import pikepdf
import PIL.Image

from clients.pdf.cleaning import FIRST_REFUSAL
from clients.pdf.images import write_photograph
from clients.pdf.limits import LARGEST_STREAM, confine_this_process
from clients.pdf.reasons import Reason, UnsafeFile
from clients.pdf.rewriting import write_clean

_TASKS: Final = {"pdf": write_clean, "photograph": write_photograph}


def main(task: str) -> int:
    """Do one task under the limits; answers with the exit status."""
    _open_what_opens_late()
    pikepdf.settings.set_qpdf_limits(
        flate_max_memory=LARGEST_STREAM,
        run_length_max_memory=LARGEST_STREAM,
        png_max_memory=LARGEST_STREAM,
        tiff_max_memory=LARGEST_STREAM,
        max_stream_filters=8,
    )
    confine_this_process()
    try:
        _TASKS[task](sys.stdin.buffer, sys.stdout.buffer)
        sys.stdout.buffer.flush()
    except UnsafeFile as refused:
        return _status(refused.reason)
    except MemoryError:
        return _status(Reason.UNPACKS_TOO_LARGE)
    except RecursionError:
        return _status(Reason.TOO_COMPLEX)
    except Exception:  # noqa: BLE001  (whatever a crafted file makes a parser raise, the file is what is wrong)
        return _status(Reason.DAMAGED)
    return 0


def _open_what_opens_late() -> None:
    """Make the libraries open now what they would open at first use: afterwards nothing can be opened."""
    PIL.Image.init()  # loads the codecs
    with pikepdf.new() as empty:  # qpdf needs the system's random numbers to open some locked files
        empty.save(io.BytesIO(), encryption=pikepdf.Encryption(owner="", user="", R=6))


def _status(reason: Reason) -> int:
    return FIRST_REFUSAL + list(Reason).index(reason)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
