"""Taking back a part of a consent: one recipient, one sort of content, or everything after an earlier end."""

from __future__ import annotations

from clients.sdk.client import Client, new_statement_id
from clients.sdk.consents import Known, listed
from clients.sdk.errors import Postponed
from clients.sdk.journal import purpose
from keys.signing import digest
from protocol.consent.narrowing import Less
from protocol.statements.base import Refused
from protocol.statements.narrowing import NarrowingBody


async def narrow(client: Client, known: Known, less: Less) -> bool:
    """Take back what `less` names of a consent: it works for the next request, everywhere, and is never given back.

    Return whether the log holds it already; False as for `consents.withdraw`.

    Raises:
        Denied: I may not withdraw this consent, so no part of it either.
        Misused: `not-narrower`, if the consent never gave what is named.
        Tampered: the answer proves another word than this one.
    """
    why = purpose("narrow", known.digest, sorted(less.to_json().items()))
    body = NarrowingBody(new_statement_id(), known.digest, known.terms.subject, known.terms.matter, less)
    if _is_said(client, known, less):
        return True
    try:
        done = await client.submit("/v1/consent-statements", body, purpose=why)
    except Postponed:
        return False
    if digest(done.token) not in done.entry.details.statements:
        # The server says that I said so before, from another machine: then the log shows it.
        again = [one for one in await listed(client, known.terms.subject) if one.digest == known.digest]
        if not any(_is_said(client, one, less) for one in again):
            raise client.tampered(Refused("wrong-receipt", "the receipt is of something else"), {"answer": done.said})
    return True


def _is_said(client: Client, known: Known, less: Less) -> bool:
    return any(each.person == client.person and each.less == less for each in known.facts.narrowings)
