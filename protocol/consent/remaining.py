"""What is left of a consent after all that was taken back: whom it still names, for what, until when."""

from __future__ import annotations

from dataclasses import dataclass

from protocol.consent.answer import Reason
from protocol.consent.case import Case, ConsentFacts
from protocol.consent.coverage import fell
from protocol.consent.judge import narrowed
from protocol.consent.state import prepare
from protocol.consent.terms import Party
from protocol.consent.vocabulary import Category
from protocol.identifiers import Instant


@dataclass(frozen=True, slots=True)
class Remaining:
    """The terms less what was taken back. Whether the consent is in force is `state.standing`'s question."""

    receivers: tuple[Party, ...]
    categories: tuple[Category, ...]
    share_until: Instant
    read_until: Instant


def remaining(consent: ConsentFacts, case: Case, at: Instant) -> Remaining:
    """Say what is left of a consent at an instant; where it cannot be judged, what anybody took back is gone."""
    judged, terms = prepare(consent, case, at), consent.terms
    taken = consent.narrowings if isinstance(judged, Reason) else narrowed(judged, at)
    receivers, categories = terms.receivers, terms.categories
    share_until, read_until = terms.share_until, terms.read_until
    for each in taken:
        receivers = tuple(party for party in receivers if not fell(each.less.receivers, party.id, case))
        categories = tuple(category for category in categories if category not in each.less.categories)
        share_until, read_until = each.share_end(share_until), each.read_end(read_until)
    return Remaining(receivers, categories, min(share_until, read_until), read_until)
