"""Families, services, birthdays, changed minds, courts, professionals' records, shields and restarts, played at random.

Against the real server: every share and every opening, every list, and every word that not everybody may say must be
answered as the oracle says, which is written from the law's table and knows nothing of the program. FORTROLIG_STEPS
says how many steps to play (500 if not set).
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.e2e.families.courts import Courts
from tests.e2e.families.recording import Recording
from tests.e2e.families.sharing import DECIDED, Sharing
from tests.e2e.families.shielding import Shielding
from tests.e2e.families.stage import ANSWERS

STEPS = int(os.environ.get("FORTROLIG_STEPS", "500"))
STEPS_OF_A_FAMILY = 50


class Families(Recording, Courts, Shielding, Sharing):
    """The moves of everybody around one child."""


def test_the_server_and_the_oracle_never_differ() -> None:
    played = settings(
        max_examples=max(STEPS // STEPS_OF_A_FAMILY, 1),
        stateful_step_count=STEPS_OF_A_FAMILY,
        deadline=None,
        derandomize=STEPS <= 500,  # the gate plays the same every time; the long run seeks what is new
        phases=(
            Phase.reuse,
            Phase.generate,
        ),  # each step is a request: to shrink an example takes longer than to read it
        suppress_health_check=list(HealthCheck),
    )
    ANSWERS.clear()
    DECIDED.clear()
    run_state_machine_as_test(Families, settings=played)
    if STEPS >= 500:
        assert all(ANSWERS[each] for each in (("share", True), ("share", False), ("open", True), ("look", True))), (
            ANSWERS
        )
        assert all(DECIDED[act, answer] > STEPS / 20 for act in ("share", "open") for answer in (True, False)), DECIDED
