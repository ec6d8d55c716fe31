"""Consents, the words said on them, hearings, and which matter is whose: rows without rules.

Tokens stand in `server.identity`'s `statements`; here are the facts parsed from them, each at its entry's instant. Rows
are only ever added: a consent has no stored state, and nothing that was said is unsaid.
"""

from server.consent.store.asking import Asked, asked, facts, facts_of
from server.consent.store.facts import Noted, add_fact, facts_in
from server.consent.store.keeping import add_consent, add_hearing, add_invalidation, add_word, apart, begin_matter
from server.consent.store.rows import (
    Found,
    Heard,
    Related,
    Word,
    consent_named,
    consents,
    consents_in,
    hearings,
    is_party_on,
    listed,
    subject_of,
    word,
    words,
)

__all__ = [
    "Asked",
    "Found",
    "Heard",
    "Noted",
    "Related",
    "Word",
    "add_consent",
    "add_fact",
    "add_hearing",
    "add_invalidation",
    "add_word",
    "apart",
    "asked",
    "begin_matter",
    "consent_named",
    "consents",
    "consents_in",
    "facts",
    "facts_in",
    "facts_of",
    "hearings",
    "is_party_on",
    "listed",
    "subject_of",
    "word",
    "words",
]
