"""The tables of shares. What was sent stands in the manifest's token; here is what finding and deciding takes."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, LargeBinary, String, Table, Text

from server.database.schema import metadata
from server.identity.store.statements import DIGEST, ID, LONG

shares = Table(
    "shares",
    metadata,
    Column("leaf_index", LONG, primary_key=True, autoincrement=False),
    Column("share", ID, nullable=False, unique=True),
    Column("manifest", DIGEST, nullable=False),
    Column("t", LONG, nullable=False),
    Column("sender", ID, nullable=False),
    Column("unit", ID),
    Column("subject", ID, nullable=False),
    Column("matter", ID, nullable=False),
    Column("conversation", ID, nullable=False),
    Column("urgency", String(8), nullable=False),
    Column("read_until", LONG, nullable=False),
    Index("shares_by_conversation", "conversation", "leaf_index"),
    Index("shares_by_sender", "sender", "leaf_index"),
    Index("shares_by_unit", "unit", "leaf_index"),
    Index("shares_by_subject", "subject"),
)
share_consents = Table(  # those that reading hangs on: with one of them gone, nothing of the share is opened
    "share_consents",
    metadata,
    Column("consent", DIGEST, primary_key=True),
    Column("share", ID, primary_key=True),
    sqlite_with_rowid=False,  # one tree to write to instead of two
)
parts = Table(  # `data` is null where the ciphertext lies in the content store, under its digest
    "share_parts",
    metadata,
    Column("share", ID, primary_key=True),
    Column("part", String(8), primary_key=True),
    Column("length", LONG, nullable=False),
    Column("sha256", DIGEST, nullable=False),
    Column("data", LargeBinary),
    sqlite_with_rowid=False,
)
envelopes = Table(  # `header` and `body` are null once deleted; `received` and `opened` are the mailbox's first
    "envelopes",
    metadata,
    Column("share", ID, primary_key=True),
    Column("to", ID, primary_key=True),
    Column("own", Boolean, primary_key=True),
    Column("leaf_index", LONG, nullable=False),
    Column("header_digest", DIGEST, nullable=False),
    Column("body_digest", DIGEST, nullable=False),
    Column("header", LargeBinary),
    Column("body", LargeBinary),
    Column("received_at", LONG),
    Column("received_by", ID),
    Column("opened_at", LONG),
    Column("opened_by", ID),
    Column("withdrawn", Boolean, nullable=False),
    Index("envelopes_by_mailbox", "to", "leaf_index"),
)
openings = Table(  # every release of a body envelope, by the id of its entry
    "openings",
    metadata,
    Column("entry", String(32), primary_key=True),
    Column("share", ID, nullable=False),
    Column("person", ID, nullable=False),
    Column("unit", ID),
    Column("act", String(8), nullable=False),
    Index("openings_by_person", "person", "share"),
)
consent_openings = Table(  # every release of an envelope under a consent that its reading hangs on
    "consent_openings",
    metadata,
    Column("consent", DIGEST, primary_key=True),
    Column("leaf_index", LONG, primary_key=True, autoincrement=False),
    Column("share", ID, nullable=False),
    Column("unit", ID),
    Column("statement", DIGEST, nullable=False),
    sqlite_with_rowid=False,
)
conversations = Table(
    "conversations",
    metadata,
    Column("conversation", ID, primary_key=True),
    Column("matter", ID, nullable=False),
    Column("subject", ID, nullable=False),
    Column("parties", Text, nullable=False),
    sqlite_with_rowid=False,
)
uploads = Table(  # `sha256` is set when all of it is there, `share` when a share or a held draft has taken it
    "uploads",
    metadata,
    Column("upload", ID, primary_key=True),
    Column("owner", ID, nullable=False),
    Column("length", LONG, nullable=False),
    Column("created_at", LONG, nullable=False),
    Column("sha256", DIGEST, unique=True),
    Column("share", ID),
    Index("uploads_by_owner", "owner"),
)
holds = Table(
    "holds",
    metadata,
    Column("share", ID, primary_key=True),
    Column("statement", DIGEST, nullable=False),
    Column("leaf_index", LONG, nullable=False),
    Column("t", LONG, nullable=False),
    Column("author", ID, nullable=False),
    Column("unit", ID),
    Column("subject", ID, nullable=False),
    Column("matter", ID, nullable=False),
    Column("consents", Text, nullable=False),
    Column("to", Text, nullable=False),
    Column("not_after", LONG, nullable=False),
    Column("draft_digest", DIGEST, nullable=False),
    Column("draft", LargeBinary),
    Column("ended_at", LONG),
    Index("holds_by_author", "author"),
    Index("holds_by_unit", "unit"),
)
