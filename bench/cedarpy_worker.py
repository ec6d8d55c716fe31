"""Runs inside cedarpy's own environment: loads the town's consents as entities and asks Cedar's engine.

    python cedarpy_worker.py FOLDER FEW

One policy for all. It is told who must sign, which it could not derive. Prints one line of JSON: processor seconds of
loading and deciding with parsed handles and one batch; of asking one question in FEW the plain way, which parses the
policy each time; and the answers of both.
"""

import gc
import json
import sys
import time
from pathlib import Path
from typing import Any

from cedarpy import (  # type: ignore[import-not-found]  # only in its own environment
    Entities,
    PolicySet,
    is_authorized,
    is_authorized_batch,
)

POLICY = """
permit (principal, action == Action::"share", resource)
when {
  principal in context.sender &&
  resource.subject == context.subject &&
  resource.matter == context.matter &&
  resource.purpose == context.purpose &&
  resource.senders.contains(context.sender) &&
  resource.receivers.containsAll(context.receivers) &&
  resource.categories.containsAll(context.categories) &&
  resource.made <= context.at && context.at < resource.share_until &&
  resource.signed.containsAll(resource.must_sign) &&
  !resource.withdrawn
};
"""


def main(folder: Path, few_in: int) -> None:
    """Measure once."""
    facts = json.loads((folder / "facts.json").read_text())
    asked = json.loads((folder / "questions.json").read_text())
    staff = [entity("Unit", unit, {}) for unit in facts["staff"]]
    staff += [
        entity("Person", who, {}, reference("Unit", unit)) for unit in facts["staff"] for who in facts["staff"][unit]
    ]
    consents = [entity("Consent", each["consent"], attributes(each)) for each in facts["consents"]]
    requests = [request(each) for each in asked]
    text = json.dumps([*staff, *consents])

    gc.disable()  # on every side: it would go through all that stays, over and over, while that is loaded
    began = time.process_time()
    policies, entities = PolicySet.from_str(POLICY), Entities.from_json_str(text)
    loaded = time.process_time()
    answers = [each.allowed for each in is_authorized_batch(requests, policies, entities)]
    decided = time.process_time()

    by_id = {each["uid"]["id"]: each for each in (*staff, *consents)}
    few = requests[::few_in]
    around = [[by_id[each[part]["id"]] for part in ("principal", "resource")] for each in few]
    plainly = time.process_time()
    plain = [is_authorized(each, POLICY, concerned).allowed for each, concerned in zip(few, around, strict=True)]
    ended = time.process_time()
    print(
        json.dumps(
            {
                "load": loaded - began,
                "decide": decided - loaded,
                "answers": answers,
                "fresh": ended - plainly,
                "fresh_answers": plain,
            }
        )
    )


def attributes(consent: dict[str, Any]) -> dict[str, Any]:
    """Give a consent's attributes: persons and units are references, the rest is plain."""
    given = {name: consent[name] for name in consent if name != "consent"}
    units = {name: [reference("Unit", each) for each in consent[name]] for name in ("senders", "receivers")}
    persons = {name: [reference("Person", each) for each in consent[name]] for name in ("must_sign", "signed")}
    return given | units | persons


def request(question: dict[str, Any]) -> dict[str, Any]:
    """Give a question in Cedar's form."""
    ask = question["ask"]
    return {
        "principal": {"type": "Person", "id": ask["sender"]["person"]},
        "action": {"type": "Action", "id": "share"},
        "resource": {"type": "Consent", "id": ask["consents"][0]},
        "context": {
            "subject": ask["subject"],
            "matter": ask["matter"],
            "purpose": ask["purpose"],
            "sender": reference("Unit", ask["sender"]["unit"]),
            "receivers": [reference("Unit", each) for each in ask["receivers"]],
            "categories": ask["categories"],
            "at": question["at"],
        },
    }


def entity(kind: str, name: str, attrs: dict[str, Any], *parents: dict[str, Any]) -> dict[str, Any]:
    """Give an entity in Cedar's JSON form."""
    return {"uid": {"type": kind, "id": name}, "attrs": attrs, "parents": [each["__entity"] for each in parents]}


def reference(kind: str, name: str) -> dict[str, Any]:
    """Name an entity in an attribute."""
    return {"__entity": {"type": kind, "id": name}}


main(Path(sys.argv[1]), int(sys.argv[2]))
