"""One file encrypted or decrypted by `keys.streaming` to standard output, in a process of its own.

python -m bench.content_worker encrypt|decrypt SOURCE KEYFILE > TARGET
"""

import sys
from pathlib import Path

from keys import streaming

ASSOCIATED_DATA = b'{"part":0,"share":"shr_00000000000000000000000000000000","use":"file","v":1}'


def main() -> None:
    """Do the one file. Unbuffered files: the segments are large already."""
    act, source, key = sys.argv[1:]
    convert = {"encrypt": streaming.encrypt, "decrypt": streaming.decrypt}[act]
    with Path(source).open("rb", buffering=0) as readable, open(1, "wb", buffering=0) as writable:
        convert(readable, writable, Path(key).read_bytes(), ASSOCIATED_DATA)


main()
