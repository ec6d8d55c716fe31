"""A colleague whom the family keeps out, with all their real keys and everything that the server ever kept."""

from __future__ import annotations

import pytest

from clients.sdk import enrolment, exclusions, mailboxes, receiving, sending, units
from clients.sdk.client import Client
from clients.sdk.errors import Denied, Tampered
from clients.sdk.opening import open_share
from keys import sealing, signing
from keys.canonical import canonical
from keys.sealing import CannotOpen, SealingKey
from protocol.identifiers import ShareId
from protocol.reading import Fields
from protocol.share import seal_info
from protocol.statements.share import BODY, HEADER, ManifestBody
from tests.attacks.conftest import Watch
from tests.attacks.town import CHEAP, LOG, PASSPHRASE, Town

SEEDS = (
    "SELECT s.unit, s.number, e.seal, s.sealed FROM epoch_seeds s JOIN epochs e USING (unit, number)",
    "SELECT s.unit, s.number, e.seal, s.sealed FROM restricted_seeds s JOIN restricted_epochs e USING (unit, number)",
)
PREVIOUS = (
    "SELECT unit, number, previous FROM epochs WHERE previous IS NOT NULL",
    "SELECT unit, number, previous FROM restricted_epochs WHERE previous IS NOT NULL",
)


@pytest.fixture
async def neighbour(town: Town) -> Client:
    """A second psychologist at the clinic, who lives next door to the family and holds the clinic's key."""
    clinic, custodian = town.unit("clinic"), await town.client("clinic-custodian")
    slip = await enrolment.invite(custodian, "staff", unit=clinic, name="neighbour (syntetisk)")
    await enrolment.enrol(town.home("neighbour"), PASSPHRASE, slip, cost=CHEAP)
    await units.admit(custodian, clinic)
    client = await town.client("neighbour")
    await mailboxes.load_seeds(client, await client.directory(units=[clinic]), clinic)
    return client


async def keep_out(town: Town, person: Client) -> None:
    await exclusions.exclude(await town.client("mother"), town.subject, town.unit("clinic"), person.person)
    await units.restrict(await town.client("clinic-custodian"), town.unit("clinic"))


def opened(sealed: bytes, key: SealingKey, info: dict[str, object]) -> bytes | None:
    try:
        return sealing.unseal(sealed, key, canonical({"v": 1, "log": LOG, **info}))
    except CannotOpen:
        return None


def within_reach(town: Town, person: Client) -> list[SealingKey]:
    """Give every sealing key that somebody comes to with their own and the whole database, whoever it was meant for."""
    keys = {person.home.keyring.sealing.public.raw: person.home.keyring.sealing}
    tried: set[bytes] = set()
    with town.database() as database:
        seeds = [row for query in SEEDS for row in database.execute(query)]
        previous = [row for query in PREVIOUS for row in database.execute(query)]
    while untried := keys.keys() - tried:
        for raw in untried:
            tried.add(raw)
            key, name = keys[raw], mailboxes.key_id(raw)
            common = {"recipient_key": name}
            for unit, number, seal, sealed in seeds:
                more = {"use": "unit-seed", "unit": unit, "number": number, "key": seal}
                _add(keys, opened(sealed, key, common | more))
            for unit, number, sealed in previous:
                more = {"use": "previous-seed", "unit": unit, "number": number}
                _add(keys, opened(sealed, key, common | more))
    return list(keys.values())


def _add(keys: dict[bytes, SealingKey], seed: bytes | None) -> None:
    if seed is not None:
        found = SealingKey.from_bytes(seed)
        keys.setdefault(found.public.raw, found)


def opens(town: Town, share: ShareId, keys: list[SealingKey]) -> int:
    """Count the envelopes of a share that any of these keys unseals."""
    with town.database() as database:
        rows = database.execute("SELECT header, body FROM envelopes WHERE share = ?", (share,)).fetchall()
        [[token]] = database.execute(
            "SELECT token FROM statements JOIN shares ON shares.manifest = statements.digest WHERE share = ?", (share,)
        ).fetchall()
    said = signing.peek(token)
    fields = Fields({name: value for name, value in said.body.items() if name not in _AROUND}, said.kind)
    manifest, count = ManifestBody.read(fields), 0
    for row in rows:
        for use, envelope in zip((HEADER, BODY), row, strict=True):
            for key in keys:
                name = mailboxes.key_id(key.public.raw)
                info = seal_info(use, log=LOG, recipient_key=name, sender_key=said.kid, manifest=manifest)
                try:
                    sealing.unseal(envelope, key, info)
                except CannotOpen:
                    continue
                count += 1
    return count


_AROUND = {"v", "kind", "iss", "aud", "made", "seen"}


async def test_no_key_of_a_colleague_who_is_kept_out_opens_what_a_stolen_database_holds(
    town: Town, neighbour: Client
) -> None:
    before = (await sending.send(await town.client("doctor"), town.wanted())).share
    await keep_out(town, neighbour)
    after = (await sending.send(await town.client("doctor"), town.wanted())).share
    theirs = within_reach(town, neighbour)
    colleagues = within_reach(town, await town.client("psychologist"))
    # Each their own, the clinic's two, and for colleagues the one that the colleague kept out has not.
    assert (len(theirs), len(colleagues)) == (3, 4)
    assert (opens(town, before, theirs), opens(town, after, theirs)) == (2, 0)
    assert opens(town, after, colleagues) == 2
    assert (await town.open("psychologist", after)).body.message is not None


async def test_nor_does_what_the_clinic_itself_sends_and_keeps(town: Town, neighbour: Client) -> None:
    await keep_out(town, neighbour)
    answer = town.wanted(unit=town.unit("clinic"), to=(town.unit("practice"),))
    sent = (await sending.send(await town.client("psychologist"), answer)).share
    assert opens(town, sent, within_reach(town, neighbour)) == 0
    assert opens(town, sent, within_reach(town, await town.client("psychologist"))) == 2


async def test_an_operator_who_hands_the_colleague_the_envelope_gives_them_nothing(
    town: Town, neighbour: Client, lenient: None, watch: Watch
) -> None:
    del lenient
    await keep_out(town, neighbour)
    share = (await sending.send(await town.client("doctor"), town.wanted())).share
    item = next(one for one in await receiving.inbox(await town.client("psychologist")) if one.share == share)
    unsealed = len(watch.unsealed)
    with pytest.raises((Denied, Tampered)):
        await open_share(neighbour, item)
    assert (len(watch.unsealed), watch.decrypted) == (unsealed, 0)


async def test_an_operator_who_gives_the_sender_the_units_own_key_gets_nothing_sealed_to_it(
    town: Town, neighbour: Client
) -> None:
    await keep_out(town, neighbour)
    # The unit's own epoch in the place of the restricted one: it is of another line.
    own = await (await town.client("doctor")).transport.get(f"/v1/units/{town.unit('clinic')}")
    town.operator.serve("GET", "/v1/exclusions/mailboxes", {"statements": own["statements"]})
    with pytest.raises(Denied) as refused:
        await sending.send(await town.client("doctor"), town.wanted())
    assert refused.value.code == "restricted-mailbox-missing"
