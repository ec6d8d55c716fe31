"""What the state of a consent is called, in bokmål and English, on a screen as on a certificate."""

from __future__ import annotations

from collections.abc import Mapping

from protocol.consent.state import State

STATES: Mapping[State, tuple[str, str]] = {
    State.REQUESTED: ("venter på svar", "waits for an answer"),
    State.PARTLY_SIGNED: ("noen har signert, noen mangler", "some have signed, some have not"),
    State.IN_FORCE: ("gjelder", "in force"),
    State.READ_ONLY: ("ingen ny deling, kan leses", "no new sharing, can be read"),
    State.NEEDS_NEW_CONSENT: ("trenger nytt samtykke", "needs a new consent"),
    State.REFUSED: ("noen har sagt nei", "somebody said no"),
    State.WITHDRAWN: ("trukket tilbake", "withdrawn"),
    State.INVALIDATED: ("ugyldig fra begynnelsen", "void from the beginning"),
    State.EXPIRED: ("utløpt", "expired"),
    State.SUSPENDED: ("kan ikke brukes", "cannot be used"),
}
