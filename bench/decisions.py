"""Loading consents and deciding on them, beside cedarpy and casbin: the same consents, questions and answers.

Each side loads the facts from its own text and then answers every question; questions are in each side's own form
before the clock starts. What is measured is processor time of one thread: nobody waits for anything.

- cedarpy is asked as its documentation recommends for many questions: policy and entities parsed once into handles, one
  batch. For facts that change between questions there is the plain way of its first example, `is_authorized` with the
  policy as text and the entities concerned; ours then reads a case anew for each question.
- casbin's `FastEnforcer` finds the one rule of a consent and category by its cache keys. Its project publishes the same
  engine under two names: `casbin`, and `pycasbin` since; both are measured.

Neither can derive from a birth date, a sheet and the law who must sign. They are told, or told the outcome.
"""

from __future__ import annotations

import contextlib
import json
import sys
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from bench import peers
from bench.frame import Comparison, Goal, Quantity, Ratio
from bench.results import SCRATCH
from bench.town import CONSENTS_EACH, QUESTIONS_EACH, Town, town
from protocol.consent.vocabulary import RoleAct

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.frame import Run, Scale

FAMILIES = 2_500
FEW = 10
"""One question in so many is asked on facts that are read for it alone."""
_LONGEST = 300.0
"""Seconds that a worker may take, its reading of the questions included."""
TOTAL, LOAD, DECIDE, FRESH = (
    "decisions_per_second",
    "consents_loaded_per_second",
    "questions_answered_per_second",
    "decisions_on_fresh_facts_per_second",
)
CEDARPY, CASBIN, PYCASBIN = "cedarpy", "casbin", "pycasbin"
REFERENCES = {CEDARPY: peers.CEDARPY, CASBIN: peers.CASBIN, PYCASBIN: peers.PYCASBIN}


@contextlib.contextmanager
def ours(scale: Scale) -> Iterator[Run]:
    """Load cases and decide, in a process of its own."""
    folder, asked = _written(scale)

    def run() -> dict[str, float]:
        found = _measured([sys.executable, "-m", "bench.decisions_worker", folder, str(FEW)], asked)
        return {
            f"{what}_vs_{reference}": rate for reference in REFERENCES for what, rate in _rates(found, asked).items()
        }

    yield run


@contextlib.contextmanager
def reference(scale: Scale) -> Iterator[Run]:
    """Load the same consents and answer the same questions, each program in its own environment."""
    folder, asked = _written(scale)
    pythons = {name: peers.python_with(name, requirement) for name, requirement in REFERENCES.items()}

    def run() -> dict[str, float]:
        rates: dict[str, float] = {}
        for name, python in pythons.items():
            worker = Path(__file__).with_name("cedarpy_worker.py" if name == CEDARPY else "casbin_worker.py")
            found = _measured([python, worker, folder, str(FEW)], asked)
            rates |= {f"{what}_vs_{name}": rate for what, rate in _rates(found, asked).items()}
        return rates

    yield run


@lru_cache(maxsize=1)
def _written(scale: Scale) -> tuple[Path, Town]:
    """Write what the workers read: cases for us, plain facts for the others, questions for all."""
    folder, found = SCRATCH / "decisions", town(FAMILIES // 25 if scale.quick else FAMILIES)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cases.jsonl").write_text("\n".join(json.dumps(case.to_json()) for case in found.cases))
    questions = [{"family": each.family, "ask": each.ask.to_json(), "at": each.at} for each in found.questions]
    (folder / "questions.json").write_text(json.dumps(questions))
    (folder / "facts.json").write_text(json.dumps(_facts(found)))
    return folder, found


def _facts(found: Town) -> dict[str, object]:
    """Say what the others can judge by: for each consent whom it needs, who signed, and whether it was withdrawn."""
    return {
        "staff": {place.unit: place.staff for place in found.places},
        "consents": [
            {
                "consent": each.terms.digest,
                "subject": each.terms.subject,
                "matter": each.terms.matter,
                "purpose": each.terms.purpose,
                "senders": [party.id for party in each.terms.senders],
                "receivers": [party.id for party in each.terms.receivers],
                "categories": each.terms.categories,
                "made": each.terms.made,
                "share_until": each.terms.share_until,
                "must_sign": sorted({role.person for role in each.terms.roles if role.act is RoleAct.SIGNS}),
                "signed": sorted({signature.person for signature in each.signatures}),
                "withdrawn": bool(each.withdrawals),
            }
            for case in found.cases
            for each in case.consents
        ],
    }


def _measured(command: list[str | Path], asked: Town) -> dict[str, float]:
    """Run a worker and give its seconds, once all its answers are right."""
    found: dict[str, object] = json.loads(peers.output_of(command, seconds=_LONGEST))
    right = [each.permitted for each in asked.questions]
    if found.pop("answers") != right or found.pop("fresh_answers", right[::FEW]) != right[::FEW]:
        raise RuntimeError(f"another answer than the right one: {command}")
    return {name: float(str(seconds)) for name, seconds in found.items()}


def _rates(seconds: dict[str, float], asked: Town) -> dict[str, float]:
    questions = len(asked.questions)
    rates = {
        TOTAL: questions / (seconds["load"] + seconds["decide"]),
        LOAD: sum(len(case.consents) for case in asked.cases) / seconds["load"],
        DECIDE: questions / seconds["decide"],
    }
    return rates | ({FRESH: len(asked.questions[::FEW]) / seconds["fresh"]} if "fresh" in seconds else {})


def _quantity(what: str, name: str, how: str, goal: Goal | None = None) -> Quantity:
    return Quantity(
        f"{what}_vs_{name}",
        f"{REFERENCES[name]} {how}",
        higher_is_better=True,
        ratio=Ratio.OURS_BY_REFERENCE,
        goal=goal,
    )


_HOW = {CEDARPY: "with parsed handles, one batch", CASBIN: "FastEnforcer", PYCASBIN: "FastEnforcer"}
COMPARISON = Comparison(
    name="decisions",
    about=f"load {FAMILIES * CONSENTS_EACH} consents and answer {QUESTIONS_EACH} questions on each; processor time",
    quantities=(
        *(_quantity(TOTAL, name, how, Goal(least=5)) for name, how in _HOW.items()),
        *(_quantity(what, name, how) for what in (LOAD, DECIDE) for name, how in _HOW.items()),
        _quantity(FRESH, CEDARPY, "is_authorized on texts, the plain way", Goal(least=5)),
    ),
    reference=reference,
    ours=ours,
)
