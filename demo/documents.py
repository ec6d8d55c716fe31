"""The papers of the story: PPT report, referral to BUP, discharge summary. Invented content about invented people.

Each gives the same bytes for the same arguments. Referral and discharge summary print the structured form that travels
beside them, so that paper and form never say different things.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from reportlab.platypus import CondPageBreak, Flowable, KeepTogether

from demo.form_labels import COLUMNS, DISCHARGE, REFERRAL
from demo.forms import Form, discharge_form, referral_form
from demo.paper import Cover, day, facts, grid, heading, print_paper, quote, signature, title
from demo.people import Cast, Professional
from demo.ppt_report import ppt_report

__all__ = ["discharge_form", "discharge_summary", "ppt_report", "referral", "referral_form"]

Labels = Mapping[str, tuple[str, Mapping[str, str]]]

_ISO_DAY: Final = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
_LONG: Final = re.compile(r"[0-9a-f]{64}")
_IN_OWN_WORDS: Final = frozenset({"own_words", "child_view"})
_HEADING_AND_SOME_LINES: Final = 64
"""Points that must be left on a page before a section may begin there."""


def referral(people: Cast, form: Form) -> bytes:
    """Print the referral to BUP from its form."""
    cover = Cover("Henvisning til BUP", people.gp_practice.name, form["administrative"]["message_id"])
    written = date.fromisoformat(form["administrative"]["date"])

    def story() -> list[Flowable]:
        return [
            *title("Henvisning til BUP", f"Fra {people.gp_practice.name} til {people.bup_clinic.name}"),
            *_sections(form, REFERRAL),
            *_signed(people.gp, written),
        ]

    return print_paper(cover, story)


def discharge_summary(people: Cast, form: Form) -> bytes:
    """Print the discharge summary (epikrise) with its follow-up plan from its form."""
    ended = date.fromisoformat(form["administrative"]["end"])
    cover = Cover("Epikrise med oppfølgingsplan", people.bup_clinic.name, f"Sak SYN-{ended.year}/2203")

    def story() -> list[Flowable]:
        child = people.child
        return [
            *title("Epikrise med oppfølgingsplan", f"Poliklinisk behandling ved {people.bup_clinic.name}"),
            facts(
                [
                    ("Pasient", f"{child.name}, født {day(child.born)}"),
                    ("Fødselsnummer (syntetisk)", child.national_id.text),
                    ("Foreldreansvar", f"{people.mother.name} og {people.father.name}"),
                ]
            ),
            *_sections(form, DISCHARGE),
            *_signed(people.bup_clinician, ended),
        ]

    return print_paper(cover, story)


def _sections(form: Form, labels: Labels) -> list[Flowable]:
    story: list[Flowable] = []
    for place, (group, (name, fields)) in enumerate(labels.items(), start=1):
        story += [CondPageBreak(_HEADING_AND_SOME_LINES), heading(f"{place}. {name}", keep=False)]
        story += _fields(form[group], fields)
    return story


def _fields(group: Mapping[str, Any], labels: Mapping[str, str]) -> list[Flowable]:
    story: list[Flowable] = []
    rows: list[tuple[str, str]] = []
    for key, label in labels.items():
        value = group[key]
        if not isinstance(value, list) and key not in _IN_OWN_WORDS:
            rows.append((label, _written(value)))
            continue
        if rows:
            story.append(facts(rows))
            rows = []
        story.append(_listed(value) if isinstance(value, list) else quote(_written(value), label))
    return [*story, facts(rows)] if rows else story


def _listed(rows: Sequence[Mapping[str, Any]]) -> Flowable:
    columns = list(rows[0])
    return grid([COLUMNS[key] for key in columns], [[_written(row[key]) for key in columns] for row in rows])


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "ja" if value else "nei"
    said = _ISO_DAY.sub(lambda found: day(date.fromisoformat(found.group())), str(value))
    return _LONG.sub(lambda found: f"{found.group()[:8]}…{found.group()[-4:]}", said)


def _signed(author: Professional, on: date) -> list[Flowable]:
    lines = [f"<b>{author.name}</b>", f"{author.title}, HPR {author.hpr}", f"{author.unit}, {author.phone}"]
    return [KeepTogether(signature("Elvebyen", on, lines))]
