"""What every comparison shares: two sides take turns, medians are compared, and the ratio says which way it was taken.

Runs alternate (ours, reference, ours, reference, …) so that a disturbance of the machine meets both sides. One run of
each side comes first and is not counted: it fills caches and finishes lazy set-up.
"""

from __future__ import annotations

import contextlib
import enum
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

Run = Callable[[], Mapping[str, float]]
"""One run: answers with a value for the name of each quantity of its comparison."""

LEAST_RUNS = 5
"""A median of fewer runs says too little; only `--quick`, which proves nothing, takes fewer."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How much to do: `runs` counted runs a side; `quick` asks for small inputs, to try the harness itself."""

    runs: int
    quick: bool


Side = Callable[[Scale], "AbstractContextManager[Run]"]
"""Sets one side up, hands out its run, and clears away."""


class Ratio(enum.Enum):
    """Which way a ratio is taken."""

    OURS_BY_REFERENCE = "ours / reference"
    REFERENCE_BY_OURS = "reference / ours"

    def of(self, ours: float, reference: float) -> float:
        """Divide the medians."""
        return ours / reference if self is Ratio.OURS_BY_REFERENCE else reference / ours


@dataclass(frozen=True, slots=True)
class Goal:
    """The bound for a ratio: `least` or `most`, one of them."""

    least: float | None = None
    most: float | None = None

    def met_by(self, ratio: float) -> bool:
        """Say whether the ratio keeps the bound; the bound itself counts as met."""
        return (self.least is None or ratio >= self.least) and (self.most is None or ratio <= self.most)

    def __str__(self) -> str:
        return f"≥ {self.least:g}" if self.least is not None else f"≤ {self.most:g}"


@dataclass(frozen=True, slots=True)
class Quantity:
    """Something measured on both sides. The name carries the unit; `higher_is_better` says how to read it.

    Without a goal the row is there to inform: another way to run the same reference.
    """

    name: str
    reference_name: str
    higher_is_better: bool
    ratio: Ratio
    goal: Goal | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """One question: our side (or none yet), the reference side, and what is measured on both."""

    name: str
    about: str
    quantities: tuple[Quantity, ...]
    reference: Side
    ours: Side | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """What was found for one quantity: every counted run of both sides, in order."""

    comparison: Comparison
    quantity: Quantity
    ours: tuple[float, ...]
    reference: tuple[float, ...]

    def summary(self) -> dict[str, object]:
        """Give the row of `build/bench.json`: medians; `ours` and `ratio` are null while our side is missing."""
        ours = statistics.median(self.ours) if self.ours else None
        reference = statistics.median(self.reference)
        return {
            "name": self.quantity.name,
            "ours": ours,
            "reference": reference,
            "reference_name": self.quantity.reference_name,
            "ratio": None if ours is None else self.quantity.ratio.of(ours, reference),
            "runs": len(self.reference),
        }

    def detail(self) -> dict[str, object]:
        """Give the row with everything that the summary leaves out."""
        return self.summary() | {
            "comparison": self.comparison.name,
            "about": self.comparison.about,
            "better": "higher" if self.quantity.higher_is_better else "lower",
            "ratio_is": self.quantity.ratio.value,
            "goal": None if self.quantity.goal is None else str(self.quantity.goal),
            "ours_runs": list(self.ours),
            "reference_runs": list(self.reference),
        }


def compare(comparison: Comparison, scale: Scale, tell: Callable[[str], None]) -> list[Row]:
    """Set both sides up, let them take turns, and give a row for each quantity.

    Raises:
        ValueError: fewer than five runs asked for in earnest.
    """
    if scale.runs < LEAST_RUNS and not scale.quick:
        raise ValueError(f"a comparison takes at least {LEAST_RUNS} runs a side")
    found: dict[str, list[Mapping[str, float]]] = {"ours": [], "reference": []}
    with contextlib.ExitStack() as stack:
        sides: dict[str, Run] = {}
        if comparison.ours is not None:
            sides["ours"] = stack.enter_context(comparison.ours(scale))
        sides["reference"] = stack.enter_context(comparison.reference(scale))
        for turn in range(scale.runs + 1):
            for side, run in sides.items():
                values = run()
                tell(f"{comparison.name} {side} {_turn(turn)}: {_listed(values)}")
                if turn > 0:
                    found[side].append(values)
    return [
        Row(comparison, quantity, _column(found["ours"], quantity), _column(found["reference"], quantity))
        for quantity in comparison.quantities
    ]


def _column(runs: Sequence[Mapping[str, float]], quantity: Quantity) -> tuple[float, ...]:
    return tuple(run[quantity.name] for run in runs)


def _turn(turn: int) -> str:
    return "warm-up" if turn == 0 else f"run {turn}"


def _listed(values: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in values.items())
