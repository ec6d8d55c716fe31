"""Killed at any point, a command can be given once more: nothing is lost and nothing happens twice."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from clients.sdk import (
    consents,
    enrolment,
    holding,
    mailboxes,
    receiving,
    registrar,
    sending,
    sharing,
    subjects,
    units,
    uploads,
)
from clients.sdk.client import Client
from clients.sdk.content import Attachment
from clients.sdk.downloading import save_file
from clients.sdk.errors import Denied, Misused, Unreachable
from clients.sdk.opening import open_share
from clients.sdk.transport import Transport
from keys import sealing
from protocol.consent.vocabulary import Category, Regime
from protocol.identifiers import MatterId
from tests.e2e.stage import (
    CHEAP,
    PASSPHRASE,
    STAFF,
    Stage,
    enrol,
    message,
    newborn,
    own_sending,
    sign_all,
)

PASS_ON = Transport.post


class Killed(BaseException):
    """The process is gone: nothing after this point ran."""


@contextmanager
def killed(path: str, *, before: bool, skip: int = 0) -> Iterator[None]:
    """Kill the process at the POST to a path (its end): before it leaves, or when its answer would come."""
    left = skip

    async def post(self: Transport, where: str, body: Any, **options: Any) -> Any:
        nonlocal left
        if not where.endswith(path):
            return await PASS_ON(self, where, body, **options)
        if left > 0:
            left -= 1
            return await PASS_ON(self, where, body, **options)
        if not before:
            await PASS_ON(self, where, body, **options)
        raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Transport, "post", post)
        with pytest.raises(Killed):
            yield


async def allowed(stage: Stage) -> MatterId:
    matter = MatterId.of(secrets.token_bytes(16))
    async with stage.client("mother") as mother:
        await consents.request(mother, own_sending(stage, matter))
        await sign_all(mother, stage, matter)
    return matter


@pytest.mark.parametrize("before", [True, False])
async def test_a_share_killed_at_its_post_arrives_once_when_sent_again(served: Stage, before: bool) -> None:
    matter = await allowed(served)
    wanted = message(served, matter)
    with killed("/v1/shares", before=before):
        async with served.client("mother") as mother:
            await sending.send(mother, wanted)
    async with served.client("mother") as mother:
        [begun] = mother.journal.all()
        sent = await sending.send(mother, wanted)
        assert begun.purpose == f"share {sent.share}"
        assert mother.journal.all() == []
        assert [one["share"] for one in await receiving.sent(mother)] == [sent.share]
        again = await sending.send(mother, wanted)
        assert again.share != sent.share
        assert list((mother.home.folder / "outbox").iterdir()) == []


async def test_resume_finishes_what_was_interrupted(served: Stage) -> None:
    matter = await allowed(served)
    with killed("/v1/shares", before=True):
        async with served.client("mother") as mother:
            await sending.send(mother, message(served, matter))
    async with served.client("mother") as mother:
        [sent] = await sending.resume(mother)
        assert [one["share"] for one in await receiving.sent(mother)] == [sent.share]
        assert await sending.resume(mother) == []


async def test_an_upload_goes_on_where_it_stopped_in_another_process(
    served: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    matter = await allowed(served)
    paper = tmp_path / "lang.txt"
    paper.write_text("SYNTETISK tekst. " * 20_000, encoding="utf-8")
    wanted = replace(message(served, matter), attachments=(Attachment(paper, str(Category.PPT_REPORT), paper.name),))
    monkeypatch.setattr(uploads, "CHUNK_BYTES", 100_000)

    def stop(done: int, _total: int) -> None:
        if done >= 200_000:
            raise Killed

    async with served.client("mother") as mother:
        with pytest.raises(Killed):
            await sending.send(mother, wanted, progress=stop)
    told: list[int] = []
    async with served.client("mother") as mother:
        sent = await sending.send(mother, wanted, progress=lambda done, _: told.append(done))
        assert told[0] > 200_000
    async with served.client("gp") as gp:
        [item] = await receiving.inbox(gp)
        opened = await open_share(gp, item)
        assert item.share == sent.share
        assert (await save_file(gp, opened, opened.body.files[0], tmp_path / "ut")).read_bytes() == (paper.read_bytes())


async def test_an_outbox_holds_nothing_readable_and_is_emptied_by_a_refusal(served: Stage) -> None:
    matter = await allowed(served)
    wanted = message(served, matter, "SYNTETISK hemmelighet")
    with killed("/v1/shares", before=True):
        async with served.client("mother") as mother:
            await sending.send(mother, wanted)
    outbox = served.home("mother") / "outbox"
    kept = b"".join(path.read_bytes() for path in outbox.rglob("*") if path.is_file())
    assert kept
    assert b"hemmelighet" not in kept
    assert all(path.stat().st_mode & 0o077 == 0 for path in outbox.glob("*/record.json"))
    async with served.client("mother") as mother:
        mother.journal.done(mother.journal.all()[0].purpose)
        [known] = [one for one in await consents.listed(mother, served.child) if one.terms.matter == matter]
        await consents.withdraw(mother, known)
        with pytest.raises(Denied):
            await sending.send(mother, wanted)
    assert list(outbox.iterdir()) == []


@pytest.mark.parametrize("before", [True, False])
async def test_a_release_killed_at_its_post_is_released_once(served: Stage, before: bool) -> None:
    matter = await allowed(served)
    async with served.client("mother") as mother:
        await consents.request(mother, own_sending(served, matter))
        unsigned = MatterId.of(secrets.token_bytes(16))
        await consents.request(mother, own_sending(served, unsigned))
        held = await sending.send(mother, message(served, unsigned), hold=True)
        assert held.held
        await sign_all(mother, served, unsigned)
    with killed("/v1/shares", before=before):
        async with served.client("mother") as mother:
            await holding.release(mother, held.share)
    async with served.client("mother") as mother:
        assert sharing.unanswered(mother) == [held.share]
        assert (await holding.release(mother, held.share)).share == held.share
        assert [one["share"] for one in await receiving.sent(mother)] == [held.share]


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("skip", [0, 1])
async def test_admission_killed_anywhere_is_finished_by_admitting_again(served: Stage, before: bool, skip: int) -> None:
    unit = served.units["bup"]
    async with served.client("bup-custodian") as custodian:
        newcomer = await enrol(served, custodian, "newcomer", "staff", unit)
    with killed("/v1/statements", before=before, skip=skip):
        async with served.client("bup-custodian") as custodian:
            await units.admit(custodian, unit)
    async with served.client("bup-custodian") as custodian:
        await units.admit(custodian, unit)
        box = await mailboxes.mailbox(custodian, unit)
        assert [epoch.number for epoch in box.epochs] == [1, 2]
        assert box.latest is not None
        assert newcomer in box.latest.members
        assert await units.admit(custodian, unit) == []
        assert not [name for name in custodian.home.keyring.secret_names() if name.startswith("epoch ")]
    async with served.client("newcomer") as client:
        await mailboxes.load_seeds(client, await client.directory(units=[unit]), unit)
        assert client.home.keyring.unit_epochs(unit) == [1, 2]


@pytest.mark.parametrize("before", [True, False])
async def test_a_first_admission_killed_at_the_epoch_keeps_the_mailbox(served: Stage, before: bool) -> None:
    async with served.client("registrar") as client:
        unit = await units.create(client, name="Ny enhet", entity="Ny", organisation="310000009", regime=Regime.HEALTH)
        await enrol(served, client, "founder", "custodian", unit)
        await enrolment.endorse_all(client)
    with killed("/v1/statements", before=before):
        async with served.client("founder") as founder:
            await units.admit(founder, unit)
    async with served.client("founder") as founder:
        await units.admit(founder, unit)
        box = await mailboxes.mailbox(founder, unit)
        assert [epoch.number for epoch in box.epochs] == [1]
        assert founder.home.keyring.unit_key(unit, 1).public.raw == box.epochs[0].seal


@pytest.mark.parametrize("before", [True, False])
async def test_a_removal_killed_at_its_post_removes_once_under_one_new_key(served: Stage, before: bool) -> None:
    unit, former = served.units["bup"], served.persons["former"]
    with killed("/v1/statements", before=before):
        async with served.client("bup-custodian") as custodian:
            await units.remove(custodian, unit, former)
    async with served.client("bup-custodian") as custodian:
        await units.remove(custodian, unit, former)
        await units.remove(custodian, unit, former)
        box = await mailboxes.mailbox(custodian, unit)
        assert [epoch.number for epoch in box.epochs] == [1, 2]
        assert box.epochs[1].seal != box.epochs[0].seal
        assert custodian.home.keyring.unit_key(unit, 2).public.raw == box.epochs[1].seal
        with pytest.raises(Misused) as refused:
            await units.remove(custodian, unit, served.persons["mother"])
        assert refused.value.code == "not-a-member-there"


async def test_a_key_prepared_for_one_list_of_members_is_never_used_for_another(served: Stage) -> None:
    unit = served.units["bup"]
    with killed("/v1/statements", before=True):
        async with served.client("bup-custodian") as custodian:
            await units.remove(custodian, unit, served.persons["former"])
    async with served.client("bup-custodian") as custodian:
        [name] = [one for one in custodian.home.keyring.secret_names() if one.startswith("epoch ")]
        prepared = sealing.SealingKey.from_bytes(custodian.home.keyring.secret(name)).public.raw
        # The one who kept the first request back must not hold the key that shuts out the next one.
        custodian.journal.done(custodian.journal.all()[0].purpose)
        await units.remove(custodian, unit, served.persons["bup"])
        box = await mailboxes.mailbox(custodian, unit)
        assert box.epochs[-1].seal != prepared
        assert box.epochs[-1].members == tuple(sorted([served.persons["bup-custodian"], served.persons["former"]]))


@pytest.mark.parametrize("before", [True, False])
async def test_a_child_killed_at_its_post_is_registered_once(served: Stage, before: bool) -> None:
    child = newborn(served, "stranger", nth=7)
    with killed("/v1/statements", before=before):
        async with served.client("registrar") as client:
            await subjects.register(client, child)
    async with served.client("registrar") as client:
        subject = await subjects.register(client, child)
    async with served.client("stranger") as stranger:
        assert (await stranger.transport.get("/v1/me"))["subjects"] == [subject]
        known = await subjects.card(stranger, subject)
        assert known is not None
        assert known.name == child.name


@pytest.mark.parametrize("before", [True, False])
async def test_an_endorsement_killed_at_its_post_is_given_once(served: Stage, before: bool) -> None:
    async with served.client("registrar") as client:
        aunt = await enrol(served, client, "aunt", "person")
    with killed("/v1/statements", before=before):
        async with served.client("registrar") as client:
            await enrolment.endorse_all(client)
    async with served.client("registrar") as client:
        assert await enrolment.endorse_all(client) == ([aunt], 0)
        assert await enrolment.endorse_all(client) == ([], 0)
    async with served.client("aunt") as client:
        assert (await client.transport.get("/v1/me"))["person"] == aunt


@pytest.mark.parametrize("before", [True, False])
async def test_an_enrolment_killed_at_its_answer_goes_on_with_the_same_keys(served: Stage, before: bool) -> None:
    async with served.client("registrar") as client:
        slip = await enrolment.invite(client, "person")
        with killed("/answers", before=before):
            await enrolment.enrol(served.home("uncle"), PASSPHRASE, slip, cost=CHEAP)
        home = await enrolment.enrol(served.home("uncle"), PASSPHRASE, slip, cost=CHEAP)
        assert await enrolment.endorse_all(client) == ([home.profile.person], 0)
        again = await enrolment.enrol(served.home("uncle"), PASSPHRASE, slip, cost=CHEAP)
        assert again.keyring.signing.kid == home.keyring.signing.kid
        with pytest.raises(Misused) as refused:
            await enrolment.enrol(served.home("thief"), PASSPHRASE, slip, cost=CHEAP)
        assert refused.value.code == "invitation-over"
        assert not served.home("thief").exists()
        other = await enrolment.invite(client, "person")
        with pytest.raises(Misused) as refused:
            await enrolment.enrol(served.home("uncle"), PASSPHRASE, other, cost=CHEAP)
        assert refused.value.code == "home-exists"


@pytest.mark.parametrize("before", [True, False])
async def test_an_invitation_killed_at_its_post_is_taken_up_again(served: Stage, before: bool) -> None:
    with killed("/v1/invitations", before=before):
        async with served.client("registrar") as client:
            await enrolment.invite(client, "person")
    async with served.client("registrar") as client:
        slip = await enrolment.invite(client, "person")
        known = [one.invitation.id for one in await enrolment.invitations(client)]
        assert known.count(slip.invitation) == 1
        await enrolment.enrol(served.home("cousin"), PASSPHRASE, slip, cost=CHEAP)
        endorsed, _ = await enrolment.endorse_all(client)
        assert len(endorsed) == 1


@pytest.mark.parametrize("before", [True, False])
async def test_a_policy_killed_at_its_post_is_followed_by_the_next_number(served: Stage, before: bool) -> None:
    with killed("/v1/policy", before=before):
        async with served.client("registrar") as client:
            await registrar.publish(client, served.log_key)
    async with served.client("registrar") as client:
        policy = await registrar.publish(client, served.log_key)
        assert policy.statement.body.number == (2 if before else 3)


@pytest.mark.parametrize("before", [True, False])
async def test_consent_words_killed_at_their_post_are_said_once(served: Stage, before: bool) -> None:
    matter = MatterId.of(secrets.token_bytes(16))
    with killed("/v1/consents", before=before):
        async with served.client("mother") as mother:
            await consents.request(mother, own_sending(served, matter))
    async with served.client("mother") as mother:
        [terms] = await consents.request(mother, own_sending(served, matter))
        [known] = [one for one in await consents.listed(mother, served.child) if one.terms.matter == matter]
        assert known.digest == terms.digest
    for word in (consents.sign, consents.withdraw):
        with killed("/v1/consent-statements", before=before):
            async with served.client("mother") as mother:
                await word(mother, known)
        async with served.client("mother") as mother:
            await word(mother, known)
            await word(mother, known)
            assert mother.journal.all() == []


async def test_a_lost_answer_is_asked_for_again_within_the_same_command(
    served: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    matter = await allowed(served)
    posts = 0

    async def lossy(self: Transport, path: str, body: Any, **options: Any) -> Any:
        nonlocal posts
        answer = await PASS_ON(self, path, body, **options)
        if path == "/v1/shares":
            posts += 1
            if posts == 1:
                raise Unreachable("answer-lost", "lost")
        return answer

    monkeypatch.setattr(Transport, "post", lossy)
    async with served.client("mother") as mother:
        sent = await sending.send(mother, message(served, matter))
        assert posts == 2
        assert [one["share"] for one in await receiving.sent(mother)] == [sent.share]


async def test_an_old_answer_is_taken_when_the_command_is_repeated_the_next_day(
    served: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    matter = await allowed(served)
    wanted = message(served, matter)
    with killed("/v1/shares", before=False):
        async with served.client("mother") as mother:
            await sending.send(mother, wanted)
    async with served.client("mother") as mother:
        await mother.load_policy()
        begun = mother.journal.all()[0]
        answered = await mother.transport.post(begun.path, begun.request, idempotency=begun.key)
        receipt = answered["receipt"]

        async def replay(_self: Transport, _path: str, _body: Any, **_: Any) -> Any:
            return {"receipt": receipt}

        monkeypatch.setattr(Transport, "post", replay)
        monkeypatch.setattr("clients.sdk.client.clock", begun_later)
        assert (await mother.finish(begun.purpose)) is not None


def begun_later() -> int:
    from clients.sdk.transport import clock  # noqa: PLC0415  (the real one, patched where it is used)

    return clock() + 24 * 60 * 60 * 1000


async def test_two_clients_of_one_home_lose_no_pin_and_no_checkpoint(served: Stage) -> None:
    matter = await allowed(served)
    first, second = served.client("mother"), served.client("mother")
    async with first, second:
        await first.directory(units=[served.units["gp"]])
        await second.directory(units=[served.units["bup"]])
        await sending.send(first, message(served, matter))
        await sending.send(second, message(served, matter, "SYNTETISK. En til."))
        names = set(served.client("mother").home.pins.known)
    assert {f"unit {served.units['gp']}", f"unit {served.units['bup']}", f"sheet {served.child}"} <= names


async def test_what_another_process_is_still_waiting_for_is_not_taken_up(served: Stage) -> None:
    async with served.client("registrar") as first, served.client("registrar") as second:
        slips = await asyncio.gather(*(enrolment.invite(client, "person") for client in (first, second, first, second)))
    assert len({slip.invitation for slip in slips}) == 4
    assert len({slip.secret for slip in slips}) == 4


async def test_two_machines_sending_the_same_at_once_send_it_twice_and_lose_nothing(served: Stage) -> None:
    matter = await allowed(served)
    async with served.client("mother") as first, served.client("mother") as second:
        sent = await asyncio.gather(
            *(sending.send(client, message(served, matter)) for client in (first, second)), sending.resume(second)
        )
        shares = {one.share for one in sent if isinstance(one, sending.Sent)}
        assert len(shares) == 2
        assert {one["share"] for one in await receiving.sent(first)} == shares


def test_a_stage_has_a_custodian_for_each_unit(built: Stage) -> None:
    assert set(built.units) == set(STAFF)
    assert Client.at(built.home("gp"), PASSPHRASE).person == built.persons["gp"]
