"""A hearing counts for the consents to which the unit that recorded it is a party, at the client as at the server."""

from __future__ import annotations

import secrets
from dataclasses import replace

import pytest

from clients.sdk import choosing, consents, sending
from clients.sdk.errors import Denied
from protocol.consent.answer import Permit
from protocol.consent.vocabulary import Category, Purpose, RoleAct
from protocol.identifiers import MatterId
from tests.e2e.stage import Stage, message, own_sending, referral, sign_all


def to_father(stage: Stage, matter: MatterId) -> consents.Wanted:
    return consents.Wanted(
        subject=stage.child,
        matter=matter,
        purpose=Purpose.INFORMATION,
        senders=consents.parties([stage.units["gp"]]),
        receivers=consents.parties([stage.persons["father"]]),
        categories=(Category.MESSAGE,),
    )


async def test_what_a_unit_heard_counts_only_for_consents_that_name_it(served: Stage) -> None:
    matter, units = MatterId.of(secrets.token_bytes(16)), served.units
    letter = replace(message(served, matter), to=(served.persons["father"],), unit=units["gp"])
    async with served.client("gp") as gp, served.client("bup") as bup, served.client("mother") as mother:
        # Now the practice may know of the child.
        await consents.request(mother, own_sending(served, matter))
        await consents.request(gp, referral(served, matter), unit=units["gp"])
        await consents.request(gp, to_father(served, matter), unit=units["gp"])
        await consents.hear(bup, served.child, matter, "for", unit=units["bup"])
        await sign_all(mother, served, matter)
        async with served.client("father") as father:
            await sign_all(father, served, matter)
        unheard = {
            known.terms.purpose
            for known in await consents.listed(mother, served.child)
            if RoleAct.IS_HEARD in {one.act for one in known.standing.missing}
        }
        assert unheard == {Purpose.INFORMATION}
        # The same unknown to the client: it would hand the share in, and the server refuse it.
        found = await consents.situation(gp, served.child)
        [known] = [one for one in found.consents if one.terms.purpose is Purpose.INFORMATION]
        everything = tuple(dict.fromkeys(one for some in found.hearings.values() for one in some))
        mixed = replace(found, hearings={known.terms.digest: everything})
        assert isinstance(choosing.choose(gp, mixed, letter).answer, Permit)
        with pytest.raises(Denied) as refused:
            await sending.send(gp, letter)
        assert refused.value.missing == (f"is-heard:{served.child}",)
        assert gp.journal.all() == []
        await consents.hear(gp, served.child, matter, "for", unit=units["gp"])
        assert not (await sending.send(gp, letter)).held
