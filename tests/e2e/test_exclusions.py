"""A family keeps a member of staff out: sealed past them, held until that can be, and read by their colleagues."""

from __future__ import annotations

import secrets
from typing import Any

import pytest

from clients.sdk import consents, exclusions, holding, mailboxes, receiving, sending, units
from clients.sdk.client import Client
from clients.sdk.errors import Denied, Misused
from clients.sdk.opening import open_share
from protocol.identifiers import MatterId, ShareId, UnitId
from tests.e2e.stage import Stage, hire, message, own_sending, sign_all
from tests.e2e.test_command import run

WORDS = "SYNTETISK. Utenom naboen."


@pytest.fixture
async def practice(served: Stage) -> Stage:
    """The practice with one more: `neighbour`, whom the family knows."""
    await hire(served, "gp", ["neighbour"])
    return served


async def consented(stage: Stage) -> MatterId:
    """Let the mother agree to write to the practice, and to be answered."""
    matter = MatterId.of(secrets.token_bytes(16))
    async with stage.client("mother") as mother:
        await consents.request(mother, own_sending(stage, matter))
        await sign_all(mother, stage, matter)
    return matter


async def keep_out(stage: Stage, name: str = "neighbour", by: str = "mother") -> str:
    async with stage.client(by) as family:
        return await exclusions.exclude(family, stage.child, stage.units["gp"], stage.persons[name])


async def restrict(stage: Stage) -> units.Restricting:
    async with stage.client("gp-custodian") as custodian:
        return await units.restrict(custodian, stage.units["gp"])


async def write(stage: Stage, matter: MatterId, *, hold: bool = False) -> sending.Sent:
    async with stage.client("mother") as mother:
        return await sending.send(mother, message(stage, matter, WORDS), hold=hold)


async def read(stage: Stage, name: str, share: ShareId) -> str | None:
    async with stage.client(name) as client:
        item = next(one for one in await receiving.inbox(client) if one.share == share and not one.own)
        return (await open_share(client, item)).body.message


async def inbox(stage: Stage, name: str) -> list[ShareId]:
    async with stage.client(name) as client:
        return [one.share for one in await receiving.inbox(client)]


async def test_what_is_sent_past_a_colleague_opens_to_the_others_and_shows_the_colleague_nothing(
    practice: Stage,
) -> None:
    matter = await consented(practice)
    before = (await write(practice, matter)).share
    assert await read(practice, "neighbour", before) == WORDS
    await keep_out(practice)
    assert await inbox(practice, "neighbour") == []
    assert len((await restrict(practice)).made) == 1
    sent = await write(practice, matter)
    assert await read(practice, "gp", sent.share) == WORDS
    assert await read(practice, "gp", before) == WORDS
    assert await inbox(practice, "neighbour") == []
    async with practice.client("neighbour") as neighbour:
        found = await mailboxes.restricted(neighbour, practice.units["gp"])
        assert (found.mailboxes, found.wanted) == ((), ())
        assert await exclusions.listed(neighbour, practice.child) == ()


async def test_until_the_mailbox_is_made_a_share_waits_and_says_for_what(practice: Stage) -> None:
    matter = await consented(practice)
    await keep_out(practice)
    with pytest.raises(Denied) as refused:
        await write(practice, matter)
    assert refused.value.code == "restricted-mailbox-missing"
    held = await write(practice, matter, hold=True)
    assert (held.held, held.waits_for) == (True, ("Fjord legesenter",))
    async with practice.client("mother") as mother:
        with pytest.raises(Denied):
            await holding.release(mother, held.share)
    await restrict(practice)
    async with practice.client("mother") as mother:
        await holding.release(mother, held.share)
    assert await read(practice, "gp", held.share) == WORDS


async def test_the_units_own_copies_and_drafts_go_past_the_colleague_too(practice: Stage) -> None:
    matter = await consented(practice)
    await keep_out(practice)
    wanted = sending.Wanted(
        subject=practice.child,
        matter=matter,
        to=(practice.persons["mother"],),
        title="Svar",
        category=message(practice, matter).category,
        unit=practice.units["gp"],
        message=WORDS,
    )
    async with practice.client("gp") as gp:
        held = await sending.send(gp, wanted, hold=True)
    # Nobody but the author can open what had no mailbox to be sealed to.
    await restrict(practice)
    async with practice.client("gp-custodian") as custodian:
        with pytest.raises(Denied, match="do not have"):
            await holding.release(custodian, held.share)
    async with practice.client("gp") as gp:
        done = await holding.release(gp, held.share)
        [copy] = [one for one in await receiving.inbox(gp) if one.own]
        assert (await open_share(gp, copy)).body.message == WORDS
        [key] = [one.key for one in (await open_share(gp, copy)).verified.manifest.body.recipients if one.own]
        found = await mailboxes.restricted(gp, practice.units["gp"])
        assert found.mailboxes[0].latest is not None
        assert key == mailboxes.key_id(found.mailboxes[0].latest.seal)
    assert await read(practice, "mother", done.share) == WORDS


async def test_a_restricted_mailbox_follows_the_unit_and_never_takes_in_who_is_kept_out(practice: Stage) -> None:
    matter = await consented(practice)
    await keep_out(practice)
    await restrict(practice)
    first = (await write(practice, matter)).share
    await hire(practice, "gp", ["locum"])
    assert await read(practice, "locum", first) == WORDS
    async with practice.client("gp-custodian") as custodian:
        await units.remove(custodian, practice.units["gp"], practice.persons["locum"])
        await units.prolong(custodian, practice.units["gp"])
        [box] = (await mailboxes.restricted(custodian, practice.units["gp"])).mailboxes
    assert len({epoch.seal for epoch in box.epochs}) == 2
    assert all(practice.persons["neighbour"] not in epoch.members for epoch in box.epochs)
    second = (await write(practice, matter)).share
    assert [await read(practice, "gp", share) for share in (first, second)] == [WORDS, WORDS]


async def test_another_exclusion_needs_another_mailbox_and_its_end_gives_the_unit_its_own_back(practice: Stage) -> None:
    await hire(practice, "gp", ["cousin"])
    matter = await consented(practice)
    said = await keep_out(practice)
    await restrict(practice)
    await keep_out(practice, "cousin", by="father")
    with pytest.raises(Denied):
        await write(practice, matter)
    assert len((await restrict(practice)).made) == 1
    sent = await write(practice, matter)
    assert [await inbox(practice, name) for name in ("neighbour", "cousin")] == [[], []]
    assert await read(practice, "gp", sent.share) == WORDS
    async with practice.client("mother") as mother:
        await exclusions.end(mother, None, practice.child, said)
        assert [each.person for each in await exclusions.listed(mother, practice.child)] == [practice.persons["cousin"]]
    await restrict(practice)
    again = await write(practice, matter)
    assert await read(practice, "neighbour", again.share) == WORDS


async def test_whoever_leaves_the_unit_is_sealed_to_no_more_before_the_custodian_has_made_the_next_key(
    practice: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    matter = await consented(practice)
    await keep_out(practice)
    await restrict(practice)

    async def interrupted(*_: Any) -> Any:
        raise Misused("stopped", "")

    monkeypatch.setattr(units, "restrict", interrupted)
    async with practice.client("gp-custodian") as custodian:
        with pytest.raises(Misused):
            await units.remove(custodian, practice.units["gp"], practice.persons["gp"])
    monkeypatch.undo()
    with pytest.raises(Denied):
        await write(practice, matter)
    await restrict(practice)
    sent = await write(practice, matter)
    assert await read(practice, "gp-custodian", sent.share) == WORDS


async def test_nobody_is_kept_out_where_nobody_would_be_left(practice: Stage) -> None:
    await consented(practice)
    await keep_out(practice)
    await keep_out(practice, "gp")
    with pytest.raises(Denied) as refused:
        await keep_out(practice, "gp-custodian")
    assert refused.value.code == "nobody-left"
    with pytest.raises(Denied) as refused:
        await keep_out(practice, "gp-custodian", by="father")
    assert refused.value.code == "no-other-custodian"


async def test_a_mailbox_in_which_nobody_would_be_left_is_not_made_and_the_custodian_is_told(
    practice: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def wanted(client: Client, unit: UnitId) -> mailboxes.Restricted:
        del client, unit
        return mailboxes.Restricted((), (tuple(sorted(practice.persons[name] for name in everybody)),))

    everybody = ("gp", "neighbour", "gp-custodian")
    monkeypatch.setattr(units, "restricted", wanted)
    [persons] = (await restrict(practice)).empty
    assert len(persons) == 3


async def act(stage: Stage, name: str, *words: str) -> Any:
    ended = await run(stage, name, *words, "--json", given="SYNTETISK grunn")
    assert ended.status == 0, ended.out
    return ended.answer


async def test_a_family_and_a_custodian_do_it_from_the_command_line(practice: Stage) -> None:
    matter = await consented(practice)
    staff = (await act(practice, "mother", "unit", "staff", "Fjord"))["staff"]
    assert {each["name"] for each in staff} == {"Gp", "Gp-Custodian", "Neighbour"}
    said = await run(practice, "mother", "exclusion", "add", "Neighbour", "--unit", "Fjord", "--language", "nb")
    assert "forsegles utenom personen" in said.out
    again = await run(practice, "mother", "exclusion", "add", "Neighbour", "--unit", "Fjord", "--language", "en")
    assert (again.status, "this person out there already" in again.err) == (3, True)
    unknown = await run(practice, "mother", "exclusion", "add", "Nobody", "--unit", "Fjord", "--json")
    assert (unknown.status, unknown.code) == (2, "unclear-person")
    (practice.folder / "hei.txt").write_text(WORDS)
    letter = ("--matter", matter, "--child", practice.child, "--message-file", str(practice.folder / "hei.txt"))
    held = await run(practice, "mother", "send", "--to", "Fjord", *letter, "--hold", "--language", "en")
    assert "the family keeps a member of staff out at Fjord legesenter" in held.out
    told = await run(practice, "gp-custodian", "notices", "--language", "nb")
    assert f"`fortrolig unit restrict {practice.units['gp']}`" in told.out
    assert practice.child not in told.out
    assert len((await act(practice, "gp-custodian", "unit", "restrict", "Fjord"))["mailboxes"]) == 1
    assert (await act(practice, "gp-custodian", "notices"))["mailboxes"] == []
    nothing = await run(practice, "gp-custodian", "unit", "restrict", "Fjord", "--language", "nb")
    assert "Ingen venter" in nothing.out
    [listed] = (await act(practice, "mother", "exclusion", "list"))["exclusions"]
    assert (listed["person"], listed["block"]) == (practice.persons["neighbour"], False)
    wrong = await run(practice, "mother", "exclusion", "end", "f00f00f00", "--json")
    assert (wrong.status, wrong.code) == (2, "unclear-exclusion")
    await act(practice, "mother", "exclusion", "end", listed["exclusion"][:10])
    assert (await act(practice, "mother", "exclusion", "list"))["exclusions"] == []


async def test_health_personnel_hides_every_matter_from_a_guardian_from_the_command_line(practice: Stage) -> None:
    await consented(practice)
    mother, about = practice.persons["mother"], ("--child", practice.child)
    assert len((await act(practice, "mother", "consent", "list"))["consents"]) == 1
    family = await run(practice, "father", "exclusion", "block", mother, *about, "--json", given="SYNTETISK grunn")
    assert (family.status, family.code) == (2, "not-staff")
    said = await run(practice, "gp", "exclusion", "block", mother, *about, "--language", "nb", given="SYNTETISK grunn")
    assert "Alle saker rundt barnet er skjult" in said.out
    assert (await act(practice, "mother", "consent", "list"))["consents"] == []
    listed = await run(practice, "gp", "exclusion", "list", *about, "--language", "en")
    assert f"{mother}: everything is hidden since" in listed.out
    nobody = await run(practice, "mother", "exclusion", "list", "--language", "en")
    assert "Nobody is kept out." in nobody.out
    [block] = (await act(practice, "gp", "exclusion", "list", *about))["exclusions"]
    await act(practice, "gp", "exclusion", "end", block["exclusion"], *about)
    assert len((await act(practice, "mother", "consent", "list"))["consents"]) == 1
