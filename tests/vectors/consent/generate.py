"""Writes the vectors of consent, for second implementations: `python -m tests.vectors.consent.generate`.

`decide.json`: a list of `{name, ask, case, at, answer}`; ask and case in the forms of `protocol.consent.ask` and
`protocol.consent.case`, at in milliseconds UTC, the answer `{"permit": {basis, consents, rule}}` or
`{"deny": {reason, rule, missing: [{person, act}]}}`. About as many are denied as
permitted, one for each reason that JSON can show. `standing_in.json`: the same form, on orders, mandates, settlements.
`terms.json`: `{accepted: [{terms, digest}], refused: [{name, terms}]}`.
`rules.json`: described in `tests.vectors.consent.ruling`, `notices.json` in `tests.vectors.consent.noticing`.
`age.json`: `{birthdays: [{born, years, at}], months: [{start, months, end}]}`, all by the Oslo wall clock.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from protocol.consent.age import birthday, months_after
from protocol.consent.answer import Answer, Permit
from protocol.consent.ask import Ask
from protocol.consent.case import Case
from protocol.consent.decide import decide
from protocol.consent.fields import plain
from protocol.identifiers import ConsentId, Instant
from tests.unit.consent import family as f
from tests.unit.consent.test_terms import REFUSED, written
from tests.vectors.consent.denied import denied
from tests.vectors.consent.noticing import noticing
from tests.vectors.consent.permitted import permitted
from tests.vectors.consent.ruling import ruling
from tests.vectors.consent.standing_in import standing_in

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Vector:
    """One question with the answer that this implementation gives."""

    name: str
    ask: Ask
    case: Case
    at: Instant

    def to_json(self) -> dict[str, Any]:
        """Write the vector, with no more units and staff than it needs."""
        named: set[object] = {
            party.id for each in self.case.consents for party in (*each.terms.senders, *each.terms.receivers)
        }
        named |= {self.ask.sender.party, *self.ask.receivers}
        if self.ask.reader is not None:
            named.add(self.ask.reader.party)
        small = replace(
            self.case,
            units={unit: facts for unit, facts in self.case.units.items() if unit in named},
            memberships=tuple(each for each in self.case.memberships if each.unit in named),
        )
        return {
            "name": self.name,
            "ask": self.ask.to_json(),
            "case": small.to_json(),
            "at": self.at,
            "answer": answer_to_json(decide(self.ask, small, self.at)),
        }


def answer_to_json(answer: Answer) -> dict[str, Any]:
    """Write an answer in the form of the vectors."""
    return {"permit" if isinstance(answer, Permit) else "deny": plain(answer)}


def decisions() -> Iterator[dict[str, Any]]:
    """Yield a vector for every reason, and as many that are permitted."""
    refused = [Vector(f"denied: {reason}", *question).to_json() for reason, question in denied().items()]
    allowed = [Vector(f"permitted: {name}", *question).to_json() for name, question in permitted().items()]
    yield from (*refused, *allowed)


def standing() -> Iterator[dict[str, Any]]:
    """Yield a vector for each question on who signs when it is not simply the parents."""
    yield from (Vector(name, *question).to_json() for name, question in standing_in().items())


def terms() -> dict[str, Any]:
    """Return terms that are accepted and terms that are refused, as many of each."""
    refused = []
    for name, change in REFUSED.items():
        value = copy.deepcopy(written())
        change(value)
        # A lone surrogate cannot be written to a file in UTF-8.
        if "canonical" not in name:
            refused.append({"name": name, "terms": value})
    accepted = [
        f.terms(
            id=ConsentId.of(number.to_bytes(16, "big")),
            read_until=Instant(f.terms().read_until + number),
            senders=f.parties(*(f.GP, f.BUP, f.MOTHER)[: 1 + number % 3]),
            receivers=(f.party(f.BUP, subunits=number % 2 == 0),),
            text=replace(f.terms().text, body='Blåbær € 😀 \u2028 "\\' + "\n" * number),
        )
        for number in range(len(refused))
    ]
    return {"accepted": [{"terms": each.to_json(), "digest": each.digest} for each in accepted], "refused": refused}


def ages() -> dict[str, Any]:
    """Return birthdays and calendar months."""
    born = (date(2012, 2, 29), date(2010, 3, 29), date(2010, 10, 25), date(2014, 12, 1), date(2009, 7, 1))
    birthdays = [
        {"born": day.isoformat(), "years": years, "at": birthday(day, years)}
        for day in born
        for years in (7, 12, 15, 16, 18)
    ]
    starts = (f.oslo(2026, 8, 31, 12), f.oslo(2026, 9, 29, 2, 30), f.oslo(2026, 1, 25, 2, 30), f.utc(2027, 1, 31, 23))
    months = [
        {"start": start, "months": count, "end": months_after(start, count)} for start in starts for count in (6, 9, 18)
    ]
    return {"birthdays": birthdays, "months": months}


def _lines(vectors: Iterator[dict[str, Any]]) -> str:
    rows = ",\n".join(json.dumps(vector, ensure_ascii=True) for vector in vectors)
    return f"[\n{rows}\n]\n"


def files() -> dict[str, str]:
    """Return the text of every vector file by its name."""
    return {
        "decide.json": _lines(decisions()),
        "standing_in.json": _lines(standing()),
        "terms.json": json.dumps(terms(), ensure_ascii=True, indent=1) + "\n",
        "age.json": json.dumps(ages(), indent=1) + "\n",
        "rules.json": json.dumps(ruling(), indent=1) + "\n",
        "notices.json": json.dumps(noticing(), indent=1) + "\n",
    }


if __name__ == "__main__":
    for file_name, text in files().items():
        (HERE / file_name).write_text(text, encoding="utf-8")
