"""Writes the vectors of the chain of trust, for second implementations: `python -m tests.vectors.identity.generate`.

`chain.json`: `{root: JWK, fingerprint, policy: token, statements: {name: {token, receipt}}, accepted: [...], refused:
[...]}`. Each vector is `{name, at, pins, statements: [names, in the order to learn them]}`; an accepted one has
`pins_after`, a refused one `code`. The policy is accepted first, under the fingerprint, the pins and the instant.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from protocol.consent.vocabulary import AuthorityKind
from protocol.identifiers import Instant
from protocol.identity import Directory, Logged, accept_policy
from protocol.log.event import Event
from protocol.pins import Pins
from protocol.statements.base import Refused
from protocol.statements.identity import EpochBody, SheetBody, UnitBody
from tests.unit.consent import family as f
from tests.unit.protocol.determining import confirmation, end, order, service
from tests.unit.protocol.world import (
    BUP_HEAD,
    DAY,
    FINGERPRINT,
    GP_HEAD,
    MINUTE,
    OFFICER,
    REGISTRAR,
    ROOT,
    Story,
    key_of,
    keys_of,
    sha,
    tell,
)

FILE = Path(__file__).parent / "chain.json"
GP = ["gp unit", "gp custodian", "gp staff", "gp epoch"]
ALL = [*GP, "gp epoch 2", "bup unit", "bup custodian", "bup staff", "bup epoch", "mother", "father", "sheet"]


def say_wrong(story: Story) -> None:
    """Say and log everything that must be refused; and a little more that must not."""
    unit, sheet, epoch = (
        story.body("gp unit", UnitBody),
        story.body("sheet", SheetBody),
        story.body("gp epoch", EpochBody),
    )
    again: dict[str, Any] = {"not_after": Instant(story.now + 20 * DAY)}
    story.say("unit again", REGISTRAR, replace(unit, **again))
    story.say("unit renewed", REGISTRAR, replace(unit, number=2, **again))
    story.say("unit by a custodian", GP_HEAD, replace(unit, number=2))
    story.say("unit for another log", REGISTRAR, replace(unit, number=2), aud="log.example/another")
    story.say("unit with an unknown member", REGISTRAR, replace(unit, number=2), payload={"more": 1})
    story.say("unit of another version", REGISTRAR, replace(unit, number=2), payload={"v": 2})
    story.say("unit too long", REGISTRAR, replace(unit, number=2, not_after=Instant(story.now + 91 * DAY)))
    story.say("unit refused", REGISTRAR, replace(unit, number=2), event=Event.STATEMENT_REFUSED)
    story.say("unit of long ago", REGISTRAR, replace(unit, number=2), made=story.now - 6 * MINUTE)
    story.say("unit by a stranger", f.STRANGER, replace(unit, number=2))
    story.say("sheet again", REGISTRAR, replace(sheet, **again))
    story.say("sheet renewed", REGISTRAR, replace(sheet, number=2, **again))
    story.say("sheet by a guardian", f.MOTHER, replace(sheet, number=2, **again))
    story.say("epoch by another unit's custodian", BUP_HEAD, replace(epoch, number=3))
    story.say("epoch by a registrar", REGISTRAR, replace(epoch, number=3))
    story.say("epoch again", GP_HEAD, replace(epoch, **again))
    story.say("staff by another unit's custodian", BUP_HEAD, story.endorse(BUP_HEAD, f.NURSE, "staff", f.GP))
    story.say("staff by a registrar", REGISTRAR, story.endorse(REGISTRAR, f.NURSE, "staff", f.GP))
    story.say("person by a custodian", GP_HEAD, story.endorse(GP_HEAD, f.NURSE, "person", None))
    other = keys_of(f.MOTHER, 1)
    story.say("mother as staff", GP_HEAD, story.endorse(GP_HEAD, f.MOTHER, "staff", f.GP, number=2, keys=other))
    story.say("under another root", REGISTRAR, story.endorse(REGISTRAR, f.NURSE, "person", None, root="x"))
    story.say("by another inviter", REGISTRAR, story.endorse(REGISTRAR, f.NURSE, "person", None, inviter="x"))
    story.say("supervisor", REGISTRAR, story.endorse(REGISTRAR, f.NURSE, "supervisor", None))
    _determine(story)
    ended = story.endorse(REGISTRAR, GP_HEAD, "custodian", f.GP, number=2, not_after=story.now)
    story.say("gp custodian ended", REGISTRAR, ended)
    story.say("staff after the custodian's end", GP_HEAD, story.endorse(GP_HEAD, f.NURSE, "staff", f.GP))


def _determine(story: Story) -> None:
    """Say what two registrars determine about who signs, rightly and wrongly."""
    service(story)
    emergency = {"by": AuthorityKind.EMERGENCY_ORDER, "number": "BV-17", "holds_to": Instant(story.now + 20 * DAY)}
    told = story.say("order", REGISTRAR, order(story.now)).digest
    story.say("order confirmed", OFFICER, confirmation(told))
    story.say("order confirmed by who recorded it", REGISTRAR, confirmation(told))
    story.say("order confirmed by its service", f.CASEWORKER, confirmation(told))
    story.say("order of another child confirmed", OFFICER, confirmation(told, subject=f.OTHER_CHILD))
    story.say("order by its service", f.CASEWORKER, order(story.now))
    story.say("order to be rechecked too late", REGISTRAR, order(story.now, not_after=Instant(story.now + 367 * DAY)))
    week = Instant(story.now + 7 * DAY)
    story.say("emergency order", OFFICER, order(story.now, not_after=week, **emergency))
    story.say("emergency order unchecked for a month", OFFICER, order(story.now, **emergency))
    story.say("emergency order without end", OFFICER, order(story.now), payload={"by": "emergency-order"})
    story.say("order without a service", REGISTRAR, order(story.now), payload={"unit": None})
    ends = story.say("order ended", OFFICER, end(told)).digest
    story.say("order's end confirmed", REGISTRAR, confirmation(ends))
    story.say("order's end confirmed by who recorded it", OFFICER, confirmation(ends))
    story.say("order confirmed after its end", OFFICER, confirmation(told, 75))


ACCEPTED: dict[str, list[str]] = {
    "a unit with its custodian, staff and epoch": GP,
    "everything, in any order": ALL[::-1],
    "two epochs": [*GP, "gp epoch 2"],
    "a unit renewed": [*GP, "unit renewed"],
    "a sheet renewed": ["sheet", "sheet renewed"],
    "a supervisor": ["supervisor"],
    "a custodian's word never replaces a guardian's endorsement": [*GP, "mother", "mother as staff"],
    "an order that a second registrar confirmed": ["welfare unit", "order", "order confirmed"],
    "an order that waits for a second": ["order"],
    "an order with its end, in any order": ["order's end confirmed", "order ended", "order confirmed", "order"],
    "an emergency order": ["emergency order"],
    "nothing": [],
    "what a custodian said before its end": ["gp unit", "gp custodian ended", "gp staff", "gp epoch"],
}
REFUSED: dict[str, tuple[str, list[str]]] = {
    "two units of one number": ("two-truths", [*GP, "unit again"]),
    "a lower number after a higher": ("rolled-back", ["unit renewed", "gp unit"]),
    "two sheets of one number": ("two-truths", ["sheet", "sheet again"]),
    "an older sheet after a newer": ("rolled-back", ["sheet renewed", "sheet"]),
    "two epochs of one number": ("two-truths", [*GP, "epoch again"]),
    "a unit that a custodian signed": ("not-entitled", [*GP, "unit by a custodian"]),
    "a unit that a stranger signed": ("not-entitled", ["unit by a stranger"]),
    "a unit for another log": ("bad-statement", ["unit for another log"]),
    "an unknown member": ("bad-statement", ["unit with an unknown member"]),
    "an unknown version": ("bad-statement", ["unit of another version"]),
    "a life too long": ("too-long", ["unit too long"]),
    "the receipt of a refusal": ("not-logged", ["unit refused"]),
    "made long before it was logged": ("wrong-time", ["unit of long ago"]),
    "a sheet that a guardian signed": ("not-entitled", ["mother", "sheet by a guardian"]),
    "an epoch by another unit's custodian": ("not-entitled", [*ALL, "epoch by another unit's custodian"]),
    "an epoch by a registrar": ("not-entitled", [*GP, "epoch by a registrar"]),
    "an epoch whose custodian is not shown": ("not-entitled", ["gp unit", "gp epoch"]),
    "staff by another unit's custodian": ("not-entitled", [*ALL, "staff by another unit's custodian"]),
    "staff by a registrar": ("not-entitled", [*GP, "staff by a registrar"]),
    "a person by a custodian": ("not-entitled", [*GP, "person by a custodian"]),
    "staff after the custodian's end": ("not-entitled", ["gp custodian ended", "staff after the custodian's end"]),
    "an endorsement under another root": ("not-entitled", ["under another root"]),
    "an endorsement by another inviter": ("not-entitled", ["by another inviter"]),
    "an order that the service signed": ("not-entitled", ["caseworker", "order by its service"]),
    "an order that its recorder confirmed": ("not-entitled", ["order", "order confirmed by who recorded it"]),
    "an order that the service confirmed": ("not-entitled", ["caseworker", "order", "order confirmed by its service"]),
    "a confirmation without what it confirms": ("bad-authority", ["order confirmed"]),
    "a confirmation about another child": ("bad-authority", ["order", "order of another child confirmed"]),
    "an end without what it ends": ("bad-authority", ["order ended"]),
    "an end that its recorder confirmed": (
        "not-entitled",
        ["order", "order ended", "order's end confirmed by who recorded it"],
    ),
    "an order confirmed after its end": ("bad-authority", ["order", "order ended", "order confirmed after its end"]),
    "an order to be rechecked too late": ("too-long", ["order to be rechecked too late"]),
    "an emergency order unchecked for a month": ("too-long", ["emergency order unchecked for a month"]),
    "an emergency order without end": ("bad-statement", ["emergency order without end"]),
    "an order without a service": ("bad-statement", ["order without a service"]),
    "a consent's signature": ("not-in-chain", ["mother", "mother signs"]),
}
PINNED: dict[str, tuple[str, str, int, list[str]]] = {
    "an older unit than one seen": ("rolled-back", f"unit {f.GP}", 2, GP),
    "another unit than the one seen": ("two-truths", f"unit {f.GP}", 1, GP),
    "an older epoch than one seen": ("rolled-back", f"epoch {f.GP}", 2, GP),
    "another policy than the one seen": ("two-truths", "policy", 1, []),
}


def judged(vectors: dict[str, Any], vector: dict[str, Any], root: Any) -> dict[str, Any] | str:
    """Judge one vector: the pins after it, or the code of the refusal."""
    pins, at = Pins.parse(vector["pins"]), Instant(vector["at"])
    try:
        policy = accept_policy(vectors["policy"], root, vectors["fingerprint"], pins, at)
        directory = Directory(policy, pins, at)
        directory.learn([Logged.parse(vectors["statements"][name]) for name in vector["statements"]])
    except Refused as refusal:
        return refusal.code
    return directory.pins.to_json()


def generate() -> dict[str, Any]:
    """Tell the story, and judge every vector by this implementation."""
    story = tell(between=say_wrong)
    named = {*ALL, "mother signs", *(name for each in ACCEPTED.values() for name in each)}
    named |= {name for _, names in REFUSED.values() for name in names}
    vectors: dict[str, Any] = {
        "root": key_of(ROOT).public.jwk,
        "fingerprint": FINGERPRINT,
        "policy": story.said["policy"].token,
        "statements": {name: story.logged(name).to_json() for name in story.said if name in named},
    }
    plain = {"at": story.at, "pins": {}}
    accepted = [{"name": name, **plain, "statements": names} for name, names in ACCEPTED.items()]
    for each in accepted:
        each["pins_after"] = judged(vectors, each, key_of(ROOT).public)
    refused = [{"name": name, **plain, "statements": names, "code": code} for name, (code, names) in REFUSED.items()]
    for name, (code, pinned, number, names) in PINNED.items():
        pins = {pinned: {"number": number, "digest": sha(b"another")}}
        refused.append({"name": name, "at": story.at, "pins": pins, "statements": names, "code": code})
    ends = story.policy().statement.body.not_after
    refused.append({"name": "a policy that has ended", "at": ends, "pins": {}, "statements": [], "code": "ended"})
    return vectors | {"accepted": accepted, "refused": refused}


if __name__ == "__main__":
    FILE.write_text(json.dumps(generate(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
