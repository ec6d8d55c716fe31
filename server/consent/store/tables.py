"""The tables of consent. Rows are only ever added."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, LargeBinary, String, Table, UniqueConstraint

from server.database.schema import metadata
from server.identity.store.statements import DIGEST, ID, LONG

matters = Table(
    "matters",
    metadata,
    Column("matter", ID, primary_key=True),
    Column("subject", ID, nullable=False),
)
consents = Table(
    "consents",
    metadata,
    Column("digest", DIGEST, primary_key=True),
    Column("consent", ID, nullable=False, unique=True),
    Column("subject", ID, nullable=False),
    Column("matter", ID, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("purpose", String(16), nullable=False),
    Column("terms", LargeBinary, nullable=False),
    Column("requested_at", LONG, nullable=False),
    Column("requester", ID, nullable=False),
    Column("unit", ID),
    Column("share_until", LONG, nullable=False),
    Column("statement", DIGEST, nullable=False),
    Column("leaf_index", LONG, nullable=False, unique=True),
    Index("consents_by_subject", "subject", "leaf_index"),
    Index("consents_by_matter", "matter", "leaf_index"),
    Index("consents_by_unit", "unit", "share_until"),
)
parties = Table(
    "consent_parties",
    metadata,
    Column("party", ID, primary_key=True),
    Column("leaf_index", LONG, primary_key=True, autoincrement=False),
    Column("subunits", Boolean, nullable=False),
    Column("digest", DIGEST, nullable=False),
)
words = Table(  # `apart` is what keeps two words of one kind by one person on one consent apart (`keeping.apart`)
    "consent_words",
    metadata,
    Column("statement", DIGEST, primary_key=True),
    Column("digest", DIGEST, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("person", ID, nullable=False),
    Column("apart", String(2000), nullable=False),
    Column("at", LONG, nullable=False),
    Column("leaf_index", LONG, nullable=False),
    UniqueConstraint("digest", "kind", "person", "apart", name="consent_words_once"),
)
invalidations = Table(  # consents declared void from the beginning, so that those who took part can be told
    "consent_invalidations",
    metadata,
    Column("statement", DIGEST, primary_key=True),
    Column("digest", DIGEST, nullable=False),
    Column("at", LONG, nullable=False),
    Index("consent_invalidations_by_time", "at"),
)
facts = Table(
    "facts",
    metadata,
    Column("statement", DIGEST, primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("matter", ID, nullable=False),
    Column("subject", ID, nullable=False),
    Column("unit", ID, nullable=False),
    Column("person", ID, nullable=False),
    Column("guardian", ID),
    Column("purposes", String(100)),
    Column("fact", DIGEST),
    Column("holds_from", LONG),
    Column("holds_to", LONG),
    Column("at", LONG, nullable=False),
    Column("leaf_index", LONG, nullable=False),
    Index("facts_by_matter", "matter", "leaf_index"),
)
hearings = Table(
    "hearings",
    metadata,
    Column("statement", DIGEST, primary_key=True),
    Column("matter", ID, nullable=False),
    Column("subject", ID, nullable=False),
    Column("unit", ID),
    Column("outcome", String(16), nullable=False),
    Column("person", ID, nullable=False),
    Column("at", LONG, nullable=False),
    Column("leaf_index", LONG, nullable=False),
    Index("hearings_by_matter", "matter", "leaf_index"),
)
