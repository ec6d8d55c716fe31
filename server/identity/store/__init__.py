"""What is known of persons, units and subjects: rows without rules, read by every package above.

Each function takes a sync connection, so it serves in the writer's transaction and in a reader's snapshot alike. Tokens
stand once, in `statements`; the other tables hold the facts parsed from them, so that a check costs one indexed SELECT.
"""

from server.identity.store.authorities import sheet_facts
from server.identity.store.bundle import statement_tokens
from server.identity.store.invitations import Answer, Invitation
from server.identity.store.mailboxes import (
    Epoch,
    KnownUnit,
    Membership,
    latest_epoch,
    membership,
    memberships_in,
    memberships_of,
    unit_facts,
    units,
)
from server.identity.store.people import (
    Endorsement,
    Policy,
    is_custodian,
    is_registrar,
    key_of,
    latest_policy,
    latest_policy_body,
    sign_in_key,
    signing_key,
)
from server.identity.store.statements import Published, find_statement, find_statements, keep_statement
from server.identity.store.subjects import KnownSheet, on_sheet, sheet, subjects_of

__all__ = [
    "Answer",
    "Endorsement",
    "Epoch",
    "Invitation",
    "KnownSheet",
    "KnownUnit",
    "Membership",
    "Policy",
    "Published",
    "find_statement",
    "find_statements",
    "is_custodian",
    "is_registrar",
    "keep_statement",
    "key_of",
    "latest_epoch",
    "latest_policy",
    "latest_policy_body",
    "membership",
    "memberships_in",
    "memberships_of",
    "on_sheet",
    "sheet",
    "sheet_facts",
    "sign_in_key",
    "signing_key",
    "statement_tokens",
    "subjects_of",
    "unit_facts",
    "units",
]
