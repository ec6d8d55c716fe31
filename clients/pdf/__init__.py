"""Files made safe to pass on, before they are sealed: cleaned, or refused with a reason a parent understands.

Everything that reads a stranger's bytes runs in a child process with hard limits (`clients.pdf.worker`); importing this
package loads no parser.
"""

from clients.pdf.cleaning import clean, photograph_to_pdf, prepare
from clients.pdf.kinds import LARGEST_FILE, Kind, sniff
from clients.pdf.reasons import Reason, UnsafeFile, UnsafePdf

__all__ = [
    "LARGEST_FILE",
    "Kind",
    "Reason",
    "UnsafeFile",
    "UnsafePdf",
    "clean",
    "photograph_to_pdf",
    "prepare",
    "sniff",
]
