"""Who has answered a request and who is missing, in lines: for whoever asked, and for those who were asked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from clients.cli.finding import day, role
from clients.cli.session import Session
from clients.sdk.consents import Known
from clients.sdk.requests import Answer, progress
from protocol.consent.judge import NOTICE_PERIOD
from protocol.identifiers import Instant, PersonId

_ANSWERS = {
    Answer.SIGNED: ("signerte", "signed"),
    Answer.REFUSED: ("sa nei", "said no"),
    Answer.OBJECTED: ("motsatte seg", "objected"),
    Answer.WITHDREW: ("trakk det tilbake", "withdrew it"),
    Answer.INFORMED: ("ble informert", "was informed"),
    Answer.HEARD: ("er hørt", "has been heard"),
    Answer.WAITING: ("har ikke svart", "has not answered"),
    Answer.NOT_NEEDED: ("ingenting ventes", "nothing is waited for"),
}


def answers(known: Known) -> list[dict[str, Any]]:
    """Tell as JSON what became of each role in the terms."""
    return [
        {"person": one.role.person, "act": str(one.role.act), "answer": str(one.answer), "at": one.at}
        for one in progress(known)
    ]


def answer_lines(session: Session, known: Known, me: PersonId) -> Iterator[str]:
    """Tell in lines what became of each role in the terms."""
    for one in progress(known):
        who = session.say("du", "you") if one.role.person == me else one.role.person
        when = "" if one.at is None else f" {day(one.at)}"
        told = f"  {role(session, one.role.act)}: {who} - {session.say(*_ANSWERS[one.answer])}{when}"
        if one.answer is Answer.INFORMED and one.at is not None:
            counts = day(Instant(one.at + NOTICE_PERIOD))
            told += session.say(f", teller fra {counts}", f", counts from {counts}")
        yield told
