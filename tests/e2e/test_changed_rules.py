"""The rules of law change: the root signs a policy that accepts the new set, and old consents keep the law they had."""

from __future__ import annotations

import secrets

import pytest

from clients.sdk import consents, registrar, sending
from clients.sdk.client import Client
from clients.sdk.errors import Denied, Incomplete
from clients.sdk.policy import last_published
from keys import signing
from protocol.consent import acceptance, judge
from protocol.consent.ruleset import RuleSet, current_rules, together
from protocol.consent.state import State
from protocol.identifiers import MatterId
from protocol.statements.base import Refused
from tests.e2e.stage import Stage, message, own_sending, sign_all
from tests.unit.consent.test_ruleset import TEXT

OLD = current_rules()
NEW = RuleSet.parse(
    TEXT.replace('version = "2026-1"', 'version = "2027-1"').replace("share_months = 12", "share_months = 3")
)
"""The rules of a later year: what a family sends may be shared for three months instead of twelve."""


@pytest.fixture
def updated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every program knows the new set; those who write terms do so under the newest that the policy accepts."""
    packaged = together((OLD, NEW))
    for module in (judge, acceptance, consents):
        monkeypatch.setattr(module, "rule_sets", lambda: packaged)
    for writer in (acceptance, registrar):
        monkeypatch.setattr(writer, "current_rules", lambda: NEW)


async def requested(client: Client, stage: Stage) -> MatterId:
    matter = MatterId.of(secrets.token_bytes(16))
    await consents.request(client, own_sending(stage, matter))
    await sign_all(client, stage, matter)
    return matter


async def rules_of(client: Client, stage: Stage, matter: MatterId) -> str:
    [known] = [one for one in await consents.listed(client, stage.child) if one.terms.matter == matter]
    assert known.standing.state is State.IN_FORCE
    return known.terms.rules


@pytest.mark.usefixtures("updated")
async def test_after_a_new_policy_old_consents_work_by_their_rules_and_new_ones_by_the_new(served: Stage) -> None:
    async with served.client("mother") as mother:
        # The program is newer than the policy: terms are written under the set that is accepted.
        before = await requested(mother, served)
        assert await rules_of(mother, served, before) == OLD.digest
    async with served.client("registrar") as client:
        policy = await registrar.publish(client, served.log_key)
    old, new = policy.statement.body.rules
    assert (old.digest, old.holds_from, old.holds_to) == (OLD.digest, 0, new.holds_from)
    assert (new.digest, new.holds_to) == (NEW.digest, None)
    async with served.client("mother") as mother:
        after = await requested(mother, served)
        assert await rules_of(mother, served, before) == OLD.digest
        assert await rules_of(mother, served, after) == NEW.digest
        for matter in (before, after):
            await sending.send(mother, message(served, matter))


@pytest.mark.usefixtures("updated")
async def test_a_policy_that_only_renews_accepts_the_same(served: Stage) -> None:
    async with served.client("registrar") as client:
        first = await registrar.publish(client, served.log_key)
        second = await registrar.publish(client, served.log_key)
    assert second.statement.body.rules == first.statement.body.rules
    assert second.statement.body.number == first.statement.body.number + 1


async def test_where_the_policy_accepts_no_set_that_the_program_knows_nothing_is_asked(
    served: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acceptance, "rule_sets", lambda: together((NEW,)))
    monkeypatch.setattr(acceptance, "current_rules", lambda: NEW)
    async with served.client("mother") as mother:
        with pytest.raises(Denied) as refused:
            await consents.request(mother, own_sending(served, MatterId.of(secrets.token_bytes(16))))
    assert refused.value.code == "rules-not-accepted"


async def test_the_last_policy_is_read_from_the_home_under_the_roots_key_alone(served: Stage) -> None:
    async with served.client("registrar") as client:
        policy = await client.load_policy()
        folder, origin = client.home.folder, policy.origin
        root = signing.SigningKey.from_bytes(client.home.keyring.secret(registrar.ROOT_SECRET)).public
    kept = last_published(folder, root, origin)
    assert kept == policy.statement.body
    for key, log in ((signing.generate().public, origin), (root, "elsewhere.example/log")):
        with pytest.raises(Refused):
            last_published(folder, key, log)
    assert last_published(served.home("mother") / "nothing-there", root, origin) is None


async def test_a_root_without_its_last_policy_does_not_publish_rules_away(
    served: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registrar, "last_published", lambda *_: None)
    async with served.client("registrar") as client:
        with pytest.raises(Incomplete) as refused:
            await registrar.publish(client, served.log_key)
    assert refused.value.code == "no-last-policy"
