"""Run comparisons: `python -m bench [NAMES] [--quick]`; `floor` measures what the machine allows.

Writes `build/bench.json` (medians and ratios) and `build/bench-details.json` (every run). `--quick` writes to files of
its own, because its figures prove nothing but that the harness works.
"""

from __future__ import annotations

import argparse
import signal
import sys

from rich.console import Console

from bench import content, crowd, decisions, floor, log_appends, opening, shares
from bench.frame import LEAST_RUNS, Row, Scale, compare
from bench.peers import PeerMissing
from bench.results import BUILD, merge, table, write

FLOOR = "floor"
COMPARISONS = {one.COMPARISON.name: one.COMPARISON for one in (shares, log_appends, content, opening, decisions, crowd)}
NAMES = (FLOOR, *COMPARISONS)


def main() -> int:
    """Measure what is asked for; 0 if all was measured, whatever the figures say."""
    names, scale = _asked()
    # Asked to stop, leave through the `with` blocks, which end the servers that were started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    suffix = "-quick" if scale.quick else ""
    shown, progress = Console(), Console(stderr=True)
    rows: list[Row] = []
    if FLOOR in names:
        costs = floor.measure(scale)
        write(BUILD / f"bench-floor{suffix}.json", [cost.summary() for cost in costs])
        shown.print(floor.table(costs))
    try:
        for name in names:
            if name != FLOOR:
                found = compare(
                    COMPARISONS[name], scale, lambda line: progress.print(line, highlight=False, soft_wrap=True)
                )
                merge(BUILD / f"bench{suffix}.json", [row.summary() for row in found])
                merge(BUILD / f"bench-details{suffix}.json", [row.detail() for row in found])
                rows += found
    except PeerMissing as missing:
        progress.print(str(missing), style="red")
        return 1
    if rows:
        shown.print(table(rows))
    return 0


def _asked() -> tuple[list[str], Scale]:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure Fortrolig beside its references.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of: {', '.join(NAMES)} (default: all)")
    parser.add_argument("--quick", action="store_true", help="one short run a side: tries the harness, proves nothing")
    parser.add_argument("--runs", type=int, default=LEAST_RUNS, help=f"counted runs a side, at least {LEAST_RUNS}")
    asked = parser.parse_args()
    unknown = sorted(set(asked.names) - set(NAMES))
    if unknown:
        parser.error(f"no such comparison: {', '.join(unknown)}")
    if asked.runs < LEAST_RUNS:
        parser.error(f"--runs is at least {LEAST_RUNS}")
    return asked.names or list(NAMES), Scale(runs=1 if asked.quick else asked.runs, quick=asked.quick)


if __name__ == "__main__":
    sys.exit(main())
