"""Writes the vectors of `protocol.share.verify`, for second implementations: `python -m tests.vectors.share.generate`.

`verify.json`: `{root: JWK, fingerprint, stories: {name: {policy: token, bundle}}, accepted: [...], refused: [...]}`.
Each vector is `{name, story, changes: [{path, value}], pins, at}`: take the story's bundle, put each value at its path
(names and list positions from the outside in), and judge it under the story's policy. An accepted one has `share` and
`consents`; a refused one has `code`: that of the refusal, or the reason of the denial.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from keys.encoding import encode
from protocol import share
from protocol.bundle import Bundle
from protocol.consent.narrowing import Less
from protocol.consent.vocabulary import Category
from protocol.identifiers import Instant
from protocol.identity import accept_policy
from protocol.log.details import Decision
from protocol.log.event import Event
from protocol.pins import Pins
from protocol.share import Verified
from protocol.statements.base import Refused
from protocol.statements.consent import WithdrawalBody
from protocol.statements.narrowing import NarrowingBody
from tests.unit.consent import family as f
from tests.unit.protocol.determining import BY_CASEWORKER, in_care
from tests.unit.protocol.mutations import put
from tests.unit.protocol.shielded import asks, declines, tell_shielded, withholds
from tests.unit.protocol.world import (
    DAY,
    ENVELOPES,
    FINGERPRINT,
    MINUTE,
    REGISTRAR,
    ROOT,
    Story,
    key_of,
    sha,
    statement_id,
    step,
    tell,
)

FILE = Path(__file__).parent / "verify.json"


def stories() -> dict[str, Story]:
    """Tell the stories whose bundles the vectors change."""
    return {
        "open": tell(),
        "receive": tell(act="receive"),
        "reopen": tell(act="reopen"),
        "own": tell(act="own"),
        "withdrawn": tell(between=lambda story: story.word("withdrawal", f.MOTHER, WithdrawalBody)),
        "narrowed": tell(between=_narrowed(receivers=(f.BUP,))),
        "narrowed elsewhere": tell(between=_narrowed(receivers=(f.GP,), categories=(Category.PLAN,))),
        "custodian in a mother's name": tell(step("mother signs", key=key_of(f.DOCTOR))),
        "refusal": tell(step("open", event=Event.OPEN_REFUSED, told={"decision": Decision.DENY})),
        "under a care order": tell(*BY_CASEWORKER, determining=in_care()),
        "the parents under a care order": tell(determining=in_care()),
        "a care order that nobody confirmed": tell(*BY_CASEWORKER, determining=in_care(second=None)),
        "a care order confirmed by who recorded it": tell(*BY_CASEWORKER, determining=in_care(second=REGISTRAR)),
        "lost telephone": tell(step("gp staff", body={"keys": tell().endorse(f.MOTHER, f.NURSE, "person", None).keys})),
        "signed alone": tell_shielded(),
        "signed alone, declined after the share": tell_shielded(between=declines),
        "signed alone, only asked for": tell_shielded(before=asks),
        "signed alone, declined before the share": tell_shielded(before=_declined),
        "signed alone, decided by a mother": tell_shielded(before=_decided_by_the_mother),
        "signed alone, decided in another matter": tell_shielded(step("decision", body={"matter": f.OTHER_MATTER})),
    }


def _declined(story: Story) -> None:
    asks(story)
    withholds(story)
    declines(story)


def _decided_by_the_mother(story: Story) -> None:
    asks(story)
    withholds(story, who=f.MOTHER)


def _narrowed(**less: Any) -> Callable[[Story], Any]:
    def say(story: Story) -> None:
        terms = story.terms()
        body = NarrowingBody(statement_id(150), terms.digest, terms.subject, terms.matter, Less(**less))
        story.do("narrowing", f.MOTHER, body)

    return say


def accepted(told: dict[str, Story]) -> list[dict[str, Any]]:
    """Give what must be accepted."""
    open_, at = told["open"], told["open"].at
    pins = open_.verify().pins.to_json()
    positions = [each["token"] for each in open_.bundle().to_json()["statements"]]
    replaced = positions.index(open_.said["gp epoch 2"].token)
    chain = open_.bundle().to_json()["statements"]
    return [
        {"name": "open", "story": "open", "changes": [], "pins": {}, "at": at},
        {"name": "receive", "story": "receive", "changes": [], "pins": {}, "at": told["receive"].at},
        {"name": "reopen", "story": "reopen", "changes": [], "pins": {}, "at": told["reopen"].at},
        {"name": "own copy", "story": "own", "changes": [], "pins": {}, "at": told["own"].at},
        {
            "name": "narrowed elsewhere",
            "story": "narrowed elsewhere",
            "changes": [],
            "pins": {},
            "at": told["narrowed elsewhere"].at,
        },
        {
            "name": "under a care order",
            "story": "under a care order",
            "changes": [],
            "pins": {},
            "at": told["under a care order"].at,
        },
        {"name": "seen before", "story": "open", "changes": [], "pins": pins, "at": at},
        {"name": "five minutes later", "story": "open", "changes": [], "pins": {}, "at": open_.now + 5 * MINUTE},
        {"name": "five minutes earlier", "story": "open", "changes": [], "pins": {}, "at": open_.now - 5 * MINUTE},
        {
            "name": "without an epoch that came after the share",
            "story": "open",
            "changes": [{"path": ["statements"], "value": chain[:replaced] + chain[replaced + 1 :]}],
            "pins": {},
            "at": at,
        },
        {
            "name": "statements in another order",
            "story": "open",
            "changes": [{"path": ["statements"], "value": chain[::-1]}],
            "pins": {},
            "at": at,
        },
        *(
            {"name": name, "story": name, "changes": [], "pins": {}, "at": told[name].at}
            for name in ("signed alone", "signed alone, declined after the share")
        ),
        {
            "name": "signed alone, words in another order",
            "story": "signed alone",
            "changes": [{"path": ["shields"], "value": told["signed alone"].bundle().to_json()["shields"][::-1]}],
            "pins": {},
            "at": told["signed alone"].at,
        },
    ]


def refused(told: dict[str, Story]) -> list[dict[str, Any]]:
    """Give what must be refused."""
    story = told["open"]
    whole, at = story.bundle().to_json(), story.at
    tokens = [each["token"] for each in whole["statements"]]
    record = whole["consents"][0]

    def place(name: str) -> int:
        return tokens.index(story.said[name].token)

    def lacks(name: str) -> tuple[list[Any], Any]:
        return ["statements"], [each for each in whole["statements"] if each["token"] != story.said[name].token]

    receipts = {name: story.logged(name).receipt for name in story.said}
    first_word = ["consents", 0, "statements", 0]
    changes: dict[str, tuple[str, list[Any], Any]] = {
        "another version": ("bad-bundle", ["v"], 2),
        "an unknown member": ("bad-bundle", ["more"], 1),
        "no envelope": ("bad-bundle", ["envelope"], None),
        "a size spelt otherwise": ("bad-bundle", ["consistency"], {"05": []}),
        "a statement twice": ("bad-bundle", ["hearings"], whole["hearings"] * 2),
        "the header's envelope": ("wrong-envelope", ["envelope"], encode(ENVELOPES["receive"])),
        "another header": ("wrong-content", ["header"], encode(b"sealed HEADER")),
        "a body cut short": ("wrong-content", ["body"], encode(b"sealed bod")),
        "no body": ("wrong-content", ["body"], None),
        "the receipt of the share for the opening": ("not-logged", ["open", "receipt"], receipts["manifest"]),
        "the receipt of the opening for the share": ("not-logged", ["manifest", "receipt"], receipts["open"]),
        "a signature's receipt for another's": (
            "not-logged",
            [*first_word, "receipt"],
            receipts["mother"],
        ),
        "no receipt": ("not-logged", ["open", "receipt"], "none"),
        "no consent": ("no-consent", ["consents"], []),
        "a consent twice": ("no-consent", ["consents"], [record, record]),
        "one guardian's signature": ("signature-missing", ["consents", 0, "statements"], record["statements"][:1]),
        "no hearing": ("not-heard", ["hearings"], []),
        "no renewal": ("sheet-ended", ["renewals"], []),
        "a renewal of another sheet": ("bad-renewal", ["renewals", 0, "index"], 1),
        "no proof that the log only grew": ("no-consistency", ["consistency"], {}),
        "a proof of another log": ("forked", ["consistency", "5"], [encode(bytes(32))]),
        "no custodian": ("not-entitled", *lacks("gp custodian")),
        "no guardian's key": ("not-entitled", *lacks("father")),
        "no sheet": ("no-sheet", *lacks("sheet")),
        "no epoch": ("no-epoch", *lacks("bup epoch")),
        "no unit": ("unit-unknown", *lacks("bup unit")),
        "a consent's signature in the chain": ("not-in-chain", ["statements", place("sheet")], record["statements"][0]),
    }
    plain = {"story": "open", "pins": {}, "at": at}
    vectors = [
        {"name": name, **plain, "changes": [{"path": path, "value": value}], "code": code}
        for name, (code, path, value) in changes.items()
    ]
    late = {"name": "five minutes and a bit later", **plain, "at": story.now + 5 * MINUTE + 1}
    vectors += [late | {"changes": [], "code": "wrong-time"}]
    for name, pin, code, number in (
        ("an older sheet than one seen", f"sheet {f.CHILD}", "rolled-back", 2),
        ("another sheet than the one seen", f"sheet {f.CHILD}", "two-truths", 1),
        ("an older policy than one seen", "policy", "rolled-back", 2),
        ("an older epoch than one seen", f"epoch {f.BUP}", "rolled-back", 2),
    ):
        pins = {pin: {"number": number, "digest": sha(b"another")}}
        vectors.append({"name": name, "story": "open", "changes": [], "pins": pins, "at": at, "code": code})
    for name, code in (
        ("withdrawn", "withdrawn"),
        ("narrowed", "receiver-withdrawn"),
        ("custodian in a mother's name", "not-entitled"),
        ("the parents under a care order", "needs-new-consent"),
        ("a care order that nobody confirmed", "exception-care-order"),
        ("a care order confirmed by who recorded it", "not-entitled"),
        ("refusal", "not-logged"),
        ("lost telephone", "not-entitled"),
        ("signed alone, only asked for", "needs-new-consent"),
        ("signed alone, declined before the share", "needs-new-consent"),
        ("signed alone, decided by a mother", "not-entitled"),
        ("signed alone, decided in another matter", "other-consent"),
    ):
        vectors.append({"name": name, "story": name, "changes": [], "pins": {}, "at": told[name].at, "code": code})
    alone = told["signed alone"]
    hidden = {"name": "signed alone, the decision held back", "story": "signed alone", "pins": {}, "at": alone.at}
    kept = [{"path": ["shields"], "value": alone.bundle().to_json()["shields"][:1]}]
    vectors.append(hidden | {"changes": kept, "code": "needs-new-consent"})
    in_order = told["under a care order"]
    chain = in_order.bundle().to_json()["statements"]
    for name, code in (("order", "bad-authority"), ("confirmation", "exception-care-order")):
        left = [each for each in chain if each["token"] != in_order.said[name].token]
        vectors.append(
            {
                "name": f"under a care order, the {name} left out",
                "story": "under a care order",
                "changes": [{"path": ["statements"], "value": left}],
                "pins": {},
                "at": in_order.at,
                "code": code,
            }
        )
    ended = {"name": "a policy that has ended", **plain, "at": f.MADE + 295 * DAY}
    return [*vectors, ended | {"changes": [], "code": "ended"}]


def judged(vectors: dict[str, Any], vector: dict[str, Any], root: Any) -> Verified | str:
    """Judge one vector: what is believed, or the code of the refusal."""
    story, at, pins = vectors["stories"][vector["story"]], Instant(vector["at"]), Pins.parse(vector["pins"])
    came = story["bundle"]
    for change in vector["changes"]:
        came = put(came, tuple(change["path"]), change["value"])
    try:
        policy = accept_policy(story["policy"], root, vectors["fingerprint"], pins, at)
        return share.verify(Bundle.parse(came), policy, pins, at)
    except Refused as refusal:
        return refusal.code


def generate() -> dict[str, Any]:
    """Tell the stories, and judge every vector by this implementation."""
    told = stories()
    vectors: dict[str, Any] = {
        "root": key_of(ROOT).public.jwk,
        "fingerprint": FINGERPRINT,
        "stories": {
            name: {"policy": story.said["policy"].token, "bundle": story.bundle().to_json()}
            for name, story in told.items()
        },
    }
    right = accepted(told)
    for each in right:
        verified = judged(vectors, each, key_of(ROOT).public)
        assert isinstance(verified, Verified), (each["name"], verified)
        each |= {"share": verified.manifest.body.share, "consents": list(verified.manifest.body.consents)}
    return vectors | {"accepted": right, "refused": refused(told)}


if __name__ == "__main__":
    FILE.write_text(json.dumps(generate(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
