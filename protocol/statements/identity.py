"""Statements about who is who: of persons, of units and of children."""

from protocol.statements.persons import (
    ROLES,
    SEALING_KEY_BYTES,
    EndorsementBody,
    KeySet,
    PolicyBody,
    Registrar,
    check_role,
    sealing_key,
)
from protocol.statements.subjects import (
    RenewalBody,
    SheetBody,
    SubjectCard,
)
from protocol.statements.units import (
    EpochBody,
    Member,
    UnitBody,
)

__all__ = [
    "ROLES",
    "SEALING_KEY_BYTES",
    "EndorsementBody",
    "EpochBody",
    "KeySet",
    "Member",
    "PolicyBody",
    "Registrar",
    "RenewalBody",
    "SheetBody",
    "SubjectCard",
    "UnitBody",
    "check_role",
    "sealing_key",
]
