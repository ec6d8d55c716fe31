"""Runs inside pymerkle's own environment: appends entries to a tree on disk and proves each.

    python pymerkle_worker.py FOLDER COUNT BYTES THREADS [JOURNAL_MODE]

Prints one line of JSON: appends with proof a second, and the SQLite settings that were in force.
"""

import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pymerkle import SqliteTree  # type: ignore[import-not-found]  # only in its own environment


def main() -> None:
    """Measure once, on a tree that starts empty."""
    folder, count, size, threads = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    entries = [os.urandom(size) for _ in range(count)]
    with SqliteTree(str(folder / "tree.db")) as tree:
        if sys.argv[5:]:
            tree.con.execute(f"PRAGMA journal_mode={sys.argv[5]}").fetchall()

        def append(entry: bytes) -> int:
            return len(tree.prove_inclusion(tree.append_entry(entry)).path)

        with ThreadPoolExecutor(threads) as pool:
            began = time.perf_counter()
            proofs = list(map(append, entries)) if threads == 1 else list(pool.map(append, entries))
            seconds = time.perf_counter() - began
        if tree.get_size() != count or not all(proofs[1:]):
            raise SystemExit("pymerkle left an entry or a proof out")
        settings = {name: tree.con.execute(f"PRAGMA {name}").fetchone() for name in ("journal_mode", "synchronous")}
    print(json.dumps({"rate": count / seconds, **settings}))


main()
