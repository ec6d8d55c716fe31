"""Runs inside casbin's own environment: loads the town's consents as policy rules and asks its FastEnforcer.

    python casbin_worker.py FOLDER

A rule for each consent and category, found by these two (`cache_key_order`); staff are roles. The rule is told whether
the consent is complete, which the matcher could not find out. Prints one line of JSON: processor seconds of loading the
policy and of deciding, and the answers.
"""

import gc
import json
import sys
import time
from pathlib import Path
from typing import Any

from casbin import FastEnforcer  # type: ignore[import-not-found]  # only in its own environment

MODEL = """
[request_definition]
r = consent, category, person, sender, receiver, subject, matter, purpose, at

[policy_definition]
p = consent, category, sender, receiver, subject, matter, purpose, made, share_until, standing

[role_definition]
g = _, _

[policy_effect]
e = some(where (p.eft == allow))

[matchers]
m = r.consent == p.consent && r.category == p.category && r.sender == p.sender && r.receiver == p.receiver && \
r.subject == p.subject && r.matter == p.matter && r.purpose == p.purpose && \
p.made <= r.at && r.at < p.share_until && p.standing == "complete" && g(r.person, r.sender)
"""
_DIGITS = 16


def main(folder: Path) -> None:
    """Measure once."""
    facts = json.loads((folder / "facts.json").read_text())
    asked = json.loads((folder / "questions.json").read_text())
    lines = [f"p, {', '.join(rule)}" for each in facts["consents"] for rule in rules(each)]
    lines += [f"g, {person}, {unit}" for unit, persons in facts["staff"].items() for person in persons]
    model, policy = folder / "model.conf", folder / "policy.csv"
    model.write_text(MODEL)
    policy.write_text("\n".join(lines))
    requests = [request(each) for each in asked]

    gc.disable()  # on every side: it would go through all that stays, over and over, while that is loaded
    began = time.process_time()
    enforcer = FastEnforcer(str(model), str(policy), cache_key_order=[0, 1])
    loaded = time.process_time()
    answers = [enforcer.enforce(*each) for each in requests]
    decided = time.process_time()
    print(json.dumps({"load": loaded - began, "decide": decided - loaded, "answers": answers}))


def rules(consent: dict[str, Any]) -> list[list[str]]:
    """Give a consent's rules; instants have as many digits everywhere, so that they compare as text."""
    complete = set(consent["must_sign"]) <= set(consent["signed"]) and not consent["withdrawn"]
    return [
        [
            consent["consent"],
            category,
            sender,
            receiver,
            consent["subject"],
            consent["matter"],
            consent["purpose"],
            instant(consent["made"]),
            instant(consent["share_until"]),
            "complete" if complete else "incomplete",
        ]
        for category in consent["categories"]
        for sender in consent["senders"]
        for receiver in consent["receivers"]
    ]


def request(question: dict[str, Any]) -> list[str]:
    """Give a question in the order of the model."""
    ask = question["ask"]
    return [
        ask["consents"][0],
        ask["categories"][0],
        ask["sender"]["person"],
        ask["sender"]["unit"],
        ask["receivers"][0],
        ask["subject"],
        ask["matter"],
        ask["purpose"],
        instant(question["at"]),
    ]


def instant(at: int) -> str:
    """Write milliseconds with leading zeros."""
    return str(at).zfill(_DIGITS)


main(Path(sys.argv[1]))
