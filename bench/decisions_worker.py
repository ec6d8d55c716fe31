"""Our side of the comparison of decisions: reads the town's cases and decides.

    python -m bench.decisions_worker FOLDER FEW

Prints one line of JSON: processor seconds of loading every case and of deciding every question on what was loaded; of
reading, for one question in FEW, a case of the one consent it names and deciding on that; and the answers of both.
"""

import gc
import json
import sys
import time
from dataclasses import replace
from pathlib import Path

from protocol.consent.answer import Permit
from protocol.consent.ask import Ask
from protocol.consent.case import Case
from protocol.consent.decide import decide


def main(folder: Path, few_in: int) -> None:
    """Measure once."""
    texts = (folder / "cases.jsonl").read_text().splitlines()
    asked = [
        (each["family"], Ask.from_json(each["ask"]), each["at"])
        for each in json.loads((folder / "questions.json").read_text())
    ]

    gc.disable()  # on every side: it would go through all that stays, over and over, while that is loaded
    began = time.process_time()
    cases = [Case.from_json(json.loads(text)) for text in texts]
    loaded = time.process_time()
    answers = [isinstance(decide(ask, cases[family], at), Permit) for family, ask, at in asked]
    decided = time.process_time()

    few = asked[::few_in]
    alone = [_alone(cases[family], ask) for family, ask, _ in few]
    del cases
    freshly = time.process_time()
    fresh = [
        isinstance(decide(ask, Case.from_json(json.loads(text)), at), Permit)
        for text, (_, ask, at) in zip(alone, few, strict=True)
    ]
    ended = time.process_time()
    print(
        json.dumps(
            {
                "load": loaded - began,
                "decide": decided - loaded,
                "answers": answers,
                "fresh": ended - freshly,
                "fresh_answers": fresh,
            }
        )
    )


def _alone(case: Case, ask: Ask) -> str:
    """Write the facts that one question needs: what the server would read for it."""
    consents = tuple(case.by_digest[digest] for digest in ask.consents)
    matters = {each.terms.matter for each in consents}
    return json.dumps(
        replace(
            case,
            consents=consents,
            hearings=tuple(each for each in case.hearings if each.matter in matters),
            memberships=tuple(each for each in case.memberships if each.person == ask.sender.person),
        ).to_json()
    )


main(Path(sys.argv[1]), int(sys.argv[2]))
